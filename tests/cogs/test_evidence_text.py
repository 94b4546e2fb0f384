"""``/why`` in words: every fact has a sentence, and all of them fit."""

import re
from dataclasses import fields
from typing import get_args

import discord
import pytest

from bot.models import Cause, CheckResult, Kind, Monitor, Phases, Reason, Rule, State, Target
from bot.services import explanation
from bot.services.explanation import Evidence
from bot.services.status import MonitorStatus
from bot.words.translator import translator_for
from cogs._ui.explanation_text import why_embed

NOW = 1_700_000_000_000
MONITOR = Monitor(1, 1, "Shop", Target("https://shop.example/?key=secret"), 60)
DOWN = MonitorStatus(MONITOR, State.DOWN, Kind.DOWN, None, None, None)
TRIES = (
    CheckResult(NOW, Cause(Reason.HTTP, 503), phases=Phases(total=30.4)),
    CheckResult(NOW + 10_000, None, phases=Phases(total=181.6)),
)
SAID: list[tuple[explanation.Fact, str]] = [
    (explanation.BadRounds(4, 10, 4), "4 of the last 10 rounds were bad; 4 open an incident."),
    (explanation.BadRounds(1, 60, 12), "1 of the last 60 rounds was bad; 12 open an incident."),
    (
        explanation.SlowRounds(2, 10, 6, 800),
        "2 of the last 10 rounds were slower than 800 ms; 6 open an incident.",
    ),
    (
        explanation.FailedRun(1, NOW),
        (
            "1 round failed wholly. If a first try fails at <t:1700000000:T> or later too,"
            " that opens an incident."
        ),
    ),
    (
        explanation.Opened(Rule.FAILED_RUN, NOW, NOW + 60_000),
        "Opened <t:1700000060:f>: from <t:1700000000:T> on, one round after the other failed.",
    ),
    (
        explanation.Opened(Rule.BAD_OF_10, NOW, NOW),
        "Opened <t:1700000000:f>: 4 of 10 rounds were bad, the first <t:1700000000:T>.",
    ),
    (
        explanation.Turned(Kind.UNSTABLE),
        "Since then some tries worked and some failed, so it counts as unstable.",
    ),
    (explanation.Share(7, 30), "7 of the last 30 first tries got through."),
    (explanation.Hold(10, 3), "The all-clear needs 10 good rounds in a row and has 3."),
    (
        explanation.StillBad(3, 30, 5),
        "It also needs at most 3 bad rounds among the last 30; it has 5.",
    ),
    (
        explanation.Relapsed(NOW, NOW + 86_400_000, 60),
        (
            "It failed again <t:1700000000:f>, within 90 minutes of seeming over, so until"
            " <t:1700086400:f> an all-clear needs 60 good rounds in a row."
        ),
    ),
    (
        explanation.ForGood(12, 30),
        "12 rounds in a row have failed wholly; 30 are told once more, as down.",
    ),
]
EVERY: list[explanation.Fact] = [
    explanation.Rounds("OoPFpf" * 10),
    *(fact for fact, _ in SAID),
    *(explanation.Opened(rule, NOW, NOW) for rule in Rule),
    *(explanation.Turned(mode) for mode in (Kind.DOWN, Kind.UNSTABLE)),
    explanation.StillSlow(2, 10, 6),
    explanation.Waiting(NOW),
    explanation.Watchful(NOW),
    explanation.Again(),
]


def shown(
    *said: explanation.Fact, language: str = "en", blind_ms: int | None = None
) -> discord.Embed:
    evidence = Evidence(said, TRIES, blind_ms)
    return why_embed(translator_for(language), DOWN, evidence, whole_url=False)


@pytest.mark.parametrize(("fact", "sentence"), SAID)
def test_a_fact_is_said_with_its_numbers(fact: explanation.Fact, sentence: str) -> None:
    assert sentence in str(shown(fact).description).splitlines()


def test_the_rounds_are_marks_in_groups_of_ten_with_a_legend_of_words() -> None:
    text = str(shown(explanation.Rounds("O" * 25 + "PF")).description)
    assert text.splitlines() == [
        "27 rounds, newest last:",
        "```",
        "·········· ·········· ·····+x",
        "```",
        "`·` fine · `+` failed, then a confirm try worked · `x` every try failed",
        "Bad is a round whose first try failed.",
        "Each failure counted only after a canary had answered me.",
    ]


def test_the_canaries_have_their_word() -> None:
    assert "I am not blind" in str(shown(explanation.Rounds("OOO")).description)
    blind = str(shown(explanation.Rounds("OOF"), blind_ms=NOW).description)
    assert "I am blind since <t:1700000000:T>: no canary answers, so nothing counts." in blind


def test_the_newest_round_lists_its_tries_with_cause_and_time() -> None:
    [newest, address] = shown(explanation.Rounds("OP")).fields
    assert str(newest.value).splitlines() == [
        "<t:1700000000:T> · 30 ms · HTTP 503",
        "<t:1700000010:T> · fine, 182 ms",
    ]
    assert address.value == "shop.example"


@pytest.mark.parametrize("language", ["en", "fr"])
def test_all_of_it_fits_and_no_placeholder_is_left(language: str) -> None:
    embed = shown(*EVERY, language=language)
    assert len(embed) <= 6000
    assert len(str(embed.description)) <= 4096
    assert not re.search(r"\{\w+\}", str(embed.description))


def test_every_kind_of_fact_has_its_sentence() -> None:
    nouns = set(get_args(explanation.Fact))
    assert nouns == {type(fact) for fact in EVERY}
    assert all(fields(kind) is not None for kind in nouns)
