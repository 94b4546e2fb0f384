"""Who may do what in a channel, and the errors for those who may not."""

from sandbox.core import Core
from sandbox.errors import refusal
from sandbox.world.nouns import Channel, Guild, User
from sandbox.world.permissions import ALL, Permission, in_channel


def rights_of(core: Core, user: User, channel: Channel) -> Permission:
    """Somebody's rights in a channel: none for strangers, all in an own DM."""
    guild = core.world.guild_of(channel)
    if guild is None:
        return ALL
    member = guild.members.get(user.id)
    if member is None or (user.id == core.world.bot.id and not guild.present):
        return Permission(0)
    return in_channel(guild, member, channel, core.clock.now())


def require(core: Core, user: User, channel: Channel, needed: Permission) -> None:
    """Raise 50001 when the channel is out of sight, 50013 when a right is missing in it."""
    found = rights_of(core, user, channel)
    if Permission.VIEW_CHANNEL not in found:
        raise refusal(50001)
    if needed not in found:
        raise refusal(50013)


def known_channel(core: Core, channel_id: str) -> Channel:
    """A channel that exists. Raises 10003."""
    found = core.world.find_channel(channel_id)
    if found is None:
        raise refusal(10003)
    return found


def own_guild(core: Core, guild_id: str) -> Guild:
    """A server the bot is in. Raises 10004."""
    guild = core.world.guilds.get(guild_id)
    if guild is None or not guild.present:
        raise refusal(10004)
    return guild
