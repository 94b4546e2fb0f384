"""Few descriptors mean fewer checks at once, never more than the hard limit allows."""

import resource
import subprocess
import sys

import pytest

from bot.engine.process import OPEN_FILES, checks_at_once, has_room


@pytest.mark.parametrize(
    ("limit", "wanted", "checks"),
    [
        (OPEN_FILES, 0, 0),
        (OPEN_FILES, 500, 500),
        (1_048_576, 0, 0),
        (4_096, 0, 2_688),
        (1_024, 0, 640),
        (1_024, 10, 10),
        (256, 0, 128),
        (256, 5_000, 128),
        (70, 0, 4),
        (20, 0, 4),
    ],
)
def test_so_many_checks_at_once(limit: int, wanted: int, checks: int) -> None:
    assert checks_at_once(limit, wanted) == checks


def in_a_process(soft: int, hard: int, code: str) -> str:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    ended = subprocess.run(
        [sys.executable, "-c", f"from bot.engine.process import *; {code}"],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=limit,
    )
    return ended.stdout.strip()


@pytest.mark.process
def test_the_soft_limit_is_raised_to_the_hard_one() -> None:
    assert in_a_process(100, 300, "print(allow_many(), allow_many())") == "300 300"


@pytest.mark.process
def test_whether_more_can_be_opened_is_found_out_and_nothing_stays_open() -> None:
    code = "print(has_room(4), has_room(4), has_room(100))"
    assert in_a_process(40, 40, code) == "True True False"


def test_there_is_room_here() -> None:
    assert has_room(8)
