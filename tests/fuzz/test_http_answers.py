"""Whatever a web server answers is a verdict, soon, and it never leads to a refused address."""

import asyncio
import socket
import time
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.engine import connector
from bot.engine.addresses import is_inside, is_public, parse
from bot.engine.connector import Connected
from bot.models import CheckResult, Phases, Reason, Target
from bot.words.causes import cause_text
from bot.words.translator import translator_for
from tests.engine.sites import HOST, LOOPBACK, Names, Visit, make_checker, serve
from tests.fuzz.effort import examples, harmless, mutated

ANSWERS = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: text/html; charset=utf-8\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nTrail: x\r\n\r\n",
    b"HTTP/1.1 302 Found\r\nLocation: http://site.example.net/next\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 302 Found\r\nLocation: //[::1]:8080/\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00",
    b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.0 404 Not Found\r\n\r\ngone",
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 99999999999999\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
    b"SSH-2.0-OpenSSH_9.6\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-7\r\n\r\n+AGgAZQBsAGwAbw-",
]
PIECES = [
    b"Content-Length: 99999999999999999999\r\n",
    b"Content-Length: -1\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n",
    b"Content-Type: text/html; charset=punycode\r\n",
    b"Content-Type: text/html; charset*=x'y'%ff\r\n",
    b'Content-Type: text/html; charset="\xff\x00"\r\n',
    b"Content-Type: text/html; charset=" + b"a" * 90 + b"\r\n",
    b"Location: http://127.0.0.1@8.8.8.8/\r\n",
    b"Location: http://2130706433/\r\n",
    b"Location: http://[::ffff:10.0.0.1]/\r\n",
    b"Location: http://xn--a/\r\n",
    b"Location: ///\\\\evil\xe2\x80\xae\r\n",
    b"Location: http://[\r\n",
    b"Location: javascript:alert(1)\r\n",
    b"Set-Cookie: a=b; Domain=.com\r\n",
    b"X: \x80\xff\r\n \tfolded\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"ffffffffffffffffffff\r\n",
    b": no name\r\n",
]
TARGETS = st.sampled_from(
    [
        {},
        {"contains": "hello"},
        {"not_contains": "hello"},
        {"expect_status": (302,)},
        {"method": "HEAD"},
    ]
)


class Wire:
    """Every address that is dialled leads to one local server; refused ones may never be."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def dial(self, addresses: Sequence[str], _port: int) -> Connected:
        for text in addresses:
            assert is_public(parse(text)) or is_inside(parse(text), LOOPBACK), text
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self.port))
        return Connected(sock, addresses[0])


def judged(result: CheckResult, took_s: float) -> None:
    assert took_s < 2.5, "of work"
    assert result.cause is None or result.cause.reason in Reason
    assert result.cause is None or result.cause.reason is not Reason.TIMEOUT
    assert isinstance(result.phases, Phases)
    if result.cause is not None:
        for language in ("en", "fr"):
            harmless(cause_text(translator_for(language), result.cause))
    if result.final_url is not None:
        assert result.final_url.isascii()
        assert result.final_url.isprintable()


def probe_with(answer: bytes, cuts: Sequence[int], wanted: dict[str, object]) -> None:
    async def scenario() -> None:
        async def behave(visit: Visit) -> None:
            start = 0
            for cut in sorted(cuts):
                await visit.send(answer[start:cut])
                start = max(start, cut)
                await asyncio.sleep(0)
            await visit.send(answer[start:])

        async with serve(behave) as site:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(connector, "dial", Wire(site.port).dial)
                checker = make_checker(Names(default=["127.0.0.1"]), deadline_s=20.0)
                began = time.process_time()
                result = await checker.check(Target(site.url(), **wanted))  # type: ignore[arg-type]  # drawn from TARGETS
        judged(result, time.process_time() - began)

    asyncio.run(scenario())


@examples(250)
@given(mutated(ANSWERS, PIECES), st.lists(st.integers(0, 200), max_size=3), TARGETS)
@example(b"HTTP/1.1 200 OK\r\na:" + b" " * 90_000 + b"\x00\r\n\r\n", [], {})
@example(b"HTTP/1.1 200 OK\r\na:" + b"\r\n " * 30_000 + b"\x00\r\n\r\n", [], {})
@example(
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;" + b" " * 90_000 + b"\n\r\n", [], {}
)
@example(
    b'HTTP/1.1 200 OK\r\nContent-Type: a; b="' + b';"' * 45_000 + b"\r\n\r\nx",
    [],
    {"contains": "x"},
)
@example(b"HTTP/1.1 302 Found\r\nLocation: /" + b"a" * 90_000 + b"\r\n\r\n", [], {})
@example(b"HTTP/1.1 200 OK\r\n" + b"a:\r\n" * 25_000 + b"\r\n", [], {})
def test_any_answer_is_a_verdict(answer: bytes, cuts: list[int], wanted: dict[str, object]) -> None:
    probe_with(answer, cuts, wanted)


def tls_record(kind: int, body: bytes) -> bytes:
    return bytes([kind, 3, 3]) + len(body).to_bytes(2, "big") + body


HANDSHAKES = [
    tls_record(22, b"\x02\x00\x00\x46\x03\x03" + bytes(32) + b"\x00\x13\x01\x00" + bytes(26)),
    tls_record(21, b"\x02\x28"),
    tls_record(22, b"\x0b\x00\x00\x10" + bytes(16)),
    b"HTTP/1.1 400 Bad Request\r\n\r\nplain text on a TLS port",
    b"",
]


@examples(60)
@given(mutated(HANDSHAKES, [tls_record(20, b"\x01"), tls_record(23, bytes(40))]))
def test_any_handshake_is_a_verdict(garbage: bytes) -> None:
    async def scenario() -> None:
        async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)
            writer.write(garbage)
            writer.close()

        server = await asyncio.start_server(take, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            began = time.process_time()
            checker = make_checker(Names({HOST: ["127.0.0.1"]}), deadline_s=20.0)
            result = await checker.check(Target(f"https://{HOST}:{port}/"))
        judged(result, time.process_time() - began)
        assert result.cause is not None
        assert result.cause.reason in {Reason.TLS, Reason.NOT_TLS, Reason.RESET}

    asyncio.run(scenario())
