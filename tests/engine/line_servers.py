"""A server that follows a script of lines, as mail servers talk, and begins TLS in its middle."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from tests.engine.sites import server_context

TLS, HANG_UP, SILENCE = object(), object(), object()

# What it says by itself (bytes), what it waits for (text), or one of the three signs above.
Script = Sequence[object]


@dataclass
class LineServer:
    """Where it is, and the lines that came."""

    port: int = 0
    heard: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)  # how each conversation did


async def _follow(
    server: LineServer,
    script: Script,
    certificate: str,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    for step in script:
        if isinstance(step, bytes):
            writer.write(step)
            await writer.drain()
        elif isinstance(step, str):
            line = (await reader.readline()).decode("ascii").strip()
            server.heard.append(line)
            if line != step:
                server.ended.append(f"{line!r} instead of {step!r}")
                return
        elif step is TLS:
            await writer.start_tls(server_context(certificate))
        elif step is SILENCE:
            await reader.read()
    server.ended.append("whole")


@asynccontextmanager
async def line_server(
    script: Script, certificate: str = "good", host: str = "127.0.0.1"
) -> AsyncIterator[LineServer]:
    server = LineServer()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError):
                await _follow(server, script, certificate, reader, writer)
        finally:
            writer.close()

    running = await asyncio.start_server(take, host, 0)
    server.port = running.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        running.close()
        await asyncio.sleep(0)
