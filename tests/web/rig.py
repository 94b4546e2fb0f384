"""A door on a free port of this machine, and a client that sends bytes as they are."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from bot.config import ListenAddress
from bot.web.answers import Handler
from bot.web.door import Door

HERE = "127.0.0.1"


@dataclass(frozen=True)
class Reply:
    """One answer, taken apart."""

    status: int
    headers: dict[str, str]
    body: bytes

    @classmethod
    def of(cls, raw: bytes) -> "Reply":
        head, _, body = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        fields = (line.partition(": ") for line in lines)
        headers = {name.lower(): value for name, _, value in fields}
        return cls(int(first.split()[1]) if first else 0, headers, body)

    @property
    def text(self) -> str:
        return self.body.decode()


def request(
    path: str, method: str = "GET", *, body: bytes = b"", fields: Mapping[str, str] | None = None
) -> bytes:
    lines = {"Host": "door.example", "Connection": "close", **(fields or {})}
    if body:
        lines["Content-Length"] = str(len(body))
    head = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in lines.items())]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


async def sent(port: int, data: bytes, seconds: float = 60.0) -> bytes:
    """Everything that comes back until the other side hangs up."""
    async with asyncio.timeout(seconds):
        reader, writer = await asyncio.open_connection(HERE, port)
        try:
            with contextlib.suppress(ConnectionError):
                writer.write(data)
                await writer.drain()
                return await reader.read()
            return b""
        finally:
            writer.close()


async def ask(port: int, path: str, method: str = "GET", **more: Any) -> Reply:
    return Reply.of(await sent(port, request(path, method, **more)))


@contextlib.asynccontextmanager
async def open_door(handlers: Mapping[str, Handler]) -> AsyncIterator[Door]:
    door = Door(ListenAddress(HERE, 0), handlers)
    door.start()
    try:
        yield door
    finally:
        await door.stop()


def play(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(scenario)
