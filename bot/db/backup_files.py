"""Copies of the database: how one is made, the names of the dated ones, which stay."""

import contextlib
import errno
import os
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

FOLDER = "backups"  # beside the database: where the units and the compose file put them
PART = ".part"  # what is not whole yet
_NAME = "vigie-%Y%m%dT%H%M%SZ.db"
_NEW_FILE = (
    os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
)
_STALE = timedelta(days=1)  # no copy takes so long


def write(conn: sqlite3.Connection, path: Path) -> None:
    """The whole database at ``path`` in one file, for this user alone, and on the disk.

    What was at ``path`` is replaced. Raises sqlite3.Error and OSError, and then leaves nothing.
    In a folder that others may write to, nothing of it ever reaches a file of theirs.
    """
    path.unlink(missing_ok=True)
    # Open to the end: closing it would free the locks of SQLite.
    handle = os.open(path, _NEW_FILE, 0o600)
    try:
        with contextlib.closing(sqlite3.connect(path)) as target:
            _check_opened(handle)
            conn.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")  # or it would need a -wal of its own
        os.fsync(handle)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(handle)


def _check_opened(handle: int) -> None:
    """SQLite opens by the name, which somebody else may have given to another file meanwhile."""
    ours = os.fstat(handle)
    try:
        numbers = [int(name) for name in os.listdir("/dev/fd")]  # noqa: PTH208 - Linux, macOS, BSD
    except OSError:
        return
    opened = 0
    for number in numbers:
        with contextlib.suppress(OSError):
            opened += os.path.samestat(os.fstat(number), ours)
    if opened < 2:  # noqa: PLR2004 - ours and SQLite's
        raise PermissionError(errno.EPERM, "somebody else exchanges files in that folder")


def sync_folder(folder: Path) -> None:
    """Have a new name survive a power cut, where the system can promise that."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def dated(folder: Path, moment: datetime) -> Path:
    return folder / moment.astimezone(UTC).strftime(_NAME)


def made_at(file: Path) -> datetime | None:
    """When a copy was made, by its name; None when it is none of ours."""
    try:
        return datetime.strptime(file.name, _NAME).replace(tzinfo=UTC)
    except ValueError:
        return None


def all_in(folder: Path) -> list[Path]:
    """The dated copies of a folder, oldest first. An empty file is none."""
    found = (file for file in folder.glob("vigie-*Z.db") if made_at(file) is not None)
    return sorted(file for file in found if file.stat().st_size)


def newest_of(database: Path) -> Path | None:
    """The newest dated copy in the usual place, to name it to somebody who needs one."""
    try:
        return next(reversed(all_in(database.parent / FOLDER)), None)
    except OSError:
        return None


def keep_newest(folder: Path, count: int) -> list[Path]:
    """Delete all but the newest ``count`` dated copies, and what an interrupted one left.

    Returns the copies that went.
    """
    found = all_in(folder)
    old = found[: max(0, len(found) - count)]
    for file in [*old, *_left_behind(folder)]:
        file.unlink(missing_ok=True)
    return old


def _left_behind(folder: Path) -> list[Path]:
    before = datetime.now(UTC) - _STALE
    found = folder.glob(f"vigie-*Z.db*{PART}")
    parts = [(file, made_at(file.with_name(f"{file.name.partition('.')[0]}.db"))) for file in found]
    return [file for file, made in parts if made is not None and made < before]
