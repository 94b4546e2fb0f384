"""Push monitors: nothing is checked, a job calls. It is down when it does not, or says it failed.

A beat proves by itself that the job is well, so there are no rounds to wait for: one that fails
opens an incident at once, one that is fine closes it at once.
"""

from dataclasses import replace

from bot.engine.judge_state import CALM, KEPT_ROUNDS, Check, Decision, Event, JudgeState
from bot.engine.kinds.base import MonitorKind
from bot.engine.netguard import AddressRules
from bot.models import PUSH_URL, Kind, Rule
from bot.words.translator import N_

PUSH = MonitorKind(
    AddressRules(
        "push",
        example=PUSH_URL,
        form=N_("A push monitor has no address of its own. Make one with /watch push."),
    ),
    checker=None,
    options=frozenset({"grace_s"}),
    other_names=("push", "heartbeat"),
)


def judge_beat(state: JudgeState, check: Check) -> Decision:
    """Judge a beat, or that none came in time."""
    letter = "O" if check.ok else "F"
    if check.ok and state.mode is None and state.rounds == CALM:
        return Decision(state, letter=letter)
    after = replace(
        state,
        rounds=(state.rounds + letter)[-KEPT_ROUNDS:],
        has_been_up=state.has_been_up or check.ok,
    )
    if check.ok:
        if state.mode is None:
            return Decision(after, letter=letter)
        recovered = replace(after, good=1, hold=1, good_since_ms=check.began_ms, has_succeeded=True)
        return Decision(recovered, Event.MAY_RECOVER, letter)
    if state.mode is not None:
        failing = replace(after, good=0, good_since_ms=None, last_bad_ms=check.slot_ms)
        return Decision(failing, Event.UPDATED, letter)
    opened = replace(
        after,
        mode=Kind.DOWN,
        kind=Kind.DOWN,
        rule=Rule.BEAT,
        since_ms=check.began_ms,
        run_failed_checks=1,
        incident_rounds=1,
        hold=1,
        good=0,
        good_since_ms=None,
        sent_as_down=True,
        last_bad_ms=check.slot_ms,
    )
    return Decision(opened, Event.OPENED, letter)
