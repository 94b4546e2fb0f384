"""Arithmetic with spans of time. Pure.

A span is (from, until) in UTC epoch milliseconds; lists of them are in order, without overlap.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

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
    """What of ``spans`` lies in one other."""
    clipped = [(max(begin, within[0]), min(end, within[1])) for begin, end in spans]
    return [(begin, end) for begin, end in clipped if begin < end]


def cut(spans: Iterable[Span], holes: Sequence[Span]) -> list[list[Span]]:
    """What ``holes``, which are in order and do not touch, leave of each span."""
    begins, ends = [begin for begin, _ in holes], [end for _, end in holes]
    return [
        without([(begin, end)], holes[bisect_right(ends, begin) : bisect_left(begins, end)])
        for begin, end in spans
    ]


def overlap_ms(spans: Iterable[Span], others: Sequence[Span]) -> int:
    """How much of ``spans`` lies in ``others``."""
    return sum(max(0, min(end, b) - max(begin, a)) for begin, end in spans for a, b in others)


def length_ms(spans: Iterable[Span]) -> int:
    return sum(end - begin for begin, end in spans)
