"""``/setup``: from nothing to the first alert on one card."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import VigieClient
from cogs._ui.asking import Interaction, only_managers
from cogs._ui.setup_buttons import SetupItem, show_setup, site_sent


class Setup(commands.Cog):
    """Only for people with Manage Server."""

    async def interaction_check(self, interaction: Interaction, /) -> bool:  # type: ignore[override]
        return await only_managers(interaction)

    @app_commands.command(name="setup", description="Set me up here, step by step.")
    @app_commands.guild_only()
    @app_commands.default_permissions(manage_guild=True)
    async def setup(self, interaction: Interaction) -> None:
        await show_setup(interaction)

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """The form comes back here: discord.py itself would forget it at a restart."""
        await site_sent(interaction)


async def setup(client: VigieClient) -> None:
    client.add_dynamic_items(SetupItem)
    await client.add_cog(Setup())
