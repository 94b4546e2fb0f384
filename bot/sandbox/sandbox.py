"""The sandbox as tests and ``vigie demo`` use it: start it, be its people, look at its channels."""

from types import TracebackType
from typing import Any, Self

from bot.sandbox.core import assemble
from bot.sandbox.errors import Json
from bot.sandbox.interactions.answer import Answer, picture
from bot.sandbox.interactions.interaction import Callback, Interaction
from bot.sandbox.interactions.people import People
from bot.sandbox.messages.store import Stored
from bot.sandbox.server import Server
from bot.sandbox.settings import Settings
from bot.sandbox.view import View
from bot.sandbox.world.admin import Admin
from bot.sandbox.world.nouns import Channel, User
from bot.sandbox.world.world import World

TOKEN = "sandbox-token"  # noqa: S105 - it opens nothing but a sandbox
SETTLE_S = 10.0


class Sandbox(View):
    """One stand-in for Discord.

    People, channels and servers may be named by object, id or name. What Discord's client would
    not let a person do raises :class:`bot.sandbox.errors.Refused`.
    """

    def __init__(
        self,
        world: World | None = None,
        token: str = TOKEN,
        settings: Settings | None = None,
    ) -> None:
        super().__init__(assemble(token, settings or Settings(), world))
        self._people = People(self._core)
        self.admin = Admin(self._core)
        self._server = Server(self._core, self._people, self.admin)

    async def start(self, port: int = 0) -> None:
        """Listen on 127.0.0.1; port 0 takes a free one. OSError when the port is taken."""
        await self._server.start(port)

    async def stop(self) -> None:
        """Cut every connection and stop listening. World and messages stay for a new start."""
        await self._server.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()
        if error is None and self.record.bugs:
            raise RuntimeError("the sandbox itself failed:\n" + "\n".join(self.record.bugs))

    @property
    def port(self) -> int:
        return self._server.port

    @property
    def url(self) -> str:
        """Where the page is."""
        return self._server.url

    @property
    def api_url(self) -> str:
        """What ``DISCORD_API_URL`` has to be."""
        return f"{self.url}/api/v10"

    async def command(
        self,
        user: User | str,
        channel: Channel | str,
        name: str,
        options: Json | None = None,
        *,
        locale: str = "en-US",
        settle_s: float = SETTLE_S,
    ) -> Answer:
        """Run ``watch add``. A deferred answer is waited for, ``settle_s`` at most (0: not)."""
        who, where = self.world.user(user), self.world.channel(channel)
        interaction = await self._people.command(who, where, name, options or {}, locale)
        return await self._settled(interaction, settle_s)

    async def press(
        self,
        user: User | str,
        message: Json | Answer | str,
        what: str,
        *,
        values: list[str] | None = None,
        locale: str = "en-US",
        settle_s: float = SETTLE_S,
    ) -> Answer:
        """Press a button, or pick ``values`` in a select, named by custom_id or label."""
        stored = self._stored(message)
        who = self.world.user(user)
        interaction = await self._people.component(who, stored, what, values, locale)
        return await self._settled(interaction, settle_s)

    async def submit_modal(
        self,
        user: User | str,
        opened: Answer | str,
        values: dict[str, Any],
        *,
        locale: str = "en-US",
        settle_s: float = SETTLE_S,
    ) -> Answer:
        """Submit the modal that ``opened`` (an answer or an interaction's id) showed."""
        key = opened.interaction_id if isinstance(opened, Answer) else opened
        parent = self._core.interactions.by_id[key]
        interaction = await self._people.submit(self.world.user(user), parent, values, locale)
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
        return await self._people.autocomplete(
            who, where, name, options or {}, focused=(option, text), locale=locale
        )

    def _stored(self, message: Json | Answer | str) -> Stored:
        key = message.message_id if isinstance(message, Answer) else message
        message_id = key if isinstance(key, str) else str(key["id"])
        stored = self._core.messages.find(message_id)
        if stored is None:
            raise LookupError(f"no message {message_id}")
        return stored

    async def _settled(self, interaction: Interaction, settle_s: float) -> Answer:
        """The picture once a deferral is filled in, or after ``settle_s``."""
        if interaction.answered is Callback.DEFER and settle_s > 0:
            try:
                await self.wait_for(
                    lambda: picture(self._core, interaction).status != "deferred", settle_s
                )
            except TimeoutError:
                return picture(self._core, interaction)
        return picture(self._core, interaction)
