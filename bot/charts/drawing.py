"""Draws a picture with matplotlib. Only ever imported by the child process (``bot.charts``).

Colour never speaks alone: down is red, hatched with crosses and marked ✖, unstable is amber,
hatched with strokes and marked ▲, what was not watched is grey with strokes the other way.
"""

import io
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from PIL import Image  # matplotlib's own image library

from bot.charts.picture import Picture, Span, apart, broad

WIDTH, HEIGHT, SCALE = 800, 300, 2  # logical pixels, and how many dots each of them has
_DPI = 100 * SCALE
_COLOURS = 128
_FONT = 10.5
# One dark card of its own: it reads the same on Discord's dark and light theme.
_CARD, _PLOT, _GRID, _TEXT = "#1e2026", "#262932", "#3c414d", "#dde1ea"
_LINE, _SPREAD, _PLAYERS = "#7cb7ff", "#3f74b8", "#e6a3ff"
_UP, _DOWN, _UNSTABLE, _UNWATCHED = "#2f9e5f", "#f2555a", "#f5b73d", "#8b919e"
_HATCH = {_DOWN: "xxxx", _UNSTABLE: "////", _UNWATCHED: "\\\\\\"}
_LEAST = 0.0035  # of the width: less cannot be seen
_MISSING = 1.6  # of a step: the first and last of a picture are shorter
_MANY = 400  # so many points want a thinner line
_APART = 0.02  # of the width: marks nearer than that are one heap

mpl.rcParams.update(
    {
        "text.parse_math": False,
        "font.family": "DejaVu Sans",
        "font.size": _FONT,
        "text.color": _TEXT,
        "hatch.linewidth": 1.1,
        "path.simplify": True,
    }
)


def draw(picture: Picture) -> bytes:
    figure = Figure(figsize=(WIDTH / 100, HEIGHT / 100), dpi=_DPI, facecolor=_CARD)
    FigureCanvasAgg(figure)
    widest = max((len(tick.label) for tick in picture.ms_ticks), default=0)
    left = 0.022 + 0.0108 * widest
    right = 0.985 - 0.0108 * (len(str(_top(picture))) + 1 if picture.players else 0)
    plot = figure.add_axes((left, 0.225, right - left, 0.645), facecolor=_PLOT)
    strip = figure.add_axes((left, 0.125, right - left, 0.07), facecolor=_UP)
    _frame(plot, strip, picture)
    _speed(plot, picture)
    _players(plot, picture)
    _states(plot, strip, picture)
    _legend(figure, picture)
    return _png(figure)


def _png(figure: Figure) -> bytes:
    """With a palette of its own it is a third as large and looks the same."""
    dots = io.BytesIO()
    figure.savefig(dots, format="rgba", facecolor=_CARD)
    size = (WIDTH * SCALE, HEIGHT * SCALE)
    image = Image.frombytes("RGBA", size, dots.getvalue()).convert("RGB")
    png = io.BytesIO()
    image.quantize(_COLOURS, dither=Image.Dither.NONE).save(png, format="png", optimize=True)
    return png.getvalue()


def _frame(plot: Axes, strip: Axes, picture: Picture) -> None:
    for axes in (plot, strip):
        axes.set_xlim(*picture.span)
        axes.tick_params(length=0, labelcolor=_TEXT, pad=5)
        for side in axes.spines.values():
            side.set_visible(False)
    plot.set_ylim(0, picture.top_ms)
    plot.set_yticks([t.at for t in picture.ms_ticks], [t.label for t in picture.ms_ticks])
    plot.set_xticks([t.at for t in picture.time_ticks], [])
    plot.grid(visible=True, color=_GRID, linewidth=0.8)
    plot.set_axisbelow(True)
    strip.set_ylim(0, 1)
    strip.set_yticks([])
    strip.set_xticks([t.at for t in picture.time_ticks], [t.label for t in picture.time_ticks])


def _speed(plot: Axes, picture: Picture) -> None:
    if picture.labels.nothing:
        place: dict[str, Any] = {"transform": plot.transAxes, "ha": "center", "va": "center"}
        plot.text(0.5, 0.5, picture.labels.nothing, backgroundcolor=_PLOT, zorder=7, **place)
    many = sum(map(len, picture.runs)) > _MANY
    for run in picture.runs:
        at, median, p95 = zip(*run, strict=True)
        plot.fill_between(at, median, p95, color=_SPREAD, alpha=0.55, linewidth=0, zorder=2)
        plot.plot(
            at,
            median,
            color=_LINE,
            linewidth=1.2 if many else 1.8,
            zorder=3,
            solid_joinstyle="round",
        )
        if len(run) == 1:
            plot.vlines(at, median, p95, color=_SPREAD, linewidth=3, zorder=2)
            plot.plot(at, median, "o", color=_LINE, markersize=4, zorder=3)


def _players(plot: Axes, picture: Picture) -> None:
    """A dashed line with an axis of its own at the right, broken where steps are missing."""
    if not picture.players:
        return
    axes = plot.twinx()
    step = min((b - a for (a, _), (b, _) in pairwise(picture.players)), default=0)
    points: list[tuple[float, float]] = []
    for at_ms, count in picture.players:
        if points and at_ms - points[-1][0] > step * _MISSING:
            points.append((at_ms, math.nan))
        points.append((at_ms, count))
    at, counts = zip(*points, strict=True)
    axes.set_ylim(0, _top(picture) * 1.15)
    axes.set_yticks([0, _top(picture)], ["0", str(_top(picture))])
    axes.tick_params(length=0, labelcolor=_PLAYERS, pad=5)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.plot(at, counts, color=_PLAYERS, linewidth=1.4, linestyle=(0, (4, 2)), zorder=5)
    if len(at) == 1:
        axes.plot(at, counts, "s", color=_PLAYERS, markersize=4, zorder=5)


def _top(picture: Picture) -> int:
    return max((count for _, count in picture.players), default=0) or 1


def _states(plot: Axes, strip: Axes, picture: Picture) -> None:
    length = picture.span[1] - picture.span[0]
    for spans, colour, mark, height, _ in _trouble(picture):
        shown = broad(spans, round(length * _LEAST), picture.span)
        _bands(plot, strip, shown, colour)
        middles = apart(shown, round(length * _APART))
        plot.plot(
            middles,
            [height] * len(middles),
            marker=mark,
            linestyle="none",
            transform=plot.get_xaxis_transform(),
            color=colour,
            markersize=9,
            markeredgecolor=_CARD,
            clip_on=False,
            zorder=6,
        )


def _trouble(picture: Picture) -> list[tuple[tuple[Span, ...], str, str, float, str]]:
    """Spans with their colour, their mark, the height it stands at, and their name."""
    words = picture.labels
    return [
        (picture.unwatched, _UNWATCHED, "", 0, words.unwatched),
        (picture.unstable, _UNSTABLE, "^", 0.81, words.unstable),
        (picture.down, _DOWN, "X", 0.93, words.down),
    ]


def _bands(plot: Axes, strip: Axes, spans: Sequence[Span], colour: str) -> None:
    bars = [(begin, end - begin) for begin, end in spans]
    style: dict[str, Any] = {"hatch": _HATCH[colour], "linewidth": 0}
    plot.broken_barh(
        bars,
        (0, 1),
        transform=plot.get_xaxis_transform(),
        facecolor=(colour, 0.16),
        edgecolor=(colour, 0.45),
        zorder=4,
        **style,
    )
    strip.broken_barh(bars, (0, 1), facecolor=colour, edgecolor=(_CARD, 0.7), zorder=4, **style)


def _legend(figure: Figure, picture: Picture) -> None:
    words = picture.labels
    entries: list[tuple[Any, str]] = []
    if picture.runs:
        entries.append((Line2D([], [], color=_LINE, linewidth=1.8), words.median))
        entries.append((Patch(facecolor=_SPREAD, alpha=0.55), words.spread))
    if picture.players:
        line = Line2D([], [], color=_PLAYERS, linewidth=1.4, linestyle=(0, (4, 2)))
        entries.append((line, words.players))
    for spans, colour, _, _, text in reversed(_trouble(picture)):
        if spans:
            patch = Patch(facecolor=colour, edgecolor=_CARD, hatch=_HATCH[colour], linewidth=0)
            entries.append((patch, text))
    figure.legend(
        [handle for handle, _ in entries],
        [text for _, text in entries],
        loc="upper left",
        bbox_to_anchor=(0.005, 1.0),
        ncols=len(entries),
        frameon=False,
        labelcolor=_TEXT,
        handlelength=1.5,
        handletextpad=0.5,
        columnspacing=1.3,
        borderaxespad=0.5,
    )
    figure.text(0.985, 0.93, words.zone, ha="right", va="center", color=_UNWATCHED, fontsize=9.5)
