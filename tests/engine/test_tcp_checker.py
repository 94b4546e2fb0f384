"""Monitors of ports: open or not, and hung up at once."""

import asyncio
import ipaddress
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from bot.clock import SystemClock
from bot.engine import connector
from bot.engine.connector import Connected
from bot.engine.kinds.tcp import TCP, TcpChecker
from bot.engine.netguard import Netguard
from bot.engine.resolver import Fault
from bot.models import HIDDEN, Cause, CheckResult, Reason, Target
from tests.engine.sites import LOOPBACK, Names, free_port


@contextmanager
def listening(host: str = "127.0.0.1") -> Iterator[int]:
    """Something that accepts connections and never says a word; its port."""
    with socket.create_server((host, 0), backlog=16) as server:
        port: int = server.getsockname()[1]
        yield port


@contextmanager
def deaf() -> Iterator[int]:
    """A port whose queue of connections is full: it neither accepts nor refuses."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(server.getsockname())
        port: int = server.getsockname()[1]
        yield port


async def checked(url: str, names: Names | None = None, *, deadline_s: float = 5.0) -> CheckResult:
    made = TcpChecker(
        Netguard(allow_private=LOOPBACK),
        names or Names(),
        clock=SystemClock(),
        deadline_s=deadline_s,
    )
    return await made.check(Target(url))


async def cause(url: str, names: Names | None = None) -> Cause | None:
    return (await checked(url, names)).cause


def test_a_port_that_accepts_is_up_and_its_phases_are_timed() -> None:
    async def scenario() -> None:
        with listening() as port:
            result = await checked(f"tcp://db.lan:{port}", Names({"db.lan": ["127.0.0.1"]}))
        assert result.ok
        assert result.address == "127.0.0.1"
        assert (result.status, result.final_url, result.certificate_expires_ms) == (None,) * 3
        phases = result.phases
        assert phases.dns is not None
        assert phases.connect is not None
        assert (phases.tls, phases.first_byte) == (None, None)
        assert phases.total >= phases.connect

    asyncio.run(scenario())


def test_what_was_connected_is_hung_up_at_once() -> None:
    async def scenario() -> None:
        gone = asyncio.Event()

        async def wait_for_the_end(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter
        ) -> None:
            assert await reader.read() == b""
            gone.set()
            writer.close()

        server = await asyncio.start_server(wait_for_the_end, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            assert (await checked(f"tcp://127.0.0.1:{port}")).ok
            await asyncio.wait_for(gone.wait(), 60)

    asyncio.run(scenario())


def test_a_port_on_which_nobody_listens_refuses() -> None:
    async def scenario() -> None:
        assert await cause(f"tcp://127.0.0.1:{free_port()}") == Cause(Reason.REFUSED)

    asyncio.run(scenario())


def test_a_port_that_is_deaf_times_out_at_the_deadline() -> None:
    async def scenario() -> None:
        with deaf() as port:
            began = time.perf_counter()
            result = await checked(f"tcp://127.0.0.1:{port}", deadline_s=0.2)
            assert time.perf_counter() - began < 30
            assert result.cause == Cause(Reason.TIMEOUT, 1)
            assert result.address is None

    asyncio.run(scenario())


def test_a_name_without_an_address_and_one_that_leads_inside_have_their_causes() -> None:
    async def scenario() -> None:
        dead = Names({}, fault=Fault.NO_SUCH_NAME)
        assert await cause("tcp://example.com:5432", dead) == Cause(Reason.DNS)
        inside = Names({"example.com": ["8.8.8.8", "10.0.0.1"]})
        assert await cause("tcp://example.com:5432", inside) == Cause(
            Reason.ADDRESS_REFUSED, HIDDEN
        )

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ConnectionRefusedError(111, "refused"), Reason.REFUSED),
        (OSError(113, "no route to host"), Reason.UNREACHABLE),
        (OSError(101, "network is unreachable"), Reason.UNREACHABLE),
        (ConnectionResetError(104, "reset"), Reason.RESET),
        (TimeoutError(110, "timed out"), Reason.TIMEOUT),
    ],
)
def test_each_way_to_fail_has_its_cause(
    error: OSError, reason: Reason, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dial(addresses: list[str], port: int) -> Connected:
        assert (addresses, port) == (["8.8.8.8"], 5432)
        raise error

    async def scenario() -> None:
        monkeypatch.setattr(connector, "dial", dial)
        seen = await cause("tcp://example.com:5432", Names({"example.com": ["8.8.8.8"]}))
        assert seen is not None
        assert seen.reason is reason

    asyncio.run(scenario())


def test_of_several_addresses_one_that_answers_is_enough() -> None:
    async def scenario() -> None:
        with listening("127.0.0.2") as port:
            names = Names({"db.lan": ["127.0.0.1", "127.0.0.2"]})
            result = await checked(f"tcp://db.lan:{port}", names)
            assert (result.cause, result.address) == (None, "127.0.0.2")

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "url",
    [
        "tcp://127.0.0.1:5432",
        "tcp://10.0.0.1:22",
        "tcp://example.com:25",
        "tcp://example.com",
        "https://example.com/",
    ],
)
def test_nothing_that_is_refused_is_ever_dialled(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    dialled: list[object] = []

    async def dial(*args: object) -> Connected:
        dialled.append(args)
        raise OSError

    async def scenario() -> None:
        monkeypatch.setattr(connector, "dial", dial)
        names = Names(default=["8.8.8.8"])
        made = TcpChecker(Netguard(), names, clock=SystemClock())
        assert (await made.check(Target(url))).cause == Cause(Reason.ADDRESS_REFUSED)
        assert dialled == []

    asyncio.run(scenario())


def test_a_name_that_moves_to_a_refused_port_of_the_outside_is_refused() -> None:
    """Port 25 is fine at home, and only there."""

    async def scenario() -> None:
        names = Names({"mail.example.com": ["8.8.8.8"]})
        assert await cause("tcp://mail.example.com:25", names) == Cause(Reason.ADDRESS_REFUSED)
        home = Netguard(allow_private=(ipaddress.ip_network("127.0.0.0/8"),))
        home.check_addresses("mail.lan", 25, ["127.0.0.1"], TCP.rules)

    asyncio.run(scenario())
