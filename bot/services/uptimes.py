"""How a monitor fared over a stretch of time: from counted days and hours, and what came since."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.db import gaps, rollups, settings, stages
from bot.db.database import Connection
from bot.db.rollups import HOUR_MS, Sums
from bot.models import Monitor, State
from bot.services.coverage import Span, length_ms, overlap_ms, without
from bot.services.retention import ROLLED_DAY, ROLLED_HOUR


@dataclass(frozen=True, slots=True)
class Uptime:
    """Seconds of a span of ``span_s``, of which ``watched_s`` were watched.

    Time that was not watched is neither up nor down. ``count`` tries were made, ``ok`` were fine
    (those of the last hours are not counted yet).
    """

    span_s: int
    watched_s: int
    down_s: int
    unstable_s: int
    count: int
    ok: int

    @property
    def share(self) -> float | None:
        """The part of the watched time it was not down, 0 to 1; None: it was not watched."""
        return 1 - self.down_s / self.watched_s if self.watched_s else None

    @property
    def unwatched_s(self) -> int:
        return max(0, self.span_s - self.watched_s)


def uptimes(
    conn: Connection, monitors: Sequence[Monitor], since_ms: int, now_ms: int
) -> dict[int, Uptime]:
    """How each of these monitors fared, from the full hour before ``since_ms``, until now."""
    begin_ms = since_ms // HOUR_MS * HOUR_MS
    day = int(settings.get(conn, ROLLED_DAY) or 0)
    counted_ms = int(settings.get(conn, ROLLED_HOUR) or 0) * HOUR_MS
    sums = rollups.sums(conn, [monitor.id for monitor in monitors], begin_ms, day)
    return {
        monitor.id: _uptime(
            conn,
            monitor,
            sums.get(monitor.id, Sums()),
            begin_ms=max(begin_ms, monitor.created_ms),
            recent=(max(begin_ms, counted_ms, monitor.created_ms), now_ms),
        )
        for monitor in monitors
    }


def _uptime(
    conn: Connection, monitor: Monitor, sums: Sums, *, begin_ms: int, recent: Span
) -> Uptime:
    """The sums together with the last hours, which are not counted: those were watched, if any."""
    until_ms = min(recent[1], monitor.paused_ms or recent[1])
    spans = [(recent[0], until_ms)] if recent[0] < until_ms else []
    seen = without(spans, gaps.between(conn, *recent))
    bad = stages.between(conn, monitor.id, *recent)
    return Uptime(
        span_s=max(0, recent[1] - begin_ms) // 1000,
        watched_s=sums.watched_s + length_ms(seen) // 1000,
        down_s=sums.down_s + overlap_ms(seen, bad[State.DOWN]) // 1000,
        unstable_s=sums.unstable_s + overlap_ms(seen, bad[State.UNSTABLE]) // 1000,
        count=sums.count,
        ok=sums.ok,
    )
