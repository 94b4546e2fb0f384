from hypothesis import given
from hypothesis import strategies as st

from bot.db.rollups import HOUR_MS, Rollup
from bot.services.coverage import Span, length_ms, overlap_ms, without
from bot.services.pace import Pace, by_day, middle, of_hours
from bot.services.stretches import cut, merged, not_watched

SPANS = st.lists(
    st.tuples(st.integers(0, 200), st.integers(1, 30)).map(lambda s: (s[0], s[0] + s[1])),
    max_size=15,
)


def hour(slot: int, watched_s: int = 3600, p50: int | None = 100) -> Rollup:
    return Rollup(1, slot, 60, 60, p50, p50, p50, watched_s, 0, 0)


def test_spans_that_touch_are_one() -> None:
    assert merged([(5, 9), (0, 3), (3, 5), (20, 30), (21, 22)]) == [(0, 9), (20, 30)]
    assert merged([]) == []


@given(SPANS, SPANS)
def test_cutting_is_what_the_slow_way_does(spans: list[Span], holes: list[Span]) -> None:
    whole, gaps = merged(spans), merged(holes)
    parts = cut(whole, gaps)
    assert [piece for part in parts for piece in part] == without(whole, gaps)
    assert len(parts) == len(whole)


def test_whole_hours_are_watched_unless_they_are_missing() -> None:
    span = (0, 4 * HOUR_MS)
    assert not_watched([hour(0), hour(1), hour(2), hour(3)], [], span) == []
    assert not_watched([hour(0), hour(3)], [], span) == [(HOUR_MS, 3 * HOUR_MS)]
    assert not_watched([], [], span) == [span]


def test_what_a_gap_explains_stands_where_the_gap_was() -> None:
    gap = (HOUR_MS + 600_000, HOUR_MS + 900_000)
    assert not_watched([hour(0), hour(1, 3300)], [gap], (0, 2 * HOUR_MS)) == [gap]


def test_a_pause_begins_at_the_end_of_an_hour_and_ends_at_the_begin_of_another() -> None:
    hours = [hour(0, 1200), hour(2, 600)]
    assert not_watched(hours, [], (0, 3 * HOUR_MS)) == [(1_200_000, 2 * HOUR_MS + 3_000_000)]


def test_a_late_try_is_no_gap() -> None:
    assert not_watched([hour(0, 3550)], [], (0, HOUR_MS)) == []


def test_the_first_hour_counts_from_when_it_was_added() -> None:
    assert not_watched([hour(0, 1800)], [], (HOUR_MS // 2, HOUR_MS)) == []


@given(st.lists(st.integers(0, 3600), min_size=1, max_size=8))
def test_as_much_is_missing_as_was_not_watched(watched: list[int]) -> None:
    span = (0, len(watched) * HOUR_MS)
    found = not_watched([hour(n, seconds) for n, seconds in enumerate(watched)], [], span)
    missing = sum(3600 - seconds for seconds in watched if 3600 - seconds >= 60)
    assert length_ms(found) == missing * 1000
    assert overlap_ms(found, [span]) == length_ms(found)


def test_the_middle_counts_each_value_as_often_as_it_was_seen() -> None:
    assert middle([(10, 1), (20, 1), (30, 1)]) == 20
    assert middle([(30, 5), (10, 1), (20, 1)]) == 30
    assert middle([(10, 1), (20, 1)]) == 10, "by nearest rank, as hours and days are counted"
    assert middle([]) is None


def test_hours_in_which_nothing_was_fine_have_no_pace() -> None:
    assert of_hours([hour(3), hour(4, p50=None)]) == [Pace(3 * HOUR_MS, 60, 100, 100)]


def test_a_day_that_was_not_counted_is_the_middle_of_its_hours() -> None:
    day = Rollup(1, 0, 1440, 1440, 50, 60, 70, 86_400, 0, 0)
    hours = [Pace(n * HOUR_MS, 60, 100 + n, 200 + n) for n in range(49)]
    found = by_day([day], hours)
    assert found[0] == Pace(0, 1440, 50, 60)
    assert found[1] == Pace(24 * HOUR_MS, 24 * 60, 135, 235)
    assert found[2] == Pace(48 * HOUR_MS, 60, 148, 248)
