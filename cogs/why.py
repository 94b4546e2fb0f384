"""``/why``: the evidence behind a monitor's colour, countable by hand, for everybody."""

from discord import app_commands
from discord.ext import commands

from bot.discord.client import Interaction, VigieClient
from bot.discord.command_tree import translator_of
from cogs._ui.explanation_text import why_embed
from cogs._ui.interactions import is_manager, respond
from cogs._ui.monitor_option import VisibleMonitor


class Why(commands.Cog):
    """Answers from memory, to the one who asks alone."""

    def __init__(self, client: VigieClient) -> None:
        self._services = client.services

    @app_commands.guild_only()
    @app_commands.command(name="why", description="Show the evidence behind a site's state.")
    @app_commands.describe(monitor="Which site to show.")
    async def why(self, interaction: Interaction, monitor: VisibleMonitor) -> None:
        evidence = self._services.why.of(monitor.monitor.guild_id, monitor.monitor.id)
        embed = why_embed(
            translator_of(interaction), monitor, evidence, whole_url=is_manager(interaction)
        )
        await respond(interaction, embed=embed)


async def setup(client: VigieClient) -> None:
    await client.add_cog(Why(client))
