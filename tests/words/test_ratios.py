"""Shares in words are honest: near the real share, and few."""

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.words.phrases import said, share
from bot.words.translator import translator_for

EN, FR = translator_for("en"), translator_for("fr")
SAID = {
    "no try gets through": Fraction(0),
    "almost no try gets through": Fraction(0),
    "almost all tries get through": Fraction(1),
    "all tries get through again": Fraction(1),
}


def meant(said: str) -> Fraction:
    match = re.fullmatch(r"about (\d+) in (\d+) tr(?:ies gets|ies get) through", said)
    return Fraction(int(match[1]), int(match[2])) if match else SAID[said]


@given(st.integers(0, 30))
def test_the_said_share_of_thirty_checks_is_within_eight_points(ok: int) -> None:
    assert abs(meant(share(EN, ok, 30)) - Fraction(ok, 30)) <= Fraction(8, 100)


@given(st.integers(4, 30).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_the_said_share_of_fewer_checks_is_within_nine_points(checks: tuple[int, int]) -> None:
    ok, of = checks
    assert abs(meant(share(EN, ok, of)) - Fraction(ok, of)) <= Fraction(9, 100)


def test_few_different_shares_are_said() -> None:
    assert len({share(EN, ok, 30) for ok in range(31)}) <= 13


@pytest.mark.parametrize(
    ("ok", "of", "said"),
    [
        (7, 30, "about 1 in 4 tries gets through"),
        (3, 12, "about 1 in 4 tries gets through"),
        (3, 30, "about 1 in 10 tries gets through"),
        (10, 30, "about 1 in 3 tries gets through"),
        (15, 30, "about 1 in 2 tries gets through"),
        (20, 30, "about 2 in 3 tries get through"),
        (22, 30, "about 3 in 4 tries get through"),
        (27, 30, "about 9 in 10 tries get through"),
        (1, 30, "almost no try gets through"),
        (0, 30, "no try gets through"),
        (0, 5, "almost no try gets through"),
        (29, 30, "almost all tries get through"),
        (30, 30, "all tries get through again"),
    ],
)
def test_shares_are_said_as_people_say_them(ok: int, of: int, said: str) -> None:
    assert share(EN, ok, of) == said


@pytest.mark.parametrize(("ok", "of"), [(0, 0), (0, 1), (1, 2), (2, 3)])
def test_too_few_checks_claim_no_share(ok: int, of: int) -> None:
    assert share(EN, ok, of) == "only some tries get through"


@given(st.lists(st.integers(0, 30), max_size=60))
def test_what_is_said_over_and_over_stays_within_nine_points(counts: list[int]) -> None:
    before = None
    for ok in counts:
        before = said(ok, 30, before)
        assert abs(meant(share(EN, ok, 30, before)) - Fraction(ok, 30)) <= Fraction(9, 100)


@pytest.mark.parametrize(
    ("counts", "shares"),
    [
        ([7, 6, 8, 6, 9, 7], ["about 1 in 4 tries gets through"] * 6),
        (
            [6, 8, 4, 9],
            ["about 1 in 5 tries gets through"] * 3 + ["about 1 in 3 tries gets through"],
        ),
        ([0, 1, 0], ["no try gets through"] + ["almost no try gets through"] * 2),
        ([30, 29, 30], ["all tries get through again"] + ["almost all tries get through"] * 2),
    ],
)
def test_a_share_that_was_said_stays_until_it_is_clearly_another(
    counts: list[int], shares: list[str]
) -> None:
    before, heard = None, []
    for ok in counts:
        before = said(ok, 30, before)
        heard.append(share(EN, ok, 30, before))
    assert heard == shares


def test_french_shares() -> None:
    assert share(FR, 7, 30) == "environ 1 essai sur 4 passe"
    assert share(FR, 20, 30) == "environ 2 essais sur 3 passent"
