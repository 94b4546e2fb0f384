"""Servers come and go, and change: what Discord's events mean for the services."""

import logging

import discord
from discord.ext import commands

from bot.client import VigieClient
from bot.tree import NETWORK_ERRORS, NOT_SERVED
from bot.words.catalogue import words_for
from cogs._ui.greeting import greet
from cogs._ui.rights import welcome_channel

log = logging.getLogger(__name__)


class Guilds(commands.Cog):
    """No commands: only events."""

    def __init__(self, client: VigieClient) -> None:
        self._client = client
        self._services = client.services
        self._found: set[int] = set()

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Discord sends no event for a server lost while Vigie was away: compare.

        The others announce themselves, each by an event of its own.
        """
        present = {guild.id for guild in self._client.guilds}
        for settings in self._services.guilds.known():
            if settings.id not in present:
                await self._gone(settings.id)

    @commands.Cog.listener()
    async def on_connect(self) -> None:
        """Discord has listed the servers that are merely found; their details follow."""
        self._found |= {guild.id for guild in self._client.guilds}

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        await self._here(guild)

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        await self._here(guild)

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        await self._gone(guild.id)

    @commands.Cog.listener()
    async def on_guild_update(self, before: discord.Guild, after: discord.Guild) -> None:
        if before.preferred_locale != after.preferred_locale:
            await self._here(after)

    @commands.Cog.listener()
    async def on_guild_channel_update(
        self, before: discord.abc.GuildChannel, after: discord.abc.GuildChannel
    ) -> None:
        del before
        await self._unpark(after.guild.id, after.id)

    @commands.Cog.listener()
    async def on_raw_thread_update(self, changed: discord.RawThreadUpdateEvent) -> None:
        """Raw, because the cache has forgotten a thread that slept."""
        await self._unpark(changed.guild_id, changed.thread_id)

    @commands.Cog.listener()
    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        await self._channel_gone(channel.guild.id, channel.id)

    @commands.Cog.listener()
    async def on_raw_thread_delete(self, gone: discord.RawThreadDeleteEvent) -> None:
        await self._channel_gone(gone.guild_id, gone.thread_id)

    @commands.Cog.listener()
    async def on_guild_role_update(self, before: discord.Role, after: discord.Role) -> None:
        if before.permissions != after.permissions:
            await self._unpark_all(after.guild.id)

    @commands.Cog.listener()
    async def on_member_update(self, before: discord.Member, after: discord.Member) -> None:
        """Discord tells a bot of its own roles without any intent."""
        del before
        if after.id == getattr(self._client.user, "id", None):
            await self._unpark_all(after.guild.id)

    async def _here(self, guild: discord.Guild) -> None:
        if not self._client.commands_tree.serves(guild.id):
            await self._leave(guild)
            return
        # Until it is ready, discord.py calls a server that was joined one that became available.
        joined = guild.id not in self._found
        self._found.add(guild.id)
        known = {settings.id for settings in self._services.guilds.known()}
        await self._services.guilds.seen(guild.id, str(guild.preferred_locale))
        if guild.id not in known:
            await self._services.monitors.guild_back(guild.id)
        # Rights may have come back while nobody could say so.
        await self._services.delivery.guild_back(guild.id)
        await self._services.boards.guild_back(guild.id)
        if joined:
            language = self._services.guilds.language(guild.id)
            await greet(self._client.commands_tree, guild, words_for(language))

    async def _gone(self, guild_id: int) -> None:
        log.info("Vigie was removed; the data is kept for now", extra={"guild": guild_id})
        self._found.discard(guild_id)
        self._services.boards.guild_left(guild_id)
        await self._services.monitors.guild_left(guild_id)
        await self._services.guilds.left(guild_id)

    async def _leave(self, guild: discord.Guild) -> None:
        """Outside VIGIE_GUILDS: say so once, where the server wants to hear of newcomers."""
        log.warning("Leaving: not in VIGIE_GUILDS", extra={"guild": guild.id})
        try:
            if channel := welcome_channel(guild):
                await channel.send(words_for(str(guild.preferred_locale)).text(NOT_SERVED))
            await guild.leave()
        except NETWORK_ERRORS as error:
            log.warning("A server could not be left: %r", error, extra={"guild": guild.id})

    async def _channel_gone(self, guild_id: int, channel_id: int) -> None:
        await self._services.boards.channel_deleted(channel_id)
        await self._services.delivery.channel_deleted(guild_id, channel_id)

    async def _unpark(self, guild_id: int, channel_id: int) -> None:
        """Only channels that we post in matter; servers change others all the time."""
        self._services.boards.retry(guild_id, channel_id)
        if channel_id in self._alert_channels(guild_id):
            await self._services.delivery.unpark(channel_id)

    async def _unpark_all(self, guild_id: int) -> None:
        self._services.boards.retry(guild_id)
        for channel_id in self._alert_channels(guild_id):
            await self._services.delivery.unpark(channel_id)

    def _alert_channels(self, guild_id: int) -> set[int]:
        settings = self._services.guilds.settings(guild_id)
        found = {status.channel_id for status in self._services.status.overview(guild_id)}
        found |= {settings.channel_id, settings.fallback_channel_id}
        return {channel_id for channel_id in found if channel_id is not None}


async def setup(client: VigieClient) -> None:
    await client.add_cog(Guilds(client))
