"""The judge where other places are asked: Q, PARTLY, and the all-clear that waits for them."""

from dataclasses import replace

import pytest

from bot.engine.judge import decides, judge, may_decide
from bot.engine.judge_state import Check, Event, JudgeState, Policy
from bot.models import Cause, Kind, Reason, Rule

POLICY = Policy(60.0)
START_MS = 1_700_000_000_000
FAILS, REFUSED = Cause(Reason.HTTP, 500), Cause(Reason.HTTP, 403)
# Of each letter: the causes of its checks, whether others get through, whether they let it close.
ROUNDS: dict[str, tuple[list[Cause | None], bool, bool]] = {
    "O": ([None] * 3, False, True),
    "D": ([None] * 3, False, False),  # works here, and nowhere else
    "P": ([FAILS, None], False, True),
    "F": ([FAILS] * 3, False, True),
    "Q": ([FAILS] * 3, True, True),
    "q": ([REFUSED] * 3, True, True),
}


class Site:
    """Plays rounds of a minute; ``events`` has the minute of each."""

    def __init__(self, rounds: str = "") -> None:
        self.state, self.minute = JudgeState(), 0
        self.events: list[tuple[int, Event]] = []
        self.play(rounds)

    def play(self, rounds: str) -> "Site":
        for letter in rounds:
            causes, partly, may_close = ROUNDS[letter]
            for number, cause in enumerate(causes):
                slot_ms = START_MS + 60_000 * self.minute
                check = Check(slot_ms, number, cause, 30.0, partly=partly, may_close=may_close)
                if not decides(self.state, check, POLICY):  # as the check runner does
                    check = replace(check, partly=False, may_close=True)
                decision = judge(self.state, check, POLICY)
                self.state = decision.state
                if decision.event not in {None, Event.UPDATED}:
                    assert decision.event is not None
                    self.events.append((self.minute, decision.event))
                if decision.confirm_s is None:
                    break
            self.minute += 1
        return self


@pytest.mark.parametrize("rounds", ["OFQFQFQFQ", "OQQQQQQQQQ", "OFQQQ", "Q" * 9, "OQFQFQ"])
def test_while_others_get_through_nothing_opens_before_ten_rounds(rounds: str) -> None:
    assert Site(rounds).events == [] or rounds.count("F") >= 4


def test_ten_rounds_in_which_others_get_through_at_the_end_are_partly() -> None:
    site = Site("O" + "F" + "Q" * 9)
    assert site.events == [(10, Event.OPENED)]
    assert (site.state.mode, site.state.kind, site.state.rule) == (
        Kind.PARTLY,
        Kind.PARTLY,
        Rule.PARTLY,
    )
    assert site.state.since_ms == START_MS + 60_000
    assert site.state.hold == 10
    assert site.play("O" * 9).events == [(10, Event.OPENED)]
    assert site.play("O").events[-1][1] is Event.MAY_RECOVER


def test_what_refuses_home_alone_is_said_to_refuse() -> None:
    site = Site("O" + "q" * 10)
    assert (site.state.mode, site.state.kind) == (Kind.PARTLY, Kind.BLOCKED)


def test_partly_and_then_failing_everywhere_is_down_and_reported_once_more() -> None:
    site = Site("O" + "Q" * 10 + "FF")
    assert site.events == [(10, Event.OPENED), (12, Event.ESCALATED)]
    assert site.state.kind is Kind.DOWN
    assert site.play("QFF").events == [(10, Event.OPENED), (12, Event.ESCALATED)], "sent already"
    assert site.state.kind is Kind.DOWN


def test_down_is_partly_as_soon_as_others_get_through() -> None:
    site = Site("OFFFQ")
    assert (site.state.mode, site.state.kind, site.events) == (
        Kind.PARTLY,
        Kind.PARTLY,
        [(2, Event.OPENED)],
    )


def test_a_check_that_now_works_at_times_makes_partly_unstable() -> None:
    assert Site("O" + "Q" * 10 + "PPPQP").state.mode is Kind.UNSTABLE


def test_an_all_clear_waits_for_one_good_answer_elsewhere() -> None:
    site = Site("OFFF" + "OODDD")
    assert site.events == [(2, Event.OPENED)]
    assert site.state.denied
    assert site.play("O").events[-1] == (9, Event.MAY_RECOVER)


def test_others_are_asked_when_a_round_may_open_or_close_and_else_never() -> None:
    assert not may_decide(JudgeState())
    assert not may_decide(Site("OOO").state)
    assert may_decide(Site("OF").state)
    assert not may_decide(Site("OFFFO").state)
    assert may_decide(Site("OFFFOO").state)


def test_the_state_is_read_back_as_it_was() -> None:
    state = Site("OFFFQOODQQ").state
    assert JudgeState.load(state.dump()) == state
