"""An httpx transport that makes one fresh connection for each request and keeps none.

A pool's cost grows with every waiting request, and it hides what a monitor must see: the name,
the connection, the certificate (measured: 4 to 50 times the CPU of this one). It reads bare
non-blocking sockets: transports of asyncio hold 256 KB for each TLS connection, so that a thousand
hanging sites would cost 320 MB instead of 53 (measured), in the very outage to be reported.
"""

import asyncio
import re
import socket
import ssl
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from weakref import WeakKeyDictionary

import httpx

from bot.engine.answer_reader import AnswerReader, Head
from bot.engine.connector import Connector, PhaseTimer, ready
from bot.engine.error_mapping import BadAnswer, EndlessAnswer
from bot.engine.netguard import WEB, Netguard
from bot.engine.resolver import Resolve
from bot.engine.tls import client_object, is_named, unverified_context
from bot.models import Reason

READ_SIZE = 16 * 1024  # one TLS record; more at once would be worked through unseen by others
# Of a handshake as of a head; a chain of certificates is at most 100 KiB by OpenSSL's own limit.
BUDGET = 256 * 1024


class Stream:
    """One connected socket. Reads no more than its budget of bytes off the wire.

    A peer that never stops sending would otherwise hold the event loop: reading what is there
    needs no waiting, so no deadline could fire. TLS reads from memory, not from the socket, for
    the same reason: OpenSSL works through session tickets within one call for as long as they
    come, and counts them nowhere (measured: 25 s of silence for all others).
    """

    _incoming: ssl.MemoryBIO
    _outgoing: ssl.MemoryBIO

    def __init__(self, sock: socket.socket, timer: PhaseTimer) -> None:
        self._socket, self._timer = sock, timer
        self._waited = True
        self._budget = BUDGET
        self._tls: ssl.SSLObject | None = None
        self._unsent = b""

    async def start_tls(
        self, context: ssl.SSLContext, host: str, protocols: Sequence[str] = ("http/1.1",)
    ) -> None:
        """``protocols`` are offered by ALPN. Raises ssl.SSLError, BadAnswer, OSError.

        Our last word of the handshake leaves with what is written next: one packet less, and one
        time less that both ends are woken. Whoever has nothing to write calls :meth:`flush`.
        """
        began = time.perf_counter()
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = client_object(context, self._incoming, self._outgoing, host, protocols)
        try:
            await self._shake_hands(self._tls)
        except ssl.SSLError:
            with suppress(OSError):  # the alert that says why, as far as it goes at once
                self._socket.send(self._outgoing.read())
            raise
        if not is_named(self._tls, host) and context.verify_mode is ssl.CERT_REQUIRED:
            raise BadAnswer(Reason.TLS_NAME, "the certificate is for another name")
        self._timer.secured(began)
        self._budget = BUDGET

    async def read(self) -> bytes:
        """Some bytes of the answer; none when the peer has ended. Raises OSError, EndlessAnswer.

        When it is cancelled nothing of the answer is lost.
        """
        data = await (self._receive() if self._tls is None else self._decrypt(self._tls))
        self._timer.received()
        return data

    async def write(self, data: bytes) -> None:
        if self._tls is None:
            await self._send(data)
        else:
            self._tls.write(data)
            await self.flush()

    async def flush(self) -> None:
        """Send what TLS has to say."""
        if self._outgoing.pending:
            await self._send(self._outgoing.read())

    def allow(self, more: int) -> None:
        """Let ``more`` bytes be read."""
        self._budget += more

    def certificate(self) -> bytes | None:
        """The peer's certificate, DER; None without TLS."""
        return None if self._tls is None else self._tls.getpeercert(binary_form=True)

    def close(self) -> None:
        self._socket.close()

    async def _shake_hands(self, tls: ssl.SSLObject) -> None:
        while True:
            with suppress(ssl.SSLWantReadError):
                return tls.do_handshake()
            await self._feed()

    async def _decrypt(self, tls: ssl.SSLObject) -> bytes:
        while True:
            data = _decrypted(tls)
            if data is not None:
                return data
            await self._feed()

    async def _feed(self) -> None:
        """Send what TLS has to say, and give it what comes."""
        await self.flush()
        data = await self._receive()
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    async def _send(self, data: bytes) -> None:
        self._unsent += data
        while self._unsent:
            sent = 0
            with suppress(BlockingIOError):
                sent = self._socket.send(self._unsent)
            self._unsent = self._unsent[sent:]
            if not sent:
                self._waited = True
                await ready(self._socket, writing=True)

    async def _receive(self) -> bytes:
        """Up to 16 KiB off the wire. Others have their turn between two that need no waiting."""
        if self._budget <= 0:
            raise EndlessAnswer("the answer does not end")
        if not self._waited:
            await asyncio.sleep(0)
        while True:
            with suppress(BlockingIOError):
                data = self._socket.recv(min(READ_SIZE, self._budget))
                self._waited = False
                self._budget -= len(data)
                return data
            self._waited = True
            await ready(self._socket, writing=False)


def _decrypted(tls: ssl.SSLObject) -> bytes | None:
    """What can be read at once; None when more has to come."""
    try:
        return tls.read(READ_SIZE)
    except ssl.SSLWantReadError:
        return None
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
        return b""


BODY_LIMIT = 256 * 1024
# A body in one-byte chunks costs CPU for each; honest pieces are larger.
MAX_PARTS = 8_192
PARTS_A_TURN = 64
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
        self._connector = Connector(resolver, guard, fresh_names=fresh_names)
        self._sent: WeakKeyDictionary[httpx.Request, bytes] = WeakKeyDictionary()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self.send(request, PhaseTimer())

    async def send(self, request: httpx.Request, timer: PhaseTimer) -> httpx.Response:
        """Send one request on its own connection; ``timer`` notes how long each phase took."""
        url = request.url
        host, port = url.raw_host.decode("ascii"), url.port or WEB[url.scheme].default_port
        secure = url.scheme == "https"
        sent = self._sent.get(request)
        if sent is None:
            sent = self._sent[request] = request_bytes(request)
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
        connected = await self._connector.connect(host, port, timer)
        return Stream(connected.sock, timer), connected.address


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

    @classmethod
    def of(cls, response: httpx.Response) -> "Body":
        """The body of an answer of this transport."""
        if not isinstance(response.stream, cls):
            raise TypeError("an answer of another transport")
        return response.stream

    def __init__(
        self, stream: Stream, reader: AnswerReader, *, truncated_head_is_fine: bool
    ) -> None:
        self._stream, self._reader = stream, reader
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

    async def read(self, limit: int = BODY_LIMIT) -> bytes:
        """The body as it came over the wire, at most its first 256 KiB, or ``limit`` bytes."""
        self._stream.allow(2 * (limit - BODY_LIMIT))
        body = bytearray()
        parts = 0
        with suppress(EndlessAnswer):  # what has been read until then is enough
            while len(body) < limit and parts < MAX_PARTS:
                part = await self.part()
                if not part:
                    break
                body += part
                parts += 1
                if parts % PARTS_A_TURN == 0:
                    await asyncio.sleep(0)
        return bytes(body[:limit])

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
