"""Days and times of day as people type them, in English and French."""

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import UserError
from bot.services.typed_text import parse_days, parse_time

TODAY = date(2026, 11, 24)
ALL = tuple(range(7))


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("mon,wed", (0, 2)),
        ("Mon, Wed", (0, 2)),
        ("mon wed fri", (0, 2, 4)),
        ("Monday and Thursday", (0, 3)),
        ("every Tuesday", (1,)),
        ("mondays", (0,)),
        ("tues", (1,)),
        ("mon-fri", (0, 1, 2, 3, 4)),
        ("mon–wed, sun", (0, 1, 2, 6)),
        ("fri to mon", (0, 4, 5, 6)),
        ("sat,sun", (5, 6)),
        ("weekend", (5, 6)),
        ("weekdays", (0, 1, 2, 3, 4)),
        ("daily", ALL),
        ("every day", ALL),
        ("lun,mer", (0, 2)),
        ("lundi et jeudi", (0, 3)),
        ("du lundi au vendredi", (0, 1, 2, 3, 4)),
        ("lundi à mercredi", (0, 1, 2)),
        ("les mardis", (1,)),
        ("dim.", (6,)),
        ("tous les jours", ALL),
    ],
)
def test_days_are_understood_in_both_languages(text: str, days: tuple[int, ...]) -> None:
    assert parse_days(text, TODAY) == days


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-12-01", date(2026, 12, 1)),
        (" 2026-12-01 ", date(2026, 12, 1)),
        ("tomorrow", date(2026, 11, 25)),
        ("aujourd’hui", TODAY),
    ],
)
def test_one_date_is_a_date(text: str, day: date) -> None:
    assert parse_days(text, TODAY) == day


@pytest.mark.parametrize(
    "text", ["", " ", "m", "someday", "2026-02-30", "31/12", "mon,,wed", "mon,xyz", "-", "every"]
)
def test_other_days_are_refused_with_examples(text: str) -> None:
    with pytest.raises(UserError, match="Examples: mon,wed"):
        parse_days(text, TODAY)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("02:30", time(2, 30)),
        ("2:30", time(2, 30)),
        ("2h30", time(2, 30)),
        ("14 h", time(14)),
        ("14h", time(14)),
        ("2.30", time(2, 30)),
        ("2:30 pm", time(14, 30)),
        ("12 am", time(0)),
        ("12pm", time(12)),
        ("00:00", time(0)),
        ("24:00", time(0)),
    ],
)
def test_times_are_understood(text: str, meant: time) -> None:
    assert parse_time(text) == meant


@pytest.mark.parametrize("text", ["", "14", "25:00", "24:01", "12:60", "13 pm", "noon", "1:2:3"])
def test_other_times_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(UserError, match="Examples: 02:30"):
        parse_time(text)


@given(st.text(max_size=30))
def test_whatever_is_typed_it_is_understood_or_refused(text: str) -> None:
    for read in (lambda: parse_days(text, TODAY), lambda: parse_time(text)):
        try:
            read()
        except UserError:
            continue


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("24/12/2026", date(2026, 12, 24)),
        ("24.12.2026", date(2026, 12, 24)),
        ("3/4/2027", date(2027, 4, 3)),
        ("12/24/2026", date(2026, 12, 24)),
        ("2026-12-24", date(2026, 12, 24)),
    ],
)
def test_dates_are_taken_as_people_write_them(text: str, meant: date) -> None:
    assert parse_days(text, TODAY) == meant


def test_where_the_month_is_written_first_it_is_read_so() -> None:
    assert parse_days("3/4/2027", TODAY, month_first=True) == date(2027, 3, 4)
    assert parse_days("24/12/2026", TODAY, month_first=True) == date(2026, 12, 24)
    with pytest.raises(UserError):
        parse_days("31/31/2027", TODAY)
