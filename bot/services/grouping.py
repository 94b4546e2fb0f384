"""Decides which openings and all-clears of one channel wait for each other.

An opening waits four seconds when three or more sites of the channel are failing that no message
was sent of yet; an all-clear waits up to a minute when another is about to be due. Where an entry
belongs is noted check by check, so that an outage of thousands costs each of them the same.
Which rows then share a message is planned by the delivery.
"""

from collections import defaultdict, deque
from dataclasses import dataclass, field

from bot.engine.rules import may_recover
from bot.services.watchlist import Entry, Watchlist

OPENING_S = 4.0  # so a host that hangs is posted within 75 s; latecomers join by edit
ALL_CLEAR_S = 60.0
COMPANY = 3

Channel = tuple[int, int | None]  # of which server; None: it has no alert channel yet


@dataclass(slots=True)
class _Group:
    """The entries of a channel that others may wait for, by id, in the order they came."""

    failing: dict[int, Entry] = field(default_factory=dict)  # and no incident is open yet
    recovered: dict[int, Entry] = field(default_factory=dict)  # their all-clear is due
    recovering: dict[int, Entry] = field(default_factory=dict)  # due after one more good round
    # Until when the newest openings wait to be sent.
    waiting: deque[int] = field(default_factory=lambda: deque(maxlen=COMPANY))


class Grouping:
    """Notes every entry whose judge state or incident has changed."""

    def __init__(self, watchlist: Watchlist) -> None:
        self._watchlist = watchlist
        self._groups: defaultdict[Channel, _Group] = defaultdict(_Group)
        self._noted: dict[int, tuple[Channel, dict[int, Entry]]] = {}

    def load(self) -> None:
        """Note everything that was read back."""
        for entry in self._watchlist.all():
            self.note(entry)

    def note(self, entry: Entry) -> None:
        """Put the entry where it belongs now."""
        monitor_id = entry.monitor.id
        before = self._noted.get(monitor_id)
        if (
            before is None
            and not entry.judge_state.in_doubt
            and not entry.judge_state.failed_checks
        ):
            return
        channel = self._channel(entry)
        place = self._place(entry, self._groups[channel])
        if before is not None:
            if before[0] == channel and before[1] is place:
                return
            before[1].pop(monitor_id, None)
            del self._noted[monitor_id]
        if place is not None:
            place[monitor_id] = entry
            self._noted[monitor_id] = channel, place

    def opening_wait_s(self, entry: Entry, now_ms: int) -> float:
        """How long an opening waits for company; what is silenced is none."""
        group = self._groups[self._channel(entry)]
        company = sum(until_ms > now_ms for until_ms in group.waiting)
        for other in group.failing.values():
            if company >= COMPANY - 1:
                break
            company += self._counts(other, entry, now_ms)
        if company < COMPANY - 1:
            return 0.0
        group.waiting.append(now_ms + round(OPENING_S * 1000))
        return OPENING_S

    def released(self, entry: Entry, now_ms: int) -> list[Entry]:
        """The entries whose all-clear is given now; empty while they wait for company.

        An entry that fails while it waits is no longer due, so its all-clear is dropped.
        """
        group = self._groups[self._channel(entry)]
        first = next(iter(group.recovered.values()), entry)
        waited = first.due_ms is not None and now_ms - first.due_ms >= ALL_CLEAR_S * 1000
        if not waited and any(map(self._is_watched, group.recovering.values())):
            return []
        return [
            e for e in group.recovered.values() if self._is_watched(e) and e.incident is not None
        ]

    def is_due(self, entry: Entry) -> bool:
        """Nothing but company keeps its all-clear back."""
        channel, place = self._noted.get(entry.monitor.id, (None, None))
        return channel is not None and place is self._groups[channel].recovered

    def _place(self, entry: Entry, group: _Group) -> dict[int, Entry] | None:
        judge_state = entry.judge_state
        if entry.incident is None:
            return group.failing if judge_state.rounds[-1:] in {"F", "f"} else None
        if judge_state.failed_checks:  # failing again, whatever came before
            return None
        if may_recover(judge_state):
            return group.recovered
        soon = not entry.incident.silenced and may_recover(judge_state, missing=1)
        return group.recovering if soon else None

    def _counts(self, other: Entry, entry: Entry, now_ms: int) -> bool:
        if other is entry or not self._is_watched(other):
            return False
        return not self._watchlist.holds_back(other, now_ms)

    def _is_watched(self, entry: Entry) -> bool:
        return self._watchlist.find(entry.monitor.id) is entry and not entry.monitor.paused

    def _channel(self, entry: Entry) -> Channel:
        return entry.monitor.guild_id, self._watchlist.channel_of(entry)
