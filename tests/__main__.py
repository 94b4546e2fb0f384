"""``python -m tests``: the whole suite, many parts of it side by side.

Most of the time tests of the running bot wait for rounds of a second, so more parts run at once
than there are cores: on purpose two cores have too much to do, as on a busy machine. What fails
there runs once more, alone, when all others have ended; what passes then is named, for its test
asks too much of the machine, and what fails again fails the run.

With arguments it is one plain run: ``python -m tests tests/engine -k judge``.
"""

import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
AT_ONCE = 8
ELSEWHERE = "elsewhere"
# What waits longest begins first; each is dealt into so many parts.
FOLDERS = {
    "test_main_job.py": 1,
    "places": 4,
    ELSEWHERE: 3,
    "scenarios": 1,
    "sandbox": 1,
    "discord": 1,
    "cogs": 5,
    "faults": 3,
    "cli": 1,
}
AGAIN = "failed: "
_COUNT = re.compile(r"(\d+) (passed|failed|errors?|skipped)")


@pytest.hookimpl
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """As a plugin of each part: name what failed in lines of its own."""
    for kind in ("failed", "error"):
        for report in terminalreporter.getreports(kind):
            terminalreporter.write_line(f"{AGAIN}{report.nodeid}")


def main(arguments: Sequence[str]) -> int:
    """Returns 0 when everything passed, beside the others or alone, else 1."""
    if arguments:
        return subprocess.call(_pytest(arguments))
    begun = time.monotonic()
    counts = Counter[str]()
    failed, worst = set[str](), 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for output, status in pool.map(_run, parts()):
            print(output, flush=True)
            counts += _counted(output)
            failed |= _failed(output)
            worst = max(worst, 0 if _failed(output) else abs(status))
    if failed:
        output, status = _run(sorted(failed))
        print(f"── once more, alone\n{output}")
        worst = max(worst, abs(status))
        for name in sorted(failed - _failed(output)):
            print(f"passed alone, failed beside the others: {name}")
    print(f"{time.monotonic() - begun:.0f} s; {counts['passed']} passed, ", end="")
    print(f"{counts['failed'] + counts['error']} failed, {counts['skipped']} skipped")
    return worst


def parts() -> list[list[str]]:
    """Every test file in one of them; dealt out by size, for large files take long."""
    files: dict[str, list[str]] = {name: [] for name in FOLDERS}
    for path in sorted(TESTS.rglob("test_*.py"), key=lambda path: (-path.stat().st_size, path)):
        name = path.relative_to(TESTS).parts[0]
        files[name if name in FOLDERS else ELSEWHERE].append(str(path))
    return [files[name][n::parts] for name, parts in FOLDERS.items() for n in range(parts)]


def _run(tests: Sequence[str]) -> tuple[str, int]:
    """The output of a run of its own, and its exit status."""
    command = _pytest(["-ra", "-p", "tests.__main__", *tests])
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.stdout, done.returncode


def _failed(output: str) -> set[str]:
    lines = output.splitlines()
    return {line.removeprefix(AGAIN) for line in lines if line.startswith(AGAIN)}


def _counted(output: str) -> Counter[str]:
    """By the last line that counts anything: what dies late may write below it."""
    counts = (_COUNT.findall(line) for line in reversed(output.splitlines()))
    found = next(filter(None, counts), [])
    return Counter({what.rstrip("s"): int(number) for number, what in found})


def _pytest(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "pytest", *arguments]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
