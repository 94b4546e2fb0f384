"""The real bot as its own process, against a sandbox and local sites that the test holds.

    async with Harness(tmp_path) as h:
        await h.bot.start()
        await h.watch("shop")
        h.sites["shop"].fail(500)
        post = await h.wait_post("🔴 DOWN")
        await h.bot.kill()

Leaving the block stops the bot and checks the invariants of tests/invariants.py.
"""

import asyncio
import contextlib
import signal
import socket
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from bot.config import child_environment
from bot.db import guilds, monitors
from bot.db.database import Connection, Database
from bot.models import GuildSettings, Monitor, Target
from sandbox import Answer, Sandbox
from sandbox.settings import Settings
from tests import invariants

Json = dict[str, Any]
ALERTS = "alerts"
WAIT_S = 60.0  # at most; a busy machine takes its time, and no test is about that
STOP_S = 30.0
# A round of a monitor with every:1 is over so long after its last visit, and the next not begun.
BETWEEN_ROUNDS_S = 0.4


class LocalSite:
    """One web site on its own port of 127.0.0.1; every visit meets the fate of that moment."""

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/"
        self.visits = 0
        self.status = 200
        self.delay_s = 0.0
        self._cut = False
        self._asked = 0.0

    def fail(self, status: int = 500) -> None:
        """Answer with this status from now on."""
        self.status = status

    def cut(self) -> None:
        """Reset every connection from now on."""
        self._cut = True

    def hang(self, seconds: float = 60.0) -> None:
        self.delay_s = seconds

    def recover(self) -> None:
        """Be fine from this very moment, even in the middle of a round."""
        self.status, self.delay_s, self._cut = 200, 0.0, False

    async def heal(self) -> None:
        """Be fine again between two rounds: in the middle of one it would look unstable."""
        async with asyncio.timeout(WAIT_S):
            while time.monotonic() - self._asked < BETWEEN_ROUNDS_S:  # noqa: ASYNC110 - nothing sets one
                await asyncio.sleep(0.02)
        self.recover()

    async def visited(self, times: int, seconds: float = WAIT_S) -> None:
        """Wait for so many more visits."""
        wanted = self.visits + times
        await until(lambda: self.visits >= wanted, seconds)

    async def open(self, runner: web.AppRunner) -> None:
        await web.SockSite(runner, self._socket, backlog=512).start()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.visits += 1
        self._asked = time.monotonic()
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        if self._cut and request.transport is not None:
            request.transport.abort()
        return web.Response(status=self.status, text="hello")


class LocalSites(dict[str, LocalSite]):
    """All sites of a test by name. ``canary`` is there from the start."""

    def __init__(self) -> None:
        super().__init__()
        self._by_port: dict[int, LocalSite] = {}
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await self.open("canary")

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def open(self, name: str) -> LocalSite:
        """The site of this name; made when there is none."""
        if self._runner is None:
            raise RuntimeError("the sites have not been started")
        if name not in self:
            site = self[name] = LocalSite()
            self._by_port[site.port] = site
            await site.open(self._runner)
        return self[name]

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        transport = request.transport
        port = transport.get_extra_info("sockname")[1] if transport is not None else 0
        return await self._by_port[port].answer(request)


class BotProcess:
    """``python -m bot run`` with real signals. Its output is kept in ``log``."""

    def __init__(self, sandbox: Sandbox, environment: dict[str, str], folder: Path) -> None:
        self.environment = environment
        self._sandbox = sandbox
        self._folder = folder
        self._log = folder / "bot.log"
        self.process: asyncio.subprocess.Process | None = None

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.returncode is None

    @property
    def log(self) -> str:
        """Everything all its lives have written."""
        return self._log.read_text("utf-8") if self._log.exists() else ""

    async def start(self, *, online: bool = True, **environment: str) -> None:
        """Start it; ``online=False`` returns before it has reached Discord's gateway.

        Keywords are more environment variables.
        """
        assert not self.running
        sessions = len(self._sandbox.gateway.identifies)
        with self._log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "bot", "run"),
                cwd=self._folder,
                env=self.environment | environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        if online:
            await self._until_online(sessions)

    async def _until_online(self, sessions: int) -> None:
        def here() -> bool:
            new = len(self._sandbox.gateway.identifies) > sessions
            return new and self._sandbox.gateway.online and bool(self._sandbox.commands)

        try:
            await until(lambda: here() or not self.running)
        except TimeoutError:
            raise AssertionError(f"the bot did not come online:\n{self.log}") from None
        assert self.running, f"the bot ended by itself:\n{self.log}"

    async def kill(self) -> None:
        """SIGKILL: it gets no chance to do anything."""
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()

    async def stop(self, seconds: float = STOP_S) -> int:
        """SIGTERM; returns the exit status. TimeoutError when it takes too long."""
        if self.running and self.process is not None:
            self.process.send_signal(signal.SIGTERM)
        return await self.wait_exit(seconds)

    async def wait_exit(self, seconds: float = STOP_S) -> int:
        """Wait until it ends by itself; returns the exit status."""
        assert self.process is not None
        return await asyncio.wait_for(self.process.wait(), seconds)

    async def restart(self, *, kill: bool = True, online: bool = True) -> None:
        await (self.kill() if kill else self.stop())
        await self.start(online=online)


@dataclass
class Expected:
    """What a test breaks on purpose, so that the invariants do not complain."""

    invalid_requests: int = invariants.MAX_INVALID
    unsent: bool = False  # channels stay closed: what is missing there is not missing
    ignored: set[str] = field(default_factory=set)  # names of monitors that are not looked at


class Harness:
    """A sandbox, local sites and one bot. Everybody is an admin of the server Harbour."""

    def __init__(
        self, folder: Path, *, settings: Settings | None = None, **environment: str
    ) -> None:
        self.folder = folder
        self.database = folder / "vigie.db"
        self.sandbox = Sandbox(settings=settings)
        self.sites = LocalSites()
        self.expected = Expected()
        self._environment = environment
        self._configured = False
        self.bot: BotProcess

    async def __aenter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        await self.sites.start()
        await self.sandbox.start()
        environment = child_environment(
            DISCORD_TOKEN=self.sandbox.token,
            DISCORD_API_URL=self.sandbox.api_url,
            VIGIE_DATABASE=str(self.database),
            VIGIE_ALLOW_PRIVATE="127.0.0.0/8",
            VIGIE_CANARIES=self.sites["canary"].url,
            VIGIE_MIN_INTERVAL="1",
        )
        self.bot = BotProcess(self.sandbox, environment | self._environment, self.folder)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self.sandbox.faults.clear()
                await self.settle()
        finally:
            if self.bot.running:
                await (self.bot.stop() if error is None else self.bot.kill())
            await self.sandbox.stop()
            await self.sites.stop()
        if error is None:
            self.check()
        elif isinstance(error, AssertionError | TimeoutError):
            error.add_note(f"the bot's log:\n{self.bot.log[-4000:]}")

    # What people do.

    async def command(self, name: str, /, *, who: str = "Admin", **options: Any) -> Answer:
        """Run a slash command in #general."""
        return await self.sandbox.command(who, "general", name, options)

    async def alerts(self, channel: str = ALERTS, **options: Any) -> Answer:
        """``/alerts channel``."""
        self._configured = True
        channel_id = self.sandbox.channel(channel).id
        return await self.command("alerts channel", channel=channel_id, **options)

    async def watch(self, name: str, *, every: int = 1, **options: Any) -> LocalSite:
        """Open a site and ``/watch add`` it; chooses #alerts first if nobody has chosen."""
        if not self._configured:
            await self.alerts()
        site = await self.sites.open(name)
        answer = await self.command("watch add", url=site.url, name=name, every=every, **options)
        assert "Watching" in str(answer.message), answer
        return site

    async def seed(
        self,
        *names: str,
        every: int = 1,
        channel: str = ALERTS,
        own_channels: bool = False,
        **more: Any,
    ) -> None:
        """Watch sites by writing them into the database while the bot is not running.

        ``own_channels``: each has an alert channel of its own name. Keywords are GuildSettings.
        """
        assert not self.bot.running
        guild = self.sandbox.world.guild("Harbour")
        channel_id = int(self.sandbox.channel(channel).id)
        settings = GuildSettings(int(guild.id), channel_id=channel_id, set_by=int(guild.owner_id))
        watched = []
        for name in names:
            target = Target(url=(await self.sites.open(name)).url)
            own = int(self.sandbox.admin.add_channel(guild, name).id) if own_channels else None
            watched.append(Monitor(0, int(guild.id), name, target, every, channel_id=own))

        def write(conn: Connection) -> None:
            guilds.save(conn, replace(settings, **more))
            for monitor in watched:
                monitors.insert(conn, monitor)

        db = await Database.open(self.database)
        try:
            await db.write(write)
        finally:
            await db.close()
        self._configured = True

    # What people see.

    def posts(self, channel: str = ALERTS) -> list[Json]:
        """The bot's living messages of a channel, oldest first."""
        own = self.sandbox.world.bot.id
        return [m for m in self.sandbox.messages(channel) if m["author"]["id"] == own]

    def texts(self, channel: str = ALERTS) -> list[str]:
        return [str(message["content"]) for message in self.posts(channel)]

    async def wait_post(self, text: str, channel: str = ALERTS, seconds: float = WAIT_S) -> Json:
        """The newest message with this text, once there is one."""
        try:
            return await self.sandbox.wait_for_message(channel, text, timeout=seconds)
        except TimeoutError:
            raise AssertionError(f"no {text!r} in {self.texts(channel)}") from None

    async def outage(self, name: str, *, status: int = 500) -> Json:
        """Let a watched site fail and wait for its alert."""
        self.sites[name].fail(status)
        return await self.wait_post(f"DOWN · {name}")

    async def recovery(self, name: str) -> Json:
        """Heal a site and wait for its all-clear."""
        await self.sites[name].heal()
        return await self.wait_post(f"UP · {name}")

    # What is behind.

    @contextlib.contextmanager
    def store(self) -> Iterator[sqlite3.Connection]:
        """The database, read only; also while the bot runs."""
        conn = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)
        conn.row_factory = sqlite3.Row
        try:
            yield conn
        finally:
            conn.close()

    def waiting(self) -> list[Json]:
        """The rows of the outbox that are still to be delivered."""
        with self.store() as conn:
            rows = conn.execute(
                "SELECT * FROM notification WHERE state IN ('pending', 'sending')"
            ).fetchall()
        return [dict(row) for row in rows]

    async def settle(self, seconds: float = WAIT_S) -> None:
        """Wait until nothing is on its way any more, if a bot runs that could carry it."""
        if self.bot.running and not self.expected.unsent:
            with contextlib.suppress(TimeoutError):
                await until(lambda: not self.waiting(), seconds, every_s=0.1)

    def check(self) -> None:
        """All invariants, from the sandbox's record; the bot must not be running."""
        assert not self.bot.running
        invariants.check(
            self.sandbox,
            self.database,
            max_invalid=self.expected.invalid_requests,
            unsent=self.expected.unsent,
            ignored=self.expected.ignored,
        )
        assert self.sandbox.record.unknown_routes == []
        assert self.sandbox.record.bugs == []


async def until(
    found: Callable[[], object], seconds: float = WAIT_S, every_s: float = 0.02
) -> None:
    """Wait for something that sets no event; TimeoutError after ``seconds``."""
    async with asyncio.timeout(seconds):
        while not found():  # noqa: ASYNC110 - nothing sets an event
            await asyncio.sleep(every_s)


@contextlib.asynccontextmanager
async def running(
    folder: Path, *names: str, settings: Settings | None = None, **environment: str
) -> AsyncIterator[Harness]:
    """A bot that is online and watches these sites, all of them fine."""
    async with Harness(folder, settings=settings, **environment) as h:
        await h.seed(*names)
        await h.bot.start()
        yield h
