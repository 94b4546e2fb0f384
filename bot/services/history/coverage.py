"""Was it watched? The one rule, from checks or from counted hours, and arithmetic with spans. Pure.

A span is (from, until) in UTC epoch milliseconds; lists of them are in order, without overlap.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise

from bot.clock import HOUR_MS
from bot.db.rollups import Rollup

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
    """``spans`` less ``holes``."""
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
    """The parts of ``spans`` in another one."""
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
