"""How an incident opens: a run of failed rounds, or too many bad or slow ones."""

from dataclasses import replace

from bot.engine.judge_state import (
    SHARE_ROUNDS,
    JudgeState,
    count_bad,
    count_slow,
    is_bad,
    mostly_refused,
)
from bot.engine.rules import (
    BAD_OF_10,
    BAD_OF_60,
    HOLD_DOWN,
    HOLD_RELAPSE,
    HOLD_UNSTABLE,
    RELAPSE_MEMORY_MS,
    RELAPSE_MS,
    SLOW_OF_10,
    Event,
    Policy,
    Try,
    patience_ms,
)
from bot.models import Kind, Rule


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
