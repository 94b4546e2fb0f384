"""``python -m tests.scenarios [SEEDS]``: plays fresh seeds of every kind and prints a table."""

import random
import sys
import time

from tests.scenarios.files import FOLDER, recorded
from tests.scenarios.kinds import KINDS, make
from tests.scenarios.playing import ScenarioResult, play, table
from tests.scenarios.scoring import Score

SEEDS = 20


def main() -> int:
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else SEEDS
    first = random.SystemRandom().randrange(10**9)
    started = time.monotonic()
    played = [play(make(kind, first + n)) for kind in KINDS for n in range(seeds)]
    print(f"{seeds} seeds from {first}, {time.monotonic() - started:.0f} s")
    print(table(played))
    if FOLDER.is_dir():
        files = [play(scenario) for scenario in recorded()]
        print(f"\nrecorded files\n{table(files)}\n{_sum(files)}")
    return 0


def _sum(files: list[ScenarioResult]) -> str:
    total = sum((one.score for one in files), Score())
    return (
        f"in all: {total.posts} posts, {total.early} early, {total.false} false,"
        f" {total.missed} missed, {total.untrue} untrue minutes in {total.incidents} incidents"
        f" ({total.untrue_each:.1f} each)"
    )


if __name__ == "__main__":
    sys.exit(main())
