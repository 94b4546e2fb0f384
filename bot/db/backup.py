"""A verified copy of the store while Vigie runs: another process reads, nobody waits."""

import contextlib
import os
import secrets
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from bot.db import backup_files
from bot.db.db_errors import failure, one_line, refuse_lost
from bot.db.migrate import version_of
from bot.errors import StoreError


def back_up(database: Path, target: Path) -> int:
    """Copy ``database`` to ``target``, check the copy page by page; returns its size in bytes.

    The copy is of one moment and gets its name only when it is found sound, so nothing that bears
    it is ever half a copy. Nothing is overwritten. Raises StoreError.
    """
    refuse_lost(database)
    if not database.exists():
        raise StoreError(f"There is no database {database}. Check VIGIE_DATABASE.")
    with _unnamed(target) as part:
        try:
            with contextlib.closing(read_only(database)) as conn:
                version = version_of(conn)
                backup_files.write(conn, part)
        except sqlite3.Error as error:
            raise failure(error, database) from error
        _verify(part, version)
    return target.stat().st_size


def read_only(database: Path) -> sqlite3.Connection:
    """A second connection beside the one that writes: it neither writes nor checkpoints."""
    uri = f"{database.absolute().as_uri()}?mode=ro"
    return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)


def quick_check(conn: sqlite3.Connection) -> str:
    """``ok``, or the first thing that is wrong with a page of the file."""
    return str(conn.execute("PRAGMA quick_check(1)").fetchone()[0])


@contextlib.contextmanager
def _unnamed(target: Path) -> Iterator[Path]:
    """A file beside ``target`` that takes its name when the block ends well, else it goes."""
    # Nobody can plant anything at a name that nobody knows.
    part = target.with_name(f"{target.name}.{secrets.token_hex(8)}{backup_files.PART}")
    taken = StoreError(f"{target} exists: a backup overwrites nothing.")
    if target.exists():
        raise taken
    try:
        yield part
        _give_name(part, target)
    except FileExistsError:
        raise taken from None
    except OSError as error:
        raise StoreError(f"Cannot write {target}: {error.strerror}.") from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _give_name(part: Path, target: Path) -> None:
    """Unlike a rename, a link never replaces a file that came in between."""
    try:
        os.link(part, target)
    except FileExistsError:
        raise
    except OSError:  # a stick or a share that knows no links
        part.rename(target)
    backup_files.sync_folder(target.parent)


def _verify(file: Path, version: int) -> None:
    """Every page, index and row of the copy. It is read from the disk, not from memory."""
    try:
        with contextlib.closing(read_only(file)) as conn:
            verdict = conn.execute("PRAGMA integrity_check(1)").fetchone()[0]
            found = version_of(conn)
    except sqlite3.Error as error:
        raise StoreError(f"The copy could not be verified ({error}); it was removed.") from error
    if verdict != "ok" or found != version:
        raise StoreError(
            f"The copy is not sound ({one_line(verdict)}), so it was removed: the database itself"
            " is damaged, or the disk is. Keep the older copies and run `vigie doctor`."
        )
