"""What we may do in channels, as far as the cache tells, and which channels an event opened."""

from collections.abc import Collection

import discord

from bot.discord.channels import Channel, Channels


def rights_of(who: discord.Member, channel: Channel) -> discord.Permissions | None:
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
    granted = rights_of(me, channel)
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
