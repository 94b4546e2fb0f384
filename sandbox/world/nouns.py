"""The nouns of the sandbox's world as plain data. Ids are strings, as in Discord's JSON."""

from dataclasses import dataclass, field
from enum import IntEnum


class ChannelType(IntEnum):
    TEXT = 0
    DM = 1
    VOICE = 2
    CATEGORY = 4
    ANNOUNCEMENT = 5
    ANNOUNCEMENT_THREAD = 10
    PUBLIC_THREAD = 11
    PRIVATE_THREAD = 12
    STAGE = 13
    FORUM = 15
    MEDIA = 16


@dataclass(slots=True)
class User:
    id: str
    name: str
    bot: bool = False
    closed_dms: bool = False


@dataclass(slots=True)
class Role:
    id: str
    name: str
    permissions: int = 0
    position: int = 1
    mentionable: bool = False
    bot_id: str | None = None  # the role Discord makes for a bot, and nobody else may have


@dataclass(slots=True)
class Overwrite:
    """Rights of one role (kind 0) or one member (kind 1) in one channel."""

    id: str
    kind: int
    allow: int = 0
    deny: int = 0


@dataclass(slots=True)
class Thread:
    """What makes a channel a thread."""

    owner_id: str
    archive_timestamp: str
    create_timestamp: str
    archived: bool = False
    locked: bool = False
    message_count: int = 0


@dataclass(slots=True)
class Channel:
    id: str
    name: str
    type: int = ChannelType.TEXT
    guild_id: str | None = None
    position: int = 0
    parent_id: str | None = None
    overwrites: dict[str, Overwrite] = field(default_factory=dict)
    last_message_id: str | None = None
    thread: Thread | None = None
    recipient_id: str | None = None  # of a DM


@dataclass(slots=True)
class Member:
    user_id: str
    joined_at: str
    roles: list[str] = field(default_factory=list)
    timed_out_until: float = 0.0  # epoch seconds


@dataclass(slots=True)
class Guild:
    """A server. ``present``: the bot is in it; ``unavailable``: it is in an outage."""

    id: str
    name: str
    owner_id: str
    locale: str = "en-US"
    roles: dict[str, Role] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    system_channel_id: str | None = None
    present: bool = True
    unavailable: bool = False


@dataclass(slots=True)
class Application:
    """The bot's own application; its bot user has the same id."""

    id: str
    name: str
    owner_id: str
