"""Servers of the games' own protocols, where npm has put them; and what they once answered.

``NODE_PATH=FOLDER python -m tests.engine.real_game_servers`` asks them anew and writes it down:
FOLDER is a ``node_modules`` with minecraft-protocol and bedrock-protocol.
"""

import asyncio
import json
import shutil
import signal
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bot.engine.kinds.bedrock import _Ping
from bot.engine.kinds.minecraft import _handshake, _packet
from tests.engine.sites import free_port

ANSWERS = Path(__file__).with_name("game-answers.json")
JAVA = ("1.8.8", "1.21.4")
_SCRIPT = Path(__file__).with_name("real_game_server.js")
_NODE = shutil.which("node") or "node"
_START_S = 60.0


@cache
def has(package: str) -> bool:
    """Node finds it, by NODE_PATH for example."""
    command = [_NODE, "-e", f"require.resolve({package!r})"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


@dataclass
class RealServer:
    """Where it listens, and who it says it is."""

    port: int
    about: dict[str, Any]
    process: asyncio.subprocess.Process

    async def line(self) -> dict[str, Any]:
        """The next line that is its own; a library's are passed over."""
        said = b" "
        async with asyncio.timeout(_START_S):
            while not said.startswith(b"{"):
                assert self.process.stdout is not None
                assert said, "it ended"
                said = await self.process.stdout.readline()
        found: dict[str, Any] = json.loads(said)
        return found

    def freeze(self) -> None:
        """Its system still accepts connections, nobody answers."""
        self.process.send_signal(signal.SIGSTOP)

    async def kill(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def real_server(edition: str, about: str = "") -> AsyncIterator[RealServer]:
    """``about``: the version of the Java edition; the port of a Bedrock server is found here."""
    command = [_NODE, str(_SCRIPT), edition, about or str(free_port())]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    server = RealServer(0, {}, process)
    try:
        server.about = await server.line()
        server.port = server.about["port"]
        if edition == "java":
            assert await server.line() == {"players": 1}
        yield server
    finally:
        await server.kill()


async def java_answer(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(_handshake("mc.example.org", 25_565) + _packet(b""))
    answer = await reader.read(1 << 16)
    writer.close()
    return answer


async def bedrock_answer(port: int) -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.connect(("127.0.0.1", port))
        sock.send(_Ping().request)
        return await asyncio.get_running_loop().sock_recv(sock, 4_096)


async def record() -> list[dict[str, str]]:
    found = []
    for version in JAVA:
        async with real_server("java", version) as server:
            answer = (await java_answer(server.port)).hex()
            origin = f"{server.about['origin']}, a server of {version} with one player"
            found.append({"kind": "java", "version": version, "origin": origin, "answer": answer})
    async with real_server("bedrock") as server:
        answer, version = (await bedrock_answer(server.port)).hex(), server.about["version"]
        origin = f"{server.about['origin']}, a server of {version} that nobody plays on"
        found.append({"kind": "bedrock", "version": version, "origin": origin, "answer": answer})
    return found


if __name__ == "__main__":
    ANSWERS.write_text(json.dumps(asyncio.run(record()), indent=1) + "\n")
