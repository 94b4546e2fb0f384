"""``/watch``: what is watched. Thin: the rules are in the monitors' service."""

import asyncio
import io
from collections.abc import Iterable
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord.client import Interaction, VigieClient
from bot.discord.command_tree import translator_of
from bot.discord.permissions import channel_problem
from bot.errors import UserError
from bot.models import Monitor
from bot.services.monitor_options import GRACE, MAX_PERIOD_S, OPTIONS, Typed
from bot.services.monitor_rules import Added
from bot.services.transfer.files import read
from cogs._ui.buttons import Asked, view_of
from cogs._ui.forms import FormsCog, OfferButton, with_address
from cogs._ui.interactions import (
    defer_if_slow,
    extension,
    respond,
    respond_or_edit,
)
from cogs._ui.monitor_option import ManagedMonitors, PlaceName, Tag, takes_options, typed_options
from cogs._ui.monitor_settings import (
    FORM,
    EditButton,
    RenewalButton,
    ServerRoleButton,
    address_text,
    card,
    cut_text,
    renewal_button,
    take_change,
    take_edited,
)
from cogs._ui.options import ALERT_CHANNEL_TYPES, AlertChannel, AlertRole, Duration
from cogs._ui.site_lists import (
    NONE_MATCH,
    STATES,
    UnfollowButton,
    WatchListPage,
    filter_of,
    followed_names,
    followed_text,
    show_followed,
)
from cogs._ui.watch_answers import (
    TESTED_AT_ONCE,
    BulkRemovalButton,
    RemovalButton,
    added_text,
    all_tested_embed,
    ask_bulk_edit,
    ask_bulk_removal,
    ask_removal,
    mending_buttons,
    paused_text,
    place_text,
    probe_embed,
    resumed_text,
)
from cogs._ui.watch_files import (
    EXPORT_NAME,
    ProgressLine,
    at_home,
    export_text,
    fetched,
    report,
    settings_of,
)


class Watch(
    FormsCog,
    commands.GroupCog,
    group_name="watch",
    group_description="Choose which sites are watched.",
):
    forms = {FORM: take_edited}  # noqa: RUF012 - never changed

    def __init__(self, client: VigieClient) -> None:
        super().__init__(client)
        # discord.py reads ranges when the class is made; this one's minimum is a setting.
        for command in (self.add, self.edit, self.push):
            command._params["every"].min_value = client.config.min_interval_s  # noqa: SLF001 - no public way
        for command in (self.edit, self.push):
            command._params["grace"].min_value = client.config.min_interval_s  # noqa: SLF001 - the same
        if not client.config.nats_url:  # without other places there is nothing to choose
            for one in (self.add, self.edit, self.test):
                options = one._params.items()  # noqa: SLF001 - the same
                one._params = {k: v for k, v in options if k not in {"place", "places"}}  # noqa: SLF001

    @app_commands.command(name="add", description="Watch a site, from now on.")
    @takes_options(editing=False)
    async def add(self, interaction: Interaction, /, **given: Any) -> None:
        typed = typed_options(given)

        async def watch(asked: Interaction, address: str) -> None:
            await self._watch(asked, {**typed, "url": address})

        await with_address(interaction, typed["url"], watch)

    async def _watch(self, interaction: Interaction, typed: Typed) -> None:
        """Where somebody pressed “Did you mean …?”, the answer takes the question's place."""
        work = self._services.monitors.add(interaction.guild_id or 0, typed, interaction.user.id)
        added = await defer_if_slow(interaction, work)
        cut = cut_text(translator_of(interaction), typed.get("name"))
        await self._show_added(interaction, added, cut)

    async def _show_added(self, interaction: Interaction, added: Added, cut: str = "") -> None:
        lines = [added_text(translator_of(interaction), added), cut]
        text = await self._with_place(interaction, lines, added.monitor)
        view = view_of(mending_buttons(interaction, added, self._show_added))
        await respond_or_edit(interaction, content=text, view=view)

    async def _with_place(
        self, interaction: Interaction, lines: Iterable[str], monitor: Monitor | None = None
    ) -> str:
        """Say where alerts go; the first thing a server watches brings them to where it is asked.

        ``monitor``: it may have a channel and a role of its own.
        """
        here, problem = interaction.channel, ""
        words, guild_id = translator_of(interaction), interaction.guild_id or 0
        if here is not None and here.type in ALERT_CHANNEL_TYPES:
            problem = channel_problem(words, interaction, here.id)
        else:
            here = None
        own_id = None if monitor is None else monitor.channel_id
        work = self._services.guilds.ensure_channel(
            guild_id, None if here is None or problem else here.id, own_id, by=interaction.user.id
        )
        channel_id, is_new = await defer_if_slow(interaction, work)
        role_id = None
        if monitor is not None:
            status = self._services.status.one(guild_id, monitor.id)
            channel_id, role_id = status.channel_id, status.role_id
        said = [*lines, place_text(interaction, channel_id, role_id, problem, is_new=is_new)]
        if own_id is not None:
            said.append(channel_problem(words, interaction, own_id))
        return "\n".join(line for line in said if line)

    @app_commands.command(name="push", description="Wait for the beats of a job, such as a backup.")
    @app_commands.describe(
        name="Its name here.",
        every="Seconds from one beat to the next.",
        grace=GRACE.help,
        channel=OPTIONS["channel"].help,
        role=OPTIONS["role"].help,
    )
    async def push(
        self,
        interaction: Interaction,
        name: str,
        every: app_commands.Range[int, 1, MAX_PERIOD_S],
        *,
        grace: app_commands.Range[int, 1, MAX_PERIOD_S] | None = None,
        channel: AlertChannel | None = None,
        role: AlertRole | None = None,
    ) -> None:
        given = {"name": name, "every": every, "grace": grace, "channel": channel, "role": role}
        typed, words = typed_options(given), translator_of(interaction)
        work = self._services.monitors.add_push(
            interaction.guild_id or 0, typed, interaction.user.id
        )
        monitor, address = await defer_if_slow(interaction, work)
        lines = [address_text(words, monitor, address), cut_text(words, name)]
        text = await self._with_place(interaction, lines, monitor)
        await respond(interaction, text, view=view_of([renewal_button(words, monitor.id)]))

    @app_commands.command(
        name="follow", description="Post what the status page of another service reports."
    )
    @app_commands.describe(
        page="Its address, such as status.example.com.",
        components="Only these of its components, with commas between them.",
    )
    async def follow(
        self, interaction: Interaction, page: str, components: str | None = None
    ) -> None:
        async def take(asked: Interaction, address: str) -> None:
            services, guild_id = self._services, asked.guild_id or 0
            work = services.followed.follow(guild_id, address, components or "", asked.user.id)
            followed = await defer_if_slow(asked, work)
            said = followed_text(translator_of(asked), followed)
            await show_followed(asked, await self._with_place(asked, [said]))

        await with_address(interaction, page, take)

    @app_commands.command(name="edit", description="Show or change the settings of a site.")
    @app_commands.describe(monitor="Which site. Without other options: a card with forms.")
    @takes_options(editing=True)
    async def edit(
        self, interaction: Interaction, /, monitor: ManagedMonitors, **given: Any
    ) -> None:
        typed, (first, *others) = typed_options(given), monitor
        if others and typed:
            await ask_bulk_edit(interaction, monitor, typed)
        elif others:
            raise UserError("To change all of them, give the options to change.")
        elif typed:
            await take_change(interaction, first.id, typed)
        else:
            embed, view = await defer_if_slow(interaction, card(interaction, first))
            await respond(interaction, embed=embed, view=view)

    @app_commands.command(name="remove", description="Stop watching a site.")
    @app_commands.describe(monitor="Which site.")
    async def remove(self, interaction: Interaction, monitor: ManagedMonitors) -> None:
        first, *others = monitor
        if others:
            await ask_bulk_removal(interaction, monitor)
        else:
            await ask_removal(interaction, self._services.status.one(first.guild_id, first.id))

    @app_commands.command(name="pause", description="Stop checking a site for a while.")
    @app_commands.describe(monitor="Which site.", length="For how long, such as 30m, 2h or 1d.")
    @app_commands.rename(length="for")
    async def pause(
        self, interaction: Interaction, monitor: ManagedMonitors, length: Duration | None = None
    ) -> None:
        pause, by = self._services.silences.pause, interaction.user.id
        work = [pause(one.guild_id, one.id, for_s=length, by=by) for one in monitor]
        paused = await defer_if_slow(interaction, asyncio.gather(*work))
        await respond(interaction, paused_text(translator_of(interaction), paused))

    @app_commands.command(name="resume", description="Check a paused site again.")
    @app_commands.describe(monitor="Which site.")
    async def resume(self, interaction: Interaction, monitor: ManagedMonitors) -> None:
        resume, by = self._services.silences.resume, interaction.user.id
        work = [resume(one.guild_id, one.id, by) for one in monitor]
        await defer_if_slow(interaction, asyncio.gather(*work))
        await respond(interaction, resumed_text(translator_of(interaction), monitor))

    @app_commands.command(name="list", description="List every site watched here.")
    @app_commands.describe(
        text="Only those with this text in name or host.",
        state="Only those in this state.",
        tag="Only those with this tag.",
        page="Which page to begin with.",
    )
    @app_commands.choices(state=STATES)
    async def list(
        self,
        interaction: Interaction,
        text: str | None = None,
        state: str | None = None,
        tag: Tag | None = None,
        page: app_commands.Range[int, 1] = 1,
    ) -> None:
        asked = Asked(interaction, filter_of(text, state, tag))
        found = await WatchListPage.entries(asked)
        if found:
            await WatchListPage.show(asked, page - 1, found=found)
        elif pages := self._services.followed.of_guild(asked.guild_id):
            await respond(interaction, followed_names(asked, pages))
        elif self._services.monitors.of_guild(asked.guild_id):
            await respond(interaction, asked.words.text(NONE_MATCH))
        else:
            command = self._client.commands_tree.mention("watch add")
            empty = asked.words.text("Nothing is watched yet. Try {command}", command=command)
            await respond(interaction, empty)

    @app_commands.command(name="test", description="Check a site once, right now; changes nothing.")
    @app_commands.describe(monitor="Which site.", place="From which place.")
    @app_commands.rename(place="from")
    async def test(
        self, interaction: Interaction, monitor: ManagedMonitors, place: PlaceName | None = None
    ) -> None:
        test, words = self._services.monitors.test, translator_of(interaction)
        checks = (test(one.guild_id, one.id, place) for one in monitor[:TESTED_AT_ONCE])
        tested = await defer_if_slow(interaction, asyncio.gather(*checks))
        embed = probe_embed(words, *tested[0])
        if len(monitor) > 1:
            embed = all_tested_embed(words, tested, of=len(monitor))
        await respond(interaction, embed=embed)

    @app_commands.command(name="export", description="Download all sites and settings as one file.")
    async def export(self, interaction: Interaction) -> None:
        guild_id = interaction.guild_id or 0
        found = self._services.monitors.of_guild(guild_id)
        data = await defer_if_slow(interaction, self._services.servers.export(guild_id))
        file = discord.File(io.BytesIO(data), filename=EXPORT_NAME)
        await respond(interaction, export_text(interaction, found), files=[file])

    @app_commands.command(name="import", description="Watch every site listed in a file.")
    @app_commands.describe(
        file="My export, CSV, addresses, or a file of Uptime Kuma, UptimeRobot, Gatus or Upptime.",
        preview="Only show what would be imported.",
    )
    async def import_(
        self, interaction: Interaction, file: discord.Attachment, *, preview: bool = False
    ) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        # In a thread: ten thousand rows would hold up everything else for half a second.
        listing = await asyncio.to_thread(read, await fetched(file))
        items = await at_home(interaction, listing.items)
        servers, guild_id = self._services.servers, interaction.guild_id or 0
        progress = ProgressLine(interaction)
        await progress.begin(len(items))
        taking = await settings_of(interaction, listing, items)
        if preview:
            outcomes = await servers.bulk.preview(
                guild_id, items, progress=progress, pages=taking.pages
            )
        else:
            await servers.apply(taking.plan, taking.problems, interaction.user.id)
            outcomes = await servers.bulk.take(
                guild_id, items, by=interaction.user.id, progress=progress
            )
            await servers.apply_rest(taking.plan, taking.problems, interaction.user.id)
        text, embed, attached = await asyncio.to_thread(
            report,
            translator_of(interaction),
            outcomes,
            taking,
            notes=listing.notes,
            preview=preview,
        )
        await interaction.edit_original_response(content=text, embed=embed, attachments=[attached])


setup = extension(
    Watch,
    WatchListPage,
    *(RenewalButton, EditButton, ServerRoleButton, RemovalButton, OfferButton),
    BulkRemovalButton,
    UnfollowButton,
)
