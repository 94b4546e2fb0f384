"""The bot's own account, its application, the gateway's address, people and DMs."""

from bot.sandbox.errors import refusal
from bot.sandbox.form import Form
from bot.sandbox.rest.call import Call, Reply
from bot.sandbox.world.nouns import Channel, ChannelType
from bot.sandbox.world.objects import (
    application_object,
    channel_object,
    own_user_object,
    user_object,
)

DAY_MS = 86_400_000


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
            "shards": core.settings.recommended_shards,
            "session_start_limit": {
                "total": core.settings.session_starts,
                "remaining": core.hub.starts_left,
                "reset_after": DAY_MS,
                "max_concurrency": 1,
            },
        }
    )


def user(call: Call) -> Reply:
    found = call.core.world.users.get(call.match["user_id"])
    if found is None:
        raise refusal(10013)
    return Reply(user_object(found))


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


def own_guilds(call: Call) -> Reply:
    """The servers the bot is in, as partial objects."""
    world = call.core.world
    return Reply(
        [
            {"id": g.id, "name": g.name, "icon": None, "owner": g.owner_id == world.bot.id}
            | {"features": [], "permissions": "0"}
            for g in world.guilds.values()
            if g.present
        ]
    )
