"""Two families of addresses, dialled in turn; the first that answers wins."""

import asyncio
import contextlib
import errno
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.engine.connector import (
    MOST_ADDRESSES,
    NEXT_ADDRESS_S,
    Connected,
    _abandon,
    alternate,
    dial,
)
from tests.engine.sites import free_port, until

ROOT = Path(__file__).parents[2]
# One machine has all of 127.0.0.0/8: addresses that answer, refuse or stay silent at will.
LIVE, DEAD, SILENT = "127.0.0.1", "127.0.0.2", "127.0.0.3"
NO_WAY = "255.255.255.255"  # Linux has no route for TCP to it, so nothing is sent


@contextmanager
def listening(port: int, address: str = LIVE) -> Iterator[socket.socket]:
    with socket.create_server((address, port), backlog=16) as server:
        yield server


@contextmanager
def silent(port: int) -> Iterator[None]:
    """A full queue of connections: Linux drops what comes beyond it, as a firewall would."""
    with socket.socket() as server:
        server.bind((SILENT, port))
        server.listen(0)
        fillers = [socket.socket() for _ in range(3)]
        try:
            for filler in fillers:
                filler.setblocking(False)
                filler.connect_ex((SILENT, port))
            yield
        finally:
            for filler in fillers:
                filler.close()


def test_the_families_take_turns_beginning_with_the_first() -> None:
    assert alternate(["1.1.1.1", "2.2.2.2", "::1", "::2", "::3"]) == [
        "1.1.1.1",
        "::1",
        "2.2.2.2",
        "::2",
        "::3",
    ]
    assert alternate(["::1", "1.1.1.1"]) == ["::1", "1.1.1.1"]
    assert alternate([]) == []


def test_an_address_that_refuses_hands_over_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.engine.connector.NEXT_ADDRESS_S", 600.0)

    async def scenario() -> None:
        port = free_port()
        with listening(port):
            dialled = await asyncio.wait_for(dial([DEAD, LIVE], port), 60)
            assert dialled.address == LIVE
            dialled.sock.close()

    asyncio.run(scenario())


def test_a_silent_address_holds_up_the_next_by_a_quarter_of_a_second_only() -> None:
    async def scenario() -> None:
        port = free_port()
        before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - counted, not walked
        with listening(port), silent(port):
            began = time.perf_counter()
            dialled = await asyncio.wait_for(dial([SILENT, LIVE], port), 60)
            assert time.perf_counter() - began >= NEXT_ADDRESS_S
            assert dialled.address == LIVE
            dialled.sock.close()
        await until(lambda: len(os.listdir("/proc/self/fd")) <= before)  # noqa: PTH208 - as above

    asyncio.run(scenario())


def test_giving_up_ends_every_attempt() -> None:
    async def scenario() -> None:
        port = free_port()
        with silent(port):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(dial([SILENT, SILENT], port), 0.1)
            assert len(asyncio.all_tasks()) == 1

    asyncio.run(scenario())


@pytest.mark.parametrize("order", [[NO_WAY, DEAD], [DEAD, NO_WAY]])
def test_of_several_failures_the_most_saying_is_raised(order: list[str]) -> None:
    with pytest.raises(ConnectionRefusedError):
        asyncio.run(dial(order, free_port()))


def test_no_way_to_any_address() -> None:
    with pytest.raises(OSError, match="unreachable") as caught:
        asyncio.run(dial([NO_WAY, NO_WAY], free_port()))
    assert caught.value.errno == errno.ENETUNREACH


def test_an_attempt_that_comes_too_late_is_hung_up() -> None:
    async def scenario() -> None:
        with socket.socket() as sock:
            late = asyncio.ensure_future(asyncio.sleep(0, Connected(sock, LIVE)))
            await asyncio.wait({late})
            await _abandon({late})
            assert sock.fileno() == -1

    asyncio.run(scenario())


def test_no_address_is_an_error_too() -> None:
    with pytest.raises(OSError, match="no address"):
        asyncio.run(dial([], 80))


def test_of_very_many_addresses_eight_are_tried() -> None:
    async def scenario() -> None:
        port = free_port()
        doors = [f"127.0.1.{number}" for number in range(1, 41)]
        with contextlib.ExitStack() as stack:
            for address in doors[MOST_ADDRESSES:]:
                stack.enter_context(listening(port, address))
            with pytest.raises(ConnectionRefusedError):
                await dial(doors, port)
            with listening(port, doors[MOST_ADDRESSES - 1]):
                dialled = await dial(doors, port)
        dialled.sock.close()
        assert dialled.address == doors[MOST_ADDRESSES - 1]

    asyncio.run(scenario())


# Four ports to connect from, all taken: the machine can reach nobody, and nobody is to blame.
EXHAUSTED = """
import asyncio, socket
from bot.clock import SystemClock
from bot.engine.kinds import Checkers
from bot.engine.netguard import Netguard
from bot.models import Target
from tests.engine.sites import LOOPBACK, Names

async def main():
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 9)
    taken = [socket.create_connection(("127.0.0.1", 9)) for _ in range(4)]
    names = Names({"far.example": ["2600::1"]})
    checkers = Checkers(Netguard(allow_private=LOOPBACK), names, clock=SystemClock())
    for url in ("tcp://127.0.0.1:9", "tcp://far.example:9"):
        print((await checkers.check(Target(url))).cause)

asyncio.run(main())
"""


@pytest.mark.process
def test_no_port_left_to_connect_from_is_our_own_shortage() -> None:
    unshare, ip = shutil.which("unshare"), shutil.which("ip")
    if unshare is None or ip is None or os.geteuid() != 0:
        pytest.skip("needs root, unshare and ip")
    few = "echo 40000 40003 > /proc/sys/net/ipv4/ip_local_port_range"
    inside = f'ip link set lo up && {few} && ip -6 route add 2600::/16 dev lo; exec "$0" -c "$1"'
    ended = subprocess.run(
        [unshare, "--net", "sh", "-c", inside, sys.executable, EXHAUSTED],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if not ended.stdout:
        pytest.skip(f"no network of its own here: {ended.stderr[-200:]}")
    ours, without_way = ended.stdout.split()
    assert ours == "local_error"
    assert without_way in {"unreachable", "refused"}
