"""The rule "steady", told as sentences; every number is counted by hand."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.engine.judge import judge
from bot.engine.memory import KEPT_ROUNDS, KEPT_SLOTS, Memory, abandon, forget
from bot.engine.rules import Event, Policy, Try, Verdict, clear, confirm_s, is_due, rhythm_s
from bot.models import Cause, Kind, Reason, State

MINUTE = Policy(60.0)
DOWN_500 = Cause(Reason.HTTP, 500)
FORBIDDEN = Cause(Reason.HTTP, 403)
START_MS = 1_700_000_000_000


class Site:
    """Plays rounds to the judge and keeps what it said. O, P, F as in the memory; B: refused."""

    def __init__(self, policy: Policy = MINUTE) -> None:
        self.policy = policy
        self.memory = Memory()
        self.slot_ms = START_MS
        self.events: list[tuple[int, Event]] = []
        self.rounds = 0

    def play(self, letters: str, *, ms: float = 100.0) -> "Site":
        for letter in letters:
            self._round(letter, ms)
            self.slot_ms += round(rhythm_s(self.memory, self.policy) * 1000)
            self.rounds += 1
        return self

    def told(self, *wanted: Event) -> list[tuple[int, Event]]:
        """Openings, escalations and all-clears, with the round that brought them."""
        chosen = wanted or (Event.OPENED, Event.ESCALATED, Event.DUE)
        return [(number, event) for number, event in self.events if event in chosen]

    def _round(self, letter: str, ms: float) -> None:
        for number, cause in enumerate(_causes(letter)):
            verdict = judge(self.memory, Try(self.slot_ms, number, cause, ms), self.policy)
            self.memory = verdict.memory
            if verdict.event is not None:
                self.events.append((self.rounds, verdict.event))
            if verdict.event is Event.DUE:
                self.memory = clear(self.memory)
            if verdict.confirm_s is None:
                return


def _causes(letter: str) -> list[Cause | None]:
    return _TRIES[letter]


_TRIES: dict[str, list[Cause | None]] = {
    "O": [None],
    "P": [DOWN_500, None],
    "F": [DOWN_500] * 3,
    "B": [FORBIDDEN] * 3,
}


def test_the_first_good_round_makes_a_monitor_up_and_says_nothing() -> None:
    site = Site()
    states = [site.memory.state, site.play("O").memory.state]
    assert states == [State.UNKNOWN, State.UP]
    assert site.events == []


def test_a_hard_outage_opens_at_the_first_try_of_the_round_a_minute_later() -> None:
    site = Site().play("OOF")
    assert site.told() == []
    verdict = judge(site.memory, Try(site.slot_ms, 0, DOWN_500), MINUTE)
    assert verdict.event is Event.OPENED
    assert verdict.memory.kind is Kind.DOWN
    assert verdict.memory.failed + verdict.memory.tried == 4


def test_failures_of_a_monitor_never_seen_up_are_judged_as_from_up() -> None:
    assert Site().play("FF").told() == [(1, Event.OPENED)]


def test_at_a_short_interval_down_waits_for_a_slot_two_intervals_later() -> None:
    assert Site(Policy(1.0)).play("OFF").told() == []
    assert Site(Policy(1.0)).play("OFFF").told() == [(3, Event.OPENED)]


def test_at_a_long_interval_doubt_quickens_the_rounds_so_that_down_is_told_in_a_minute() -> None:
    site = Site(Policy(900.0)).play("O")
    begun_ms = site.slot_ms
    site.play("F")
    assert site.slot_ms - begun_ms == 60_000
    assert site.play("F").told() == [(2, Event.OPENED)]


def test_single_failures_and_failures_a_confirm_try_answers_open_nothing() -> None:
    assert Site().play("O" * 30 + "F" + "O" * 30 + "P" + "O" * 30 + "F").told() == []


def test_a_good_round_breaks_the_run_of_failed_ones() -> None:
    assert Site().play("OFOF").told() == []
    assert Site().play("OPF").told() == []


def test_a_clock_set_back_does_not_hold_an_outage_back_for_an_hour() -> None:
    site = Site().play("OF")
    site.slot_ms -= 3_600_000
    assert site.play("FF").told() == [(3, Event.OPENED)]
    assert site.memory.since_ms == site.slot_ms - 120_000


def test_four_bad_rounds_of_ten_open_unstable() -> None:
    site = Site().play("O" * 20 + "POPOPOP")
    assert site.told() == [(26, Event.OPENED)]
    assert site.memory.kind is Kind.UNSTABLE


def test_twelve_bad_rounds_of_sixty_open_unstable_though_never_four_of_ten() -> None:
    site = Site().play("O" * 20 + "OOOOP" * 12)
    assert site.told() == [(79, Event.OPENED)]


def test_eleven_bad_rounds_of_sixty_open_nothing() -> None:
    assert Site().play("OOOOP" * 11 + "O" * 5).told() == []


def test_down_is_over_after_three_good_rounds() -> None:
    assert Site().play("OFFFFOOO").told() == [(2, Event.OPENED), (7, Event.DUE)]


def test_two_good_rounds_are_no_all_clear() -> None:
    site = Site().play("OFFFFOO")
    assert site.told() == [(2, Event.OPENED)]
    assert site.memory.good == 2


def test_some_success_and_then_a_failure_turns_down_into_unstable() -> None:
    site = Site().play("OFFF")
    kinds = [site.memory.kind, site.play("OF").memory.kind]
    assert kinds == [Kind.DOWN, Kind.UNSTABLE]
    assert site.told(Event.CHANGED) == [(5, Event.CHANGED)]
    assert site.memory.hold == 10


def test_a_confirm_try_that_works_in_the_opening_round_makes_it_unstable() -> None:
    site = Site().play("OF")
    opening = judge(site.memory, Try(site.slot_ms, 0, DOWN_500), MINUTE)
    closed = judge(opening.memory, Try(site.slot_ms, 1, None), MINUTE)
    assert (opening.event, closed.event) == (Event.OPENED, Event.CHANGED)
    assert closed.memory.kind is Kind.UNSTABLE


def test_a_site_that_comes_back_between_the_tries_of_a_round_is_no_less_back() -> None:
    site = Site().play("O" + "F" * 20 + "POO")
    assert (site.memory.kind, site.memory.good) == (Kind.DOWN, 2)
    assert site.play("O").told() == [(2, Event.OPENED), (24, Event.DUE)]


def test_a_confirm_try_that_works_makes_the_next_bad_round_unstable() -> None:
    site = Site().play("O" + "F" * 20 + "PF")
    assert site.told(Event.CHANGED) == [(22, Event.CHANGED)]
    assert site.memory.kind is Kind.UNSTABLE


def test_unstable_is_over_after_ten_good_rounds_and_three_bad_of_thirty_at_most() -> None:
    site = Site().play("O" * 20 + "POPOPOP" + "O" * 26)
    assert site.told() == [(26, Event.OPENED), (50, Event.DUE)]


def test_thirty_failed_rounds_in_a_row_are_told_once_more_if_never_told_as_down() -> None:
    site = Site().play("O" * 10 + "PPPP" + "F" * 70)
    assert site.told() == [(13, Event.OPENED), (43, Event.ESCALATED)]
    assert site.memory.kind is Kind.DOWN


def test_down_for_good_stays_down_while_everything_fails() -> None:
    site = Site().play("O" * 10 + "PPPP" + "F" * 33)
    assert site.memory.kind is Kind.DOWN
    assert site.memory.failed == 99


def test_an_unstable_site_that_stops_answering_is_said_to_be_down_by_an_edit() -> None:
    site = Site().play("O" + "FFF" + "OF" + "F" * 28)
    kinds = [site.memory.kind, site.play("F").memory.kind]
    assert kinds == [Kind.UNSTABLE, Kind.DOWN]
    assert site.told(Event.CHANGED)[-1] == (34, Event.CHANGED)
    assert site.told() == [(2, Event.OPENED)]


def test_an_incident_told_as_down_is_not_told_as_down_again() -> None:
    site = Site().play("O" + "FFF" + "OF" + "F" * 60)
    assert site.told(Event.ESCALATED) == []


def test_a_site_that_refuses_the_bot_is_said_to_refuse_it_and_its_state_is_unstable() -> None:
    site = Site().play("O" * 5 + "BBB")
    assert site.memory.kind is Kind.BLOCKED
    assert site.memory.state is State.UNSTABLE


def test_a_relapse_within_ninety_minutes_needs_sixty_good_rounds() -> None:
    site = Site().play("OFFF" + "OOO" + "O" * 30 + "FF")
    assert site.memory.hold == 60
    site.play("O" * 59)
    assert site.told()[-1][1] is Event.OPENED
    site.play("O")
    assert site.told()[-1][1] is Event.DUE


def test_trouble_after_ninety_quiet_minutes_is_no_relapse() -> None:
    site = Site().play("OFFF" + "OOO" + "O" * 90 + "FF")
    assert site.memory.hold == 3


def test_a_relapse_is_remembered_for_a_day_but_not_longer() -> None:
    relapsed = "OFF" + "OOO" + "O" * 10 + "FF" + "O" * 60
    within = Site().play(relapsed + "O" * 1_200 + "FF")
    assert within.memory.hold == 60
    after = Site().play(relapsed + "O" * 1_441 + "FF")
    assert after.memory.hold == 3


def test_a_failure_after_ten_good_rounds_inside_an_incident_is_a_relapse() -> None:
    site = Site().play("O" * 20 + "PPPP" + "O" * 12 + "F")
    assert site.memory.hold == 60
    assert site.memory.relapsed_ms is not None


def test_slow_opens_at_six_of_ten_and_ends_by_its_own_line() -> None:
    site = Site(Policy(60.0, slow_ms=500)).play("O" * 10).play("O" * 6, ms=900)
    assert site.memory.kind is Kind.SLOW
    assert site.memory.state is State.UNSTABLE
    site.play("O" * 7)
    assert site.memory.kind is Kind.SLOW
    site.play("O" * 3)
    assert site.memory.kind is None


def test_a_slow_site_that_goes_down_is_told_again() -> None:
    site = Site(Policy(60.0, slow_ms=500)).play("O" * 10).play("O" * 6, ms=900).play("FF")
    assert site.told() == [(15, Event.OPENED), (17, Event.ESCALATED)]
    assert site.memory.kind is Kind.DOWN


def test_blindness_leaves_no_trace_of_a_round_or_of_the_run_before_it() -> None:
    site = Site().play("O" * 5 + "F")
    site.memory = abandon(site.memory)
    assert site.play("F").told() == []
    assert site.play("F").told() == [(7, Event.OPENED)]


def test_share_counts_first_tries_since_the_incident_began() -> None:
    site = Site().play("O" * 20 + "POPOPOP")
    assert site.memory.share == (3, 7)
    site.play("FFOF")
    assert site.memory.share == (4, 11)


def test_the_share_holds_no_round_from_before_the_incident() -> None:
    assert Site().play("OOOFF").memory.share == (0, 2)
    assert Site().play("O" * 20 + "POPOFF").memory.share == (2, 6)


def test_confirm_tries_come_at_a_sixth_and_a_half_of_the_interval() -> None:
    assert [confirm_s(Policy(60.0), n) for n in (1, 2)] == [10.0, 30.0]
    assert [confirm_s(Policy(6.0), n) for n in (1, 2)] == [1.0, 3.0]
    assert [confirm_s(Policy(600.0), n) for n in (1, 2)] == [10.0, 30.0]


def test_a_calm_monitor_costs_no_new_memory() -> None:
    site = Site().play("O" * KEPT_ROUNDS)
    before = site.memory
    assert site.play("O").memory is before


@pytest.mark.parametrize("rounds", ["OFF", "OPPPP", "OFFOFOOOOOO", "OBBB"])
def test_memory_survives_being_stored(rounds: str) -> None:
    memory = Site().play(rounds).memory
    assert Memory.load(memory.dump()) == memory


def test_a_monitor_judged_anew_keeps_only_the_relapse_memory() -> None:
    memory = Site().play("OFF" + "OOO" + "OOFF").memory
    fresh = forget(memory)
    assert fresh.state is State.UNKNOWN
    assert (fresh.closed, fresh.last_bad_ms) == (True, memory.last_bad_ms)
    assert replace(fresh, closed=False, last_bad_ms=None, relapsed_ms=None) == Memory()


ROUNDS = st.text(alphabet="OOOPFFB", max_size=250)


@given(ROUNDS, st.sampled_from([1.0, 30.0, 60.0, 600.0]))
@settings(max_examples=150, deadline=None)
def test_for_any_rounds_posts_alternate_and_memory_is_bounded(
    rounds: str, interval_s: float
) -> None:
    site = Site(Policy(interval_s)).play(rounds)
    open_now = escalated = False
    for _, event in site.told():
        match event:
            case Event.OPENED:
                assert not open_now
                open_now, escalated = True, False
            case Event.ESCALATED:
                assert open_now
                assert not escalated
                escalated = True
            case _:
                assert open_now
                open_now = False
    assert open_now == (site.memory.mode is not None)
    assert len(site.memory.rounds) <= KEPT_ROUNDS
    assert len(site.memory.bad_slots) <= KEPT_SLOTS
    assert len(site.memory.dump()) < 1_000


@given(ROUNDS, st.integers(0, 700))
@settings(max_examples=150, deadline=None)
def test_for_any_rounds_a_restart_in_the_middle_changes_nothing(rounds: str, at: int) -> None:
    tries = [
        (index, number, cause)
        for index, letter in enumerate(rounds)
        for number, cause in enumerate(_causes(letter))
    ]
    assert _verdicts(tries, restart_at=None) == _verdicts(tries, restart_at=at)


def _verdicts(tries: list[tuple[int, int, Cause | None]], restart_at: int | None) -> list[Verdict]:
    memory, verdicts = Memory(), []
    for index, (slot, number, cause) in enumerate(tries):
        if index == restart_at:
            memory = Memory.load(memory.dump())
        verdict = judge(memory, Try(START_MS + slot * 60_000, number, cause), MINUTE)
        memory = clear(verdict.memory) if verdict.event is Event.DUE else verdict.memory
        verdicts.append(verdict)
    return verdicts


@given(ROUNDS)
@settings(max_examples=100, deadline=None)
def test_an_all_clear_is_never_due_without_an_incident(rounds: str) -> None:
    memory = Site().play(rounds).memory
    assert memory.mode is not None or not is_due(memory, missing=5)
