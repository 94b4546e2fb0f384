"""``/help``: what Vigie does in five lines, and its commands by who may use them."""

from collections.abc import Iterator, Sequence
from typing import Any

import discord
from discord import app_commands

from bot.discord.client import Interaction
from bot.discord.command_tree import VigieTree, translator_of
from bot.services.typed_text import OTHER_EXAMPLES
from bot.words.escaping import clip
from bot.words.translator import N_, Translator
from cogs._ui.interactions import VigieCog, extension, is_manager, respond

_LIMIT = 4_000
_LINES = (
    N_("I watch your sites and post in a channel when one goes down and when it is back."),
    N_(
        "One outage is one message: I keep it up to date by editing it, and reply to"
        " it when it is over."
    ),
    N_(
        "🔴 DOWN: nothing gets through. 🟡 UNSTABLE: some checks do. A single failed"
        " check never alerts."
    ),
    N_("When I am offline myself, I blame no site."),
    N_(
        "The buttons under an alert: acknowledge it, mute it, see details, be notified"
        " when it is back."
    ),
)
_EVERYONE = N_("For everyone")
_MESSAGES, _SERVER = N_("With “Manage Messages”"), N_("With “Manage Server”")
# What managers come for, in the order in which they need it; by the first word of the commands.
_TASKS = {
    N_("Begin"): ("setup", "doctor"),
    N_("Sites"): ("watch",),
    N_("Alerts"): ("alerts",),
    N_("Planned work"): ("maintenance",),
    N_("Live status and reports"): ("board", "report"),
}
_FIRST = ("status", "incidents", "history", "why", "help")
_Leaf = app_commands.Command[Any, ..., Any]


def help_embed(words: Translator, tree: VigieTree, *, manager: bool) -> discord.Embed:
    """The commands as they are registered, so that none is forgotten here.

    Managers read theirs by task; others, who cannot use them, by their names alone.
    """
    others = words.text("Besides web sites I watch: {examples}", examples=", ".join(OTHER_EXAMPLES))
    everyone = sorted(_leaves(tree, discord.Permissions.none()), key=_place)
    messages = list(_leaves(tree, discord.Permissions(manage_messages=True)))
    managed = list(_leaves(tree, discord.Permissions(manage_guild=True)))
    parts = ["\n".join(words.text(line) for line in _LINES), others]
    parts.append(_section(words, tree, _EVERYONE, everyone))
    parts.append(_section(words, tree, _MESSAGES, messages))
    if manager:
        parts.append(f"**{words.text(_SERVER)}**")
        parts += [_section(words, tree, title, found) for title, found in _by_task(managed)]
    else:
        names = " · ".join(tree.mention(one.qualified_name) for one in managed)
        parts.append(f"**{words.text(_SERVER)}**\n{names}")
    text = "\n\n".join(part for part in parts if part)
    return discord.Embed(title="Vigie", description=clip(text, _LIMIT))


def _place(leaf: _Leaf) -> tuple[int, str]:
    name = leaf.qualified_name
    return (_FIRST.index(name) if name in _FIRST else len(_FIRST), name)


def _by_task(managed: Sequence[_Leaf]) -> Iterator[tuple[str, list[_Leaf]]]:
    known = {root for roots in _TASKS.values() for root in roots}
    for title, roots in _TASKS.items():
        yield title, [one for root in roots for one in managed if _root(one) == root]
    yield N_("More"), [one for one in managed if _root(one) not in known]


def _root(leaf: _Leaf) -> str:
    return leaf.qualified_name.partition(" ")[0]


def _section(words: Translator, tree: VigieTree, title: str, found: Sequence[_Leaf]) -> str:
    lines = [f"{tree.mention(one.qualified_name)} {words.text(one.description)}" for one in found]
    return "\n".join([f"**{words.text(title)}**", *lines]) if lines else ""


def _leaves(tree: VigieTree, needed: discord.Permissions) -> Iterator[_Leaf]:
    for command in sorted(tree.get_commands(), key=lambda one: one.name):
        if isinstance(command, app_commands.ContextMenu):
            continue
        if (command.default_permissions or discord.Permissions.none()) != needed:
            continue
        if isinstance(command, app_commands.Group):
            below = command.walk_commands()
            found = [one for one in below if isinstance(one, app_commands.Command)]
            yield from sorted(found, key=lambda one: one.qualified_name)
        else:
            yield command


class Help(VigieCog):
    @app_commands.command(name="help", description="Show what I do and every command.")
    async def help(self, interaction: Interaction) -> None:
        words, tree = translator_of(interaction), self._client.commands_tree
        await respond(interaction, embed=help_embed(words, tree, manager=is_manager(interaction)))


setup = extension(Help)
