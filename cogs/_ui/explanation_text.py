"""What ``/why`` answers: the evidence in sentences, each number one that can be counted by hand."""

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

import discord

from bot.models import CheckResult, Kind, Rule
from bot.services import explanation
from bot.services.explanation import Evidence
from bot.services.status import MonitorStatus
from bot.words.causes import result_text
from bot.words.timestamps import Style, stamp
from bot.words.translator import N_, NN_, Translator
from cogs._ui.addresses import add_address
from cogs._ui.states import blind_text, state_embed

_GROUP, _LINE = 10, 3  # marks in groups of ten, three groups a line: a phone shows them whole
# Of each round's letter: its mark, and what it means.
_MARKS = {
    "O": ("·", N_("fine")),
    "o": ("s", N_("fine, but slow")),
    "P": ("+", N_("failed, then a confirm try worked")),
    "F": ("x", N_("every try failed")),
    "p": ("r", N_("refused me, then a confirm try worked")),
    "f": ("R", N_("refused me every time")),
}
_OPENED = {
    Rule.FAILED_RUN: N_("Opened {opened}: from {since} on, one round after the other failed."),
    Rule.BAD_OF_10: N_("Opened {opened}: 4 of 10 rounds were bad, the first {since}."),
    Rule.BAD_OF_60: N_("Opened {opened}: 12 of 60 rounds were bad, the first {since}."),
    Rule.SLOW_OF_10: N_("Opened {opened}: 6 of 10 rounds were slow."),
}
_TURNED = {
    Kind.DOWN: N_("Since then round after round failed, so it counts as down."),
    Kind.UNSTABLE: N_("Since then some tries worked and some failed, so it counts as unstable."),
}
# The placeholders are the fact's own fields.
_SENTENCES: dict[type, str] = {
    explanation.Share: N_("{ok} of the last {of} first tries got through."),
    explanation.Hold: N_("The all-clear needs {needs} good rounds in a row and has {has}."),
    explanation.Again: N_("It needs so many because it has failed again after it seemed over."),
    explanation.StillBad: N_(
        "It also needs at most {most} bad rounds among the last {of}; it has {has}."
    ),
    explanation.StillSlow: N_(
        "It also needs at most {most} slow rounds among the last {of}; it has {has}."
    ),
    explanation.Waiting: N_("It is due since {since} and waits up to a minute for a neighbour's."),
    explanation.Relapsed: N_(
        "It failed again {at}, within 90 minutes of seeming over, so until {until} an all-clear"
        " needs {needs} good rounds in a row."
    ),
    explanation.Watchful: N_(
        "The last all-clear is fresh: trouble that begins before {until} is a relapse."
    ),
}
_PLURALS: dict[type, tuple[str, tuple[str, str]]] = {
    explanation.BadRounds: (
        "bad",
        NN_(
            "{n} of the last {of} rounds was bad; {opens} open an incident.",
            "{n} of the last {of} rounds were bad; {opens} open an incident.",
        ),
    ),
    explanation.SlowRounds: (
        "slow",
        NN_(
            "{n} of the last {of} rounds was slower than {limit} ms; {opens} open an incident.",
            "{n} of the last {of} rounds were slower than {limit} ms; {opens} open an incident.",
        ),
    ),
    explanation.FailedRun: (
        "rounds",
        NN_(
            "{n} round failed wholly. If a first try fails at {opens} or later too, that"
            " opens an incident.",
            "{n} rounds in a row failed wholly. If a first try fails at {opens} or later too, that"
            " opens an incident.",
        ),
    ),
    explanation.ForGood: (
        "rounds",
        NN_(
            "{n} round has failed wholly; {needs} in a row are told once more, as down.",
            "{n} rounds in a row have failed wholly; {needs} are told once more, as down.",
        ),
    ),
}
_MOMENTS: dict[str, Style] = {
    "opens_ms": "T",
    "since_ms": "T",
    "opened_ms": "f",
    "at_ms": "f",
    "until_ms": "f",
}


def why_embed(
    words: Translator, status: MonitorStatus, evidence: Evidence, *, whole_url: bool
) -> discord.Embed:
    """The answer. The whole address is for those who may change it."""
    said = [_said(words, fact) for fact in evidence.facts]
    said.append(_canaries(words, evidence))
    embed = state_embed(words, status, said)
    if evidence.tries:
        lines = "\n".join(_try(words, one) for one in evidence.tries)
        embed.add_field(name=words.text("Newest round"), value=lines, inline=False)
    return add_address(words, embed, status.monitor.target.url, whole=whole_url)


def _try(words: Translator, result: CheckResult) -> str:
    """``14:03:10 · fine, 182 ms`` or ``14:03:10 · 30 ms · HTTP 503``."""
    seen = result_text(words, result)
    took = "" if result.ok else f"{round(result.phases.total)} ms · "
    return f"{stamp(result.at_ms, 'T')} · {took}{seen}"


def _canaries(words: Translator, evidence: Evidence) -> str:
    """Whether we can trust our own eyes."""
    if evidence.blind_since_ms is not None:
        return blind_text(words, evidence.blind_since_ms)
    rounds = next(
        (one.letters for one in evidence.facts if isinstance(one, explanation.Rounds)), ""
    )
    if rounds.strip("Oo"):
        return words.text("Each failure counted only after a canary had answered me.")
    return words.text("I am not blind; at a failure I would ask my canaries first.")


def _said(words: Translator, fact: explanation.Fact) -> str:
    match fact:
        case explanation.Rounds(letters):
            return _rounds(words, letters)
        case explanation.Opened(rule):
            return words.text(_OPENED[rule], **_values(fact))
        case explanation.Turned(mode):
            return words.text(_TURNED[mode])
    if type(fact) in _PLURALS:
        counted, pair = _PLURALS[type(fact)]
        return words.plural(*pair, getattr(fact, counted), **_values(fact))
    return words.text(_SENTENCES[type(fact)], **_values(fact))


def _values(fact: explanation.Fact) -> dict[str, Any]:
    """The fields by name, without ``_ms``; moments as each reader's own clock shows them."""
    return {
        field.name.removesuffix("_ms"): (
            stamp(getattr(fact, field.name), _MOMENTS[field.name])
            if field.name in _MOMENTS
            else getattr(fact, field.name)
        )
        for field in fields(fact)
    }


def _rounds(words: Translator, letters: str) -> str:
    """The marks in a block, and below it what each of them means."""
    if not letters:
        return words.text("No round has closed since the counts began anew.")
    marks = "".join(_MARKS[letter][0] for letter in letters)
    groups = [marks[at : at + _GROUP] for at in range(0, len(marks), _GROUP)]
    lines = [" ".join(groups[at : at + _LINE]) for at in range(0, len(groups), _LINE)]
    head = words.plural("{n} round, newest last:", "{n} rounds, newest last:", len(letters))
    block = "\n".join(lines)
    bad = words.text("Bad is a round whose first try failed.")
    return f"{head}\n```\n{block}\n```\n{_legend(words, letters)}\n{bad}"


def _legend(words: Translator, letters: Iterable[str]) -> str:
    present = [_MARKS[letter] for letter in _MARKS if letter in set(letters)]
    return " · ".join(f"`{mark}` {words.text(meaning)}" for mark, meaning in present)
