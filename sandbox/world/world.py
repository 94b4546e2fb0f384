"""The world: who and what exists, and how to find it by id or by name."""

from collections.abc import Iterator
from typing import TypeVar

from sandbox.world.nouns import Application, Channel, Guild, Role, User

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
