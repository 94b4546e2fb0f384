"""``/setup``: from nothing to the first alert on one card."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord.client import Interaction, VigieClient
from cogs._ui.forms import take_form
from cogs._ui.interactions import ManagersCog
from cogs._ui.setup_buttons import SetupItem, show_setup, take_site
from cogs._ui.setup_page import FORM


class Setup(ManagersCog):
    """Only for people with Manage Server."""

    @app_commands.command(name="setup", description="Set up Vigie step by step.")
    @app_commands.guild_only()
    @app_commands.default_permissions(manage_guild=True)
    async def setup(self, interaction: Interaction) -> None:
        await show_setup(interaction)

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Take the form that comes back."""
        await take_form(interaction, FORM, take_site)


async def setup(client: VigieClient) -> None:
    client.add_dynamic_items(SetupItem)
    await client.add_cog(Setup())
