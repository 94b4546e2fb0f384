"""Collects plain results and changed judge states, and writes them every five seconds at once.

Before results are read they are written: :meth:`bot.db.database.Database.settle`.
"""

import itertools
import logging
import math
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from bot.clock import HOUR_MS, Clock
from bot.db import incidents, monitors, results, rollups
from bot.db.database import Connection, Database
from bot.db.results import ResultRow
from bot.db.rollups import Players
from bot.models import CheckResult
from bot.services.watchlist import Entry, Watchlist

log = logging.getLogger(__name__)

FLUSH_S = 5.0
TROUBLE_S = 10.0
KEPT_RESULTS = 100_000  # while the disk refuses writes: the newest are kept
# One transaction writes so many of each at most: more would hold the store for others.
RESULTS_AT_ONCE, STATES_AT_ONCE = 1_000, 150


class ResultBatch:
    """Everything that may wait; what is to be sent does not pass through here."""

    def __init__(self, db: Database, clock: Clock, watchlist: Watchlist) -> None:
        self._db, self._clock, self._watchlist = db, clock, watchlist
        self._results: list[ResultRow] = []
        self._dirty: set[int] = set()
        self._held: set[int] = set()
        self._certificates: dict[int, str] = {}
        self._players: dict[tuple[int, int], Players] = {}

    def add(self, entry: Entry, result: CheckResult) -> None:
        cause = None if result.cause is None else str(result.cause)
        took_ms = result.phases.total
        total = max(1, round(took_ms)) if took_ms else 0  # 0: nobody knows
        self._results.append(ResultRow(result.at_ms, entry.monitor.id, total, cause))
        count = None if result.game is None else result.game.players
        if entry.monitor.players and count is not None:
            key = (entry.monitor.id, result.at_ms // HOUR_MS)
            self._players[key] = Players(*key, 1, count, count).plus(self._players.get(key))

    def touch(self, entry: Entry) -> None:
        """Store the entry's judge state, and its incident if it has one, with the next batch."""
        self._dirty.add(entry.monitor.id)

    def remember_certificate(self, monitor_id: int, sightings: str) -> None:
        self._certificates[monitor_id] = sightings

    def forget_certificate(self, monitor_id: int) -> None:
        """Something newer is written by itself."""
        self._certificates.pop(monitor_id, None)

    @contextmanager
    def held(self, entries: Iterable[Entry]) -> Iterator[None]:
        """Leave these alone during their commit: memory is older than the store for a moment."""
        ids = {entry.monitor.id for entry in entries}
        self._held |= ids
        try:
            yield
        finally:
            self._held -= ids

    async def run(self) -> None:
        """Flush every five seconds until cancelled; a refusing disk is waited out."""
        while True:
            await self._clock.sleep(FLUSH_S)
            try:
                await self.flush()
            except sqlite3.OperationalError as error:  # a full disk fails for hours: no traceback
                log.error("Results cannot be stored, retrying: %s", error)  # noqa: TRY400
                await self._clock.sleep(TROUBLE_S)
            except Exception:
                log.exception("Results could not be stored, retrying")

    async def flush(self) -> None:
        """Write all that waits; what could not be written is kept."""
        states = max(len(self._dirty - self._held), len(self._certificates))
        parts = max(len(self._results) / RESULTS_AT_ONCE, states / STATES_AT_ONCE)
        for _ in range(math.ceil(parts)):
            await self._flush_part()

    async def _flush_part(self) -> None:
        rows, self._results = self._results[:RESULTS_AT_ONCE], self._results[RESULTS_AT_ONCE:]
        dirty = set(itertools.islice(self._dirty - self._held, STATES_AT_ONCE))
        self._dirty -= dirty
        seen = dict(itertools.islice(self._certificates.items(), STATES_AT_ONCE))
        for monitor_id in seen:
            del self._certificates[monitor_id]
        entries = [e for e in map(self._watchlist.find, dirty) if e is not None]
        memories = [(e.monitor.id, e.judge_state.dump(), e.incident) for e in entries]
        counted, self._players = self._players, {}
        watched = {one: text for one, text in seen.items() if self._watchlist.find(one) is not None}

        def write(conn: Connection) -> None:
            results.append(conn, rows)
            rollups.add_players(conn, counted.values())
            for monitor_id, dump, incident in memories:
                monitors.save_judge_state(conn, monitor_id, dump)
                if incident is not None:
                    incidents.update(conn, incident)
            for monitor_id, sightings in watched.items():
                monitors.save_certificate_warnings(conn, monitor_id, sightings)

        try:
            await self._db.write(write)
        except BaseException:
            self._results = (rows + self._results)[-KEPT_RESULTS:]
            self._dirty |= dirty
            for key, one in counted.items():
                self._players[key] = one.plus(self._players.get(key))
            self._certificates = seen | self._certificates
            raise
