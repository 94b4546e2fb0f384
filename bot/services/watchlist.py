"""Everything that is watched now, in memory: settings, the judge's state, the open incident."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from bot.clock import HOUR_MS, Clock
from bot.db import guilds, incidents, monitors, results, rows
from bot.db.database import Connection, Database
from bot.db.results import ResultRow
from bot.engine.certificates import CertificateHistory
from bot.engine.judge import judge
from bot.engine.judge_state import (
    Check,
    Decision,
    JudgeState,
    Policy,
    judged_anew,
    restored,
    without_run,
)
from bot.engine.kinds.push import judge_beat
from bot.engine.place_router import Asking
from bot.errors import NotFound
from bot.models import Cause, CheckResult, Incident, Kind, Monitor, Phases, SeenFrom, Window
from bot.services.guilds import Guilds
from bot.services.recurrence import LiveWindows, Occurrence

log = logging.getLogger(__name__)

LOADED_AT_ONCE = 100  # monitors: holds the connection 20 ms when each is down
SETTLES_MS = 60_000  # what depends on something gets so long after that is back
LATEST_SPAN_MS = 2 * HOUR_MS
SLICE_MS = 120_000  # of the checks of everybody: holds the connection 30 ms at 10,000 monitors


@dataclass(slots=True)
class Entry:
    """One watched monitor. Mutable: the recorder alone moves memory and incident on."""

    monitor: Monitor
    judge_state: JudgeState = field(default_factory=JudgeState)
    incident: Incident | None = None
    latest: CheckResult | None = None
    round_results: tuple[CheckResult, ...] = ()  # of the newest round
    last_ok_ms: int | None = None
    address: str | None = None  # where it last answered from
    certificate_ms: int | None = None  # the end of the certificate it last showed
    due_ms: int | None = None  # since when its all-clear waits for company
    worded_ms: int | None = None  # when the word for its state last changed by an urgent edit
    certificate: CertificateHistory | None = None  # None: not read back yet
    back_ms: int | None = None  # when its last outage was over, if that was since the start
    asking: Asking | None = None  # the other places, in the round under way
    places: SeenFrom = field(default_factory=SeenFrom)  # what they said of its last failed round
    watched_since_ms: int = 0  # without an end: the start, a gap, a pause, other settings
    checked_since_gap: bool = False  # a check has counted since the start, a gap, or offline

    @property
    def policy(self) -> Policy:
        return Policy(self.monitor.interval_s, self.monitor.slow_ms)

    @property
    def is_failing(self) -> bool:
        """Its newest check failed, whether or not that counts as an outage yet."""
        return bool(self.judge_state.failed_checks) or self.judge_state.rounds[-1:] in {"F", "f"}

    def judge(self, check: Check) -> Decision:
        if self.monitor.is_push:
            return judge_beat(self.judge_state, check)
        return judge(self.judge_state, check, self.policy)

    def discard_run(self) -> bool:
        """Nobody watched for a while: the run under way counts no more. True: the state changed."""
        before, self.checked_since_gap, self.asking = self.judge_state, False, None
        self.judge_state = without_run(before)
        return self.judge_state is not before


class Watchlist:
    """The monitors by id. Loaded once; afterwards memory is the truth and the store its copy."""

    def __init__(self, db: Database, clock: Clock, guilds: Guilds) -> None:
        self._db, self._clock, self._guilds = db, clock, guilds
        self._entries: dict[int, Entry] = {}
        self._of_guild: defaultdict[int, dict[int, Entry]] = defaultdict(dict)
        self._in_trouble: dict[int, Entry] = {}
        # With a pause or a mute that ends by itself; ended ones stay until somebody looks.
        self.timed: dict[int, Entry] = {}
        self.windows = LiveWindows()
        self.changing = asyncio.Lock()  # held while somebody changes, pauses, mutes or removes one

    async def load(self) -> None:
        loaded = await self._load(await self._db.read(monitors.all_watched))
        await self._look_back(loaded)
        for index in (self._entries, self._of_guild, self._in_trouble, self.timed):
            index.clear()
        for entry in loaded:
            self._keep(entry)
        self.windows.load(await self._db.read(guilds.live_windows))

    async def _load(self, ids: Sequence[int]) -> list[Entry]:
        """The entries of these monitors with their judge states and open incidents, in slices."""
        reads = [partial(_load, ids=some) for some in rows.slices(ids, LOADED_AT_ONCE)]
        return [entry for read in reads for entry in await self._db.read(read)]

    async def _look_back(self, entries: Iterable[Entry]) -> None:
        """Find each monitor's newest check, and its newest good one, from now back in slices.

        It ends as soon as all are found, at the latest where checks are packed.
        """
        since_ms = (self._clock.now_ms() - LATEST_SPAN_MS) // HOUR_MS * HOUR_MS
        until_ms = self._clock.now_ms()
        unseen, not_fine = ({entry.monitor.id: entry for entry in entries} for _ in range(2))
        while (unseen or not_fine) and until_ms > since_ms:
            begin_ms = until_ms - SLICE_MS
            for row in await self._db.read(results.latest_in(begin_ms, until_ms)):
                if (entry := unseen.pop(row.monitor_id, None)) is not None:
                    entry.latest = _check_result(row)
            for monitor_id, at_ms in await self._db.read(results.last_fine_in(begin_ms, until_ms)):
                if (entry := not_fine.pop(monitor_id, None)) is not None:
                    entry.last_ok_ms = at_ms
            until_ms = begin_ms

    async def load_guild(self, guild_id: int) -> list[Entry]:
        found = await self._load(await self._db.read(lambda c: monitors.of_guild(c, guild_id)))
        back = [entry for entry in found if entry.monitor.id not in self._entries]
        for entry in back:
            entry.discard_run()
            self._keep(entry)
        return back

    def after_gap(self) -> list[Entry]:
        """Nothing was watched for a while; returns the entries whose state has changed."""
        for entry in self._entries.values():
            entry.watched_since_ms = self._clock.now_ms()
        return [entry for entry in self._entries.values() if entry.discard_run()]

    def add(self, monitor: Monitor) -> Entry:
        return self._keep(Entry(monitor))

    def remove(self, monitor_id: int) -> None:
        entry = self._entries.pop(monitor_id, None)
        if entry is not None:
            del self._of_guild[entry.monitor.guild_id][monitor_id]
            self._in_trouble.pop(monitor_id, None)
            self.timed.pop(monitor_id, None)

    def find(self, monitor_id: int) -> Entry | None:
        return self._entries.get(monitor_id)

    def get(self, guild_id: int, monitor_id: int) -> Entry:
        """The entry, if it belongs to that server. Raises NotFound."""
        entry = self._entries.get(monitor_id)
        if entry is None or entry.monitor.guild_id != guild_id:
            raise NotFound("There is no such site here. Pick one from the list as you type.")
        return entry

    def all(self) -> Iterable[Entry]:
        return self._entries.values()

    def in_trouble(self) -> list[Entry]:
        return [entry for entry in self._in_trouble.values() if entry.incident is not None]

    def set_incident(self, entry: Entry, incident: Incident | None, state: JudgeState) -> None:
        """Follow the store after a commit. What was acknowledged meanwhile stays so."""
        before, monitor_id = entry.incident, entry.monitor.id
        entry.judge_state = state
        if incident is None or not incident.open:
            entry.incident = entry.due_ms = entry.worded_ms = None
            entry.back_ms = None if incident is None else incident.ended_ms
            entry.places = SeenFrom()
            self._in_trouble.pop(monitor_id, None)
            return
        self._in_trouble[monitor_id] = entry
        entry.incident = incident if before is None else acknowledged_as(incident, before)

    def of_guild(self, guild_id: int) -> list[Entry]:
        """A server's entries, sorted by name."""
        return sorted(
            self._of_guild.get(guild_id, {}).values(),
            key=lambda e: monitors.name_key(e.monitor.name),
        )

    def channel_of(self, entry: Entry) -> int | None:
        """Its open incident's channel, else its own or the server's."""
        return self.alert_channel_of(entry) if entry.incident is None else entry.incident.channel_id

    def alert_channel_of(self, entry: Entry) -> int | None:
        """The channel of its next incident; None: the server has no alert channel yet."""
        tagged = (one.channel_id for one in self._guilds.tag_alerts(entry.monitor))
        server = self._guilds.settings(entry.monitor.guild_id).channel_id
        return entry.monitor.channel_id or next(filter(None, tagged), server)

    def alert_channels(self) -> set[tuple[int, int]]:
        homes = [
            (e.monitor.guild_id, self.alert_channel_of(e))
            for e in self.all()
            if not e.monitor.paused
        ]
        return {(guild_id, home) for guild_id, home in homes if home is not None}

    def role_of(self, entry: Entry) -> int | None:
        if entry.monitor.quiet:
            return None
        tagged = (one.role_id for one in self._guilds.tag_alerts(entry.monitor))
        server = self._guilds.settings(entry.monitor.guild_id).role_id
        return entry.monitor.role_id or next(filter(None, tagged), server)

    def silenced(self, entry: Entry, now_ms: int) -> bool:
        """True when a mute or a maintenance window keeps new alerts back."""
        muted = (entry.monitor.muted_until_ms or 0) > now_ms
        return muted or self.windows.covering(entry.monitor, now_ms) is not None

    def holds_back(self, entry: Entry, now_ms: int) -> bool:
        """True when an opening is not sent now: silenced, or behind another that is down."""
        return self.silenced(entry, now_ms) or self.behind(entry) is not None

    def behind(self, entry: Entry) -> Entry | None:
        """The monitor it depends on, if that is down or fails and may soon be.

        Once that is back, a failure counts that a check saw a minute or more afterwards.
        """
        parent = self._entries.get(entry.monitor.depends_on or 0)
        if parent is None or parent.monitor.paused:
            return None
        back_ms, incident = parent.back_ms, parent.incident
        if incident is None and parent.is_failing:
            return parent
        if incident is not None:
            if incident.kind is not Kind.DOWN:
                return None
            back_ms = incident.answering_since_ms
            if back_ms is None:
                return parent
        seen_ms = entry.latest.at_ms if entry.latest is not None else 0
        return parent if back_ms is not None and seen_ms < back_ms + SETTLES_MS else None

    def ancestors(self, entry: Entry) -> Iterator[Entry]:
        """The monitors it depends on, the nearest first."""
        seen = {entry.monitor.id}
        while (parent := self._entries.get(entry.monitor.depends_on or 0)) is not None:
            if parent.monitor.id in seen:
                return
            seen.add(parent.monitor.id)
            yield parent
            entry = parent

    def silenced_incidents(self) -> set[int]:
        now_ms = self._clock.now_ms()
        return {
            entry.incident.id
            for entry in self.in_trouble()
            if entry.incident is not None and self.silenced(entry, now_ms)
        }

    def maintenance_of(self, entry: Entry) -> tuple[Window, Occurrence] | None:
        return self.windows.covering(entry.monitor, self._clock.now_ms())

    def _keep(self, entry: Entry) -> Entry:
        entry.watched_since_ms = self._clock.now_ms()
        self._entries[entry.monitor.id] = entry
        self._of_guild[entry.monitor.guild_id][entry.monitor.id] = entry
        if entry.incident is not None:
            self._in_trouble[entry.monitor.id] = entry
        if entry.monitor.resume_ms is not None or entry.monitor.muted_until_ms is not None:
            self.timed[entry.monitor.id] = entry
        return entry


def acknowledged_as(incident: Incident, other: Incident) -> Incident:
    return replace(
        incident, acknowledged_by=other.acknowledged_by, acknowledged_ms=other.acknowledged_ms
    )


def _load(conn: Connection, ids: Sequence[int]) -> list[Entry]:
    memories = monitors.judge_states(conn, ids)
    by_monitor = {incident.monitor_id: incident for incident in incidents.open_of(conn, ids)}
    return [
        Entry(
            one,
            _agreeing(_remembered(one.id, memories.get(one.id)), by_monitor.get(one.id)),
            by_monitor.get(one.id),
        )
        for one in monitors.load(conn, ids)
    ]


def _remembered(monitor_id: int, text: str | None) -> JudgeState:
    """The stored state; a row that cannot be read must not keep the others from being watched."""
    try:
        return JudgeState() if text is None else JudgeState.load(text)
    except ValueError:
        log.exception("Judge state unreadable, judging anew", extra={"monitor": monitor_id})
        return JudgeState()


def _agreeing(judge_state: JudgeState, incident: Incident | None) -> JudgeState:
    """A memory that was lost knows nothing of the open incident, which must end all the same."""
    if incident is not None and judge_state.mode is None:
        return restored(judge_state, incident)
    return (
        judged_anew(judge_state)
        if incident is None and judge_state.mode is not None
        else judge_state
    )


def _check_result(row: ResultRow) -> CheckResult:
    cause = None if row.cause is None else Cause.parse(row.cause)
    return CheckResult(row.at_ms, cause, phases=Phases(total=row.ms))
