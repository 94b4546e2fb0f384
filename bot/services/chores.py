"""What delivery needs done now and then: reminders every minute, forgetting old work every hour."""

import logging
from collections.abc import Callable

from bot.clock import Clock
from bot.db import reminders
from bot.db.database import Connection, Database
from bot.db.pruning import prune
from bot.services.delivery import queue

log = logging.getLogger(__name__)

LOOK_S = 60.0
PRUNE_S = 3600.0
# Messages of what ended so long ago are edited no more, and their work tells nobody anything.
KEPT_MS = 7 * 86_400_000


class Chores:
    """``wake`` is called when a reminder waits to be sent.

    ``hushed`` gives the ids of incidents that an overlay keeps quiet now.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        wake: Callable[[], None],
        *,
        hushed: Callable[[], set[int]] = set,
    ) -> None:
        self._db = db
        self._clock = clock
        self._wake = wake
        self._hushed = hushed
        self._prune_at = 0.0

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._clock.sleep(LOOK_S)
            await self.remind()
            if self._clock.monotonic() >= self._prune_at:
                self._prune_at = self._clock.monotonic() + PRUNE_S
                await self.prune()

    async def remind(self) -> int:
        """Queue the reminders that are due; returns how many incidents they tell of."""
        now_ms = self._clock.now_ms()
        hushed = self._hushed()

        def due(conn: Connection) -> list[int]:
            return [one for one in reminders.due(conn, now_ms) if one not in hushed]

        def write(conn: Connection) -> int:
            found = due(conn)
            for incident_id in found:
                queue.reminded(conn, incident_id, now_ms)
            return len(found)

        if not await self._db.read(due):
            return 0
        count = await self._db.write(write)
        self._wake()
        return count

    async def prune(self) -> int:
        """Forget old work and old messages; returns how many rows went."""
        before_ms = self._clock.now_ms() - KEPT_MS
        total = 0
        while gone := await self._db.write(lambda conn: prune(conn, before_ms)):
            total += gone
        if total:
            log.info("forgot %d rows of delivered work", total)
        return total
