"""Scores what was reported against the truth.

Posts and replies count, edits do not. An opening is false when it lies more than 60 s before or
300 s after every incident of its site; an incident is missed when no opening of its site lies in
that span and none was still open; an all-clear is early when given inside an incident more than
60 s before its end.

A minute is untrue, for each site, when its incident began more than 2 minutes ago and the channel
says nothing or good of it, or when it had none for more than 3 minutes and the channel says DOWN,
UNSTABLE, REFUSED, SLOW or PARTLY. Edits count here: they are what people read.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bot.services.simulation import SimulatedMessage
from tests.scenarios.kinds import Trouble

BEFORE_S, AFTER_S, EARLY_S = 60, 300, 60
OPENINGS = {"down", "unstable", "blocked", "slow", "partly"}
ENDINGS = {"up", "fast"}
NOTHING, GOOD, BAD, RECOVERING = "nothing", "good", "bad", "recovering"
# A word may lag so far behind the start of an incident, and behind its end.
LATE_S, LINGERS_S, MINUTE_S = 120, 180, 60


@dataclass(frozen=True)
class Score:
    posts: int = 0
    early: int = 0
    false: int = 0
    missed: int = 0
    untrue: int = 0  # minutes, over all sites
    incidents: int = 0

    def __add__(self, other: "Score") -> "Score":
        return Score(
            self.posts + other.posts,
            self.early + other.early,
            self.false + other.false,
            self.missed + other.missed,
            self.untrue + other.untrue,
            self.incidents + other.incidents,
        )

    @property
    def untrue_each(self) -> float:
        """Untrue minutes per incident."""
        return self.untrue / max(1, self.incidents)


@dataclass
class Timeline:
    """When each site was reported open, recovering and over, read from the messages alone."""

    opened: dict[str, list[int]] = field(default_factory=dict)
    over: dict[str, list[int]] = field(default_factory=dict)
    words: dict[str, list[tuple[int, str]]] = field(default_factory=dict)

    def hear(self, line: SimulatedMessage) -> None:
        if line.kind in ENDINGS:
            # The edit of a group may name a site that has failed again and has a post of its own.
            if line.action != "edit" or len(line.monitors) == 1:
                ended = [site for site in line.monitors if self.word(site, line.t) != GOOD]
                self._note(self.over, ended, line.t)
                self._say(line, GOOD)
        elif line.kind == RECOVERING:
            self._say(line, RECOVERING)
        elif line.kind in OPENINGS and line.action != "reply":
            new = (site for site in line.monitors if self.word(site, line.t) in {NOTHING, GOOD})
            self._note(self.opened, list(new), line.t)
            self._say(line, BAD)

    def word(self, site: str, t: float) -> str:
        """What the channel says of a site at that second."""
        said = self.words.get(site, ())
        return next((word for at, word in reversed(said) if at <= t), NOTHING)

    def _say(self, line: SimulatedMessage, word: str) -> None:
        for site in line.monitors:
            self.words.setdefault(site, []).append((line.t, word))

    @staticmethod
    def _note(times: dict[str, list[int]], sites: Iterable[str], t: int) -> None:
        for site in sites:
            times.setdefault(site, []).append(t)

    def stands_open(self, site: str, start: float, end: float) -> bool:
        """Whether the site was reported open at any time of that span."""
        changes = [(t, 1) for t in self.opened.get(site, ())]
        changes += [(t, -1) for t in self.over.get(site, ())]
        standing = 0
        for t, change in sorted(changes):
            if t > end:
                break
            if t >= start and standing > 0:
                return True
            standing += change
            if t >= start and standing > 0:
                return True
        return standing > 0


def posts(lines: Iterable[SimulatedMessage]) -> int:
    return sum(line.action in {"post", "reply"} for line in lines)


def score(
    name: str, lines: Sequence[SimulatedMessage], troubles: Sequence[Trouble], length_s: int
) -> Score:
    """``name``: the only site of a scenario without sites."""
    timeline = Timeline()
    for line in lines:
        timeline.hear(line)
    mine: dict[str, list[Trouble]] = {}
    for trouble in troubles:
        mine.setdefault(trouble.site or name, []).append(trouble)
    return Score(
        posts=posts(lines),
        early=sum(
            any(one.start <= t < one.end - EARLY_S for one in mine.get(site, ()))
            for site, times in timeline.over.items()
            for t in times
        ),
        false=sum(
            not any(_spans(one, t) for one in mine.get(site, ()))
            for site, times in timeline.opened.items()
            for t in times
        ),
        missed=sum(
            not timeline.stands_open(site, one.start - BEFORE_S, one.end + AFTER_S)
            for site, all_of_it in mine.items()
            for one in all_of_it
            if not one.optional
        ),
        untrue=sum(
            _untrue_minutes(timeline, site, mine.get(site, []), length_s)
            for site in {*mine, *timeline.words}
        ),
        incidents=sum(not one.optional for one in troubles),
    )


def _untrue_minutes(timeline: Timeline, site: str, mine: Sequence[Trouble], length_s: int) -> int:
    """Minutes in which the channel says something else than what is."""
    return sum(
        _is_untrue(timeline.word(site, t), t, mine) for t in range(0, length_s + 1, MINUTE_S)
    )


def _is_untrue(word: str, t: int, mine: Sequence[Trouble]) -> bool:
    inside = [one for one in mine if one.start <= t < one.end]
    if inside:
        silent = word in {NOTHING, GOOD}
        return silent and all(t - one.start > LATE_S and not one.optional for one in inside)
    ended = max((one.end for one in mine if one.end <= t), default=-LINGERS_S - 1)
    return word == BAD and t - ended > LINGERS_S


def _spans(trouble: Trouble, t: float) -> bool:
    return trouble.start - BEFORE_S <= t <= trouble.end + AFTER_S
