"""The people of the sandbox: what they read, write, run and press, and waiting for it."""

import contextlib
from collections.abc import Callable
from typing import Any, TypeVar

from sandbox.changes import Listener
from sandbox.core import Core
from sandbox.errors import Json, Refused
from sandbox.interactions.answer import NO_ANSWER, Answer, picture, readable
from sandbox.interactions.inputs import (
    SELECTS,
    OptionReader,
    component_data,
    descend,
    find_component,
    modal_data,
    nest,
)
from sandbox.interactions.interaction import (
    IN_BOT_DM,
    IN_GUILD,
    Callback,
    Interaction,
    Kind,
    interaction_create,
)
from sandbox.messages import posting
from sandbox.messages.store import Stored
from sandbox.world.objects import channel_object, role_object, user_object
from sandbox.world.permissions import Permission, may_use, rights_of
from sandbox.world.world import Channel, User

T = TypeVar("T")
WAIT_S = 60.0  # at most; a busy machine takes its time, and nobody waits in vain


class View:
    """Reading half of :class:`sandbox.Sandbox`."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self.token = core.token
        self.settings = core.settings
        self.clock = core.clock
        self.world = core.world
        self.record = core.record
        self.faults = core.faults
        # Drop, refuse, invalidate; and what it has seen: sessions, identifies, resumes.
        self.gateway = core.hub
        self.panel = core.panel

    @property
    def commands(self) -> list[Json]:
        """Commands the bot has registered, everywhere and for single servers."""
        return self._core.registry.everything()

    @property
    def ever(self) -> list[Stored]:
        """Every message ever made, oldest first: deleted and ephemeral ones too."""
        return list(self._core.messages.ever.values())

    def channel(self, wanted: Channel | str) -> Channel:
        return self.world.channel(wanted)

    def messages(self, channel: Channel | str) -> list[Json]:
        """The living public messages of a channel, oldest first."""
        found = self._core.messages.in_channel(self.world.channel(channel).id)
        return [self._core.messages.view(stored) for stored in found]

    def dm(self, user: User | str) -> list[Json]:
        """Private messages of the bot and this person, oldest first."""
        wanted = self.world.user(user).id
        found = [c for c in self.world.dms.values() if c.recipient_id == wanted]
        return [message for channel in found for message in self.messages(channel)]

    def texts(self, channel: Channel | str) -> list[str]:
        """The contents alone."""
        return [str(message["content"]) for message in self.messages(channel)]

    def message(self, message_id: str) -> Json | None:
        """A living message, also an ephemeral one, as it is now."""
        stored = self._core.messages.find(message_id)
        return self._core.messages.view(stored) if stored else None

    def ephemerals(self, user: User | str) -> list[Json]:
        """Messages only this person sees, oldest first."""
        wanted = self.world.user(user).id
        found = self._core.messages.ephemeral()
        return [self._core.messages.view(one) for one in found if one.ephemeral_for == wanted]

    def say(self, user: User | str, channel: Channel | str, content: str) -> Json:
        author, where = self.world.user(user), self.world.channel(channel)
        stored = posting.post(self._core, author, where, {"content": content}, {})
        return self._core.messages.view(stored)

    def look(self, answer: Answer) -> Answer:
        """The same interaction as it stands now: edits and follow-ups included."""
        return picture(self._core, self._core.interactions.by_id[answer.interaction_id])

    def listen(self, listener: Listener) -> None:
        """Hear of every change as the page does: a JSON object with its ``type``."""
        self._core.changes.listen(listener)

    async def wait_for(self, predicate: Callable[[], T], timeout: float = WAIT_S) -> T:  # noqa: ASYNC109 - the contract's name
        """Wait until ``predicate`` is truthy and return its value; TimeoutError after that."""
        return await self._core.changes.wait_for(predicate, timeout)

    async def wait_for_message(
        self,
        channel: Channel | str,
        text: str = "",
        timeout: float = WAIT_S,  # noqa: ASYNC109 - as wait_for
    ) -> Json:
        """The newest message of a channel whose readable words contain ``text``."""

        def found() -> Json | None:
            fitting = [m for m in self.messages(channel) if text in readable(m)]
            return fitting[-1] if fitting else None

        message = await self.wait_for(found, timeout)
        if message is None:
            raise TimeoutError
        return message

    async def wait_online(self, timeout: float = WAIT_S) -> None:  # noqa: ASYNC109 - as wait_for
        """Wait until the bot is on the gateway; it has registered its commands before that."""
        await self.wait_for(lambda: self.gateway.online, timeout)


class People(View):
    """The acting half of :class:`sandbox.Sandbox`.

    Everything raises Refused when Discord's client would not let a person do it. An answer that the
    bot defers is waited for, ``settle_s`` at most (0: not).
    """

    async def command(
        self,
        user: User | str,
        channel: Channel | str,
        name: str,
        options: Json | None = None,
        *,
        locale: str = "en-US",
        settle_s: float = WAIT_S,
    ) -> Answer:
        """Run ``watch add`` with options."""
        who, where = self.world.user(user), self.world.channel(channel)
        data = self._command_data(who, where, name, options or {}, None)
        interaction = await self._begin(Kind.COMMAND, data, who, where, locale)
        return await self._settled(interaction, settle_s)

    async def autocomplete(
        self,
        user: User | str,
        channel: Channel | str,
        name: str,
        option: str,
        text: str = "",
        *,
        options: Json | None = None,
        locale: str = "en-US",
    ) -> list[Json]:
        """The choices (``name``, ``value``) offered while somebody types ``text``."""
        who, where = self.world.user(user), self.world.channel(channel)
        data = self._command_data(who, where, name, {**(options or {}), option: text}, option)
        interaction = await self._begin(Kind.AUTOCOMPLETE, data, who, where, locale)
        if interaction.choices is None:
            raise Refused(NO_ANSWER)
        return interaction.choices

    async def press(
        self,
        user: User | str,
        message: Json | Answer | str,
        what: str,
        *,
        values: list[str] | None = None,
        locale: str = "en-US",
        settle_s: float = WAIT_S,
    ) -> Answer:
        """Press a button, or pick ``values`` in a select, named by custom_id or label."""
        key = message.message_id if isinstance(message, Answer) else message
        stored = self._core.messages.find(key if isinstance(key, str) else str(key["id"]))
        if stored is None:
            raise Refused("this message is gone")
        who, channel = self.world.user(user), self.world.channel(stored.channel_id)
        self._require_sight(who, channel, Permission.VIEW_CHANNEL)
        if stored.ephemeral_for not in {None, who.id}:
            raise Refused("somebody else's private answer")
        component = find_component(stored.message, what)
        data = component_data(component, values)
        if found := self._resolved(component, data.get("values", []), channel):
            data["resolved"] = found
        interaction = await self._begin(Kind.COMPONENT, data, who, channel, locale, source=stored)
        return await self._settled(interaction, settle_s)

    async def submit_modal(
        self,
        user: User | str,
        opened: Answer | str,
        values: dict[str, Any],
        *,
        locale: str = "en-US",
        settle_s: float = WAIT_S,
    ) -> Answer:
        """Submit the modal that ``opened`` (an answer or an interaction's id) showed."""
        key = opened.interaction_id if isinstance(opened, Answer) else opened
        who, parent = self.world.user(user), self._core.interactions.by_id.get(key)
        if parent is None or parent.modal is None or parent.user_id != who.id:
            raise Refused("no modal is open for this person")
        data = modal_data(parent.modal, values)
        channel = self.world.channel(parent.channel_id)
        interaction = await self._begin(
            Kind.MODAL, data, who, channel, locale, source=parent.source, parent=parent
        )
        return await self._settled(interaction, settle_s)

    async def _begin(
        self,
        kind: Kind,
        data: Json,
        user: User,
        channel: Channel,
        locale: str,
        *,
        source: Stored | None = None,
        parent: Interaction | None = None,
    ) -> Interaction:
        """Notify the bot and wait for its first answer, three seconds at most."""
        core = self._core
        interaction = Interaction(
            kind, data, user.id, channel.id, channel.guild_id, locale, source, parent
        )
        core.interactions.begin(interaction)
        event = interaction_create(core, interaction)
        core.hub.dispatch("INTERACTION_CREATE", event, channel.guild_id, intent=0)
        try:
            await core.changes.wait_for(
                lambda: interaction.answered is not None, core.settings.first_answer_s
            )
        except TimeoutError:
            interaction.missed = True
        return interaction

    async def _settled(self, interaction: Interaction, settle_s: float) -> Answer:
        """The picture once a deferral is filled in, or after ``settle_s``."""

        def now() -> Answer:
            return picture(self._core, interaction)

        if interaction.answered is Callback.DEFER and settle_s > 0:
            with contextlib.suppress(TimeoutError):
                await self.wait_for(lambda: now().status != "deferred", settle_s)
        return now()

    def _command_data(
        self, user: User, channel: Channel, name: str, options: Json, focused: str | None
    ) -> Json:
        first, *path = name.removeprefix("/").split()
        command = self._core.registry.find(first, channel.guild_id)
        if command is None:
            raise Refused(f"there is no command /{first}")
        self._require_command(user, channel, command)
        specs, way = descend(command, path)
        if focused is not None:
            spec = next((s for s in specs if s["name"] == focused), {})
            if not spec.get("autocomplete"):
                raise Refused(f"{focused} offers no choices")
        guild = self._core.world.guild_of(channel)
        reader = OptionReader(self._core, channel, guild)
        leaf = reader.read(specs, options, focused=focused)
        data: Json = {"id": command["id"], "name": first, "type": command["type"]}
        if found := nest(way, leaf):
            data["options"] = found
        if reader.resolved:
            data["resolved"] = reader.resolved
        if "guild_id" in command:
            data["guild_id"] = command["guild_id"]
        return data

    def _require_command(self, user: User, channel: Channel, command: Json) -> None:
        """Contexts, the right to use commands, and whom the server gave this one to."""
        context = IN_GUILD if channel.guild_id else IN_BOT_DM
        contexts = command.get("contexts")
        if contexts is None:
            contexts = [IN_GUILD, IN_BOT_DM] if command["dm_permission"] else [IN_GUILD]
        if context not in contexts:
            raise Refused(f"/{command['name']} is not offered here")
        self._require_sight(user, channel, Permission.USE_APPLICATION_COMMANDS)
        if not may_use(self._core, user, channel, command):
            raise Refused(f"{user.name} may not use /{command['name']}")

    def _require_sight(self, user: User, channel: Channel, needed: Permission) -> None:
        guild = self._core.world.guild_of(channel)
        if guild is not None and not guild.present:
            raise Refused("the bot is not in this server")
        rights = rights_of(self._core, user, channel)
        if Permission.VIEW_CHANNEL not in rights or needed not in rights:
            raise Refused(f"{user.name} may not do that in #{channel.name}")

    def _resolved(self, component: Json, values: list[str], channel: Channel) -> Json:
        """The objects that a user, role or channel select's values stand for."""
        world, guild = self._core.world, self._core.world.guild_of(channel)
        kind = SELECTS.get(component["type"], "")
        if kind == "users":
            return {kind: {one: user_object(world.users[one]) for one in values}}
        if kind == "roles" and guild:
            return {kind: {one: role_object(guild.roles[one]) for one in values}}
        if kind == "channels":
            found = {one: channel_object(world, world.channel(one)) for one in values}
            return {kind: {k: {**v, "permissions": "0"} for k, v in found.items()}}
        return {}
