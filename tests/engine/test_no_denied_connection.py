"""Listening sockets prove it: no address that is denied is ever connected to.

Nothing is replaced but the resolver: the real guard, the real dialling, real sockets. Every
address of this machine leads to a listener, so a way in that the guard overlooked would be taken.
"""

import asyncio
import ipaddress
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from urllib.parse import urlsplit

import pytest

from bot.clock import SystemClock
from bot.engine.kinds import Checkers
from bot.engine.kinds.http import HttpChecker
from bot.engine.kinds.tcp import TcpChecker
from bot.engine.netguard import Netguard
from bot.models import CheckResult, Reason, Target
from tests.engine.sites import OK, Names, Visit, redirect, serve, trusting_context
from tests.engine.test_netguard import OWN_VECTORS, PUBLIC, Vector, filed_vectors

TRUSTS = trusting_context()  # making one takes 30 ms
DENIED = [one for one in (*filed_vectors(), *OWN_VECTORS) if not one.allowed]
# The one address that strangers may visit here: where the redirects come from.
START = "127.0.0.77"
START_ONLY = (ipaddress.ip_network(f"{START}/32"),)
LOOPBACKS = ("127.0.0.1", "127.8.9.10", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1")  # noqa: S104 - connected to


class Listeners:
    """All addresses of this machine on one port; ``visits`` counts who came."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.visits = 0

    async def take(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.visits += 1
        writer.close()


@asynccontextmanager
async def listening() -> AsyncIterator[Listeners]:
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind(("::", 0))
        listeners = Listeners(sock.getsockname()[1])
        server = await asyncio.start_server(listeners.take, sock=sock)
        async with server:
            yield listeners


_WATCHING: list[list[str]] = []
_DATAGRAMS_TOO: list[bool] = []


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    """Of every socket of this process, Python says where it connects to."""
    if event != "socket.connect" or not _WATCHING:
        return
    sock, address = arguments
    # Its own look for a way out connects a datagram socket, which sends nothing.
    if isinstance(sock, socket.socket) and (sock.type & socket.SOCK_STREAM or _DATAGRAMS_TOO):
        _WATCHING[-1].append(str(address[0] if isinstance(address, tuple) else address))


sys.addaudithook(_hear)


@contextmanager
def connects() -> Iterator[list[str]]:
    heard: list[str] = []
    _WATCHING.append(heard)
    try:
        yield heard
    finally:
        _WATCHING.remove(heard)


def at(url: str, port: int) -> str:
    """The same address on the port where listeners wait, if it is an address at all."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        if parts.port is None and host and not host.endswith(":"):
            return url.replace(parts.netloc, f"{parts.netloc}:{port}", 1)
    except ValueError:
        pass
    return url


async def visited(vector: Vector, guard: Netguard, port: int) -> CheckResult:
    names = Names({START: [START]}, default=vector.answers)
    checker = HttpChecker(guard, names, clock=SystemClock(), deadline_s=3, context=TRUSTS)
    if not vector.redirected:
        return await checker.check(Target(at(vector.url, port)))
    place = at(vector.url, port).encode().decode("latin-1")

    async def behave(visit: Visit) -> None:
        await visit.send(redirect(place) if visit.path == "/start" else OK)

    async with serve(behave, host=START) as site:
        return await checker.check(Target(site.url("/start", START)))


@pytest.mark.parametrize("guard_knows", ["the port alone", "a home network"])
def test_no_denied_vector_reaches_a_listener(guard_knows: str) -> None:
    async def scenario() -> None:
        async with listening() as listeners:
            await prove_reachable(listeners)
            home = START_ONLY if guard_knows == "a home network" else ()
            wrong = []
            for vector in DENIED:
                if vector.redirected and not home:
                    continue
                guard = Netguard(allow_private=home, ports=frozenset({listeners.port}))
                with connects() as heard:
                    result = await visited(vector, guard, listeners.port)
                if set(heard) - {START} or result.ok:
                    wrong.append(f"{vector}: {result.cause} after {heard}")
            assert wrong == []
            assert listeners.visits == len(LOOPBACKS)

    asyncio.run(scenario())


async def prove_reachable(listeners: Listeners) -> None:
    """The listeners hear whoever is let through, on every address that leads to this machine."""
    for address in LOOPBACKS:
        _, writer = await asyncio.open_connection(address, listeners.port)
        writer.close()
    await asyncio.sleep(0.05)
    assert listeners.visits == len(LOOPBACKS)


class Turncoat:
    """A name that is public when it is looked at and private when it is used: rebinding."""

    def __init__(self, answers: Sequence[Sequence[str]]) -> None:
        self._answers = [*answers]
        self.asked = 0

    async def addresses(self, host: str, *, fresh: bool = False) -> list[str]:
        del host, fresh
        self.asked += 1
        return list(self._answers.pop(0) if len(self._answers) > 1 else self._answers[0])

    async def service(self, name: str) -> tuple[str, int] | None:
        del name
        return None


def test_a_name_is_looked_up_once_for_judging_and_dialling() -> None:
    """There is no second look-up that could answer otherwise."""

    async def scenario() -> None:
        async with serve(OK, host=START) as site, listening() as listeners:
            names = Turncoat([[START], ["127.0.0.1"]])
            guard = Netguard(allow_private=START_ONLY, ports=frozenset({site.port}))
            checker = HttpChecker(guard, names, clock=SystemClock(), deadline_s=3)
            with connects() as heard:
                first = await checker.check(Target(f"http://rebind.example.com:{site.port}/"))
                assert first.ok
                assert heard == [START]
                assert names.asked == 1
                second = await checker.check(Target(f"http://rebind.example.com:{site.port}/"))
            assert second.cause is not None
            assert second.cause.reason is Reason.ADDRESS_REFUSED
            assert heard == [START]
            assert listeners.visits == 0

    asyncio.run(scenario())


def test_a_name_that_turns_between_two_hops_is_refused_at_the_second() -> None:
    async def scenario() -> None:
        async with serve(redirect("/again"), host=START) as site, listening() as listeners:
            names = Turncoat([[START], [START, "127.0.0.1"]])
            guard = Netguard(allow_private=START_ONLY, ports=frozenset({site.port}))
            checker = HttpChecker(guard, names, clock=SystemClock(), deadline_s=3)
            with connects() as heard:
                result = await checker.check(Target(f"http://rebind.example.com:{site.port}/"))
            assert result.cause is not None
            assert result.cause.reason is Reason.REDIRECT_REFUSED
            assert heard == [START]
            assert listeners.visits == 0

    asyncio.run(scenario())


@pytest.mark.parametrize("answers", [["127.0.0.1"], [*PUBLIC, "::1"], ["::ffff:127.0.0.1"]])
def test_a_port_is_not_knocked_at_inside_either(answers: list[str]) -> None:
    async def scenario() -> None:
        async with listening() as listeners:
            checker = TcpChecker(
                Netguard(), Names(default=answers), clock=SystemClock(), deadline_s=3
            )
            with connects() as heard:
                result = await checker.check(Target(f"tcp://shop.example.com:{listeners.port}"))
            assert result.cause is not None
            assert result.cause.reason is Reason.ADDRESS_REFUSED
            assert heard == []
            assert listeners.visits == 0

    asyncio.run(scenario())


@pytest.mark.parametrize("answers", [["127.0.0.1"], [*PUBLIC, "::1"], ["::ffff:127.0.0.1"]])
@pytest.mark.parametrize("scheme", ["tls", "smtp", "imap", "ping", "minecraft", "bedrock", "a2s"])
def test_no_kind_of_monitor_reaches_inside(scheme: str, answers: list[str]) -> None:
    async def scenario() -> None:
        async with listening() as listeners:
            names = Names(
                default=answers,
                services={
                    "_minecraft._tcp.srv.example.com": ("inside.example.com", listeners.port)
                },
            )
            checkers = Checkers(Netguard(), names, clock=SystemClock(), context=TRUSTS)
            port = "" if scheme == "ping" else f":{listeners.port}"
            urls = [f"{scheme}://shop.example.com{port}"]
            urls += ["minecraft://srv.example.com"] if scheme == "minecraft" else []
            _DATAGRAMS_TOO.append(True)
            try:
                with connects() as heard:
                    results = [await checkers.check(Target(url)) for url in urls]
            finally:
                _DATAGRAMS_TOO.clear()
            reasons = {one.cause and one.cause.reason for one in results}
            assert reasons == {Reason.ADDRESS_REFUSED}
            assert not [one for one in heard if one not in PUBLIC]
            assert listeners.visits == 0

    asyncio.run(scenario())
