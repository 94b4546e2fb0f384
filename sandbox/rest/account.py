"""The bot's account, application and commands, the gateway's address, its servers and DMs."""

from bot.clock import DAY_MS
from sandbox.errors import Form, refusal
from sandbox.interactions.registry import Scope, without_localizations
from sandbox.rest.call import NO_CONTENT, Call, Reply
from sandbox.world.objects import (
    application_object,
    channel_object,
    guild_object,
    own_user_object,
)
from sandbox.world.permissions import own_guild
from sandbox.world.world import Channel, ChannelType


def me(call: Call) -> Reply:
    return Reply(own_user_object(call.core.world))


def application(call: Call) -> Reply:
    return Reply(application_object(call.core.world))


def gateway(call: Call) -> Reply:
    return Reply({"url": call.core.hub.url})


def gateway_bot(call: Call) -> Reply:
    """Where to connect, with how many shards, and how many IDENTIFYs are left today."""
    core = call.core
    return Reply(
        {
            "url": core.hub.url,
            "shards": core.settings.shards,
            "session_start_limit": {
                "total": core.settings.session_starts,
                "remaining": core.hub.starts_left,
                "reset_after": DAY_MS,
                "max_concurrency": 1,
            },
        }
    )


def open_dm(call: Call) -> Reply:
    """Open the DM channel with somebody, the same one every time."""
    form = Form()
    recipient = call.mapping.get("recipient_id")
    form.at("recipient_id").snowflake(recipient)
    form.close()
    world = call.core.world
    if str(recipient) not in world.users or str(recipient) == world.bot.id:
        raise refusal(50007)
    for channel in world.dms.values():
        if channel.recipient_id == str(recipient):
            return Reply(channel_object(world, channel))
    made = Channel(call.core.ids.new(), "", ChannelType.DM, recipient_id=str(recipient))
    world.dms[made.id] = made
    return Reply(channel_object(world, made))


def guild(call: Call) -> Reply:
    return Reply(guild_object(own_guild(call.core, call.match["guild_id"])))


def channel(call: Call) -> Reply:
    """Any channel that the bot sees; a thread also while it is archived."""
    return Reply(channel_object(call.core.world, call.channel()))


def leave_guild(call: Call) -> Reply:
    found = own_guild(call.core, call.match["guild_id"])
    found.present = False
    call.core.events.guild_gone(found, unavailable=False)
    return NO_CONTENT


def list_commands(call: Call) -> Reply:
    found = call.core.registry.listed(_scope(call))
    if call.query.get("with_localizations", "").lower() not in {"true", "1"}:
        found = [without_localizations(command) for command in found]
    return Reply(found)


def put_commands(call: Call) -> Reply:
    return Reply(call.core.registry.put(_scope(call), call.body))


def _scope(call: Call) -> Scope:
    """The server of the path, or None. Raises 50001 for a foreign application or server."""
    if call.match["application_id"] != call.core.world.application.id:
        raise refusal(50001)
    guild_id = call.match.get("guild_id")
    if guild_id is None:
        return None
    guild = call.core.world.guilds.get(guild_id)
    if guild is None or not guild.present:
        raise refusal(50001)
    return guild.id
