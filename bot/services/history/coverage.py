"""When a monitor was watched: told by its tries, or by what its hours came to. Pure."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from bot.clock import HOUR_MS
from bot.db.rollups import Rollup
from bot.services.history.intervals import Span, cut, merged

GRACE_MS = 30_000
# Hours are counted in whole seconds and a try may come late: less is no gap.
WORTH_MS = 60_000


def reach_ms(interval_s: int) -> int:
    """How long one try speaks for a site: a missed round is forgiven, two are a gap."""
    return 2 * interval_s * 1000 + GRACE_MS


def watched(tries_ms: Sequence[int], reach: int, within: Span) -> list[Span]:
    """The time these tries speak for; one from before ``within`` may reach into it."""
    spans: list[Span] = []
    for at_ms, after_ms in pairwise([*tries_ms, within[1]]):
        begin = max(at_ms, within[0])
        end = min(at_ms + reach, max(after_ms, at_ms), within[1])
        if end <= begin:
            continue
        if spans and spans[-1][1] == begin:
            begin = spans.pop()[0]
        spans.append((begin, end))
    return spans


def seen(
    before_ms: int | None,
    tries_ms: Sequence[int],
    interval_s: int,
    *,
    within: Span,
    until_ms: int | None,
    gaps: Sequence[Span],
) -> list[Span]:
    """When a monitor was watched: the one rule for hours, pictures and their numbers.

    ``before_ms`` is its last try before ``within``; ``until_ms``: paused, removed or left then.
    """
    told = [] if before_ms is None else [before_ms]
    end_ms = min(until_ms or within[1], within[1])
    found = watched([*told, *tries_ms], reach_ms(interval_s), (within[0], end_ms))
    return [part for parts in cut(found, merged(gaps)) for part in parts]


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
