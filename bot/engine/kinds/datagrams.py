"""Asks by datagrams, which may get lost: the same again every second, until an answer comes."""

import asyncio
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from bot.engine.connector import Connected, before_connect, first_reached
from bot.engine.error_mapping import EndlessAnswer

AGAIN_S = 1.0
SIZE_LIMIT = 4_096  # of a datagram; those of games stay below 1,400
MOST_DATAGRAMS = 256  # that are no answer

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Conversation(Protocol[T_co]):
    """The protocol's side of one exchange. Another ``request`` is sent at once."""

    request: bytes

    def take(self, data: bytes) -> T_co | None:
        """What a datagram says; None: it is not the answer. Raises BadAnswer."""
        ...


@dataclass(frozen=True, slots=True)
class Answer(Connected, Generic[T]):
    """An answer, where it came from, and how long after its request."""

    said: T
    seconds: float


async def ask_any(
    addresses: Sequence[str],
    port: int,
    open_socket: Callable[[str], socket.socket],
    begin: Callable[[socket.socket], Conversation[T]],
) -> Answer[T]:
    """The answer of the first address that gives one. Raises OSError, BadAnswer."""

    async def ask(address: str, port: int) -> Answer[T]:
        before_connect(address, port)
        sock = open_socket(address)
        try:
            # Only this address is heard then, and what its host or a router refuses.
            sock.connect((address, port))
            return await _ask(sock, address, begin(sock))
        except BaseException:
            sock.close()
            raise

    answer = await first_reached(addresses, port, ask)
    answer.sock.close()
    return answer


def udp_socket(address: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)


async def _ask(sock: socket.socket, address: str, talk: Conversation[T]) -> Answer[T]:
    """Until the caller's deadline."""
    useless = 0
    while True:
        began = time.perf_counter()
        sock.send(talk.request)
        asked = talk.request
        while talk.request == asked:
            data = await _next(sock, AGAIN_S - (time.perf_counter() - began))
            if data is None:
                break
            said = talk.take(data)
            if said is not None:
                return Answer(sock, address, said, time.perf_counter() - began)
            useless += 1
            if useless > MOST_DATAGRAMS:
                raise EndlessAnswer("datagrams without end")


async def _next(sock: socket.socket, within_s: float) -> bytes | None:
    """The next datagram; None when there is none in time."""
    try:
        async with asyncio.timeout(max(0.0, within_s)):
            await asyncio.sleep(0)  # others have their turn between two that wait already
            return await asyncio.get_running_loop().sock_recv(sock, SIZE_LIMIT)
    except TimeoutError:
        return None
