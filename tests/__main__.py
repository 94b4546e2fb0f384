"""``python -m tests``: the whole suite, its waiting parts side by side.

Most of the time the tests of the real process wait for rounds of a second, so six runs of pytest
share two cores well. With arguments it is one plain run: ``python -m tests tests/engine -k judge``.
"""

import re
import subprocess
import sys
import time
from collections.abc import Sequence

PROCESSES = ("tests/faults", "tests/cli")
MAIN_JOB = ("tests/test_main_job.py", "tests/scenarios")
COGS = ("tests/cogs",)
DISCORD = ("tests/sandbox", "tests/discord")
PLACES = ("tests/places",)
ELSEWHERE = tuple(f"--ignore={path}" for path in PROCESSES + MAIN_JOB + COGS + DISCORD + PLACES)
SHARES: tuple[Sequence[str], ...] = (
    *(PROCESSES, MAIN_JOB, COGS, DISCORD, PLACES),
    ("tests", *ELSEWHERE),
)
_COUNT = re.compile(r"(\d+) (passed|failed|errors?|skipped)")


def main(arguments: Sequence[str]) -> int:
    """Returns 0 when every share passed, else the worst exit status."""
    if arguments:
        return subprocess.call(_pytest(arguments))
    begun = time.monotonic()
    running = [
        subprocess.Popen(
            _pytest(["-ra", *share]), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for share in SHARES
    ]
    counts: dict[str, int] = {}
    worst = 0
    for share, process in zip(SHARES, running, strict=True):
        output, _ = process.communicate()
        print(f"── {share[0]}\n{output}", flush=True)
        worst = max(worst, abs(process.returncode))
        for number, what in _COUNT.findall(output.strip().rpartition("\n")[2]):
            kind = "failed" if what.startswith("error") else what
            counts[kind] = counts.get(kind, 0) + int(number)
    print(f"{time.monotonic() - begun:.0f} s")
    passed, failed, skipped = (counts.get(kind, 0) for kind in ("passed", "failed", "skipped"))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return worst


def _pytest(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "pytest", *arguments]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
