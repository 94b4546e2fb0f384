"""Opens the SQLite file: private to this user, checked, with our pragmas and the newest schema.

Everything that can be wrong with the file becomes one sentence that says what to do. A file that
is damaged is left as it is, to the byte, and is never answered with an empty database.
"""

import contextlib
import logging
import sqlite3
from pathlib import Path

from bot.db import backup_files
from bot.db.backup import quick_check, read_only
from bot.db.db_errors import damaged, failure, refuse_lost
from bot.db.migrate import migrate, refuse_foreign
from bot.errors import StoreError

log = logging.getLogger(__name__)

IN_MEMORY = ":memory:"
BUSY_MS = 5_000  # how long to wait for another program that writes
# A larger file would keep a start waiting; the nightly backup and the doctor read it whole.
CHECKED_BYTES = 512 * 1024 * 1024
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


def open_file(path: Path | str) -> sqlite3.Connection:
    """Open or create the store and bring it to the newest schema; ``:memory:`` leaves no file.

    Blocks; runs in the database thread. Raises StoreError.
    """
    file = None if str(path) == IN_MEMORY else Path(path)
    try:
        if file is not None:
            refuse_lost(file)
            if not file.exists():
                _make(file.resolve())
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
    part = file.with_name(file.name + backup_files.PART)
    with contextlib.closing(sqlite3.connect(IN_MEMORY, isolation_level=None)) as conn:
        conn.execute(f"PRAGMA {_PRAGMAS[0]}")
        migrate(conn, None)
        backup_files.write(conn, part)
    part.rename(file)
    backup_files.sync_folder(file.parent)
    copy = backup_files.newest_of(file)
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
