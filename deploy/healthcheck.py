"""Is the Vigie of this container alive? Its database is stamped every 30 seconds while it is.

Cheap on purpose (no import of Vigie, one read): it runs every minute. Exit 0 alive, 1 not.
"""

import os
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

OLD_S = 120


def age_s(database: Path) -> float:
    """Seconds since the last stamp. Raises sqlite3.Error when there is none to read."""
    uri = f"{database.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=5)) as conn:
        row = conn.execute("SELECT value FROM setting WHERE key = 'alive_ms'").fetchone()
    return time.time() - int(row[0]) / 1000 if row else float("inf")


def main() -> int:
    database = Path(os.environ.get("VIGIE_DATABASE", "data/vigie.db"))
    try:
        age = age_s(database)
    except sqlite3.Error as error:
        print(f"{database}: {error}", file=sys.stderr)
        return 1
    print(f"stamped {age:.0f} s ago")
    return int(age > OLD_S)


if __name__ == "__main__":
    sys.exit(main())
