"""What name servers say: a resolver takes any datagram."""

import asyncio
import struct
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from hypothesis import given

from bot.clock import SystemClock
from bot.engine.kinds.dns import DnsChecker
from bot.engine.netguard import Netguard
from bot.engine.resolver import NameFailed, Resolver
from bot.models import Reason, Target
from tests.fuzz.effort import examples, mutated

NAME = "shop.example.net"
QUESTION = b"\x04shop\x07example\x03net\x00" + struct.pack(">HH", 1, 1)


def reply(*records: bytes, code: int = 0, flags: int = 0x8180) -> bytes:
    """A reply without its first two bytes; the question's id goes there."""
    head = struct.pack(">HHHHH", flags | code, 1, len(records), 0, 0)
    return head + QUESTION + b"".join(records)


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
    """Answers every question with the same bytes, and repeats the question where they do."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        asked = data[12 : 12 + len(QUESTION)]
        self._transport.sendto(data[:2] + self._answer.replace(QUESTION, asked, 1), addr)


@asynccontextmanager
async def lied_to(answer: bytes, look_up_s: float) -> AsyncIterator[Resolver]:
    """A resolver whose only name server says this."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: Liar(answer), local_addr=("127.0.0.1", 0)
    )
    port = transport.get_extra_info("sockname")[1]
    resolver = Resolver(SystemClock(), [f"127.0.0.1:{port}"], look_up_s=look_up_s)
    try:
        yield resolver
    finally:
        await resolver.close()
        transport.close()
        await asyncio.sleep(0)


def test_an_answer_that_is_in_order_is_taken() -> None:
    """So what follows is about answers, and not about packets that were thrown away."""

    async def scenario() -> None:
        async with lied_to(REPLIES[0], look_up_s=5) as resolver:
            assert await resolver.addresses(NAME) == ["93.184.216.34"]

    asyncio.run(scenario())


@examples(80)
@given(mutated(REPLIES, [b"\xc0\x00", b"\xc0\x0c", b"\x3f" + b"a" * 63, b"\x00\x01\x00\x01"]))
def test_any_answer_of_a_name_server_is_a_verdict(answer: bytes) -> None:
    async def scenario() -> None:
        async with lied_to(answer, look_up_s=0.05) as resolver:
            checker = DnsChecker(Netguard(), resolver, clock=SystemClock())
            began = time.process_time()
            result = await checker.check(Target(f"dns://{NAME}"))
            await addresses_of(resolver)
        assert time.process_time() - began < 2
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
