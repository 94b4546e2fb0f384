"""A verified copy of the store while Vigie runs: another process reads, nobody waits."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from bot.db.migrate import copy
from bot.db.opening import explain
from bot.errors import StoreError


def back_up(database: Path, target: Path) -> int:
    """Copy ``database`` to ``target``, check the copy page by page; returns its size in bytes.

    The copy is of one moment. Nothing is ever overwritten, and what could not be verified does not
    stay. Raises StoreError.
    """
    if not database.is_file():
        raise StoreError(f"There is no database {database}. Check VIGIE_DATABASE.")
    with _reserved(target):
        try:
            with contextlib.closing(read_only(database)) as conn:
                version = conn.execute("PRAGMA user_version").fetchone()[0]
                copy(conn, target)
        except sqlite3.Error as error:
            raise StoreError(explain(error, database)) from error
        _verify(target, version)
    return target.stat().st_size


def read_only(database: Path) -> sqlite3.Connection:
    """A second connection beside the one that writes: it neither writes nor checkpoints."""
    uri = f"{database.absolute().as_uri()}?mode=ro"
    return sqlite3.connect(uri, uri=True, isolation_level=None)


def keep_newest(folder: Path, pattern: str, count: int) -> list[Path]:
    """Delete all but the newest ``count`` files of that pattern, by name; returns what went."""
    found = sorted(folder.glob(pattern))
    old = found[: max(0, len(found) - count)]
    for file in old:
        file.unlink(missing_ok=True)
    return old


@contextlib.contextmanager
def _reserved(target: Path) -> Iterator[None]:
    """The name is ours before the work begins, and free again when it fails."""
    try:
        target.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        raise StoreError(f"{target} exists: a backup overwrites nothing.") from None
    except OSError as error:
        raise StoreError(f"Cannot write {target}: {error.strerror}.") from error
    part = target.with_name(target.name + ".part")
    try:
        yield
    except BaseException as error:
        for file in (target, part):
            file.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise StoreError(f"Cannot write {target}: {error.strerror}.") from error
        raise


def _verify(file: Path, version: int) -> None:
    """Every page, index and row of the copy. It is read from the disk, not from memory."""
    try:
        with contextlib.closing(read_only(file)) as conn:
            verdict = conn.execute("PRAGMA integrity_check(1)").fetchone()[0]
            found = conn.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.Error as error:
        raise StoreError(f"The copy could not be verified ({error}); it was removed.") from error
    if verdict != "ok" or found != version:
        raise StoreError(f"The copy is not sound ({verdict}); it was removed.")
