"""The one SQLite connection of the process and its one writer: the database thread.

Every read and every transaction is one plain function that runs whole in that thread, so nothing
can slip into another's transaction, and cancelling a caller cannot leave one open.
"""

import logging
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite

from bot.db.migrate import migrate
from bot.errors import StoreError

Connection = sqlite3.Connection
T = TypeVar("T")

log = logging.getLogger(__name__)

IN_MEMORY = ":memory:"
SLOW_S = 0.05  # no statement may hold the connection longer

# FULL: a committed flip survives a power cut, or an alert could be lost or told twice.
_PRAGMAS = """
    PRAGMA busy_timeout = 5000;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA journal_size_limit = 1048576;
    PRAGMA trusted_schema = OFF;
"""


class Database:
    """Open it with :meth:`open`, close it in a ``finally``: its thread outlives the loop."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self._closed = False

    @classmethod
    async def open(cls, path: Path | str) -> "Database":
        """Open or create the store and bring it to this version's schema.

        Raises StoreError with what to do: damaged, not a database, read-only, or newer.
        """
        if str(path) != IN_MEMORY:
            _make_private(Path(path))
        connection = await aiosqlite.connect(path, isolation_level=None)
        db = cls(connection)
        try:
            await db.read(lambda conn: _prepare(conn, str(path)))
        except BaseException:
            await db.close()
            raise
        return db

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in the database thread, outside a transaction."""
        return await self._run(work)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` inside BEGIN IMMEDIATE … COMMIT; any exception rolls it back whole.

        When the caller is cancelled the transaction still ends one way or the other.
        """
        return await self._run(lambda conn: _transact(conn, work))

    async def close(self) -> None:
        """Finish what is queued and close; calling it again is harmless."""
        if not self._closed:
            self._closed = True
            await self._connection.close()

    async def _run(self, work: Callable[[Connection], T]) -> T:
        if self._closed:
            raise StoreError("The database is closed.")
        # aiosqlite has no public call that runs one whole function in its thread; awaiting
        # statement by statement would leave transactions open across event-loop turns.
        run: Any = self._connection._execute  # noqa: SLF001 - see above
        result: T = await run(_timed, work, self._connection._conn)  # noqa: SLF001 - see above
        return result


def _timed(work: Callable[[Connection], T], conn: Connection) -> T:
    started = time.monotonic()
    try:
        return work(conn)
    finally:
        took_s = time.monotonic() - started
        if took_s > SLOW_S:
            log.debug("The database was held for %d ms by %s", took_s * 1000, work)


def _transact(conn: Connection, work: Callable[[Connection], T]) -> T:
    conn.execute("BEGIN IMMEDIATE")
    try:
        result = work(conn)
        conn.execute("COMMIT")
    except BaseException:
        # A full disk may have rolled back already.
        if conn.in_transaction:
            conn.execute("ROLLBACK")
        raise
    return result


def _make_private(path: Path) -> None:
    """Folder and file for this user alone: both hold what other people typed."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"Cannot write the database {path}: {error.strerror}. Check VIGIE_DATABASE and who"
            " owns that folder."
        ) from error


def _prepare(conn: Connection, path: str) -> None:
    conn.row_factory = sqlite3.Row
    try:
        # Only takes effect in a database that is still empty.
        conn.execute("PRAGMA auto_vacuum = INCREMENTAL")
        for pragma in _PRAGMAS.split(";"):
            conn.execute(pragma)
        verdict = conn.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise StoreError(_damaged(path, verdict))
        migrate(conn, path)
    except sqlite3.DatabaseError as error:
        if "readonly" in str(error):
            raise StoreError(f"The database {path} is read-only for this user.") from error
        raise StoreError(_damaged(path, str(error))) from error


def _damaged(path: str, detail: str) -> str:
    return (
        f"The database {path} is damaged or no database ({detail}). Nothing was changed;"
        " put back the newest backup, or move the file away to start empty."
    )
