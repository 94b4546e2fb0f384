"""``/why`` in words: every fact has a sentence, and all of them fit."""

import re

import discord
import pytest

from bot.models import Cause, CheckResult, Kind, Monitor, Phases, Reason, Rule, State, Target
from bot.services import explanation
from bot.services.explanation import Evidence, Fact
from bot.services.status import MonitorStatus
from bot.words.translator import translator_for
from cogs.why import why_embed

NOW = 1_700_000_000_000
MONITOR = Monitor(1, 1, "Shop", Target("https://shop.example/?key=secret"), 60)
DOWN = MonitorStatus(MONITOR, State.DOWN, Kind.DOWN, None, None, None)
CHECKS = (
    CheckResult(NOW, Cause(Reason.HTTP, 503), phases=Phases(total=30.4)),
    CheckResult(NOW + 10_000, None, phases=Phases(total=181.6)),
)
DAY_MS = 86_400_000
SAID: list[tuple[Fact, str]] = [
    (
        Fact(explanation.BAD_ROUNDS, {"n": 4, "of": 10, "opens": 4}),
        "4 of the last 10 rounds were bad; 4 open an incident.",
    ),
    (
        Fact(explanation.BAD_ROUNDS, {"n": 1, "of": 60, "opens": 12}),
        "1 of the last 60 rounds was bad; 12 open an incident.",
    ),
    (
        Fact(explanation.SLOW_ROUNDS, {"n": 2, "of": 10, "opens": 6, "limit": 800}),
        "2 of the last 10 rounds were slower than 800 ms; 6 open an incident.",
    ),
    (
        Fact(explanation.FAILED_RUN, {"n": 1, "opens_ms": NOW}),
        (
            "1 round failed completely. If a first check fails at <t:1700000000:T> or later too,"
            " that opens an incident."
        ),
    ),
    (
        Fact(explanation.OPENED[Rule.FAILED_RUN], {"since_ms": NOW, "opened_ms": NOW + 60_000}),
        "Opened <t:1700000060:f>: from <t:1700000000:T> on, every round failed.",
    ),
    (
        Fact(explanation.OPENED[Rule.BAD_OF_10], {"since_ms": NOW, "opened_ms": NOW}),
        "Opened <t:1700000000:f>: 4 of 10 rounds were bad, the first <t:1700000000:T>.",
    ),
    (
        Fact(explanation.BECAME[Kind.UNSTABLE], {}),
        "Since then some checks worked and some failed, so it counts as unstable.",
    ),
    (
        Fact(explanation.SHARE, {"ok": 7, "of": 30}),
        "The first check succeeded in 7 of the last 30 rounds.",
    ),
    (
        Fact(explanation.HOLD, {"needs": 10, "has": 3}),
        "The all-clear needs 10 good rounds in a row and has 3.",
    ),
    (
        Fact(explanation.STILL_BAD, {"most": 3, "of": 30, "has": 5}),
        "It also needs at most 3 bad rounds among the last 30; it has 5.",
    ),
    (
        Fact(explanation.RELAPSED, {"at_ms": NOW, "until_ms": NOW + DAY_MS, "needs": 60}),
        (
            "It failed again <t:1700000000:f>, within 90 minutes of recovering, so until"
            " <t:1700086400:f> an all-clear needs 60 good rounds in a row."
        ),
    ),
    (
        Fact(explanation.FOR_GOOD, {"n": 12, "needs": 30}),
        ("12 rounds in a row have failed completely; after 30 a second alert is posted, as down."),
    ),
]
EVERY: list[Fact] = [
    *(fact for fact, _ in SAID),
    *(Fact(one, {"since_ms": NOW, "opened_ms": NOW}) for one in explanation.OPENED.values()),
    *(Fact(one, {}) for one in explanation.BECAME.values()),
    Fact(explanation.STILL_SLOW, {"most": 2, "of": 10, "has": 6}),
    Fact(explanation.ALL_CLEAR_DUE, {"since_ms": NOW}),
    Fact(explanation.WATCHFUL, {"until_ms": NOW}),
    Fact(explanation.HOLD_AGAIN, {}),
    Fact(explanation.DENIED, {}),
    Fact(explanation.SLOW_SHARE, {"slow": 18, "of": 20, "limit": 200}),
    Fact(explanation.HOLD_FAST, {"needs": 10, "has": 0}),
    Fact(explanation.RECOVERING, {"since_ms": NOW, "until_ms": NOW + DAY_MS}),
    Fact(explanation.EXPECTED, {"every": 3600, "grace": 300}),
    Fact(explanation.LAST_BEAT, {"beat_ms": NOW}),
    Fact(explanation.NO_BEAT, {}),
    Fact(explanation.RUNNING, {"start_ms": NOW}),
    Fact(explanation.NEXT_BEAT, {"due_ms": NOW + DAY_MS}),
    Fact(explanation.AFTER_A_BEAT, {}),
]


def shown(
    *said: Fact, rounds: str = "", language: str = "en", offline_ms: int | None = None
) -> discord.Embed:
    evidence = Evidence(rounds, said, CHECKS, offline_ms)
    return why_embed(translator_for(language), DOWN, evidence, whole_url=False)


@pytest.mark.parametrize(("fact", "sentence"), SAID)
def test_a_fact_is_said_with_its_numbers(fact: Fact, sentence: str) -> None:
    assert sentence in str(shown(fact).description).splitlines()


def test_the_rounds_are_marks_in_groups_of_ten_with_a_legend_of_words() -> None:
    text = str(shown(rounds="O" * 25 + "PF").description)
    assert text.splitlines() == [
        "27 rounds, newest last:",
        "```",
        "·········· ·········· ·····+x",
        "```",
        ("`·` OK · `+` some checks failed, some succeeded · `x` every check failed"),
        "A round is bad when one of its checks failed.",
        "Each failure counted only after a connectivity check had succeeded.",
    ]


def test_it_says_whether_we_are_online_ourselves() -> None:
    assert "My own connection is OK" in str(shown(rounds="OOO").description)
    offline = str(shown(rounds="OOF", offline_ms=NOW).description)
    assert "I have been offline since <t:1700000000:T> (no connectivity check answers)" in offline


def test_the_newest_round_lists_its_checks_with_cause_and_time() -> None:
    [newest, address] = shown(rounds="OP").fields
    assert str(newest.value).splitlines() == [
        "<t:1700000000:T> · 30 ms · HTTP 503 (Service Unavailable)",
        "<t:1700000010:T> · OK, 182 ms",
    ]
    assert address.value == "shop.example"


@pytest.mark.parametrize("language", ["en", "fr"])
def test_all_of_it_fits_and_no_placeholder_is_left(language: str) -> None:
    embed = shown(*EVERY, rounds="OoPFpf" * 10, language=language)
    assert len(embed) <= 6000
    assert len(str(embed.description)) <= 4096
    assert not re.search(r"\{\w+\}", str(embed.description))


def test_every_fact_has_its_sentence_here() -> None:
    constants = [value for name, value in vars(explanation).items() if name.isupper()]
    nested = [one.values() if isinstance(one, dict) else [one] for one in constants]
    sentences = {one for many in nested for one in many if isinstance(one, str | tuple)}
    assert sentences == {fact.sentence for fact in EVERY}
