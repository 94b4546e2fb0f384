"""``/watch``: what is watched. Thin: the rules are in the monitors' service."""

from dataclasses import replace
from typing import Literal

from discord import app_commands
from discord.ext import commands

from bot.discord.client import Interaction, VigieClient
from bot.discord.command_tree import translator_of
from bot.discord.permissions import channel_problem
from bot.services.wishes import (
    MAX_INTERVAL_S,
    SLOWEST_MS,
    Added,
    NewMonitor,
    usual_interval_s,
)
from bot.words.translator import Translator
from cogs._ui.channel_options import ALERT_CHANNEL_TYPES, AlertChannel, AlertRole
from cogs._ui.edit_buttons import EditButton
from cogs._ui.interactions import (
    ManagersCog,
    defer_if_slow,
    is_own_message,
    respond,
    respond_or_edit,
)
from cogs._ui.monitor_option import ManagedMonitor
from cogs._ui.time_options import Duration
from cogs._ui.typed_slips import MeantButton, with_address
from cogs._ui.watch_answers import (
    RemovalButton,
    added_text,
    ask_removal,
    cut_text,
    list_embed,
    paused_text,
    resumed_text,
)
from cogs.watch.editing import Editing
from cogs.watch.files import Files


@app_commands.guild_only()
@app_commands.default_permissions(manage_guild=True)
class Watch(
    Editing,
    Files,
    ManagersCog,
    commands.GroupCog,
    group_name="watch",
    group_description="Choose which sites are watched.",
):
    """The monitors of a server; only for people with Manage Server."""

    def __init__(self, client: VigieClient) -> None:
        self._client = client
        self._services = client.services

    @app_commands.command(name="add", description="Watch a site, from now on.")
    @app_commands.describe(
        url="Such as example.com or https://example.com/health; /help has the other kinds.",
        name="Its name here; by default its host.",
        every="Seconds from one check to the next.",
        channel="Where its alerts go; by default the server's alert channel.",
        role="Which role to ping when it fails; by default the server's role.",
        expect_status="Accepted HTTP codes, such as 200, 301 or 2xx.",
        contains="A text that must be on the page.",
        slow_ms="Alert when responses take longer than this many milliseconds.",
        not_contains="A text that must not be on the page.",
        method="GET reads the page, HEAD only its headers.",
        headers="Extra request headers: Name: value | Name: value.",
    )
    async def add(
        self,
        interaction: Interaction,
        *,
        url: str,
        name: str | None = None,
        every: app_commands.Range[int, 1, MAX_INTERVAL_S] | None = None,
        channel: AlertChannel | None = None,
        role: AlertRole | None = None,
        expect_status: str | None = None,
        contains: str | None = None,
        slow_ms: app_commands.Range[int, 1, SLOWEST_MS] | None = None,
        not_contains: str | None = None,
        method: Literal["GET", "HEAD"] = "GET",
        headers: str | None = None,
    ) -> None:
        wanted = NewMonitor(
            url=url,
            name=name,
            every_s=every or usual_interval_s(self._client.config),
            channel_id=None if channel is None else channel.id,
            role_id=None if role is None else role.id,
            expect_status=expect_status,
            contains=contains,
            not_contains=not_contains,
            slow_ms=slow_ms,
            method=method,
            headers=headers,
        )

        async def watch(asked: Interaction, address: str) -> None:
            await self._watch(asked, replace(wanted, url=address))

        await with_address(interaction, url, watch)

    async def _watch(self, interaction: Interaction, wanted: NewMonitor) -> None:
        """Where somebody pressed “Did you mean …?”, the answer takes the question's place."""
        work = self._services.monitors.add(interaction.guild_id or 0, wanted, interaction.user.id)
        in_place = is_own_message(interaction)
        added = await defer_if_slow(interaction, work, in_place=in_place)
        words = translator_of(interaction)
        lines = [added_text(words, added), cut_text(words, wanted.name)]
        lines.append(await self._where(interaction, words, added))
        if wanted.channel_id is not None:
            lines.append(channel_problem(words, interaction, wanted.channel_id))
        text = "\n".join(line for line in lines if line)
        await respond_or_edit(interaction, in_place=in_place, content=text, view=None)

    async def _where(self, interaction: Interaction, words: Translator, added: Added) -> str:
        """Where alerts go; the first monitor of a server brings its alerts to where it is added."""
        settings = self._services.guilds.settings(interaction.guild_id or 0)
        channel_id = added.monitor.channel_id or settings.channel_id
        if channel_id is not None:
            return words.text("Alerts go to {channel}.", channel=f"<#{channel_id}>")
        here = interaction.channel
        choose = self._client.commands_tree.mention("alerts channel")
        nowhere = words.text("No alert channel set yet: {command}", command=choose)
        if here is None or here.type not in ALERT_CHANNEL_TYPES:
            return nowhere
        if problem := channel_problem(words, interaction, here.id):
            return f"{nowhere} {problem}"
        work = self._services.guilds.set_alerts(
            settings.id, channel_id=here.id, by=interaction.user.id
        )
        await defer_if_slow(interaction, work)
        return words.text(
            "Alerts go to this channel, {channel}. Another one: {command}",
            channel=f"<#{here.id}>",
            command=choose,
        )

    @app_commands.command(name="remove", description="Stop watching a site.")
    @app_commands.describe(monitor="Which site.")
    async def remove(self, interaction: Interaction, monitor: ManagedMonitor) -> None:
        await ask_removal(interaction, self._services.status.one(monitor.guild_id, monitor.id))

    @app_commands.command(name="pause", description="Stop checking a site for a while.")
    @app_commands.describe(monitor="Which site.", length="For how long, such as 30m, 2h or 1d.")
    @app_commands.rename(length="for")
    async def pause(
        self, interaction: Interaction, monitor: ManagedMonitor, length: Duration | None = None
    ) -> None:
        work = self._services.silences.pause(
            monitor.guild_id, monitor.id, for_s=length, by=interaction.user.id
        )
        paused = await defer_if_slow(interaction, work)
        await respond(interaction, paused_text(translator_of(interaction), paused))

    @app_commands.command(name="resume", description="Check a paused site again.")
    @app_commands.describe(monitor="Which site.")
    async def resume(self, interaction: Interaction, monitor: ManagedMonitor) -> None:
        work = self._services.silences.resume(monitor.guild_id, monitor.id, interaction.user.id)
        resumed, was_paused = await defer_if_slow(interaction, work)
        text = resumed_text(translator_of(interaction), resumed, was_paused=was_paused)
        await respond(interaction, text)

    @app_commands.command(name="list", description="List every site watched here.")
    async def list(self, interaction: Interaction) -> None:
        words = translator_of(interaction)
        found = self._services.status.overview(interaction.guild_id or 0)
        if not found:
            command = self._client.commands_tree.mention("watch add")
            text = words.text("Nothing is watched yet. Try {command}", command=command)
            await respond(interaction, text)
            return
        await respond(interaction, embed=list_embed(words, found))


async def setup(client: VigieClient) -> None:
    cog = Watch(client)
    # discord.py reads ranges when the class is made; this one's minimum is a setting.
    for command in (cog.add, cog.edit):
        command._params["every"].min_value = client.config.min_interval_s  # noqa: SLF001 - no public way
    client.add_dynamic_items(EditButton, RemovalButton, MeantButton)
    await client.add_cog(cog)
