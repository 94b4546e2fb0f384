"""``/incidents``: what happened, for everybody, as far as they may see it."""

from discord import app_commands
from discord.ext import commands

from bot.discord.client import Interaction, VigieClient
from cogs._ui.incident_list import IncidentsPage, show_incidents
from cogs._ui.monitor_option import VisibleMonitor

_USUAL_DAYS, _MOST_DAYS = 30, 366


class Incidents(commands.Cog):
    """One command; its pages are turned by buttons."""

    @app_commands.guild_only()
    @app_commands.command(name="incidents", description="List incidents, newest first.")
    @app_commands.describe(monitor="Only this site.", days="How many days back; by default 30.")
    async def incidents(
        self,
        interaction: Interaction,
        monitor: VisibleMonitor | None = None,
        days: app_commands.Range[int, 1, _MOST_DAYS] = _USUAL_DAYS,
    ) -> None:
        await show_incidents(interaction, 0 if monitor is None else monitor.monitor.id, days)


async def setup(client: VigieClient) -> None:
    client.add_dynamic_items(IncidentsPage)
    await client.add_cog(Incidents())
