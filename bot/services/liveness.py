"""Times in which nothing was watched, the operator's heartbeat, and whether all is well.

Switched off, suspended, or its clock set: such time is a gap, neither up nor down, and a run of
failures from before it counts no more.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable

from bot.clock import Clock
from bot.db import guilds, rollups, stats
from bot.db.database import Connection, Database
from bot.db.stats import OutboxStats
from bot.errors import StoreError
from bot.services.watchlist import Watchlist

log = logging.getLogger(__name__)

STAMP_S = 30.0
GAP_MS = 120_000
STEP_MS = 2_000
_KEY = "alive_ms"

# A round lasts half a minute at most, and Discord's short troubles are nobody's alarm.
NO_CHECK_MS, UNSENT_MS = 300_000, 600_000
MISSED_ROUNDS = 5
AWAY_S = 30.0  # of Discord: it asks for a new connection now and then
HEALTH_S = 1.0
STORE_ANSWER_S = 5.0
MISSED = "heartbeat_missed"  # the setting: why the newest heartbeat was not heard; empty: it was


class GapWatch:
    """Stamps every 30 s that Vigie is alive, and sends the heartbeat once a minute.

    ``resync`` anchors the clock to wall time again and returns the step in milliseconds;
    ``after_gap`` is called when the process had been frozen, or the machine suspended.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        resync: Callable[[], int],
        after_gap: Callable[[], None],
        heartbeat: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        self._db, self._clock, self._resync, self._after_gap = db, clock, resync, after_gap
        self._heartbeat = heartbeat
        self._unstored: list[tuple[int, int]] = []  # gaps
        self._gap_until_ms = 0
        self.stamped_ms = clock.now_ms()  # when the store last took a stamp

    async def begin(self) -> int | None:
        """Record the time since the last stamp if it was long; then since when."""
        now_ms = self._clock.now_ms()
        last_ms = await self._db.read(lambda conn: guilds.number(conn, _KEY))
        if last_ms is not None and now_ms - last_ms > GAP_MS:
            self._unstored.append((last_ms, now_ms))
            self._gap_until_ms = now_ms
        else:
            last_ms = None
        if self._db.may_write:
            await self._store(now_ms)
        return last_ms

    async def run(self) -> None:
        beat = False
        while True:
            await self._clock.sleep(STAMP_S)
            await self.stamp()
            beat = not beat
            if beat and self._heartbeat is not None:
                await self._heartbeat()

    def stood_still(self, seconds: float) -> None:
        self._resync()
        now_ms = self._clock.now_ms()
        self._add_gap(now_ms - round(seconds * 1000), now_ms)

    async def stamp(self) -> None:
        """Store that Vigie is alive, and notice a clock that was set."""
        step_ms = self._resync()
        if abs(step_ms) > STEP_MS:
            log.warning("The clock was set by %d ms", step_ms)
        now_ms = self._clock.now_ms()
        if step_ms > GAP_MS:
            self._add_gap(now_ms - step_ms, now_ms)
        await self._store(now_ms)
        self.stamped_ms = self._clock.now_ms()

    async def _store(self, now_ms: int) -> None:
        unstored = tuple(self._unstored)

        def write(conn: Connection) -> None:
            for from_ms, until_ms in unstored:
                rollups.add_gap(conn, from_ms, until_ms)
            guilds.put(conn, _KEY, str(now_ms))

        await self._db.write(write)
        del self._unstored[: len(unstored)]

    def _add_gap(self, from_ms: int, until_ms: int) -> None:
        """At once, before a check can be judged; stored with the next stamp."""
        from_ms = max(from_ms, self._gap_until_ms)  # stamp and stood_still may notice one sleep
        if from_ms >= until_ms:
            return
        self._gap_until_ms = until_ms
        self._unstored.append((from_ms, until_ms))
        self._after_gap()


class Gateway:
    """State of the connection to Discord's gateway, as the client notes it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._was_connected = False
        self._away_since: float | None = clock.monotonic()
        self.connected = 0  # shards

    def note(self, connected: int, shards: int) -> None:
        """So many of all shards are connected now."""
        self.connected = connected
        if 0 < shards <= connected:
            self._was_connected, self._away_since = True, None
        elif self._away_since is None:
            self._away_since = self._clock.monotonic()

    def problem(self) -> str | None:
        """Why nobody's commands arrive; a reconnect of a few seconds is none."""
        if self._away_since is None:
            return None
        if not self._was_connected:
            return "Discord has not been reached yet"
        away_s = self._clock.monotonic() - self._away_since
        return f"Discord has been away for {away_s:.0f} s" if away_s >= AWAY_S else None


class Health:
    """Looks, at most once a second: do checks run, do alerts leave, is all stored?"""

    def __init__(
        self, clock: Clock, heartbeat: "Heartbeat", gaps: GapWatch, gateway: Gateway
    ) -> None:
        self._clock, self._heartbeat, self._gaps = clock, heartbeat, gaps
        self._gateway = gateway
        self._looking: asyncio.Task[str | None] | None = None
        self._looked = float("-inf")

    async def problem(self) -> str | None:
        """What is wrong, in one sentence; None: nothing."""
        now = self._clock.monotonic()
        if self._looking is None or (self._looking.done() and now - self._looked >= HEALTH_S):
            self._looked = now
            self._looking = asyncio.create_task(self._look(), name="health")
        return await asyncio.shield(self._looking)

    async def _look(self) -> str | None:
        unstored_ms = self._clock.now_ms() - self._gaps.stamped_ms
        if unstored_ms > GAP_MS:
            return f"the database has taken nothing for {unstored_ms // 1000} s"
        try:
            async with asyncio.timeout(STORE_ANSWER_S):
                problem = await self._heartbeat.problem()
        except TimeoutError:
            return f"the database has not answered for {STORE_ANSWER_S:.0f} s"
        except (sqlite3.Error, StoreError) as error:
            return f"the database cannot be read: {error}"
        return problem or self._gateway.problem()


async def outbox_and_size(db: Database, now_ms: int) -> tuple[OutboxStats, int]:
    """All of the outbox, and the bytes of the file; read in one go."""
    return await db.read(lambda conn: (stats.outbox(conn, None, now_ms), stats.file_bytes(conn)))


class Heartbeat:
    """Calls ``url`` while checks end and alerts leave; stores for the doctor why it was not heard.

    ``call`` returns why the address did not hear it. ``logged_in`` is set at the first login: a
    Vigie that can notify nobody is not healthy.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        watchlist: Watchlist,
        url: str | None,
        call: Callable[[str], Awaitable[str | None]],
    ) -> None:
        self._db, self._clock, self._watchlist, self._url = db, clock, watchlist, url
        self._call = call
        self._began_ms = clock.now_ms()
        self._stored: str | None = None
        self.logged_in = False

    async def send(self) -> None:
        if not self._url or not self.logged_in:
            return
        problem = await self.problem()
        missed = problem or await self._call(self._url)
        if problem is not None:
            log.warning("No heartbeat is sent: %s", problem)
        elif missed is not None:
            log.warning("The heartbeat failed: %s", missed)
        await self.store(missed)

    async def problem(self) -> str | None:
        """Why Vigie must not call itself healthy, for the log; None: all is well."""
        now_ms = self._clock.now_ms()
        checked = (one for one in self._watchlist.all() if not one.monitor.is_push)
        watched = [one for one in checked if not one.monitor.paused]
        if watched:
            newest_ms = max((one.latest.at_ms for one in watched if one.latest), default=0)
            interval_ms = min(one.monitor.interval_s for one in watched) * 1000
            idle_ms = now_ms - max(newest_ms, self._began_ms)
            if idle_ms > max(NO_CHECK_MS, MISSED_ROUNDS * interval_ms):
                return f"no check has ended for {idle_ms // 1000} s"
        oldest_ms = await self._db.read(lambda conn: stats.unsent_since(conn, now_ms))
        if oldest_ms is not None and now_ms - oldest_ms > UNSENT_MS:
            return f"an alert has waited for {(now_ms - oldest_ms) // 1000} s"
        return None

    async def store(self, missed: str | None) -> None:
        text = missed or ""
        if text != self._stored:
            await self._db.write(lambda conn: guilds.put(conn, MISSED, text))
            self._stored = text
