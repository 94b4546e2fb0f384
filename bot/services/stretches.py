"""Long lists of spans, taken apart and put together in a time that grows with them alone. Pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from bot.db.rollups import HOUR_MS, Rollup
from bot.services.coverage import Span, without

# Hours are counted in whole seconds and a try may come late: less is no gap.
WORTH_MS = 60_000


def merged(spans: Iterable[Span]) -> list[Span]:
    """In order, those that touch as one."""
    found: list[Span] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return found


def cut(spans: Iterable[Span], holes: Sequence[Span]) -> list[list[Span]]:
    """What ``holes``, which are in order and do not touch, leave of each span."""
    begins, ends = [begin for begin, _ in holes], [end for _, end in holes]
    return [
        without([(begin, end)], holes[bisect_right(ends, begin) : bisect_left(begins, end)])
        for begin, end in spans
    ]


def not_watched(hours: Sequence[Rollup], gaps: Sequence[Span], within: Span) -> list[Span]:
    """What these counted hours leave out of a span: the gaps, and what no gap explains.

    An hour knows how long it was watched, not when. What is missing joins the missing end of the
    hour before, or else stands at the hour's end: a pause begins and ends inside an hour.
    """
    known = {one.slot: one.watched_s * 1000 for one in hours}
    found = [(max(a, within[0]), min(b, within[1])) for a, b in gaps]
    found = [(begin, end) for begin, end in found if begin < end]
    explained = _by_hour(found)
    goes_on = False
    for slot in range(within[0] // HOUR_MS, -(-within[1] // HOUR_MS)):
        begin, end = max(slot * HOUR_MS, within[0]), min((slot + 1) * HOUR_MS, within[1])
        missing = end - begin - known.get(slot, 0) - explained.get(slot, 0)
        if missing < WORTH_MS:
            goes_on = False
            continue
        found.append((begin, begin + missing) if goes_on else (end - missing, end))
        goes_on = True
    return merged(found)


def _by_hour(spans: Iterable[Span]) -> dict[int, int]:
    """How many milliseconds of each hour the spans take."""
    found: dict[int, int] = {}
    for begin, end in spans:
        for slot in range(begin // HOUR_MS, -(-end // HOUR_MS)):
            part = min(end, (slot + 1) * HOUR_MS) - max(begin, slot * HOUR_MS)
            found[slot] = found.get(slot, 0) + part
    return found
