"""Thresholds of the rule "steady", and questions about a judge's state.

Source: the measured rule of the signal study, §7 with the two changes of §10 (35 replayed files:
no false alarm, no missed incident). Every number can be recounted by hand from the rounds.
"""

from dataclasses import dataclass, replace
from enum import Enum, auto

from bot.engine.judge_state import JudgeState, count_bad, count_slow
from bot.models import Cause, Incident, Kind

MINUTE_MS = 60_000
LAST_CONFIRM = 2
HOLD_DOWN, HOLD_UNSTABLE, HOLD_RELAPSE = 3, 10, 60
BAD_OF_10, BAD_OF_60 = 4, 12  # enter "unstable": one in ten checks failing is where trouble begins
LEAVE_BAD_OF_30 = 3
SLOW_OF_10, LEAVE_SLOW_OF_10 = 6, 2  # enter and leave "slow"
FOR_GOOD_ROUNDS = 30
PARTLY_ROUNDS = 10  # failed here, while others get through at the end: reported, but not as down
RELAPSE_GOOD_ROUNDS = 10
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


def confirm_delay_s(policy: Policy, number: int) -> float:
    """Seconds from the slot to a confirming check: spread, for a second later says little new."""
    if number == 1:
        return min(policy.interval_s / 6, 10.0)
    return min(policy.interval_s / 2, 30.0)


def down_after_ms(policy: Policy) -> int:
    """How long after the slot of the first failed check a later round's first check is "down"."""
    return round(min(QUICK_INTERVAL_S, 2 * policy.interval_s) * 1000)


def current_interval_s(state: JudgeState, policy: Policy) -> float:
    """Seconds between rounds now: fewer while in doubt or in trouble."""
    return min(policy.interval_s, QUICK_INTERVAL_S) if state.in_doubt else policy.interval_s
