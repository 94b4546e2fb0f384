"""How a monitor fared over a stretch of time: from counted days and hours, and what came since.

Was it watched? The one rule, from checks or from counted hours. A span is (from, until) in UTC
epoch milliseconds; lists of them are in order, without overlap.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from enum import Enum, auto
from itertools import pairwise

from bot.clock import DAY_MS, HOUR_MS
from bot.db import audit_log, guilds, incidents, results, rollups
from bot.db.database import Connection
from bot.db.rollups import HOURS, ROLLED_DAY, ROLLED_HOUR, Rollup, Sums
from bot.models import Monitor, State

Span = tuple[int, int]


def merged(spans: Iterable[Span]) -> list[Span]:
    """In order, those that touch as one."""
    found: list[Span] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return found


def without(spans: Iterable[Span], holes: Sequence[Span]) -> list[Span]:
    left = list(spans)
    for hole_from, hole_until in holes:
        pieces = [
            piece
            for begin, end in left
            for piece in ((begin, min(end, hole_from)), (max(begin, hole_until), end))
        ]
        left = [(begin, end) for begin, end in pieces if begin < end]
    return left


def inside(spans: Iterable[Span], within: Span) -> list[Span]:
    clipped = [(max(begin, within[0]), min(end, within[1])) for begin, end in spans]
    return [(begin, end) for begin, end in clipped if begin < end]


def cut(spans: Iterable[Span], holes: Sequence[Span]) -> list[list[Span]]:
    """Each span without the ``holes``, which are in order and do not touch."""
    begins, ends = [begin for begin, _ in holes], [end for _, end in holes]
    return [
        without([(begin, end)], holes[bisect_right(ends, begin) : bisect_left(begins, end)])
        for begin, end in spans
    ]


def overlap_ms(spans: Iterable[Span], others: Sequence[Span]) -> int:
    return sum(max(0, min(end, b) - max(begin, a)) for begin, end in spans for a, b in others)


def length_ms(spans: Iterable[Span]) -> int:
    return sum(end - begin for begin, end in spans)


GRACE_MS = 30_000
# Hours are counted in whole seconds and a check may come late: less is no gap.
SHORTEST_GAP_MS = 60_000


def reach_ms(interval_s: int) -> int:
    """How long one check speaks for a site: a missed round is forgiven, two are a gap."""
    return 2 * interval_s * 1000 + GRACE_MS


def spans_of_checks(checks_ms: Sequence[int], reach: int, within: Span) -> list[Span]:
    """The time these checks speak for; one from before ``within`` may reach into it."""
    spans: list[Span] = []
    for at_ms, after_ms in pairwise([*checks_ms, within[1]]):
        begin = max(at_ms, within[0])
        end = min(at_ms + reach, max(after_ms, at_ms), within[1])
        if end <= begin:
            continue
        if spans and spans[-1][1] == begin:
            begin = spans.pop()[0]
        spans.append((begin, end))
    return spans


def watched_spans(
    before_ms: int | None,
    checks_ms: Sequence[int],
    interval_s: int,
    *,
    within: Span,
    until_ms: int | None,
    gaps: Sequence[Span],
) -> list[Span]:
    """When a monitor was watched: the one rule for hours, pictures and their numbers.

    ``before_ms`` is its last check before ``within``; ``until_ms``: paused, removed or left then.
    """
    earlier = [] if before_ms is None else [before_ms]
    end_ms = min(until_ms or within[1], within[1])
    found = spans_of_checks([*earlier, *checks_ms], reach_ms(interval_s), (within[0], end_ms))
    return [part for parts in cut(found, merged(gaps)) for part in parts]


def unwatched_in_hours(hours: Sequence[Rollup], gaps: Sequence[Span], within: Span) -> list[Span]:
    """The parts of a span that its counted hours leave out: gaps, and what no gap explains.

    An hour knows how long it was watched, not when. What is missing joins the missing end of the
    hour before, or else stands at the hour's end: a pause begins and ends inside an hour.
    """
    known = {one.slot: one.watched_s * 1000 for one in hours}
    found = [(max(a, within[0]), min(b, within[1])) for a, b in gaps]
    found = [(begin, end) for begin, end in found if begin < end]
    explained = _by_hour(found)
    open_end = False
    for slot in range(within[0] // HOUR_MS, -(-within[1] // HOUR_MS)):
        begin, end = max(slot * HOUR_MS, within[0]), min((slot + 1) * HOUR_MS, within[1])
        missing = end - begin - known.get(slot, 0) - explained.get(slot, 0)
        if missing < SHORTEST_GAP_MS:
            open_end = False
            continue
        found.append((begin, begin + missing) if open_end else (end - missing, end))
        open_end = True
    return merged(found)


def _by_hour(spans: Iterable[Span]) -> dict[int, int]:
    found: dict[int, int] = {}
    for begin, end in spans:
        for slot in range(begin // HOUR_MS, -(-end // HOUR_MS)):
            part = min(end, (slot + 1) * HOUR_MS) - max(begin, slot * HOUR_MS)
            found[slot] = found.get(slot, 0) + part
    return found


_POOR_FROM, _BAD_FROM = 100, 10  # one part in so many


class Level(Enum):
    """Grade of a span, from the best to the worst; UNWATCHED: nobody looked."""

    FINE = auto()
    SHAKY = auto()  # unstable or briefly down
    POOR = auto()  # over 1% down
    BAD = auto()  # over 10% down
    UNWATCHED = auto()


@dataclass(frozen=True, slots=True)
class Uptime:
    """Seconds of a span of ``span_s``, of which ``watched_s`` were watched.

    Time that was not watched is neither up nor down. ``count`` checks were made (those of the last
    hours are not counted yet).
    """

    span_s: int
    watched_s: int
    down_s: int
    unstable_s: int
    count: int

    @property
    def level(self) -> Level:
        if self.watched_s <= 0:
            return Level.UNWATCHED
        if self.down_s * _BAD_FROM >= self.watched_s:
            return Level.BAD
        if self.down_s * _POOR_FROM >= self.watched_s:
            return Level.POOR
        return Level.SHAKY if self.down_s or self.unstable_s else Level.FINE

    @property
    def unwatched_s(self) -> int:
        return max(0, self.span_s - self.watched_s)


_FIELDS = tuple(field.name for field in fields(Uptime))
_SUMS = tuple(field.name for field in fields(Sums))


@dataclass(frozen=True, slots=True)
class Counted:
    """The counted time of a monitor from ``begin_ms`` on, and the span after it not counted yet."""

    sums: Sums
    begin_ms: int
    recent: Span

    def with_recent(
        self, watched: Sequence[Span], down: Sequence[Span], unstable: Sequence[Span]
    ) -> Uptime:
        """The whole, from the watched and the bad parts of the recent span."""
        watched = inside(watched, self.recent)
        return Uptime(
            span_s=max(0, self.recent[1] - self.begin_ms) // 1000,
            watched_s=self.sums.watched_s + length_ms(watched) // 1000,
            down_s=self.sums.down_s + overlap_ms(watched, down) // 1000,
            unstable_s=self.sums.unstable_s + overlap_ms(watched, unstable) // 1000,
            count=self.sums.count,
        )


def uptimes(
    conn: Connection, monitors: Sequence[Monitor], since_ms: int, now_ms: int
) -> dict[int, Uptime]:
    """How each of these monitors fared, from the full hour before ``since_ms``, until now."""
    counted = counted_since(conn, monitors, since_ms, now_ms)
    pairs = zip(monitors, counted, strict=True)
    return {monitor.id: _with_recent(conn, monitor, one) for monitor, one in pairs}


def counted_since(
    conn: Connection, monitors: Sequence[Monitor], since_ms: int, now_ms: int
) -> list[Counted]:
    """The counted time of each of these monitors since the full hour before ``since_ms``."""
    begin_ms = since_ms // HOUR_MS * HOUR_MS
    day, counted_ms = _counted(conn)
    sums = rollups.sums(conn, [monitor.id for monitor in monitors], begin_ms, day)
    return [_counted_in(one, (begin_ms, now_ms), counted_ms, sums.get(one.id)) for one in monitors]


def by_day(conn: Connection, monitor: Monitor, first_day: int, now_ms: int) -> list[Uptime]:
    """How a monitor fared on each day (UTC, numbered since 1970), from that one until now.

    The last one is the day that still runs; of days before it was added nothing was watched.
    """
    rolled, counted_ms = _counted(conn)
    sums: dict[int, Sums] = {}
    for one in rollups.days(conn, monitor.id, first_day, rolled - 1):
        sums[one.slot] = _plus(Sums(), one)
    for one in rollups.hours(conn, monitor.id, max(first_day, rolled) * HOURS, now_ms // HOUR_MS):
        day = one.slot // HOURS
        sums[day] = _plus(sums.get(day, Sums()), one)
    days = range(first_day, now_ms // DAY_MS + 1)
    spans = ((day, (day * DAY_MS, min((day + 1) * DAY_MS, now_ms))) for day in days)
    return [
        _with_recent(conn, monitor, _counted_in(monitor, span, counted_ms, sums.get(day)))
        for day, span in spans
    ]


def joined(parts: Sequence[Uptime]) -> Uptime:
    return Uptime(*(sum(getattr(one, name) for one in parts) for name in _FIELDS))


def _counted(conn: Connection) -> tuple[int, int]:
    """The next day to count, and the moment until which hours are counted."""
    day, hour = (guilds.number(conn, key) or 0 for key in (ROLLED_DAY, ROLLED_HOUR))
    return day, hour * HOUR_MS


def _counted_in(monitor: Monitor, span: Span, counted_ms: int, sums: Sums | None) -> Counted:
    begin_ms = max(span[0], monitor.created_ms)
    return Counted(sums or Sums(), begin_ms, (max(begin_ms, counted_ms), span[1]))


def _plus(sums: Sums, one: Rollup) -> Sums:
    return Sums(*(getattr(sums, name) + getattr(one, name) for name in _SUMS))


def _with_recent(conn: Connection, monitor: Monitor, counted: Counted) -> Uptime:
    """The last hours are not counted yet: taken as watched, but for gaps and pauses.

    Their checks would say it exactly, but those of all monitors of a list take too long to read.
    """
    recent = counted.recent
    until_ms = min(recent[1], monitor.paused_ms or recent[1])
    if recent[0] >= until_ms:
        return counted.with_recent([], [], [])
    first_ms = _first_ms(conn, monitor, recent)
    pauses = audit_log.pauses(conn, monitor.id, *recent)
    watched = without([(first_ms, until_ms)], rollups.gaps_between(conn, *recent) + pauses)
    bad = incidents.between(conn, monitor.id, *recent)
    return counted.with_recent(watched, bad[State.DOWN], bad[State.UNSTABLE])


def _first_ms(conn: Connection, monitor: Monitor, recent: Span) -> int:
    """Watching a new monitor begins with its first check: one that was never up is never up."""
    if monitor.created_ms != recent[0]:
        return recent[0]
    soon_ms = recent[0] + reach_ms(monitor.interval_s)
    return results.first_of_monitor(conn, monitor.id, recent[0], soon_ms) or recent[0]
