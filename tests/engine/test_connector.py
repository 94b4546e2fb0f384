"""Two families of addresses, dialled in turn; the first that answers wins."""

import asyncio
import contextlib
import errno
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

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


def test_an_address_that_refuses_hands_over_at_once() -> None:
    async def scenario() -> None:
        port = free_port()
        with listening(port):
            began = time.perf_counter()
            dialled = await dial([DEAD, LIVE], port)
            assert time.perf_counter() - began < NEXT_ADDRESS_S
            assert dialled.address == LIVE
            dialled.sock.close()

    asyncio.run(scenario())


def test_a_silent_address_holds_up_the_next_by_a_quarter_of_a_second_only() -> None:
    async def scenario() -> None:
        port = free_port()
        before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - counted, not walked
        with listening(port), silent(port):
            began = time.perf_counter()
            dialled = await asyncio.wait_for(dial([SILENT, LIVE], port), 2)
            assert NEXT_ADDRESS_S <= time.perf_counter() - began < 1.0
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
def test_of_several_failures_the_most_telling_is_raised(order: list[str]) -> None:
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
