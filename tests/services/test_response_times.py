"""What several steps of answer times come to."""

from bot.clock import HOUR_MS
from bot.db.rollups import Rollup
from bot.services.history.period_report import (
    ResponseTimes,
    times_by_day,
    times_of_hours,
    weighted_median,
)


def hour(slot: int, p50: int | None) -> Rollup:
    return Rollup(1, slot, 60, 60, p50, p50, 3600, 0, 0)


def test_the_middle_counts_each_value_as_often_as_it_was_seen() -> None:
    assert weighted_median([(10, 1), (20, 1), (30, 1)]) == 20
    assert weighted_median([(30, 5), (10, 1), (20, 1)]) == 30
    assert weighted_median([(10, 1), (20, 1)]) == 10, (
        "by nearest rank, as hours and days are counted"
    )
    assert weighted_median([]) is None


def test_hours_in_which_nothing_was_fine_have_no_pace() -> None:
    assert times_of_hours([hour(3, p50=100), hour(4, p50=None)]) == [
        ResponseTimes(3 * HOUR_MS, 60, 100, 100)
    ]


def test_a_day_that_was_not_counted_is_the_middle_of_its_hours() -> None:
    day = Rollup(1, 0, 1440, 1440, 50, 60, 86_400, 0, 0)
    hours = [ResponseTimes(n * HOUR_MS, 60, 100 + n, 200 + n) for n in range(49)]
    found = times_by_day([day], hours)
    assert found[0] == ResponseTimes(0, 1440, 50, 60)
    assert found[1] == ResponseTimes(24 * HOUR_MS, 24 * 60, 135, 235)
    assert found[2] == ResponseTimes(48 * HOUR_MS, 60, 148, 248)
