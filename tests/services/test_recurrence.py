"""When a maintenance window is open, on ordinary days and on the nights the clock is changed."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models import Window
from bot.services.recurrence import Occurrence, next_occurrence, zone_of

PARIS, TORONTO, LORD_HOWE = "Europe/Paris", "America/Toronto", "Australia/Lord_Howe"
ZONES = ("UTC", PARIS, TORONTO, LORD_HOWE, "Asia/Kathmandu", "Africa/Cairo", "Pacific/Chatham")
MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000


def utc(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def once(
    day: str, begins: str, ends: str = "", *, zone: str = PARIS, length_s: int | None = None
) -> Window:
    until = time.fromisoformat(ends) if ends else None
    begin = time.fromisoformat(begins)
    return Window(1, 1, None, zone, (), date.fromisoformat(day), begin, until, length_s)


def weekly(
    days: tuple[int, ...],
    begins: time | str,
    ends: time | str | None = None,
    *,
    zone: str = PARIS,
    length_s: int | None = None,
) -> Window:
    begin = time.fromisoformat(begins) if isinstance(begins, str) else begins
    until = time.fromisoformat(ends) if isinstance(ends, str) else ends
    return Window(1, 1, None, zone, days, None, begin, until, length_s)


def is_open(window: Window, now_ms: int) -> bool:
    occurrence = next_occurrence(window, now_ms)
    return occurrence is not None and occurrence.contains(now_ms)


def change_after(window: Window, now_ms: int) -> int | None:
    """When it opens or closes next; None: never again."""
    occurrence = next_occurrence(window, now_ms)
    if occurrence is None:
        return None
    return occurrence.until_ms if occurrence.contains(now_ms) else occurrence.from_ms


@pytest.mark.parametrize(
    ("zone", "day", "begins", "ends", "begun", "ended"),
    [
        # Spring: from 02:00 the clock jumps to 03:00 (on Lord Howe to 02:30).
        (PARIS, "2026-03-29", "02:30", "03:30", "2026-03-29T01:00", "2026-03-29T01:30"),
        (PARIS, "2026-03-29", "01:30", "02:30", "2026-03-29T00:30", "2026-03-29T01:30"),
        (PARIS, "2026-03-29", "01:00", "04:00", "2026-03-29T00:00", "2026-03-29T02:00"),
        (PARIS, "2026-03-29", "02:10", "02:50", "2026-03-29T01:00", "2026-03-29T01:50"),
        (PARIS, "2026-03-29", "02:30", "03:00", "2026-03-29T01:00", "2026-03-29T01:30"),
        (PARIS, "2026-03-28", "23:00", "02:30", "2026-03-28T22:00", "2026-03-29T01:30"),
        (TORONTO, "2026-03-08", "02:30", "03:30", "2026-03-08T07:00", "2026-03-08T07:30"),
        (TORONTO, "2026-03-07", "22:00", "06:00", "2026-03-08T03:00", "2026-03-08T10:00"),
        (LORD_HOWE, "2026-10-04", "02:15", "03:00", "2026-10-03T15:30", "2026-10-03T16:00"),
        (LORD_HOWE, "2026-10-03", "23:00", "04:00", "2026-10-03T12:30", "2026-10-03T17:00"),
        # Autumn: 02:00 to 03:00 comes twice (Toronto 01:00 to 02:00, Lord Howe 01:30 to 02:00).
        (PARIS, "2026-10-25", "02:30", "03:30", "2026-10-25T00:30", "2026-10-25T02:30"),
        (PARIS, "2026-10-25", "01:30", "02:30", "2026-10-24T23:30", "2026-10-25T01:30"),
        (PARIS, "2026-10-25", "02:10", "02:50", "2026-10-25T00:10", "2026-10-25T01:50"),
        (PARIS, "2026-10-24", "22:00", "04:00", "2026-10-24T20:00", "2026-10-25T03:00"),
        (TORONTO, "2026-11-01", "01:30", "02:30", "2026-11-01T05:30", "2026-11-01T07:30"),
        (LORD_HOWE, "2026-04-05", "01:45", "02:15", "2026-04-04T14:45", "2026-04-04T15:45"),
        # Ordinary nights, and ends that mean the next day.
        (PARIS, "2026-06-10", "02:30", "03:30", "2026-06-10T00:30", "2026-06-10T01:30"),
        (PARIS, "2026-12-31", "22:00", "06:00", "2026-12-31T21:00", "2027-01-01T05:00"),
        ("UTC", "2026-06-10", "00:00", "00:00", "2026-06-10T00:00", "2026-06-11T00:00"),
    ],
)
def test_a_window_covers_what_the_wall_clock_could_mean(
    zone: str, day: str, begins: str, ends: str, *, begun: str, ended: str
) -> None:
    window = once(day, begins, ends, zone=zone)
    assert next_occurrence(window, 0) == Occurrence(utc(begun), utc(ended))
    assert not is_open(window, utc(begun) - 1)
    assert is_open(window, utc(begun))
    assert is_open(window, utc(ended) - 1)
    assert not is_open(window, utc(ended))
    assert change_after(window, 0) == utc(begun)
    assert change_after(window, utc(begun)) == utc(ended)
    assert change_after(window, utc(ended)) is None


@pytest.mark.parametrize(
    ("zone", "day", "begins", "begun"),
    [
        (PARIS, "2026-03-29", "01:30", "2026-03-29T00:30"),
        (PARIS, "2026-03-29", "02:30", "2026-03-29T01:00"),
        (PARIS, "2026-10-25", "02:30", "2026-10-25T00:30"),
        (LORD_HOWE, "2026-10-04", "02:15", "2026-10-03T15:30"),
    ],
)
def test_a_length_is_real_time_whatever_the_clock_does(
    zone: str, day: str, begins: str, begun: str
) -> None:
    window = once(day, begins, zone=zone, length_s=7_200)
    assert next_occurrence(window, 0) == Occurrence(utc(begun), utc(begun) + 2 * HOUR_MS)


@pytest.mark.parametrize(
    ("now", "change"),
    [
        ("2026-03-27T12:00", "2026-03-28T01:30"),  # Saturday, winter
        ("2026-03-28T02:00", "2026-03-28T02:30"),
        ("2026-03-28T02:30", "2026-03-29T01:00"),  # Sunday, the hour that is skipped
        ("2026-03-29T01:15", "2026-03-29T01:30"),
        ("2026-03-29T01:30", "2026-04-04T00:30"),  # a week later, summer
    ],
)
def test_a_weekly_window_follows_the_wall_clock_through_the_seasons(now: str, change: str) -> None:
    window = weekly((5, 6), "02:30", "03:30")
    assert change_after(window, utc(now)) == utc(change)


def test_days_that_touch_are_one_stretch() -> None:
    weekend = weekly((5, 6), "00:00", "00:00")
    begun, ended = utc("2026-06-12T22:00"), utc("2026-06-14T22:00")
    assert next_occurrence(weekend, begun + HOUR_MS) == Occurrence(begun, ended)


def test_a_window_without_an_end_says_so() -> None:
    always = weekly(tuple(range(7)), "00:00", "00:00", zone="Africa/Cairo")
    now = utc("2026-04-24T12:00")  # the day on which midnight itself is skipped there
    assert is_open(always, now)
    assert change_after(always, now) is None


def test_a_zone_that_is_unknown_here_is_read_as_utc() -> None:
    assert zone_of("Mars/Olympus_Mons") is UTC
    assert zone_of("../secrets") is UTC
    assert is_open(once("2026-06-10", "12:00", "13:00", zone="Mars/X"), utc("2026-06-10T12:30"))


TIMES = st.times(max_value=time(23, 59)).map(lambda t: t.replace(second=0, microsecond=0))
DAYS = st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days)))
# Minutes of 2026, half of them in the weeks of a change.
NOWS = st.one_of(
    st.integers(utc("2026-01-01T00:00"), utc("2027-01-01T00:00")),
    *(
        st.integers(utc(f"{day}T00:00") - DAY_MS, utc(f"{day}T00:00") + 2 * DAY_MS)
        for day in ("2026-03-08", "2026-03-29", "2026-04-04", "2026-10-03", "2026-10-25")
    ),
).map(lambda ms: ms // MINUTE_MS * MINUTE_MS)


@st.composite
def windows(draw: st.DrawFn) -> Window:
    zone = draw(st.sampled_from(ZONES))
    begins = draw(TIMES)
    ends: time | None = draw(TIMES)
    length_s: int | None = None
    if draw(st.booleans()):
        ends, length_s = None, draw(st.integers(1, 6 * 1440)) * 60
    if draw(st.booleans()):
        return weekly(draw(DAYS), begins, ends, zone=zone, length_s=length_s)
    day = draw(st.dates(date(2026, 1, 1), date(2026, 12, 31)))
    return Window(1, 1, None, zone, (), day, begins, ends, length_s)


@given(windows(), NOWS)
def test_the_next_change_is_the_first_and_the_window_does_change_then(
    window: Window, now_ms: int
) -> None:
    before = is_open(window, now_ms)
    change_ms = change_after(window, now_ms)
    if change_ms is None:
        assert is_open(window, now_ms + 400 * DAY_MS) is before
        return
    assert change_ms > now_ms
    assert is_open(window, change_ms) is not before
    for part in range(20):
        assert is_open(window, now_ms + (change_ms - 1 - now_ms) * part // 19) is before


@given(windows(), NOWS)
def test_a_window_is_open_whenever_the_wall_clock_shows_its_time(
    window: Window, now_ms: int
) -> None:
    """The other reckoning: minute by minute, from the wall; only unambiguous times are judged."""
    if window.ends is None:
        return
    wall = datetime.fromtimestamp(now_ms / 1000, ZoneInfo(window.timezone)).replace(tzinfo=None)
    shown = any(_shows(window, wall, day) for day in (wall.date(), wall.date() - timedelta(1)))
    if shown:
        assert is_open(window, now_ms)
    elif not _changes_nearby(window.timezone, now_ms):
        assert not is_open(window, now_ms)


def _shows(window: Window, wall: datetime, day: date) -> bool:
    assert window.ends is not None
    if window.date is None and day.weekday() not in window.days:
        return False
    if window.date is not None and day != window.date:
        return False
    begins, ends = datetime.combine(day, window.begins), datetime.combine(day, window.ends)
    return begins <= wall < (ends if ends > begins else ends + timedelta(1))


def _changes_nearby(zone: str, now_ms: int) -> bool:
    moments = [datetime.fromtimestamp(now_ms / 1000 + h * 3600, ZoneInfo(zone)) for h in (-3, 3)]
    return moments[0].utcoffset() != moments[1].utcoffset()


@given(st.sampled_from(ZONES), st.dates(date(2026, 1, 1), date(2026, 12, 31)), TIMES, TIMES)
def test_no_window_vanishes_and_none_outlasts_a_day_and_a_change(
    zone: str, day: date, begins: time, ends: time
) -> None:
    found = next_occurrence(Window(1, 1, None, zone, (), day, begins, ends), 0)
    assert found is not None
    assert found.until_ms is not None
    assert MINUTE_MS <= found.until_ms - found.from_ms <= DAY_MS + HOUR_MS
