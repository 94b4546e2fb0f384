"""One Vigie per database: a kernel lock beside the file, free at once after kill -9."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.errors import StoreError


@contextmanager
def instance_lock(database: Path) -> Iterator[None]:
    """Hold ``<database>.lock`` while the block runs. Raises StoreError when another holds it."""
    path = database.with_name(database.name + ".lock")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(f"Cannot write {path}: {error.strerror}.") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StoreError(
                f"Another Vigie already uses {database}. Stop it, or set VIGIE_DATABASE."
            ) from error
        yield
    finally:
        os.close(handle)
