"""What a test sees of a sandbox: its parts, its channels, and how to wait for something."""

from collections.abc import Callable
from typing import TypeVar

from sandbox.changes import Listener
from sandbox.core import Core
from sandbox.errors import Json
from sandbox.interactions.answer import Answer, picture, readable
from sandbox.messages import posting
from sandbox.messages.store import Stored
from sandbox.world.nouns import Channel, User

T = TypeVar("T")


class View:
    """The reading half of :class:`sandbox.Sandbox`."""

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

    @property
    def commands(self) -> list[Json]:
        """What the bot has registered, everywhere and for single servers."""
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
        """What the bot and this person wrote each other in private, oldest first."""
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
        """What only this person sees, oldest first."""
        wanted = self.world.user(user).id
        found = self._core.messages.ephemeral()
        return [self._core.messages.view(one) for one in found if one.ephemeral_for == wanted]

    def say(self, user: User | str, channel: Channel | str, content: str) -> Json:
        """Somebody writes a plain message."""
        author, where = self.world.user(user), self.world.channel(channel)
        stored = posting.post(self._core, author, where, {"content": content}, {})
        return self._core.messages.view(stored)

    def look(self, answer: Answer) -> Answer:
        """The same interaction as it stands now: edits and follow-ups included."""
        return picture(self._core, self._core.interactions.by_id[answer.interaction_id])

    def listen(self, listener: Listener) -> None:
        """Hear of every change as the page does: a JSON object with its ``type``."""
        self._core.changes.listen(listener)

    async def wait_for(self, predicate: Callable[[], T], timeout: float = 5.0) -> T:  # noqa: ASYNC109 - the contract's name
        """Wait until ``predicate`` is truthy and return its value; TimeoutError after that."""
        return await self._core.changes.wait_for(predicate, timeout)

    async def wait_for_message(
        self,
        channel: Channel | str,
        text: str = "",
        timeout: float = 5.0,  # noqa: ASYNC109 - as wait_for
    ) -> Json:
        """The newest message of a channel whose readable words contain ``text``."""

        def found() -> Json | None:
            fitting = [m for m in self.messages(channel) if text in readable(m)]
            return fitting[-1] if fitting else None

        message = await self.wait_for(found, timeout)
        if message is None:
            raise TimeoutError
        return message

    async def wait_online(self, timeout: float = 10.0) -> None:  # noqa: ASYNC109 - as wait_for
        """Wait until the bot is on the gateway; it has registered its commands before that."""
        await self.wait_for(lambda: self.gateway.online, timeout)
