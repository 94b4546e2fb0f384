"""Queues reminders of open incidents that nobody has acknowledged, and calls the next to help.

Both where a server wants it; a call is made once for each incident.
"""

from collections.abc import Callable

from bot.clock import Clock
from bot.db import incidents
from bot.db.database import Connection, Database
from bot.services.delivery import enqueue

LOOK_S = 60.0


class Reminders:
    """``wake`` is called when a reminder waits to be sent.

    ``silenced_incidents`` gives the ids of incidents that are silenced now.
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
        """Look every minute until cancelled."""
        while True:
            await self._clock.sleep(LOOK_S)
            await self.remind()

    async def remind(self) -> int:
        """Queue the calls and reminders that are due; returns how many."""
        now_ms = self._clock.now_ms()
        called = await self._queue(incidents.to_escalate, enqueue.call, now_ms)
        return called + await self._queue(incidents.due, enqueue.reminder, now_ms)

    async def _queue(
        self,
        find: Callable[[Connection, int], list[int]],
        add: Callable[[Connection, int, int], None],
        now_ms: int,
    ) -> int:
        due = await self._db.read(lambda conn: find(conn, now_ms))
        silenced = self._silenced_incidents() if due else set()
        found = [incident_id for incident_id in due if incident_id not in silenced]
        if not found:
            return 0

        def write(conn: Connection) -> None:
            for incident_id in found:
                add(conn, incident_id, now_ms)

        await self._db.write(write)
        self._wake()
        return len(found)
