"""Counts a monitor's hour or day from its checks, incidents and gaps."""

from collections.abc import Sequence

from bot.clock import HOUR_MS
from bot.db import gaps, incidents, results, rollups
from bot.db.database import Connection
from bot.db.monitors import Watched
from bot.db.results import ResultRow
from bot.db.rollups import HOURS, Rollup
from bot.models import State
from bot.services.history import coverage
from bot.services.history.coverage import Span, length_ms, overlap_ms

REMEMBERED_HOURS = 50  # the longest interval is a day, and a check speaks for two of them


def hour(
    conn: Connection, monitor: Watched, number: int, checks: Sequence[ResultRow]
) -> Rollup | None:
    """The hour of that number; None when there is nothing to count."""
    span = (number * HOUR_MS, (number + 1) * HOUR_MS)
    watched = _watched(conn, monitor, span, checks)
    if not watched and not checks:
        return None
    bad = incidents.between(conn, monitor.id, *span)
    fine = [one.ms for one in checks if one.cause is None]
    return Rollup(
        monitor.id,
        number,
        len(checks),
        len(fine),
        *quantiles(fine),
        watched_s=round(length_ms(watched) / 1000),
        down_s=round(overlap_ms(watched, bad[State.DOWN]) / 1000),
        unstable_s=round(overlap_ms(watched, bad[State.UNSTABLE]) / 1000),
        last_s=(checks[-1].at_ms - span[0]) // 1000 if checks else None,
    )


def day(conn: Connection, monitor_id: int, number: int) -> Rollup | None:
    """The day of that number from its hours; None when there are none."""
    sums = rollups.sums_of_day(conn, monitor_id, number)
    if sums is None:
        return None
    fine = results.packed_fine_ms(conn, monitor_id, number * HOURS, number * HOURS + HOURS - 1)
    return Rollup(
        monitor_id,
        number,
        sums.count,
        sums.ok,
        *quantiles(fine),
        watched_s=sums.watched_s,
        down_s=sums.down_s,
        unstable_s=sums.unstable_s,
    )


def _watched(
    conn: Connection, monitor: Watched, span: Span, checks: Sequence[ResultRow]
) -> list[Span]:
    number = span[0] // HOUR_MS
    return coverage.watched_spans(
        rollups.last_check_ms(conn, monitor.id, number - REMEMBERED_HOURS, number),
        [one.at_ms for one in checks],
        monitor.interval_s,
        within=span,
        until_ms=monitor.until_ms,
        gaps=gaps.between(conn, *span),
    )


def quantiles(values: list[int]) -> tuple[int | None, int | None]:
    """The median and the 95th percentile, both by nearest rank. Sorts the list."""
    if not values:
        return None, None
    values.sort()
    return values[(len(values) - 1) // 2], values[-(-len(values) * 95 // 100) - 1]
