"""httpcore's network, on bare non-blocking sockets: one connection, watched closely.

Transports of asyncio hold 256 KB for each TLS connection; a thousand hanging sites would cost
320 MB instead of 53 (measured), in the very outage that has to be reported.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import httpcore

from bot.models import Phases

T = TypeVar("T")

ATTEMPT_DELAY_S = 0.25  # RFC 8305: the next address is tried while the first still thinks


class Stamps:
    """Seconds spent in each phase of one try, summed over its connections; None: not reached."""

    __slots__ = ("connect_s", "dns_s", "first_byte_s", "ready_at", "started", "tls_s")

    def __init__(self) -> None:
        self.started = time.perf_counter()
        self.dns_s: float | None = None
        self.connect_s: float | None = None
        self.tls_s: float | None = None
        self.first_byte_s: float | None = None
        self.ready_at: float | None = None  # set while the first byte of a connection is awaited

    def phases(self) -> Phases:
        """The same in milliseconds, with the whole length up to now."""
        return Phases(
            dns=_ms(self.dns_s),
            connect=_ms(self.connect_s),
            tls=_ms(self.tls_s),
            first_byte=_ms(self.first_byte_s),
            total=round((time.perf_counter() - self.started) * 1000, 3),
        )


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)


class Stream(httpcore.AsyncNetworkStream):
    """One connected socket, plain or TLS."""

    def __init__(self, sock: socket.socket, stamps: Stamps) -> None:
        self._socket = sock
        self._stamps = stamps
        self._loop = asyncio.get_running_loop()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's signature
        del timeout  # the whole try has one deadline
        try:
            data = await self._do(lambda: self._socket.recv(max_bytes), writing=False)
        except ssl.SSLEOFError:
            data = b""
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error
        stamps = self._stamps
        if stamps.ready_at is not None:
            waited_s = time.perf_counter() - stamps.ready_at
            stamps.first_byte_s = (stamps.first_byte_s or 0.0) + waited_s
            stamps.ready_at = None
        return data

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
        self._stamps.ready_at = time.perf_counter()
        self._stamps.tls_s = (self._stamps.tls_s or 0.0) + self._stamps.ready_at - began
        return self

    def get_extra_info(self, info: str) -> Any:
        match info:
            case "ssl_object":
                return self._socket if isinstance(self._socket, ssl.SSLSocket) else None
            case "server_addr":
                return self._socket.getpeername()
            case _:
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
        future = self._loop.create_future()
        handle = self._socket.fileno()
        add = self._loop.add_writer if writing else self._loop.add_reader
        remove = self._loop.remove_writer if writing else self._loop.remove_reader
        add(handle, _settle, future)
        try:
            await future
        finally:
            remove(handle)


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def dial(addresses: Sequence[str], port: int) -> socket.socket:
    """Connect to the first address that answers, families alternating, 250 ms apart.

    Raises the OSError of the last one when none does.
    """
    order = alternate(addresses)
    if len(order) == 1:
        return await _connect(order[0], port)
    return await _race(order, port)


def alternate(addresses: Sequence[str]) -> list[str]:
    """IPv6 and IPv4 in turn, beginning with the family the resolver put first."""
    first = [a for a in addresses if (":" in a) == (":" in addresses[0])]
    other = [a for a in addresses if (":" in a) != (":" in addresses[0])]
    mixed = []
    for index in range(max(len(first), len(other))):
        mixed += first[index : index + 1] + other[index : index + 1]
    return mixed


async def _race(order: Sequence[str], port: int) -> socket.socket:
    running: set[asyncio.Task[socket.socket]] = set()
    waiting = list(order)
    error = OSError("no address")
    try:
        while waiting or running:
            if waiting:
                running.add(asyncio.ensure_future(_connect(waiting.pop(0), port)))
            delay_s = ATTEMPT_DELAY_S if waiting else None
            await asyncio.wait(running, timeout=delay_s, return_when=asyncio.FIRST_COMPLETED)
            for task in [task for task in running if task.done()]:
                running.discard(task)
                failure = task.exception()
                if failure is None:
                    return task.result()
                error = failure if isinstance(failure, OSError) else OSError(str(failure))
        raise error
    finally:
        await _abandon(running)


async def _abandon(tasks: set[asyncio.Task[socket.socket]]) -> None:
    """End the slower attempts; one that connected meanwhile is closed again."""
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, socket.socket):
            outcome.close()


async def _connect(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(sock, (address, port))
    except BaseException:
        sock.close()
        raise
    return sock
