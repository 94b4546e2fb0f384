"""httpcore's network, on a bare non-blocking socket: one connection, watched closely.

Transports of asyncio hold 256 KB for each TLS connection; a thousand hanging sites would cost
320 MB instead of 53 (measured), in the very outage that has to be reported.
"""

import asyncio
import re
import socket
import ssl
import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import httpcore

from bot.engine.stamps import Stamps

T = TypeVar("T")

READ_SIZE = 16 * 1024  # one TLS record; more at once would be parsed in one go, unseen by others
HEAD_BUDGET = 128 * 1024  # h11 refuses a header block of more than 100 KiB
# Of lines like "a:" 25,000 would fit: 17 MB and a tenth of a second of CPU (measured).
HEAD_LINES = 2_000
_EMPTY_LINE = re.compile(rb"\n\r?\n")
FIRST_WORD = b"HTTP/"


class Flooded(httpcore.RemoteProtocolError):
    """The peer sends more than any honest answer needs."""


class NotHttp(httpcore.RemoteProtocolError):
    """The peer speaks, but another language: SSH, SMTP, a database."""


class Stream(httpcore.AsyncNetworkStream):
    """One connected socket, plain or TLS. Reads no more than ``budget`` bytes in all.

    A peer that never stops sending would otherwise hold the event loop: reading what is there
    needs no waiting, so no deadline could fire (measured: 1.5 s of silence for all others).
    """

    def __init__(self, sock: socket.socket, stamps: Stamps) -> None:
        self._socket = sock
        self._stamps = stamps
        self._loop = asyncio.get_running_loop()
        self._unwaited = 0
        self._lines = 0  # of the head; counted until the body is allowed
        self._in_head = True
        self.budget = HEAD_BUDGET

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's signature
        del timeout  # the whole try has one deadline
        if self.budget <= 0:
            raise Flooded("the answer does not end")
        size = min(max_bytes, READ_SIZE, self.budget)
        try:
            data = await self._do(lambda: self._socket.recv(size), writing=False)
        except ssl.SSLEOFError:
            data = b""
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error
        if self.budget == HEAD_BUDGET:
            _check_first_word(data)
        if self._in_head:
            self._count_lines(data)
        self.budget -= len(data)
        self._stamps.received()
        self._unwaited += 1
        if self._unwaited > 1:
            await asyncio.sleep(0)
        return data

    def allow_body(self, more: int) -> None:
        """The head has been read: let ``more`` bytes be read."""
        self._in_head = False
        self.budget += more

    def _count_lines(self, data: bytes) -> None:
        """What follows an empty line may be the body already, so it is not counted."""
        self._lines += _EMPTY_LINE.split(data, 1)[0].count(b"\n")
        if self._lines > HEAD_LINES:
            raise Flooded("the head does not end")

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - httpcore's signature
        del timeout
        view = memoryview(buffer)
        try:
            while view:
                sent = await self._do(partial(self._socket.send, view), writing=True)
                view = view[sent:]
        except OSError as error:
            raise httpcore.WriteError(str(error)) from error

    async def aclose(self) -> None:
        self._socket.close()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
    ) -> "Stream":
        del timeout
        began = time.perf_counter()
        try:
            secured = ssl_context.wrap_socket(
                self._socket, server_hostname=server_hostname, do_handshake_on_connect=False
            )
            self._socket = secured
            await self._do(secured.do_handshake, writing=False)
        except OSError as error:
            self._socket.close()
            raise httpcore.ConnectError(str(error)) from error
        except BaseException:
            self._socket.close()
            raise
        self._stamps.secured(began)
        return self

    def get_extra_info(self, info: str) -> Any:
        if info == "ssl_object" and isinstance(self._socket, ssl.SSLSocket):
            return self._socket
        return None

    async def _do(self, call: Callable[[], T], *, writing: bool) -> T:
        """Repeat a non-blocking call until it has an answer; TLS may turn the direction round."""
        while True:
            try:
                return call()
            except BlockingIOError:
                wants_to_write = writing
            except ssl.SSLWantReadError:
                wants_to_write = False
            except ssl.SSLWantWriteError:
                wants_to_write = True
            await self._ready(writing=wants_to_write)

    async def _ready(self, *, writing: bool) -> None:
        self._unwaited = 0
        future = self._loop.create_future()
        handle = self._socket.fileno()
        add = self._loop.add_writer if writing else self._loop.add_reader
        remove = self._loop.remove_writer if writing else self._loop.remove_reader
        add(handle, _settle, future)
        try:
            await future
        finally:
            remove(handle)


def _check_first_word(data: bytes) -> None:
    """A banner tells at once; h11 would wait for a head that never comes, until the deadline."""
    if data[: len(FIRST_WORD)] != FIRST_WORD[: len(data)]:
        raise NotHttp("the answer does not begin with HTTP/")


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
