"""The whole Vigie in one process: real services, real store, unmodified discord.py, the sandbox."""

import asyncio
import ipaddress
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.app import App
from bot.config import Config
from bot.db.database import Database
from sandbox import Answer, Sandbox

Json = dict[str, Any]
LOCAL = (ipaddress.ip_network("127.0.0.0/8"),)


class Site:
    """A web site on 127.0.0.1; ``status`` is what it answers, ``/canary`` is always fine."""

    def __init__(self) -> None:
        self.status = 200
        self.delay_s = 0.0
        self.url = ""
        self._asked = 0.0
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/canary", self._fine)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def heal(self) -> None:
        """Answer 200 again, between two rounds: in the middle of one it would look unstable."""
        # With an interval of 1 s a round's checks are 1/6 and 1/3 s apart, the next is 1/2 s away.
        await until(lambda: time.monotonic() - self._asked > 0.4)
        self.status = 200

    async def _fine(self, _request: web.Request) -> web.Response:
        return web.Response(text="fine")

    async def _answer(self, _request: web.Request) -> web.Response:
        self._asked = time.monotonic()
        await asyncio.sleep(self.delay_s)
        return web.Response(status=self.status, text="hello")


@dataclass
class BotFixture:
    """One running Vigie with its sandbox and its site."""

    sandbox: Sandbox
    site: Site
    app: App
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def guild_id(self) -> int:
        return int(self.sandbox.world.guild("Harbour").id)

    def channel_id(self, name: str) -> int:
        return int(self.sandbox.channel(name).id)

    def role_id(self, name: str) -> str:
        return self.sandbox.world.role(self.sandbox.world.guild("Harbour"), name).id

    async def run(
        self, command: str, /, who: str = "Admin", where: str = "general", **more: Any
    ) -> Answer:
        """Run a command; options are keywords, ``locale`` is the person's."""
        locale = more.pop("locale", "en-US")
        options = {key.rstrip("_"): value for key, value in more.items()}
        return await self.sandbox.command(who, where, command, options, locale=locale)

    def give(self, command: str, to: str, *, allow: bool | None = True) -> None:
        """Open a command to a role, a person or everyone: Server Settings → Integrations."""
        self.sandbox.admin.set_command_permission("Harbour", command, to, allow=allow)

    async def outage(self, name: str = "Shop", *, where: str = "alerts", **more: Any) -> Json:
        """Watch the site, let it fail, and return the alert; call :meth:`set_channel` before."""
        await self.run("watch add", url=self.site.url, name=name, every=1, **more)
        self.site.status = 503
        return await self.sandbox.wait_for_message(where, name)

    async def remove(self, monitor: str, who: str = "Admin") -> Answer:
        """Run ``/watch remove`` and press its "Remove"; returns what the question became."""
        question = await self.run("watch remove", who=who, monitor=monitor)
        return await self.sandbox.press(who, question, "Remove")

    async def set_channel(self, name: str = "alerts", **more: Any) -> Answer:
        return await self.run("alerts channel", channel=self.sandbox.channel(name).id, **more)


def config_for(sandbox: Sandbox, site: Site, tmp_path: Path, **settings: Any) -> Config:
    """``api_port``: where a sandbox that does not run yet is going to listen."""
    port = settings.pop("api_port", None)
    return Config(
        **{
            "token": sandbox.token,
            "api_url": f"http://127.0.0.1:{port}/api/v10" if port else sandbox.api_url,
            "database": tmp_path / "vigie.db",
            "allow_private": LOCAL,
            "canaries": (f"{site.url}/canary",),
            "min_interval_s": 1,
            **settings,
        }
    )


@asynccontextmanager
async def running_bot(
    tmp_path: Path, *, sandbox: Sandbox | None = None, online: bool = True, **settings: Any
) -> AsyncIterator[BotFixture]:
    """Start everything; ``online=False`` returns before Discord is reached."""
    site = Site()
    await site.start()
    discord = sandbox or Sandbox()
    if sandbox is None:
        await discord.start()
    db = await Database.open(tmp_path / "vigie.db")
    try:
        app = App(config_for(discord, site, tmp_path, **settings), db)
        await app.start()
        parts = (
            *(app.scheduler.run(), app.recorder.run(), app.delivery.run()),
            *(app.services.boards.run(), app._serve()),
        )
        fixture = BotFixture(discord, site, app, [asyncio.create_task(part) for part in parts])
        try:
            if online:
                await discord.wait_online()
                await until(app.guilds.known)
            yield fixture
        finally:
            for task in fixture.tasks:
                task.cancel()
            await asyncio.gather(*fixture.tasks, return_exceptions=True)
            if app.door is not None:
                await app.door.stop()
            await app.recorder.flush()  # as a stop in order does: it is written every five seconds
            await app.engine.resolver.close()
    finally:
        await db.close()
        await site.stop()
        if sandbox is None:
            await discord.stop()
    assert discord.record.unknown_routes == []
    assert discord.record.bugs == []


def run_with_bot(
    tmp_path: Path, scenario: Callable[[BotFixture], Coroutine[Any, Any, None]], **settings: Any
) -> None:
    """Run one scenario on a fresh Vigie."""

    async def whole_run() -> None:
        async with running_bot(tmp_path, **settings) as fixture:
            await scenario(fixture)

    asyncio.run(whole_run())


async def until(found: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait for something outside the sandbox."""
    async with asyncio.timeout(seconds):
        while not found():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0.01)


def labels(message: Json) -> list[str]:
    """The labels of a message's buttons."""
    return [b["label"] for row in message["components"] for b in row["components"]]
