"""One Vigie per database: a kernel lock beside the file, free at once after kill -9."""

import errno
import importlib
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType

from bot.errors import StoreError

log = logging.getLogger(__name__)


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
        with suppress(OSError):  # who holds it is a courtesy; a full disk may refuse it
            os.truncate(handle, 0)
            os.write(handle, f"{os.getpid()}\n".encode())
        yield
    finally:
        # The file stays: removing it would let two processes lock two files of one name.
        os.close(handle)


def is_held(database: Path) -> bool:
    """Whether a Vigie runs on this database. Writes nothing; asks for less than a millisecond."""
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
        return error.errno in {errno.EWOULDBLOCK, errno.EACCES}
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
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in {errno.EWOULDBLOCK, errno.EACCES}:
            raise StoreError(
                f"The folder of {database} allows no file locks ({error.strerror})."
                " Set VIGIE_DATABASE to a path on a local disk."
            ) from error
        holder = os.pread(handle, 20, 0).decode(errors="replace").strip()
        known = f" (process {holder})" if holder.isdigit() else ""
        raise StoreError(
            f"Another Vigie already uses {database}{known}. Stop it, or set VIGIE_DATABASE."
        ) from error


def _kernel_locks() -> ModuleType | None:
    """The module that has them, where there is one (Linux, macOS, BSD)."""
    try:
        return importlib.import_module("fcntl")
    except ImportError:
        return None
