"""Every number of the evidence is one that can be counted by hand from the rounds."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.engine.judge_state import JudgeState
from bot.engine.rules import Event, Policy
from bot.models import Kind, Rule
from bot.services.explanation import (
    Again,
    BadRounds,
    Evidence,
    Fact,
    FailedRun,
    ForGood,
    Hold,
    Opened,
    Relapsed,
    Rounds,
    Share,
    SlowRounds,
    StillBad,
    StillSlow,
    Turned,
    Watchful,
    Why,
    facts,
)
from tests.engine.test_judge import Site
from tests.services.services_fixture import ADDRESS, GUILD, ServicesFixture, play, services_fixture

LIMIT_MS = 500
POLICY = Policy(60.0, slow_ms=LIMIT_MS)
MINUTE_MS = 60_000


def evidence(site: Site) -> list[Fact]:
    return facts(site.memory, site.policy, site.slot_ms)


def one(found: list[Fact], kind: type[Fact]) -> Fact:
    [match] = [fact for fact in found if isinstance(fact, kind)]
    return match


def after(letters: str) -> list[Fact]:
    return evidence(Site().play(letters))


def test_a_calm_site_shows_its_rounds_and_how_far_it_is_from_trouble() -> None:
    assert after("OOPOO") == [Rounds("OOPOO"), BadRounds(1, 5, 4)], "ten rounds are all there are"
    long = "P" + "O" * 10
    assert after(long)[:3] == [Rounds(long), BadRounds(0, 10, 4), BadRounds(1, 11, 12)]


def test_a_site_that_was_not_looked_at_yet_has_nothing_to_count() -> None:
    assert after("") == [Rounds("")]


def test_a_failed_round_says_from_when_on_another_one_opens_an_incident() -> None:
    site = Site().play("OF")
    begun_ms = site.slot_ms - MINUTE_MS
    assert one(evidence(site), FailedRun) == FailedRun(1, begun_ms + MINUTE_MS)


def test_a_site_that_is_down_shows_what_its_all_clear_still_wants() -> None:
    found = after("OFFFOO")
    assert found == [Rounds("OFFFOO"), Share(2, 5), Hold(3, 2)]


def test_an_unstable_site_shows_both_conditions_and_the_relapse_it_remembers() -> None:
    site = Site().play("O" * 20 + "PPPP" + "O" * 12 + "PO")
    relapsed_ms = site.memory.relapsed_ms or 0
    found = evidence(site)
    assert one(found, Hold) == Hold(60, 1)
    assert one(found, StillBad) == StillBad(3, 30, 5)
    assert one(found, Relapsed) == Relapsed(relapsed_ms, relapsed_ms + 24 * 60 * MINUTE_MS, 60)


def test_a_long_hold_has_its_reason_even_when_no_relapse_is_remembered() -> None:
    site = Site().play("O" * 20 + "FF" + "P" + "O" + "F" + "O" * 11)
    site.slot_ms += 100 * MINUTE_MS
    found = evidence(site.play("FO"))
    assert one(found, Hold) == Hold(60, 1)
    assert Again() in found


def test_soon_after_an_all_clear_it_says_until_when_trouble_is_a_relapse() -> None:
    site = Site().play("OFFFOOO")
    last_bad_ms = site.slot_ms - 4 * MINUTE_MS
    assert one(evidence(site), Watchful) == Watchful(last_bad_ms + 90 * MINUTE_MS)
    assert not any(isinstance(fact, Watchful) for fact in evidence(site.play("O" * 90)))


def test_trouble_never_told_as_down_counts_towards_being_told_again() -> None:
    assert one(after("O" * 10 + "PPPP" + "F" * 12), ForGood) == ForGood(12, 30)
    assert not any(isinstance(fact, ForGood) for fact in after("OFFFFF"))


def test_a_slow_site_shows_its_own_lines() -> None:
    site = Site(POLICY).play("O" * 10).play("SSS")
    assert SlowRounds(3, 10, 6, LIMIT_MS) in evidence(site)
    found = evidence(site.play("SSSOO"))
    assert one(found, StillSlow) == StillSlow(2, 10, 6)
    assert not any(isinstance(fact, Share) for fact in found)


# Stretches of equal rounds: single letters alone would hardly ever open or close anything.
STRETCH = st.tuples(st.sampled_from("OOOoPFFB"), st.sampled_from([1, 1, 2, 4, 9, 30]))
ROUNDS = st.lists(STRETCH, min_size=3, max_size=25).map(
    lambda stretches: "".join(letter * count for letter, count in stretches)
)


@given(ROUNDS)
@settings(max_examples=200, deadline=None)
def test_for_any_rounds_every_number_equals_a_recount(rounds: str) -> None:
    site = Site(POLICY)
    history, since = "", 0  # the letters since the last all-clear; how many at the opening
    for letter in rounds:
        before = len(site.events)
        site.play("S" if letter == "o" else letter)
        history += {"B": "f"}.get(letter, letter)
        for _, event in site.events[before:]:
            if event is Event.OPENED:
                since = len(history)
            if event is Event.DUE:
                history, since = "", 0
        for fact in evidence(site):
            recount(fact, history, since, site.memory)


def recount(fact: Fact, history: str, since: int, memory: JudgeState) -> None:
    """Count by hand what the fact says. ``since``: rounds up to and with the opening one."""
    match fact:
        case Rounds(letters):
            assert letters == history[-60:]
        case BadRounds(bad, of, opens):
            assert of == min(len(history), 10 if opens == 4 else 60)
            assert bad == sum(letter in "PFf" for letter in history[-of:])
            assert bad < opens or history[-1] not in "PFf"
        case SlowRounds(slow, of, _, _):
            assert (slow, of) == (history[-of:].count("o"), min(len(history), 10))
        case FailedRun(run, _) | ForGood(run, _):
            assert set(history[-run:]) <= {"F", "f"}
            assert run in {60, len(history)} or history[-run - 1] not in "Ff"
        case Share(ok, of):
            assert ok == sum(letter in "Oo" for letter in history[-of:])
            first = history[-of]
            assert of == 30 or memory.rule is Rule.SLOW_OF_10 or first in "PFf"
        case Hold(needs, has):
            good = history[since:]
            assert has == min(60, len(good) - len(good.rstrip("Oo")))
            assert needs in {3, 10, 60}
        case StillBad(_, of, has):
            assert has == sum(letter in "PFf" for letter in history[-of:])
        case StillSlow(_, of, has):
            assert has == history[-of:].count("o")
        case Relapsed(at_ms, until_ms, _):
            assert until_ms - at_ms == 24 * 60 * MINUTE_MS


@given(ROUNDS)
@settings(max_examples=100, deadline=None)
def test_for_any_rounds_what_the_all_clear_still_wants_is_what_holds_it_back(rounds: str) -> None:
    site = Site(POLICY)
    for letter in rounds:
        site.play("S" if letter == "o" else letter)
        found = evidence(site)
        hold = [fact for fact in found if isinstance(fact, Hold)]
        still = [fact for fact in found if isinstance(fact, StillBad | StillSlow)]
        met = all(fact.has >= fact.needs for fact in hold)
        met = met and all(fact.has <= fact.most for fact in still)
        assert bool(hold) == (site.memory.mode is not None)
        assert not hold or not met, "an all-clear that is due was given"


def of(s: ServicesFixture, name: str) -> Evidence:
    entry = s.entry(name)
    return Why(s.clock, s.watchlist, s.blindness).of(GUILD, entry.monitor.id)


def test_the_incident_adds_the_rule_that_opened_it_and_what_it_became(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.play({"shop": "OFF"})
            incident = s.entry("shop").incident
            assert incident is not None
            opened = Opened(Rule.FAILED_RUN, incident.since_ms, incident.opened_ms)
            assert opened in of(s, "shop").facts
            await s.play({"shop": "OF"})
            assert Turned(Kind.UNSTABLE) in of(s, "shop").facts

    play(scenario())


def test_the_tries_of_the_newest_round_are_kept(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.play({"shop": "F"})
            assert [one.ok for one in of(s, "shop").tries] == [False, False, False]
            await s.play({"shop": "P"})
            assert [one.ok for one in of(s, "shop").tries] == [False, True]
            await s.play({"shop": "O"})
            assert [one.ok for one in of(s, "shop").tries] == [True]

    play(scenario())


def test_it_says_whether_we_are_blind(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.play({"shop": "O"})
            assert of(s, "shop").blind_since_ms is None
            s.eyes.online = False
            since_ms = s.clock.now_ms()
            await s.play({"shop": "F"})
            assert of(s, "shop").blind_since_ms == since_ms

    play(scenario())


def test_an_incident_knows_where_its_site_last_answered_from(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.play({"shop": "OFF"})
            incident = s.entry("shop").incident
            assert incident is not None
            stored = await s.incidents.by_public_id(GUILD, incident.public_id)
            assert incident.address == stored.address == ADDRESS

    play(scenario())


def test_the_rule_that_opened_it_survives_a_restart() -> None:
    memory = Site().play("O" * 20 + "POPOPOP").memory
    assert memory.rule is Rule.BAD_OF_10
    assert JudgeState.load(memory.dump()).rule is Rule.BAD_OF_10
