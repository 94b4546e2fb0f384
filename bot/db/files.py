"""The database as a file: what is wrong with it in one sentence for its owner, and copies of it."""

import contextlib
import errno
import os
import secrets
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from bot.errors import StoreBusy, StoreError

FOLDER = "backups"  # beside the database: where the units and the compose file put them
PART = ".part"  # what is not whole yet
_NAME = "vigie-%Y%m%dT%H%M%SZ.db"
_NEW_FILE = (
    os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
)
_STALE = timedelta(days=1)  # no copy takes so long


def write_copy(conn: sqlite3.Connection, path: Path) -> None:
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


def dated_copy(folder: Path, moment: datetime) -> Path:
    return folder / moment.astimezone(UTC).strftime(_NAME)


def made_at(file: Path) -> datetime | None:
    """When a copy was made, by its name; None when it is none of ours."""
    try:
        return datetime.strptime(file.name, _NAME).replace(tzinfo=UTC)
    except ValueError:
        return None


def copies_in(folder: Path) -> list[Path]:
    """The dated copies of a folder, oldest first. An empty file is none."""
    found = (file for file in folder.glob("vigie-*Z.db") if made_at(file) is not None)
    return sorted(file for file in found if file.stat().st_size)


def newest_of(database: Path) -> Path | None:
    """The newest dated copy in the usual place, to name it to somebody who needs one."""
    try:
        return next(reversed(copies_in(database.parent / FOLDER)), None)
    except OSError:
        return None


def keep_newest(folder: Path, count: int) -> list[Path]:
    """Delete all but the newest ``count`` dated copies, and what an interrupted one left.

    Returns the copies that went.
    """
    found = copies_in(folder)
    old = found[: max(0, len(found) - count)]
    for file in [*old, *_left_behind(folder)]:
        file.unlink(missing_ok=True)
    return old


def _left_behind(folder: Path) -> list[Path]:
    before = datetime.now(UTC) - _STALE
    found = folder.glob(f"vigie-*Z.db*{PART}")
    parts = [(file, made_at(file.with_name(f"{file.name.partition('.')[0]}.db"))) for file in found]
    return [file for file, made in parts if made is not None and made < before]


_REMEDIES = {
    sqlite3.SQLITE_READONLY: (
        "is read-only for this user",
        "give it, its folder and its -wal and -shm files to the user Vigie runs as",
    ),
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened", "check VIGIE_DATABASE and who owns its folder"),
    sqlite3.SQLITE_PERM: ("may not be opened by this user", "check who owns it"),
    sqlite3.SQLITE_BUSY: (
        "is in use by another program",
        "stop that program, then start Vigie again",
    ),
    sqlite3.SQLITE_LOCKED: ("is in use by another program", "stop that, then start Vigie again"),
    sqlite3.SQLITE_FULL: ("has no space left on its disk", "make room, then start Vigie again"),
    sqlite3.SQLITE_IOERR: (
        "cannot be read or written",
        "check the disk: it reports an error, or is full",
    ),
}

_MAY_PASS = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}


class Diagnosis(NamedTuple):
    """``wrong`` follows the file's name, ``remedy`` is what to do; both without a full stop."""

    path: Path | str
    wrong: str
    remedy: str

    def __str__(self) -> str:
        return f"The database {self.path} {self.wrong}: {self.remedy}."


def of_error(error: sqlite3.Error, path: Path | str) -> Diagnosis:
    if Path(path).is_dir():
        return Diagnosis(path, "is a folder", "set VIGIE_DATABASE to a file in it")
    code = _code(error)
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return damaged(path, str(error))
    wrong, remedy = _REMEDIES.get(code, ("cannot be used", "`vigie doctor` may know why"))
    return Diagnosis(path, f"{wrong} ({error})", remedy)


def failure(error: sqlite3.Error, path: Path | str) -> StoreError:
    kind = StoreBusy if _code(error) in _MAY_PASS else StoreError
    return kind(str(of_error(error, path)))


def _code(error: sqlite3.Error) -> int:
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return code & 0xFF


def damaged(path: Path | str, why: str) -> Diagnosis:
    return Diagnosis(
        path,
        f"is damaged or no database ({one_line(why)}); nothing was changed",
        f"{_put_back(Path(path))}, or move the file away to start empty",
    )


def one_line(verdict: str) -> str:
    """The findings of SQLite's checks without their line breaks and heading."""
    return " ".join(verdict.replace("*** in database main ***", "").split())


def lost(file: Path) -> Diagnosis | None:
    """Why a file that is not there, or has nothing in it, is no first start; None: it is one."""
    if file.exists():
        if not file.is_file() or file.stat().st_size:
            return None
        return Diagnosis(
            file,
            "is empty (0 bytes), and Vigie never leaves it so",
            f"{_put_back(file)}, or remove the file to start empty",
        )
    changes = file.with_name(file.name + "-wal")
    if not changes.exists() or not changes.stat().st_size:
        return None
    return Diagnosis(
        file,
        f"is gone, but {changes.name} with its newest changes is there",
        f"put the file back beside it; or move that away and {_put_back(file)}",
    )


def refuse_lost(file: Path) -> None:
    """Raises StoreError when :func:`lost` finds a reason."""
    found = lost(file)
    if found is not None:
        raise StoreError(str(found))


def _put_back(file: Path) -> str:
    copy = newest_of(file)
    named = f" ({copy})" if copy else ""
    return f"put back the newest backup{named} as docs/operation.md, “Restore”, says"


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
                write_copy(conn, part)
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
    part = target.with_name(f"{target.name}.{secrets.token_hex(8)}{PART}")
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
    sync_folder(target.parent)


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


def version_of(conn: sqlite3.Connection) -> int:
    """The version of a database's schema; 0: there is none yet."""
    return int(conn.execute("PRAGMA user_version").fetchone()[0])
