"""Scores what was reported against the truth.

Posts and replies count, edits do not. An opening is false when it lies more than 60 s before or
300 s after every incident of its site; an incident is missed when no opening of its site lies in
that span and none was still open; an all-clear is early when given inside an incident more than
60 s before its end.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bot.services.simulation import SimulatedMessage
from tests.scenarios.kinds import Trouble

BEFORE_S, AFTER_S, EARLY_S = 60, 300, 60
OPENINGS = {"down", "unstable", "blocked", "slow"}


@dataclass(frozen=True)
class Score:
    posts: int = 0
    early: int = 0
    false: int = 0
    missed: int = 0

    def __add__(self, other: "Score") -> "Score":
        return Score(
            self.posts + other.posts,
            self.early + other.early,
            self.false + other.false,
            self.missed + other.missed,
        )


@dataclass
class Timeline:
    """When each site was reported open and reported over, read from the messages alone."""

    opened: dict[str, list[int]] = field(default_factory=dict)
    over: dict[str, list[int]] = field(default_factory=dict)
    _messages: list[Counter[str]] = field(default_factory=list)

    def hear(self, line: SimulatedMessage) -> None:
        named = Counter(line.monitors)
        if line.action == "reply" or line.kind == "up":
            if line.kind == "up" and line.action != "edit":
                self._note(self.over, named, line.t)
            return
        if line.kind not in OPENINGS:
            return
        before = self._edited(named) if line.action == "edit" else Counter[str]()
        self._note(self.opened, named - before, line.t)
        if before in self._messages:
            self._messages.remove(before)
        self._messages.append(named)

    def _edited(self, named: Counter[str]) -> Counter[str]:
        """The message an edit replaces: the fullest whose sites it all names, newest first."""
        fits = [message for message in reversed(self._messages) if message <= named]
        return max(fits, key=lambda message: message.total(), default=Counter())

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


def score(name: str, lines: Sequence[SimulatedMessage], troubles: Sequence[Trouble]) -> Score:
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
    )


def _spans(trouble: Trouble, t: float) -> bool:
    return trouble.start - BEFORE_S <= t <= trouble.end + AFTER_S
