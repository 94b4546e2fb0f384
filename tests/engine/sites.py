"""Local servers that behave as reported, byte by byte, and the names that lead to them."""

import asyncio
import ipaddress
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bot.clock import SystemClock
from bot.engine.kinds.http import HttpChecker
from bot.engine.netguard import Netguard
from bot.engine.resolver import Fault, NameFailed
from bot.engine.tls import as_browsers_name

CERTIFICATES = Path(__file__).parent / "certificates"
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
HOST = "site.example.net"  # what the certificates are for

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


def answer(
    body: bytes = b"hi", *headers: str, status: str = "200 OK", length: int | None = None
) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}"]
    return "\r\n".join([*lines, *headers, "", ""]).encode("latin-1") + body


def redirect(place: str, status: str = "302 Found") -> bytes:
    return answer(b"", f"Location: {place}", status=status)


@dataclass
class Visit:
    """One connection to a site, and the request it brought."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    site: "Site"
    request: str = ""

    @property
    def path(self) -> str:
        return self.request.split(" ")[1]

    @property
    def headers(self) -> dict[str, str]:
        lines = self.request.split("\r\n")[1:]
        return {k.lower(): v for k, _, v in (line.partition(": ") for line in lines if line)}

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def stay(self) -> None:
        """Say nothing more until the test ends."""
        await self.site.closing.wait()

    def reset(self) -> None:
        """Hang up with RST instead of FIN."""
        raw: socket.socket = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Behaviour = Callable[[Visit], Awaitable[None]]


@dataclass
class Site:
    """A running server: where it is and what it was asked."""

    port: int = 0
    visits: list[Visit] = field(default_factory=list)
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    def url(self, path: str = "/", host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"


def always(data: bytes) -> Behaviour:
    async def behave(visit: Visit) -> None:
        await visit.send(data)

    return behave


def paths(answers: Mapping[str, bytes]) -> Behaviour:
    async def behave(visit: Visit) -> None:
        await visit.send(answers.get(visit.path, answer(b"", status="404 Not Found")))

    return behave


@asynccontextmanager
async def serve(
    behave: Behaviour | bytes = OK,
    *,
    certificate: str | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
) -> AsyncIterator[Site]:
    """Run one server; ``behave`` acts after the request's head has come."""
    act = always(behave) if isinstance(behave, bytes) else behave
    site = Site()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visit = Visit(reader, writer, site)
        site.visits.append(visit)
        task = asyncio.ensure_future(_talk(visit, act))
        site.tasks.add(task)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await task

    context = None if certificate is None else server_context(certificate)
    server = await asyncio.start_server(take, host, port, ssl=context, backlog=1024)
    site.port = server.sockets[0].getsockname()[1]
    try:
        yield site
    finally:
        site.closing.set()
        server.close()
        for visit in site.visits:
            visit.writer.transport.abort()
        await asyncio.gather(*site.tasks, return_exceptions=True)
        await asyncio.sleep(0)


async def _talk(visit: Visit, act: Behaviour) -> None:
    try:
        head = await visit.reader.readuntil(b"\r\n\r\n")
        visit.request = head.decode("latin-1")
        await act(visit)
    finally:
        visit.writer.close()


def server_context(certificate: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / f"{certificate}.pem")
    return context


def trusting_context() -> ssl.SSLContext:
    """Trusts the authority of the tests, and no other."""
    return as_browsers_name(ssl.create_default_context(cafile=CERTIFICATES / "authority.pem"))


class Names:
    """A resolver that knows what it is reported; names it does not know have ``default``."""

    def __init__(
        self,
        known: Mapping[str, Sequence[str]] | None = None,
        default: Sequence[str] = (),
        fault: Fault = Fault.NO_SUCH_NAME,
        services: Mapping[str, tuple[str, int]] | None = None,
    ) -> None:
        self._known = dict(known or {})
        self._services = dict(services or {})
        self._default = default
        self._fault = fault
        self.asked: list[str] = []
        self.fresh = 0  # how many of them by no cache's word

    async def addresses(self, host: str, *, fresh: bool = False) -> list[str]:
        self.asked.append(host)
        self.fresh += fresh
        try:
            return [str(ipaddress.ip_address(host))]
        except ValueError:
            found = self._known.get(host, self._default)
        if not found:
            raise NameFailed(host, self._fault)
        return list(found)

    async def service(self, name: str) -> tuple[str, int] | None:
        return self._services.get(name)


def make_checker(
    names: Names | None = None,
    *,
    deadline_s: float | None = 5.0,
    allow_private: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = LOOPBACK,
    context: ssl.SSLContext | None = None,
) -> HttpChecker:
    return HttpChecker(
        Netguard(allow_private=allow_private),
        names or Names({HOST: ["127.0.0.1"]}),
        clock=SystemClock(),
        deadline_s=deadline_s,
        context=context or trusting_context(),
    )


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something is so, a minute at most."""
    async with asyncio.timeout(60.0):
        while True:
            if holds():
                return
            await asyncio.sleep(0.01)


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
