"""What the other places make of home's failure: pure, so a table can show every case.

They decide what may be said, never whether watching goes on, and nobody but home can begin a
failure. With *n* places that voted beside home, "down" needs at least half of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.models import CheckResult, SeenFrom

FEWEST_OF_OWN_LINE = 3  # of two or three monitors one may be half


class NoVote(StrEnum):
    """Why a place said nothing about a site. The first four may be a lookout's own answer."""

    OFFLINE = "offline"  # its own connectivity check failed too
    VERSION = "version"  # it speaks another version of these messages, or lacks an option
    CANNOT = "cannot"  # the address is one it does not visit
    BUSY = "busy"
    SILENT = "silent"  # no answer in time
    AWAY = "away"  # not connected
    GARBLED = "garbled"  # an answer nobody can read
    UNTRUSTED = "untrusted"  # headers and secrets go to trusted places alone
    TOO_LONG = "too_long"  # the question does not fit into a message


@dataclass(frozen=True, slots=True)
class Answer:
    """What one place said, or why it said nothing: exactly one of the two is set."""

    place: str
    result: CheckResult | None = None
    why: NoVote | None = None


class Verdict(StrEnum):
    """What may be said while home fails."""

    ALONE = "alone"  # nobody else voted: home decides, and the alert says so
    AGREED = "agreed"
    PARTLY = "partly"  # others get through: no alarm


@dataclass(frozen=True, slots=True)
class Vote(SeenFrom):
    """The answers of the other places; the names stand in the order they were given in."""

    @property
    def verdict(self) -> Verdict:
        """Home fails: what do the others make of it?"""
        if not self.voted:
            return Verdict.ALONE
        return Verdict.AGREED if 2 * len(self.failing) >= self.voted else Verdict.PARTLY

    @property
    def may_close(self) -> bool:
        """Home sees a site again: an all-clear needs one good answer elsewhere, if any voted."""
        return bool(self.through) or not self.failing


def vote(answers: Sequence[Answer]) -> Vote:
    """Count; what is no result of a check does not vote."""
    return Vote(
        failing=tuple(a.place for a in answers if a.result is not None and not a.result.ok),
        through=tuple(a.place for a in answers if a.result is not None and a.result.ok),
        silent=tuple(a.place for a in answers if a.result is None),
    )


def is_settled(votes: Vote, outstanding: int) -> bool:
    """Whether the verdict is the same whatever so many others still say, or do not say."""
    failing, voted = len(votes.failing), votes.voted
    agreed = voted > 0 and 2 * failing >= voted + outstanding
    return agreed or 2 * failing + outstanding < voted


def is_own_line(partly: int, watched: int) -> bool:
    """Half of all monitors fail from home alone, at once: the trouble is in our own line."""
    return partly >= FEWEST_OF_OWN_LINE and 2 * partly >= watched
