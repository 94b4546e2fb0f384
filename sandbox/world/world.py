"""World: servers, channels, people and roles, found by object, id or name."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeVar


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
    rules_channel_id: str | None = None  # this and the next: of communities alone
    public_updates_channel_id: str | None = None
    present: bool = True
    unavailable: bool = False
    # Server Settings → Integrations: of a command (or of all, under the application's id), the
    # roles, people and channels it is given to (True) or kept from.
    command_permissions: dict[str, dict[str, bool]] = field(default_factory=dict)

    @property
    def all_channels(self) -> str:
        """What Discord calls all channels there; all people have the server's own id."""
        return str(int(self.id) - 1)


@dataclass(slots=True)
class Application:
    """The bot's own application; its bot user has the same id."""

    id: str
    name: str
    owner_id: str


T = TypeVar("T")


class World:
    """All servers, people and channels of one sandbox, with one application among them."""

    def __init__(self, application: Application, bot: User) -> None:
        self.application = application
        self.bot = bot
        self.users: dict[str, User] = {bot.id: bot}
        self.guilds: dict[str, Guild] = {}
        self.dms: dict[str, Channel] = {}

    def channels(self) -> Iterator[Channel]:
        for guild in self.guilds.values():
            yield from guild.channels.values()
        yield from self.dms.values()

    def find_channel(self, channel_id: str) -> Channel | None:
        for guild in self.guilds.values():
            if found := guild.channels.get(channel_id):
                return found
        return self.dms.get(channel_id)

    def guild_of(self, channel: Channel) -> Guild | None:
        return self.guilds.get(channel.guild_id or "")

    def user(self, wanted: User | str) -> User:
        """A user by object, id or name. LookupError if there is none."""
        if isinstance(wanted, User):
            return wanted
        return self._one(wanted, [(user.id, user.name, user) for user in self.users.values()])

    def guild(self, wanted: Guild | str) -> Guild:
        """A server by object, id or name. LookupError if there is none."""
        if isinstance(wanted, Guild):
            return wanted
        return self._one(wanted, [(g.id, g.name, g) for g in self.guilds.values()])

    def channel(self, wanted: Channel | str) -> Channel:
        """A channel by object, id, ``"alerts"``, ``"#alerts"`` or ``"Harbour/alerts"``."""
        if isinstance(wanted, Channel):
            return wanted
        guild_name, _, name = wanted.rpartition("/")
        pool = self.guild(guild_name).channels.values() if guild_name else self.channels()
        return self._one(name.removeprefix("#"), [(c.id, c.name, c) for c in pool])

    def role(self, guild: Guild, wanted: Role | str) -> Role:
        """A role of a server by object, id or name. LookupError if there is none."""
        if isinstance(wanted, Role):
            return wanted
        return self._one(wanted, [(r.id, r.name, r) for r in guild.roles.values()])

    @staticmethod
    def _one(wanted: str, pool: list[tuple[str, str, T]]) -> T:
        found = [thing for key, name, thing in pool if wanted in {key, name}]
        if len(found) != 1:
            raise LookupError(f"{len(found)} things are called {wanted!r} in the sandbox")
        return found[0]
