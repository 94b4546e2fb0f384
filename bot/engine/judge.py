"""The rule "steady": ``(memory, try, policy) -> verdict``, a pure function fed try by try."""

from dataclasses import replace

from bot.engine.judge_state import (
    CALM,
    KEPT_ROUNDS,
    KEPT_SLOTS,
    SHARE_ROUNDS,
    JudgeState,
    count_bad,
    is_bad,
    still_refused,
)
from bot.engine.opening import is_down, open_down, watch
from bot.engine.rules import (
    BAD_OF_10,
    FOR_GOOD_ROUNDS,
    HOLD_RELAPSE,
    HOLD_UNSTABLE,
    LAST_CONFIRM,
    RELAPSE_GOOD_ROUNDS,
    RELAPSE_MS,
    Decision,
    Event,
    Policy,
    Try,
    confirm_s,
    is_due,
)
from bot.models import Kind


def judge(memory: JudgeState, attempt: Try, policy: Policy) -> Decision:
    """Take one try. A success, or the last confirm try, closes the round."""
    if attempt.ok:
        return _close(memory, _good_letter(memory, attempt, policy), attempt)
    event = None
    refuses = attempt.cause is not None and attempt.cause.refuses_the_bot
    if attempt.number == 0:
        memory = replace(memory, tried=1, refused=int(refuses), began_ms=attempt.began_ms)
        if is_down(memory, attempt, policy):
            memory, event = open_down(memory, attempt)
    else:
        memory = replace(memory, tried=memory.tried + 1, refused=memory.refused + refuses)
    if attempt.number < LAST_CONFIRM:
        return Decision(memory, event, confirm_s=confirm_s(policy, attempt.number + 1))
    letter = "f" if 2 * memory.refused > memory.tried else "F"
    return _close(memory, letter, attempt)


def _good_letter(memory: JudgeState, attempt: Try, policy: Policy) -> str:
    if attempt.number > 0:
        return "p" if memory.refused else "P"
    return "o" if policy.slow_ms is not None and attempt.ms > policy.slow_ms else "O"


def _close(memory: JudgeState, letter: str, attempt: Try) -> Decision:
    """Add the round's letter and apply the rules that look at whole rounds."""
    if letter == "O" and memory.rounds == CALM and memory.mode is None:
        return Decision(memory, letter=letter)
    before = memory
    memory = _remember(memory, letter, attempt)
    if memory.mode is None:
        memory, event = watch(memory, attempt)
    elif is_bad(letter):
        memory, event = _worsen(before, memory, letter, attempt.slot_ms)
    else:
        memory, event = _improve(memory, letter, attempt)
    return Decision(memory, event, letter)


def _remember(memory: JudgeState, letter: str, attempt: Try) -> JudgeState:
    """Book-keeping that every closed round needs, whatever the rules make of it."""
    slot_ms, in_run, in_trouble = attempt.slot_ms, letter in "Ff", memory.mode is not None
    began_ms = attempt.began_ms if memory.began_ms is None else memory.began_ms
    # A wall clock set back must not stretch the wait for "down": then the run counts from now.
    failing_ms = slot_ms if memory.failing_ms is None else min(memory.failing_ms, slot_ms)
    since_ms = memory.failing_since_ms
    since_ms = began_ms if since_ms is None else min(since_ms, began_ms)
    slots = memory.bad_slots
    if is_bad(letter):
        slots = (*slots, began_ms)[-KEPT_SLOTS:]
    return replace(
        memory,
        rounds=(memory.rounds + letter)[-KEPT_ROUNDS:],
        judged=memory.judged or not is_bad(letter),
        tried=0,
        refused=0,
        began_ms=None,
        failing_ms=failing_ms if in_run else None,
        failing_since_ms=since_ms if in_run else None,
        failed=memory.failed + memory.tried if in_run else 0,
        bad_slots=slots,
        counted=min(memory.counted + in_trouble, SHARE_ROUNDS),
        last_bad_ms=slot_ms if in_trouble and is_bad(letter) else memory.last_bad_ms,
    )


def _worsen(
    before: JudgeState, memory: JudgeState, letter: str, slot_ms: int
) -> tuple[JudgeState, Event]:
    """A bad round inside an open incident."""
    hold, relapsed_ms = memory.hold, memory.relapsed_ms
    if before.good >= RELAPSE_GOOD_ROUNDS:
        hold = max(hold, HOLD_RELAPSE)
        if before.last_bad_ms is not None and slot_ms - before.last_bad_ms <= RELAPSE_MS:
            relapsed_ms = slot_ms
    mode = memory.mode
    if _turns_unstable(before, memory, letter):
        mode, hold = Kind.UNSTABLE, max(hold, HOLD_UNSTABLE)
    for_good = not memory.told_down and memory.rounds.endswith("F" * FOR_GOOD_ROUNDS)
    if for_good:
        mode = Kind.DOWN
    return replace(
        memory,
        mode=mode,
        kind=_said(memory, mode),
        hold=hold,
        relapsed_ms=relapsed_ms,
        good=0,
        good_since_ms=None,
        # Told as down anew: what worked before that is no longer "some success".
        recovered=not for_good and (memory.recovered or letter in "Pp"),
        told_down=memory.told_down or for_good,
    ), Event.ESCALATED if for_good else Event.MOVED


def _turns_unstable(before: JudgeState, memory: JudgeState, letter: str) -> bool:
    """Down but some try worked before this bad round, or slow and now failing too often.

    A confirm try that works is such a success too, but takes back "down" at once only in the
    round that opened it: later it is how half of all recoveries begin.
    """
    if memory.mode is Kind.DOWN:
        opened_now = before.last_bad_ms is None
        return before.recovered or (letter in "Pp" and opened_now)
    return memory.mode is Kind.SLOW and count_bad(memory.rounds[-10:]) >= BAD_OF_10


def _said(memory: JudgeState, mode: Kind | None) -> Kind | None:
    """The words for a mode: what mostly turns the bot away is said to refuse it.

    An unstable site that nothing has got through to for 30 rounds is down, in words too.
    """
    if mode is Kind.UNSTABLE and memory.rounds.endswith("F" * FOR_GOOD_ROUNDS):
        return Kind.DOWN
    was = memory.kind is Kind.BLOCKED
    if mode in {Kind.DOWN, Kind.UNSTABLE} and still_refused(
        memory.rounds[-memory.counted :], was=was
    ):
        return Kind.BLOCKED
    return mode


def _improve(memory: JudgeState, letter: str, attempt: Try) -> tuple[JudgeState, Event]:
    """A good round inside an open incident."""
    good_since_ms = attempt.began_ms if memory.good == 0 else memory.good_since_ms
    is_slow = memory.mode is Kind.SLOW and letter == "o"
    last_bad_ms = attempt.slot_ms if is_slow else memory.last_bad_ms
    memory = replace(
        memory,
        good=min(memory.good + 1, KEPT_ROUNDS),
        good_since_ms=good_since_ms,
        recovered=True,
        last_bad_ms=last_bad_ms,
    )
    return memory, Event.DUE if is_due(memory) else Event.MOVED
