"""The main job end to end: the real bot process, the sandbox, real sites, real signals."""

import asyncio
import random
import re
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.harness import ALERTS, Harness, running, until

pytestmark = pytest.mark.process

ROUND_S = 1.0


def test_an_outage_arrives_once_is_reported_by_status_and_ends_with_one_reply(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with Harness(tmp_path) as h:
            await h.bot.start()
            site = await h.watch("shop")
            await site.visited(2)
            site.fail(500)
            await site.visited(1)
            first_failed = time.monotonic()
            opened = await h.wait_post("🔴 DOWN · shop · HTTP 500")
            assert time.monotonic() - first_failed <= 3 * ROUND_S + 5, "or the machine is busy"
            assert re.search(r"\((\d+) of \1 checks\)$", opened["content"])
            status = await h.command("status", who="Member")
            assert status.ephemeral
            assert "DOWN" in status.text
            assert "shop" in status.text
            await site.heal()
            reply = await h.wait_post("🟢 UP · shop · back after")
            assert reply["message_reference"]["message_id"] == opened["id"]
            await until(lambda: "RESOLVED" in h.posts()[0]["content"])
            assert [post["id"] for post in h.posts()] == [opened["id"], reply["id"]]
            assert h.posts()[0]["edited_timestamp"] is not None
            await site.visited(3)
            assert len(h.posts()) == 2

    asyncio.run(scenario())


def test_the_first_watch_add_brings_alerts_to_the_channel_it_is_typed_in(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Harness(tmp_path) as h:
            await h.bot.start()
            site = await h.sites.open("shop")
            answer = await h.command("watch add", url=site.url, name="shop", every=1)
            general = h.sandbox.channel("general").id
            assert f"<#{general}>" in answer.text
            site.fail(503)
            post = await h.wait_post("🔴 DOWN · shop · HTTP 503", "general")
            assert post["channel_id"] == general

    asyncio.run(scenario())


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def raw_site(answer: Handler) -> AsyncIterator[str]:
    """A server that speaks as badly as a test wants; yields its ``host:port``."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def _silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def _drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nX-Drip: ")
    while True:
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(0.3)


async def _loop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()


async def _cut(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def _plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(100)
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()


class Big:
    """200 MB with status 200; counts what is really taken."""

    def __init__(self) -> None:
        self.sent = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 200000000\r\n\r\n")
        self.sent = 0
        while self.sent < 200_000_000:
            writer.write(b"x" * 65_536)
            await writer.drain()
            self.sent += 65_536


def test_every_way_to_fail_is_named_and_the_loop_lives_on(tmp_path: Path) -> None:
    async def scenario() -> None:
        big = Big()
        async with (
            Harness(tmp_path) as h,
            raw_site(_silent) as silent,
            raw_site(_drip) as drip,
            raw_site(_loop) as loop,
            raw_site(_cut) as cut,
            raw_site(_plain) as plain,
            raw_site(big) as large,
        ):
            await h.bot.start()
            fine = await h.watch("fine")
            with socket.socket() as closed:
                closed.bind(("127.0.0.1", 0))
                refused = f"127.0.0.1:{closed.getsockname()[1]}"
            wanted = {
                "refused": (f"http://{refused}/", "connection refused"),
                "cut": (f"http://{cut}/", "connection reset"),
                "loop": (f"http://{loop}/", "too many redirects"),
                "tls": (f"https://{plain}/", "TLS handshake failed"),
                "noname": ("http://no-such-name.invalid/", "no DNS answer"),
                "silent": (f"http://{silent}/", "timed out after 3 s"),
                "drip": (f"http://{drip}/", "timed out after 3 s"),
            }
            adding = [
                h.command("watch add", url=url, name=name, every=1, timeout=3)
                for name, (url, _) in wanted.items()
            ]
            adding.append(h.command("watch add", url=f"http://{large}/", name="large", every=1))
            await asyncio.gather(*adding)
            for name, (_, cause) in wanted.items():
                await until(lambda n=name, c=cause: _reported(h, n, c), 75)  # type: ignore[misc]
            assert big.sent < 5_000_000
            status = (await h.command("status", monitor="large")).text
            assert "UP" in status
            await fine.visited(2)

    asyncio.run(scenario())


def _reported(h: Harness, name: str, cause: str) -> bool:
    """Some message of the channel, alone or in a list, says this of this monitor."""
    lines = [line for post in h.posts() for line in _lines(post)]
    return any(name in line and cause in line for line in lines)


def _lines(post: dict[str, object]) -> list[str]:
    texts = [str(post["content"])]
    embeds = post["embeds"]
    assert isinstance(embeds, list)
    texts += [str(embed.get("description", "")) for embed in embeds]
    return [line for text in texts for line in text.splitlines()]


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_any_moment_it_forgets_nothing_and_repeats_nothing(
    tmp_path: Path, seed: int
) -> None:
    async def scenario() -> None:
        rng = random.Random(seed)
        async with running(tmp_path, "shop") as h:
            site = h.sites["shop"]
            await site.visited(2)
            site.fail(500)
            for _ in range(3):
                await asyncio.sleep(rng.uniform(0.2, 2.5))
                await h.bot.restart()
            opened = await h.wait_post("DOWN · shop")
            await site.heal()
            for _ in range(2):
                await asyncio.sleep(rng.uniform(0.2, 2.0))
                await h.bot.restart()
            reply = await h.wait_post("UP · shop")
            assert [post["id"] for post in h.posts()] == [opened["id"], reply["id"]]

    asyncio.run(scenario())


def test_a_wrong_token_ends_with_78_and_one_sentence(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Harness(tmp_path, DISCORD_TOKEN="wrong") as h:
            await h.bot.start(online=False)
            assert await h.bot.wait_exit() == 78
            assert h.bot.log.strip().splitlines()[-1].startswith("vigie: ")
            assert "DISCORD_TOKEN" in h.bot.log
            assert "Traceback" not in h.bot.log

    asyncio.run(scenario())


def test_with_discord_unreachable_it_keeps_probing_and_says_it_waits(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Harness(tmp_path) as h:
            await h.seed("shop")
            await h.sandbox.stop()
            await h.bot.start(online=False)
            site = h.sites["shop"]
            await site.visited(2)
            site.fail(500)
            await site.visited(6)
            assert "Waiting for Discord" in h.bot.log
            assert h.bot.running
            await h.sandbox.start(h.sandbox.port)
            await h.wait_post("🔴 DOWN · shop", ALERTS)

    asyncio.run(scenario())


def test_sigterm_ends_it_in_order_with_status_0(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(tmp_path, "shop") as h:
            await h.outage("shop")
            assert await h.bot.stop() == 0
            assert "would not stop" not in h.bot.log

    asyncio.run(scenario())


def test_a_second_bot_on_the_same_database_is_refused(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(tmp_path, "shop") as h:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "bot", "run"),
                cwd=tmp_path,
                env=h.bot.environment,
                stderr=asyncio.subprocess.PIPE,
            )
            _, error = await process.communicate()
            assert process.returncode == 78
            assert b"already use" in error

    asyncio.run(scenario())
