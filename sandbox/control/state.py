"""The whole state of a sandbox as the page first sees it."""

from sandbox.core import Core
from sandbox.errors import Json
from sandbox.world.news import channel_list
from sandbox.world.nouns import Guild
from sandbox.world.permissions import in_guild


def state(core: Core) -> Json:
    """``GET /sandbox/state``, and the first line of ``/sandbox/live``."""
    world = core.world
    return {
        "application": {
            "id": world.application.id,
            "name": world.application.name,
            "commands": core.registry.everything(),
        },
        "bot_online": core.hub.online,
        "guilds": [_guild(core, guild) for guild in world.guilds.values() if guild.present],
        "messages": {
            channel.id: [core.messages.view(s) for s in core.messages.in_channel(channel.id)]
            for channel in world.channels()
        },
        "ephemeral": [core.messages.private(stored) for stored in core.messages.ephemeral()],
    }


def _guild(core: Core, guild: Guild) -> Json:
    users = [
        {
            "id": member.user_id,
            "name": core.world.users[member.user_id].name,
            "permissions": str(int(in_guild(guild, member))),
            "roles": member.roles,
        }
        for member in guild.members.values()
        if not core.world.users[member.user_id].bot
    ]
    return {
        "id": guild.id,
        "name": guild.name,
        "channels": channel_list(guild),
        "roles": [{"id": role.id, "name": role.name} for role in guild.roles.values()],
        "users": users,
    }
