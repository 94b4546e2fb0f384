"""Game servers on 127.0.0.1 that answer with recorded bytes, or with what nobody should send."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

Answers = Callable[[bytes], Sequence[bytes]]


@dataclass
class UdpServer(asyncio.DatagramProtocol):
    """Answers each datagram with what ``answers`` makes of it; keeps what came."""

    answers: Answers
    heard: list[bytes] = field(default_factory=list)
    port: int = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Python 3.11 makes it of no DatagramTransport although it behaves as one.
        self._transport = cast("asyncio.DatagramTransport", transport)
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.heard.append(data)
        for answer in self.answers(data):
            self._transport.sendto(answer, addr)


@asynccontextmanager
async def udp_server(answers: Answers, host: str = "127.0.0.1") -> AsyncIterator[UdpServer]:
    server = UdpServer(answers)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: server, local_addr=(host, 0))
    try:
        yield server
    finally:
        transport.close()


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number % 128 + 128)
        number //= 128
    return bytes([*out, number])


def java_status(text: str | bytes) -> bytes:
    """A whole status answer of the Java edition."""
    data = text.encode() if isinstance(text, str) else text
    packet = b"\x00" + varint(len(data)) + data
    return varint(len(packet)) + packet
