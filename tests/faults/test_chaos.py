"""Faults mixed at random; ``python -m tests.faults.chaos 200`` plays many more seeds."""

import secrets
from pathlib import Path

import pytest

from tests.faults.chaos import play


@pytest.mark.parametrize("seed", [1, 2, 3, 14, 20161108])
def test_whatever_goes_wrong_each_incident_is_sent_once(tmp_path: Path, seed: int) -> None:
    play(tmp_path, seed)


def test_a_seed_nobody_has_seen_holds_too(tmp_path: Path) -> None:
    seed = secrets.randbelow(1_000_000)
    print(f"seed {seed}")
    play(tmp_path, seed)
