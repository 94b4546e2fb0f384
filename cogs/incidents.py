"""``/incidents``: what happened, for everybody, as far as they may see it."""

from discord import app_commands
from discord.ext import commands

from bot.client import VigieClient
from bot.errors import NotFound
from cogs._ui.asking import Interaction, sees
from cogs._ui.monitor_option import offer_visible
from cogs._ui.timeline_buttons import TimelinePage, show_timeline

_USUAL_DAYS, _MOST_DAYS = 30, 366


class Incidents(commands.Cog):
    """One command; its pages are turned by buttons."""

    def __init__(self, client: VigieClient) -> None:
        self._services = client.services

    @app_commands.guild_only()
    @app_commands.command(name="incidents", description="Show what happened, newest first.")
    @app_commands.describe(
        monitor="Only this one.", days="How many days back; 30 if you leave it out."
    )
    @app_commands.autocomplete(monitor=offer_visible)
    async def incidents(
        self,
        interaction: Interaction,
        monitor: str | None = None,
        days: app_commands.Range[int, 1, _MOST_DAYS] = _USUAL_DAYS,
    ) -> None:
        monitor_id = 0
        if monitor is not None:
            guild_id = interaction.guild_id or 0
            monitor_id = self._services.monitors.find(guild_id, monitor).id
            if not sees(interaction, self._services.status.one(guild_id, monitor_id).channel_id):
                raise NotFound("There is no such monitor here. Pick one from the list as you type.")
        await show_timeline(interaction, monitor_id, days)


async def setup(client: VigieClient) -> None:
    client.add_dynamic_items(TimelinePage)
    await client.add_cog(Incidents(client))
