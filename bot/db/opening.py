"""Opens the SQLite file: private to this user, checked, with our pragmas and the newest schema.

Everything that can be wrong with the file becomes one sentence that says what to do.
"""

import logging
import sqlite3
from importlib.resources.abc import Traversable
from pathlib import Path

from bot.db.migrate import FOLDER, migrate
from bot.errors import StoreError

log = logging.getLogger(__name__)

IN_MEMORY = ":memory:"
BUSY_MS = 5_000  # how long to wait for another program that writes
# One connection in the process: two that write or checkpoint at once can damage a WAL file before
# SQLite 3.51.3. FULL: a committed alert survives a power cut, else it is lost or told twice.
_PRAGMAS = (
    "auto_vacuum = INCREMENTAL",  # first: it takes effect only while the file is empty
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "journal_size_limit = 1048576",
    "trusted_schema = OFF",
)
_REMEDIES = {
    sqlite3.SQLITE_READONLY: "is read-only for this user. Give it, its folder and its -wal and"
    " -shm files to the user Vigie runs as",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened. Check VIGIE_DATABASE and who owns that folder",
    sqlite3.SQLITE_PERM: "may not be opened by this user. Check who owns it",
    sqlite3.SQLITE_BUSY: "is in use by another program. Stop that program, then start Vigie again",
    sqlite3.SQLITE_LOCKED: "is in use by another program. Stop that, then start Vigie again",
    sqlite3.SQLITE_FULL: "has no space left on its disk. Make room, then start Vigie again",
    sqlite3.SQLITE_IOERR: "cannot be read or written: the disk reports an error, or is full",
}
_DAMAGED = (
    "is damaged or no database. Nothing was changed: put back the newest backup, or move the file"
    " away to start empty"
)


def open_file(path: Path | str, folder: Traversable = FOLDER) -> sqlite3.Connection:
    """Open or create the store and bring it to the newest schema; ``:memory:`` leaves no file.

    Blocks; runs in the database thread. Raises StoreError.
    """
    file = None if str(path) == IN_MEMORY else Path(path)
    if file is not None:
        _make_private(file)
    conn: sqlite3.Connection | None = None
    try:
        # The caller closes it from another thread if it must; only one thread ever uses it.
        conn = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        _prepare(conn, file, folder)
    except BaseException as error:
        if conn is not None:
            conn.close()
        if isinstance(error, sqlite3.Error):
            raise StoreError(explain(error, path)) from error
        raise
    return conn


def explain(error: sqlite3.Error, path: Path | str) -> str:
    """One sentence on what is wrong with the file and what to do about it."""
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    damaged = code & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
    remedy = _DAMAGED if damaged else _REMEDIES.get(code & 0xFF, "cannot be used")
    return f"The database {path} {remedy} ({error})."


def _make_private(file: Path) -> None:
    """Folder and file for this user alone: they hold what people typed, headers included."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not file.exists():
            file.touch(mode=0o600)
    except OSError as error:
        raise StoreError(
            f"Cannot create the database {file}: {error.strerror}. Check VIGIE_DATABASE and who"
            " owns that folder."
        ) from error


def _prepare(conn: sqlite3.Connection, file: Path | None, folder: Traversable) -> None:
    conn.row_factory = sqlite3.Row
    conn.execute(f"PRAGMA busy_timeout = {BUSY_MS:d}")
    for pragma in _PRAGMAS:
        conn.execute(f"PRAGMA {pragma}")
    mode = conn.execute("PRAGMA journal_mode").fetchone()[0]
    if file is not None and mode != "wal":
        log.warning("This disk allows no write-ahead log (journal mode: %s)", mode)
    verdict = conn.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise StoreError(f"The database {file} {_DAMAGED} ({verdict}).")
    # Fails here, not at the first alert, when another program holds the file or it is read-only.
    conn.execute("BEGIN IMMEDIATE")
    conn.execute("ROLLBACK")
    migrate(conn, file, folder)
