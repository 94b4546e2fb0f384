"""One connection on a bare non-blocking socket, plain or TLS, watched closely.

Transports of asyncio hold 256 KB for each TLS connection; a thousand hanging sites would cost
320 MB instead of 53 (measured), in the very outage that has to be reported.
"""

import asyncio
import socket
import ssl
import time
from contextlib import suppress

from bot.engine.error_mapping import BadAnswer, EndlessAnswer
from bot.engine.tls import client_object, is_named
from bot.models import Phases, Reason


class PhaseTimer:
    """Seconds spent in each phase of one try, summed over its connections; None: not reached."""

    __slots__ = ("connect_s", "dns_s", "first_byte_s", "ready_at", "started", "tls_s")

    def __init__(self) -> None:
        self.started = time.perf_counter()
        self.dns_s: float | None = None
        self.connect_s: float | None = None
        self.tls_s: float | None = None
        self.first_byte_s: float | None = None
        self.ready_at: float | None = None  # set while the first byte of a connection is awaited

    def resolved(self, began: float) -> float:
        """The name has its addresses; returns now, when connecting begins."""
        now = time.perf_counter()
        self.dns_s = (self.dns_s or 0.0) + now - began
        return now

    def connected(self, began: float) -> None:
        self.ready_at = time.perf_counter()
        self.connect_s = (self.connect_s or 0.0) + self.ready_at - began

    def secured(self, began: float) -> None:
        self.ready_at = time.perf_counter()
        self.tls_s = (self.tls_s or 0.0) + self.ready_at - began

    def received(self) -> None:
        """Something came; only the first of a connection is timed."""
        if self.ready_at is not None:
            waited_s = time.perf_counter() - self.ready_at
            self.first_byte_s = (self.first_byte_s or 0.0) + waited_s
            self.ready_at = None

    def elapsed_s(self) -> float:
        return time.perf_counter() - self.started

    def phases(self) -> Phases:
        """The same in milliseconds, with the whole length up to now."""
        return Phases(
            dns=_ms(self.dns_s),
            connect=_ms(self.connect_s),
            tls=_ms(self.tls_s),
            first_byte=_ms(self.first_byte_s),
            total=round(self.elapsed_s() * 1000, 3),
        )


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)


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
        self._socket = sock
        self._timer = timer
        self._loop = asyncio.get_running_loop()
        self._waited = True
        self._budget = BUDGET
        self._tls: ssl.SSLObject | None = None
        self._unsent = b""

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Raises ssl.SSLError, BadAnswer, OSError."""
        began = time.perf_counter()
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = client_object(context, self._incoming, self._outgoing, host)
        try:
            await self._shake_hands(self._tls)
        except ssl.SSLError:
            with suppress(OSError):  # the alert that says why, as far as it goes at once
                self._socket.send(self._outgoing.read())
            raise
        await self._flush()
        if context.verify_mode is ssl.CERT_REQUIRED and not is_named(self._tls, host):
            raise BadAnswer(Reason.TLS_NAME, "the certificate is for another name")
        self._timer.secured(began)
        self._budget = BUDGET

    async def read(self) -> bytes:
        """Some bytes of the answer; none when the peer has ended. Raises OSError, Flooded.

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
            await self._flush()

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
        await self._flush()
        data = await self._receive()
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await self._send(self._outgoing.read())

    async def _send(self, data: bytes) -> None:
        self._unsent += data
        while self._unsent:
            sent = 0
            with suppress(BlockingIOError):
                sent = self._socket.send(self._unsent)
            self._unsent = self._unsent[sent:]
            if not sent:
                await self._ready(writing=True)

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
            await self._ready(writing=False)

    async def _ready(self, *, writing: bool) -> None:
        self._waited = True
        future = self._loop.create_future()
        handle = self._socket.fileno()
        add = self._loop.add_writer if writing else self._loop.add_reader
        remove = self._loop.remove_writer if writing else self._loop.remove_reader
        add(handle, _settle, future)
        try:
            await future
        finally:
            remove(handle)


def _decrypted(tls: ssl.SSLObject) -> bytes | None:
    """What can be read at once; None when more has to come."""
    try:
        return tls.read(READ_SIZE)
    except ssl.SSLWantReadError:
        return None
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
        return b""


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
