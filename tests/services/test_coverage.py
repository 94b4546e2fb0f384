"""When a monitor was watched, by its checks and by its hours."""

from hypothesis import given
from hypothesis import strategies as st

from bot.clock import HOUR_MS
from bot.db.rollups import Rollup
from bot.services.history.uptime import (
    length_ms,
    overlap_ms,
    reach_ms,
    spans_of_checks,
    unwatched_in_hours,
)

HOUR = (0, HOUR_MS)
MINUTE = 60_000
REACH = reach_ms(60)


def hour(slot: int, watched_s: int = 3600) -> Rollup:
    return Rollup(1, slot, 60, 60, 100, 100, watched_s, 0, 0)


def test_checks_a_minute_apart_speak_for_the_whole_hour() -> None:
    assert spans_of_checks([m * MINUTE for m in range(60)], REACH, HOUR) == [HOUR]


def test_a_missed_round_is_forgiven_and_two_are_a_gap() -> None:
    assert spans_of_checks([0, 2 * MINUTE], REACH, (0, 3 * MINUTE)) == [(0, 3 * MINUTE)]
    assert spans_of_checks([0, 4 * MINUTE], REACH, (0, 5 * MINUTE)) == [
        (0, REACH),
        (4 * MINUTE, 5 * MINUTE),
    ]


def test_a_try_of_the_hour_before_reaches_into_this_one() -> None:
    assert spans_of_checks([-MINUTE], REACH, HOUR) == [(0, REACH - MINUTE)]
    assert spans_of_checks([-REACH], REACH, HOUR) == []


def test_a_site_checked_once_a_day_is_watched_all_day() -> None:
    assert spans_of_checks([-20 * 3_600_000], reach_ms(86_400), HOUR) == [HOUR]


def test_whole_hours_are_watched_unless_they_are_missing() -> None:
    span = (0, 4 * HOUR_MS)
    assert unwatched_in_hours([hour(0), hour(1), hour(2), hour(3)], [], span) == []
    assert unwatched_in_hours([hour(0), hour(3)], [], span) == [(HOUR_MS, 3 * HOUR_MS)]
    assert unwatched_in_hours([], [], span) == [span]


def test_what_a_gap_explains_stands_where_the_gap_was() -> None:
    gap = (HOUR_MS + 600_000, HOUR_MS + 900_000)
    assert unwatched_in_hours([hour(0), hour(1, 3300)], [gap], (0, 2 * HOUR_MS)) == [gap]


def test_a_pause_begins_at_the_end_of_an_hour_and_ends_at_the_begin_of_another() -> None:
    hours = [hour(0, 1200), hour(2, 600)]
    assert unwatched_in_hours(hours, [], (0, 3 * HOUR_MS)) == [(1_200_000, 2 * HOUR_MS + 3_000_000)]


def test_a_late_try_is_no_gap() -> None:
    assert unwatched_in_hours([hour(0, 3550)], [], (0, HOUR_MS)) == []


def test_the_first_hour_counts_from_when_it_was_added() -> None:
    assert unwatched_in_hours([hour(0, 1800)], [], (HOUR_MS // 2, HOUR_MS)) == []


@given(st.lists(st.integers(0, 3600), min_size=1, max_size=8))
def test_as_much_is_missing_as_was_not_watched(counted: list[int]) -> None:
    span = (0, len(counted) * HOUR_MS)
    found = unwatched_in_hours([hour(n, seconds) for n, seconds in enumerate(counted)], [], span)
    missing = sum(3600 - seconds for seconds in counted if 3600 - seconds >= 60)
    assert length_ms(found) == missing * 1000
    assert overlap_ms(found, [span]) == length_ms(found)
