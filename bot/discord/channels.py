"""Channels by id or name, sleeping threads included, and what we may do in them."""

import asyncio
import logging
import time
from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

import discord

from bot.discord.command_tree import NETWORK_ERRORS
from bot.services.delivery.messages import ChannelAccess
from bot.services.transfer.settings import Reference

if TYPE_CHECKING:
    from bot.services.registry import Services

log = logging.getLogger(__name__)

Channel = discord.abc.GuildChannel | discord.Thread
# What Discord does not show us, or does not know, is not asked for again before this is over.
_REFUSED_S = 600.0
_AT_ONCE = 4
# Forms and files may name anybody's channels, and Discord counts what it forbids (403): after so
# many from one server within that time no other one is asked for.
_MOST_FORBIDDEN = 20
_ANSWER_S = 5.0


class Channels:
    """Channels by id; sleeping threads are kept, for the gateway lists active ones only.

    Posting wakes it, so it stays a good place for alerts. Whoever wants to know who reads it, or
    what we may do in it, needs its parent and its state: they are kept when it falls asleep, and
    asked for once when it slept already (a bot may read archived threads by id).
    """

    def __init__(self, client: discord.Client) -> None:
        self._client = client
        self._sleeping: dict[int, discord.Thread] = {}
        self._refused: dict[int, float] = {}
        self._forbidden: defaultdict[int, deque[float]] = defaultdict(
            lambda: deque(maxlen=_MOST_FORBIDDEN)
        )
        self._asking = asyncio.Semaphore(_AT_ONCE)

    def find(self, guild: discord.Guild | None, channel_id: int) -> Channel | None:
        """From memory. None: it is gone, out of our sight, or nobody has asked for it yet."""
        if guild is None:
            return None
        found = guild.get_channel_or_thread(channel_id)
        if found is not None:
            return found
        thread = self._sleeping.get(channel_id)
        # A new session brings new objects: rights read through the old ones would be old.
        return thread if thread is not None and thread.guild is guild else None

    async def look_up(self, guild: discord.Guild | None, channel_ids: Iterable[int | None]) -> bool:
        """Ask Discord once for those that :meth:`find` does not know; False: it did not answer."""
        if guild is None or guild.unavailable:
            return False
        asked = {one for one in channel_ids if one and self._is_unknown(guild, one)}
        return all(await asyncio.gather(*(self._ask(guild, one) for one in asked)))

    def is_settled(self, guild: discord.Guild, channel_id: int) -> bool:
        """True if it was found, or asked for in vain."""
        return channel_id in self._refused or self.find(guild, channel_id) is not None

    def note(self, thread: discord.Thread) -> None:
        """Keep a thread that falls asleep; forget one that is awake, the cache has it."""
        if thread.archived:
            self._sleeping[thread.id] = thread
        else:
            self._sleeping.pop(thread.id, None)
        self._refused.pop(thread.id, None)

    def forget(self, channel_id: int) -> None:
        self._sleeping.pop(channel_id, None)

    def forget_guild(self, guild_id: int) -> None:
        gone = [key for key, thread in self._sleeping.items() if thread.guild.id == guild_id]
        for key in gone:
            del self._sleeping[key]
        self._forbidden.pop(guild_id, None)

    def _is_unknown(self, guild: discord.Guild, channel_id: int) -> bool:
        refused_until = self._refused.get(channel_id, 0.0)
        return self.find(guild, channel_id) is None and refused_until <= time.monotonic()

    async def _ask(self, guild: discord.Guild, channel_id: int) -> bool:
        async with self._asking:
            now = time.monotonic()
            forbidden = self._forbidden[guild.id]
            if len(forbidden) == _MOST_FORBIDDEN and forbidden[0] > now - _REFUSED_S:
                self._refused[channel_id] = now + _REFUSED_S
                return True
            try:
                async with asyncio.timeout(_ANSWER_S):
                    found = await self._client.fetch_channel(channel_id)
            except (discord.NotFound, discord.Forbidden, discord.InvalidData) as error:
                log.info("Channel not visible: %s", error, extra={"channel": channel_id})
                self._refused[channel_id] = now + _REFUSED_S
                if isinstance(error, discord.Forbidden):
                    forbidden.append(now)
                return True
            except NETWORK_ERRORS as error:
                log.info("Channel not read: %r", error, extra={"channel": channel_id})
                return False
        if isinstance(found, discord.Thread) and found.guild is guild:
            self._sleeping[channel_id] = found
        else:  # another server's, or no channel that the cache would not list
            self._refused[channel_id] = now + _REFUSED_S
        return True


def used_channels(services: "Services", guild_id: int) -> set[int]:
    """Channels of a server that alerts or boards go to, those of open incidents included."""
    settings = services.guilds.settings(guild_id)
    found = {settings.channel_id, settings.fallback_channel_id}
    for status in services.status.overview(guild_id):
        found.add(status.channel_id)
        if status.incident is not None:
            found.add(status.incident.channel_id)
    found |= {board.channel_id for board in services.boards.of_guild(guild_id)}
    return {channel_id for channel_id in found if channel_id is not None}


def permissions_of(who: discord.Member, channel: Channel) -> discord.Permissions | None:
    """None in a thread whose channel is not known.

    Nobody writes in a locked thread but those who manage threads.
    """
    try:
        granted = channel.permissions_for(who)
    except discord.ClientException:
        return None
    if isinstance(channel, discord.Thread) and channel.locked and not granted.manage_threads:
        granted.update(send_messages=False, send_messages_in_threads=False)
    return granted


def sees_text(granted: discord.Permissions, channel: Channel) -> bool:
    """Whoever may not join a voice channel does not see its text (api-docs 5111)."""
    is_voice = isinstance(channel, discord.channel.VocalGuildChannel)
    return granted.view_channel and (granted.connect or not is_voice)


def own_member(guild: discord.Guild) -> discord.Member | None:
    """Ourselves; discord.py's own property says nothing of a server whose details are not here."""
    return guild.me


def may_post(channel: Channel | None) -> bool | None:
    """Whether our messages are taken in a channel; None: nobody can say."""
    me = None if channel is None else own_member(channel.guild)
    if channel is None or me is None or channel.guild.unavailable:
        return None
    granted = permissions_of(me, channel)
    if granted is None:
        return None
    sends = (
        granted.send_messages_in_threads
        if isinstance(channel, discord.Thread)
        else granted.send_messages
    )
    return sees_text(granted, channel) and sends


class OpenChannels:
    """Channels of each server in which we may post.

    Servers change roles and channels all the time. Only where that lets us post again is a
    channel that refused us worth another message.
    """

    def __init__(self, channels: Channels) -> None:
        self._channels = channels
        self._open: dict[int, set[int]] = {}

    def opened(self, guild: discord.Guild, changed: Collection[int]) -> set[int]:
        """Look at channels that something happened to; those that were closed and are open now."""
        known = self._open.setdefault(guild.id, set())
        open_now = {one for one in changed if may_post(self._channels.find(guild, one))}
        new = open_now - known
        known.difference_update(changed)
        known |= open_now
        return new

    def forget_guild(self, guild_id: int) -> None:
        self._open.pop(guild_id, None)


def access(client: discord.Client, channel_id: int) -> ChannelAccess:
    """Access to a channel; nothing is known of one that is not in the cache."""
    channel = client.get_channel(channel_id)
    if not isinstance(channel, Channel) or (allowed := may_post(channel)) is None:
        return ChannelAccess()
    me = own_member(channel.guild)
    until = None if me is None or me.guild_permissions.administrator else me.timed_out_until
    if me is not None and until is not None and me.is_timed_out():
        return ChannelAccess(allowed=False, until_ms=int(until.timestamp() * 1000) + 1)
    return ChannelAccess(allowed=allowed)


def own_rights(channel: object) -> discord.Permissions:
    """The bot's permissions; none in what is no channel of a server that it sees."""
    if not isinstance(channel, Channel):
        return discord.Permissions.none()
    me = own_member(channel.guild)
    known = None if me is None else permissions_of(me, channel)
    return known or discord.Permissions.none()


def welcome_channel(guild: discord.Guild) -> discord.TextChannel | None:
    """System channel of a server, if the bot may write there."""
    return guild.system_channel if may_post(guild.system_channel) else None


def greeting_channel(guild: discord.Guild) -> discord.TextChannel | None:
    """Its system channel, that of its community updates, else the first that fits; where we may.

    Rules are not talked under, and announcements go out to other servers.
    """
    updates = guild.public_updates_channel
    if channel := welcome_channel(guild) or (updates if may_post(updates) else None):
        return channel
    fitting = (one for one in guild.text_channels if one != guild.rules_channel)
    fitting = (one for one in fitting if not one.is_news() and own_rights(one).embed_links)
    return next((one for one in fitting if may_post(one)), None)


class DiscordNames:
    """As the gateway sent them. Of several that are called the same none is meant."""

    complete = True

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    def find(self, kind: str, guild_id: int, wanted: Reference) -> int | None:
        """The id of a ``server``, or of a ``channel`` or ``role`` of one; None: there is none."""
        if kind == "server":
            there = [one for one in self._client.guilds if not one.unavailable]
            return meant_one(there, wanted)
        guild = self._client.get_guild(guild_id)
        if guild is None:
            return None
        found: Sequence[discord.Role | discord.abc.GuildChannel | discord.Thread] = (
            guild.roles if kind == "role" else [*guild.text_channels, *guild.threads]
        )
        # A thread that sleeps is known to Discord alone: its id is believed.
        if kind == "channel" and wanted.id is not None:
            known = self._client.get_channel(wanted.id)
            elsewhere = isinstance(known, Channel) and known.guild.id != guild_id
            return None if elsewhere else wanted.id
        return meant_one(found, wanted)


def meant_one(
    found: Sequence[discord.Guild | discord.Role | discord.abc.GuildChannel | discord.Thread],
    wanted: Reference,
) -> int | None:
    """Its id; None when there is none, or several are called the same."""
    meant = [one.id for one in found if wanted.meant(one.id, one.name)]
    return meant[0] if len(meant) == 1 else None
