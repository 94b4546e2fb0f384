"""What we may do in channels, as far as the cache tells, and which channels an event opened."""

from collections.abc import Collection

import discord

from bot.discord.channels import Channel, Channels
from bot.services.delivery.messages import ChannelAccess


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
    return granted.view_channel and sends


class OpenChannels:
    """The channels of each server in which we may post.

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
        """Vigie is no longer in a server, or has not seen it for a while."""
        self._open.pop(guild_id, None)


_Channel = discord.abc.GuildChannel | discord.Thread


def access(client: discord.Client, channel_id: int) -> ChannelAccess:
    """Whether the bot may post in a channel; nothing is known of one that is not in the cache."""
    channel = client.get_channel(channel_id)
    if not isinstance(channel, _Channel) or channel.guild.unavailable:
        return ChannelAccess()
    me = own_member(channel.guild)
    granted = None if me is None else permissions_of(me, channel)
    if me is None or granted is None:
        return ChannelAccess()
    if me.timed_out_until is not None and me.is_timed_out() and not granted.administrator:
        return ChannelAccess(allowed=False, until_ms=int(me.timed_out_until.timestamp() * 1000) + 1)
    if isinstance(channel, discord.Thread):
        sends = granted.send_messages_in_threads and (not channel.locked or granted.manage_threads)
    else:
        sends = granted.send_messages
    return ChannelAccess(allowed=granted.view_channel and sends)


def own_rights(channel: object) -> discord.Permissions:
    """What the bot may do; nothing in what is no channel of a server that it sees."""
    if not isinstance(channel, discord.abc.GuildChannel | discord.Thread):
        return discord.Permissions.none()
    me = own_member(channel.guild)
    known = None if me is None else permissions_of(me, channel)
    return known or discord.Permissions.none()


def welcome_channel(guild: discord.Guild) -> discord.TextChannel | None:
    """Where a server hears of newcomers, if the bot may write there."""
    channel = guild.system_channel
    if channel is None or not channel.permissions_for(guild.me).send_messages:
        return None
    return channel
