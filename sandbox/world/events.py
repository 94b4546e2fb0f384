"""Gateway events, and news for the page, of changed servers, channels and roles."""

from sandbox.changes import Changes
from sandbox.clock import SandboxClock
from sandbox.errors import Json
from sandbox.gateway.hub import Hub
from sandbox.world.objects import (
    channel_object,
    guild_object,
    member_object,
    role_object,
)
from sandbox.world.permissions import Permission, in_channel
from sandbox.world.world import Channel, Guild, Member, Role, World


def role_list(guild: Guild) -> list[Json]:
    """A server's roles as the page knows them."""
    return [{"id": role.id, "name": role.name} for role in guild.roles.values()]


class WorldEvents:
    def __init__(self, world: World, clock: SandboxClock, hub: Hub, changes: Changes) -> None:
        self._world = world
        self._clock = clock
        self._hub = hub
        self._changes = changes

    def channel_made(self, channel: Channel) -> None:
        extra = {"newly_created": True} if channel.thread else {}
        self._channel("CREATE", channel, self._world.guild_of(channel), extra)

    def channel_changed(self, channel: Channel) -> None:
        self._channel("UPDATE", channel, self._world.guild_of(channel), {})

    def channel_gone(self, channel: Channel, guild: Guild, *, announce: bool = True) -> None:
        """CHANNEL_DELETE; without ``announce`` only the page learns of it."""
        if announce:
            self._channel("DELETE", channel, guild, {})
        else:
            self.page(channel.guild_id)

    def guild_changed(self, guild: Guild) -> None:
        if guild.present:
            self._hub.dispatch("GUILD_UPDATE", guild_object(guild), guild.id)
        self._changes.stir()

    def guild_here(self, guild: Guild, *, unavailable: bool | None) -> None:
        """GUILD_CREATE: joined (None) or back from an outage (False)."""
        data = self._hub.guild_create(guild, unavailable=unavailable)
        self._hub.dispatch("GUILD_CREATE", data, guild.id)
        self.page(guild.id)

    def guild_gone(self, guild: Guild, *, unavailable: bool) -> None:
        """GUILD_DELETE: an outage, or the bot was removed (then without ``unavailable``)."""
        data: Json = {"id": guild.id}
        if unavailable:
            data["unavailable"] = True
        self._hub.dispatch("GUILD_DELETE", data, guild.id)
        self.page(guild.id)

    def role(self, event: str, guild: Guild, role: Role) -> None:
        """``event``: CREATE, UPDATE or DELETE."""
        data: Json = {"guild_id": guild.id, "role": role_object(role)}
        if event == "DELETE":
            data = {"guild_id": guild.id, "role_id": role.id}
        if guild.present:
            self._hub.dispatch(f"GUILD_ROLE_{event}", data, guild.id)
        self._changes.publish({"type": "roles", "guild_id": guild.id, "roles": role_list(guild)})

    def command_permissions(self, guild: Guild, at: str) -> None:
        """APPLICATION_COMMAND_PERMISSIONS_UPDATE of one command, or of the application."""
        given = guild.command_permissions[at].items()
        permissions = [
            {"id": one, "type": _target_type(guild, one), "permission": allowed}
            for one, allowed in given
        ]
        application_id = self._world.application.id
        data = {"id": at, "application_id": application_id, "guild_id": guild.id}
        event = "APPLICATION_COMMAND_PERMISSIONS_UPDATE"
        self._hub.dispatch(event, {**data, "permissions": permissions}, guild.id)
        self._changes.stir()

    def own_member(self, guild: Guild, member: Member) -> None:
        """The bot's own membership changed; sent whatever the intents are."""
        data = {**member_object(self._world, member), "guild_id": guild.id}
        self._hub.dispatch("GUILD_MEMBER_UPDATE", data, guild.id, intent=0)

    def in_sight(self, guild: Guild) -> set[str]:
        """The channels of a server that the bot sees."""
        bot, now = guild.members[self._world.bot.id], self._clock.now()
        return {
            channel.id
            for channel in guild.channels.values()
            if Permission.VIEW_CHANNEL in in_channel(guild, bot, channel, now)
        }

    def threads_appear(self, guild: Guild, before: set[str]) -> None:
        """THREAD_LIST_SYNC: the active threads of the channels that came into the bot's sight."""
        new = self.in_sight(guild) - before
        channels = [guild.channels[one] for one in sorted(new)]
        parents = [channel.id for channel in channels if channel.thread is None]
        if not parents or not guild.present:
            return
        threads = [
            channel_object(self._world, channel)
            for channel in channels
            if channel.thread is not None and not channel.thread.archived
        ]
        data = {"guild_id": guild.id, "channel_ids": parents, "threads": threads, "members": []}
        self._hub.dispatch("THREAD_LIST_SYNC", data, guild.id)

    def page(self, guild_id: str | None) -> None:
        guild = self._world.guilds.get(guild_id or "")
        self._changes.publish(
            {
                "type": "channels",
                "guild_id": guild_id,
                "channels": channel_list(guild) if guild else [],
            }
        )

    def _channel(self, event: str, channel: Channel, guild: Guild | None, extra: Json) -> None:
        if guild is not None and guild.present:
            kind = "THREAD" if channel.thread else "CHANNEL"
            if kind == "THREAD" and event != "DELETE" and channel.id not in self.in_sight(guild):
                return
            data = {**channel_object(self._world, channel), **extra}
            if kind == "THREAD" and event == "DELETE":
                data = {k: data[k] for k in ("id", "guild_id", "parent_id", "type")}
            self._hub.dispatch(f"{kind}_{event}", data, guild.id)
        self.page(channel.guild_id)


def _target_type(guild: Guild, target_id: str) -> int:
    """1 a role, 2 a person, 3 a channel."""
    if target_id in guild.roles:
        return 1
    return 3 if target_id in guild.channels or target_id == guild.all_channels else 2


def channel_list(guild: Guild) -> list[Json]:
    return [
        {"id": channel.id, "name": channel.name, "type": int(channel.type)}
        for channel in guild.channels.values()
    ]
