"""One Vigie per database: a kernel lock beside the file, free at once after kill -9."""

import errno
import importlib
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType

from bot.errors import StoreError

log = logging.getLogger(__name__)

_TAKEN = frozenset({errno.EWOULDBLOCK, errno.EACCES})
_LOOKS, _LOOK_S = 10, 0.03
_WAL_BYTE = 18  # of the file: 2 says that changes are in a -wal first (sqlite.org/fileformat.html)


@contextmanager
def instance_lock(database: Path) -> Iterator[None]:
    """Hold ``<database>.lock`` while the block runs. Raises StoreError when another holds it.

    The lock belongs to the open file: a child made by ``fork`` alone would share and keep it, so
    children are started by ``subprocess`` or ``spawn``, which close it.
    """
    # Two names of one file are one database.
    real = database.resolve()
    path = real.with_name(real.name + ".lock")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    except OSError as error:
        raise StoreError(f"Cannot write {path}: {error.strerror}. Check who owns it.") from error
    try:
        _take(handle, database)
        if _holder(handle) and _has_lost_changes(real):
            log.warning(
                "Vigie did not end in order last time and %s-wal is not there: unless another"
                " program tidied it up, the newest changes were in it and are lost",
                database,
            )
        _note(handle, f"{os.getpid()}\n")
        try:
            yield
        finally:
            _note(handle, "")  # ended in order, if only to say that it could not go on
    finally:
        # The file stays: removing it would let two processes lock two files of one name.
        os.close(handle)


def is_held(database: Path) -> bool:
    """True when a Vigie runs on this database. Writes nothing; asks for less than a millisecond."""
    real = database.resolve()
    fcntl = _kernel_locks()
    if fcntl is None:
        return False
    try:
        handle = os.open(real.with_name(real.name + ".lock"), os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in _TAKEN
    else:
        return False
    finally:
        os.close(handle)


def _take(handle: int, database: Path) -> None:
    fcntl = _kernel_locks()
    if fcntl is None:
        log.warning("This system has no file locks: take care not to start Vigie twice")
        return
    try:
        _lock_soon(fcntl, handle)
    except OSError as error:
        if error.errno not in _TAKEN:
            raise StoreError(
                f"The folder of {database} allows no file locks ({error.strerror})."
                " Set VIGIE_DATABASE to a path on a local disk."
            ) from error
        holder = _holder(handle)
        known = f" (process {holder})" if holder else ""
        raise StoreError(
            f"Another Vigie already uses {database}{known}. Stop it, or set VIGIE_DATABASE."
        ) from error


def _lock_soon(fcntl: ModuleType, handle: int) -> None:
    """The doctor holds it for a moment to see whether it is held: no reason not to start."""
    for _ in range(_LOOKS):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in _TAKEN:
                raise
            time.sleep(_LOOK_S)
        else:
            return
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _holder(handle: int) -> str:
    """The process that holds the lock, or held it and did not end in order."""
    text = os.pread(handle, 20, 0).decode(errors="replace").strip()
    return text if text.isdigit() else ""


def _note(handle: int, text: str) -> None:
    with suppress(OSError):  # a courtesy; a full disk may refuse it
        os.truncate(handle, 0)
        os.pwrite(handle, text.encode(), 0)


def _has_lost_changes(database: Path) -> bool:
    """A database in WAL mode that was in use has a -wal beside it until it is closed in order."""
    try:
        with database.open("rb") as file:
            header = file.read(_WAL_BYTE + 1)
    except OSError:
        return False
    in_wal_mode = header[_WAL_BYTE:] == b"\x02"
    return in_wal_mode and not database.with_name(database.name + "-wal").exists()


def _kernel_locks() -> ModuleType | None:
    """The module that has them, where there is one (Linux, macOS, BSD)."""
    try:
        return importlib.import_module("fcntl")
    except ImportError:
        return None
