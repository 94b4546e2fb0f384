"""The rule "steady", reported as sentences; every number is counted by hand."""

import random
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.engine.judge import judge
from bot.engine.judge_state import (
    KEPT_BAD_ROUNDS,
    KEPT_ROUNDS,
    Check,
    Decision,
    Event,
    JudgeState,
    Policy,
    after_recovery,
    current_interval_s,
    judged_anew,
    may_recover,
    rounds_to_recovery,
    without_run,
)
from bot.models import Cause, Kind, Reason, Rule, State

MINUTE = Policy(60.0)
LIMITED = Policy(60.0, slow_ms=500)
MINUTE_MS = 60_000
DOWN_500 = Cause(Reason.HTTP, 500)
FORBIDDEN = Cause(Reason.HTTP, 403)
START_MS = 1_700_000_000_000
SLOW_MS = 501.0
CHECKS: dict[str, list[Cause | None]] = {
    "O": [None] * 3,
    "S": [None] * 3,
    "X": [None, DOWN_500],
    "x": [None, None, FORBIDDEN],
    "P": [DOWN_500, None],
    "p": [FORBIDDEN, None],
    "F": [DOWN_500] * 3,
    "B": [FORBIDDEN] * 3,
}


class Site:
    """Plays rounds to the judge and keeps what it said.

    O, P and F as in the memory; S: slow (of a limited site), B: refused, p: refused at first,
    X and x: good at first, and not when that is confirmed.
    """

    def __init__(self, policy: Policy = MINUTE) -> None:
        self.policy = policy
        self.judge_state = JudgeState()
        self.slot_ms = START_MS
        self.events: list[tuple[int, Event]] = []
        self.rounds = 0

    def play(self, letters: str) -> "Site":
        for letter in letters:
            self._round(letter)
            self.slot_ms += round(current_interval_s(self.judge_state, self.policy) * 1000)
            self.rounds += 1
        return self

    def reported(self) -> list[tuple[int, Event]]:
        """Openings, escalations and all-clears, with the round that brought them."""
        return [(number, event) for number, event in self.events if event is not Event.UPDATED]

    def take(self, number: int, cause: Cause | None, ms: float = 100.0) -> Decision:
        """One try of the round under way."""
        verdict = judge(self.judge_state, Check(self.slot_ms, number, cause, ms), self.policy)
        self.judge_state = verdict.state
        return verdict

    def _round(self, letter: str) -> None:
        for number, cause in enumerate(CHECKS[letter]):
            verdict = self.take(number, cause, SLOW_MS if letter == "S" else 100.0)
            if verdict.event is not None:
                self.events.append((self.rounds, verdict.event))
            if verdict.event is Event.MAY_RECOVER:
                self.judge_state = after_recovery(self.judge_state)
            if verdict.confirm_s is None:
                return


def slot_of(number: int) -> int:
    """Of a round, at a round a minute."""
    return START_MS + number * MINUTE_MS


def test_the_first_good_round_makes_a_monitor_up_and_says_nothing() -> None:
    site = Site()
    states = [site.judge_state.monitor_state, site.play("O").judge_state.monitor_state]
    assert states == [State.UNKNOWN, State.UP]
    assert site.events == []


def test_a_hard_outage_opens_at_the_first_try_of_the_round_a_minute_later() -> None:
    site = Site().play("OOF")
    assert site.reported() == []
    assert site.take(0, DOWN_500).event is Event.OPENED
    assert site.judge_state.kind is Kind.DOWN
    assert site.judge_state.run_failed_checks + site.judge_state.failed_checks == 4


def test_the_failed_checks_of_a_round_join_those_of_its_run_when_it_closes() -> None:
    site = Site().play("OB")
    counts = [
        (
            site.judge_state.run_failed_checks,
            site.judge_state.failed_checks,
            site.judge_state.refused_checks,
        )
    ]
    for number in range(3):
        site.take(number, FORBIDDEN)
        counts.append(
            (
                site.judge_state.run_failed_checks,
                site.judge_state.failed_checks,
                site.judge_state.refused_checks,
            )
        )
    assert counts == [(3, 0, 0), (3, 1, 1), (3, 2, 2), (6, 0, 0)]


def test_failures_of_a_monitor_never_seen_up_are_judged_as_from_up() -> None:
    assert Site().play("FF").reported() == [(1, Event.OPENED)]


@pytest.mark.parametrize(
    ("interval_s", "rounds", "waited_s"),
    [(1.0, 3, 2), (30.0, 3, 60), (45.0, 3, 90), (60.0, 2, 60), (900.0, 2, 60)],
)
def test_down_waits_for_the_first_slot_two_intervals_or_a_minute_later(
    interval_s: float, rounds: int, waited_s: int
) -> None:
    """At a long interval doubt quickens the rounds, so that a minute is enough."""
    site = Site(Policy(interval_s)).play("O")
    begun_ms = site.slot_ms
    assert site.play("F" * (rounds - 1)).reported() == []
    assert site.slot_ms - begun_ms == waited_s * 1000
    assert site.play("F").reported() == [(rounds, Event.OPENED)]


def test_a_slot_that_comes_a_moment_too_early_does_not_open_down() -> None:
    site = Site().play("OF")
    site.slot_ms -= 1
    assert site.take(0, DOWN_500).event is None


@pytest.mark.parametrize(("interval_s", "in_doubt_s"), [(900.0, 60.0), (30.0, 30.0)])
def test_ten_good_rounds_end_the_doubt_but_not_an_incident(
    interval_s: float, in_doubt_s: float
) -> None:
    site = Site(Policy(interval_s)).play("O" * 10 + "P" + "O" * 9)
    rhythms = [current_interval_s(site.judge_state, site.policy)]
    site.play("O")
    rhythms.append(current_interval_s(site.judge_state, site.policy))
    site.play("PPPP" + "O" * 12)
    rhythms.append(current_interval_s(site.judge_state, site.policy))
    assert rhythms == [in_doubt_s, interval_s, in_doubt_s]


def test_single_failures_and_failures_a_confirm_try_answers_open_nothing() -> None:
    assert Site().play("O" * 30 + "F" + "O" * 30 + "P" + "O" * 30 + "F").reported() == []


def test_a_good_round_breaks_the_run_of_failed_ones() -> None:
    assert Site().play("OFOF").reported() == []
    assert Site().play("OPF").reported() == []


def test_a_clock_set_back_does_not_hold_an_outage_back_for_an_hour() -> None:
    site = Site().play("OF")
    site.slot_ms -= 3_600_000
    assert site.play("FF").reported() == [(3, Event.OPENED)]
    assert site.judge_state.since_ms == site.slot_ms - 120_000


@pytest.mark.parametrize(
    ("rounds", "rule", "began", "opened"),
    [
        ("FF", Rule.FAILED_RUN, 0, 1),
        ("PPOOOOOOOFF", Rule.FAILED_RUN, 9, 10),
        ("PPOOOOOOFF", Rule.BAD_OF_10, 0, 9),
        ("POPOPOP", Rule.BAD_OF_10, 0, 6),
        ("PPPOOOOOOP", Rule.BAD_OF_10, 0, 9),
        ("POOOO" * 7 + "POOOOO" * 4 + "P", Rule.BAD_OF_60, 0, 59),
        ("SSSSOOOOSS", Rule.SLOW_OF_10, 0, 9),
        ("SOSSSSS", Rule.SLOW_OF_10, 0, 6),
    ],
)
def test_an_incident_began_with_the_first_of_the_bad_rounds_that_opened_it(
    rounds: str, rule: Rule, began: int, opened: int
) -> None:
    site = Site(LIMITED).play("P" + "O" * 60 + rounds)
    assert site.reported() == [(61 + opened, Event.OPENED)]
    assert (site.judge_state.rule, site.judge_state.since_ms) == (rule, slot_of(61 + began))


@pytest.mark.parametrize(
    "rounds",
    ["F", "PPPOOOOOOOP", "POOOO" * 6 + "POOOOO" * 5 + "P", "OOOOP" * 11, "SSSSOOOOOSS"],
)
def test_one_bad_or_slow_round_less_within_reach_opens_nothing(rounds: str) -> None:
    assert Site(LIMITED).play("P" + "O" * 60 + rounds).reported() == []


def test_down_is_over_after_three_good_rounds() -> None:
    site = Site().play("OFFFFOOO")
    assert site.reported() == [(2, Event.OPENED), (7, Event.MAY_RECOVER)]
    assert site.judge_state.monitor_state is State.UP


def test_every_round_of_an_incident_moves_it() -> None:
    assert Site().play("OFFFOF").events == [
        (2, Event.OPENED),
        *((number, Event.UPDATED) for number in (2, 3, 4, 5)),
    ]


def test_a_site_answers_since_the_first_good_round_in_a_row() -> None:
    site = Site().play("OFFF")
    since = [site.play(letter).judge_state.good_since_ms for letter in "OOFOO"]
    assert since == [slot_of(4), slot_of(4), None, slot_of(7), slot_of(7)]


def test_some_success_and_then_a_failure_turns_down_into_unstable() -> None:
    site = Site().play("OFFF")
    kinds = [site.judge_state.kind, site.play("OF").judge_state.kind]
    assert kinds == [Kind.DOWN, Kind.UNSTABLE]
    assert site.reported() == [(2, Event.OPENED)]
    assert site.judge_state.hold == 10


@pytest.mark.parametrize(
    ("before", "cause", "opens"),
    [
        ("O", DOWN_500, Event.OPENED),
        ("O", FORBIDDEN, Event.OPENED),
        ("OFFOOO", DOWN_500, Event.OPENED),
        ("SSSSSS", DOWN_500, Event.ESCALATED),
    ],
)
def test_a_confirm_try_that_works_in_the_opening_round_makes_it_unstable(
    before: str, cause: Cause, opens: Event
) -> None:
    site = Site(LIMITED).play(before + "F")
    verdicts = [site.take(0, cause), site.take(1, None)]
    assert [one.event for one in verdicts] == [opens, Event.UPDATED]
    assert [one.state.kind for one in verdicts] == [Kind.DOWN, Kind.UNSTABLE]


def test_a_site_that_comes_back_between_the_checks_of_a_round_is_no_less_back() -> None:
    site = Site().play("O" + "F" * 20 + "POO")
    assert (site.judge_state.kind, site.judge_state.good) == (Kind.DOWN, 2)
    assert site.play("O").reported() == [(2, Event.OPENED), (24, Event.MAY_RECOVER)]


@pytest.mark.parametrize("letter", ["P", "p"])
def test_a_confirm_try_that_works_makes_the_next_bad_round_unstable(letter: str) -> None:
    site = Site().play("O" + "F" * 20 + letter + "F")
    assert site.reported() == [(2, Event.OPENED)]
    assert site.judge_state.kind is Kind.UNSTABLE


def test_unstable_is_over_after_ten_good_rounds_and_three_bad_of_thirty_at_most() -> None:
    site = Site().play("O" * 20 + "POPOPOP" + "O" * 26)
    assert site.reported() == [(26, Event.OPENED), (50, Event.MAY_RECOVER)]


def test_thirty_failed_rounds_in_a_row_are_reported_once_more_if_never_reported_as_down() -> None:
    site = Site().play("O" * 10 + "PPPP" + "F" * 70)
    assert site.reported() == [(13, Event.OPENED), (43, Event.ESCALATED)]
    assert site.judge_state.kind is Kind.DOWN


def test_down_for_good_stays_down_while_everything_fails() -> None:
    site = Site().play("O" * 10 + "PPPP" + "F" * 33)
    assert site.judge_state.kind is Kind.DOWN
    assert site.judge_state.run_failed_checks == 99


def test_an_unstable_site_that_stops_answering_is_said_to_be_down_by_an_edit() -> None:
    site = Site().play("O" + "FFF" + "OF" + "F" * 28)
    kinds = [site.judge_state.kind, site.play("F").judge_state.kind]
    assert kinds == [Kind.UNSTABLE, Kind.DOWN]
    assert site.reported() == [(2, Event.OPENED)]


def test_an_incident_reported_as_down_is_not_reported_as_down_again() -> None:
    site = Site().play("O" + "FFF" + "OF" + "F" * 60)
    assert site.reported() == [(2, Event.OPENED)]


def test_a_site_that_refuses_the_bot_is_said_to_refuse_it_and_its_state_is_unstable() -> None:
    site = Site().play("O" * 5 + "BBB")
    assert site.judge_state.kind is Kind.BLOCKED
    assert site.judge_state.monitor_state is State.UNSTABLE


@pytest.mark.parametrize(
    ("causes", "kind"),
    [
        ([FORBIDDEN, FORBIDDEN, DOWN_500], Kind.BLOCKED),
        ([FORBIDDEN, DOWN_500, DOWN_500], Kind.DOWN),
    ],
)
def test_a_round_is_refused_when_most_of_its_checks_were(
    causes: list[Cause | None], kind: Kind
) -> None:
    site = Site().play("OF")
    for _ in range(2):
        for number, cause in enumerate(causes):
            site.take(number, cause)
        site.slot_ms += MINUTE_MS
    assert site.judge_state.kind is kind


@pytest.mark.parametrize(
    ("rounds", "opening", "kind"),
    [
        ("FB", FORBIDDEN, Kind.BLOCKED),
        ("FB", DOWN_500, Kind.DOWN),
        ("BB", DOWN_500, Kind.BLOCKED),
        ("FF", FORBIDDEN, Kind.DOWN),
    ],
)
def test_the_try_that_opens_an_incident_has_its_say_in_the_words(
    rounds: str, opening: Cause, kind: Kind
) -> None:
    site = Site(Policy(30.0)).play("O" + rounds)
    assert site.take(0, opening).event is Event.OPENED
    assert site.judge_state.kind is kind


@pytest.mark.parametrize(
    ("rounds", "kind"),
    [
        ("FF" + "BB", Kind.DOWN),
        ("FFF" + "BB", Kind.DOWN),
        ("FF" + "BBB", Kind.BLOCKED),
        ("BB" + "FF", Kind.DOWN),
        ("FF" + "OppppO", Kind.BLOCKED),
        ("FF" + "OpppPO", Kind.UNSTABLE),
    ],
)
def test_the_words_follow_what_most_bad_rounds_since_the_beginning_were(
    rounds: str, kind: Kind
) -> None:
    assert Site().play("OOOOOO" + "PPP" + "O" * 12 + rounds).judge_state.kind is kind


def test_a_relapse_within_ninety_minutes_needs_sixty_good_rounds() -> None:
    site = Site().play("OFFF" + "OOO" + "O" * 30 + "FF")
    assert site.judge_state.hold == 60
    site.play("O" * 59)
    assert site.reported()[-1][1] is Event.OPENED
    site.play("O")
    assert site.reported()[-1][1] is Event.MAY_RECOVER


@pytest.mark.parametrize(("quiet", "hold"), [(88, 60), (89, 3)])
def test_trouble_after_ninety_quiet_minutes_is_no_relapse(quiet: int, hold: int) -> None:
    site = Site().play("OFFF" + "O" * quiet + "FF")
    assert site.judge_state.hold == hold


def test_trouble_soon_after_a_pause_is_no_relapse_when_no_all_clear_was_given() -> None:
    site = Site().play("OFFF")
    site.judge_state = judged_anew(site.judge_state)
    assert site.play("OFF").judge_state.hold == 3


def test_what_gets_worse_within_an_incident_is_no_relapse() -> None:
    assert Site(LIMITED).play("FF" + "O" * 103 + "SSSSSS" + "FF").judge_state.hold == 10


@pytest.mark.parametrize(("quiet", "hold"), [(1_438, 60), (1_439, 3)])
def test_a_relapse_is_remembered_for_a_day_but_not_longer(quiet: int, hold: int) -> None:
    site = Site().play("OFF" + "OOO" + "O" * 10 + "FF" + "O" * quiet + "FF")
    assert site.judge_state.hold == hold


@pytest.mark.parametrize(("good", "hold"), [(9, 10), (10, 60), (12, 60)])
def test_a_failure_after_ten_good_rounds_inside_an_incident_is_a_relapse(
    good: int, hold: int
) -> None:
    site = Site().play("O" * 20 + "PPPP" + "O" * good + "F")
    assert site.judge_state.hold == hold
    assert site.judge_state.relapsed_ms == (site.slot_ms - MINUTE_MS if hold == 60 else None)


@pytest.mark.parametrize(("minutes", "remembered"), [(90, True), (91, False)])
def test_one_that_comes_after_ninety_minutes_lifts_the_hold_but_is_not_remembered(
    minutes: int, remembered: bool
) -> None:
    """So long without an all-clear: the bot was blind for a part of it."""
    site = Site().play("O" * 20 + "PPPP" + "O" * 10)
    site.slot_ms = slot_of(23 + minutes)
    site.play("F")
    assert site.judge_state.hold == 60
    assert (site.judge_state.relapsed_ms is not None) == remembered


@pytest.mark.parametrize(
    ("rounds", "over"),
    [
        ("O" * 9, False),
        ("O" * 10, True),
        ("S" * 5 + "O" * 9, False),
        ("S" * 5 + "O" * 10, True),
        ("OOOSO" + "O" * 8, False),  # three slow of the last ten set it back
        ("OOOSO" + "O" * 9, True),
        ("O" * 8 + "SO", True),  # two of the last ten do not
        ("O" * 9 + "SS", True),
    ],
)
def test_slow_is_over_after_ten_fast_rounds_and_two_slow_of_ten_at_most(
    rounds: str, *, over: bool
) -> None:
    site = Site(LIMITED).play("O" * 10 + "SSSSSS")
    assert (site.judge_state.kind, site.judge_state.monitor_state) == (Kind.SLOW, State.UNSTABLE)
    assert (site.play(rounds).judge_state.monitor_state is State.UP) == over


@pytest.mark.parametrize(
    ("rounds", "missing"),
    [
        ("FF" + "O", 2),
        ("FF" + "OO", 1),
        ("FP" + "O" * 9, 1),
        ("POPOPOP" + "O" * 23, 1),
        ("F" * 20 + "OF" + "O" * 25, 1),
        ("SSSSSS" + "S" * 5 + "O" * 9, 1),
    ],
)
def test_how_many_good_rounds_an_all_clear_still_wants_is_known(rounds: str, missing: int) -> None:
    judge_state = Site(LIMITED).play("O" * 20 + rounds).judge_state
    assert [may_recover(judge_state, missing=more) for more in range(4)] == [
        more >= missing for more in range(4)
    ]


def test_no_all_clear_is_near_before_the_first_good_round() -> None:
    assert not may_recover(Site().play("OFF").judge_state, missing=3)


def test_a_slow_site_that_refuses_the_bot_now_and_then_is_said_to_be_slow() -> None:
    assert Site(LIMITED).play("pSpSSSSS").judge_state.kind is Kind.SLOW


def test_a_slow_site_answers_since_nothing_until_it_is_fast() -> None:
    site = Site(LIMITED).play("O" * 10 + "S" * 60)
    assert (site.judge_state.good, site.judge_state.good_since_ms) == (0, None)
    assert site.judge_state.since_ms == slot_of(10)
    site.play("OO")
    assert (site.judge_state.good, site.judge_state.good_since_ms) == (2, slot_of(70))
    site.play("S" + "O" * 9)
    assert site.judge_state.good_since_ms == slot_of(73)


def test_when_slow_rounds_began_survives_a_restart() -> None:
    judge_state = Site(LIMITED).play("O" * 10 + "SOSSS").judge_state
    assert len(judge_state.slow_rounds_ms) == 4
    assert JudgeState.load(judge_state.dump()) == judge_state


def test_a_fast_check_of_a_slow_site_is_confirmed_and_a_slow_one_needs_no_more() -> None:
    site = Site(LIMITED).play("O" * 10 + "SSSSSS")
    assert site.take(0, None, SLOW_MS).letter == "o"
    assert [site.take(0, None).letter, site.take(1, None, SLOW_MS).letter] == [None, "o"]
    assert [site.take(number, None).letter for number in range(3)] == [None, None, "O"]


@pytest.mark.parametrize(
    ("rounds", "needed"),
    [("OFF" + "OF", 5), ("OFF" + "O" * 30 + "FF", 3), ("BB", 5), ("SSSSSS", 5), ("PPPP", 5)],
)
def test_it_is_recovering_after_three_good_rounds_of_what_was_down_and_five_of_all_else(
    rounds: str, needed: int
) -> None:
    site = Site(LIMITED).play("O" * 20 + rounds)
    site.judge_state = replace(site.judge_state, hold=60)
    was = site.judge_state.monitor_state
    states = [site.play("O").judge_state.monitor_state for _ in range(needed)]
    assert states == [was] * (needed - 1) + [State.RECOVERING]
    assert site.play("F").judge_state.monitor_state in {State.DOWN, State.UNSTABLE}


@pytest.mark.parametrize(
    ("rounds", "left"),
    [
        ("OFF" + "O", 2),
        ("OFF" + "OF" + "O" * 3, 7),
        ("F" * 12 + "OF" + "O" * 5, 21),  # until at most 3 of the last 30 are bad
        ("OFF", 3),
        ("SSSSSS" + "OO", 8),
        ("O", 0),
    ],
)
def test_how_long_an_all_clear_takes_if_nothing_fails_is_known(rounds: str, left: int) -> None:
    site = Site(LIMITED).play("O" * 30 + rounds)
    assert rounds_to_recovery(site.judge_state) == left
    open_now = site.judge_state.mode is not None
    site.play("O" * (left - 1))
    assert (site.judge_state.mode is not None) == open_now
    assert site.play("O").judge_state.mode is None


def test_a_try_as_long_as_the_limit_is_not_slow() -> None:
    site = Site(LIMITED)
    for _ in range(10):
        site.take(0, None, 500.0)
    assert site.judge_state.rounds == "O" * 10


@pytest.mark.parametrize(
    ("rounds", "kind", "hold"),
    [("POOPOOPOOP", Kind.UNSTABLE, 10), ("POOPOOPOOOP", Kind.SLOW, 10)],
)
def test_a_slow_site_that_fails_four_rounds_of_ten_is_unstable(
    rounds: str, kind: Kind, hold: int
) -> None:
    site = Site(LIMITED).play("SSSSSS" + rounds)
    assert (site.judge_state.kind, site.judge_state.hold) == (kind, hold)


@pytest.mark.parametrize(
    ("rounds", "hold"),
    [
        ("S" * 100 + "O" * 88 + "FF", 60),
        ("S" * 100 + "O" * 89 + "FF", 3),
        ("FF" + "SSS" + "O" * 87 + "FF", 3),
    ],
)
def test_slow_rounds_are_the_bad_ones_of_a_slow_incident_alone(rounds: str, hold: int) -> None:
    """A relapse is counted from the last of them."""
    assert Site(LIMITED).play(rounds).judge_state.hold == hold


def test_a_slow_site_that_goes_down_is_reported_again() -> None:
    site = Site(LIMITED).play("O" * 10 + "SSSSSS" + "FF")
    assert site.reported() == [(15, Event.OPENED), (17, Event.ESCALATED)]
    assert site.judge_state.kind is Kind.DOWN


def test_offline_leaves_no_trace_of_a_round_or_of_the_run_before_it() -> None:
    site = Site().play("O" * 5 + "F")
    site.judge_state = without_run(site.judge_state)
    assert site.play("F").reported() == []
    assert site.play("F").reported() == [(7, Event.OPENED)]


def test_share_counts_first_checks_since_the_incident_began() -> None:
    site = Site().play("O" * 20 + "POPOPOP")
    assert site.judge_state.share == (6, 10), "the ten rounds that opened it"
    site.play("FFOF")
    assert site.judge_state.share == (4, 11)


def test_the_share_holds_no_round_from_before_the_incident() -> None:
    assert Site().play("OOOFF").judge_state.share == (0, 2)
    assert Site().play("OOOBB").judge_state.share == (0, 2)
    assert Site().play("OOOFF" + "OF").judge_state.share == (1, 4)
    assert Site(LIMITED).play("O" * 20 + "SOSSSSS").judge_state.share == (1, 7)


def test_the_share_looks_back_thirty_rounds_at_most() -> None:
    assert Site().play("OFF" + "OF" * 20).judge_state.share == (15, 30)


@pytest.mark.parametrize(
    ("interval_s", "seconds"),
    [(60.0, [10.0, 30.0, None]), (6.0, [1.0, 3.0, None]), (600.0, [10.0, 30.0, None])],
)
def test_confirm_checks_come_at_a_sixth_and_a_half_of_the_interval(
    interval_s: float, seconds: list[float | None]
) -> None:
    site = Site(Policy(interval_s))
    assert [site.take(number, DOWN_500).confirm_s for number in range(3)] == seconds
    assert site.take(0, None).confirm_s is None


def test_a_good_first_check_inside_an_incident_gets_two_more_as_a_bad_one_does() -> None:
    site = Site().play("OFF")
    assert [site.take(number, None).confirm_s for number in range(3)] == [10.0, 30.0, None]
    assert (site.judge_state.rounds, site.judge_state.good) == ("OFFO", 1)


@pytest.mark.parametrize(("letter", "kept"), [("X", "P"), ("x", "p")])
def test_a_round_inside_an_incident_is_good_only_if_every_check_is(letter: str, kept: str) -> None:
    site = Site().play("OFF" + "OO" + letter)
    assert (site.judge_state.rounds[-1], site.judge_state.good) == (kept, 0)
    assert site.judge_state.kind is Kind.UNSTABLE


def test_outside_of_an_incident_a_good_first_check_is_the_whole_round() -> None:
    assert Site().play("O" + "X" * 20).judge_state.rounds == "O" * 21


def test_a_round_that_is_given_up_between_its_good_checks_leaves_no_trace() -> None:
    site = Site().play("OFF")
    site.take(0, None)
    site.judge_state = without_run(site.judge_state)
    assert site.judge_state.round_began_ms is None
    site.take(1, None)
    site.take(2, None)
    assert site.judge_state.rounds == "OFFO"


def test_an_all_clear_given_between_the_checks_of_a_good_round_leaves_it_good() -> None:
    """Another site's all-clear may close this incident too, at any moment."""
    site = Site().play("OFF" + "OO")
    site.take(0, None)
    site.judge_state = after_recovery(site.judge_state)
    assert site.take(1, None).letter == "O"


def test_a_calm_monitor_costs_no_new_memory() -> None:
    site = Site().play("O" * KEPT_ROUNDS)
    before = site.judge_state
    assert site.play("O").judge_state is before


@pytest.mark.parametrize(("ends", "kept"), [("P", "P"), ("p", "p"), ("F", "F"), ("S", "o")])
def test_what_ends_a_long_calm_is_remembered(ends: str, kept: str) -> None:
    assert Site(LIMITED).play("O" * 70 + ends).judge_state.rounds == "O" * 59 + kept


# Stretches of equal rounds: single letters alone would hardly ever end or escalate anything.
STRETCH = st.tuples(st.sampled_from("OOOPFFBX"), st.sampled_from([1, 1, 2, 4, 9, 30]))
ROUNDS = st.lists(STRETCH, max_size=25).map(
    lambda stretches: "".join(letter * count for letter, count in stretches)
)


@given(ROUNDS, st.sampled_from([1.0, 30.0, 60.0, 600.0]))
@settings(max_examples=150, deadline=None)
def test_for_any_rounds_posts_alternate_and_memory_is_bounded(
    rounds: str, interval_s: float
) -> None:
    site = Site(Policy(interval_s)).play(rounds)
    open_now = escalated = False
    for _, event in site.reported():
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
    assert open_now == (site.judge_state.mode is not None)
    assert len(site.judge_state.rounds) <= KEPT_ROUNDS
    assert len(site.judge_state.bad_rounds_ms) <= KEPT_BAD_ROUNDS
    assert len(site.judge_state.dump()) < 1_000


@given(ROUNDS, st.integers(0, 700))
@settings(max_examples=150, deadline=None)
def test_for_any_rounds_a_restart_in_the_middle_changes_nothing(rounds: str, at: int) -> None:
    assert _verdicts(rounds, restart_at=None) == _verdicts(rounds, restart_at=at)


def _verdicts(rounds: str, restart_at: int | None) -> list[Decision]:
    judge_state, verdicts = JudgeState(), list[Decision]()
    for slot, letter in enumerate(rounds):
        for number, cause in enumerate(CHECKS[letter]):
            if len(verdicts) == restart_at:
                judge_state = JudgeState.load(judge_state.dump())
            verdict = judge(judge_state, Check(slot_of(slot), number, cause, 100.0), MINUTE)
            over = verdict.event is Event.MAY_RECOVER
            judge_state = after_recovery(verdict.state) if over else verdict.state
            verdicts.append(verdict)
            if verdict.confirm_s is None:
                break
    return verdicts


@given(ROUNDS)
@settings(max_examples=100, deadline=None)
def test_an_all_clear_is_never_due_without_an_incident(rounds: str) -> None:
    judge_state = Site().play(rounds).judge_state
    assert judge_state.mode is not None or not may_recover(judge_state, missing=5)


def test_a_dead_site_that_refuses_now_and_then_keeps_one_word() -> None:
    """Measured before: 92 changes of the word in 24 hours, each an edit at once."""
    drawn = random.Random(12)
    site = Site().play("OOOFF")
    words = []
    for _ in range(1440):
        for number in range(3):
            site.take(number, drawn.choice([FORBIDDEN, DOWN_500]))
        site.slot_ms += MINUTE_MS
        words.append(site.judge_state.kind)
    assert set(words) <= {Kind.DOWN, Kind.BLOCKED}
    assert sum(a is not b for a, b in pairwise(words)) <= 2
    assert len(set(words[10:])) == 1


@pytest.mark.parametrize("seed", range(5))
def test_a_site_that_answers_or_fails_or_refuses_at_random_keeps_one_word(seed: int) -> None:
    drawn = random.Random(seed)
    site = Site().play("O" * 20)
    words = []
    for _ in range(1440):
        for number in range(3):
            cause = drawn.choice([None, FORBIDDEN, DOWN_500])
            if site.take(number, cause).confirm_s is None:
                break
        site.slot_ms += MINUTE_MS
        words.append(site.judge_state.kind)
    settled = [word for word in words if word is not None][20:]
    assert len(settled) > 1000
    assert len(set(settled)) == 1


def test_what_is_reported_is_when_a_check_began_and_what_spaces_rounds_is_its_place() -> None:
    """A check may wait for its turn: an outage is never reported as older than it is."""
    judge_state, policy, events = JudgeState(has_been_up=True), Policy(60.0), []
    for slot, waited, numbers in ((0, 50, 3), (60, 20, 1)):
        for number in range(numbers):
            at_ms = (slot + waited + 10 * number) * 1000
            verdict = judge(judge_state, Check(slot * 1000, number, DOWN_500, 10.0, at_ms), policy)
            judge_state = verdict.state
            events.append(verdict.event)
    assert events == [None, None, None, Event.OPENED]
    assert judge_state.since_ms == 50_000
    for number in (1, 2):
        judge_state = judge(
            judge_state, Check(60_000, number, DOWN_500, 10.0, 100_000), policy
        ).state
    for number in range(3):
        at_ms = 133_000 + 10_000 * number
        judge_state = judge(judge_state, Check(120_000, number, None, 10.0, at_ms), policy).state
    assert judge_state.good_since_ms == 133_000
