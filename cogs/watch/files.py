"""``/watch test``, ``/watch export`` and ``/watch import``."""

import asyncio
import io
from dataclasses import replace

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord.client import Interaction, VigieClient
from bot.discord.command_tree import translator_of
from bot.services.transfer.bulk_import import Intake
from bot.services.transfer.columns import Remark
from bot.services.transfer.export import export
from bot.services.transfer.reader import Item, read
from bot.words.translator import N_
from cogs._ui.channel_options import ALERT_CHANNEL_TYPES
from cogs._ui.interactions import defer_if_slow, respond
from cogs._ui.monitor_option import ManagedMonitor
from cogs._ui.watch_answers import probe_embed
from cogs._ui.watch_files import EXPORT_NAME, ProgressLine, fetched, report

# A file may name anything; so many channels that we do not know are asked for.
_MOST_ASKED = 25
_NO_CHANNEL = N_("its channel is not on this server: the server's own is used")
_NO_ROLE = N_("its role is not on this server: the server's own is used")


class Files(commands.Cog):
    """The part of ``/watch`` that looks at one monitor, and carries many."""

    _client: VigieClient

    @app_commands.command(name="test", description="Check a site once, right now; changes nothing.")
    @app_commands.describe(monitor="Which site.")
    async def test(self, interaction: Interaction, monitor: ManagedMonitor) -> None:
        work = self._client.services.monitors.test(monitor.guild_id, monitor.id)
        tested, result = await defer_if_slow(interaction, work)
        await respond(interaction, embed=probe_embed(translator_of(interaction), tested, result))

    @app_commands.command(name="export", description="Download all watched sites as one file.")
    async def export(self, interaction: Interaction) -> None:
        words = translator_of(interaction)
        found = self._client.services.monitors.of_guild(interaction.guild_id or 0)
        lines = [words.plural("{n} site watched", "{n} sites watched", len(found))]
        if any(one.target.headers for one in found):
            lines.append(
                words.text("Request headers are listed by name only: their values may be secret.")
            )
        command = self._client.commands_tree.mention("watch import")
        lines.append(words.text("{command} imports it again.", command=command))
        file = discord.File(io.BytesIO(export(found)), filename=EXPORT_NAME)
        await respond(interaction, "\n".join(lines), file=file)

    @app_commands.command(name="import", description="Watch every site listed in a file.")
    @app_commands.describe(
        file="My own export, CSV, a list of addresses, or a file from Uptime Kuma or UptimeRobot.",
        preview="Only show what would be imported.",
    )
    async def import_(
        self, interaction: Interaction, file: discord.Attachment, *, preview: bool = False
    ) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        # In a thread: ten thousand rows would hold up everything else for half a second.
        listing = await asyncio.to_thread(read, await fetched(file))
        named = [item.wanted.channel_id for item in listing.items if item.wanted is not None]
        await self._client.known_channels.look_up(interaction.guild, named[:_MOST_ASKED])
        items = [_at_home(interaction, item) for item in listing.items]
        services, guild_id = self._client.services, interaction.guild_id or 0
        intake = Intake(self._client.config, services.monitors, services.silences)
        progress = ProgressLine(interaction)
        await progress.begin(len(items))
        if preview:
            outcomes = await intake.preview(guild_id, items, progress=progress)
        else:
            outcomes = await intake.take(guild_id, items, by=interaction.user.id, progress=progress)
        text, embed, attached = await asyncio.to_thread(
            report, translator_of(interaction), outcomes, notes=listing.notes, preview=preview
        )
        await interaction.edit_original_response(content=text, embed=embed, attachments=[attached])


def _at_home(interaction: Interaction, item: Item) -> Item:
    """A channel or role of another server, or one that is gone, is no place for alerts."""
    guild = interaction.guild
    wanted, remarks = item.wanted, list[Remark]()
    if wanted is None or guild is None:
        return item
    if wanted.channel_id is not None:
        channel = interaction.client.known_channels.find(guild, wanted.channel_id)
        if channel is None or channel.type not in ALERT_CHANNEL_TYPES:
            wanted = replace(wanted, channel_id=None)
            remarks.append((_NO_CHANNEL, {}))
    if wanted.role_id is not None:
        role = guild.get_role(wanted.role_id)
        if role is None or role.is_default():
            wanted = replace(wanted, role_id=None)
            remarks.append((_NO_ROLE, {}))
    return replace(item, wanted=wanted, remarks=(*item.remarks, *remarks))
