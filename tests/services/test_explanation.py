"""Every number of the evidence is one that can be counted by hand from the rounds."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.engine.judge_state import Event, JudgeState, Policy
from bot.models import Kind, Rule
from bot.services import explanation
from bot.services.explanation import (
    BAD_ROUNDS,
    BECAME,
    FAILED_RUN,
    FOR_GOOD,
    HOLD,
    HOLD_AGAIN,
    HOLD_FAST,
    OPENED,
    RELAPSED,
    SHARE,
    SLOW_ROUNDS,
    STILL_BAD,
    STILL_SLOW,
    WATCHFUL,
    Evidence,
    Fact,
    Why,
    facts,
)
from tests.engine.test_judge import Site
from tests.services.services_fixture import ADDRESS, GUILD, ServicesFixture, play, services_fixture

LIMIT_MS = 500
POLICY = Policy(60.0, slow_ms=LIMIT_MS)
MINUTE_MS = 60_000


def evidence(site: Site) -> list[Fact]:
    return facts(site.judge_state, site.policy, site.slot_ms)


def values(found: list[Fact], sentence: str | tuple[str, str]) -> dict[str, int]:
    [match] = [fact for fact in found if fact.sentence == sentence]
    return dict(match.values)


def says(found: list[Fact], sentence: str | tuple[str, str]) -> bool:
    return any(fact.sentence == sentence for fact in found)


def after(letters: str) -> list[Fact]:
    return evidence(Site().play(letters))


def test_a_calm_site_shows_its_rounds_and_how_far_it_is_from_trouble() -> None:
    ten = Fact(BAD_ROUNDS, {"n": 1, "of": 5, "opens": 4})
    assert after("OOPOO") == [ten], "ten rounds are all there are"
    assert after("P" + "O" * 10)[:2] == [
        Fact(BAD_ROUNDS, {"n": 0, "of": 10, "opens": 4}),
        Fact(BAD_ROUNDS, {"n": 1, "of": 11, "opens": 12}),
    ]


def test_a_site_that_was_not_looked_at_yet_has_nothing_to_count() -> None:
    assert after("") == []


def test_a_failed_round_says_from_when_on_another_one_opens_an_incident() -> None:
    site = Site().play("OF")
    begun_ms = site.slot_ms - MINUTE_MS
    assert values(evidence(site), FAILED_RUN) == {"n": 1, "opens_ms": begun_ms + MINUTE_MS}


def test_a_site_that_is_down_shows_what_its_all_clear_still_wants() -> None:
    assert after("OFFFOO") == [
        Fact(SHARE, {"ok": 2, "of": 5}),
        Fact(HOLD, {"needs": 3, "has": 2}),
    ]


def test_an_unstable_site_shows_both_conditions_and_the_relapse_it_remembers() -> None:
    site = Site().play("O" * 20 + "PPPP" + "O" * 12 + "PO")
    at_ms = site.judge_state.relapsed_ms or 0
    found = evidence(site)
    assert values(found, HOLD) == {"needs": 60, "has": 1}
    assert values(found, STILL_BAD) == {"most": 3, "of": 30, "has": 5}
    until_ms = at_ms + 24 * 60 * MINUTE_MS
    assert values(found, RELAPSED) == {"at_ms": at_ms, "until_ms": until_ms, "needs": 60}


def test_a_long_hold_has_its_reason_even_when_no_relapse_is_remembered() -> None:
    site = Site().play("O" * 20 + "FF" + "P" + "O" + "F" + "O" * 11)
    site.slot_ms += 100 * MINUTE_MS
    found = evidence(site.play("FO"))
    assert values(found, HOLD) == {"needs": 60, "has": 1}
    assert says(found, HOLD_AGAIN)


def test_soon_after_an_all_clear_it_says_until_when_trouble_is_a_relapse() -> None:
    site = Site().play("OFFFOOO")
    last_bad_ms = site.slot_ms - 4 * MINUTE_MS
    assert values(evidence(site), WATCHFUL) == {"until_ms": last_bad_ms + 90 * MINUTE_MS}
    assert not says(evidence(site.play("O" * 90)), WATCHFUL)


def test_trouble_never_sent_as_down_counts_towards_one_more_post() -> None:
    assert values(after("O" * 10 + "PPPP" + "F" * 12), FOR_GOOD) == {"n": 12, "needs": 30}
    assert not says(after("OFFFFF"), FOR_GOOD)


def test_a_slow_site_shows_its_own_lines() -> None:
    site = Site(POLICY).play("O" * 10).play("SSS")
    assert Fact(SLOW_ROUNDS, {"n": 3, "of": 10, "opens": 6, "limit": LIMIT_MS}) in evidence(site)
    found = evidence(site.play("SSSOO"))
    assert values(found, STILL_SLOW) == {"most": 2, "of": 10, "has": 6}
    assert not says(found, SHARE)


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
            if event is Event.MAY_RECOVER:
                history, since = "", 0
        assert site.judge_state.rounds == history[-60:]
        for fact in evidence(site):
            recount(fact, history, since, site.judge_state)


def recount(fact: Fact, history: str, since: int, judge_state: JudgeState) -> None:
    """Count by hand what the fact says. ``since``: rounds up to and with the opening one."""
    said = fact.values
    newest = history[-said.get("of", 60) :]
    match fact.sentence:
        case explanation.BAD_ROUNDS:
            assert said["of"] == min(len(history), 10 if said["opens"] == 4 else 60)
            assert said["n"] == sum(letter in "PFf" for letter in newest)
            assert said["n"] < said["opens"] or history[-1] not in "PFf"
        case explanation.SLOW_ROUNDS:
            assert said["of"] == min(len(history), 10)
            assert said["n"] == newest.count("o")
        case explanation.FAILED_RUN | explanation.FOR_GOOD:
            assert set(history[-said["n"] :]) <= {"F", "f"}
            assert said["n"] in {60, len(history)} or history[-said["n"] - 1] not in "Ff"
        case explanation.SHARE:
            assert said["ok"] == sum(letter in "Oo" for letter in newest)
            # From its first bad round on, or all ten rounds that opened it.
            first_is_bad = newest[0] in "PFf"
            opened_it = judge_state.rule is Rule.BAD_OF_10 and said["of"] <= 10
            is_slow = judge_state.rule is Rule.SLOW_OF_10
            assert said["of"] == 30 or is_slow or first_is_bad or opened_it
        case explanation.HOLD:
            good = history[since:]
            assert said["has"] == min(60, len(good) - len(good.rstrip("Oo")))
            assert said["needs"] in {3, 10, 60}
        case explanation.STILL_BAD:
            assert said["has"] == sum(letter in "PFf" for letter in newest)
        case explanation.STILL_SLOW:
            assert said["has"] == newest.count("o")
        case explanation.RELAPSED:
            assert said["until_ms"] - said["at_ms"] == 24 * 60 * MINUTE_MS


@given(ROUNDS)
@settings(max_examples=100, deadline=None)
def test_for_any_rounds_what_the_all_clear_still_wants_is_what_holds_it_back(rounds: str) -> None:
    site = Site(POLICY)
    for letter in rounds:
        site.play("S" if letter == "o" else letter)
        found = evidence(site)
        hold = [fact.values for fact in found if fact.sentence in {HOLD, HOLD_FAST}]
        still = [fact.values for fact in found if fact.sentence in {STILL_BAD, STILL_SLOW}]
        met = all(wanted["has"] >= wanted["needs"] for wanted in hold)
        met = met and all(wanted["has"] <= wanted["most"] for wanted in still)
        assert bool(hold) == (site.judge_state.mode is not None)
        assert not hold or not met, "an all-clear that is due was given"


def of(s: ServicesFixture, name: str) -> Evidence:
    entry = s.entry(name)
    return Why(s.clock, s.watchlist, s.connectivity, s.pushes).of(GUILD, entry.monitor.id)


def test_the_incident_adds_the_rule_that_opened_it_and_what_it_became(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.play({"shop": "OFF"})
            incident = s.entry("shop").incident
            assert incident is not None
            began = {"since_ms": incident.since_ms, "opened_ms": incident.opened_ms}
            assert Fact(OPENED[Rule.FAILED_RUN], began) in of(s, "shop").facts
            assert of(s, "shop").rounds == "OFF"
            await s.play({"shop": "OF"})
            assert Fact(BECAME[Kind.UNSTABLE], {}) in of(s, "shop").facts

    play(scenario())


def test_the_checks_of_the_newest_round_are_kept(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.play({"shop": "F"})
            assert [one.ok for one in of(s, "shop").checks] == [False, False, False]
            await s.play({"shop": "P"})
            assert [one.ok for one in of(s, "shop").checks] == [False, True]
            await s.play({"shop": "O"})
            assert [one.ok for one in of(s, "shop").checks] == [True] * 3  # an incident is open

    play(scenario())


def test_it_says_whether_we_are_offline(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.play({"shop": "O"})
            assert of(s, "shop").offline_since_ms is None
            s.online_check.online = False
            since_ms = s.clock.now_ms()
            await s.play({"shop": "F"})
            assert of(s, "shop").offline_since_ms == since_ms

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
    judge_state = Site().play("O" * 20 + "POPOPOP").judge_state
    assert judge_state.rule is Rule.BAD_OF_10
    assert JudgeState.load(judge_state.dump()).rule is Rule.BAD_OF_10
