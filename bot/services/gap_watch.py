"""Knows when Vigie was not watching: switched off, suspended, or its clock was set.

Such time is a gap, neither up nor down; a run of failures from before it counts no more.
"""

import logging
from collections.abc import Awaitable, Callable

from bot.clock import Clock
from bot.db import gaps, guilds
from bot.db.database import Connection, Database

log = logging.getLogger(__name__)

STAMP_S = 30.0
GAP_MS = 120_000
STEP_MS = 2_000
_KEY = "alive_ms"


class GapWatch:
    """Stamps every 30 s that Vigie is alive, and calls the operator's heartbeat once a minute.

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
        self._db = db
        self._clock = clock
        self._resync = resync
        self._after_gap = after_gap
        self._heartbeat = heartbeat
        self._unstored: list[tuple[int, int]] = []  # gaps
        self._missed_until_ms = 0

    async def begin(self) -> int | None:
        """Record the time since the last stamp if it was long; then since when."""
        now_ms = self._clock.now_ms()

        def write(conn: Connection) -> int | None:
            last_ms = guilds.number(conn, _KEY)
            guilds.put(conn, _KEY, str(now_ms))
            if last_ms is None or now_ms - last_ms <= GAP_MS:
                return None
            gaps.add(conn, last_ms, now_ms, gaps.OFF)
            return last_ms

        return await self._db.write(write)

    async def run(self) -> None:
        """Stamp until cancelled."""
        beat = False
        while True:
            await self._clock.sleep(STAMP_S)
            await self.stamp()
            beat = not beat
            if beat and self._heartbeat is not None:
                await self._heartbeat()

    def stood_still(self, seconds: float) -> None:
        """The process was frozen, or the machine slept, for so long: nothing was watched."""
        self._resync()
        now_ms = self._clock.now_ms()
        self._missed(now_ms - round(seconds * 1000), now_ms)

    async def stamp(self) -> None:
        """Note that Vigie is alive, and whether its clock moved on its own."""
        step_ms = self._resync()
        if abs(step_ms) > STEP_MS:
            log.warning("The clock was set by %d ms", step_ms)
        now_ms = self._clock.now_ms()
        if step_ms > GAP_MS:
            self._missed(now_ms - step_ms, now_ms)
        unstored = tuple(self._unstored)

        def write(conn: Connection) -> None:
            for from_ms, until_ms in unstored:
                gaps.add(conn, from_ms, until_ms, gaps.OFF)
            guilds.put(conn, _KEY, str(now_ms))

        await self._db.write(write)
        del self._unstored[: len(unstored)]

    def _missed(self, from_ms: int, until_ms: int) -> None:
        """At once, before a check can be judged; the store learns of it with the next stamp."""
        from_ms = max(from_ms, self._missed_until_ms)  # two of us may notice the same sleep
        if from_ms >= until_ms:
            return
        self._missed_until_ms = until_ms
        self._unstored.append((from_ms, until_ms))
        self._after_gap()
