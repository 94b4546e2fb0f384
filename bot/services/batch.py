"""Plain results and changed memories: kept for about a second, then written in one transaction."""

import asyncio
import logging
import sqlite3

from bot.clock import Clock
from bot.db import incidents, monitors, results
from bot.db.database import Connection, Database
from bot.db.packing import ResultRow
from bot.models import CheckResult
from bot.services.watchlist import Entry, Watchlist

log = logging.getLogger(__name__)

FLUSH_S = 1.0
TROUBLE_S = 10.0
KEPT_RESULTS = 100_000  # while the disk refuses writes: the newest are kept


class Batch:
    """What may wait; whatever somebody must be told of does not pass through here."""

    def __init__(
        self, db: Database, clock: Clock, watchlist: Watchlist, lock: asyncio.Lock
    ) -> None:
        self._db = db
        self._clock = clock
        self._watchlist = watchlist
        # The recorder's: between a flip's commit and its memory, memory is older than the store.
        self._lock = lock
        self._results: list[ResultRow] = []
        self._dirty: set[int] = set()

    def note(self, entry: Entry, result: CheckResult) -> None:
        """Keep one try's result."""
        cause = None if result.cause is None else str(result.cause)
        total = round(result.phases.total)
        self._results.append(ResultRow(result.at_ms, entry.monitor.id, total, cause))

    def touch(self, entry: Entry) -> None:
        """The entry's memory, and its incident if it has one, are to be stored."""
        self._dirty.add(entry.monitor.id)

    async def run(self) -> None:
        """Flush about once a second until cancelled; a refusing disk is waited out."""
        while True:
            await self._clock.sleep(FLUSH_S)
            try:
                await self.flush()
            except sqlite3.OperationalError as error:  # a full disk fails for hours: no traceback
                log.error("Results cannot be stored (%s); they are kept", error)  # noqa: TRY400
                await self._clock.sleep(TROUBLE_S)
            except Exception:
                log.exception("Results could not be stored; they are kept and tried again")

    async def flush(self) -> None:
        """Write all that waits; what could not be written is kept."""
        async with self._lock:
            await self._flush()

    async def _flush(self) -> None:
        rows, self._results = self._results, []
        dirty, self._dirty = self._dirty, set()
        if not rows and not dirty:
            return
        entries = [e for e in map(self._watchlist.find, dirty) if e is not None]
        memories = [(e.monitor.id, e.memory.dump(), e.incident) for e in entries]

        def write(conn: Connection) -> None:
            results.append(conn, rows)
            for monitor_id, dump, incident in memories:
                monitors.save_memory(conn, monitor_id, dump)
                if incident is not None:
                    incidents.update(conn, incident)

        try:
            await self._db.write(write)
        except BaseException:
            self._results = (rows + self._results)[-KEPT_RESULTS:]
            self._dirty |= dirty
            raise
