"""What Vigie says when it is invited: three lines and a button, where newcomers are welcomed."""

import logging

import discord

from bot.discord.command_tree import NETWORK_ERRORS, VigieTree
from bot.discord.own_rights import welcome_channel
from bot.words.translator import Translator
from cogs._ui.setup_buttons import welcome_view

log = logging.getLogger(__name__)


async def post_welcome(tree: VigieTree, guild: discord.Guild, words: Translator) -> None:
    """Greet in the server's own channel for that, or not at all. Never raises for Discord."""
    channel = welcome_channel(guild)
    if channel is None:
        return
    try:
        await channel.send(
            _greeting(tree, words),
            view=welcome_view(words),
            allowed_mentions=discord.AllowedMentions.none(),
        )
    except NETWORK_ERRORS as error:
        log.info("A server could not be greeted: %r", error, extra={"guild": guild.id})


def _greeting(tree: VigieTree, words: Translator) -> str:
    return "\n".join(
        (
            words.text("I am Vigie. I watch your sites and notify you when one goes down."),
            words.text("Begin with {command}; it takes a minute.", command=tree.mention("setup")),
            words.text("Everything else: {command}", command=tree.mention("help")),
        )
    )
