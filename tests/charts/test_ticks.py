"""The marks of both axes: round times of the reader's own zone, round numbers, never a crowd."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.charts.ticks import ms_ticks, run_ticks, run_time, time_ticks
from bot.words.translator import translator_for

EN, FR = translator_for("en"), translator_for("fr")
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
NOON_MS = round(datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp() * 1000)


def labels(length_ms: int, zone: str = "UTC", end_ms: int = NOON_MS, french: bool = False) -> str:
    span = (end_ms - length_ms, end_ms)
    return " ".join(one.label for one in time_ticks(FR if french else EN, span, ZoneInfo(zone)))


def test_a_day_is_marked_every_four_hours_and_midnight_by_its_date() -> None:
    assert labels(25 * HOUR_MS) == "12:00 16:00 20:00 Nov 24 04:00 08:00"
    assert labels(25 * HOUR_MS, french=True) == "12:00 16:00 20:00 24 nov. 04:00 08:00"


def test_the_clock_is_that_of_the_zone() -> None:
    # 12:00 UTC is 17:45 in Kathmandu and 07:00 in New York.
    assert labels(25 * HOUR_MS, "Asia/Kathmandu") == "20:00 Nov 24 04:00 08:00 12:00 16:00"
    assert labels(25 * HOUR_MS, "America/New_York") == "08:00 12:00 16:00 20:00 Nov 24 04:00"


def test_weeks_and_months_are_marked_at_midnights_counted_from_the_last() -> None:
    assert labels(7 * DAY_MS) == "Nov 18 Nov 19 Nov 20 Nov 21 Nov 22 Nov 23 Nov 24"
    assert labels(30 * DAY_MS) == "Oct 30 Nov 4 Nov 9 Nov 14 Nov 19"
    assert labels(90 * DAY_MS) == "Sep 1 Sep 15 Sep 29 Oct 13 Oct 27 Nov 10"


def test_midnights_stay_midnights_when_the_clock_is_changed() -> None:
    paris = ZoneInfo("Europe/Paris")
    span = (NOON_MS - 40 * DAY_MS, NOON_MS)  # the clock was put back on 25 October
    moments = [datetime.fromtimestamp(one.at / 1000, paris) for one in time_ticks(EN, span, paris)]
    assert {(wall.hour, wall.minute) for wall in moments} == {(0, 0)}
    assert len({wall.utcoffset() for wall in moments}) == 2


def clock(zone: str, begin: datetime, hours: int) -> list[str]:
    """What the marks say; each must say what the clock shows there then."""
    place = ZoneInfo(zone)
    start_ms = round(begin.replace(tzinfo=place).timestamp() * 1000)
    found = time_ticks(EN, (start_ms, start_ms + hours * HOUR_MS), place)
    assert len({one.at for one in found}) == len(found)
    for one in found:
        shown = f"{datetime.fromtimestamp(one.at / 1000, place):%H:%M}"
        assert shown in {one.label, "00:00"}
    return [one.label for one in found]


def test_an_hour_that_is_skipped_has_no_mark() -> None:
    paris = "Europe/Paris"
    said = clock(paris, datetime(2026, 3, 29, 0, 30), 7)  # noqa: DTZ001 -- the zone comes later
    assert said == ["01:00", "03:00", "04:00", "05:00", "06:00", "07:00", "08:00"]
    said = clock(paris, datetime(2026, 3, 29, 0, 30), 13)  # noqa: DTZ001 -- the zone comes later
    assert said == ["04:00", "06:00", "08:00", "10:00", "12:00", "14:00"]
    # There the skipped hour is the first of the day.
    said = clock("America/Santiago", datetime(2026, 9, 5, 20), 8)  # noqa: DTZ001 -- as above
    assert "Sep 6" not in said
    assert "01:00" in said


def test_an_hour_that_comes_twice_has_two_marks() -> None:
    said = clock("Europe/Paris", datetime(2026, 10, 25, 0, 30), 7)  # noqa: DTZ001 -- as above
    assert said == ["01:00", "02:00", "02:00", "03:00", "04:00", "05:00", "06:00"]


@pytest.mark.parametrize("minutes", [1, 3, 11, 29, 61, 150, 1_440, 5_000, 43_200, 129_600])
@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris", "Asia/Kathmandu"])
def test_every_length_has_some_marks_and_never_a_crowd(minutes: int, zone: str) -> None:
    span = (NOON_MS - minutes * 60_000 + 17_000, NOON_MS + 17_000)
    found = time_ticks(EN, span, ZoneInfo(zone))
    assert 1 <= len(found) <= 9 or minutes == 1
    assert all(span[0] < one.at < span[1] for one in found)
    assert len({one.at for one in found}) == len(found)


@pytest.mark.parametrize(
    ("top", "said"),
    [
        (11, "0 ms, 5 ms, 10 ms"),
        (90, "0 ms, 20 ms, 40 ms, 60 ms, 80 ms"),
        (440, "0 ms, 100 ms, 200 ms, 300 ms, 400 ms"),
        (1_200, "0 ms, 250 ms, 500 ms, 750 ms, 1,000 ms"),
        (11_000, "0 ms, 2,500 ms, 5,000 ms, 7,500 ms, 10,000 ms"),
    ],
)
def test_milliseconds_are_round(top: int, said: str) -> None:
    assert ", ".join(one.label for one in ms_ticks(EN, top)) == said


def test_numbers_follow_the_language() -> None:
    assert ms_ticks(FR, 1_200)[-1].label == "1\u202f000\u202fms"


def test_run_times_have_round_numbers_of_their_own_units() -> None:
    def labels(top_ms: int) -> list[str]:
        return [tick.label for tick in run_ticks(EN, top_ms)]

    assert labels(1_000) == ["0 ms", "200 ms", "400 ms", "600 ms", "800 ms", "1,000 ms"]
    assert labels(11_000) == ["0 s", "5 s", "10 s"]
    assert labels(2_100_000) == ["0 s", "10 min", "20 min", "30 min"]
    assert labels(11 * 3_600_000) == ["0 s", "5 h", "10 h"]
    assert [run_time(EN, ms) for ms in (0, 900, 9_999, 10_400, 1_500_000)] == [
        *("0 ms", "900 ms", "9,999 ms"),
        *("10 s", "25 min"),
    ]
