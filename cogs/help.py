"""``/help``: what Vigie does in five lines, and its commands by who may use them."""

from collections.abc import Iterator
from typing import Any

import discord
from discord import app_commands

from bot.discord.client import Interaction
from bot.discord.command_tree import VigieTree, translator_of
from bot.services.typed_addresses import OTHER_EXAMPLES
from bot.words.escaping import clip
from bot.words.translator import N_, Translator
from cogs._ui.interactions import VigieCog, extension, respond

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
# Groups in the order in which people read them, with the right that each takes.
_GROUPS = (
    (N_("For everyone"), discord.Permissions.none()),
    (N_("With “Manage Messages”"), discord.Permissions(manage_messages=True)),
    (N_("With “Manage Server”"), discord.Permissions(manage_guild=True)),
)
_Leaf = app_commands.Command[Any, ..., Any]


def help_embed(words: Translator, tree: VigieTree) -> discord.Embed:
    """List the commands as they are registered, so that none is forgotten here."""
    others = words.text("Besides web sites I watch: {examples}", examples=", ".join(OTHER_EXAMPLES))
    parts = ["\n".join(words.text(line) for line in _LINES), others]
    for title, needed in _GROUPS:
        lines = [_line(words, tree, leaf) for leaf in _leaves(tree, needed)]
        if lines:
            parts.append("\n".join([f"**{words.text(title)}**", *lines]))
    return discord.Embed(title="Vigie", description=clip("\n\n".join(parts), _LIMIT))


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


def _line(words: Translator, tree: VigieTree, leaf: _Leaf) -> str:
    return f"{tree.mention(leaf.qualified_name)} {words.text(leaf.description)}"


class Help(VigieCog):
    """One command, one answer."""

    @app_commands.command(name="help", description="Show what I do and every command.")
    async def help(self, interaction: Interaction) -> None:
        await respond(
            interaction, embed=help_embed(translator_of(interaction), self._client.commands_tree)
        )


setup = extension(Help)
