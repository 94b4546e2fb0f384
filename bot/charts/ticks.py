"""Where the axes have marks, and what stands beside them. Pure."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import count

from babel.dates import format_skeleton

from bot.charts.picture import Span, Tick
from bot.clock import DAY_MS
from bot.words.translator import Translator

_MINUTE_MS = 60_000
_MOST = 8  # what a phone shows without crowding
_MINUTES = (1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720)
_DAYS = (1, 2, 5, 7, 14, 28)
_HOUR = 60
_LINES = 5
_RUN_UNITS_MS = (60 * _MINUTE_MS, _MINUTE_MS, 1_000)
_FEW = 2  # of fewer whole units no axis is made
_SHORT_MS = 10_000
# A label nearer to an end than this part of the axis would be cut.
_MARGIN = 0.03


def time_ticks(words: Translator, span: Span, zone: tzinfo) -> tuple[Tick, ...]:
    """Full hours of that zone's clock, or its midnights; midnight is named by its date."""
    length = span[1] - span[0]
    minutes = next((step for step in _MINUTES if length / (step * _MINUTE_MS) <= _MOST), None)
    if minutes is not None:
        marks = _clock_marks(span, zone, minutes)
    else:
        days = next((step for step in _DAYS if length / (step * DAY_MS) <= _MOST), _DAYS[-1])
        marks = _midnights(span, zone, days)
    margin = length * _MARGIN
    return tuple(
        Tick(at, _label(words, wall))
        for at, wall in marks
        if span[0] + margin <= at <= span[1] - margin
    )


def _clock_marks(span: Span, zone: tzinfo, minutes: int) -> Iterator[tuple[int, datetime]]:
    """Moments at which the wall's clock shows whole steps of the day.

    A step that a change of the clock skips has no mark; one that it repeats has two.
    """
    folds = (0, 1) if minutes <= _HOUR else (0,)  # a wider step has no room for a second mark
    day = datetime.fromtimestamp(span[0] / 1000, zone).date()
    for number in range((span[1] - span[0]) // DAY_MS + 2):
        for minute in range(0, 24 * 60, minutes):
            wall = datetime.combine(day + timedelta(number), datetime.min.time(), zone)
            wall += timedelta(minutes=minute)
            yield from _meant(wall, folds)


def _meant(wall: datetime, folds: Iterable[int]) -> Iterator[tuple[int, datetime]]:
    """The moments at which the clock really shows this."""
    for fold in folds:
        reading = wall.replace(fold=fold)
        back = reading.astimezone(UTC).astimezone(wall.tzinfo)
        if back.replace(tzinfo=None) == wall.replace(tzinfo=None) and back.fold == fold:
            yield round(reading.timestamp() * 1000), wall


def _midnights(span: Span, zone: tzinfo, days: int) -> Iterator[tuple[int, datetime]]:
    """Every so many midnights, counted back from the last one."""
    last = datetime.fromtimestamp(span[1] / 1000, zone).date()
    for number in range((span[1] - span[0]) // (days * DAY_MS) + 1, -1, -1):
        day: date = last - timedelta(number * days)
        wall = datetime.combine(day, datetime.min.time(), zone)
        yield round(wall.timestamp() * 1000), wall


def _label(words: Translator, wall: datetime) -> str:
    if wall.hour or wall.minute:
        return f"{wall:%H:%M}"
    return str(format_skeleton("MMMd", wall.date(), locale=words.locale))


def ms_ticks(words: Translator, top_ms: int) -> tuple[Tick, ...]:
    """Round numbers from 0 to ``top_ms``."""
    step = _round_step(top_ms / _LINES)
    return tuple(Tick(at, answer_time(words, at)) for at in range(0, top_ms + 1, step))


def run_ticks(words: Translator, top_ms: int) -> tuple[Tick, ...]:
    """The same for jobs, which may run for hours: round numbers of seconds, minutes or hours."""
    unit_ms = next((one for one in _RUN_UNITS_MS if top_ms >= _FEW * one), 1)
    step = unit_ms * _round_step(top_ms / unit_ms / _LINES)
    marks = range(0, top_ms + 1, step)
    if unit_ms == 1:
        return tuple(Tick(at, answer_time(words, at)) for at in marks)
    return tuple(Tick(at, words.duration(at / 1000)) for at in marks)


def answer_time(words: Translator, ms: int) -> str:
    """``1,204 ms``."""
    return words.text("{ms} ms", ms=words.number(ms))


def run_time(words: Translator, ms: int) -> str:
    """``25 min``; of a few seconds the milliseconds too."""
    return answer_time(words, ms) if ms < _SHORT_MS else words.duration(ms / 1000)


def _round_step(least: float) -> int:
    """The next of 1, 2, 5, 10, 20, 25, 50, 100, 200, 250 …"""
    for power in count():
        for digit in (1, 2, 2.5, 5):
            step = digit * 10**power
            if step >= least and step == int(step):
                return int(step)
    raise AssertionError("the powers of ten never end")
