"""``python -m tests.fuzz N``: tests/fuzz, N times as long as in the suite (10 if left out)."""

import os
import subprocess
import sys
from pathlib import Path

from tests.fuzz.effort import TIMES


def main(arguments: list[str]) -> int:
    """Returns pytest's exit status. What follows N is handed to pytest, such as ``-k typed``."""
    times, *more = arguments or ["10"]
    if not times.isdigit() or int(times) < 1:
        print("usage: python -m tests.fuzz [N] [options of pytest]", file=sys.stderr)
        return 2
    command = [sys.executable, "-m", "pytest", "-q", str(Path(__file__).parent), *more]
    return subprocess.call(command, env=os.environ | {TIMES: times})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
