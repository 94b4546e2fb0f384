"""Discord's events of servers: joined, left, changed; and the welcome of a new one."""

import asyncio
import logging
from collections.abc import Collection
from typing import Any

import discord
from discord import ui
from discord.ext import commands

from bot.discord.channels import greeting_channel, own_member, used_channels, welcome_channel
from bot.discord.client import VigieClient
from bot.discord.command_tree import NETWORK_ERRORS, NOT_SERVED, VigieTree
from bot.words.escaping import markdown
from bot.words.translator import N_, Translator, translator_for
from cogs._ui.interactions import VigieCog, extension

log = logging.getLogger(__name__)

# Discord: the shard of a server is (id >> 22) % number of shards.
_SHARD_SHIFT = 22
# When Discord did not answer what it was asked about a server's threads.
_PAUSES_S = (1.0, 5.0, 30.0, 120.0)
# Our clock and Discord's need not agree to the second.
_LATER_S = 1.0
_TO_OWNER = N_("I am writing to you because there is no channel of {server} that I may post in.")
_NAME_LIMIT = 100


class Guilds(VigieCog):
    """No commands: only events."""

    def __init__(self, client: VigieClient) -> None:
        super().__init__(client)
        self._found: set[int] = set()
        self._listed: dict[int, discord.Guild] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def cog_unload(self) -> None:
        for task in self._tasks.values():
            task.cancel()

    @commands.Cog.listener()
    async def on_shard_connect(self, shard_id: int) -> None:
        """A new session lists the servers of its shard, and their details follow.

        Discord sends no event for a server lost while Vigie was away, and discord.py keeps it in
        its cache; but it makes new objects of those that are listed.
        """
        cached = {guild.id: guild for guild in self._client.guilds if guild.shard_id == shard_id}
        here = {key for key, guild in cached.items() if self._listed.get(key) is not guild}
        self._listed |= cached
        self._found |= here
        shards = self._client.shard_count or 1
        for settings in self._services.guilds.known():
            if (settings.id >> _SHARD_SHIFT) % shards == shard_id and settings.id not in here:
                await self._gone(settings.id)

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        await self._gone(guild.id)

    @commands.Cog.listener()
    async def on_guild_update(self, before: discord.Guild, after: discord.Guild) -> None:
        if before.preferred_locale != after.preferred_locale:
            await self._services.guilds.seen(after.id, str(after.preferred_locale))
            self._services.boards.wake()

    @commands.Cog.listener()
    async def on_guild_channel_create(self, channel: discord.abc.GuildChannel) -> None:
        await self._look(channel.guild, {channel.id})

    @commands.Cog.listener()
    async def on_guild_channel_update(
        self, before: discord.abc.GuildChannel, after: discord.abc.GuildChannel
    ) -> None:
        """A category that is synchronised changes each of its channels by an event of its own."""
        if before.overwrites != after.overwrites or before.type != after.type:
            await self._look(after.guild, {after.id}, with_threads=True)

    @commands.Cog.listener()
    async def on_thread_update(self, _before: discord.Thread, after: discord.Thread) -> None:
        await self.on_thread_join(after)

    @commands.Cog.listener()
    async def on_thread_join(self, thread: discord.Thread) -> None:
        """Also an event of a thread that slept when we came, and one that came into our sight."""
        if thread.id not in used_channels(self._services, thread.guild.id):
            return
        self._client.known_channels.note(thread)
        if not thread.archived:
            self._services.boards.retry(thread.guild.id, thread.id)
        await self._look(thread.guild, {thread.id})

    @commands.Cog.listener()
    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """Its threads go with it; of those that sleep Discord says nothing."""
        guild = channel.guild
        for one in used_channels(self._services, guild.id):
            if one != channel.id and self._parent_of(guild, one) == channel.id:
                self._client.known_channels.forget(one)
                await self._channel_gone(guild.id, one)
        await self._channel_gone(guild.id, channel.id)

    @commands.Cog.listener()
    async def on_raw_thread_delete(self, gone: discord.RawThreadDeleteEvent) -> None:
        self._client.known_channels.forget(gone.thread_id)
        await self._channel_gone(gone.guild_id, gone.thread_id)

    @commands.Cog.listener()
    async def on_guild_role_update(self, before: discord.Role, after: discord.Role) -> None:
        """Only a role of ours, that of everybody included, says what we may do."""
        me = own_member(after.guild)
        if before.permissions != after.permissions and me is not None and after in me.roles:
            await self._look(after.guild)
        self._services.boards.wake()

    @commands.Cog.listener()
    async def on_guild_role_delete(self, role: discord.Role) -> None:
        """With it go the overwrites that may have kept us out."""
        await self._look(role.guild)

    @commands.Cog.listener()
    async def on_member_update(self, _before: discord.Member, after: discord.Member) -> None:
        """Discord sends a bot events of its own roles and time-outs without any intent."""
        if after.id == getattr(self._client.user, "id", None):
            await self._look(after.guild)
            self._look_after_timeout(after.guild)

    @commands.Cog.listener("on_guild_join")
    @commands.Cog.listener("on_guild_available")
    async def _here(self, guild: discord.Guild) -> None:
        if not self._client.commands_tree.serves(guild.id):
            await self._leave(guild)
            return
        # Until it is ready, discord.py calls a server that was joined one that became available.
        joined = guild.id not in self._found
        self._found.add(guild.id)
        self._listed[guild.id] = guild
        known = {settings.id for settings in self._services.guilds.known()}
        await self._services.guilds.seen(guild.id, str(guild.preferred_locale))
        if guild.id not in known:
            await self._services.monitors.guild_back(guild.id)
        await self._services.boards.guild_back(guild.id)
        # Rights may have come back while nobody could say so.
        await self._look(guild)
        self._look_after_timeout(guild)
        self._services.delivery.wake()
        if joined:
            language = self._services.guilds.language(guild.id)
            await post_welcome(self._client.commands_tree, guild, translator_for(language))
        await self._find_sleeping_threads(guild)

    async def _gone(self, guild_id: int) -> None:
        log.info("Removed from a server; its data is kept for 30 days", extra={"guild": guild_id})
        self._found.discard(guild_id)
        self._client.forget_guild(guild_id)
        self._services.boards.guild_left(guild_id)
        await self._services.monitors.guild_left(guild_id)
        await self._services.guilds.left(guild_id)

    async def _leave(self, guild: discord.Guild) -> None:
        """Outside VIGIE_GUILDS: say so once, where the server wants to hear of newcomers."""
        log.warning("Leaving: not in VIGIE_GUILDS", extra={"guild": guild.id})
        try:
            if channel := welcome_channel(guild):
                await channel.send(translator_for(str(guild.preferred_locale)).text(NOT_SERVED))
            await guild.leave()
        except NETWORK_ERRORS as error:
            log.warning("Server not left: %r", error, extra={"guild": guild.id})

    async def _channel_gone(self, guild_id: int, channel_id: int) -> None:
        await self._services.boards.channel_deleted(channel_id)
        await self._services.delivery.channel_deleted(guild_id, channel_id)

    async def _look(
        self,
        guild: discord.Guild,
        changed: Collection[int] | None = None,
        *,
        with_threads: bool = False,
    ) -> None:
        """Try those channels again that we may post in since just now; None: look at all.

        Only channels that we post in matter: servers change others all the time.
        """
        used = used_channels(self._services, guild.id)
        if changed is not None:
            used = {
                one
                for one in used
                if one in changed or (with_threads and self._parent_of(guild, one) in changed)
            }
        opened = self._client.open_channels.opened(guild, used)
        for channel_id in opened:
            self._services.boards.retry(guild.id, channel_id)
        if opened:
            await self._services.delivery.rights_changed(guild.id, opened)
        self._services.boards.wake()

    def _parent_of(self, guild: discord.Guild, channel_id: int) -> int | None:
        found = self._client.known_channels.find(guild, channel_id)
        return found.parent_id if isinstance(found, discord.Thread) else None

    async def _find_sleeping_threads(self, guild: discord.Guild) -> None:
        """Those that slept before we came are known to nobody until Discord is asked."""
        for pause_s in _PAUSES_S:
            used = used_channels(self._services, guild.id)
            if await self._client.known_channels.look_up(guild, used):
                await self._look(guild)
                return
            await self._services.clock.sleep(pause_s)

    def _look_after_timeout(self, guild: discord.Guild) -> None:
        """Discord sends no event when a time-out of ours ends by itself."""
        me = own_member(guild)
        if me is None or me.timed_out_until is None or not me.is_timed_out():
            return
        left_s = (me.timed_out_until - discord.utils.utcnow()).total_seconds() + _LATER_S

        async def look() -> None:
            await self._services.clock.sleep(left_s)
            await self._look(guild)

        if before := self._tasks.pop(guild.id, None):
            before.cancel()
        self._tasks[guild.id] = asyncio.create_task(look(), name=f"time-out of {guild.id}")


def _welcome_view(words: Translator) -> ui.View:
    """Its button opens the card of ``/setup``."""
    view, style = ui.View(timeout=None), discord.ButtonStyle.primary
    view.add_item(ui.Button(label=words.text("Set up"), style=style, custom_id="v1:setup:open"))
    view.stop()
    return view


async def post_welcome(tree: VigieTree, guild: discord.Guild, words: Translator) -> None:
    """Greet in a channel of the server or, where we may write in none, its owner.

    Never raises for Discord.
    """
    channel, lines = greeting_channel(guild), _welcome_lines(tree, words)
    shown: dict[str, Any] = {"allowed_mentions": discord.AllowedMentions.none()}
    try:
        if channel is not None:
            await channel.send("\n".join(lines), view=_welcome_view(words), **shown)
        elif guild.owner_id is not None:
            lines.insert(1, words.text(_TO_OWNER, server=markdown(guild.name, _NAME_LIMIT)))
            owner = await tree.client.create_dm(discord.Object(guild.owner_id))
            await owner.send("\n".join(lines), **shown)
    except NETWORK_ERRORS as error:
        log.info("Welcome not sent: %r", error, extra={"guild": guild.id})


def _welcome_lines(tree: VigieTree, words: Translator) -> list[str]:
    return [
        words.text("I am Vigie. I watch your sites and notify you when one goes down."),
        words.text("Start with {command}; it takes a minute.", command=tree.mention("setup")),
        words.text("Everything else: {command}", command=tree.mention("help")),
    ]


setup = extension(Guilds)
