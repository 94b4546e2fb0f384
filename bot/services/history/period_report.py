"""``/history``: how a monitor fared over a day, a week, a month or three."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from bot.clock import DAY_MS, HOUR_MS, Clock
from bot.db import guilds, incidents, results, rollups
from bot.db.database import Connection, Database
from bot.db.results import ResultRow
from bot.db.rollups import ROLLED_HOUR, Players, Rollup
from bot.models import Monitor, State
from bot.services.history.retention import REMEMBERED_HOURS, quantiles
from bot.services.history.uptime import (
    SHORTEST_GAP_MS,
    Counted,
    Span,
    Uptime,
    counted_since,
    cut,
    merged,
    unwatched_in_hours,
    watched_spans,
    without,
)
from bot.services.watchlist import Watchlist

TEN_MINUTES_MS = 600_000  # the steps of a picture of a day
# Up to so long a picture has steps of ten minutes, of an hour; a longer one has days.
_BY_MINUTES_MS, _BY_HOURS_MS = 2 * DAY_MS, 40 * DAY_MS
_ALL = 1_000_000


class Period(StrEnum):
    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"
    QUARTER = "90d"

    @property
    def days(self) -> int:
        return {"24h": 1, "7d": 7, "30d": 30, "90d": 90}[self.value]


@dataclass(frozen=True, slots=True)
class ResponseTimes:
    """``count`` successful checks of one step of time: their median and 95th percentile."""

    begin_ms: int
    count: int
    median_ms: int
    p95_ms: int


@dataclass(frozen=True, slots=True)
class PlayerCount:
    """How many played in one step of time: the mean of its checks, and the highest."""

    begin_ms: int
    mean: int
    most: int


@dataclass(frozen=True, slots=True)
class PeriodReport:
    """``span`` begins at a full hour, or when the monitor was added.

    ``response_times`` are those of steps of ``step_ms``, the empty ones left out. ``median_ms`` and
    ``p95_ms`` are exact where ``exact``, else those of the hour in the middle. The lists of spans
    are in order; what was not watched is neither down nor unstable. ``outages`` and ``shaky``:
    how many stretches of down and of unstable there were, a gap inside one not counted as its end.
    ``players``: by hours or days, where they are kept.
    """

    span: Span
    step_ms: int
    response_times: tuple[ResponseTimes, ...]
    down: tuple[Span, ...]
    unstable: tuple[Span, ...]
    unwatched: tuple[Span, ...]
    outages: int
    shaky: int
    uptime: Uptime
    median_ms: int | None
    p95_ms: int | None
    exact: bool
    players: tuple["PlayerCount", ...] = ()

    @property
    def empty(self) -> bool:
        return not (self.response_times or self.down or self.unstable)


@dataclass(slots=True)
class _Checks:
    """Checks read one by one: when they were, and how long those that succeeded took."""

    step_ms: int
    at_ms: list[int] = field(default_factory=list)
    took: dict[int, list[int]] = field(default_factory=dict)

    def add(self, rows: Iterable[ResultRow]) -> None:
        for row in rows:
            self.at_ms.append(row.at_ms)
            if row.cause is None:
                self.took.setdefault(row.at_ms // self.step_ms * self.step_ms, []).append(row.ms)

    def response_times(self) -> list[ResponseTimes]:
        found = []
        for begin_ms, took in sorted(self.took.items()):
            median, p95 = quantiles(took)
            if median is not None and p95 is not None:
                found.append(ResponseTimes(begin_ms, len(took), median, p95))
        return found


@dataclass(frozen=True, slots=True)
class _Stored:
    """One look into the store. Checks from ``checks_from`` on are read apart, one by one."""

    checks_from: int
    before_ms: int | None  # the last check before those
    hours: list[Rollup]
    days: list[Rollup]
    gaps: list[Span]
    bad: dict[State, list[Span]]
    counted: Counted
    players: list[Players]


class History:
    """Reads in short turns: a week of checks is never fetched in one."""

    def __init__(self, db: Database, clock: Clock, watchlist: Watchlist) -> None:
        self._db, self._clock, self._watchlist = db, clock, watchlist

    async def report(self, guild_id: int, monitor_id: int, period: Period) -> PeriodReport:
        """How one monitor fared until now. Raises NotFound."""
        monitor = self._watchlist.get(guild_id, monitor_id).monitor
        now_ms = self._clock.now_ms()
        begin_ms = (now_ms - period.days * DAY_MS) // HOUR_MS * HOUR_MS
        span = (min(max(begin_ms, monitor.created_ms), now_ms - 1), now_ms)
        step_ms = step_of(span)
        await self._db.settle()
        stored = await self._db.read(lambda conn: _stored(conn, monitor, span, step_ms))
        checks = _Checks(min(step_ms, HOUR_MS))
        for hour in range(stored.checks_from // HOUR_MS, now_ms // HOUR_MS + 1):
            begin = max(hour * HOUR_MS, stored.checks_from)
            checks.add(await self._checks(monitor.id, begin, min((hour + 1) * HOUR_MS - 1, now_ms)))
        return _report(monitor, span, step_ms, stored, checks)

    async def _checks(self, monitor_id: int, since_ms: int, until_ms: int) -> list[ResultRow]:
        found = await self._db.read(
            lambda conn: results.of_monitor(conn, monitor_id, since_ms, until_ms, _ALL)
        )
        return found[::-1]


def step_of(span: Span) -> int:
    """How long a step is: short enough to show something, long enough to be drawn."""
    length = span[1] - span[0]
    if length <= _BY_MINUTES_MS:
        return TEN_MINUTES_MS
    return HOUR_MS if length <= _BY_HOURS_MS else DAY_MS


def times_of_hours(hours: Iterable[Rollup]) -> list[ResponseTimes]:
    """Without the hours in which no check succeeded."""
    return _response_times(hours, HOUR_MS)


def times_by_day(days: Iterable[Rollup], hours: Sequence[ResponseTimes]) -> list[ResponseTimes]:
    """Counted days, and of each other day the middle of its hours."""
    found = {one.begin_ms: one for one in _response_times(days, DAY_MS)}
    others: dict[int, list[ResponseTimes]] = {}
    for one in hours:
        begin_ms = one.begin_ms // DAY_MS * DAY_MS
        if begin_ms not in found:
            others.setdefault(begin_ms, []).append(one)
    for begin_ms, of_day in others.items():
        median = weighted_median([(one.median_ms, one.count) for one in of_day])
        p95 = weighted_median([(one.p95_ms, one.count) for one in of_day])
        count = sum(one.count for one in of_day)
        found[begin_ms] = ResponseTimes(begin_ms, count, median or 0, p95 or 0)
    return [found[begin_ms] for begin_ms in sorted(found)]


def weighted_median(values: Sequence[tuple[int, int]]) -> int | None:
    """The median of numbers that count so many times each, by nearest rank."""
    left = (sum(times for _, times in values) + 1) // 2
    for value, times in sorted(values):
        left -= times
        if left <= 0:
            return value
    return None


def _response_times(counted: Iterable[Rollup], step_ms: int) -> list[ResponseTimes]:
    return [
        ResponseTimes(one.slot * step_ms, one.ok, one.p50_ms, one.p95_ms)
        for one in counted
        if one.p50_ms is not None and one.p95_ms is not None
    ]


def _stored(conn: Connection, monitor: Monitor, span: Span, step_ms: int) -> _Stored:
    counted_ms = (guilds.number(conn, ROLLED_HOUR) or 0) * HOUR_MS
    begin, now = span
    checks_from = begin if step_ms == TEN_MINUTES_MS else min(max(begin, counted_ms), now)
    first = checks_from // HOUR_MS
    days = rollups.days(conn, monitor.id, begin // DAY_MS, now // DAY_MS)
    return _Stored(
        checks_from=checks_from,
        before_ms=rollups.last_check_ms(conn, monitor.id, first - REMEMBERED_HOURS, first),
        hours=rollups.hours(conn, monitor.id, begin // HOUR_MS, first - 1),
        days=days if step_ms == DAY_MS else [],
        gaps=merged(rollups.gaps_between(conn, *span)),
        bad=incidents.between(conn, monitor.id, *span),
        counted=counted_since(conn, [monitor], begin, now)[0],
        players=rollups.players(conn, monitor.id, begin // HOUR_MS, now // HOUR_MS),
    )


def _report(
    monitor: Monitor, span: Span, step_ms: int, stored: _Stored, checks: _Checks
) -> PeriodReport:
    unwatched = _unwatched(monitor, span, stored, checks.at_ms)
    down, outages = _watched_parts(stored.bad[State.DOWN], unwatched)
    unstable, shaky = _watched_parts(stored.bad[State.UNSTABLE], unwatched)
    times = [*times_of_hours(stored.hours), *checks.response_times()]
    exact = step_ms == TEN_MINUTES_MS
    median, p95 = _typical(times, checks, exact=exact)
    return PeriodReport(
        span=span,
        step_ms=step_ms,
        response_times=tuple(times_by_day(stored.days, times) if step_ms == DAY_MS else times),
        down=tuple(down),
        unstable=tuple(unstable),
        unwatched=tuple(unwatched),
        outages=outages,
        shaky=shaky,
        uptime=stored.counted.with_recent(
            without([span], unwatched), stored.bad[State.DOWN], stored.bad[State.UNSTABLE]
        ),
        median_ms=median,
        p95_ms=p95,
        exact=exact,
        players=tuple(_by_steps(stored.players, max(step_ms, HOUR_MS))),
    )


def _by_steps(hours: Iterable[Players], step_ms: int) -> Iterable[PlayerCount]:
    steps: dict[int, Players] = {}
    for one in hours:
        begin_ms = one.hour * HOUR_MS // step_ms * step_ms
        steps[begin_ms] = one.plus(steps.get(begin_ms))
    for begin_ms, all_of_it in sorted(steps.items()):
        yield PlayerCount(begin_ms, round(all_of_it.players / all_of_it.checks), all_of_it.most)


def _typical(
    times: Sequence[ResponseTimes], checks: _Checks, *, exact: bool
) -> tuple[int | None, int | None]:
    if exact:
        return quantiles([ms for took in checks.took.values() for ms in took])
    return (
        weighted_median([(one.median_ms, one.count) for one in times]),
        weighted_median([(one.p95_ms, one.count) for one in times]),
    )


def _watched_parts(spans: Sequence[Span], unwatched: Sequence[Span]) -> tuple[list[Span], int]:
    """The watched parts of these spans, and in how many of the spans there are any."""
    parts = [part for part in cut(merged(spans), unwatched) if part]
    return [span for part in parts for span in part], len(parts)


def _unwatched(
    monitor: Monitor, span: Span, stored: _Stored, checks_ms: Sequence[int]
) -> list[Span]:
    """By the counted hours, and by the checks after them."""
    recent = (stored.checks_from, span[1])
    watched = watched_spans(
        stored.before_ms,
        checks_ms,
        monitor.interval_s,
        within=recent,
        until_ms=monitor.paused_ms,
        gaps=stored.gaps,
    )
    missing = [one for one in without([recent], watched) if one[1] - one[0] >= SHORTEST_GAP_MS]
    return merged([*unwatched_in_hours(stored.hours, stored.gaps, (span[0], recent[0])), *missing])
