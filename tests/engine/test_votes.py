"""The vote as a table: home fails; what may be said when the others answer so?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine.place_router import Answer, NoVote, Verdict, Vote, is_own_line, is_settled, vote
from bot.models import Cause, CheckResult, Reason

FINE = CheckResult(0, None, 200)
BAD = CheckResult(0, Cause(Reason.TIMEOUT, 10))


def answers(letters: str) -> list[Answer]:
    """``F`` fails there too, ``O`` gets through, ``-`` does not vote."""
    made = {"F": (BAD, None), "O": (FINE, None), "-": (None, NoVote.SILENT)}
    return [Answer(f"place{n}", *made[letter]) for n, letter in enumerate(letters)]


@pytest.mark.parametrize(
    ("letters", "verdict"),
    [
        # nobody voted: home alone
        ("", Verdict.ALONE),
        ("-", Verdict.ALONE),
        ("---", Verdict.ALONE),
        # at least half of those that voted: 1 of 1, 1 of 2, 2 of 3, 2 of 4, 3 of 5
        ("F", Verdict.AGREED),
        ("O", Verdict.PARTLY),
        ("FF", Verdict.AGREED),
        ("FO", Verdict.AGREED),
        ("OO", Verdict.PARTLY),
        ("FFO", Verdict.AGREED),
        ("FOO", Verdict.PARTLY),
        ("FFOO", Verdict.AGREED),
        ("FOOO", Verdict.PARTLY),
        ("FFFOO", Verdict.AGREED),
        ("FFOOO", Verdict.PARTLY),
        # silence is no vote
        ("F--", Verdict.AGREED),
        ("O--", Verdict.PARTLY),
        ("FO-", Verdict.AGREED),
        ("FOO-", Verdict.PARTLY),
    ],
)
def test_down_needs_half_of_the_places_that_voted(letters: str, verdict: Verdict) -> None:
    assert vote(answers(letters)).verdict is verdict


@pytest.mark.parametrize("why", list(NoVote))
def test_whatever_is_no_result_does_not_vote(why: NoVote) -> None:
    found = vote([Answer("paris", why=why), Answer("oslo", BAD)])
    assert found == Vote(failing=("oslo",), silent=("paris",))
    assert found.verdict is Verdict.AGREED


@pytest.mark.parametrize(
    ("letters", "may"),
    [
        ("", True),
        ("-", True),
        ("O", True),
        ("F", False),
        ("FO", True),
        ("FFO", True),
        ("F-", False),
    ],
)
def test_an_all_clear_needs_one_good_answer_elsewhere(letters: str, may: bool) -> None:
    assert vote(answers(letters)).may_close is may


@given(st.text("FO-", max_size=7), st.text("FO-", max_size=4))
def test_a_settled_vote_is_changed_by_nobody(said: str, later: str) -> None:
    so_far = vote(answers(said))
    if is_settled(so_far, len(later)):
        assert vote(answers(said + later)).verdict is so_far.verdict


def test_a_vote_is_settled_as_soon_as_it_can_be() -> None:
    assert not is_settled(vote([]), 1)
    assert is_settled(vote(answers("FF")), 2)
    assert not is_settled(vote(answers("FF")), 3)
    assert is_settled(vote(answers("OO")), 1)
    assert not is_settled(vote(answers("O")), 1)


@pytest.mark.parametrize(
    ("partly", "watched", "own"),
    [
        (0, 0, False),
        (1, 1, False),
        (2, 2, False),
        (3, 3, True),
        (3, 6, True),
        (3, 7, False),
        (30, 100, False),
        (50, 100, True),
    ],
)
def test_half_of_all_monitors_at_once_is_our_own_line(partly: int, watched: int, own: bool) -> None:
    assert is_own_line(partly, watched) is own
