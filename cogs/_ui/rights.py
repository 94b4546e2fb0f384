"""What somebody may do in a channel, as far as the cache knows."""

import discord

from bot.discord.own_rights import own_member, rights_of


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
