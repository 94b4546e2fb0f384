"""The past in a line of text, for where no picture can be shown: ``▂▂▃█✖✖▲▂··▂``.

Trouble has signs of its own, the same as everywhere: a height alone tells of speed.
"""

from collections.abc import Iterator, Sequence

from bot.services.history.intervals import Span, overlap_ms
from bot.services.history.report import Past
from bot.words.translator import N_, Translator

CELLS = 30  # as many as a phone shows in one line of code
_HEIGHTS = "▁▂▃▄▅▆▇█"
_DOWN, _UNSTABLE, _UNWATCHED = "✖", "▲", "·"
_MEANINGS = {_DOWN: N_("down"), _UNSTABLE: N_("unstable"), _UNWATCHED: N_("not watched")}


def sparkline(words: Translator, past: Past) -> str:
    """The line in a block of code, and below it what its signs mean."""
    top = max((one.median_ms for one in past.paces), default=0)
    line = "".join(_signs(past, top))
    key = [f"`{sign}` {words.text(_MEANINGS[sign])}" for sign in _MEANINGS if sign in line]
    if top and set(line) & set(_HEIGHTS):
        key.insert(0, f"`{_HEIGHTS[-1]}` {words.text('{ms} ms', ms=words.number(top))}")
    return f"```\n{line}\n```{' · '.join(key)}"


def _signs(past: Past, top: int) -> Iterator[str]:
    height = _HEIGHTS[0]
    for cell in _cells(past.span):
        medians = _medians(past, cell)
        if overlap_ms([cell], past.down):
            yield _DOWN
        elif overlap_ms([cell], past.unstable):
            yield _UNSTABLE
        elif not medians and overlap_ms([cell], past.unwatched):
            yield _UNWATCHED
        else:
            # A site that is checked seldom is as fast as it was when last seen.
            height = _height(medians, top) or height
            yield height


def _cells(span: Span) -> Iterator[Span]:
    length = span[1] - span[0]
    for number in range(CELLS):
        yield span[0] + length * number // CELLS, span[0] + length * (number + 1) // CELLS


def _medians(past: Past, cell: Span) -> list[int]:
    return [
        one.median_ms
        for one in past.paces
        if one.begin_ms < cell[1] and one.begin_ms + past.step_ms > cell[0]
    ]


def _height(medians: Sequence[int], top: int) -> str | None:
    """Of the slowest step in it; the slowest of all is the full block."""
    if not medians:
        return None
    return _HEIGHTS[-1] if not top else _HEIGHTS[max(0, -(-max(medians) * 8 // top) - 1)]
