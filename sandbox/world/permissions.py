"""Permission bits, who has which of them where, and the refusals of what is not allowed."""

from enum import IntFlag
from typing import TYPE_CHECKING

from sandbox.errors import Json, refusal
from sandbox.world.world import Channel, ChannelType, Guild, Member, User

if TYPE_CHECKING:
    from sandbox.core import Core


class Permission(IntFlag):
    """The bits that the sandbox or the bot judges by; others may be set and mean nothing here."""

    ADMINISTRATOR = 1 << 3
    MANAGE_GUILD = 1 << 5
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    CONNECT = 1 << 20
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    SEND_MESSAGES_IN_THREADS = 1 << 38
    PIN_MESSAGES = 1 << 51


# Every bit there is, also those without a name here.
ALL = Permission((1 << 53) - 1)
# What a new server gives to everybody, as far as it matters here.
EVERYONE = (
    Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.CONNECT
    | Permission.CREATE_PUBLIC_THREADS
    | Permission.SEND_MESSAGES_IN_THREADS
)
# Without the right to send, these mean nothing (Discord: implicit permissions).
_NEED_SENDING = Permission.MENTION_EVERYONE | Permission.EMBED_LINKS | Permission.ATTACH_FILES
_TIMED_OUT = Permission.VIEW_CHANNEL | Permission.READ_MESSAGE_HISTORY


def parse(names: object) -> Permission:
    """Bits from a number, a name like ``"EMBED_LINKS"`` or a list of these; KeyError if unknown."""
    if isinstance(names, int):
        return Permission(names)
    if isinstance(names, str):
        return Permission(int(names)) if names.isdigit() else Permission[names.upper()]
    found = Permission(0)
    for name in names if isinstance(names, list | tuple | set | frozenset) else ():
        found |= parse(name)
    return found


def in_guild(guild: Guild, member: Member) -> Permission:
    if guild.owner_id == member.user_id:
        return ALL
    found = Permission(guild.roles[guild.id].permissions)
    for role_id in member.roles:
        found |= Permission(guild.roles[role_id].permissions)
    return ALL if Permission.ADMINISTRATOR in found else found


def in_channel(guild: Guild, member: Member, channel: Channel, now: float) -> Permission:
    """What a member may do in one channel; a thread takes the rights of its parent."""
    found = in_guild(guild, member)
    if found == ALL:
        return ALL
    home = guild.channels.get(channel.parent_id or "", channel) if channel.thread else channel
    found = _overwritten(guild, member, home, found)
    if Permission.VIEW_CHANNEL not in found:
        return Permission(0)
    sending = Permission.SEND_MESSAGES_IN_THREADS if channel.thread else Permission.SEND_MESSAGES
    if sending not in found:
        found &= ~_NEED_SENDING
    return found & _TIMED_OUT if member.timed_out_until > now else found


def _overwritten(guild: Guild, member: Member, channel: Channel, base: Permission) -> Permission:
    """Apply a channel's overwrites: everyone, then all roles together, then the member."""
    found = base
    own = channel.overwrites.get
    if everyone := own(guild.id):
        found = found & ~Permission(everyone.deny) | Permission(everyone.allow)
    roles = [overwrite for role_id in member.roles if (overwrite := own(role_id))]
    for overwrite in roles:
        found &= ~Permission(overwrite.deny)
    for overwrite in roles:
        found |= Permission(overwrite.allow)
    if personal := own(member.user_id):
        found = found & ~Permission(personal.deny) | Permission(personal.allow)
    return found


def may_use(core: "Core", user: User, channel: Channel, command: Json) -> bool:
    """Whether a server lets somebody use a command in a channel.

    Administrators always may. Channels and people are judged apart: what is set for the command
    comes before what is set for the whole application, a person before their roles (one that allows
    is enough), those before everybody. What the command itself sets counts; else what the whole
    application is kept from stays so, and the command's ``default_member_permissions`` decide.
    Source: Discord's support pages on command permissions, as of February 2023.
    """
    guild, rights = core.world.guild_of(channel), rights_of(core, user, channel)
    if guild is None or Permission.ADMINISTRATOR in rights:
        return True
    of = guild.command_permissions.get
    levels = of(command["id"], {}), of(core.world.application.id, {})
    home = channel.parent_id if channel.thread else channel.id
    places = [at[one] for at in levels for one in (home, guild.all_channels) if one in at]
    if places and not places[0]:
        return False
    own, general = (_of_people(at, guild, guild.members[user.id]) for at in levels)
    if own is not None or general is False:
        return bool(own)
    needed = command.get("default_member_permissions")
    if needed is None:
        return True
    return (Permission(int(needed)) if int(needed) else Permission.ADMINISTRATOR) in rights


def _of_people(at: dict[str, bool], guild: Guild, member: Member) -> bool | None:
    if member.user_id in at:
        return at[member.user_id]
    roles = [at[role_id] for role_id in member.roles if role_id in at]
    return any(roles) if roles else at.get(guild.id)


def rights_of(core: "Core", user: User, channel: Channel) -> Permission:
    """Somebody's rights in a channel: none for strangers, all in an own DM."""
    guild = core.world.guild_of(channel)
    if guild is None:
        return ALL
    member = guild.members.get(user.id)
    if member is None or (user.id == core.world.bot.id and not guild.present):
        return Permission(0)
    return in_channel(guild, member, channel, core.clock.now())


def require(core: "Core", user: User, channel: Channel, needed: Permission) -> None:
    """Raise 50001 when the channel is out of sight, 50013 when a right is missing in it."""
    found = rights_of(core, user, channel)
    if Permission.VIEW_CHANNEL not in found or not _may_connect(channel, found):
        raise refusal(50001)
    if needed not in found:
        raise refusal(50013)


def _may_connect(channel: Channel, rights: Permission) -> bool:
    """Whoever may not join a voice channel does not see its text either (api-docs 5111)."""
    is_voice = channel.type in {ChannelType.VOICE, ChannelType.STAGE}
    return not is_voice or Permission.CONNECT in rights


def known_channel(core: "Core", channel_id: str) -> Channel:
    """A channel that exists. Raises 10003."""
    found = core.world.find_channel(channel_id)
    if found is None:
        raise refusal(10003)
    return found


def own_guild(core: "Core", guild_id: str) -> Guild:
    """A server the bot is in. Raises 10004."""
    guild = core.world.guilds.get(guild_id)
    if guild is None or not guild.present:
        raise refusal(10004)
    return guild
