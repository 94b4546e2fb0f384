"""State of the judge for one monitor: small, immutable, and stored whole in the database.

A round leaves one letter, newest last: ``O`` the first check worked, ``P`` a confirming one did,
``F`` all failed, ``Q`` all failed here while other places got through. Lower case adds a note:
``o`` worked but slowly, ``p``, ``f`` and ``q`` the site refused the bot (401, 403, 429).
"""

import json
from dataclasses import dataclass, fields, replace
from typing import Any

from bot.models import Kind, Rule, State

KEPT_ROUNDS = 60
KEPT_BAD_ROUNDS = 12  # the longest look-back of an opening: 12 bad of the last 60
SHARE_ROUNDS = 30
SETTLED_ROUNDS = 7
KEPT_SLOW_ROUNDS = 10  # the look-back of an opening as slow
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
    incident_rounds: int = 0  # rounds that belong to it, at most SHARE_ROUNDS
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


def is_bad(letter: str) -> bool:
    return letter in "PFpf"


def count_bad(rounds: str) -> int:
    return sum(map(rounds.count, "PFpf"))


def count_good(rounds: str) -> int:
    return rounds.count("O") + rounds.count("o")


def count_slow(rounds: str) -> int:
    return rounds.count("o")


def count_refused(rounds: str) -> int:
    return sum(map(rounds.count, "pfq"))


def mostly_refused(rounds: str) -> bool:
    """True when most of the rounds that were not good refused the bot."""
    return 2 * count_refused(rounds) > len(rounds) - count_good(rounds)


def still_refused(rounds: str, *, was: bool) -> bool:
    """The same for an open incident, whose word must not change with every other answer.

    From the seventh bad round on it changes only when nine in ten say the opposite.
    """
    bad, refused = len(rounds) - count_good(rounds), count_refused(rounds)
    if bad < SETTLED_ROUNDS:
        return mostly_refused(rounds)
    return 10 * refused > bad if was else 10 * refused >= 9 * bad
