"""Servers that mean harm, in a process of their own, so that memory is that of the prober alone.

``python -m tests.engine.hostile`` prints its port; the path says what it does to its visitor.
"""

import asyncio
import gzip
import random
import socket
import struct
from collections.abc import Awaitable, Callable
from functools import cache

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
MEGABYTE = 1 << 20
Act = Callable[[asyncio.StreamWriter], Awaitable[None]]


async def pour(writer: asyncio.StreamWriter, data: bytes, times: int) -> None:
    for _ in range(times):
        writer.write(data)
        await writer.drain()


async def drip(writer: asyncio.StreamWriter) -> None:
    await pour(writer, HEAD + b"Content-Length: 99999\r\n\r\n", 1)
    while True:
        await pour(writer, b".", 1)
        await asyncio.sleep(0.01)


async def slow_header(writer: asyncio.StreamWriter) -> None:
    await pour(writer, HEAD, 1)
    while True:
        await pour(writer, b"X-Slow: yes\r\n", 1)
        await asyncio.sleep(0.01)


async def bomb(writer: asyncio.StreamWriter) -> None:
    """200 MB, each of which would unpack to hundreds."""
    await pour(writer, HEAD + b"Content-Encoding: gzip\r\nContent-Length: 209715200\r\n\r\n", 1)
    await pour(writer, packed_zeros(), 3_200)


@cache
def packed_zeros() -> bytes:
    return gzip.compress(bytes(60 * MEGABYTE))[:65_536].ljust(65_536)


async def huge(writer: asyncio.StreamWriter) -> None:
    await pour(writer, HEAD + b"Content-Length: 209715200\r\n\r\n", 1)
    await pour(writer, bytes(MEGABYTE), 200)


async def header(writer: asyncio.StreamWriter) -> None:
    """One header of 10 MB."""
    await pour(writer, HEAD + b"X-Huge: ", 1)
    await pour(writer, b"x" * MEGABYTE, 10)


async def headers(writer: asyncio.StreamWriter) -> None:
    """As many headers as fit into what is read of a head."""
    await pour(writer, HEAD + b"a:\r\n" * 25_000 + b"\r\n", 1)


async def blanks(writer: asyncio.StreamWriter) -> None:
    """A line that takes a naive parser half a minute."""
    await pour(writer, HEAD + b"a:" + b" " * 98_000 + b"\x00\r\n\r\n", 1)


async def chunks(writer: asyncio.StreamWriter) -> None:
    await pour(writer, HEAD + CHUNKED, 1)
    await pour(writer, b"1\r\na\r\n" * 10_000, 1_000)


async def trailers(writer: asyncio.StreamWriter) -> None:
    """Headers once more, after the last chunk."""
    await pour(writer, HEAD + CHUNKED + b"0\r\n" + b"a:\r\n" * 25_000 + b"\r\n", 1)


async def chunk_name(writer: asyncio.StreamWriter) -> None:
    """A chunk whose extension does not end."""
    await pour(writer, HEAD + CHUNKED + b"5;", 1)
    await pour(writer, b" " * MEGABYTE, 10)


async def interim(writer: asyncio.StreamWriter) -> None:
    await pour(writer, b"HTTP/1.1 103 Early Hints\r\n\r\n" * 4_000, 1_000)


async def storm(writer: asyncio.StreamWriter) -> None:
    """A redirect with as many cookies as lines are read."""
    to = f"Location: /storm?{random.random()}\r\n".encode()
    lines = b"".join(b"Set-Cookie: c%d=%d\r\n" % (n, n) for n in range(1_950))
    await pour(writer, b"HTTP/1.1 302 Found\r\n" + to + lines + b"\r\n", 1)


async def slow_chunks(writer: asyncio.StreamWriter) -> None:
    """Chunks of a byte, each with an extension that is as long as may be."""
    await pour(writer, HEAD + CHUNKED, 1)
    await pour(writer, b"1;" + b"x" * 16_000 + b"\r\na\r\n", 1_000)


async def members(writer: asyncio.StreamWriter) -> None:
    """A packed body of thousands that are empty."""
    await pour(writer, HEAD + b"Content-Encoding: gzip\r\n\r\n", 1)
    await pour(writer, gzip.compress(b"") * 1_000, 1_000)


async def marks(writer: asyncio.StreamWriter) -> None:
    """Letters that take quadratic time to put in order."""
    await pour(writer, HEAD.replace(b"html", b"html; charset=utf-8") + b"\r\n", 1)
    await pour(writer, "\u0300\u0316".encode() * 10_000, 10)


async def references(writer: asyncio.StreamWriter) -> None:
    await pour(writer, HEAD + b"\r\n", 1)
    await pour(writer, b"&aa" * 10_000, 10)


async def early_one_by_one(writer: asyncio.StreamWriter) -> None:
    while True:
        await pour(writer, b"HTTP/1.1 103 Early Hints\r\n" + b"a: b\r\n" * 400 + b"\r\n", 1)
        await asyncio.sleep(0.001)


async def redirect(writer: asyncio.StreamWriter) -> None:
    to = f"/redirect?{random.random()}".encode()
    await pour(writer, b"HTTP/1.1 302 Found\r\nLocation: " + to + b"\r\n\r\n", 1)


async def far_away(writer: asyncio.StreamWriter) -> None:
    """A redirect to 90 KB, another one each time: nothing may remember them."""
    place = random.randbytes(45_000).hex().encode()
    await pour(writer, b"HTTP/1.1 302 Found\r\nLocation: /" + place + b"\r\n\r\n", 1)


async def charset(writer: asyncio.StreamWriter) -> None:
    """A charset nobody knows, another one each time: nothing may remember them."""
    name = random.randbytes(40_000).hex().encode()
    await pour(writer, b"HTTP/1.1 200 OK\r\nContent-Type: a/b; charset=" + name + b"\r\n\r\nx", 1)


async def stall(_writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(3_600)


async def garbage(writer: asyncio.StreamWriter) -> None:
    await pour(writer, random.randbytes(MEGABYTE), 10)


async def garbage_in_http(writer: asyncio.StreamWriter) -> None:
    await pour(writer, b"HTTP/" + random.randbytes(MEGABYTE), 10)


async def reset(writer: asyncio.StreamWriter) -> None:
    raw: socket.socket = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


ACTS: tuple[Act, ...] = (
    storm, slow_chunks, members, marks, references, early_one_by_one, drip, slow_header, bomb,
    huge, header, headers, blanks, chunks, trailers, chunk_name, interim, redirect, far_away,
    charset, stall, garbage, garbage_in_http, reset,
)  # fmt: skip
_BY_PATH = {act.__name__: act for act in ACTS}


async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        # A handshake of TLS never has this end: it is kept waiting.
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split(b" ")[1].decode("latin-1").strip("/").partition("?")[0]
        await _BY_PATH.get(path, redirect)(writer)
    except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return
    finally:
        writer.close()


async def main() -> None:
    server = await asyncio.start_server(take, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
