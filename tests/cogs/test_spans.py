"""Lengths of time as people type them."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import UserError
from bot.services.monitor_options import OPTIONS
from cogs._ui.options import LONGEST_S, parse_duration_s


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30m", 1800),
        ("2 h", 7200),
        ("1d", 86_400),
        ("1 h 30 min", 5400),
        ("1h30m", 5400),
        ("1,5 h", 5400),
        ("2 jours", 172_800),
        ("90 SECONDS", 90),
        ("１０m", 600),
        ("1 day and 2 hours", 93_600),
        ("1h30", 5400),
        ("1 h 5", 3900),
        ("2 min 30", 150),
        ("1j12", 129_600),
        ("1 j", 86_400),
        ("1 semaine", 604_800),
        ("90", 5400),
    ],
)
def test_people_write_lengths_of_time_in_many_ways(text: str, seconds: int) -> None:
    assert parse_duration_s(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "soon", "5 6", "0m", "0", "-1h", "1x", "400 d", "1h !", "m", "1w 5", "900 ms and 1"],
)
def test_what_is_no_length_of_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(UserError, match="30m, 2h, 1d"):
        parse_duration_s(text)


@given(st.text(max_size=40))
def test_any_text_is_understood_or_refused(text: str) -> None:
    with contextlib.suppress(UserError):
        assert 1 <= parse_duration_s(text) <= LONGEST_S


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [
        (60, 60),
        (60.0, 60),
        ("90", 90),
        ("5m", 300),
        ("2 min", 120),
        ("1h30", 5400),
        ("1 j", 86_400),
    ],
)
def test_options_in_seconds_take_the_same_durations(typed: float | str, seconds: int) -> None:
    assert OPTIONS["every"].read(typed) == seconds
    assert OPTIONS["slow_ms"].read("2s") == 2_000


@pytest.mark.parametrize("typed", ["soon", "1.5", 60.5, "1500 ms", "1h30 !", "9" * 30, 10**30])
def test_what_is_no_whole_number_of_seconds_is_refused_with_examples(typed: float | str) -> None:
    with pytest.raises(UserError, match="5m, 2 min, 1h30"):
        OPTIONS["every"].read(typed)
