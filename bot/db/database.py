"""The one SQLite connection of the process and its one writer: the database thread.

Every read and every transaction is one plain function that runs whole in that thread, so nothing
can slip into another's transaction, and cancelling a caller cannot leave one open.

The file is private to this user, checked, with our pragmas and the newest schema. Everything that
can be wrong with it becomes one sentence that says what to do. A damaged one is left as it is, to
the byte, and is never answered with an empty database. A large one is only read until every page
has been checked, for that takes seconds: writes wait until then.
"""

import asyncio
import contextlib
import logging
import sqlite3
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import aiosqlite

from bot.db import files
from bot.db.files import damaged, failure, quick_check, read_only, refuse_lost, version_of
from bot.db.migrate import migrate, newest, refuse_foreign
from bot.errors import StoreError

Connection = sqlite3.Connection
T = TypeVar("T")

log = logging.getLogger(__name__)

SLOW_S = 0.05  # no work may hold the connection longer
VERY_SLOW_S = 1.0
IN_MEMORY = ":memory:"
BUSY_MS = 5_000  # how long to wait for another program that writes
# A larger file would keep a start waiting; the nightly backup and the doctor read it whole.
CHECKED_BYTES = 512 * 1024 * 1024
CHECKED_AT_ONCE_BYTES = 16 * 1024 * 1024
# A file beside the database: the last start found it damaged, after the login to Discord. The next
# one checks before it, or a loop of restarts would use up the logins of a day.
FOUND_DAMAGED = ".damaged"
# One connection in the process: two that write or checkpoint at once can damage a WAL file before
# SQLite 3.51.3. FULL: a committed alert survives a power cut, else it is lost or sent twice.
_PRAGMAS = (
    "auto_vacuum = INCREMENTAL",  # first: it takes effect only while the file is empty
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "journal_size_limit = 1048576",
    "trusted_schema = OFF",
    "secure_delete = FAST",  # what was deleted is overwritten where that costs no writing
)


class Database:
    """Open it with :meth:`open`, close it in a ``finally``: its thread outlives the loop."""

    def __init__(self, thread: "_Thread", unchecked: Path | None = None) -> None:
        self._thread = thread
        self._closed = False
        self._check = None if unchecked is None else _Check(unchecked)
        self._checking: asyncio.Task[None] | None = None
        self.write_waiting: Callable[[], Awaitable[None]] | None = None

    @classmethod
    async def open(cls, path: Path | str, *, check_later: bool = False) -> "Database":
        """Open or create the store and bring it to this version's schema; ``:memory:`` works too.

        ``check_later``: a large file is only read until :meth:`checked` has found it sound.
        Raises StoreError with what to do: damaged, not a database, read-only, in use, or newer.
        """
        opened: list[Connection] = []
        unchecked: list[Path] = []

        def connect() -> Connection:
            reading = _open_unchecked(Path(path)) if check_later else None
            unchecked.extend([Path(path)] if reading is not None else [])
            opened.append(reading or open_file(path))
            return opened[0]

        thread = _Thread(connect, iter_chunk_size=1)
        try:
            await thread
        except BaseException:
            thread.join()
            for conn in opened:  # the caller was cancelled while it opened
                conn.close()
            raise
        return cls(thread, *unchecked)

    @property
    def may_write(self) -> bool:
        """False while its pages are being checked."""
        return self._check is None

    async def checked(self) -> None:
        """Wait until every page has been checked, and writes may begin. Raises StoreError."""
        if self._check is None:
            return
        if self._checking is None:
            self._checking = asyncio.create_task(self._begin_writing(self._check))
        await asyncio.shield(self._checking)

    async def _begin_writing(self, check: "_Check") -> None:
        await check.ended()
        await self._thread.run(lambda _: self._thread.reopen(check.file))
        self._check = None

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in the database thread, outside a transaction; nothing runs in between.

        ``work`` must fetch what it needs and return plain values, never a cursor.
        """
        return await self._run(work)

    async def settle(self) -> None:
        """Before a person reads results: have those written that wait for the next batch."""
        if self.write_waiting is not None and self.may_write:
            with contextlib.suppress(sqlite3.Error):  # then what is stored is the best there is
                await self.write_waiting()

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` inside BEGIN IMMEDIATE … COMMIT; any exception rolls it back whole.

        When the caller is cancelled the transaction still ends, whole or not at all. Raises
        whatever ``work`` does, and sqlite3.Error when the disk is full or fails.
        """
        await self.checked()
        return await self._run(lambda conn: _transact(conn, work), named=work)

    async def drain(self, delete: Callable[[Connection], int]) -> int:
        """Repeat ``delete``, a slice each time, until nothing goes; returns how many rows went."""
        total = 0
        while gone := await self.write(delete):
            total += gone
        return total

    async def empty_log(self) -> None:
        """Take what was overwritten out of the write-ahead log too; no must while others read."""
        await self.checked()
        await self._run(_empty_log)

    async def close(self) -> None:
        """Finish what is queued and close; calling it again is harmless."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._check is None:
                await self._thread.run(_optimize)
            else:
                self._check.stop()
                if self._checking is not None:
                    self._checking.cancel()
        finally:
            try:
                await self._thread.close()
            finally:
                self._thread.join()

    async def _run(
        self, work: Callable[[Connection], T], *, named: Callable[..., object] | None = None
    ) -> T:
        if self._closed:
            raise StoreError("The database is closed.")
        try:
            return await self._thread.run(lambda conn: _timed(conn, work, named or work))
        except sqlite3.DatabaseError as error:
            if self.may_write or isinstance(error, sqlite3.OperationalError):
                raise
        await self.checked()  # says what is wrong with the file
        return await self._thread.run(lambda conn: _timed(conn, work, named or work))


class _Thread(aiosqlite.Connection):
    """aiosqlite's thread with its connection, made to run one whole function at a time."""

    async def run(self, work: Callable[[Connection], T]) -> T:
        # aiosqlite has no public call for this; statement by statement, a transaction would stay
        # open across turns of the event loop, and other tasks' statements would fall into it.
        execute: Callable[..., Awaitable[T]] = self._execute
        return await execute(lambda: work(self._conn))

    def reopen(self, file: Path) -> None:
        """In the thread itself: from now on it may write. Raises StoreError."""
        reading = self._conn
        self._connection = open_file(file, checked=True)
        reading.close()

    def join(self) -> None:
        """Wait out the ending thread: it must not outlive the loop it answers to."""
        self._thread.join()


def _timed(conn: Connection, work: Callable[[Connection], T], named: Callable[..., object]) -> T:
    started = time.monotonic()
    try:
        return work(conn)
    finally:
        took_s = time.monotonic() - started
        if took_s > SLOW_S:
            level = logging.WARNING if took_s > VERY_SLOW_S else logging.DEBUG
            name = getattr(getattr(named, "func", named), "__qualname__", type(named).__name__)
            log.log(level, "The database was held for %d ms by %s", took_s * 1000, name)


def _transact(conn: Connection, work: Callable[[Connection], T]) -> T:
    with conn:  # commits at its end, or rolls back unless a full disk has done so already
        conn.execute("BEGIN IMMEDIATE")
        return work(conn)


def _empty_log(conn: Connection) -> None:
    conn.execute("PRAGMA busy_timeout = 0")
    try:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.Error as error:
        log.info("Write-ahead log not emptied: %s", error)
    finally:
        conn.execute(f"PRAGMA busy_timeout = {BUSY_MS:d}")


def _optimize(conn: Connection) -> None:
    """Refresh the planner's statistics where they are stale; a bounded look, and no must."""
    try:
        conn.execute("PRAGMA analysis_limit = 400")
        conn.execute("PRAGMA optimize")
    except sqlite3.Error as error:
        log.info("Database closed without optimizing: %s", error)


class _Check:
    """Reads every page of a file in a thread of its own, beside those who read it."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._conn = _reading(file)
        self._loop = asyncio.get_running_loop()
        self._verdict: asyncio.Future[str | sqlite3.Error] = self._loop.create_future()
        self._thread = threading.Thread(target=self._read, name="database-check", daemon=True)

    async def ended(self) -> None:
        """Raises StoreError when a page is damaged."""
        self._thread.start()
        verdict = await asyncio.shield(self._verdict)
        if verdict == "ok":
            return
        self.file.with_name(self.file.name + FOUND_DAMAGED).touch(mode=0o600)
        if isinstance(verdict, sqlite3.Error):
            raise failure(verdict, self.file) from verdict
        raise StoreError(str(damaged(self.file, verdict)))

    def stop(self) -> None:
        if self._thread.ident is None:
            self._conn.close()
            return
        with contextlib.suppress(sqlite3.ProgrammingError):  # it has just ended
            self._conn.interrupt()

    def _read(self) -> None:
        with contextlib.closing(self._conn):
            verdict: str | sqlite3.Error
            try:
                verdict = quick_check(self._conn)
            except sqlite3.Error as error:
                verdict = error
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            self._loop.call_soon_threadsafe(self._end, verdict)

    def _end(self, verdict: str | sqlite3.Error) -> None:
        if not self._verdict.done():
            self._verdict.set_result(verdict)


def _open_unchecked(file: Path) -> Connection | None:
    """Open a large file of this schema for reading; None: it has to be checked before."""
    beside = (FOUND_DAMAGED, "-journal")  # the second has to be undone first
    with contextlib.suppress(OSError, sqlite3.Error):  # opening it to write says what is wrong
        size = file.stat().st_size
        if not CHECKED_AT_ONCE_BYTES < size <= CHECKED_BYTES:
            return None
        if any(file.with_name(file.name + name).exists() for name in beside):
            return None
        refuse_lost(file)
        conn = _reading(file)
        conn.row_factory = sqlite3.Row
        if version_of(conn) == newest():
            return conn
        conn.close()
    return None


def _reading(file: Path) -> Connection:
    conn = read_only(file)
    conn.execute(f"PRAGMA busy_timeout = {BUSY_MS:d}")
    return conn


def open_file(path: Path | str, *, checked: bool = False) -> sqlite3.Connection:
    """Open or create the store and bring it to the newest schema; ``:memory:`` leaves no file.

    ``checked``: every page has been. Blocks; runs in the database thread. Raises StoreError.
    """
    file = None if str(path) == IN_MEMORY else Path(path)
    try:
        if file is not None:
            refuse_lost(file)
            if not file.exists():
                _make(file.resolve())
            if not checked:
                _check(file)
        return _open(path, file)
    except sqlite3.Error as error:
        raise failure(error, path) from error
    except OSError as error:
        raise StoreError(
            f"Cannot create the database {path}: {error.strerror}. Check VIGIE_DATABASE and who"
            " owns that folder."
        ) from error


def _make(file: Path) -> None:
    """A new database, there at once and whole or not at all, for this user alone.

    The folder too: what people typed is in there, headers included.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = file.with_name(file.name + files.PART)
    with contextlib.closing(sqlite3.connect(IN_MEMORY, isolation_level=None)) as conn:
        conn.execute(f"PRAGMA {_PRAGMAS[0]}")
        migrate(conn, None)
        files.write_copy(conn, part)
    part.rename(file)
    files.sync_folder(file.parent)
    copy = files.newest_of(file)
    if copy is None:
        log.info("Made a new, empty database: %s", file)
    else:
        log.warning("Made a new, empty database, %s, though there is a backup: %s", file, copy)


def _open(path: Path | str, file: Path | None) -> sqlite3.Connection:
    # The caller closes it from another thread if it must; only one thread ever uses it.
    conn = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        conn.row_factory = sqlite3.Row
        conn.execute(f"PRAGMA busy_timeout = {BUSY_MS:d}")
        _prepare(conn, file)
    except BaseException:
        conn.close()
        raise
    return conn


def _check(file: Path) -> None:
    """Every page, before anything is written.

    A connection that may write would move what is in the -wal into a damaged file when it closes;
    only what a crash left in a -journal has to be undone first.
    """
    if file.stat().st_size > CHECKED_BYTES:
        log.info("The database is large: it is checked by `vigie backup` and `vigie doctor` alone")
        return
    undo = file.with_name(file.name + "-journal").exists()
    with contextlib.closing(sqlite3.connect(file) if undo else read_only(file)) as conn:
        conn.execute(f"PRAGMA busy_timeout = {BUSY_MS:d}")
        verdict = quick_check(conn)
        refuse_foreign(conn, file)
    if verdict != "ok":
        raise StoreError(str(damaged(file, verdict)))
    file.with_name(file.name + FOUND_DAMAGED).unlink(missing_ok=True)


def _prepare(conn: sqlite3.Connection, file: Path | None) -> None:
    for pragma in _PRAGMAS:
        conn.execute(f"PRAGMA {pragma}")
    mode = conn.execute("PRAGMA journal_mode").fetchone()[0]
    if file is not None and mode != "wal":
        log.warning("This disk allows no write-ahead log (journal mode: %s)", mode)
    # Fails here, not at the first alert, when another program holds the file or it is read-only.
    conn.execute("BEGIN IMMEDIATE")
    conn.execute("ROLLBACK")
    migrate(conn, file)
