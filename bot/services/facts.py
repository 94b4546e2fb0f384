"""What can be said of a monitor's evidence: one small noun for each fact, numbers and times."""

from dataclasses import dataclass

from bot.models import Kind, Rule


@dataclass(frozen=True, slots=True)
class Rounds:
    """The last rounds, newest last, a letter each as in :mod:`bot.engine.judge_state`."""

    letters: str


@dataclass(frozen=True, slots=True)
class BadRounds:
    """So many of the last ``of`` rounds were bad; ``opens`` of them open an incident."""

    bad: int
    of: int
    opens: int


@dataclass(frozen=True, slots=True)
class SlowRounds:
    """So many of the last ``of`` rounds took longer than ``limit_ms``; ``opens`` open one."""

    slow: int
    of: int
    opens: int
    limit_ms: int


@dataclass(frozen=True, slots=True)
class FailedRun:
    """The newest ``rounds`` failed wholly; a try that fails from ``opens_ms`` on opens one."""

    rounds: int
    opens_ms: int


@dataclass(frozen=True, slots=True)
class Opened:
    """The incident: the rule that opened it, its first bad round, when it was opened."""

    rule: Rule
    since_ms: int
    opened_ms: int


@dataclass(frozen=True, slots=True)
class Turned:
    """The incident has become another than it was opened as."""

    mode: Kind


@dataclass(frozen=True, slots=True)
class Share:
    """First tries that got through, of the last ``of`` since the incident began."""

    ok: int
    of: int


@dataclass(frozen=True, slots=True)
class Hold:
    """The all-clear wants so many good rounds in a row, and has so many."""

    needs: int
    has: int


@dataclass(frozen=True, slots=True)
class Again:
    """The hold is that long because it has failed again after it had seemed over."""


@dataclass(frozen=True, slots=True)
class StillBad:
    """It also wants at most ``most`` bad rounds among the last ``of``."""

    most: int
    of: int
    has: int


@dataclass(frozen=True, slots=True)
class StillSlow:
    """It also wants at most ``most`` slow rounds among the last ``of``."""

    most: int
    of: int
    has: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """The all-clear is due and waits up to a minute for a neighbour's."""

    since_ms: int


@dataclass(frozen=True, slots=True)
class ForGood:
    """So many failed rounds in a row; ``needs`` of them are told once more, as down for good."""

    rounds: int
    needs: int


@dataclass(frozen=True, slots=True)
class Relapsed:
    """It failed again at ``at_ms`` soon after it had seemed over: remembered until ``until_ms``."""

    at_ms: int
    until_ms: int
    needs: int


@dataclass(frozen=True, slots=True)
class Watchful:
    """After an all-clear: trouble that begins before ``until_ms`` counts as a relapse."""

    until_ms: int


Fact = (
    Rounds
    | BadRounds
    | SlowRounds
    | FailedRun
    | Opened
    | Turned
    | Share
    | Hold
    | Again
    | StillBad
    | StillSlow
    | Waiting
    | ForGood
    | Relapsed
    | Watchful
)
