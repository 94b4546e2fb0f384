"""Servers over REST, as far as a bot without privileged intents reads them."""

from bot.sandbox.errors import refusal
from bot.sandbox.rest.call import NO_CONTENT, Call, Reply
from bot.sandbox.settings import PRIVILEGED_INTENTS
from bot.sandbox.world.access import own_guild
from bot.sandbox.world.objects import channel_object, guild_object, member_object, role_object

MEMBERS_INTENT = 1 << 1 & PRIVILEGED_INTENTS


def one(call: Call) -> Reply:
    guild, _ = own_guild(call.core, call.match["guild_id"])
    counts = {"approximate_member_count": len(guild.members), "approximate_presence_count": 1}
    return Reply(guild_object(guild) | (counts if call.query.get("with_counts") else {}))


def channels(call: Call) -> Reply:
    guild, _ = own_guild(call.core, call.match["guild_id"])
    found = [c for c in guild.channels.values() if c.thread is None]
    return Reply([channel_object(call.core.world, channel) for channel in found])


def active_threads(call: Call) -> Reply:
    guild, _ = own_guild(call.core, call.match["guild_id"])
    found = [c for c in guild.channels.values() if c.thread and not c.thread.archived]
    threads = [channel_object(call.core.world, channel) for channel in found]
    return Reply({"threads": threads, "members": []})


def roles(call: Call) -> Reply:
    guild, _ = own_guild(call.core, call.match["guild_id"])
    return Reply([role_object(role) for role in guild.roles.values()])


def role(call: Call) -> Reply:
    guild, _ = own_guild(call.core, call.match["guild_id"])
    found = guild.roles.get(call.match["role_id"])
    if found is None:
        raise refusal(10011)
    return Reply(role_object(found))


def member(call: Call) -> Reply:
    """Any single member; listing them all needs the members intent."""
    guild, _ = own_guild(call.core, call.match["guild_id"])
    found = guild.members.get(call.match["user_id"])
    if found is None:
        known = call.match["user_id"] in call.core.world.users
        raise refusal(10007 if known else 10013)
    return Reply(member_object(call.core.world, found))


def members(call: Call) -> Reply:
    guild, _ = own_guild(call.core, call.match["guild_id"])
    if not call.core.settings.granted_intents & MEMBERS_INTENT:
        raise refusal(50001)
    return Reply([member_object(call.core.world, one) for one in guild.members.values()])


def leave(call: Call) -> Reply:
    """The bot leaves a server."""
    guild, _ = own_guild(call.core, call.match["guild_id"])
    guild.present = False
    call.core.news.guild_gone(guild, unavailable=False)
    return NO_CONTENT
