"""What a client hears first: READY and the whole of each server."""

from sandbox.errors import Json
from sandbox.gateway.session import Intent, Session
from sandbox.world.nouns import Channel, Guild
from sandbox.world.objects import (
    INTERACTIVE_APPLICATION_FLAGS,
    channel_object,
    guild_object,
    member_object,
    own_user_object,
)
from sandbox.world.permissions import Permission, in_channel
from sandbox.world.world import World

API_VERSION = 10


def ready(world: World, session: Session, guilds: list[Guild], url: str) -> Json:
    """READY; every server is announced as unavailable until its GUILD_CREATE."""
    return {
        "v": API_VERSION,
        "user_settings": {},
        "user": own_user_object(world),
        "session_type": "normal",
        "session_id": session.id,
        "resume_gateway_url": url,
        "relationships": [],
        "private_channels": [],
        "presences": [],
        "guilds": [{"id": guild.id, "unavailable": True} for guild in guilds],
        "guild_join_requests": [],
        "geo_ordered_rtc_regions": [],
        "game_relationships": [],
        "auth": {},
        "application": {"id": world.application.id, "flags": INTERACTIVE_APPLICATION_FLAGS},
        "shard": list(session.shard),
        "_trace": ["sandbox"],
    }


def guild_create(world: World, guild: Guild, now: float, *, unavailable: bool | None) -> Json:
    """A server with its channels, its active threads the bot sees, and the bot as only member."""
    bot = guild.members[world.bot.id]

    def visible(channel: Channel) -> bool:
        return Permission.VIEW_CHANNEL in in_channel(guild, bot, channel, now)

    channels = list(guild.channels.values())
    data = {
        **guild_object(guild),
        "joined_at": bot.joined_at,
        "large": False,
        "member_count": len(guild.members),
        "members": [member_object(world, bot)],
        "channels": [channel_object(world, c) for c in channels if c.thread is None],
        "threads": [
            channel_object(world, c)
            for c in channels
            if c.thread is not None and not c.thread.archived and visible(c)
        ],
        "voice_states": [],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
        "activity_instances": [],
        "embedded_activities": [],
    }
    return data if unavailable is None else {**data, "unavailable": unavailable}


def members_chunk(world: World, guild: Guild, request: Json, session: Session) -> Json:
    """The answer to op 8: all members with the members intent, else the bot alone."""
    wanted = request.get("user_ids")
    ids = [str(one) for one in (wanted if isinstance(wanted, list) else [wanted] if wanted else ())]
    everyone = bool(session.intents & Intent.GUILD_MEMBERS)
    members = [
        member_object(world, member)
        for member in guild.members.values()
        if (everyone or member.user_id == world.bot.id or member.user_id in ids)
        and (not ids or member.user_id in ids)
    ]
    data: Json = {
        "guild_id": guild.id,
        "members": members,
        "chunk_index": 0,
        "chunk_count": 1,
        "not_found": [one for one in ids if one not in guild.members],
    }
    return {**data, "nonce": request["nonce"]} if request.get("nonce") else data
