"""From the judge's decision to the incident people read, and who waits for whom.

An opening waits four seconds when three or more sites of the channel are failing that no message
was sent of yet; an all-clear waits up to a minute when another is about to be due. Where an entry
belongs is noted check by check, so that an outage of thousands costs each of them the same.
Which rows then share a message is planned by the delivery.
"""

from collections import defaultdict, deque
from dataclasses import dataclass, field, replace

from bot.db import incidents, monitors, outbox
from bot.db.database import Connection
from bot.db.outbox import Work
from bot.engine.judge_state import (
    MINUTE_MS,
    Check,
    JudgeState,
    current_interval_s,
    may_recover,
    rounds_to_recovery,
)
from bot.models import CheckResult, Ending, Incident, Kind
from bot.services.delivery import enqueue
from bot.services.watchlist import Entry, Watchlist
from bot.words.phrases import said

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
        for entry in self._watchlist.all():
            self.note(entry)

    def note(self, entry: Entry) -> None:
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


# One good check says "it answers" of a site that was dead; an unstable one answers all the time.
ANSWERING_DOWN, ANSWERING_ELSE = 1, 3
# The card of what recovers counts its good rounds by fives; of what answers at times, the last
# success is renewed so often.
COUNTED_BY, LAST_OK_MS = 5, 300_000
_AT_TIMES = {Kind.UNSTABLE, Kind.SLOW}
NOTIFIED_AFTER_ROUNDS = 10  # good ones in a row
CONFIRMED_S = 30  # after its slot a good round is confirmed


def open_incident(
    entry: Entry,
    state: JudgeState,
    check: Check,
    result: CheckResult,
    *,
    now_ms: int,
    channel_id: int | None,
    role_id: int | None,
    silenced: bool,
) -> Incident:
    """The incident that begins with this check; its ids are given by the store."""
    share_ok, share_of = state.share
    return Incident(
        id=0,
        public_id="",
        guild_id=entry.monitor.guild_id,
        monitor_id=entry.monitor.id,
        name=entry.monitor.name,
        url=entry.monitor.target.url,
        interval_s=entry.monitor.interval_s,
        kind=state.kind or Kind.DOWN,
        cause=result.cause,
        since_ms=state.since_ms or check.began_ms,
        opened_ms=now_ms,
        failed=state.run_failed_checks + state.failed_checks,
        last_ok_ms=entry.last_ok_ms,
        last_failed_ms=None if result.ok else result.at_ms,
        share_ok=share_ok,
        share_of=share_of,
        share_said=said(share_ok, share_of),
        latency_ms=round(check.ms) if state.mode is Kind.SLOW else None,
        limit_ms=entry.monitor.slow_ms,
        silenced=silenced,
        channel_id=channel_id,
        role_id=role_id,
        address=entry.address,
        certificate_ms=entry.certificate_ms,
        places=entry.places,
    )


def update_incident(
    entry: Entry, incident: Incident, state: JudgeState, check: Check, result: CheckResult
) -> Incident:
    """The open incident after one more check."""
    share_ok, share_of = state.share
    slow = state.mode is Kind.SLOW and state.good == 0 and check.ok
    # "n of n checks" is the count of the moment from which on it is said to be down.
    kind = state.kind or incident.kind
    turns_down = kind is Kind.DOWN and incident.kind is not Kind.DOWN
    return replace(
        incident,
        kind=kind,
        cause=incident.cause if result.ok else result.cause,
        failed=state.run_failed_checks + state.failed_checks if turns_down else incident.failed,
        # Of what is down it stays the last success before; of all else it is the newest one.
        last_ok_ms=result.at_ms if result.ok and kind is not Kind.DOWN else incident.last_ok_ms,
        last_failed_ms=incident.last_failed_ms if result.ok else result.at_ms,
        answering_since_ms=state.good_since_ms if _answers(state) else None,
        good_rounds=state.good,
        good_needed=max(state.hold, state.good + rounds_to_recovery(state)),
        relapses=incident.relapses + (incident.recovering and not state.recovering),
        clear_by_ms=_clear_by_ms(entry, state, check) if state.recovering else None,
        share_ok=share_ok,
        share_of=share_of,
        share_said=said(share_ok, share_of, incident.share_said),
        latency_ms=round(check.ms) if slow else incident.latency_ms,
        places=incident.places if result.ok else entry.places or incident.places,
    )


def _answers(state: JudgeState) -> bool:
    """It is said to answer again."""
    return state.good >= (ANSWERING_DOWN if state.kind is Kind.DOWN else ANSWERING_ELSE)


def answers_for_long(entry: Entry) -> bool:
    """So long that whoever asked is notified, although the all-clear is held."""
    state = entry.judge_state
    return state.recovering and state.good >= NOTIFIED_AFTER_ROUNDS and not state.denied


def _clear_by_ms(entry: Entry, state: JudgeState, check: Check) -> int:
    """When the all-clear comes at the latest, if nothing fails; up to the next whole minute.

    Counted from the round's slot, so that it stays the same from round to round. 0: nobody knows,
    because no other place gets through.
    """
    if state.denied:
        return 0
    rounds_s = rounds_to_recovery(state) * current_interval_s(state, entry.policy)
    latest_ms = check.slot_ms + round((rounds_s + CONFIRMED_S + ALL_CLEAR_S) * 1000)
    return -(-latest_ms // MINUTE_MS) * MINUTE_MS


def close_incident(incident: Incident, state: JudgeState, now_ms: int, ending: Ending) -> Incident:
    """The incident is over; its true end is the first good round of the closing run."""
    ended_ms = state.good_since_ms if ending is Ending.RESOLVED else None
    return replace(
        incident,
        resolved_ms=now_ms,
        ended_ms=ended_ms or now_ms,
        answering_since_ms=None,
        clear_by_ms=None,
        ending=ending,
    )


def visible_state(incident: Incident) -> tuple[object, ...]:
    """Everything a reader sees of an open incident: the message is edited when this changes."""
    shown_cause = incident.cause if incident.kind in {Kind.DOWN, Kind.BLOCKED} else None
    shown_share = incident.share_said if incident.kind in _AT_TIMES else None
    if incident.recovering:  # its line stays, its card counts
        counted = incident.good_rounds // COUNTED_BY
        return (incident.kind, incident.answering_since_ms, incident.clear_by_ms, counted)
    moved = None if incident.kind is Kind.DOWN else (incident.last_ok_ms or 0) // LAST_OK_MS
    return (
        *(incident.kind, shown_cause, shown_share, moved),
        *(incident.answering_since_ms, incident.places),
    )


@dataclass(frozen=True, slots=True)
class Change:
    """An entry's incident and judge state after an event: stored together, then set together."""

    entry: Entry
    incident: Incident
    state: JudgeState

    def write(self, conn: Connection) -> None:
        incidents.update(conn, self.incident)
        monitors.save_judge_state(conn, self.incident.monitor_id, self.state.dump())

    def newest_state(self) -> JudgeState:
        """The judge state to set after the commit."""
        return self.state


class Unsilenced(Change):
    """An incident that nothing silences any more: its message is sent now."""

    def notify(self, conn: Connection, now_ms: int) -> None:
        if outbox.of_incident(conn, self.incident.id, Work.OPEN) is None:
            enqueue.opening(conn, self.incident, now_ms, wait_s=0.0)  # all of them together
        elif self.incident.kind is Kind.DOWN:
            enqueue.escalation(conn, self.incident, now_ms)

    def newest_state(self) -> JudgeState:
        """A check may have moved the judge state on during the commit."""
        return replace(self.entry.judge_state, sent_as_down=self.state.sent_as_down)


def unsilenced(watchlist: Watchlist, now_ms: int) -> list[Unsilenced]:
    """All incidents that were silenced, are so no longer, and still go on."""
    found = []
    for entry in watchlist.in_trouble():
        incident = entry.incident
        if incident is None or not incident.silenced or not _is_bad(entry, incident):
            continue
        channel_id = incident.channel_id or watchlist.alert_channel_of(entry)
        if channel_id is None or watchlist.holds_back(entry, now_ms):
            continue
        sent = replace(
            incident,
            silenced=False,
            channel_id=channel_id,
            role_id=incident.role_id or watchlist.role_of(entry),
        )
        state = replace(entry.judge_state, sent_as_down=incident.kind is Kind.DOWN)
        found.append(Unsilenced(entry, sent, state))
    return found


def _is_bad(entry: Entry, incident: Incident) -> bool:
    """By a check of this very time: what was so before we stopped or were offline may be over."""
    return entry.checked_since_gap and incident.answering_since_ms is None


def without_unsent_down(conn: Connection, incident: Incident, state: JudgeState) -> JudgeState:
    """An opening that is still unsent will say what is true then: "down" was never sent."""
    if incident.kind is Kind.DOWN or not state.sent_as_down:
        return state
    opening = outbox.of_incident(conn, incident.id, Work.OPEN)
    if opening is None or opening.state != "pending":
        return state
    return replace(state, sent_as_down=False)
