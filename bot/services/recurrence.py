"""When a maintenance window is open: pure time reckoning, right when the clock is changed.

A window is given in wall-clock time. On the nights of a change it covers whatever could be meant:

- a beginning that happens twice is the first, an end that happens twice is the second;
- a beginning that is skipped is the jump itself, an end that is skipped is read by the old clock
  (RFC 5545), and a window that was skipped whole begins at the jump and keeps its length;
- ``length_s`` is real time, whatever the clock does.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from bot.models import Window
from bot.services.zones import wall_in, wall_time, zone_of

# No occurrence is longer than a week; the second week shows where a stretch of many days ends.
_BACK_DAYS, _AHEAD_DAYS = 9, 17
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stretch:
    """One time the window is open, from ``from_ms`` up to but not including ``until_ms``.

    ``until_ms`` None: without an end, because each occurrence begins before the last is over.
    """

    from_ms: int
    until_ms: int | None

    def holds(self, now_ms: int) -> bool:
        return self.from_ms <= now_ms and (self.until_ms is None or now_ms < self.until_ms)


def next_stretch(window: Window, now_ms: int) -> Stretch | None:
    """The stretch that is open now or comes next; None when the window is over."""
    for stretch in _stretches(window, now_ms):
        if stretch.until_ms is None or now_ms < stretch.until_ms:
            return stretch
    return None


def _stretches(window: Window, now_ms: int) -> Iterator[Stretch]:
    """Occurrences around now in order; those that touch or overlap are one."""
    begun: int | None = None
    until = 0
    for day in _days(window, now_ms):
        from_ms, until_ms = _occurrence(window, day)
        if begun is not None and from_ms > until:
            yield Stretch(begun, until)
            begun = None
        begun = from_ms if begun is None else begun
        until = max(until, until_ms)
    if begun is not None:
        endless = window.date is None and begun <= now_ms
        yield Stretch(begun, None if endless else until)


def _days(window: Window, now_ms: int) -> list[date]:
    """The days on which an occurrence that matters now may begin."""
    if window.date is not None:
        return [window.date]
    today = wall_time(now_ms, window.timezone).date()
    near = (today + n * _DAY for n in range(-_BACK_DAYS, _AHEAD_DAYS))
    return [day for day in near if day.weekday() in window.days]


def _occurrence(window: Window, day: date) -> tuple[int, int]:
    """The occurrence that begins on that day. Never empty."""
    zone = zone_of(window.timezone)
    begins = datetime.combine(day, window.begins)
    from_ms = _first_ms(begins, zone)
    if window.ends is None:
        return from_ms, from_ms + (window.length_s or 0) * 1000
    overnight = window.ends <= window.begins
    ends = datetime.combine(day + _DAY if overnight else day, window.ends)
    until_ms = max(_readings_ms(ends, zone))
    if until_ms <= from_ms:
        until_ms = from_ms + (ends - begins) // timedelta(milliseconds=1)
    return from_ms, until_ms


def _first_ms(wall: datetime, zone: tzinfo) -> int:
    """The first moment at which the wall clock shows this or, when it is skipped, more."""
    early_ms, late_ms = _readings_ms(wall, zone)
    if early_ms <= late_ms:
        return early_ms
    # Skipped: each reading lies on its side of the jump. Find it, to the second.
    first, last = late_ms // 1000, early_ms // 1000
    seconds = range(first, last + 1)
    return seconds[bisect_left(seconds, wall, key=lambda s: wall_in(s * 1000, zone))] * 1000


def _readings_ms(wall: datetime, zone: tzinfo) -> tuple[int, int]:
    """What the wall clock's time may mean: with the offset before a change, and after it."""
    early, late = (wall.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1))
    return round(early * 1000), round(late * 1000)
