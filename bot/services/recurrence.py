"""Reckons when a maintenance window is open, right also when clocks are changed.

A window is given in wall-clock time. On the nights of a change it covers whatever could be meant:

- a beginning that happens twice is the first, an end that happens twice is the second;
- a beginning that is skipped is the jump itself, an end that is skipped is read by the old clock
  (RFC 5545), and a window that was skipped whole begins at the jump and keeps its length;
- ``length_s`` is real time, whatever the clock does.
"""

import logging
import re
import zoneinfo
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import tzdata  # type: ignore[import-untyped] # it has one constant

from bot.errors import UserError
from bot.models import Monitor, Window
from bot.words.escaping import plain

log = logging.getLogger(__name__)

# No occurrence is longer than a week; the second week shows where one of many days ends.
_BACK_DAYS, _AHEAD_DAYS = 9, 17
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time the window is open, from ``from_ms`` up to but not including ``until_ms``.

    ``until_ms`` None: without an end, because each occurrence begins before the last is over.
    """

    from_ms: int
    until_ms: int | None

    def contains(self, now_ms: int) -> bool:
        return self.from_ms <= now_ms and (self.until_ms is None or now_ms < self.until_ms)


def next_occurrence(window: Window, now_ms: int) -> Occurrence | None:
    """The occurrence that is open now or comes next; None when the window is over."""
    for occurrence in _occurrences(window, now_ms):
        if occurrence.until_ms is None or now_ms < occurrence.until_ms:
            return occurrence
    return None


def _occurrences(window: Window, now_ms: int) -> Iterator[Occurrence]:
    """Occurrences around now in order; those that touch or overlap are one."""
    begun: int | None = None
    until = 0
    for day in _days(window, now_ms):
        from_ms, until_ms = _on_day(window, day)
        if begun is not None and from_ms > until:
            yield Occurrence(begun, until)
            begun = None
        begun = from_ms if begun is None else begun
        until = max(until, until_ms)
    if begun is not None:
        endless = window.date is None and begun <= now_ms
        yield Occurrence(begun, None if endless else until)


def _days(window: Window, now_ms: int) -> list[date]:
    """The days on which an occurrence that matters now may begin."""
    if window.date is not None:
        return [window.date]
    today = wall_time(now_ms, window.timezone).date()
    near = (today + n * _DAY for n in range(-_BACK_DAYS, _AHEAD_DAYS))
    return [day for day in near if day.weekday() in window.days]


def _on_day(window: Window, day: date) -> tuple[int, int]:
    """The occurrence that begins on that day. Never empty."""
    zone = zone_of(window.timezone)
    begins = datetime.combine(day, window.begins)
    from_ms = first_moment(begins, zone)
    if window.ends is None:
        return from_ms, from_ms + (window.length_s or 0) * 1000
    overnight = window.ends <= window.begins
    ends = datetime.combine(day + _DAY if overnight else day, window.ends)
    until_ms = max(_readings_ms(ends, zone))
    if until_ms <= from_ms:
        until_ms = from_ms + (ends - begins) // timedelta(milliseconds=1)
    return from_ms, until_ms


def first_moment(wall: datetime, zone: tzinfo) -> int:
    """The first moment at which the wall clock shows this or, when it is skipped, more."""
    early_ms, late_ms = _readings_ms(wall, zone)
    if early_ms <= late_ms:
        return early_ms
    # Skipped: each reading lies on its side of the jump. Find it, to the second.
    first, last = late_ms // 1000, early_ms // 1000
    seconds = range(first, last + 1)
    return seconds[bisect_left(seconds, wall, key=lambda s: wall_in(s * 1000, zone))] * 1000


def local_days(from_ms: int, until_ms: int, zone: tzinfo) -> list[tuple[int, int]]:
    """The days of a stretch of time by the wall clock, its first and last perhaps in part.

    One has 23 or 25 hours where the clock is changed; one that was skipped is left out.
    """
    first, last = (wall_in(ms, zone).date() for ms in (from_ms, until_ms - 1))
    midnights = (
        datetime.combine(first + number * _DAY, time())
        for number in range(1, (last - first).days + 1)
    )
    begins = (first_moment(midnight, zone) for midnight in midnights)
    edges = sorted({from_ms, until_ms, *(ms for ms in begins if from_ms < ms < until_ms)})
    return list(pairwise(edges))


def _readings_ms(wall: datetime, zone: tzinfo) -> tuple[int, int]:
    """What the wall clock's time may mean: with the offset before a change, and after it."""
    early, late = (wall.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1))
    return round(early * 1000), round(late * 1000)


class LiveWindows:
    """Answers at once and often, so the occurrence that was found is kept until it is over."""

    def __init__(self) -> None:
        self._of_guild: defaultdict[int, list[Window]] = defaultdict(list)
        self._found: dict[int, tuple[int, Occurrence | None]] = {}

    def load(self, windows: Iterable[Window]) -> None:
        self._of_guild.clear()
        self._found.clear()
        for window in windows:
            self.add(window)

    def add(self, window: Window) -> None:
        self._of_guild[window.guild_id].append(window)

    def drop(self, guild_id: int, ids: Iterable[int]) -> None:
        gone = set(ids)
        kept = [window for window in self._of_guild[guild_id] if window.id not in gone]
        self._of_guild[guild_id] = kept
        for window_id in gone:
            self._found.pop(window_id, None)

    def of_guild(self, guild_id: int) -> list[Window]:
        return list(self._of_guild.get(guild_id, ()))

    def occurrence(self, window: Window, now_ms: int) -> Occurrence | None:
        """The occurrence that is open now or comes next; None when the window is over."""
        asked_ms, found = self._found.get(window.id, (now_ms + 1, None))
        passed = found is not None and found.until_ms is not None and found.until_ms <= now_ms
        if passed or now_ms < asked_ms:
            found = next_occurrence(window, now_ms)
            self._found[window.id] = now_ms, found
        return found

    def covering(self, monitor: Monitor, now_ms: int) -> tuple[Window, Occurrence] | None:
        """The open window that covers the monitor; of several, the one that lasts longest."""
        found = [
            (window, occurrence)
            for window in self._of_guild.get(monitor.guild_id, ())
            if window.covers(monitor)
            and (occurrence := self.occurrence(window, now_ms)) is not None
            and occurrence.contains(now_ms)
        ]
        return max(found, key=lambda pair: pair[1].until_ms or float("inf"), default=None)


_NO_PLACES = {"Factory", "localtime"}
_NAME_LIMIT = 60
_VERSION = re.compile(r"(?:# version )?(20\d\d[a-z]{1,2})\s")


def use_newest_rules() -> None:
    """Use the bundled time-zone data where the system's are older, or have no version.

    Governments change their clocks at short notice; of two sources the newer one knows better.
    """
    found = next((one for one in map(_version_in, zoneinfo.TZPATH) if one), "")
    if zoneinfo.TZPATH and _order(found) < _order(tzdata.IANA_VERSION):
        log.info("Time zones are as of %s; the system's are of %s", tzdata.IANA_VERSION, found)
        zoneinfo.reset_tzpath(to=())
        ZoneInfo.clear_cache()


def _version_in(folder: str) -> str:
    """By the first line of ``tzdata.zi`` (Linux) or ``+VERSION`` (macOS, BSD); empty: none."""
    for name in ("tzdata.zi", "+VERSION"):
        try:
            with (Path(folder) / name).open(encoding="ascii", errors="replace") as file:
                match = _VERSION.match(file.readline(100))
        except OSError:
            continue
        if match is not None:
            return match[1]
    return ""


def _order(version: str) -> tuple[str, int, str]:
    """After 2026z comes 2026za."""
    return version[:4], len(version), version


use_newest_rules()


@cache
def names() -> tuple[str, ...]:
    """All names, sorted. Reads the zone files once (some 20 ms)."""
    return tuple(sorted(available_timezones() - _NO_PLACES))


def zone_name(text: str) -> str:
    """The name as IANA writes it. Raises UserError."""
    wanted = search_form(text)
    for name in names():
        if search_form(name) == wanted:
            return name
    raise UserError(
        "There is no time zone called “{name}”. Pick one from the list as you type, or"
        " Europe/Paris.",
        name=plain(text, _NAME_LIMIT),
    )


def search_form(text: str) -> str:
    """What two spellings of a name have in common: ``New York`` is ``new_york``."""
    return "_".join(text.casefold().split())


@cache
def zone_of(name: str) -> tzinfo:
    """The zone; UTC for one that this machine does not know, so that windows go on to work."""
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        log.exception("The time zone %s is unknown here: its windows are read as UTC", name)
        return UTC


def wall_in(ms: int, zone: tzinfo) -> datetime:
    """What the clock on the wall shows in a zone at that moment; without a zone of its own."""
    return datetime.fromtimestamp(ms / 1000, zone).replace(tzinfo=None)


def wall_time(ms: int, timezone: str) -> datetime:
    return wall_in(ms, zone_of(timezone))


def instant(ms: int) -> tuple[date, time]:
    """Date and time of a moment, to the second, for a window in UTC."""
    wall = datetime.fromtimestamp(ms // 1000, UTC)
    return wall.date(), wall.time()
