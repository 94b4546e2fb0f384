"""``vigie backup FILE``: a verified copy of the database, also while Vigie runs.

In a folder (one that exists, or ``FOLDER/``) the copies are named after their moment and the newest
stay; ``--daily`` stays as well and makes one a day, where there is no timer (deploy/compose.yaml).
"""

import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from bot.cli import EXIT_CONFIG, EXIT_FAILURE, EXIT_OK, EXIT_USAGE, fail
from bot.config import Config
from bot.db import files
from bot.db.files import back_up
from bot.errors import StoreError

KEPT = 7
DAY_S = 86_400.0
AGAIN_S = 3_600.0  # after a failure, and between looks: a clock that is set is noticed
BEGIN_S = 60.0  # at the very first start Vigie makes its database meanwhile


def run(file: str, *, keep: int | None, daily: bool, config: Config) -> int:
    """Returns 0 when a verified copy is there, 1 when there is none, 2 for options that clash."""
    target = Path(file)
    in_folder = file.endswith("/") or target.is_dir()
    if daily and (target.is_file() or (target.suffix == ".db" and not in_folder)):
        sentence = f"--daily makes its copies in a folder, and {file} looks like a file."
        return fail(sentence, EXIT_USAGE)
    if keep is not None and not daily and not in_folder:
        return fail(f"--keep counts copies in a folder: write {file}/ if that is one.", EXIT_USAGE)
    keep = KEPT if keep is None else keep
    if not daily:
        return _once(target, keep, config, at_s=time.time() if in_folder else None)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(EXIT_OK))  # process 1 hears nothing else
    try:
        every_day(target, keep, config)
    except KeyboardInterrupt:
        return EXIT_OK
    except OSError as error:
        return fail(f"Cannot use the folder {file}: {error.strerror}.", EXIT_CONFIG)


def every_day(
    folder: Path,
    keep: int,
    config: Config,
    *,
    now: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> NoReturn:
    """A copy whenever the newest is a day old, until a signal ends it. Raises OSError.

    The age is the files' own, so starting it again and again makes no more of them, which would
    push the older days out.
    """
    _make(folder)
    sleep(BEGIN_S)
    while True:
        wait_s = _due_in_s(folder, now())
        if wait_s <= 0:
            wait_s = AGAIN_S if _once(folder, keep, config, at_s=now()) else DAY_S
        sleep(min(wait_s, AGAIN_S))


def _due_in_s(folder: Path, now_s: float) -> float:
    """A copy from the future, made under a wrong clock, counts for nothing."""
    made = [at.timestamp() for at in map(files.made_at, files.copies_in(folder)) if at is not None]
    newest_s = max((at_s for at_s in made if at_s <= now_s), default=0.0)
    return newest_s + DAY_S - now_s


def _once(target: Path, keep: int, config: Config, *, at_s: float | None) -> int:
    """``at_s``: the target is a folder, and the moment the copy in it is named after."""
    try:
        if at_s is None:
            _print_size(target, back_up(config.database, target))
        else:
            _in_folder(target, keep, config, datetime.fromtimestamp(at_s, UTC))
    except (StoreError, OSError) as error:
        return fail(error, EXIT_FAILURE)
    return EXIT_OK


def _in_folder(folder: Path, keep: int, config: Config, moment: datetime) -> None:
    _make(folder)
    target = files.dated_copy(folder, moment)
    _print_size(target, back_up(config.database, target))
    for old in files.keep_newest(folder, keep):
        print(f"{old}: removed, {keep} newer ones are kept", flush=True)


def _make(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _print_size(target: Path, size: int) -> None:
    print(f"{target}: {size / 1e6:.1f} MB, verified", flush=True)
