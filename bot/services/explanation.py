"""Why a monitor has its colour: the facts the rule looks at, each a number people can recount."""

from dataclasses import dataclass

from bot.clock import Clock
from bot.engine.judge_state import JudgeState, count_bad, count_slow
from bot.engine.rules import (
    BAD_OF_10,
    BAD_OF_60,
    FOR_GOOD_ROUNDS,
    HOLD_RELAPSE,
    LEAVE_BAD_OF_30,
    LEAVE_SLOW_OF_10,
    RELAPSE_MEMORY_MS,
    RELAPSE_MS,
    SLOW_OF_10,
    Policy,
    patience_ms,
)
from bot.models import CheckResult, Kind, Rule
from bot.services.connectivity import ConnectivityMonitor
from bot.services.watchlist import Entry, Watchlist


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


@dataclass(frozen=True, slots=True)
class Evidence:
    """All there is to say of one monitor. ``tries``: of the newest round, oldest first."""

    facts: tuple[Fact, ...]
    tries: tuple[CheckResult, ...]
    blind_since_ms: int | None


class Why:
    """Answers from memory, so that it never waits for the store."""

    def __init__(self, clock: Clock, watchlist: Watchlist, blindness: ConnectivityMonitor) -> None:
        self._clock = clock
        self._watchlist = watchlist
        self._blindness = blindness

    @property
    def blind_since_ms(self) -> int | None:
        """Since when nothing counts, because we are offline ourselves; None while we see."""
        return self._blindness.since_ms

    def of(self, guild_id: int, monitor_id: int) -> Evidence:
        """Raises NotFound."""
        entry = self._watchlist.get(guild_id, monitor_id)
        rounds, *rest = facts(entry.memory, entry.policy, self._clock.now_ms())
        waiting = [] if entry.due_ms is None else [Waiting(entry.due_ms)]
        found = (rounds, *_opened(entry), *rest, *waiting)
        return Evidence(found, entry.tries, self.blind_since_ms)


def _opened(entry: Entry) -> list[Fact]:
    """How the incident began, and what it has become."""
    memory, incident = entry.memory, entry.incident
    if incident is None or memory.rule is None:
        return []
    found: list[Fact] = [Opened(memory.rule, incident.since_ms, incident.opened_ms)]
    if memory.mode is not None and memory.mode is not _mode_of(memory.rule):
        found.append(Turned(memory.mode))
    return found


def _mode_of(rule: Rule) -> Kind:
    """What an incident that this rule opens is at first."""
    if rule is Rule.SLOW_OF_10:
        return Kind.SLOW
    return Kind.DOWN if rule is Rule.FAILED_RUN else Kind.UNSTABLE


def facts(memory: JudgeState, policy: Policy, now_ms: int) -> list[Fact]:
    """The numbers of the rule, from the memory alone."""
    found: list[Fact] = [Rounds(memory.rounds)]
    found += _closing(memory) if memory.mode is not None else _opening(memory, policy)
    return found + _remembered(memory, now_ms)


def _opening(memory: JudgeState, policy: Policy) -> list[Fact]:
    """No incident is open: what would open one."""
    rounds = memory.rounds
    if not rounds:
        return []
    found: list[Fact] = [BadRounds(count_bad(rounds[-10:]), len(rounds[-10:]), BAD_OF_10)]
    if len(rounds) > len(rounds[-10:]):  # or it would say the same of the same rounds once more
        found.append(BadRounds(count_bad(rounds), len(rounds), BAD_OF_60))
    run = _run(rounds)
    if run and memory.failing_ms is not None:
        found.append(FailedRun(run, memory.failing_ms + patience_ms(policy)))
    if policy.slow_ms is not None:
        of_10 = rounds[-10:]
        found.append(SlowRounds(count_slow(of_10), len(of_10), SLOW_OF_10, policy.slow_ms))
    return found


def _closing(memory: JudgeState) -> list[Fact]:
    """An incident is open: what it looks like, and what its all-clear still wants."""
    rounds = memory.rounds
    found: list[Fact] = []
    if memory.mode is not Kind.SLOW:
        found.append(Share(*memory.share))
    found.append(Hold(memory.hold, memory.good))
    if memory.mode is Kind.UNSTABLE:
        found.append(StillBad(LEAVE_BAD_OF_30, 30, count_bad(rounds[-30:])))
    if memory.mode is Kind.SLOW:
        found.append(StillSlow(LEAVE_SLOW_OF_10, 10, count_slow(rounds[-10:])))
    run = _run(rounds)
    if run and not memory.told_down and memory.kind is not Kind.BLOCKED:
        found.append(ForGood(run, FOR_GOOD_ROUNDS))
    return found


def _remembered(memory: JudgeState, now_ms: int) -> list[Fact]:
    """What earlier incidents mean for this one, or the next."""
    relapsed_ms = memory.relapsed_ms
    if relapsed_ms is not None and now_ms - relapsed_ms <= RELAPSE_MEMORY_MS:
        return [Relapsed(relapsed_ms, relapsed_ms + RELAPSE_MEMORY_MS, HOLD_RELAPSE)]
    if memory.mode is not None:
        return [Again()] if memory.hold == HOLD_RELAPSE else []
    if not memory.closed or memory.last_bad_ms is None:
        return []
    until_ms = memory.last_bad_ms + RELAPSE_MS
    return [Watchful(until_ms)] if now_ms < until_ms else []


def _run(rounds: str) -> int:
    """Rounds at the end in which every try failed."""
    return len(rounds) - len(rounds.rstrip("Ff"))
