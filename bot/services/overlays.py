"""Overlays that end by themselves: a pause is over, a mute is over, a maintenance window closes.

An overlay never changes a state. What it kept quiet is told afterwards if it is still bad.
"""

from dataclasses import replace

from bot.clock import Clock
from bot.db import monitors as table
from bot.db.database import Connection, Database
from bot.services.monitors import Monitors
from bot.services.recorder import Recorder
from bot.services.watchlist import Watchlist

LOOK_S = 1.0


class Overlays:
    """Looks once a second whether an overlay's time has come."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        watchlist: Watchlist,
        monitors: Monitors,
        recorder: Recorder,
    ) -> None:
        self._db = db
        self._clock = clock
        self._watchlist = watchlist
        self._monitors = monitors
        self._recorder = recorder

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._clock.sleep(LOOK_S)
            await self.look()

    async def look(self) -> None:
        """End what is over now, and tell what nothing keeps quiet any more."""
        await self._monitors.resume_due()
        await self._unmute_due()
        await self._recorder.tell_withheld()

    async def _unmute_due(self) -> None:
        now_ms = self._clock.now_ms()
        due = []
        for entry in self._watchlist.all():
            until_ms = entry.monitor.muted_until_ms
            if until_ms is not None and until_ms <= now_ms:
                entry.monitor = replace(entry.monitor, muted_until_ms=None)
                due.append(entry.monitor)

        def write(conn: Connection) -> None:
            for monitor in due:
                table.save_overlays(conn, monitor)

        if due:
            await self._db.write(write)
