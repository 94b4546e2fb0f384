"""``/why``: the evidence behind a site's state, countable by hand: rounds, facts, newest checks."""

from typing import Any

import discord
from discord import app_commands

from bot.discord.client import Interaction
from bot.discord.command_tree import translator_of
from bot.discord.states import offline_text
from bot.models import CheckResult, Monitor
from bot.services.explanation import Evidence, Fact
from bot.services.status import MonitorStatus
from bot.words.alert_lines import place_names
from bot.words.causes import result_text
from bot.words.incident_text import places_text
from bot.words.phrases import Style, stamp
from bot.words.translator import N_, Translator
from cogs._ui.interactions import VigieCog, extension, is_manager, respond, visible_monitors
from cogs._ui.monitor_option import VisibleMonitor
from cogs._ui.monitor_text import add_address, meanings, shown_name, state_embed

_GROUP, _LINE = 10, 3  # marks in groups of ten, three groups a line: a phone shows them whole
# Of each round's letter: its mark, and what it means.
_MARKS = {
    "O": ("·", N_("OK")),
    "o": ("s", N_("OK, but slow")),
    "P": ("+", N_("some checks failed, some succeeded")),
    "F": ("x", N_("every check failed")),
    "p": ("r", N_("refused me at times")),
    "f": ("R", N_("refused me every time")),
    "Q": ("/", N_("failed here, but not in other places")),
    "q": ("/", N_("failed here, but not in other places")),
}
_BEHIND = N_("It depends on {name}, which is failing: until that is back, no alert is sent for it.")
_MOMENTS: dict[str, Style] = {
    "opens_ms": "T",
    "since_ms": "T",
    "opened_ms": "f",
    "at_ms": "f",
    "until_ms": "f",
    "beat_ms": "f",
    "start_ms": "f",
    "due_ms": "f",
}


def why_embed(
    words: Translator,
    status: MonitorStatus,
    evidence: Evidence,
    *,
    whole_url: bool,
    parent: Monitor | None = None,
) -> discord.Embed:
    """``parent``: what it depends on, if the person may see that."""
    is_push = status.monitor.is_push  # of beats there are no rounds
    lines = [
        *([] if is_push else [_rounds(words, evidence.rounds)]),
        *(_sentence(words, fact) for fact in evidence.facts),
        _connectivity(words, evidence),
    ]
    if evidence.place is not None:
        place = place_names(words, [evidence.place])
        lines.append(words.text("It is checked from one place alone: {place}.", place=place))
    if evidence.behind is not None:
        name = words.text("a site of another channel") if parent is None else shown_name(parent)
        lines.append(words.text(_BEHIND, name=name))
    embed = state_embed(words, status, lines)
    if evidence.checks and not is_push:
        checks = "\n".join(_check(words, one, whole=whole_url) for one in evidence.checks)
        embed.add_field(name=words.text("Latest round"), value=checks, inline=False)
    if evidence.places:
        seen = places_text(words, evidence.places)
        embed.add_field(name=words.text("Places, at the last failure"), value=seen, inline=False)
    return add_address(words, embed, status.monitor.target.url, whole=whole_url)


def _check(words: Translator, result: CheckResult, *, whole: bool) -> str:
    """``14:03:10 · fine, 182 ms`` or ``14:03:10 · 30 ms · HTTP 503``."""
    seen = result_text(words, result, whole=whole)
    took = "" if result.ok else f"{round(result.phases.total)} ms · "
    return f"{stamp(result.at_ms, 'T')} · {took}{seen}"


def _connectivity(words: Translator, evidence: Evidence) -> str:
    if evidence.offline_since_ms is not None:
        return offline_text(words, evidence.offline_since_ms)
    if evidence.rounds.strip("Oo"):
        return words.text("Each failure counted only after a connectivity check had succeeded.")
    return words.text("My own connection is OK; before a failure counts, I check it.")


def _sentence(words: Translator, fact: Fact) -> str:
    values: dict[str, Any] = {
        name.removesuffix("_ms"): stamp(value, _MOMENTS[name]) if name in _MOMENTS else value
        for name, value in fact.values.items()
        if name != "n"
    }
    if isinstance(fact.sentence, str):
        return words.text(fact.sentence, **values)
    return words.plural(*fact.sentence, fact.values["n"], **values)


def _rounds(words: Translator, letters: str) -> str:
    if not letters:
        return words.text("No round has been completed since the counts were reset.")
    marks = "".join(_MARKS[letter][0] for letter in letters)
    groups = [marks[at : at + _GROUP] for at in range(0, len(marks), _GROUP)]
    lines = [" ".join(groups[at : at + _LINE]) for at in range(0, len(groups), _LINE)]
    head = words.plural("{n} round, newest last:", "{n} rounds, newest last:", len(letters))
    block = "\n".join(lines)
    bad = words.text("A round is bad when one of its checks failed.")
    legend = " · ".join(meanings(words, dict(_MARKS.values()), marks))
    return f"{head}\n```\n{block}\n```\n{legend}\n{bad}"


class Why(VigieCog):
    """Answers from memory, to the one who asks alone."""

    @app_commands.command(name="why", description="Show the evidence behind a site's state.")
    @app_commands.describe(monitor="Which site to show.")
    async def why(self, interaction: Interaction, monitor: VisibleMonitor) -> None:
        services, guild_id = self._services, monitor.monitor.guild_id
        evidence = services.why.of(guild_id, monitor.monitor.id)
        behind = evidence.behind
        parents = [] if behind is None else [services.status.one(guild_id, behind)]
        embed = why_embed(
            translator_of(interaction),
            monitor,
            evidence,
            whole_url=is_manager(interaction),
            parent=next((one.monitor for one in visible_monitors(interaction, parents)), None),
        )
        await respond(interaction, embed=embed)


setup = extension(Why)
