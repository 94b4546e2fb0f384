"""State of the judge for one monitor: small, immutable, and stored whole in the database.

A round leaves one letter, newest last: ``O`` the first check worked, ``P`` a confirming one did,
``F`` all failed, ``Q`` all failed here while other places got through. Lower case adds a note:
``o`` worked but slowly, ``p``, ``f`` and ``q`` the site refused the bot (401, 403, 429).
"""

import json
from dataclasses import dataclass, fields, replace
from enum import Enum, auto
from typing import Any

from bot.models import Cause, Incident, Kind, Rule, State

KEPT_ROUNDS = 60
KEPT_BAD_ROUNDS = 12  # the longest look-back of an opening: 12 bad of the last 60
RECOVERING_DOWN, RECOVERING_ELSE = 3, 5  # so many good rounds in a row, and it is no longer said
CALM = "O" * KEPT_ROUNDS
_LETTERS = frozenset("OPFQopfq")
_WORDS: dict[str, type[Kind] | type[Rule]] = {"mode": Kind, "kind": Kind, "rule": Rule}
# Fields that are stored by another name; stored names stay, so that any version reads any row.
_STORED_AS = {
    "has_been_up": "judged",
    "failed_checks": "tried",
    "refused_checks": "refused",
    "round_began_ms": "began_ms",
    "run_slot_ms": "failing_ms",
    "run_began_ms": "failing_since_ms",
    "run_failed_checks": "failed",
    "bad_rounds_ms": "bad_slots",
    "incident_rounds": "counted",
    "has_succeeded": "recovered",
    "sent_as_down": "told_down",
    "had_incident": "closed",
}


@dataclass(frozen=True, slots=True)
class JudgeState:
    """All times are UTC epoch milliseconds: slots of the timetable, or starts of checks.

    What people read (``since_ms``, ``good_since_ms``, ``bad_rounds_ms``) is the start of a check;
    ``run_slot_ms`` and what relapses are measured by are slots: those are spaced evenly, however
    long a check waited.

    ``mode`` is what the rule does (down, unstable, slow; None: no trouble), ``kind`` what is said:
    a site that is hard down for the bot alone has the mode down and the kind blocked.
    """

    rounds: str = ""
    has_been_up: bool = False  # False until the first good round: the state is unknown
    mode: Kind | None = None
    kind: Kind | None = None
    # Of the round under way: its failed checks, and how many of them refused the bot.
    failed_checks: int = 0
    refused_checks: int = 0
    round_began_ms: int | None = None  # start of its first check, if another is to confirm it
    # Of the unbroken run of F rounds: slot and start of its first failed check, how many failed.
    run_slot_ms: int | None = None
    run_began_ms: int | None = None
    run_failed_checks: int = 0
    apart_began_ms: int | None = None  # the same start of the unbroken run of F and Q rounds
    bad_rounds_ms: tuple[int, ...] = ()
    slow_rounds_ms: tuple[int, ...] = ()
    # Of the open incident.
    rule: Rule | None = None
    since_ms: int | None = None
    incident_rounds: int = 0  # rounds that belong to it, at most 30
    hold: int = 0  # good rounds in a row needed for the all-clear
    good: int = 0  # in a row; of what was slow, the fast ones
    good_since_ms: int | None = None
    denied: bool = False  # it works here, but in no other place that was asked
    has_succeeded: bool = False  # some check worked since it opened
    sent_as_down: bool = False
    # Across incidents.
    last_bad_ms: int | None = None  # of the open incident (None: in its first round), or the last
    had_incident: bool = False  # an all-clear was given
    relapsed_ms: int | None = None

    @property
    def monitor_state(self) -> State:
        if self.kind is not None:
            return State.RECOVERING if self.recovering else self.kind.state
        return State.UP if self.has_been_up else State.UNKNOWN

    @property
    def recovering(self) -> bool:
        """It works again, but the all-clear is not given yet."""
        needed = RECOVERING_DOWN if self.kind is Kind.DOWN else RECOVERING_ELSE
        return self.kind is not None and self.good >= needed

    @property
    def in_doubt(self) -> bool:
        """In trouble, or a bad round among the last ten: rounds come quicker."""
        rounds = self.rounds[-10:]
        return self.mode is not None or count_good(rounds) < len(rounds)

    @property
    def share(self) -> tuple[int, int]:
        """First checks that got through, of how many, since the incident began (at most 30).

        At first it looks at all rounds that opened the incident. Of what is slow: those that were
        not slow.
        """
        length = self.incident_rounds
        if self.rule is Rule.BAD_OF_10 and self.mode is Kind.UNSTABLE:
            length = max(length, 10)
        window = self.rounds[-length:] if length else ""
        if self.mode is Kind.SLOW:
            return len(window) - count_slow(window), len(window)
        return count_good(window), len(window)

    def dump(self) -> str:
        """The stored form; only what differs from a fresh state is written."""
        values = {name: getattr(self, name) for name in _FRESH}
        return json.dumps({_stored_as(k): v for k, v in values.items() if v != _FRESH[k]})

    @classmethod
    def load(cls, text: str) -> "JudgeState":
        """Read what ``dump`` wrote; fields this version does not know are dropped.

        Raises ValueError for what no version wrote.
        """
        try:
            raw = json.loads(text)
        except RecursionError as error:
            raise ValueError("no state of a judge") from error
        if not isinstance(raw, dict):
            raise ValueError("no state of a judge")  # noqa: TRY004 - one error for all of it
        values: dict[str, Any] = {
            name: _read(name, raw[stored]) for name in _FRESH if (stored := _stored_as(name)) in raw
        }
        return cls(**values)


_FRESH = {field.name: field.default for field in fields(JudgeState)}
_NUMBERS = {name for name, value in _FRESH.items() if value is None or type(value) is int}


def _stored_as(name: str) -> str:
    return _STORED_AS.get(name, name)


def _read(name: str, value: object) -> object:
    """One field as it was before it was written. Raises ValueError for what it cannot hold."""
    match value:
        case str() if name in _WORDS and value in list(_WORDS[name]):
            return _WORDS[name](value)
        case str() if name == "rounds" and len(value) <= KEPT_ROUNDS and set(value) <= _LETTERS:
            return value
        case list() if isinstance(_FRESH[name], tuple) and all(type(one) is int for one in value):
            return tuple(value)
        case bool() if isinstance(_FRESH[name], bool):
            return value
        case int() if name in _NUMBERS - set(_WORDS) and not isinstance(value, bool):
            return value
        case _:
            raise ValueError(f"{name} of a judge's state cannot be {value!r}")


def judged_anew(state: JudgeState) -> JudgeState:
    """The state of a monitor that is judged anew; only the memory of relapses stays."""
    return JudgeState(
        last_bad_ms=state.last_bad_ms,
        had_incident=state.had_incident,
        relapsed_ms=state.relapsed_ms,
    )


def without_run(state: JudgeState) -> JudgeState:
    """The state without the round under way and the failed run before it: we were offline."""
    if without_round(state) is state and state.run_slot_ms is None:
        return state
    return replace(without_round(state), run_slot_ms=None, run_began_ms=None, run_failed_checks=0)


def without_round(state: JudgeState) -> JudgeState:
    """The state without the round under way: one of its checks does not count."""
    if not state.failed_checks and state.round_began_ms is None:
        return state
    return replace(state, failed_checks=0, refused_checks=0, round_began_ms=None)


def count_bad(rounds: str) -> int:
    return sum(map(rounds.count, "PFpf"))


def count_good(rounds: str) -> int:
    return rounds.count("O") + rounds.count("o")


def count_slow(rounds: str) -> int:
    return rounds.count("o")


MINUTE_MS = 60_000
LAST_CONFIRM = 2
HOLD_DOWN, HOLD_UNSTABLE, HOLD_RELAPSE = 3, 10, 60
BAD_OF_10, BAD_OF_60 = 4, 12  # enter "unstable": one in ten checks failing is where trouble begins
LEAVE_BAD_OF_30 = 3
SLOW_OF_10, LEAVE_SLOW_OF_10 = 6, 2  # enter and leave "slow"
FOR_GOOD_ROUNDS = 30
RELAPSE_MS = 90 * MINUTE_MS
RELAPSE_MEMORY_MS = 24 * 60 * MINUTE_MS
QUICK_INTERVAL_S = 60.0


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings of a monitor that the judge knows."""

    interval_s: float
    slow_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a round. ``number`` is 0 for the first, 1 and 2 for the confirming checks.

    ``slot_ms`` is the round's time in the timetable: by it rounds are spaced. ``at_ms`` is when
    the check began, perhaps after a wait: that is shown and stored (None: at its slot).
    """

    slot_ms: int
    number: int
    cause: Cause | None
    ms: float
    at_ms: int | None = None
    partly: bool = False  # it failed, but other places get through
    may_close: bool = True  # False: it worked, but in no other place that was asked

    @property
    def began_ms(self) -> int:
        return self.slot_ms if self.at_ms is None else self.at_ms

    @property
    def ok(self) -> bool:
        return self.cause is None


class Event(Enum):
    """A change of the incident; at most one for each check."""

    OPENED = auto()
    ESCALATED = auto()  # it must be sent again: hard down, never sent as down
    UPDATED = auto()  # its numbers, and perhaps the words that are true now
    MAY_RECOVER = auto()  # the all-clear may be given: see :func:`after_recovery`


@dataclass(frozen=True, slots=True)
class Decision:
    """The state after the check, what happened, and when the next confirming check is wanted."""

    state: JudgeState
    event: Event | None = None
    letter: str | None = None  # of the round, when this check closed it
    confirm_s: float | None = None  # seconds after the slot; None: the round is closed


def after_recovery(state: JudgeState) -> JudgeState:
    """The state after the all-clear: counts start anew, only the memory of relapses stays."""
    return JudgeState(
        has_been_up=True,
        last_bad_ms=state.last_bad_ms,
        had_incident=True,
        relapsed_ms=state.relapsed_ms,
    )


def restored(state: JudgeState, incident: Incident) -> JudgeState:
    """A state that goes on with an open incident although the stored state was lost."""
    mode = Kind.DOWN if incident.kind is Kind.BLOCKED else incident.kind
    usual = HOLD_DOWN if mode is Kind.DOWN else HOLD_UNSTABLE
    return replace(
        state,
        has_been_up=True,
        mode=mode,
        kind=incident.kind,
        since_ms=incident.since_ms,
        last_bad_ms=incident.last_failed_ms or incident.since_ms,
        sent_as_down=incident.kind is Kind.DOWN,
        hold=usual,
        good=0,
        good_since_ms=None,
    )


def may_recover(state: JudgeState, *, missing: int = 0) -> bool:
    """True when the all-clear may be given, or could after ``missing`` more good rounds."""
    if state.mode is None or state.good + missing < state.hold or state.good == 0:
        return False
    if state.denied and not missing:
        return False
    if state.mode is Kind.SLOW:
        return count_slow(state.rounds[-10:]) <= LEAVE_SLOW_OF_10 + missing
    if state.mode is Kind.UNSTABLE:
        return count_bad(state.rounds[-30:]) <= LEAVE_BAD_OF_30 + missing
    return True


def rounds_to_recovery(state: JudgeState) -> int:
    """Rounds until the all-clear may be given, if all of them are good; 0: no incident, or now."""
    if state.mode is None or may_recover(state):
        return 0
    left = max(1, state.hold - state.good)
    if state.mode is Kind.SLOW:
        left = max(left, _until_few(state.rounds[-10:], "o", LEAVE_SLOW_OF_10, of=10))
    if state.mode is Kind.UNSTABLE:
        left = max(left, _until_few(state.rounds[-30:], "PFpf", LEAVE_BAD_OF_30, of=30))
    return left


def _until_few(rounds: str, letters: str, most: int, *, of: int) -> int:
    """Rounds until at most ``most`` of the last ``of`` are among ``letters``, if none follows."""
    found = [len(rounds) - index for index, letter in enumerate(rounds) if letter in letters]
    return max(0, of + 1 - found[-most - 1]) if len(found) > most else 0


def down_after_ms(policy: Policy) -> int:
    """How long after the slot of the first failed check a later round's first check is "down"."""
    return round(min(QUICK_INTERVAL_S, 2 * policy.interval_s) * 1000)


def current_interval_s(state: JudgeState, policy: Policy) -> float:
    """Seconds between rounds now: fewer while in doubt or in trouble."""
    return min(policy.interval_s, QUICK_INTERVAL_S) if state.in_doubt else policy.interval_s
