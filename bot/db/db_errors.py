"""What is wrong with the database's file and what to do about it: one sentence for its owner."""

import sqlite3
from pathlib import Path
from typing import NamedTuple

from bot.db import backup_files
from bot.errors import StoreBusy, StoreError

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
    sqlite3.SQLITE_FULL: (
        "has no space left on its disk",
        "make room, then start Vigie again",
    ),
    sqlite3.SQLITE_IOERR: (
        "cannot be read or written",
        "look at the disk: it reports an error, or is full",
    ),
}

_MAY_PASS = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
}


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
    copy = backup_files.newest_of(file)
    named = f" ({copy})" if copy else ""
    return f"put back the newest backup{named} as docs/operation.md, “Restore”, says"
