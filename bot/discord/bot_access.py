"""What somebody may do in a channel, as far as the cache knows."""

import discord

from bot.discord.own_rights import own_member, rights_of
from bot.services.delivery.messages import Access

_Channel = discord.abc.GuildChannel | discord.Thread


def access(client: discord.Client, channel_id: int) -> Access:
    """Whether the bot may post in a channel; nothing is known of one that is not in the cache."""
    channel = client.get_channel(channel_id)
    if not isinstance(channel, _Channel) or channel.guild.unavailable:
        return Access()
    me = own_member(channel.guild)
    granted = None if me is None else rights_of(me, channel)
    if me is None or granted is None:
        return Access()
    if me.timed_out_until is not None and me.is_timed_out() and not granted.administrator:
        return Access(allowed=False, until_ms=int(me.timed_out_until.timestamp() * 1000) + 1)
    if isinstance(channel, discord.Thread):
        sends = granted.send_messages_in_threads and (not channel.locked or granted.manage_threads)
    else:
        sends = granted.send_messages
    return Access(allowed=granted.view_channel and sends)


def own_rights(channel: object) -> discord.Permissions:
    """What the bot may do; nothing in what is no channel of a server that it sees."""
    if not isinstance(channel, discord.abc.GuildChannel | discord.Thread):
        return discord.Permissions.none()
    me = own_member(channel.guild)
    known = None if me is None else rights_of(me, channel)
    return known or discord.Permissions.none()


def welcome_channel(guild: discord.Guild) -> discord.TextChannel | None:
    """Where a server hears of newcomers, if the bot may write there."""
    channel = guild.system_channel
    if channel is None or not channel.permissions_for(guild.me).send_messages:
        return None
    return channel
