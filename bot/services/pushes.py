"""Push monitors: takes the beats of jobs, and notices when one does not come.

Time is ours alone. A beat is expected ``every`` seconds after the last one; it is late when the
grace is over as well. Whoever starts has the grace to end. After our own absence, a pause or a
change of its settings a monitor has a whole period and the grace before it may be late.
What is answered with OK is stored.
"""

import asyncio
import hashlib
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

from bot.clock import HOUR_MS, Clock
from bot.db import audit_log, monitors
from bot.db.database import Connection, Database
from bot.db.monitors import Beat, Pushed
from bot.engine.judge_state import Check
from bot.engine.scheduler import Step
from bot.errors import UserError
from bot.models import Cause, CheckResult, Monitor, Phases, Reason
from bot.services.audit_log import Actor, AuditEvent
from bot.services.connectivity import ConnectivityMonitor
from bot.services.recorder import Recorder
from bot.services.watchlist import Entry, Watchlist

log = logging.getLogger(__name__)

TOKEN_BYTES = 16
BODY_LIMIT = 10_000
# Each look without a beat is noted, so that the time counts as watched.
LOOKS_APART_MS = 6 * HOUR_MS
BEATS_A_MINUTE, BEATS_EACH = 5, 3
GATHER_S = 0.05  # beats of so long are stored together
_LONGEST_MS = HOUR_MS - 1  # that a stored check can have taken


class Call(Enum):
    START = auto()
    FINE = auto()
    FAILED = auto()


class Taken(Enum):
    OK = auto()
    UNKNOWN = auto()
    TOO_MANY = auto()


@dataclass(slots=True)
class PushMemory:
    """What is known of a job. ``base_ms``: from there the next beat is expected a period later."""

    token: bytes
    base_ms: int
    beat_ms: int | None = None
    started_ms: int | None = None
    noted_ms: int = 0  # when it was last noted that it is in time, or late
    left: float = BEATS_A_MINUTE  # beats that may come now
    left_at_ms: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def may_call(self, now_ms: int, interval_s: int) -> bool:
        """One beat less may come now; they grow back over a minute."""
        most = max(BEATS_A_MINUTE, BEATS_EACH * 60 / interval_s)
        grown = (now_ms - self.left_at_ms) * most / 60_000
        self.left, self.left_at_ms = min(most, self.left + max(0.0, grown)), now_ms
        if self.left < 1:
            return False
        self.left -= 1
        return True

    def arrive(self, now_ms: int, monitor: Monitor) -> None:
        """A beat that is a little early moves the next one no closer: grace before and after."""
        expected_ms = self.base_ms + monitor.interval_s * 1000
        early_ms = min(monitor.grace_s or 0, monitor.interval_s // 2) * 1000
        is_early = expected_ms - early_ms <= now_ms < expected_ms
        self.base_ms = expected_ms if is_early else now_ms
        self.beat_ms, self.started_ms = now_ms, None


class Pushes:
    """All push monitors. ``look_soon`` has a monitor looked at now: its time became shorter."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        watchlist: Watchlist,
        connectivity: ConnectivityMonitor,
        recorder: Recorder,
        *,
        address: str | None,
    ) -> None:
        """``address``: of the door, where jobs call; None: there is none."""
        self._db, self._clock, self._watchlist = db, clock, watchlist
        self._connectivity, self._recorder, self._address = connectivity, recorder, address
        self._memories: dict[int, PushMemory] = {}
        self._by_token: dict[bytes, int] = {}
        self._waiting: list[Beat] = []
        self._storing: asyncio.Task[None] | None = None
        self._writing = asyncio.Lock()
        self.look_soon: Callable[[Entry], None] = lambda _: None
        self.taken = dict.fromkeys(Taken, 0)
        connectivity.on_back_online = self._was_offline

    async def load(self) -> None:
        for one in await self._db.read(monitors.all_pushed):
            self._keep(one)
        mine = sum(entry.monitor.is_push for entry in self._watchlist.all())
        if mine and self._address is None:
            log.warning("%d push monitors wait for beats, but VIGIE_LISTEN is not set", mine)

    def require_door(self) -> None:
        """Raises UserError when no job could call."""
        if self._address is None:
            raise UserError(
                "Push monitors need my web server: ask the bot's operator to set VIGIE_LISTEN."
            )

    def of(self, monitor: Monitor) -> PushMemory | None:
        return self._memories.get(monitor.id)

    async def renew(self, monitor: Monitor, by: int | None = None) -> str:
        """A new secret address, shown this once; the one before is worth nothing from now on.

        ``by`` None: it comes with the monitor, which is logged already. Raises UserError.
        """
        self.require_door()
        secret = secrets.token_hex(TOKEN_BYTES)
        token = _hashed(secret)
        now_ms = self._clock.now_ms()

        def write(conn: Connection) -> None:
            monitors.save_token(conn, monitor.id, token)
            if by is not None:
                done = Actor(monitor.guild_id, by, now_ms).did(AuditEvent.PUSH_ADDRESS, monitor.id)
                audit_log.insert(conn, [done])

        await self._db.write(write)
        self._keep(Pushed(monitor.id, token))
        return f"{self._address}/beat/{secret}"

    def forget(self, monitor: Monitor) -> None:
        memory = self._memories.pop(monitor.id, None)
        if memory is not None:
            self._by_token.pop(memory.token, None)

    async def body(self, guild_id: int, monitor_id: int) -> tuple[str, int] | None:
        return await self._db.read(lambda conn: monitors.last_body(conn, guild_id, monitor_id))

    async def call(
        self, secret: str, what: Call, *, status: int | None = None, body: str = ""
    ) -> Taken:
        """Take the call of a job. What it said is kept, as far as it fits."""
        taken = await self._call(secret, what, status, body[:BODY_LIMIT] or None)
        self.taken[taken] += 1
        return taken

    async def _call(self, secret: str, what: Call, status: int | None, body: str | None) -> Taken:
        monitor_id = self._by_token.get(_hashed(secret), 0)
        entry, memory = self._watchlist.find(monitor_id), self._memories.get(monitor_id)
        if entry is None or memory is None:
            return Taken.UNKNOWN
        now_ms = self._clock.now_ms()
        if not memory.may_call(now_ms, entry.monitor.interval_s):
            if what is Call.FINE:
                memory.base_ms = max(memory.base_ms, now_ms)  # it lives: too often is not late
            return Taken.TOO_MANY
        async with memory.lock:
            await self._take(entry, memory, what, status, body)
        return Taken.OK

    async def _take(
        self, entry: Entry, memory: PushMemory, what: Call, status: int | None, body: str | None
    ) -> None:
        now_ms, began_ms = self._clock.now_ms(), memory.started_ms
        if what is Call.START:
            memory.started_ms = began_ms or now_ms
            self.look_soon(entry)
        else:
            memory.arrive(now_ms, entry.monitor)
        beat = Beat(entry.monitor.id, now_ms, memory.beat_ms, memory.started_ms, body)
        stored = asyncio.shield(self._store(beat))
        if what is Call.START or entry.monitor.paused or self._is_gone(entry):
            await stored
            return
        took_ms = 0 if began_ms is None else max(1, min(now_ms - began_ms, _LONGEST_MS))
        cause = Cause(Reason.JOB_FAILED, status) if what is Call.FAILED else None
        result = CheckResult(now_ms, cause, phases=Phases(total=float(took_ms)))
        check = Check(now_ms, 0, cause, took_ms)
        await asyncio.gather(self._recorder.record(entry, check, result), stored)

    async def look(self, entry: Entry) -> Step:
        """Is it late? The step says when to look again."""
        memory, monitor = self._memories.get(entry.monitor.id), entry.monitor
        period_ms = monitor.interval_s * 1000
        if memory is None or self._address is None or monitor.paused:
            return Step(None, monitor.interval_s)
        now_ms = self._clock.now_ms()
        late_ms = due_ms(memory, entry)
        if now_ms >= late_ms:
            if await self._connectivity.is_our_outage(self._clock.monotonic(), now_ms):
                entry.watched_since_ms = self._clock.now_ms()
            elif not (self._is_gone(entry) or entry.monitor.paused):
                await self._late(entry, memory)
            late_ms = now_ms + period_ms
        elif max(memory.noted_ms, memory.beat_ms or 0) + min(period_ms, LOOKS_APART_MS) <= now_ms:
            self._note(entry, memory, None)
        return Step(None, min(late_ms - now_ms, period_ms, LOOKS_APART_MS) / 1000)

    async def _late(self, entry: Entry, memory: PushMemory) -> None:
        async with memory.lock:
            now_ms = self._clock.now_ms()
            if now_ms < due_ms(memory, entry):
                return  # a beat came while we asked whether we are online
            if entry.incident is not None:
                self._note(entry, memory, entry.incident.cause)
                entry.checked_since_gap = True
                return
            cause, since_ms = _lateness(memory, entry.monitor, now_ms)
            memory.noted_ms = now_ms
            check = Check(now_ms, 0, cause, 0.0, since_ms)
            await self._recorder.record(entry, check, CheckResult(now_ms, cause))

    def _is_gone(self, entry: Entry) -> bool:
        return self._watchlist.find(entry.monitor.id) is not entry

    def _note(self, entry: Entry, memory: PushMemory, cause: Cause | None) -> None:
        """Nothing has changed, and it was watched."""
        memory.noted_ms = self._clock.now_ms()
        self._recorder.note(entry, CheckResult(memory.noted_ms, cause))

    def _keep(self, stored: Pushed) -> None:
        known = self._memories.get(stored.monitor_id)
        if known is None:
            base_ms = stored.beat_ms or self._clock.now_ms()
            self._memories[stored.monitor_id] = PushMemory(
                stored.token, base_ms, stored.beat_ms, stored.started_ms
            )
        else:
            self._by_token.pop(known.token, None)
            known.token = stored.token
        self._by_token[stored.token] = stored.monitor_id

    def _was_offline(self, from_ms: int, until_ms: int) -> None:
        """Of a beat that was expected in that time nobody knows whether it came."""
        for entry in self._watchlist.all():
            memory = self._memories.get(entry.monitor.id)
            if memory is None or not entry.monitor.is_push:
                continue
            grace_ms = (entry.monitor.grace_s or 0) * 1000
            expected_ms = memory.base_ms + entry.monitor.interval_s * 1000
            missed = from_ms <= due_ms(memory, entry) and until_ms >= expected_ms - grace_ms
            if missed or memory.started_ms is not None:
                entry.watched_since_ms = until_ms

    def _store(self, beat: Beat) -> "asyncio.Task[None]":
        self._waiting.append(beat)
        if self._storing is None:
            self._storing = asyncio.create_task(self._store_together(), name="storing beats")
        return self._storing

    async def _store_together(self) -> None:
        await asyncio.sleep(GATHER_S)
        async with self._writing:  # a slow disk gets fewer and larger writes
            beats, self._waiting, self._storing = self._waiting, [], None
            await self._db.write(lambda conn: monitors.save_beats(conn, beats))


def due_ms(memory: PushMemory, entry: Entry) -> int:
    grace_ms, period_ms = (entry.monitor.grace_s or 0) * 1000, entry.monitor.interval_s * 1000
    expected_ms = memory.base_ms + period_ms if memory.started_ms is None else memory.started_ms
    return max(expected_ms, entry.watched_since_ms + period_ms) + grace_ms


def _lateness(memory: PushMemory, monitor: Monitor, now_ms: int) -> tuple[Cause, int]:
    """The cause with its seconds, and since when it is missing."""
    if memory.started_ms is not None:
        since_ms = memory.started_ms
        return Cause(Reason.BEAT_UNFINISHED, (now_ms - since_ms) // 1000), since_ms
    last_ms = memory.beat_ms or monitor.created_ms
    expected_ms = min(now_ms, memory.base_ms + monitor.interval_s * 1000)
    return Cause(Reason.BEAT_LATE, (now_ms - last_ms) // 1000), expected_ms


def _hashed(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="replace")).digest()
