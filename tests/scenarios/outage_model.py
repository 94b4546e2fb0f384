"""What a try sees at any second: the ways in which a site is well or in trouble.

The mixes and lengths follow the page on outage traces (what a prober sees in each condition):
errors of a dead process are alike and fast, those of an overloaded site are mixed and slow.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

OK = "ok"
DEADLINE_MS = 10_000
REPEATS = 0.3  # the chance that a try on an overloaded site shares the fate of the one before
OVERLOAD = {
    "http_500": 50,
    "timeout": 22,
    "http_503": 12,
    "conn_reset": 10,
    "conn_refused": 4,
    "http_502": 2,
}
BLIP = {"timeout": 60, "conn_reset": 15, "dns": 10, "http_502": 15}


class Seen(NamedTuple):
    """What one try saw."""

    outcome: str
    ms: int


class Span(NamedTuple):
    """Seconds from … until …, the end not included."""

    start: int
    end: int

    def holds(self, t: float) -> bool:
        return self.start <= t < self.end


OutageModel = Callable[[int], Seen]
"""What a try at that second sees; asked in the order of time."""


def pick(rng: Random, mix: dict[str, int]) -> str:
    return rng.choices(list(mix), list(mix.values()))[0]


def failed(rng: Random, outcome: str) -> Seen:
    """A failure takes as long as its kind does: the deadline, or hardly anything."""
    match outcome:
        case "timeout":
            return Seen(outcome, DEADLINE_MS)
        case "conn_refused" | "tls":
            return Seen(outcome, rng.randint(15, 90))
        case _:
            return Seen(outcome, min(DEADLINE_MS - 1, round(rng.lognormvariate(4.8, 0.5))))


def fine(rng: Random, slower: float = 1.0) -> Seen:
    return Seen(OK, min(DEADLINE_MS - 1, round(rng.lognormvariate(5.2, 0.25) * slower)))


def calm(rng: Random) -> OutageModel:
    return lambda _t: fine(rng)


def outages(rng: Random, spans: Sequence[Span], mix: dict[str, int]) -> OutageModel:
    """Well, but for spans in which every try fails."""

    def see(t: int) -> Seen:
        if any(span.holds(t) for span in spans):
            return failed(rng, pick(rng, mix))
        return fine(rng)

    return see


def blips(rng: Random, chance: float) -> OutageModel:
    """Single failures, each independent of the next."""

    def see(_t: int) -> Seen:
        return failed(rng, pick(rng, BLIP)) if rng.random() < chance else fine(rng)

    return see


@dataclass
class Overload:
    """Some checks get through: with a chance that changes, and fates that stick a little."""

    rng: Random
    chance: Callable[[float], float]
    _last: bool = field(default=True, init=False)

    def __call__(self, t: int) -> Seen:
        chance = self.chance(t)
        if self.rng.random() >= REPEATS or chance > 1 - 1e-9:
            self._last = self.rng.random() < chance
        if self._last:
            return fine(self.rng, slower=1 + 9 * (1 - chance))
        return failed(self.rng, pick(self.rng, OVERLOAD))


def wave(t: float, low: float, high: float, period_s: float) -> float:
    """Swings between ``low`` and ``high``; starts at ``high``."""
    return (low + high) / 2 + (high - low) / 2 * math.cos(2 * math.pi * t / period_s)


def between(t: float, span: Span, start: float, end: float) -> float:
    """The straight line from ``start`` to ``end`` over a span."""
    return start + (end - start) * (t - span.start) / (span.end - span.start)


def bouts(rng: Random, span: Span, bad: tuple[int, int], good: tuple[int, int]) -> list[Span]:
    """Outages and pauses by turns, each of a length drawn from its range."""
    found, t = [], span.start
    while t < span.end:
        end = min(span.end, t + rng.randint(*bad))
        found.append(Span(t, end))
        t = end + rng.randint(*good)
    return found
