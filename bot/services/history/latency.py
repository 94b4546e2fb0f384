"""How fast a site answered, step by step, and what several steps come to. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.clock import DAY_MS, HOUR_MS
from bot.db.rollups import Rollup


@dataclass(frozen=True, slots=True)
class Pace:
    """``count`` fine tries of one step of time: their median and 95th percentile."""

    begin_ms: int
    count: int
    median_ms: int
    p95_ms: int


def of_hours(hours: Iterable[Rollup]) -> list[Pace]:
    """Without the hours in which nothing was fine."""
    return _paces(hours, HOUR_MS)


def by_day(days: Iterable[Rollup], hours: Sequence[Pace]) -> list[Pace]:
    """Counted days, and of each other day the middle of its hours."""
    found = {one.begin_ms: one for one in _paces(days, DAY_MS)}
    others: dict[int, list[Pace]] = {}
    for one in hours:
        begin_ms = one.begin_ms // DAY_MS * DAY_MS
        if begin_ms not in found:
            others.setdefault(begin_ms, []).append(one)
    for begin_ms, of_day in others.items():
        median = middle([(one.median_ms, one.count) for one in of_day])
        p95 = middle([(one.p95_ms, one.count) for one in of_day])
        count = sum(one.count for one in of_day)
        found[begin_ms] = Pace(begin_ms, count, median or 0, p95 or 0)
    return [found[begin_ms] for begin_ms in sorted(found)]


def middle(values: Sequence[tuple[int, int]]) -> int | None:
    """The median of numbers that count so many times each, by nearest rank."""
    left = (sum(times for _, times in values) + 1) // 2
    for value, times in sorted(values):
        left -= times
        if left <= 0:
            return value
    return None


def _paces(counted: Iterable[Rollup], step_ms: int) -> list[Pace]:
    return [
        Pace(one.slot * step_ms, one.ok, one.p50_ms, one.p95_ms)
        for one in counted
        if one.p50_ms is not None and one.p95_ms is not None
    ]
