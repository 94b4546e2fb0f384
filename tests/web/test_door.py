"""The door: health, nothing else, and nothing at all without its setting."""

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from aiohttp import web

from bot.config import ListenAddress, load
from bot.errors import ConfigError
from bot.models import CheckResult
from bot.services.liveness import GapWatch, Gateway, Health, Heartbeat
from bot.web.answers import answer
from bot.web.door import Door, Healthz
from bot.web.listener import Listener
from tests.harness import Harness
from tests.services.services_fixture import GUILD, ServicesFixture, services_fixture
from tests.web.rig import HERE, ask, open_door, play, request


async def never_called(_url: str) -> str | None:
    raise AssertionError("no heartbeat is sent here")


def health_of(s: ServicesFixture, gateway: Gateway) -> tuple[Health, GapWatch]:
    heartbeat = Heartbeat(s.db, s.clock, s.watchlist, None, never_called)
    gaps = GapWatch(s.db, s.clock, resync=lambda: 0, after_gap=lambda: None)
    return Health(s.clock, heartbeat, gaps, gateway), gaps


def test_healthz_says_what_is_wrong(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            gateway = Gateway(s.clock)
            health, gaps = health_of(s, gateway)
            async with open_door({"healthz": Healthz(health)}) as door:

                async def said() -> tuple[int, str]:
                    await s.clock.advance(1)
                    reply = await ask(door.listener.port, "/healthz")
                    return reply.status, reply.text

                assert await said() == (503, "Discord has not been reached yet\n")
                gateway.note(1, 1)
                assert await said() == (200, "ok\n")
                gateway.note(0, 1)
                assert await said() == (200, "ok\n"), "Discord asks for a reconnect now and then"
                await s.clock.advance(30)
                assert await said() == (503, "Discord has been away for 32 s\n")
                gateway.note(1, 2)
                assert (await said())[0] == 503, "one shard of two is not all"
                gateway.note(2, 2)
                await s.clock.advance(100)
                status, text = await said()
                assert (status, text) == (503, "the database has taken nothing for 136 s\n")
                await gaps.stamp()
                assert await said() == (200, "ok\n")
                await s.watch("shop", GUILD)
                await s.clock.advance(301)
                await gaps.stamp()
                assert "no check has ended for" in (await said())[1]
                s.entry("shop").latest = CheckResult(s.clock.now_ms(), None)
                await s.db.close()
                status, text = await said()
                assert (status, "database" in text) == (503, True)

    play(scenario())


def test_health_is_looked_up_once_a_second_however_many_ask(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            gateway = Gateway(s.clock)
            health, _ = health_of(s, gateway)
            assert await health.problem() is not None
            gateway.note(1, 1)
            assert await health.problem() is not None, "as of this second"
            await s.clock.advance(1)
            assert await asyncio.gather(*(health.problem() for _ in range(50))) == [None] * 50

    play(scenario())


async def hello(request: web.BaseRequest, rest: str) -> web.StreamResponse:
    return answer(f"hello {rest} {await request.text()}\n")


@pytest.mark.parametrize(
    "path",
    [
        *("/", "//", "/hell", "/hello2", "/HELLO", "/%68ello", "/../hello", "/./hello"),
        *("/..%2f..%2fetc/passwd", "/../../etc/passwd", "/.env", "/hello\\..", "*", "/%00"),
    ],
)
def test_whatever_is_not_there_is_not_found(path: str) -> None:
    async def scenario() -> None:
        async with open_door({"hello": hello}) as door:
            reply = await ask(door.listener.port, path)
            assert (reply.status, reply.text) in [(404, "not found\n"), (400, "bad request\n")]
            assert reply.headers["server"] == "vigie"
            assert (await ask(door.listener.port, "/hello/you")).text == "hello you \n"

    play(scenario())


def test_health_has_one_path_and_two_methods(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            gateway = Gateway(s.clock)
            gateway.note(1, 1)
            async with open_door({"healthz": Healthz(health_of(s, gateway)[0])}) as door:
                port = door.listener.port
                assert (await ask(port, "/healthz", "HEAD")).status == 200
                assert (await ask(port, "/healthz", "POST")).headers["allow"] == "GET, HEAD"
                assert (await ask(port, "/healthz/")).status == 404
                assert (await ask(port, "/healthz/x")).status == 404
                assert (await ask(port, "/healthz?x=1")).status == 200

    play(scenario())


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8080", ListenAddress("127.0.0.1", 8080)),
        ("localhost:80", ListenAddress("127.0.0.1", 80)),
        ("[::1]:8080", ListenAddress("::1", 8080)),
        ("0.0.0.0:65535", ListenAddress("0.0.0.0", 65535)),  # noqa: S104 - only read
    ],
)
def test_an_address_and_a_port_are_taken(text: str, address: ListenAddress) -> None:
    assert load({"VIGIE_LISTEN": text}, None).listen == address


@pytest.mark.parametrize(
    "text",
    [
        *("8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536"),
        *("::1:8080", "[127.0.0.1]:8080", "[::1]", "example.com:8080", "http://127.0.0.1:80"),
        *("127.0.0.1:8080/x", "127.0.0.1:+80", "127.0.0.1:8 0", "1.2.3:80", "[::1%lo]:99999"),
    ],
)
def test_another_one_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ConfigError, match=r"VIGIE_LISTEN.*127\.0\.0\.1:8080"):
        load({"VIGIE_LISTEN": text}, None)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://status.example.org/", "https://status.example.org"),
        ("HTTP://10.0.0.7:8080/vigie/", "http://10.0.0.7:8080/vigie"),
    ],
)
def test_the_public_address_has_no_slash_at_its_end(text: str, url: str) -> None:
    assert load({"VIGIE_PUBLIC_URL": text}, None).public_url == url


@pytest.mark.parametrize(
    "text",
    [
        *("status.example.org", "ftp://x.example", "https://", "https://u:p@x.example"),
        *("https://x.example/?a=1", "https://x.example/#a", "https://x.example:http/"),
        *("https://x.example/ y",),
    ],
)
def test_another_public_address_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="VIGIE_PUBLIC_URL"):
        load({"VIGIE_PUBLIC_URL": text}, None)


def test_it_listens_on_ipv6_as_well() -> None:
    async def scenario() -> None:
        door = Door(ListenAddress("::1", 0), {"hello": hello})
        try:
            door.start()
        except ConfigError:
            pytest.skip("this machine has no ::1")
        try:
            reader, writer = await asyncio.open_connection("::1", door.listener.port)
            writer.write(request("/hello"))
            assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
            writer.close()
        finally:
            await door.stop()

    play(scenario())


def test_an_address_that_cannot_be_had_is_named() -> None:
    async def scenario() -> None:
        with socket.create_server((HERE, 0)) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(ConfigError, match=f"{HERE}:{port} is taken: another"):
                Listener(ListenAddress(HERE, port), hello_all).start()
        with pytest.raises(ConfigError, match=r"192\.0\.2\.1:8080 is no address"):
            Listener(ListenAddress("192.0.2.1", 8080), hello_all).start()

    async def hello_all(request: web.BaseRequest) -> web.StreamResponse:
        return await hello(request, "")

    play(scenario())


def test_without_the_setting_nothing_of_the_door_is_loaded() -> None:
    code = (
        "import sys, bot.app, bot.services.registry, bot.discord.client\n"
        "print([m for m in sys.modules if m.startswith(('bot.web', 'aiohttp.web_server'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.process
def test_the_whole_bot_listens_and_ends_in_time_with_clients_that_do_not(tmp_path: Path) -> None:
    async def scenario() -> None:
        port = free_port()
        async with Harness(tmp_path, VIGIE_LISTEN=f"{HERE}:{port}") as h:
            await h.bot.start()
            async with asyncio.timeout(60):
                while (reply := await ask(port, "/healthz")).status != 200:  # noqa: ASYNC110 - the same
                    await asyncio.sleep(0.2)
            assert reply.text == "ok\n"
            silent = [await asyncio.open_connection(HERE, port) for _ in range(30)]
            for _, writer in silent[:15]:
                writer.write(b"GET /healthz HTTP/1.1\r\nHost: x")
            assert await h.bot.stop() == 0
            for _, writer in silent:
                writer.close()
            h.bot.environment["VIGIE_LISTEN"] = "nonsense"
            await h.bot.start(online=False)
            assert await h.bot.wait_exit() == 78
            with socket.create_server((HERE, 0)) as taken:
                h.bot.environment["VIGIE_LISTEN"] = f"{HERE}:{taken.getsockname()[1]}"
                await h.bot.start(online=False)
                assert await h.bot.wait_exit() == 78
            assert "another program listens" in h.bot.log

    asyncio.run(scenario())


def free_port() -> int:
    with socket.create_server((HERE, 0)) as taken:
        port: int = taken.getsockname()[1]
        return port
