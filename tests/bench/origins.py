"""Many small web sites in a process of their own, so that only the other side is measured.

``python -m tests.bench.origins COUNT [CERTIFICATE]`` prints its first and last port's list as
JSON; every line on stdin is answered with what has been asked so far. Sites from ``hang`` on
never answer.
"""

import asyncio
import contextlib
import json
import shutil
import socket
import ssl
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

BODY = b"x" * 2048
HEAD = (
    b"HTTP/1.1 200 OK\r\nServer: bench\r\nContent-Type: text/html; charset=utf-8\r\n"
    b"Cache-Control: no-store\r\nX-Frame-Options: DENY\r\nX-Content-Type-Options: nosniff\r\n"
    b"Vary: Accept-Encoding\r\nAccept-Ranges: bytes\r\nConnection: close\r\n"
    b"Content-Length: 2048\r\n\r\n"
)


@dataclass
class Seen:
    visits: int = 0
    first: float = 0.0


class Answer(asyncio.Protocol):
    def __init__(self, seen: Seen, *, hangs: bool) -> None:
        self._seen = seen
        self._hangs = hangs
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if not data.endswith(b"\r\n\r\n") or self._transport is None:
            return
        self._seen.visits += 1
        self._seen.first = self._seen.first or time.monotonic()
        if not self._hangs:
            self._transport.write(HEAD + BODY)
            self._transport.close()


async def serve(count: int, hang: int, certificate: str | None) -> None:
    loop = asyncio.get_running_loop()
    seen = Seen()
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        context.num_tickets = 0
    ports = []
    for number in range(count):
        sock = socket.socket()
        sock.bind(("127.0.0.1", 0))
        ports.append(sock.getsockname()[1])
        hangs = number >= count - hang
        await loop.create_server(
            lambda hangs=hangs: Answer(seen, hangs=hangs),
            sock=sock,
            ssl=context,
            backlog=256,
        )
    print(json.dumps(ports), flush=True)
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.readline():
        print(json.dumps([seen.visits, seen.first]), flush=True)


class Origins:
    """The handle of the measuring side."""

    def __init__(self, count: int, *, hang: int = 0, certificate: Path | None = None) -> None:
        self.scheme = "http" if certificate is None else "https"
        more = [] if certificate is None else [str(certificate)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.origins", str(count), str(hang), *more],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.ports: list[int] = self._line()

    def urls(self, count: int) -> list[str]:
        """So many different addresses, over and over the same sites when there are fewer."""
        ports = self.ports
        return [f"{self.scheme}://127.0.0.1:{ports[n % len(ports)]}/{n}" for n in range(count)]

    def seen(self) -> Seen:
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()
        return Seen(*self._line())

    def _line(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


def certificate(folder: Path) -> Path:
    """A fresh key and certificate for 127.0.0.1 in one file; it is its own authority."""
    file = folder / "origin.pem"
    with contextlib.suppress(FileNotFoundError):
        file.unlink()
    words = (
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=bench"
        " -addext subjectAltName=IP:127.0.0.1 -keyout - -out -"
    )
    made = subprocess.run(
        [shutil.which("openssl") or "openssl", *words.split()], capture_output=True, check=True
    ).stdout
    file.write_bytes(made)
    return file


if __name__ == "__main__":
    asyncio.run(
        serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else None)
    )
