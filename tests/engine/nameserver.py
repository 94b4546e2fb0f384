"""A name server on 127.0.0.1 that answers, denies or keeps silent as the name says."""

import asyncio
import struct
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

A, AAAA, SRV = 1, 28, 33
NOT_FOUND, FAILED = 3, 2


class NameServer(asyncio.DatagramProtocol):
    """``dead*`` is never answered, ``half*`` only for A, ``slow*`` late; ``nx*`` does not exist,
    ``fail*`` cannot be answered, ``empty*`` has no address; any other name is 127.0.0.1.
    SRV records are those of ``services``: priority, weight, port, target."""

    def __init__(self) -> None:
        self.queries: Counter[tuple[str, int]] = Counter()
        self.silent = False
        self.ttl = 300
        self.slow_s = 0.1
        self.address = bytes([127, 0, 0, 1])
        self.where = ""
        self.services: dict[str, list[tuple[int, int, int, str]]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Python 3.11 makes it of no DatagramTransport although it behaves as one.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        name, end = _name(data)
        kind = struct.unpack(">H", data[end : end + 2])[0]
        self.queries[name, kind] += 1
        if self.silent or name.startswith("dead") or (name.startswith("half") and kind == AAAA):
            return
        reply = self._reply(data, name, kind, data[12 : end + 4])
        if name.startswith("slow"):
            asyncio.get_running_loop().call_later(self.slow_s, self._send, reply, addr)
        else:
            self._send(reply, addr)

    def _send(self, reply: bytes, addr: tuple[str, int]) -> None:
        self._transport.sendto(reply, addr)

    def _reply(self, data: bytes, name: str, kind: int, question: bytes) -> bytes:
        if kind == SRV:
            return self._services(data, name, question)
        code = NOT_FOUND if name.startswith("nx") else FAILED if name.startswith("fail") else 0
        found = not code and kind == A and not name.startswith("empty")
        head = data[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, int(found), 0, 0)
        record = struct.pack(">HHHIH", 0xC00C, A, 1, self.ttl, 4) + self.address
        return head + question + (record if found else b"")

    def _services(self, data: bytes, name: str, question: bytes) -> bytes:
        reply = question
        records = self.services.get(name.lower(), [])
        for priority, weight, port, target in records:
            host = b"".join(bytes([len(one)]) + one.encode() for one in target.split(".") if one)
            content = struct.pack(">HHH", priority, weight, port) + host + b"\0"
            reply += struct.pack(">HHHIH", 0xC00C, SRV, 1, self.ttl, len(content)) + content
        code = 0 if records else NOT_FOUND
        return data[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, len(records), 0, 0) + reply


def _name(data: bytes) -> tuple[str, int]:
    labels, at = [], 12
    while size := data[at]:
        labels.append(data[at + 1 : at + 1 + size].decode())
        at += 1 + size
    return ".".join(labels), at + 1


@asynccontextmanager
async def nameserver() -> AsyncIterator[NameServer]:
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(NameServer, local_addr=("127.0.0.1", 0))
    server.where = f"127.0.0.1:{transport.get_extra_info('sockname')[1]}"
    try:
        yield server
    finally:
        transport.close()
