"""Random servers as discord.py's own objects, made as its gateway makes them."""

import random
from dataclasses import dataclass
from typing import Any

import discord

from sandbox.core import Core
from sandbox.gateway.session import guild_data
from sandbox.settings import Settings
from sandbox.world.objects import channel_object, own_user_object, role_object
from sandbox.world.permissions import Permission
from sandbox.world.world import Channel, ChannelType, Guild, Overwrite, Role, Thread

VIEW = int(Permission.VIEW_CHANNEL)
_ROLE_RIGHTS = (0, 0, VIEW, int(Permission.SEND_MESSAGES), int(Permission.ADMINISTRATOR))
_THREADS = (ChannelType.PUBLIC_THREAD, ChannelType.PRIVATE_THREAD)


@dataclass
class Server:
    """One server in discord.py's cache, and the sandbox's description that it was made of."""

    core: Core
    described: Guild
    client: discord.AutoShardedClient

    @classmethod
    def of(cls, dice: random.Random, *, roles: int = 6, channels: int = 5) -> "Server":
        core = Core("token", Settings(), None)
        described = core.world.guild("Harbour")
        made = cls(core, described, discord.AutoShardedClient(intents=discord.Intents(guilds=True)))
        described.roles[described.id].permissions = dice.choice((0, VIEW, VIEW, VIEW, 8))
        for number in range(roles):
            role = Role(core.ids.new(), f"r{number}", dice.choice(_ROLE_RIGHTS), number + 3)
            described.roles[role.id] = role
        described.channels.clear()
        for number in range(channels):
            made._add_channel(dice, number)
        made._say_all()
        return made

    @property
    def guild(self) -> discord.Guild:
        found = self.client.get_guild(int(self.described.id))
        assert found is not None
        return found

    def people(self, dice: random.Random, count: int) -> list[discord.Member]:
        """Members with random roles; those whom an overwrite names are among them."""
        named = [one.id for c in self.described.channels.values() for one in c.overwrites.values()]
        known = {*self.described.roles, self.core.world.bot.id}
        people = [one for one in named if one not in known]
        people += [self.core.ids.new() for _ in range(count)]
        own = {role.id for role in self.described.roles.values() if role.bot_id}
        free = [one for one in self.described.roles if one not in {*own, self.described.id}]
        return [self._member(key, dice.sample(free, dice.randint(0, 3))) for key in people]

    def change(self, dice: random.Random) -> None:
        """One event of the gateway: a role or a channel is made, edited or deleted."""
        parsers, event = self.client._connection.parsers, dice.choice(list(_CHANGES))
        data = _CHANGES[event](self, dice)
        if data is not None:
            parsers[event]({**data, "guild_id": self.described.id})

    def _member(self, user_id: str, role_ids: list[str]) -> discord.Member:
        user = {"id": user_id, "username": "x", "discriminator": "0", "avatar": None}
        joined = "2020-01-01T00:00:00+00:00"
        data: Any = {"user": user, "roles": role_ids, "flags": 0, "joined_at": joined}
        return discord.Member(data=data, guild=self.guild, state=self.client._connection)

    def _add_channel(self, dice: random.Random, number: int) -> Channel:
        core, described = self.core, self.described
        channel = Channel(core.ids.new(), f"c{number}", ChannelType.TEXT, described.id, number)
        self._shuffle(dice, channel)
        described.channels[channel.id] = channel
        if dice.random() < 0.3:
            now = core.clock.iso()
            thread = Thread(core.world.bot.id, now, now)
            made = Channel(core.ids.new(), "t", dice.choice(_THREADS), described.id, thread=thread)
            made.parent_id = channel.id
            described.channels[made.id] = made
        return channel

    def _shuffle(self, dice: random.Random, channel: Channel) -> None:
        channel.overwrites.clear()
        kinds = [(one, 0) for one in self.described.roles]
        kinds += [(str(10**17 + number), 1) for number in range(3)] + [(self.core.world.bot.id, 1)]
        for target, kind in dice.sample(kinds, dice.randint(0, 4)):
            granted = dice.choice(((VIEW, 0), (VIEW, 0), (0, VIEW), (0, 2048)))
            channel.overwrites[target] = Overwrite(target, kind, *granted)
        if dice.random() < 0.6:
            channel.overwrites[self.described.id] = Overwrite(self.described.id, 0, 0, VIEW)

    def _say_all(self) -> None:
        state, world = self.client._connection, self.core.world
        state.shard_count = 1
        state.user = discord.ClientUser(state=state, data=own_user_object(world))  # type: ignore[arg-type]
        data: Any = guild_data(world, self.described, self.core.clock.now(), unavailable=None)
        state._add_guild_from_data(data)

    def _edit_role(self, dice: random.Random) -> dict[str, Any]:
        role = dice.choice(list(self.described.roles.values()))
        role.permissions = dice.choice(_ROLE_RIGHTS)
        return {"role": role_object(role)}

    def _make_role(self, dice: random.Random) -> dict[str, Any]:
        role = Role(self.core.ids.new(), "new", dice.choice(_ROLE_RIGHTS), 9)
        self.described.roles[role.id] = role
        return {"role": role_object(role)}

    def _delete_role(self, dice: random.Random) -> dict[str, Any] | None:
        free = [one for one in self.described.roles.values() if one.name.startswith("r")]
        if not free:
            return None
        gone = dice.choice(free)
        del self.described.roles[gone.id]
        return {"role_id": gone.id}

    def _edit_channel(self, dice: random.Random) -> dict[str, Any]:
        channel = dice.choice([c for c in self.described.channels.values() if c.thread is None])
        self._shuffle(dice, channel)
        return channel_object(self.core.world, channel)

    def _make_channel(self, dice: random.Random) -> dict[str, Any]:
        return channel_object(self.core.world, self._add_channel(dice, 9))


_CHANGES: dict[str, Any] = {
    "GUILD_ROLE_UPDATE": Server._edit_role,
    "GUILD_ROLE_CREATE": Server._make_role,
    "GUILD_ROLE_DELETE": Server._delete_role,
    "CHANNEL_UPDATE": Server._edit_channel,
    "CHANNEL_CREATE": Server._make_channel,
}
