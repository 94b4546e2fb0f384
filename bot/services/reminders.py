"""Reminds people of what goes on with nobody on it, where a server wants that."""

from collections.abc import Callable

from bot.clock import Clock
from bot.db import incidents
from bot.db.database import Connection, Database
from bot.services.delivery import enqueue

LOOK_S = 60.0


class Reminders:
    """``wake`` is called when a reminder waits to be sent.

    ``silenced_incidents`` gives the ids of incidents that an overlay keeps quiet now.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        wake: Callable[[], None],
        silenced_incidents: Callable[[], set[int]],
    ) -> None:
        self._db = db
        self._clock = clock
        self._wake = wake
        self._silenced_incidents = silenced_incidents

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._clock.sleep(LOOK_S)
            await self.remind()

    async def remind(self) -> int:
        """Queue the reminders that are due; returns how many incidents they tell of."""
        now_ms = self._clock.now_ms()
        silenced_incidents = self._silenced_incidents()

        def due(conn: Connection) -> list[int]:
            return [one for one in incidents.due(conn, now_ms) if one not in silenced_incidents]

        def write(conn: Connection) -> int:
            found = due(conn)
            for incident_id in found:
                enqueue.reminder(conn, incident_id, now_ms)
            return len(found)

        if not await self._db.read(due):
            return 0
        count = await self._db.write(write)
        self._wake()
        return count
