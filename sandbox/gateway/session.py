"""A gateway session: what it asked for, what it is sent first, and its socket."""

from collections import deque
from dataclasses import dataclass, field
from enum import IntFlag
from typing import Protocol

from sandbox.clock import TIMESTAMP_SHIFT
from sandbox.errors import Json
from sandbox.world.objects import (
    INTERACTIVE_APPLICATION_FLAGS,
    channel_object,
    guild_object,
    member_object,
    own_user_object,
)
from sandbox.world.permissions import Permission, in_channel
from sandbox.world.world import Channel, Guild, World

BACKLOG = 1000


class Intent(IntFlag):
    """The intents whose events the sandbox sends."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_MESSAGES = 1 << 9
    DIRECT_MESSAGES = 1 << 12
    MESSAGE_CONTENT = 1 << 15


HIGHEST_INTENT = 1 << 25


class Line(Protocol):
    def put(self, payload: Json) -> None: ...

    def close(self, code: int | None) -> None:
        """End the connection with a code, or without a word when there is none."""
        ...


@dataclass(slots=True)
class Session:
    id: str
    intents: int
    shard: tuple[int, int] = (0, 1)
    seq: int = 0
    backlog: deque[Json] = field(default_factory=lambda: deque(maxlen=BACKLOG))
    line: Line | None = None

    def owns(self, guild_id: str | None) -> bool:
        """True if events of a server (or of no server: shard 0) are this session's."""
        index, count = self.shard
        return (int(guild_id) >> TIMESTAMP_SHIFT if guild_id else 0) % count == index

    def push(self, event: str, data: Json) -> None:
        """Send an event, or keep it for a resume."""
        self.seq += 1
        payload = {"op": 0, "t": event, "s": self.seq, "d": data}
        self.backlog.append(payload)
        if self.line is not None:
            self.line.put(payload)

    def remembers(self, after: int) -> bool:
        """True if nothing that came after a sequence number is forgotten yet."""
        return not self.backlog or int(self.backlog[0]["s"]) <= after + 1

    def replay(self, after: int) -> None:
        """Send again everything after a sequence number."""
        for payload in self.backlog:
            if payload["s"] > after and self.line is not None:
                self.line.put(payload)


API_VERSION = 10


def ready_data(world: World, session: Session, guilds: list[Guild], url: str) -> Json:
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


def guild_data(world: World, guild: Guild, now: float, *, unavailable: bool | None) -> Json:
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
