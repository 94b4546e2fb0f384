"""What the judge remembers, as the database keeps it: all of it comes back, nothing else does."""

from dataclasses import astuple

import pytest

from bot.engine.judge_state import JudgeState, abandon, forget
from bot.models import Kind, Rule, State

FULL = JudgeState(
    rounds="OPFopf" * 10,
    judged=True,
    mode=Kind.DOWN,
    kind=Kind.BLOCKED,
    tried=1,
    refused=1,
    failing_ms=2,
    failed=3,
    bad_slots=(4, 5),
    rule=Rule.FAILED_RUN,
    since_ms=6,
    counted=7,
    hold=8,
    good=9,
    good_since_ms=10,
    recovered=True,
    told_down=True,
    last_bad_ms=11,
    closed=True,
    relapsed_ms=12,
)


def test_all_of_it_survives_being_stored() -> None:
    assert JudgeState.load(FULL.dump()) == FULL


def test_what_is_not_stored_is_nothing() -> None:
    """A default is part of what every stored memory means."""
    assert JudgeState().dump() == "{}"
    assert not any(astuple(JudgeState.load("{}")))


def test_what_another_version_kept_besides_is_left_out() -> None:
    assert JudgeState.load('{"rounds": "OF", "mood": "good"}') == JudgeState(rounds="OF")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "[" * 100_000,
        '{"rounds": "OX"}',
        '{"rounds": 1}',
        '{"rounds": ["O"]}',
        f'{{"rounds": "{"O" * 61}"}}',
        '{"bad_slots": "O"}',
        '{"bad_slots": 1}',
        '{"bad_slots": [1.5]}',
        '{"bad_slots": [true]}',
        '{"mode": "cross"}',
        '{"mode": null}',
        '{"rule": 1}',
        '{"kind": true}',
        '{"closed": 1}',
        '{"closed": "O"}',
        '{"counted": [1]}',
        '{"counted": true}',
        '{"counted": 1.0}',
        '{"counted": "O"}',
        '{"since_ms": "O"}',
        '{"since_ms": null}',
    ],
)
def test_what_no_version_wrote_is_no_memory(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        JudgeState.load(text)


def test_an_abandoned_round_takes_the_run_before_it_along() -> None:
    blank = abandon(FULL)
    assert (blank.tried, blank.refused, blank.failing_ms, blank.failed) == (0, 0, None, 0)
    assert abandon(blank) is blank


@pytest.mark.parametrize("begun", [JudgeState(tried=1), JudgeState(failing_ms=1)])
def test_a_first_try_is_abandoned_as_well_as_a_run(begun: JudgeState) -> None:
    assert abandon(begun) == JudgeState()


def test_a_monitor_judged_anew_keeps_only_the_relapse_memory() -> None:
    assert forget(FULL) == JudgeState(last_bad_ms=11, closed=True, relapsed_ms=12)
    assert forget(FULL).state is State.UNKNOWN
