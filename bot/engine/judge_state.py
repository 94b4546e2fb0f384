"""What the judge remembers of one monitor: small, immutable, and stored whole in the database.

A round leaves one letter, newest last: ``O`` the first try worked, ``P`` a confirm try worked,
``F`` all failed. Lower case adds a note: ``o`` worked but slowly, ``p`` and ``f`` the site
refused the bot (401, 403, 429).
"""

import json
from dataclasses import dataclass, fields, replace
from typing import Any

from bot.models import Kind, Rule, State

KEPT_ROUNDS = 60
KEPT_SLOTS = 12  # the longest look-back of an opening: 12 bad of the last 60
SHARE_ROUNDS = 30
SETTLED_ROUNDS = 7
CALM = "O" * KEPT_ROUNDS
_LETTERS = frozenset("OPFopf")
_CLOSED: dict[str, type[Kind] | type[Rule]] = {"mode": Kind, "kind": Kind, "rule": Rule}
_NUMBERS = frozenset(
    {"tried", "refused", "began_ms", "failing_ms", "failing_since_ms", "failed", "since_ms"}
    | {"counted", "hold", "good", "good_since_ms", "last_bad_ms", "relapsed_ms"}
)


@dataclass(frozen=True, slots=True)
class JudgeState:
    """All times are UTC epoch milliseconds: places in the timetable, or starts of checks.

    What is told (``since``, ``good_since``, bad slots) is the start of a check; ``failing_ms`` and
    what relapses are measured by are places: they are spaced evenly, however long a check waited.

    ``mode`` is what the rule does (down, unstable, slow; None: no trouble), ``kind`` what is said:
    a site that is hard down for the bot alone has the mode down and the kind blocked.
    """

    rounds: str = ""
    judged: bool = False  # False until the first good round: the state is unknown
    mode: Kind | None = None
    kind: Kind | None = None
    # Of the round under way: its failed tries, and how many of them refused the bot.
    tried: int = 0
    refused: int = 0
    began_ms: int | None = None  # start of its first failed check
    # Of the unbroken run of F rounds: place and start of its first failed try, failed tries in it.
    failing_ms: int | None = None
    failing_since_ms: int | None = None
    failed: int = 0
    bad_slots: tuple[int, ...] = ()
    # Of the open incident.
    rule: Rule | None = None
    since_ms: int | None = None
    counted: int = 0  # rounds that belong to it, at most SHARE_ROUNDS
    hold: int = 0  # good rounds in a row needed for the all-clear
    good: int = 0
    good_since_ms: int | None = None
    recovered: bool = False  # some try worked since it opened
    told_down: bool = False
    # Across incidents.
    last_bad_ms: int | None = None  # of the open incident (None: in its first round), or the last
    closed: bool = False  # an all-clear was given
    relapsed_ms: int | None = None

    @property
    def state(self) -> State:
        if self.kind is not None:
            return self.kind.state
        return State.UP if self.judged else State.UNKNOWN

    @property
    def in_doubt(self) -> bool:
        """In trouble, or a bad round among the last ten: rounds come quicker."""
        return self.mode is not None or count_bad(self.rounds[-10:]) > 0

    @property
    def share(self) -> tuple[int, int]:
        """First tries that got through, of how many, since the incident began (at most 30)."""
        window = self.rounds[-self.counted :] if self.counted else ""
        return count_good(window), len(window)

    def dump(self) -> str:
        """The stored form; only what differs from a fresh memory is written."""
        values = {name: getattr(self, name) for name in _FRESH}
        return json.dumps({k: v for k, v in values.items() if v != _FRESH[k]})

    @classmethod
    def load(cls, text: str) -> "JudgeState":
        """Read what ``dump`` wrote; fields this version does not know are dropped.

        Raises ValueError for what no version wrote.
        """
        try:
            raw = json.loads(text)
        except RecursionError as error:
            raise ValueError("no memory of a judge") from error
        if not isinstance(raw, dict):
            raise ValueError("no memory of a judge")  # noqa: TRY004 - one error for all of it
        values: dict[str, Any] = {k: _read(k, v) for k, v in raw.items() if k in _FRESH}
        return cls(**values)


_FRESH = {field.name: field.default for field in fields(JudgeState)}


def _read(name: str, value: object) -> object:
    """One field as it was before it was written. Raises ValueError for what it cannot hold."""
    match value:
        case str() if name in _CLOSED:
            return _CLOSED[name](value)
        case str() if name == "rounds" and len(value) <= KEPT_ROUNDS and set(value) <= _LETTERS:
            return value
        case list() if name == "bad_slots" and all(type(one) is int for one in value):
            return tuple(value)
        case bool() if isinstance(_FRESH[name], bool):
            return value
        case int() if name in _NUMBERS and not isinstance(value, bool):
            return value
        case _:
            raise ValueError(f"{name} of a judge's memory cannot be {value!r}")


def forget(memory: JudgeState) -> JudgeState:
    """The monitor is judged anew (paused, or another URL); only the relapse memory stays."""
    return JudgeState(
        last_bad_ms=memory.last_bad_ms, closed=memory.closed, relapsed_ms=memory.relapsed_ms
    )


def abandon(memory: JudgeState) -> JudgeState:
    """We were blind: the round under way and the run it would continue count for nothing."""
    if not memory.tried and memory.failing_ms is None:
        return memory
    return replace(give_up_round(memory), failing_ms=None, failing_since_ms=None, failed=0)


def give_up_round(memory: JudgeState) -> JudgeState:
    """A check of the round under way says nothing, so the round says nothing."""
    if not memory.tried:
        return memory
    return replace(memory, tried=0, refused=0, began_ms=None)


def is_bad(letter: str) -> bool:
    return letter in "PFpf"


def count_bad(rounds: str) -> int:
    return len(rounds) - count_good(rounds)


def count_good(rounds: str) -> int:
    return rounds.count("O") + rounds.count("o")


def count_slow(rounds: str) -> int:
    return rounds.count("o")


def mostly_refused(rounds: str) -> bool:
    """The bot was turned away in most of the bad rounds."""
    return 2 * (rounds.count("p") + rounds.count("f")) > count_bad(rounds)


def still_refused(rounds: str, *, was: bool) -> bool:
    """The same of an open incident, whose word must not change with every other answer.

    From the seventh bad round on it changes only when four in five say the opposite.
    """
    bad, refused = count_bad(rounds), rounds.count("p") + rounds.count("f")
    if bad < SETTLED_ROUNDS:
        return mostly_refused(rounds)
    return 5 * refused > bad if was else 5 * refused >= 4 * bad
