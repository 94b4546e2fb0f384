"""An httpx transport that makes one fresh connection for each request and keeps none.

A pool's cost grows with every waiting request, and it hides what a monitor must see: the name,
the connection, the certificate (measured: 4 to 50 times the CPU of this one).
"""

import re
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx

from bot.engine.answer_reader import AnswerReader, Head
from bot.engine.connection import PhaseTimer, Stream
from bot.engine.connector import Connector
from bot.engine.netguard import WEB, Netguard
from bot.engine.resolver import Resolve
from bot.engine.tls import unverified_context

BODY_BUDGET = 512 * 1024  # on the wire, framing of the chunks included
# Extensions of the response: the address it came from, and the certificate shown there (DER).
ADDRESS, CERTIFICATE = "address", "certificate"
TARGET = "target"  # httpx's own extension of the request: the path as it goes over the wire
_UNSENDABLE = re.compile(rb"[\x00\r\n]")


class OneShotTransport(httpx.AsyncBaseTransport):
    """Resolve, judge, dial, ask. ``guard`` None: the operator's own addresses are not judged.

    Raises OSError, NameFailed, AddressRefused, BadAnswer: see :mod:`bot.engine.error_mapping`.
    """

    def __init__(
        self,
        resolver: Resolve,
        context: ssl.SSLContext,
        guard: Netguard | None = None,
        *,
        fresh_names: bool = False,
    ) -> None:
        self._context = context
        self._approach = Connector(resolver, guard, fresh_names=fresh_names)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self.ask(request, PhaseTimer())

    async def ask(self, request: httpx.Request, timer: PhaseTimer) -> httpx.Response:
        """Send one request on its own connection; ``timer`` learns how long each phase took."""
        url = request.url
        host, port = url.raw_host.decode("ascii"), url.port or WEB[url.scheme].default_port
        secure = url.scheme == "https"
        sent = request_bytes(request)
        stream, address = await self._connect(host, port, timer)
        body = Body(stream, AnswerReader(request.method), truncated_head_is_fine=not secure)
        try:
            if secure:
                await stream.start_tls(self._context, host)
            with suppress(BrokenPipeError, ConnectionResetError):  # the answer may be there already
                await stream.write(sent)
            head = await body.head()
        except BaseException:
            stream.close()
            raise
        stream.allow(BODY_BUDGET)
        extensions = {ADDRESS: address, CERTIFICATE: stream.certificate()}
        return httpx.Response(
            head.status,
            headers=head.fields,
            stream=body,
            extensions=extensions | {"reason_phrase": head.reason},
        )

    async def unverified_certificate(self, host: str, port: int) -> bytes | None:
        """The DER of whatever certificate the peer shows. Raises what connecting raises."""
        stream, _ = await self._connect(host, port, PhaseTimer())
        try:
            await stream.start_tls(unverified_context(), host)
            return stream.certificate()
        finally:
            stream.close()

    async def _connect(self, host: str, port: int, timer: PhaseTimer) -> tuple[Stream, str]:
        """Only judged addresses are dialled; Host header, SNI and name check stay on the name."""
        dialled = await self._approach.connect(host, port, timer)
        return Stream(dialled.sock, timer), dialled.address


def request_bytes(request: httpx.Request) -> bytes:
    """A request as it goes over the wire. Raises ValueError for what would be two."""
    target = request.extensions.get(TARGET, request.url.raw_path)
    first = b"%s %s HTTP/1.1" % (request.method.encode("ascii"), target)
    lines = [first, *(b"%s: %s" % field for field in request.headers.raw)]
    if any(map(_UNSENDABLE.search, lines)):
        raise ValueError("a line end within a header")
    return b"\r\n".join([*lines, b"", request.content])


class Body(httpx.AsyncByteStream):
    """One answer as it comes, its framing taken away; closing it closes the connection."""

    def __init__(
        self, stream: Stream, reader: AnswerReader, *, truncated_head_is_fine: bool
    ) -> None:
        self._stream = stream
        self._reader = reader
        self._truncated_head_is_fine = truncated_head_is_fine

    async def head(self) -> Head:
        while self._reader.head is None:
            await self._next()
        return self._reader.head

    async def part(self) -> bytes:
        """Some bytes of the body, none at its end. Raises OSError, BadAnswer.

        When it is cancelled nothing is lost.
        """
        data = self._reader.feed(b"")  # what came together with the head
        while not data and not self._reader.whole:
            data = await self._next()
        return data

    async def _next(self) -> bytes:
        data = await self._stream.read()
        if data:
            return self._reader.feed(data)
        self._reader.end(truncated_head_is_fine=self._truncated_head_is_fine)
        return b""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while data := await self.part():
            yield data

    async def aclose(self) -> None:
        self._stream.close()
