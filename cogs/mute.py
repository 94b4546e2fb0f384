"""``/mute``: no alerts of one site for a while. Thin: the rules are in the overlays' service."""

from discord import app_commands
from discord.ext import commands

from bot.discord.client import Interaction, VigieClient
from bot.discord.command_tree import translator_of
from cogs._ui.alert_buttons import require_on_call
from cogs._ui.interactions import defer_if_slow, respond
from cogs._ui.monitor_option import VisibleMonitor
from cogs._ui.mute_texts import autocomplete_mutes, muted_text, parse_mute_s, unmuted_text


class Mute(commands.Cog):
    """One command, for whoever may press Mute under an alert."""

    def __init__(self, client: VigieClient) -> None:
        self._client = client
        self._services = client.services

    @app_commands.guild_only()
    @app_commands.default_permissions(manage_messages=True)
    @app_commands.command(name="mute", description="Silence the alerts of a site for a while.")
    @app_commands.describe(
        monitor="Which site.",
        length="For how long, such as 30m, 2h or 1d, at most 30 days; off to unmute.",
    )
    @app_commands.rename(length="for")
    @app_commands.autocomplete(length=autocomplete_mutes)
    async def mute(self, interaction: Interaction, monitor: VisibleMonitor, length: str) -> None:
        found = monitor.monitor
        server = self._services.guilds.settings(found.guild_id)
        require_on_call(interaction, [found.role_id or server.role_id])
        words, by, for_s = translator_of(interaction), interaction.user.id, parse_mute_s(length)
        silences = self._services.silences
        if for_s is None:
            work = silences.unmute(found.guild_id, found.id, by)
            _, was_muted = await defer_if_slow(interaction, work)
            unmuted = self._services.status.one(found.guild_id, found.id)
            await respond(interaction, unmuted_text(words, unmuted, was_muted=was_muted))
            return
        await defer_if_slow(
            interaction, silences.mute(found.guild_id, [found.id], by=by, for_s=for_s)
        )
        muted = self._services.status.one(found.guild_id, found.id)
        command = self._client.commands_tree.mention("mute")
        await respond(interaction, muted_text(words, muted, command))


async def setup(client: VigieClient) -> None:
    await client.add_cog(Mute(client))
