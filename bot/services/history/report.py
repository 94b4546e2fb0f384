"""How a monitor fared over a day, a week, a month or three: for the picture and its numbers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from bot.clock import DAY_MS, HOUR_MS, Clock
from bot.db import gaps, guilds, incidents, results, rollups
from bot.db.database import Connection, Database
from bot.db.result_codec import ResultRow
from bot.db.rollups import Rollup
from bot.models import Monitor, State
from bot.services.history.coverage import WORTH_MS, not_watched, seen
from bot.services.history.intervals import Span, cut, merged, without
from bot.services.history.latency import Pace, by_day, middle, of_hours
from bot.services.history.retention import ROLLED_HOUR
from bot.services.history.rollup import REMEMBERED_HOURS, quantiles
from bot.services.history.uptime import Counted, Uptime, counted_of
from bot.services.watchlist import Watchlist

MINUTES_MS = 600_000  # the steps of a picture of a day
# Up to so long a picture has steps of ten minutes, of an hour; a longer one has days.
_BY_MINUTES_MS, _BY_HOURS_MS = 2 * DAY_MS, 40 * DAY_MS
_EVERY_TRY = 1_000_000


class Period(StrEnum):
    """How far back a picture goes."""

    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"
    QUARTER = "90d"

    @property
    def days(self) -> int:
        return {"24h": 1, "7d": 7, "30d": 30, "90d": 90}[self.value]


@dataclass(frozen=True, slots=True)
class Past:
    """What a monitor's past looks like, from ``span[0]`` (a full hour, or when it was added).

    ``paces`` are those of steps of ``step_ms``, the empty ones left out. ``median_ms`` and
    ``p95_ms`` are exact where ``exact``, else those of the hour in the middle. The lists of spans
    are in order; what was not watched is neither down nor unstable. ``outages`` and ``shaky``:
    how many stretches of down and of unstable there were, a gap inside one not counted as its end.
    """

    span: Span
    step_ms: int
    paces: tuple[Pace, ...]
    down: tuple[Span, ...]
    unstable: tuple[Span, ...]
    unwatched: tuple[Span, ...]
    outages: int
    shaky: int
    uptime: Uptime
    median_ms: int | None
    p95_ms: int | None
    exact: bool

    @property
    def empty(self) -> bool:
        return not (self.paces or self.down or self.unstable)


@dataclass(slots=True)
class _Tries:
    """The tries that are read one by one: when they were, and how long the fine ones took."""

    step_ms: int
    moments: list[int] = field(default_factory=list)
    fine: dict[int, list[int]] = field(default_factory=dict)

    def add(self, rows: Iterable[ResultRow]) -> None:
        for row in rows:
            self.moments.append(row.at_ms)
            if row.cause is None:
                self.fine.setdefault(row.at_ms // self.step_ms * self.step_ms, []).append(row.ms)

    def paces(self) -> list[Pace]:
        found = []
        for begin_ms, took in sorted(self.fine.items()):
            median, p95, _ = quantiles(took)
            found.append(Pace(begin_ms, len(took), median or 0, p95 or 0))
        return found


@dataclass(frozen=True, slots=True)
class _Counted:
    """What one look into the store brings. The tries from ``tries_from`` on are not in it."""

    tries_from: int
    before_ms: int | None  # the last try before those
    hours: list[Rollup]
    days: list[Rollup]
    gaps: list[Span]
    bad: dict[State, list[Span]]
    counted: Counted


class History:
    """Reads in short turns: a week of tries is never fetched in one."""

    def __init__(self, db: Database, clock: Clock, watchlist: Watchlist) -> None:
        self._db = db
        self._clock = clock
        self._watchlist = watchlist

    async def of(self, guild_id: int, monitor_id: int, period: Period) -> Past:
        """The past of one monitor until now. Raises NotFound."""
        monitor = self._watchlist.get(guild_id, monitor_id).monitor
        now_ms = self._clock.now_ms()
        begin_ms = (now_ms - period.days * DAY_MS) // HOUR_MS * HOUR_MS
        span = (min(max(begin_ms, monitor.created_ms), now_ms - 1), now_ms)
        step_ms = step_of(span)
        await self._db.settle()
        counted = await self._db.read(lambda conn: _counted(conn, monitor, span, step_ms))
        tries = _Tries(min(step_ms, HOUR_MS))
        for hour in range(counted.tries_from // HOUR_MS, now_ms // HOUR_MS + 1):
            begin = max(hour * HOUR_MS, counted.tries_from)
            tries.add(await self._tries(monitor.id, begin, min((hour + 1) * HOUR_MS - 1, now_ms)))
        return _past(monitor, span, step_ms, counted, tries)

    async def _tries(self, monitor_id: int, since_ms: int, until_ms: int) -> list[ResultRow]:
        found = await self._db.read(
            lambda conn: results.of_monitor(conn, monitor_id, since_ms, until_ms, _EVERY_TRY)
        )
        return found[::-1]


def step_of(span: Span) -> int:
    """How long a step is: short enough to show something, long enough to be drawn."""
    length = span[1] - span[0]
    if length <= _BY_MINUTES_MS:
        return MINUTES_MS
    return HOUR_MS if length <= _BY_HOURS_MS else DAY_MS


def _counted(conn: Connection, monitor: Monitor, span: Span, step_ms: int) -> _Counted:
    counted_ms = (guilds.number(conn, ROLLED_HOUR) or 0) * HOUR_MS
    begin, now = span
    tries_from = begin if step_ms == MINUTES_MS else min(max(begin, counted_ms), now)
    first = tries_from // HOUR_MS
    days = rollups.days(conn, monitor.id, begin // DAY_MS, now // DAY_MS)
    return _Counted(
        tries_from=tries_from,
        before_ms=rollups.last_try_ms(conn, monitor.id, first - REMEMBERED_HOURS, first),
        hours=rollups.hours(conn, monitor.id, begin // HOUR_MS, first - 1),
        days=days if step_ms == DAY_MS else [],
        gaps=merged(gaps.between(conn, *span)),
        bad=incidents.between(conn, monitor.id, *span),
        counted=counted_of(conn, [monitor], begin, now)[0],
    )


def _past(monitor: Monitor, span: Span, step_ms: int, counted: _Counted, tries: _Tries) -> Past:
    unwatched = _unwatched(span, counted, _seen(monitor, span, counted, tries.moments))
    down, outages = _bad(counted.bad[State.DOWN], unwatched)
    unstable, shaky = _bad(counted.bad[State.UNSTABLE], unwatched)
    fine = [*of_hours(counted.hours), *tries.paces()]
    exact = step_ms == MINUTES_MS
    median, p95 = _typical(fine, tries, exact=exact)
    return Past(
        span=span,
        step_ms=step_ms,
        paces=tuple(by_day(counted.days, fine) if step_ms == DAY_MS else fine),
        down=tuple(down),
        unstable=tuple(unstable),
        unwatched=tuple(unwatched),
        outages=outages,
        shaky=shaky,
        uptime=counted.counted.with_recent(
            without([span], unwatched), counted.bad[State.DOWN], counted.bad[State.UNSTABLE]
        ),
        median_ms=median,
        p95_ms=p95,
        exact=exact,
    )


def _typical(paces: Sequence[Pace], tries: _Tries, *, exact: bool) -> tuple[int | None, int | None]:
    """Median and 95th percentile of all fine tries, or of the hour in the middle."""
    if exact:
        median, p95, _ = quantiles([ms for took in tries.fine.values() for ms in took])
        return median, p95
    return (
        middle([(one.median_ms, one.count) for one in paces]),
        middle([(one.p95_ms, one.count) for one in paces]),
    )


def _bad(spans: Sequence[Span], unwatched: Sequence[Span]) -> tuple[list[Span], int]:
    """What of these spans was seen, and in how many of them something was."""
    seen = [part for part in cut(merged(spans), unwatched) if part]
    return [span for part in seen for span in part], len(seen)


def _seen(monitor: Monitor, span: Span, counted: _Counted, moments: Sequence[int]) -> list[Span]:
    """What was watched since the tries are read one by one."""
    return seen(
        counted.before_ms,
        moments,
        monitor.interval_s,
        within=(counted.tries_from, span[1]),
        until_ms=monitor.paused_ms,
        gaps=counted.gaps,
    )


def _unwatched(span: Span, counted: _Counted, seen: Sequence[Span]) -> list[Span]:
    """From the counted hours, and from the tries after them."""
    known = not_watched(counted.hours, counted.gaps, (span[0], counted.tries_from))
    missing = without([(counted.tries_from, span[1])], seen)
    return merged([*known, *(one for one in missing if one[1] - one[0] >= WORTH_MS)])
