"""``/help``: for whoever has never read a manual."""

from discord import app_commands
from discord.ext import commands

from bot.discord.client import Interaction, VigieClient
from bot.discord.command_tree import translator_of
from cogs._ui.help_page import help_embed
from cogs._ui.interactions import respond


class Help(commands.Cog):
    """One command, one answer."""

    def __init__(self, client: VigieClient) -> None:
        self._client = client

    @app_commands.guild_only()
    @app_commands.command(name="help", description="Show what I do and every command.")
    async def help(self, interaction: Interaction) -> None:
        await respond(
            interaction, embed=help_embed(translator_of(interaction), self._client.commands_tree)
        )


async def setup(client: VigieClient) -> None:
    await client.add_cog(Help(client))
