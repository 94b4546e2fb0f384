"""``vigie backup FILE``: a verified copy of the database, also while Vigie runs."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from bot.cli import EXIT_OK
from bot.config import Config
from bot.db.backup import back_up, keep_newest
from bot.errors import StoreError

NOT_DONE = 1
KEPT = 7


def run(file: str, *, keep: int, config: Config) -> int:
    """Returns 0 when a verified copy is there, 1 when there is none.

    When ``file`` is a folder, the copy is named after the moment and the newest ``keep`` stay.
    """
    target = Path(file)
    in_folder = target.is_dir()
    if in_folder:
        target /= f"vigie-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.db"
    try:
        size = back_up(config.database, target)
        gone = keep_newest(target.parent, "vigie-*Z.db", keep) if in_folder else []
    except (StoreError, OSError) as error:
        print(f"vigie: {error}", file=sys.stderr)
        return NOT_DONE
    print(f"{target}: {size / 1e6:.1f} MB, verified")
    for old in gone:
        print(f"{old}: removed, {keep} newer ones are kept")
    return EXIT_OK
