"""What the judge remembers, as the database keeps it: all of it comes back, nothing else does."""

from dataclasses import astuple

import pytest

from bot.engine.judge_state import JudgeState, judged_anew, without_run
from bot.models import Kind, Rule, State

FULL = JudgeState(
    rounds="OPFopf" * 10,
    has_been_up=True,
    mode=Kind.DOWN,
    kind=Kind.BLOCKED,
    failed_checks=1,
    refused_checks=1,
    run_slot_ms=2,
    run_failed_checks=3,
    bad_rounds_ms=(4, 5),
    rule=Rule.FAILED_RUN,
    since_ms=6,
    incident_rounds=7,
    hold=8,
    good=9,
    good_since_ms=10,
    has_succeeded=True,
    sent_as_down=True,
    last_bad_ms=11,
    had_incident=True,
    relapsed_ms=12,
)


def test_all_of_it_survives_being_stored() -> None:
    assert JudgeState.load(FULL.dump()) == FULL


def test_what_is_not_stored_is_nothing() -> None:
    """A default is part of what every stored memory means."""
    assert JudgeState().dump() == "{}"
    assert not any(astuple(JudgeState.load("{}")))


def test_a_row_of_the_first_version_reads_as_it_did() -> None:
    """The words of stored rows stay, whatever the fields are called by now."""
    row = (
        '{"rounds": "OFF", "judged": true, "mode": "down", "kind": "blocked", "tried": 2,'
        ' "refused": 1, "began_ms": 5, "failing_ms": 3, "failing_since_ms": 4, "failed": 6,'
        ' "bad_slots": [3, 4], "rule": "run", "since_ms": 4, "counted": 2, "hold": 3, "good": 1,'
        ' "good_since_ms": 7, "recovered": true, "told_down": true, "last_bad_ms": 8,'
        ' "closed": true, "relapsed_ms": 9}'
    )
    state = JudgeState(
        rounds="OFF",
        has_been_up=True,
        mode=Kind.DOWN,
        kind=Kind.BLOCKED,
        failed_checks=2,
        refused_checks=1,
        round_began_ms=5,
        run_slot_ms=3,
        run_began_ms=4,
        run_failed_checks=6,
        bad_rounds_ms=(3, 4),
        rule=Rule.FAILED_RUN,
        since_ms=4,
        incident_rounds=2,
        hold=3,
        good=1,
        good_since_ms=7,
        has_succeeded=True,
        sent_as_down=True,
        last_bad_ms=8,
        had_incident=True,
        relapsed_ms=9,
    )
    assert JudgeState.load(row) == state
    assert state.dump() == row


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
def test_what_no_version_wrote_is_no_state(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        JudgeState.load(text)


def test_an_abandoned_round_takes_the_run_before_it_along() -> None:
    blank = without_run(FULL)
    assert (
        blank.failed_checks,
        blank.refused_checks,
        blank.run_slot_ms,
        blank.run_failed_checks,
    ) == (0, 0, None, 0)
    assert without_run(blank) is blank


@pytest.mark.parametrize("begun", [JudgeState(failed_checks=1), JudgeState(run_slot_ms=1)])
def test_a_first_try_is_abandoned_as_well_as_a_run(begun: JudgeState) -> None:
    assert without_run(begun) == JudgeState()


def test_a_monitor_judged_anew_keeps_only_the_relapse_memory() -> None:
    assert judged_anew(FULL) == JudgeState(last_bad_ms=11, had_incident=True, relapsed_ms=12)
    assert judged_anew(FULL).monitor_state is State.UNKNOWN
