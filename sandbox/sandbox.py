"""Sandbox as tests and ``vigie demo`` use it: start it, be its people, read its channels."""

from types import TracebackType
from typing import Self

from sandbox.core import Core
from sandbox.interactions.people import People
from sandbox.server import Server
from sandbox.settings import Settings
from sandbox.time_lapse import TimeLapse
from sandbox.world.admin import Admin
from sandbox.world.world import World

TOKEN = "sandbox-token"  # noqa: S105 - it opens nothing but a sandbox


class Sandbox(People):
    """One stand-in for Discord.

    People, channels and servers may be named by object, id or name. What Discord's client would
    not let a person do raises :class:`sandbox.errors.Refused`.
    """

    def __init__(
        self,
        world: World | None = None,
        token: str = TOKEN,
        settings: Settings | None = None,
        *,
        key: str = "",
    ) -> None:
        """``key``: what whoever plays people over HTTP has to show; none is asked for without."""
        super().__init__(Core(token, settings or Settings(), world))
        self.admin = Admin(self._core)
        self._server = Server(self._core, self, self.admin, key)

    def show_time_lapse(self) -> None:
        """From now on the page shows a second as a minute, and the demo's sites by their names."""
        lapse = self._core.time_lapse = TimeLapse(self.clock.now())
        self._core.changes.publish({"type": "time_lapse", "time_lapse": lapse.as_json()})

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
        return self._server.url

    @property
    def page_url(self) -> str:
        return self._server.page_url

    @property
    def api_url(self) -> str:
        """Value for ``DISCORD_API_URL``."""
        return f"{self.url}/api/v10"
