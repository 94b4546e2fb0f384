"""A chart as plain data, which goes to the child process as JSON.

All texts come ready from the parent: the child knows no catalogue, no time zone, no site's name.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

Span = tuple[int, int]  # from, until in UTC epoch milliseconds


class Point(NamedTuple):
    """How fast a site was around a moment, in milliseconds."""

    at_ms: int
    median_ms: int
    p95_ms: int


class Tick(NamedTuple):
    """A mark of an axis: a moment or a number of milliseconds, and what stands beside it."""

    at: int
    label: str


@dataclass(frozen=True, slots=True)
class Labels:
    """The words of the legend, and whose clock the time axis shows."""

    median: str
    spread: str  # from the median to the 95th percentile
    down: str
    unstable: str
    unwatched: str
    zone: str
    players: str = ""
    nothing: str = ""  # why there are no times


@dataclass(frozen=True, slots=True)
class Picture:
    """Response time over ``span``, and what of that time was bad or not watched.

    ``runs``: points that belong together; between two runs the line is broken. ``top_ms`` is the
    upper end of the axis: what lies above it is cut off. ``players``: how many played when, as
    pairs of a moment and a number, on an axis of their own.
    """

    span: Span
    top_ms: int
    runs: tuple[tuple[Point, ...], ...]
    down: tuple[Span, ...]
    unstable: tuple[Span, ...]
    unwatched: tuple[Span, ...]
    time_ticks: tuple[Tick, ...]
    ms_ticks: tuple[Tick, ...]
    labels: Labels
    players: tuple[tuple[int, int], ...] = ()

    def to_json(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes) -> "Picture":
        """Raises ValueError, KeyError or TypeError for anything :meth:`to_json` did not write."""
        given = json.loads(text)
        return cls(
            span=_span(given["span"]),
            top_ms=int(given["top_ms"]),
            runs=tuple(tuple(Point(*point) for point in run) for run in given["runs"]),
            down=tuple(map(_span, given["down"])),
            unstable=tuple(map(_span, given["unstable"])),
            unwatched=tuple(map(_span, given["unwatched"])),
            time_ticks=tuple(Tick(*tick) for tick in given["time_ticks"]),
            ms_ticks=tuple(Tick(*tick) for tick in given["ms_ticks"]),
            labels=Labels(**given["labels"]),
            players=tuple(map(_span, given["players"])),
        )


class GridRow(NamedTuple):
    """One site: of each day, which share of the watched time it was not down; None: not watched."""

    name: str
    shares: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class DayGrid:
    """Sites and days of a report. ``labels``: one for each day."""

    rows: tuple[GridRow, ...]
    labels: tuple[str, ...]
    legend: str

    def to_json(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes) -> "DayGrid":
        """Raises ValueError, KeyError or TypeError for anything :meth:`to_json` did not write."""
        given = json.loads(text)
        rows = tuple(GridRow(name, tuple(shares)) for name, shares in given["rows"])
        return cls(rows, tuple(given["labels"]), given["legend"])


def _span(given: Any) -> Span:
    begin, end = given
    return int(begin), int(end)


def broad(spans: tuple[Span, ...], least_ms: int, within: Span) -> list[Span]:
    """Spans made wide enough to be seen, in order; those that touch then are one.

    ``least_ms``: what the fewest visible pixels stand for.
    """
    found: list[Span] = []
    for begin, end in spans:
        more = max(0, least_ms - (end - begin))
        left = max(begin - more // 2, within[0])
        right = min(max(end, left + least_ms), within[1])
        left = max(min(left, right - least_ms), within[0])
        if found and left <= found[-1][1]:
            left, right = found[-1][0], max(found.pop()[1], right)
        found.append((left, right))
    return found


def apart(spans: list[Span], least_ms: int) -> list[int]:
    """The middles of spans, without those too near to the one before."""
    found: list[int] = []
    for begin, end in spans:
        middle = (begin + end) // 2
        if not found or middle - found[-1] >= least_ms:
            found.append(middle)
    return found
