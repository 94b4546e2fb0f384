"""What name servers and ports say: a resolver takes any datagram, a port may send any banner."""

import asyncio
import struct
import time
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from bot.clock import SystemClock
from bot.engine.dns_probe import DnsProbe
from bot.engine.netguard import Netguard
from bot.engine.resolver import NameFailed, Resolver
from bot.engine.tcp_probe import TcpProbe
from bot.models import Reason, Target
from tests.engine.sites import LOOPBACK, Names
from tests.fuzz.effort import mutated, tries

NAME = "shop.example.net"
QUESTION = b"\x04shop\x07example\x03net\x00"


def reply(*records: bytes, code: int = 0, flags: int = 0x8180) -> bytes:
    """A reply without its first two bytes; the question's id goes there."""
    head = struct.pack(">HHHHH", flags | code, 1, len(records), 0, 0)
    return head + QUESTION + struct.pack(">HH", 1, 1) + b"".join(records)


def record(kind: int, data: bytes, *, name: bytes = b"\xc0\x0c", ttl: int = 300) -> bytes:
    return name + struct.pack(">HHIH", kind, 1, ttl, len(data)) + data


REPLIES = [
    reply(record(1, bytes([93, 184, 216, 34]))),
    reply(record(28, bytes(16)), record(1, bytes([127, 0, 0, 1]))),
    reply(record(5, b"\xc0\x0c")),  # a name that is another name for itself
    reply(record(1, bytes(4), ttl=0xFFFFFFFF)),
    reply(*(record(1, bytes([93, 184, 216, n])) for n in range(60))),
    reply(code=3),
    reply(flags=0x8380),
    reply(record(1, b"\x01")),
    b"",
]


class Liar(asyncio.DatagramProtocol):
    """Answers every question with the same bytes."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._transport.sendto(data[:2] + self._answer, addr)


@tries(80)
@given(mutated(REPLIES, [b"\xc0\x00", b"\xc0\x0c", b"\x3f" + b"a" * 63, b"\x00\x01\x00\x01"]))
def test_any_answer_of_a_name_server_is_a_verdict(answer: bytes) -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: Liar(answer), local_addr=("127.0.0.1", 0)
        )
        port = transport.get_extra_info("sockname")[1]
        clock = SystemClock()
        resolver = Resolver(clock, [f"127.0.0.1:{port}"], look_up_s=0.05)
        began = time.monotonic()
        try:
            result = await DnsProbe(Netguard(), resolver, clock=clock).probe(
                Target(f"dns://{NAME}")
            )
            await addresses_of(resolver)
        finally:
            await resolver.close()
            transport.close()
            await asyncio.sleep(0)
        assert time.monotonic() - began < 2
        assert result.cause is None or result.cause.reason in {Reason.DNS, Reason.ADDRESS_REFUSED}
        assert result.address is None or Netguard().is_visible(NAME, result.address)

    asyncio.run(scenario())


async def addresses_of(resolver: Resolver) -> None:
    try:
        found = await resolver.addresses(NAME)
    except NameFailed:
        return
    assert found
    assert all(isinstance(one, str) and one.isascii() for one in found)


@tries(40)
@given(st.binary(max_size=200) | st.just(b"\x00" * 300_000))
def test_any_banner_is_a_port_that_is_open_and_none_is_read(banner: bytes) -> None:
    async def scenario() -> None:
        async def take(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(banner)
            writer.close()

        server = await asyncio.start_server(take, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            probe = TcpProbe(
                Netguard(allow_private=LOOPBACK),
                Names(default=["127.0.0.1"]),
                clock=SystemClock(),
            )
            result = await probe.probe(Target(f"tcp://{NAME}:{port}"))
        assert result.cause is None

    asyncio.run(scenario())
