"""Acts of a server's admin on the world, and of Discord itself: outages, removals."""

from collections.abc import Iterable

from sandbox.core import Core
from sandbox.world import default_world
from sandbox.world.permissions import parse
from sandbox.world.world import Channel, ChannelType, Guild, Overwrite, Role, Thread, User

MAX_ROLES = 250
Rights = int | str | Iterable[str]
Target = User | Role | str


class Admin:
    """Everything may be named by object, id or name; LookupError for what is not there.

    ``announce=False`` changes the world without the gateway event: what happens while the bot is
    away, or what it never hears of.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self._world = core.world

    def add_guild(
        self,
        name: str,
        channels: Iterable[str] = ("alerts", "general"),
        owner: User | str = "Admin",
        *,
        announce: bool = True,
    ) -> Guild:
        ids = self._core.ids
        guild = default_world.make_guild(
            self._world, ids.new(), name, self._world.user(owner), ids.new()
        )
        for position, channel_name in enumerate(channels):
            made = Channel(ids.new(), channel_name, guild_id=guild.id, position=position)
            guild.channels[made.id] = made
        if announce:
            self._core.events.guild_here(guild, unavailable=None)
        return guild

    def remove_guild(self, guild: Guild | str, *, announce: bool = True) -> None:
        found = self._world.guild(guild)
        found.present = False
        if announce:
            self._core.events.guild_gone(found, unavailable=False)

    def readd_guild(self, guild: Guild | str) -> None:
        found = self._world.guild(guild)
        found.present = True
        self._core.events.guild_here(found, unavailable=None)

    def guild_unavailable(self, guild: Guild | str) -> None:
        """An outage on Discord's side."""
        found = self._world.guild(guild)
        found.unavailable = True
        self._core.events.guild_gone(found, unavailable=True)

    def guild_available(self, guild: Guild | str) -> None:
        found = self._world.guild(guild)
        found.unavailable = False
        self._core.events.guild_here(found, unavailable=False)

    def set_locale(self, guild: Guild | str, locale: str) -> None:
        found = self._world.guild(guild)
        found.locale = locale
        self._core.events.guild_changed(found)

    def add_user(self, name: str, guild: Guild | str, permissions: Rights = 0) -> User:
        """A new person in a server; with rights of their own if given."""
        user, found = User(self._core.ids.new(), name), self._world.guild(guild)
        self._world.users[user.id] = user
        member = default_world.add_member(found, user)
        if rights := parse(permissions):
            member.roles.append(self.add_role(found, f"{name}'s", rights).id)
        self._core.changes.stir()
        return user

    def close_dms(self, user: User | str, *, closed: bool = True) -> None:
        self._world.user(user).closed_dms = closed

    def add_role(
        self,
        guild: Guild | str,
        name: str,
        permissions: Rights = 0,
        *,
        mentionable: bool = False,
    ) -> Role:
        found = self._world.guild(guild)
        if len(found.roles) >= MAX_ROLES:
            raise ValueError(f"a server has {MAX_ROLES} roles at most")
        rights = parse(permissions)
        role = Role(self._core.ids.new(), name, rights, len(found.roles), mentionable)
        found.roles[role.id] = role
        self._core.events.role("CREATE", found, role)
        return role

    def edit_role(
        self,
        guild: Guild | str,
        role: Role | str,
        *,
        permissions: Rights | None = None,
        mentionable: bool | None = None,
    ) -> None:
        found = self._world.guild(guild)
        changed = self._world.role(found, role)
        before = self._core.events.in_sight(found)
        if permissions is not None:
            changed.permissions = parse(permissions)
        if mentionable is not None:
            changed.mentionable = mentionable
        self._core.events.role("UPDATE", found, changed)
        self._core.events.threads_appear(found, before)

    def delete_role(self, guild: Guild | str, role: Role | str) -> None:
        found = self._world.guild(guild)
        gone = self._world.role(found, role)
        del found.roles[gone.id]
        for member in found.members.values():
            member.roles = [one for one in member.roles if one != gone.id]
        self._core.events.role("DELETE", found, gone)

    def give_role(self, guild: Guild | str, user: User | str, role: Role | str) -> None:
        self._change_roles(guild, user, role, give=True)

    def take_role(self, guild: Guild | str, user: User | str, role: Role | str) -> None:
        self._change_roles(guild, user, role, give=False)

    def set_bot_permissions(self, guild: Guild | str, permissions: Rights) -> None:
        """The rights of the bot's own role; those of @everyone come on top."""
        found = self._world.guild(guild)
        own = next(role for role in found.roles.values() if role.bot_id == self._world.bot.id)
        self.edit_role(found, own, permissions=permissions)

    def time_out_bot(self, guild: Guild | str, seconds: float) -> None:
        found = self._world.guild(guild)
        member = found.members[self._world.bot.id]
        member.timed_out_until = self._core.clock.now() + seconds
        self._core.events.own_member(found, member)

    def add_channel(self, guild: Guild | str, name: str, kind: int = ChannelType.TEXT) -> Channel:
        found = self._world.guild(guild)
        return self._add(found, Channel(self._core.ids.new(), name, kind))

    def add_thread(
        self, parent: Channel | str, name: str, kind: int = ChannelType.PUBLIC_THREAD
    ) -> Channel:
        """A thread of the bot's own in a channel of a server."""
        home, now = self._world.channel(parent), self._core.clock.iso()
        thread = Thread(self._world.bot.id, now, now)
        made = Channel(self._core.ids.new(), name, kind, parent_id=home.id, thread=thread)
        return self._add(self._world.guild(home.guild_id or ""), made)

    def delete_channel(self, channel: Channel | str, *, announce: bool = True) -> None:
        """Delete a channel or thread, with the threads in it."""
        found = self._world.channel(channel)
        guild = self._world.guild_of(found)
        if guild is None:
            raise LookupError("only channels of a server can be deleted")
        for one in list(guild.channels.values()):
            if found.id in {one.id, one.parent_id}:
                del guild.channels[one.id]
        self._core.events.channel_gone(found, guild, announce=announce)

    def set_permissions(
        self,
        channel: Channel | str,
        target: Target = "bot",
        *,
        allow: Rights = 0,
        deny: Rights = 0,
        announce: bool = True,
    ) -> None:
        """Replace one overwrite of a channel; with neither allow nor deny it is removed."""
        found = self._world.channel(channel)
        target_id, kind = self._target(found, target)
        made = Overwrite(target_id, kind, parse(allow), parse(deny))
        guild = self._world.guild_of(found)
        before = set[str]() if guild is None else self._core.events.in_sight(guild)
        found.overwrites.pop(target_id, None)
        if made.allow or made.deny:
            found.overwrites[target_id] = made
        if announce:
            self._core.events.channel_changed(found)
        if announce and guild is not None:
            self._core.events.threads_appear(guild, before)

    def set_command_permission(
        self,
        guild: Guild | str,
        command: str | None,
        target: Channel | User | Role | str,
        *,
        allow: bool | None,
    ) -> None:
        """Server Settings → Integrations: give a command to somebody or to a place, or keep it.

        ``command`` None: all of them. ``target``: also ``"everyone"`` and ``"all channels"``.
        ``allow`` None takes back what was set.
        """
        found = self._world.guild(guild)
        known = None if command is None else self._core.registry.find(command, found.id)
        if command is not None and known is None:
            raise LookupError(f"there is no command /{command}")
        at = self._world.application.id if known is None else known["id"]
        given = found.command_permissions.setdefault(at, {})
        target_id = self._command_target(found, target)
        given.pop(target_id, None)
        if allow is not None:
            given[target_id] = allow
        self._core.events.command_permissions(found, at)

    def _command_target(self, guild: Guild, target: Channel | User | Role | str) -> str:
        if isinstance(target, str):
            special = {"everyone": guild.id, "all channels": guild.all_channels}
            if target in special:
                return special[target]
            pools = (guild.roles.values(), guild.channels.values(), self._world.users.values())
            return next(one.id for pool in pools for one in pool if target in {one.id, one.name})
        return target.id

    def set_thread(
        self, thread: Channel | str, *, archived: bool | None = None, locked: bool | None = None
    ) -> None:
        found = self._world.channel(thread)
        if found.thread is None:
            raise LookupError(f"#{found.name} is no thread")
        if archived is not None:
            found.thread.archived = archived
            found.thread.archive_timestamp = self._core.clock.iso()
        if locked is not None:
            found.thread.locked = locked
        self._core.events.channel_changed(found)

    def delete_message(self, message_id: str, *, announce: bool = True) -> None:
        stored = self._core.messages.find(message_id)
        if stored is None:
            raise LookupError(f"no message {message_id}")
        self._core.messages.delete(stored, announce=announce)

    def _add(self, guild: Guild, made: Channel) -> Channel:
        made.guild_id, made.position = guild.id, len(guild.channels)
        guild.channels[made.id] = made
        self._core.events.channel_made(made)
        return made

    def _change_roles(
        self, guild: Guild | str, user: User | str, role: Role | str, *, give: bool
    ) -> None:
        found = self._world.guild(guild)
        before = self._core.events.in_sight(found)
        member = found.members[self._world.user(user).id]
        role_id = self._world.role(found, role).id
        member.roles = [one for one in member.roles if one != role_id] + [role_id] * give
        if member.user_id == self._world.bot.id:
            self._core.events.own_member(found, member)
            self._core.events.threads_appear(found, before)

    def _target(self, channel: Channel, target: Target) -> tuple[str, int]:
        """Id and kind of who an overwrite is for: ``"bot"``, a user, or a role."""
        guild = self._world.guild_of(channel)
        if target == "bot":
            return self._world.bot.id, 1
        if isinstance(target, User) or guild is None:
            return self._world.user(target if isinstance(target, User) else str(target)).id, 1
        try:
            return self._world.role(guild, target).id, 0
        except LookupError:
            return self._world.user(str(target)).id, 1
