"""When a monitor was watched, and what of that time was bad: pure arithmetic with spans.

A span is (from, until) in UTC epoch milliseconds; lists of them are in order, without overlap.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

Span = tuple[int, int]

GRACE_MS = 30_000


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


def overlap_ms(spans: Iterable[Span], others: Sequence[Span]) -> int:
    """How much of ``spans`` lies in ``others``."""
    return sum(max(0, min(end, b) - max(begin, a)) for begin, end in spans for a, b in others)


def length_ms(spans: Iterable[Span]) -> int:
    return sum(end - begin for begin, end in spans)
