"""A real NATS server, lookouts as processes of their own, and the bot's link in this one."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Self

from nats.aio.client import Client

from bot.clock import Clock, SystemClock
from bot.config import child_environment
from bot.models import CheckResult, Phases, Target
from bot.places.address import read_server
from bot.places.link import Link
from bot.places.lookout import Lookout, PlaceCheckers
from tests.engine.sites import free_port
from tests.harness import Harness, LocalSite

ROOT = Path(__file__).parents[2]
BUNDLED = Path(sys.executable).with_name("nats-server")
SYSTEM = shutil.which("nats-server", path="/usr/sbin:/usr/bin:/usr/local/bin")
SERVERS = {"bundled": str(BUNDLED), "debian": SYSTEM}
READY_S = 60.0  # no test is about it: a busy machine starts processes slowly


class NatsServer:
    """One server with its own configuration file; ``rest`` is what stands in it beside listen."""

    def __init__(self, folder: Path, *, binary: str | None = None, rest: str = "") -> None:
        self.port = free_port()
        self.url = f"nats://127.0.0.1:{self.port}"
        self.file = folder / f"nats-{self.port}.conf"
        self.file.write_text(f'listen: "127.0.0.1:{self.port}"\n{rest}', "utf-8")
        self._binary = binary or str(BUNDLED)
        self.process: subprocess.Popen[bytes] | None = None
        self.log = folder / f"nats-{self.port}.log"

    def start(self) -> None:
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [self._binary, "-c", str(self.file)], stdout=out, stderr=out
            )
        wait_until(lambda: is_open(self.port))

    def kill(self) -> None:
        """SIGKILL, as a crash or the kernel would; it works on a frozen process too."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def reload(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGHUP)
        time.sleep(0.3)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


class LookoutProcess:
    """``vigie lookout`` as people start it, with loopback for its own network."""

    def __init__(self, name: str, url: str, folder: Path, **environment: str) -> None:
        self.name = name
        self._command = [sys.executable, "-m", "bot", "lookout", name, url]
        usual = {
            "VIGIE_ALLOW_PRIVATE": "127.0.0.0/8",
            "VIGIE_CANARIES": "",
            "PYTHONPATH": str(ROOT),
        }
        self._environment = child_environment(**(usual | environment))
        self._folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        self.log = folder / f"lookout-{name}.log"

    def start(self) -> None:
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                self._command, cwd=self._folder, env=self._environment, stdout=out, stderr=out
            )

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def wait(self, seconds: float = READY_S) -> int:
        assert self.process is not None
        return self.process.wait(seconds)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None and self.process.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGCONT)
            self.kill()


@contextmanager
def lookouts(
    url: str, folder: Path, *names: str, **environment: str
) -> Iterator[list[LookoutProcess]]:
    started = [LookoutProcess(name, url, folder, **environment) for name in names]
    try:
        for one in started:
            one.start()
        yield started
    finally:
        for one in started:
            one.__exit__()


@asynccontextmanager
async def linked(
    url: str, *, private: bool = True, clock: Clock | None = None
) -> AsyncIterator[Link]:
    """The bot's side, running; private networks are open, for all sites are on loopback."""
    link = Link(read_server(url, "VIGIE_NATS_URL"), clock or SystemClock(), private=private)
    running = asyncio.create_task(link.run())
    try:
        yield link
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def checked(
    link: Link, target: Target, deadline_s: float | None = None
) -> CheckResult | None:
    """One scheduled check by any lookout; None is no result."""
    said = await (await link.ask_any(target, deadline_s))
    return said if isinstance(said, CheckResult) else None


async def settled(client: Client) -> None:
    """The server has read all; the client's ping may overtake what waits to be sent, so twice."""
    await client.flush()
    await client.flush()


def present(link: Link) -> list[str]:
    return [place.name for place in link.places if link.is_present(place)]


async def until_present(link: Link, *names: str) -> None:
    await until(lambda: present(link) == sorted(names))


async def until(holds: Callable[[], bool], seconds: float = READY_S) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - other processes set no event
            await asyncio.sleep(0.02)


def wait_until(holds: Callable[[], bool], seconds: float = READY_S) -> None:
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends, "it does not come about"
        time.sleep(0.02)


def is_open(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def vigie(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command of the shell, in a folder of its own."""
    command: Sequence[str] = [sys.executable, "-m", "bot", *arguments]
    return subprocess.run(
        command,
        cwd=folder,
        env=child_environment(PYTHONPATH=str(ROOT), **environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class Fine:
    """Another place to which every site answers."""

    async def check(self, target: Target) -> CheckResult:
        del target
        return CheckResult(0, None, 200, Phases(total=1.0))


@asynccontextmanager
async def reached_from_elsewhere(
    folder: Path,
) -> AsyncIterator[tuple[NatsServer, Harness, LocalSite]]:
    """A bot that watches "shop" and three more, which "paris" and "oslo" always get through to."""
    with NatsServer(folder) as nats:
        server, checkers = read_server(nats.url, "NATS_URL"), PlaceCheckers(Fine(), Fine())
        others = [Lookout(name, server, checkers, SystemClock()) for name in ("paris", "oslo")]
        running = [asyncio.create_task(one.run()) for one in others]
        try:
            async with Harness(folder / "bot", VIGIE_NATS_URL=nats.url) as h:
                await h.bot.start()
                site = await h.watch("shop")
                for name in ("wiki", "blog", "mail"):
                    await h.watch(name)
                yield nats, h, site
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)


async def until_places(h: Harness, *names: str) -> None:
    """The doctor knows them, as people read it."""
    async with asyncio.timeout(READY_S):
        while True:
            answer = await h.command("doctor")
            if all(f"{name} (" in str(answer.message) for name in names):
                return
            await asyncio.sleep(0.3)
