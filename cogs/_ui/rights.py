"""What somebody may do in a channel, as far as the cache knows."""

import discord

_Channel = discord.abc.GuildChannel | discord.Thread


def rights_of(who: discord.Member, channel: _Channel) -> discord.Permissions | None:
    """None in a thread whose channel is not known."""
    try:
        return channel.permissions_for(who)
    except discord.ClientException:
        return None


def own_rights(channel: object) -> discord.Permissions:
    """What the bot may do; nothing in what is no channel of a server that it sees."""
    known = rights_of(channel.guild.me, channel) if isinstance(channel, _Channel) else None
    return known or discord.Permissions.none()


def welcome_channel(guild: discord.Guild) -> discord.TextChannel | None:
    """Where a server hears of newcomers, if the bot may write there."""
    channel = guild.system_channel
    if channel is None or not channel.permissions_for(guild.me).send_messages:
        return None
    return channel
