"""The rule "steady": ``(memory, try, policy) -> verdict``, a pure function fed try by try."""

from dataclasses import replace

from bot.engine.judge_state import (
    CALM,
    KEPT_ROUNDS,
    KEPT_SLOTS,
    SHARE_ROUNDS,
    JudgeState,
    count_bad,
    count_slow,
    is_bad,
    mostly_refused,
    still_refused,
)
from bot.engine.rules import (
    BAD_OF_10,
    BAD_OF_60,
    FOR_GOOD_ROUNDS,
    HOLD_DOWN,
    HOLD_RELAPSE,
    HOLD_UNSTABLE,
    LAST_CONFIRM,
    RELAPSE_GOOD_ROUNDS,
    RELAPSE_MEMORY_MS,
    RELAPSE_MS,
    SLOW_OF_10,
    Decision,
    Event,
    Policy,
    Try,
    confirm_s,
    is_due,
    patience_ms,
)
from bot.models import Kind, Rule


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


def is_down(memory: JudgeState, attempt: Try, policy: Policy) -> bool:
    """A later round fails too, long enough after the first failed try of an unbroken run."""
    if memory.mode not in {None, Kind.SLOW} or memory.failing_ms is None:
        return False
    return attempt.slot_ms - memory.failing_ms >= patience_ms(policy)


def open_down(memory: JudgeState, attempt: Try) -> tuple[JudgeState, Event]:
    """Open "down" at the first try of a round, or "unstable" if many rounds were bad before."""
    bad_before = count_bad(memory.rounds[-9:])
    mode = Kind.UNSTABLE if bad_before + 1 >= BAD_OF_10 else Kind.DOWN
    if mode is Kind.DOWN:
        rule = Rule.FAILED_RUN
        since_ms = memory.failing_since_ms or memory.failing_ms
        window = memory.rounds[len(memory.rounds.rstrip("Ff")) :]
    else:
        rule = Rule.BAD_OF_10
        since_ms = _first_bad(memory, bad_before)
        window = _since_nth_bad(memory.rounds, bad_before)
    escalates = memory.mode is Kind.SLOW
    under_way = "f" if memory.refused else "F"
    since_ms = since_ms or attempt.began_ms
    entered = _enter(memory, mode, since_ms, attempt.slot_ms, window, under_way=under_way)
    memory = replace(entered, rule=memory.rule if escalates else rule)
    return memory, Event.ESCALATED if escalates else Event.OPENED


def _enter(
    memory: JudgeState, mode: Kind, since_ms: int, now_ms: int, window: str, *, under_way: str = ""
) -> JudgeState:
    """``window``: the closed rounds that belong to the incident; ``under_way``: one that will."""
    relapsed_ms = memory.relapsed_ms
    told_over_ms = memory.last_bad_ms if memory.closed and memory.mode is None else None
    if told_over_ms is not None and since_ms - told_over_ms < RELAPSE_MS:
        relapsed_ms = now_ms
    recent = relapsed_ms is not None and now_ms - relapsed_ms <= RELAPSE_MEMORY_MS
    usual = HOLD_DOWN if mode is Kind.DOWN else HOLD_UNSTABLE
    kind = Kind.BLOCKED if mode is not Kind.SLOW and mostly_refused(window + under_way) else mode
    return replace(
        memory,
        mode=mode,
        kind=kind,
        since_ms=memory.since_ms if memory.mode is not None else since_ms,
        counted=min(len(window), SHARE_ROUNDS),
        hold=max(HOLD_RELAPSE if recent else usual, memory.hold),
        good=0,
        good_since_ms=None,
        recovered=False,
        told_down=kind is Kind.DOWN,
        last_bad_ms=None,
        relapsed_ms=relapsed_ms,
    )


def watch(memory: JudgeState, attempt: Try) -> tuple[JudgeState, Event | None]:
    """No incident is open: does the rate of bad or slow rounds open one?"""
    slot_ms = attempt.slot_ms
    of_10, of_60 = count_bad(memory.rounds[-10:]), count_bad(memory.rounds)
    if of_10 >= BAD_OF_10 or of_60 >= BAD_OF_60:
        rule = Rule.BAD_OF_10 if of_10 >= BAD_OF_10 else Rule.BAD_OF_60
        looked_back = of_10 if rule is Rule.BAD_OF_10 else BAD_OF_60
        window = _since_nth_bad(memory.rounds, looked_back)
        since_ms = _first_bad(memory, looked_back) or attempt.began_ms
        entered = _enter(memory, Kind.UNSTABLE, since_ms, slot_ms, window)
        return replace(entered, last_bad_ms=slot_ms, rule=rule), Event.OPENED
    if count_slow(memory.rounds[-10:]) >= SLOW_OF_10:
        entered = _enter(memory, Kind.SLOW, attempt.began_ms, slot_ms, memory.rounds[-10:])
        return replace(entered, last_bad_ms=slot_ms, rule=Rule.SLOW_OF_10), Event.OPENED
    return memory, None


def _first_bad(memory: JudgeState, nth_last: int) -> int | None:
    """Start of the n-th last bad round kept."""
    slots = memory.bad_slots[-nth_last:]
    return slots[0] if slots else None


def _since_nth_bad(rounds: str, nth_last: int) -> str:
    """The end of ``rounds`` that begins with its n-th last bad one."""
    bad = [index for index, letter in enumerate(rounds) if is_bad(letter)]
    return rounds[bad[-nth_last] :]
