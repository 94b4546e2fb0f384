"""A grid of days: one row a site, one cell a day. Only ever drawn by the child process.

Colour never speaks alone: what was down has a cross, what was not watched is hollow.
"""

import io
from importlib.util import find_spec
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from bot.charts.picture import DayGrid

SCALE = 2
_MARGIN, _ROW, _CELL, _GAP, _NAMES = 16 * SCALE, 26 * SCALE, 18 * SCALE, 3 * SCALE, 190 * SCALE
_CARD, _TEXT, _DIM = "#1e2026", "#dde1ea", "#8b919e"
_UP, _SOME, _DOWN, _UNWATCHED = "#2f9e5f", "#f5b73d", "#f2555a", "#3c414d"
# A day with so much downtime is drawn as down, with less as partly down.
_DOWN_FROM = 0.01
_FONT_SIZE = 13 * SCALE


def draw(grid: DayGrid) -> bytes:
    days = max(len(row.shares) for row in grid.rows)
    width = 2 * _MARGIN + _NAMES + days * (_CELL + _GAP)
    height = 2 * _MARGIN + (len(grid.rows) + 2) * _ROW
    image = Image.new("RGB", (width, height), _CARD)
    pen, font = ImageDraw.Draw(image), _font()
    _heads(pen, font, grid, days)
    for number, row in enumerate(grid.rows):
        top = _MARGIN + (number + 1) * _ROW
        pen.text((_MARGIN, top), _fitting(row.name, font), fill=_TEXT, font=font)
        for day, share in enumerate(row.shares):
            _cell(pen, (_left(day), top), share)
    top = height - _MARGIN - _ROW // 2
    pen.text((_MARGIN, top), grid.legend, fill=_DIM, font=font)
    png = io.BytesIO()
    image.quantize(32, dither=Image.Dither.NONE).save(png, format="png", optimize=True)
    return png.getvalue()


def _font() -> ImageFont.FreeTypeFont:
    """The one that matplotlib brings along; matplotlib itself is not loaded."""
    found = find_spec("matplotlib")
    if found is None or found.origin is None:
        raise ImportError("matplotlib is not installed")
    path = Path(found.origin).parent / "mpl-data/fonts/ttf/DejaVuSans.ttf"
    return ImageFont.truetype(str(path), _FONT_SIZE)


def _left(day: int) -> int:
    return _MARGIN + _NAMES + day * (_CELL + _GAP)


def _heads(
    pen: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont, grid: DayGrid, days: int
) -> None:
    """As many labels of days as there is room for, from the first on."""
    free_from = 0
    for day, label in enumerate(grid.labels[:days]):
        left = _left(day)
        if left >= free_from:
            pen.text((left, _MARGIN - _GAP), label, fill=_DIM, font=font)
            free_from = left + round(font.getlength(label)) + 2 * _GAP


def _fitting(name: str, font: ImageFont.FreeTypeFont) -> str:
    shown = name
    while shown and font.getlength(shown) > _NAMES - _GAP:
        shown = shown[:-2].rstrip() + "…" if len(shown) > 1 else ""
    return shown


def _cell(pen: ImageDraw.ImageDraw, corner: tuple[int, int], share: float | None) -> None:
    left, top = corner
    box = (left, top, left + _CELL, top + _CELL)
    if share is None:
        pen.rounded_rectangle(box, radius=_GAP, outline=_UNWATCHED, width=SCALE)
        return
    down = 1 - share
    colour = _UP if down <= 0 else _SOME if down < _DOWN_FROM else _DOWN
    pen.rounded_rectangle(box, radius=_GAP, fill=colour)
    if down > 0:
        inset = _CELL // 3
        ends = (left + inset, top + inset, left + _CELL - inset, top + _CELL - inset)
        pen.line(ends, fill=_CARD, width=SCALE)
        pen.line((ends[0], ends[3], ends[2], ends[1]), fill=_CARD, width=SCALE)
