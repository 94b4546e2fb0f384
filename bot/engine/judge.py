"""The rule "steady": ``(state, check, policy) -> decision``, a pure function of one check."""

from dataclasses import replace

from bot.engine.judge_state import (
    BAD_OF_10,
    BAD_OF_60,
    CALM,
    FOR_GOOD_ROUNDS,
    HOLD_DOWN,
    HOLD_RELAPSE,
    HOLD_UNSTABLE,
    KEPT_BAD_ROUNDS,
    KEPT_ROUNDS,
    LAST_CONFIRM,
    LEAVE_SLOW_OF_10,
    RELAPSE_MEMORY_MS,
    RELAPSE_MS,
    SLOW_OF_10,
    Check,
    Decision,
    Event,
    JudgeState,
    Policy,
    count_bad,
    count_good,
    count_slow,
    down_after_ms,
    may_recover,
    without_round,
)
from bot.models import Kind, Rule

SHARE_ROUNDS = 30
KEPT_SLOW_ROUNDS = 10  # the look-back of an opening as slow
PARTLY_ROUNDS = 10  # failed here, while others get through at the end: reported, but not as down
RELAPSE_GOOD_ROUNDS = 10
SETTLED_ROUNDS = 7


def judge(state: JudgeState, check: Check, policy: Policy) -> Decision:
    """Judge one check. A round closes at its last confirming check, or as soon as it is P.

    A failed first check is confirmed; while an incident is open a good one is as well.
    """
    # Without a start nothing is known of the first check: the round was given up meanwhile.
    first_was_good = not state.failed_checks and (check.ok or state.round_began_ms is not None)
    if check.number and first_was_good:
        return _confirm_good(state, check, policy)
    if check.ok:
        if check.number:
            return _close(state, "p" if state.refused_checks else "P", check)
        return _first_good(state, check, policy)
    event = None
    refuses = check.cause is not None and check.cause.refuses_the_bot
    if check.number == 0:
        state = replace(
            state, failed_checks=1, refused_checks=int(refuses), round_began_ms=check.began_ms
        )
        if is_down(state, check, policy) and not check.partly:
            state, event = open_down(state, check)
    else:
        state = replace(
            state,
            failed_checks=state.failed_checks + 1,
            refused_checks=state.refused_checks + refuses,
        )
    if check.number < LAST_CONFIRM:
        return Decision(state, event, confirm_s=_confirm_delay_s(policy, check.number + 1))
    letter = "Q" if check.partly else "F"
    if 2 * state.refused_checks > state.failed_checks:
        letter = letter.lower()
    return _close(state, letter, check)


def _first_good(state: JudgeState, check: Check, policy: Policy) -> Decision:
    """A good first check closes the round, unless an incident is open."""
    letter = _good_letter(check, policy)
    if state.mode is None or (state.mode is Kind.SLOW and letter == "o"):
        return _close(without_round(state), letter, check)
    state = replace(without_round(state), round_began_ms=check.began_ms)
    return Decision(state, confirm_s=_confirm_delay_s(policy, 1))


def _confirm_good(state: JudgeState, check: Check, policy: Policy) -> Decision:
    """Recovery is checked as hard as failure: the round is good only if every check is."""
    if check.cause is not None:
        return _close(state, "p" if check.cause.refuses_the_bot else "P", check)
    letter = _good_letter(check, policy)
    is_slow = state.mode is Kind.SLOW and letter == "o"
    if state.mode is None or is_slow or check.number == LAST_CONFIRM:
        return _close(state, letter, check)
    return Decision(state, confirm_s=_confirm_delay_s(policy, check.number + 1))


def may_decide(state: JudgeState) -> bool:
    """True when the next round's first check may open an incident, or be its all-clear."""
    return state.run_slot_ms is not None or may_recover(state, missing=1)


def decides(state: JudgeState, check: Check, policy: Policy) -> bool:
    """True when it matters to this check what other places see."""
    if check.ok:
        confirms_good = check.number == LAST_CONFIRM and not state.failed_checks
        return confirms_good and may_recover(state, missing=1)
    if check.number == 0:
        return is_down(state, check, policy)
    return check.number == LAST_CONFIRM


def _good_letter(check: Check, policy: Policy) -> str:
    return "o" if policy.slow_ms is not None and check.ms > policy.slow_ms else "O"


def _close(state: JudgeState, letter: str, check: Check) -> Decision:
    if letter == "O" and state.rounds == CALM and state.mode is None:
        return Decision(state, letter=letter)
    before, began_ms = state, _began_ms(state, check)
    state = _remember(state, letter, check)
    if state.mode is None:
        state, event = open_if_bad(state, check)
    elif letter not in "Oo":
        state, event = _worsen(before, state, letter, check.slot_ms)
    else:
        state, event = _improve(state, letter, check, began_ms)
    return Decision(state, event, letter)


def _began_ms(state: JudgeState, check: Check) -> int:
    return check.began_ms if state.round_began_ms is None else state.round_began_ms


def _remember(state: JudgeState, letter: str, check: Check) -> JudgeState:
    """Book-keeping that every closed round needs, whatever the rules make of it."""
    slot_ms, in_run, in_trouble = check.slot_ms, letter in "Ff", state.mode is not None
    began_ms = _began_ms(state, check)
    # A wall clock set back must not stretch the wait for "down": then the run counts from now.
    run_slot_ms = slot_ms if state.run_slot_ms is None else min(state.run_slot_ms, slot_ms)
    run_began_ms = began_ms if state.run_began_ms is None else min(state.run_began_ms, began_ms)
    apart_ms = began_ms if state.apart_began_ms is None else min(state.apart_began_ms, began_ms)
    bad_rounds_ms, slow_rounds_ms = state.bad_rounds_ms, state.slow_rounds_ms
    if _is_bad(letter):
        bad_rounds_ms = (*bad_rounds_ms, began_ms)[-KEPT_BAD_ROUNDS:]
    if letter == "o":
        slow_rounds_ms = (*slow_rounds_ms, began_ms)[-KEPT_SLOW_ROUNDS:]
    return replace(
        state,
        rounds=(state.rounds + letter)[-KEPT_ROUNDS:],
        has_been_up=state.has_been_up or letter in "Oo",
        failed_checks=0,
        refused_checks=0,
        round_began_ms=None,
        run_slot_ms=run_slot_ms if in_run else None,
        run_began_ms=run_began_ms if in_run else None,
        run_failed_checks=state.run_failed_checks + state.failed_checks if in_run else 0,
        apart_began_ms=apart_ms if letter in "FQfq" else None,
        bad_rounds_ms=bad_rounds_ms,
        slow_rounds_ms=slow_rounds_ms,
        incident_rounds=min(state.incident_rounds + in_trouble, SHARE_ROUNDS),
        last_bad_ms=slot_ms if in_trouble and letter not in "Oo" else state.last_bad_ms,
    )


def _worsen(
    before: JudgeState, state: JudgeState, letter: str, slot_ms: int
) -> tuple[JudgeState, Event]:
    """A bad round inside an open incident."""
    hold, relapsed_ms = state.hold, state.relapsed_ms
    if before.good >= RELAPSE_GOOD_ROUNDS:
        hold = max(hold, HOLD_RELAPSE)
        if before.last_bad_ms is not None and slot_ms - before.last_bad_ms <= RELAPSE_MS:
            relapsed_ms = slot_ms
    mode = state.mode
    if _turns_partly(state, letter):
        mode, hold = Kind.PARTLY, max(hold, HOLD_UNSTABLE)
    elif _turns_unstable(before, state, letter):
        mode, hold = Kind.UNSTABLE, max(hold, HOLD_UNSTABLE)
    for_good = not state.sent_as_down and state.rounds.endswith("F" * FOR_GOOD_ROUNDS)
    if for_good:
        mode = Kind.DOWN
    return replace(
        state,
        mode=mode,
        kind=_said(state, mode),
        hold=hold,
        relapsed_ms=relapsed_ms,
        good=0,
        good_since_ms=None,
        denied=False,
        # Reported as down anew: what worked before that is no longer "some success".
        has_succeeded=not for_good and (state.has_succeeded or letter in "Pp"),
        sent_as_down=state.sent_as_down or for_good,
    ), Event.ESCALATED if for_good else Event.UPDATED


def _turns_partly(state: JudgeState, letter: str) -> bool:
    """What is said to be down is no longer, as soon as others get through."""
    if letter not in "Qq":
        return False
    return state.mode is Kind.DOWN or ends_partly(state.rounds)


def ends_partly(rounds: str) -> bool:
    """Ten rounds in a row failed here, and at their end others get through."""
    last = rounds[-PARTLY_ROUNDS:]
    return len(last) == PARTLY_ROUNDS and not last.strip("FQfq") and last[-1] in "Qq"


def _turns_unstable(before: JudgeState, state: JudgeState, letter: str) -> bool:
    """Down but some check worked before this bad round, or slow and now failing too often.

    A confirming check that works is such a success too, but takes back "down" at once only in the
    round that opened it: later it is how half of all recoveries begin.
    """
    if state.mode is Kind.DOWN:
        opened_now = before.last_bad_ms is None
        return before.has_succeeded or (letter in "Pp" and opened_now)
    if state.mode is Kind.PARTLY:
        last = state.rounds[-10:]
        return last.count("P") + last.count("p") >= BAD_OF_10
    return state.mode is Kind.SLOW and count_bad(state.rounds[-10:]) >= BAD_OF_10


def _said(state: JudgeState, mode: Kind | None) -> Kind | None:
    """The words for a mode: what mostly turns the bot away is said to refuse it.

    An unstable site that nothing has got through to for 30 rounds is down, in words too.
    """
    if mode is Kind.UNSTABLE and state.rounds.endswith("F" * FOR_GOOD_ROUNDS):
        return Kind.DOWN
    was = state.kind is Kind.BLOCKED
    if mode in {Kind.DOWN, Kind.UNSTABLE, Kind.PARTLY} and _still_refused(
        state.rounds[-state.incident_rounds :], was=was
    ):
        return Kind.BLOCKED
    return mode


def _improve(
    state: JudgeState, letter: str, check: Check, began_ms: int
) -> tuple[JudgeState, Event]:
    """A good round inside an open incident."""
    is_slow = state.mode is Kind.SLOW and letter == "o"
    if is_slow:
        state = replace(state, last_bad_ms=check.slot_ms, has_succeeded=True)
    if is_slow and (state.good == 0 or count_slow(state.rounds[-10:]) > LEAVE_SLOW_OF_10):
        return replace(state, good=0, good_since_ms=None), Event.UPDATED
    good_since_ms = began_ms if state.good == 0 else state.good_since_ms
    state = replace(
        state,
        good=min(state.good + 1, KEPT_ROUNDS),
        good_since_ms=good_since_ms,
        denied=not check.may_close,
        has_succeeded=True,
    )
    return state, Event.MAY_RECOVER if may_recover(state) else Event.UPDATED


def is_down(state: JudgeState, check: Check, policy: Policy) -> bool:
    """A later round fails too, long enough after the first failed check of an unbroken run."""
    if state.mode not in {None, Kind.SLOW, Kind.PARTLY} or state.run_slot_ms is None:
        return False
    return check.slot_ms - state.run_slot_ms >= down_after_ms(policy)


def open_down(state: JudgeState, check: Check) -> tuple[JudgeState, Event]:
    """Open "down" at the first check of a round, or "unstable" if many rounds were bad before."""
    bad_before = count_bad(state.rounds[-9:])
    often = bad_before + 1 >= BAD_OF_10 and state.mode is not Kind.PARTLY
    mode = Kind.UNSTABLE if often else Kind.DOWN
    if mode is Kind.DOWN:
        rule = Rule.FAILED_RUN
        since_ms = state.run_began_ms or state.run_slot_ms
        window = state.rounds[len(state.rounds.rstrip("Ff")) :]
    else:
        rule = Rule.BAD_OF_10
        since_ms = _first_bad(state, bad_before)
        window = _since_nth_bad(state.rounds, bad_before)
    escalates = state.mode is not None
    was_sent = state.sent_as_down
    under_way = "f" if state.refused_checks else "F"
    since_ms = since_ms or check.began_ms
    entered = _enter(state, mode, since_ms, check.slot_ms, window, under_way=under_way)
    state = replace(entered, rule=state.rule if escalates else rule)
    if not escalates:
        return state, Event.OPENED
    return state, Event.UPDATED if was_sent else Event.ESCALATED


def _enter(
    state: JudgeState, mode: Kind, since_ms: int, now_ms: int, window: str, *, under_way: str = ""
) -> JudgeState:
    """``window``: the closed rounds that belong to the incident; ``under_way``: one that will."""
    relapsed_ms = state.relapsed_ms
    recovered_ms = state.last_bad_ms if state.had_incident and state.mode is None else None
    if recovered_ms is not None and since_ms - recovered_ms < RELAPSE_MS:
        relapsed_ms = now_ms
    recent = relapsed_ms is not None and now_ms - relapsed_ms <= RELAPSE_MEMORY_MS
    usual = HOLD_DOWN if mode is Kind.DOWN else HOLD_UNSTABLE
    kind = Kind.BLOCKED if mode is not Kind.SLOW and _mostly_refused(window + under_way) else mode
    return replace(
        state,
        mode=mode,
        kind=kind,
        since_ms=state.since_ms if state.mode is not None else since_ms,
        incident_rounds=min(len(window), SHARE_ROUNDS),
        hold=max(HOLD_RELAPSE if recent else usual, state.hold),
        good=0,
        good_since_ms=None,
        has_succeeded=False,
        sent_as_down=state.sent_as_down or kind is Kind.DOWN,
        last_bad_ms=None,
        relapsed_ms=relapsed_ms,
    )


def open_if_bad(state: JudgeState, check: Check) -> tuple[JudgeState, Event | None]:
    """No incident is open: does the rate of bad or slow rounds open one?"""
    slot_ms = check.slot_ms
    of_10, of_60 = count_bad(state.rounds[-10:]), count_bad(state.rounds)
    if of_10 >= BAD_OF_10 or of_60 >= BAD_OF_60:
        rule = Rule.BAD_OF_10 if of_10 >= BAD_OF_10 else Rule.BAD_OF_60
        looked_back = of_10 if rule is Rule.BAD_OF_10 else BAD_OF_60
        window = _since_nth_bad(state.rounds, looked_back)
        since_ms = _first_bad(state, looked_back) or check.began_ms
        entered = _enter(state, Kind.UNSTABLE, since_ms, slot_ms, window)
        return replace(entered, last_bad_ms=slot_ms, rule=rule), Event.OPENED
    if ends_partly(state.rounds):
        since_ms = state.apart_began_ms or check.began_ms
        window = state.rounds[-PARTLY_ROUNDS:]
        entered = _enter(state, Kind.PARTLY, since_ms, slot_ms, window)
        return replace(entered, last_bad_ms=slot_ms, rule=Rule.PARTLY), Event.OPENED
    slow = count_slow(state.rounds[-10:])
    if slow >= SLOW_OF_10:
        since_ms = state.slow_rounds_ms[-slow:][0] if state.slow_rounds_ms else check.began_ms
        last = state.rounds[-10:]
        entered = _enter(state, Kind.SLOW, since_ms, slot_ms, last[last.index("o") :])
        return replace(entered, last_bad_ms=slot_ms, rule=Rule.SLOW_OF_10), Event.OPENED
    return state, None


def _first_bad(state: JudgeState, nth_last: int) -> int | None:
    """Start of the n-th last bad round kept."""
    slots = state.bad_rounds_ms[-nth_last:]
    return slots[0] if slots else None


def _since_nth_bad(rounds: str, nth_last: int) -> str:
    """The end of ``rounds`` that begins with its n-th last bad one."""
    bad = [index for index, letter in enumerate(rounds) if _is_bad(letter)]
    return rounds[bad[-nth_last] :]


def _is_bad(letter: str) -> bool:
    return letter in "PFpf"


def _count_refused(rounds: str) -> int:
    return sum(map(rounds.count, "pfq"))


def _mostly_refused(rounds: str) -> bool:
    """True when most of the rounds that were not good refused the bot."""
    return 2 * _count_refused(rounds) > len(rounds) - count_good(rounds)


def _still_refused(rounds: str, *, was: bool) -> bool:
    """The same for an open incident, whose word must not change with every other answer.

    From the seventh bad round on it changes only when nine in ten say the opposite.
    """
    bad, refused = len(rounds) - count_good(rounds), _count_refused(rounds)
    if bad < SETTLED_ROUNDS:
        return _mostly_refused(rounds)
    return 10 * refused > bad if was else 10 * refused >= 9 * bad


def _confirm_delay_s(policy: Policy, number: int) -> float:
    """Seconds from the slot to a confirming check: spread, for a second later says little new."""
    if number == 1:
        return min(policy.interval_s / 6, 10.0)
    return min(policy.interval_s / 2, 30.0)
