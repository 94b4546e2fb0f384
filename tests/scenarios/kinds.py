"""The synthetic kinds: each a seeded scenario with its truth, in the format of ``vigie replay``.

``max_messages`` is what a reader tolerates of each, as measured against other rules; edits are
free. Every scenario of a kind differs by its seed: when it begins, how long, which checks fail.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from random import Random

from tests.scenarios.outage_model import (
    OK,
    OutageModel,
    Overload,
    Span,
    between,
    blips,
    bouts,
    calm,
    outages,
    wave,
)

STEP_S = 60
RETRIES_S = (10, 30)
HOUR, DAY = 3600, 86_400
SEEN_BAD = 0.9  # nine checks in ten getting through is where an incident begins


@dataclass(frozen=True)
class Trouble:
    """What an ideal alerter reports; ``site`` None: of the only one."""

    start: float
    end: float
    site: str | None = None
    optional: bool = False


@dataclass(frozen=True)
class Scenario:
    """The lines of a file, and the truth about them."""

    name: str
    rows: list[str]
    troubles: tuple[Trouble, ...]
    max_messages: int


def make(kind: str, seed: int) -> Scenario:
    """The scenario of that kind and seed, always the same."""
    return KINDS[kind](kind, Random(f"{kind} {seed}"))


def rows(skies: dict[str | None, OutageModel], length_s: int) -> Iterator[str]:
    for t in range(0, length_s, STEP_S):
        for site, sky in skies.items():
            seen = sky(t)
            row: dict[str, object] = {"t": t, "outcome": seen.outcome, "ms": seen.ms}
            if site is not None:
                row["site"] = site
            retries = [sky(t + later).outcome for later in RETRIES_S]
            if {seen.outcome, *retries} != {OK}:
                row["retry"] = retries
            yield json.dumps(row)


PLACES = ("paris", "oslo", "sydney")


def seen_from(
    lines: Iterable[str], elsewhere: Mapping[str, Callable[[int, str], str]]
) -> list[str]:
    """The same rounds with what each place sees of the site at that second."""
    found = []
    for line in lines:
        row = json.loads(line)
        t, site = row["t"], row.get("site", "")
        row["places"] = {place: outcome(t, site) for place, outcome in elsewhere.items()}
        found.append(json.dumps(row))
    return found


def _alone(name: str, sky: OutageModel, length_s: int, troubles: list[Span], most: int) -> Scenario:
    lines = list(rows({None: sky}, length_s))
    return Scenario(name, lines, tuple(Trouble(*span) for span in troubles), most)


def _plain(
    mix: dict[str, int], length_s: int, wobble_s: int = 600
) -> Callable[[str, Random], Scenario]:
    """One outage in which every try fails, with an hour of calm before and after."""

    def build(name: str, rng: Random) -> Scenario:
        start = HOUR + rng.randrange(wobble_s)
        down = Span(start, start + length_s + rng.randrange(wobble_s))
        return _alone(name, outages(rng, [down], mix), down.end + HOUR, [down], 2)

    return build


def _election_night(name: str, rng: Random) -> Scenario:
    """8 November 2016: calm, a ramp, five hours in which one try in four works, and back."""
    period_s = rng.uniform(2400, 4800)
    ramp = Span(1800, 3000)
    waves = Span(ramp.end, ramp.end + 5 * HOUR)
    back = Span(waves.end, waves.end + 1800)
    left = wave(waves.end - waves.start, 0.15, 0.30, period_s)

    def chance(t: float) -> float:
        if ramp.holds(t):
            return between(t, ramp, 1.0, 0.30)
        if waves.holds(t):
            return wave(t - waves.start, 0.15, 0.30, period_s)
        return between(t, back, left, 1.0) if back.holds(t) else 1.0

    trouble = _bad_span(chance, Span(0, back.end))
    return _alone(name, Overload(rng, chance), 30_000, [trouble], 3)


def _two_days(name: str, rng: Random) -> Scenario:
    """The documents' version of that night: 32 hours, from the afternoon to the new servers."""
    afternoon, evening = Span(HOUR, 8 * HOUR), Span(8 * HOUR, 9 * HOUR)
    night, dawn = Span(9 * HOUR, 14 * HOUR), Span(14 * HOUR, 15 * HOUR)
    next_day = Span(15 * HOUR, 33 * HOUR)
    dips = bouts(rng, Span(afternoon.start, next_day.end), (240, 1200), (1800, 7200))
    usual = rng.uniform(0.85, 0.88)
    period_s = rng.uniform(2400, 4800)

    def undisturbed(t: float) -> float:
        if afternoon.holds(t):
            return 0.93
        if evening.holds(t):
            return between(t, evening, 0.93, 0.30)
        if night.holds(t):
            return wave(t - night.start, 0.15, 0.30, period_s)
        if dawn.holds(t):
            return between(t, dawn, 0.30, usual)
        return usual if next_day.holds(t) else 1.0

    def chance(t: float) -> float:
        dip = next_day.end > t >= afternoon.start and any(span.holds(t) for span in dips)
        return min(undisturbed(t), 0.35) if dip else undisturbed(t)

    trouble = Span(afternoon.start, next_day.end)
    return _alone(name, Overload(rng, chance), 36 * HOUR, [trouble], 8)


def _constant(chance: float) -> Callable[[str, Random], Scenario]:
    """Six hours in which so many checks get through, with an hour of calm before and after.

    At nine in ten one may say that it is in trouble, or not.
    """

    def build(name: str, rng: Random) -> Scenario:
        span = Span(HOUR, 7 * HOUR)
        sky = Overload(rng, lambda t: chance if span.holds(t) else 1.0)
        trouble = Trouble(*span, optional=chance >= SEEN_BAD)
        return Scenario(name, list(rows({None: sky}, 9 * HOUR)), (trouble,), 3)

    return build


def _bad_span(chance: Callable[[float], float], within: Span) -> Span:
    """From where the chance first falls below nine in ten to where it last does."""
    bad = [t for t in range(*within) if chance(t) < SEEN_BAD]
    return Span(bad[0], bad[-1] + 1)


def _blips(chance: float) -> Callable[[str, Random], Scenario]:
    def build(name: str, rng: Random) -> Scenario:
        return _alone(name, blips(rng, chance), 7 * DAY, [], 0)

    return build


def _restarts(name: str, rng: Random) -> Scenario:
    """A restart of 40 s each night, at a second that wanders a little."""
    first = 3 * HOUR + rng.randrange(STEP_S)
    starts = [first + night * DAY + rng.randint(-15, 15) for night in range(7)]
    down = [Span(start, start + 40) for start in starts]
    sky = outages(rng, down, {"http_502": 70, "conn_refused": 30})
    return _alone(name, sky, 7 * DAY, [], 0)


def _flaps(
    bad: tuple[int, int], good: tuple[int, int], length_s: int
) -> Callable[[str, Random], Scenario]:
    """A crash loop: down and up by turns."""

    def build(name: str, rng: Random) -> Scenario:
        whole = Span(HOUR, HOUR + length_s)
        down = bouts(rng, whole, bad, good)
        sky = outages(rng, down, {"http_502": 60, "conn_refused": 40})
        return _alone(name, sky, whole.end + 2 * HOUR, [Span(whole.start, down[-1].end)], 3)

    return build


def _sites(count: int) -> list[str]:
    return [f"s{number:02}" for number in range(1, count + 1)]


def _prober_loss(name: str, rng: Random) -> Scenario:
    """Our own network is gone for some minutes: canaries and sites alike."""
    start = HOUR + rng.randrange(600)
    gone = [Span(start, start + rng.randint(480, 960))]
    mix = {"dns": 70, "timeout": 30}
    names = [*_sites(40), "canary-1", "canary-2"]
    skies: dict[str | None, OutageModel] = {site: outages(rng, gone, mix) for site in names}
    return Scenario(name, list(rows(skies, 2 * HOUR)), (), 1)


def _shared_host(name: str, rng: Random) -> Scenario:
    """Twelve of forty sites live on one host, which fails for half an hour."""
    start = HOUR + rng.randrange(600)
    down = Span(start, start + 1800)
    mix = {"http_502": 50, "conn_refused": 50}
    hit = sorted(rng.sample(_sites(40), 12))
    skies: dict[str | None, OutageModel] = {
        site: outages(rng, [down], mix) if site in hit else calm(rng)
        for site in [*_sites(40), "canary-1", "canary-2"]
    }
    troubles = tuple(Trouble(*down, site=site) for site in hit)
    return Scenario(name, list(rows(skies, down.end + HOUR)), troubles, 4)


def _route(name: str, rng: Random) -> Scenario:
    """Home's route to three sites in ten breaks for some minutes; other places see nothing."""
    start, names = HOUR + rng.randrange(600), _sites(20)
    gone = [Span(start, start + rng.randint(120, 480))]
    cut = rng.sample(names, 6)
    mix = {"timeout": 80, "conn_reset": 20}
    skies: dict[str | None, OutageModel] = {
        site: outages(rng, gone, mix) if site in cut else calm(rng) for site in names
    }
    lines = seen_from(rows(skies, 2 * HOUR), dict.fromkeys(PLACES, _all_well))
    return Scenario(name, lines, (), 0)


def _all_well(_t: int, _site: str) -> str:
    return OK


def _region(name: str, rng: Random) -> Scenario:
    """One region, home and Paris in it, is cut off from a site for half an hour and more."""
    start = HOUR + rng.randrange(600)
    cut = Span(start, start + rng.randint(1800, 3600))

    def seen_near(t: int, _site: str) -> str:
        return "timeout" if cut.holds(t) else OK

    sky = outages(rng, [cut], {"timeout": 1})
    elsewhere = {"paris": seen_near, "oslo": _all_well, "sydney": _all_well}
    lines = seen_from(rows({None: sky}, cut.end + HOUR), elsewhere)
    # For ten rounds nothing is to be said, so it need not be.
    return Scenario(name, lines, (Trouble(*cut, optional=True),), 2)


def _everywhere(name: str, rng: Random) -> Scenario:
    """An outage that every place sees."""
    plain = _plain({"timeout": 50, "conn_refused": 50}, HOUR)(name, rng)
    (trouble,) = plain.troubles

    def seen(t: int, _site: str) -> str:
        return "timeout" if trouble.start <= t < trouble.end else OK

    return replace(plain, rows=seen_from(plain.rows, dict.fromkeys(PLACES, seen)))


KINDS: dict[str, Callable[[str, Random], Scenario]] = {
    "immigration-2016": _election_night,
    "immigration-2016-32h": _two_days,
    "constant-90": _constant(0.9),
    "constant-80": _constant(0.8),
    "hard-down": _plain({"conn_refused": 1}, 2 * HOUR),
    "dead-host": _plain({"timeout": 1}, 2 * HOUR),
    "dns": _plain({"dns": 1}, 2400),
    "tls-expired": _plain({"tls": 1}, 6 * HOUR),
    "blocked-403": _plain({"http_403": 1}, 8400),
    "maintenance-503": _plain({"http_503": 1}, 5400),
    "blips-99.9": _blips(0.001),
    "noisy-99": _blips(0.01),
    "restarts": _restarts,
    "flapping": _flaps((120, 180), (120, 180), 3 * HOUR),
    "slow-flapping": _flaps((600, 1200), (600, 1200), 7 * HOUR),
    "prober-loss": _prober_loss,
    "shared-host": _shared_host,
    "route-trouble": _route,
    "region-cut": _region,
    "seen-everywhere": _everywhere,
}
