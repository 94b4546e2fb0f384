"""Knows when Vigie was not watching: switched off, suspended, or its clock was set.

Such time is a gap, neither up nor down; a run of failures from before it counts no more.
"""

import logging
from collections.abc import Awaitable, Callable

from bot.clock import Clock
from bot.db import gaps, settings
from bot.db.database import Connection, Database

log = logging.getLogger(__name__)

STAMP_S = 30.0
GAP_MS = 120_000
STEP_MS = 2_000
_KEY = "alive_ms"


class Pulse:
    """Stamps every 30 s that Vigie is alive, and calls the operator's heartbeat once a minute.

    ``resync`` anchors the clock to wall time again and returns the step in milliseconds;
    ``after_gap`` is called when the machine had been suspended.
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

    async def begin(self) -> bool:
        """Record the time since the last stamp if it was long; True when it was."""
        now_ms = self._clock.now_ms()

        def write(conn: Connection) -> bool:
            last_ms = settings.number(conn, _KEY)
            was_off = last_ms is not None and now_ms - last_ms > GAP_MS
            if last_ms is not None and was_off:
                gaps.add(conn, last_ms, now_ms, gaps.OFF)
            settings.put(conn, _KEY, str(now_ms))
            return was_off

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

    async def stamp(self) -> None:
        """Note that Vigie is alive, and whether its clock moved on its own."""
        step_ms = self._resync()
        if abs(step_ms) > STEP_MS:
            log.warning("The clock was set by %d ms", step_ms)
        now_ms = self._clock.now_ms()
        suspended = step_ms > GAP_MS

        def write(conn: Connection) -> None:
            if suspended:
                gaps.add(conn, now_ms - step_ms, now_ms, gaps.OFF)
            settings.put(conn, _KEY, str(now_ms))

        await self._db.write(write)
        if suspended:
            self._after_gap()
