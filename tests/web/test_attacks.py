"""The door under attack: whatever comes, it is bounded, it answers others, and it says nothing."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from bot.web import listener
from bot.web.answers import answer
from tests.web.rig import HERE, Reply, ask, open_door, play, request, sent

SECRET = "0123456789abcdef0123456789abcdef"


async def hello(request: web.BaseRequest, rest: str) -> web.StreamResponse:
    del request, rest
    return answer("hello\n")


async def long(request: web.BaseRequest, rest: str) -> web.StreamResponse:
    del request, rest
    return answer(b"x" * 30_000_000)


async def failing(request: web.BaseRequest, rest: str) -> web.StreamResponse:
    raise RuntimeError("a bug")


async def slow(request: web.BaseRequest, rest: str) -> web.StreamResponse:
    del request, rest
    await asyncio.sleep(0.5)
    return answer("at last\n")


HANDLERS = {"hello": hello, "long": long, "failing": failing, "slow": slow}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "REQUEST_S", 0.6)
    monkeypatch.setattr(listener, "LOOK_S", 0.05)
    monkeypatch.setattr(listener, "IDLE_S", 0.5)


@contextlib.asynccontextmanager
async def connected(port: int, first: bytes = b"") -> AsyncIterator[asyncio.StreamReader]:
    reader, writer = await asyncio.open_connection(HERE, port)
    writer.write(first)
    try:
        yield reader
    finally:
        writer.close()


def test_a_client_that_sends_a_byte_at_a_time_is_hung_up_on() -> None:
    async def scenario() -> None:
        async with open_door(HANDLERS) as door:
            reader, writer = await asyncio.open_connection(HERE, door.listener.port)
            began = time.monotonic()
            with contextlib.suppress(ConnectionError):
                for byte in request("/hello", fields={"X": "y" * 1000}):
                    writer.write(bytes([byte]))
                    await writer.drain()
                    await asyncio.sleep(0.02)
                await reader.read()
            assert 0.4 < time.monotonic() - began < 15, "all of it would take twenty"
            writer.close()

    play(scenario())


def test_a_client_that_sends_nothing_or_half_a_body_is_hung_up_on() -> None:
    async def scenario() -> None:
        async with open_door(HANDLERS) as door:
            port = door.listener.port
            half = b"POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf"
            for first in (b"", b"GET /he", half):
                async with connected(port, first) as reader:
                    with contextlib.suppress(ConnectionError):
                        await asyncio.wait_for(reader.read(), 60)
            assert door.listener.connections == 0

    play(scenario())


def test_a_client_that_reads_nothing_is_hung_up_on() -> None:
    async def scenario() -> None:
        async with (
            open_door(HANDLERS) as door,
            connected(door.listener.port, request("/long")) as reader,
            asyncio.timeout(60),
        ):
            while not door.listener.connections:  # noqa: ASYNC110 - nothing sets an event
                await asyncio.sleep(0.01)
            while door.listener.connections:  # noqa: ASYNC110 - the same
                await asyncio.sleep(0.05)
            got = 0
            with contextlib.suppress(ConnectionError):
                while part := await reader.read(1_000_000):
                    got += len(part)
            assert got < 30_000_000, "what had not been sent is dropped"

    play(scenario())


def test_many_idle_connections_make_room_for_one_that_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with open_door(HANDLERS) as door:
            door.listener._most = 20
            held = [await asyncio.open_connection(HERE, door.listener.port) for _ in range(150)]
            for _, writer in held[::2]:
                writer.write(b"GET /hello HTTP/1.1\r\nHost: x\r\n")
            for _ in range(20):
                assert (await ask(door.listener.port, "/hello")).text == "hello\n"
                assert door.listener.connections <= 20
            for _, writer in held:
                writer.close()

    monkeypatch.setattr(listener, "REQUEST_S", 60)
    play(scenario())


HUGE = {
    "line": b"GET /hello?" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "field": request("/hello", fields={"X": "y" * 20_000}),
    "fields": request("/hello", fields={f"X{n}": "y" * 10 for n in range(200)}),
    "head": b"GET /hello HTTP/1.1\r\n"
    + b"".join(b"X%d: %s\r\n" % (n, b"y" * 3_000) for n in range(50)),
    "no end": b"GET /hello HTTP/1.1\r\n" + b"X: y\r\n" * 10_000,
}


@pytest.mark.parametrize("name", HUGE)
def test_a_huge_head_is_refused(name: str) -> None:
    async def scenario() -> None:
        async with open_door(HANDLERS) as door:
            raw = await sent(door.listener.port, HUGE[name])
            assert raw == b"" or (Reply.of(raw).status, Reply.of(raw).text) == (
                400,
                "bad request\n",
            )
            assert (await ask(door.listener.port, "/hello")).text == "hello\n"

    play(scenario())


def test_a_body_that_nobody_reads_ends_the_connection_and_is_no_memory() -> None:
    async def scenario() -> None:
        async with open_door(HANDLERS) as door:
            big = request(
                "/hello", "POST", body=b"z" * 3_000_000, fields={"Connection": "keep-alive"}
            )
            reply = Reply.of(await sent(door.listener.port, big))
            assert (reply.status, reply.headers["connection"]) == (200, "close")

    play(scenario())


def lines(*head: str, body: str = "") -> bytes:
    """A head that may be against every rule."""
    return "\r\n".join([*head, "", body]).encode()


BEAT = f"/beat/{SECRET}"
ODD = [
    b"\x00\x01\x02\r\n\r\n",
    lines(f"GARBAGE {SECRET}"),
    lines(f"GET {BEAT} HTTP/9.9"),
    lines(f"GET {BEAT} HTTP/1.1", "Host: x", f"bad field {SECRET}"),
    lines(f"POST {BEAT} HTTP/1.1", "Host: x", "Content-Length: 1", "Content-Length: 2"),
    lines(f"POST {BEAT} HTTP/1.1", "Content-Length: 5", "Transfer-Encoding: chunked", body="0\r\n"),
    lines("POST /hello HTTP/1.1", "Transfer-Encoding: chunked", body=f"zz{SECRET}\r\n"),
    lines(f"GET http://other.example{BEAT} HTTP/1.1", "Host: x"),
    lines(f"CONNECT {SECRET}.example:443 HTTP/1.1", "Host: x"),
    lines(f"GET {BEAT} HTTP/1.1", f"Host: {SECRET}", "Upgrade: websocket", "Connection: upgrade"),
    lines("PRI * HTTP/2.0", body=f"SM\r\n\r\n{SECRET}"),
    request(f"/failing/{SECRET}"),
]


def test_odd_requests_get_short_answers_and_leave_no_secret(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)

    async def scenario() -> None:
        async with open_door(HANDLERS) as door:
            for data in ODD:
                raw = await sent(door.listener.port, data)
                assert SECRET.encode() not in raw
                assert len(raw) < 1_000
            assert (await ask(door.listener.port, "/hello")).text == "hello\n"
            assert (await ask(door.listener.port, "/failing")).text == "error\n"

    play(scenario())
    assert SECRET not in caplog.text
    assert "Request failed by a bug" in caplog.text, "our own bugs are logged"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "a" * 2_000, "<script>", "x:99999"])
def test_the_host_that_is_asked_for_changes_nothing(host: str) -> None:
    async def scenario() -> None:
        async with open_door(HANDLERS) as door:
            reply = await ask(door.listener.port, "/hello", fields={"Host": host})
            assert reply.status in {200, 400}
            assert host not in str(reply.headers) + reply.text or host == "127.0.0.1"

    play(scenario())


def test_pipelined_requests_are_answered_one_after_the_other() -> None:
    async def scenario() -> None:
        async with open_door(HANDLERS) as door:
            many = request("/hello", fields={"Connection": "keep-alive"}) * 200 + request("/hello")
            assert (await sent(door.listener.port, many)).count(b"hello\n") == 201

    play(scenario())


def test_a_flood_waits_for_its_turn() -> None:
    async def scenario() -> None:
        pace = listener.Pace(per_second=1_000, burst=10)
        began = time.monotonic()
        for _ in range(310):
            await pace.turn()
        assert 0.28 <= time.monotonic() - began < 30
        await asyncio.sleep(0.05)
        for _ in range(10):
            with pytest.raises(StopIteration):  # at its end, without having waited
                pace.turn().send(None)

    play(scenario())


def test_a_request_under_way_is_answered_before_the_door_closes() -> None:
    async def scenario() -> None:
        async with open_door(HANDLERS) as door:
            asking = asyncio.create_task(ask(door.listener.port, "/slow"))
            await asyncio.sleep(0.1)
        assert (await asking).text == "at last\n"

    play(scenario())
