"""Connects to a host: resolves its name, judges the addresses, dials them in turn."""

import asyncio
import errno
import os
import socket
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

from bot.engine.addresses import parse, source_of
from bot.engine.netguard import WEB, AddressRules, Netguard
from bot.engine.resolver import Resolve
from bot.models import Phases

NEXT_ADDRESS_S = 0.25
# Whoever writes a name's records must not make us connect to a thousand others.
MOST_ADDRESSES = 8
# No way to one family is often our own lack of IPv6: another address may say more.
_SAYS_LITTLE = frozenset({errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
_UNDER_WAY = frozenset({errno.EINPROGRESS, errno.EINTR})
# Of the check under way: called before each of its connections, and may raise to put one off.
COUNT_CONNECTION: ContextVar[Callable[[str, int], None] | None] = ContextVar("COUNT", default=None)


class PhaseTimer:
    """Seconds spent in each phase of one check, summed over its connections; None: not reached."""

    __slots__ = ("connect_s", "dns_s", "first_byte_s", "ready_at", "started", "tls_s")

    def __init__(self) -> None:
        self.started = time.perf_counter()
        self.dns_s: float | None = None
        self.connect_s: float | None = None
        self.tls_s: float | None = None
        self.first_byte_s: float | None = None
        self.ready_at: float | None = None  # set while the first byte of a connection is awaited

    def resolved(self, began: float) -> None:
        """The name has its addresses."""
        self.dns_s = (self.dns_s or 0.0) + time.perf_counter() - began

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


@dataclass(frozen=True, slots=True)
class Connected:
    """A connected, non-blocking socket and the address it leads to."""

    sock: socket.socket
    address: str


C = TypeVar("C", bound=Connected)
Reach = Callable[[str, int], Coroutine[Any, Any, C]]


async def dial(addresses: Sequence[str], port: int) -> Connected:
    """Connect to the first address that answers. Raises the clearest OSError if none does."""
    return await first_reached(addresses, port, _connect)


async def first_reached(addresses: Sequence[str], port: int, reach: Reach[C]) -> C:
    """The first address that ``reach`` comes back from. Raises its clearest OSError if none is."""
    order = alternate(addresses)[:MOST_ADDRESSES]
    if len(order) == 1:
        return await reach(order[0], port)
    return await _race(order, port, reach)


def alternate(addresses: Sequence[str]) -> list[str]:
    """IPv6 and IPv4 in turn, beginning with the family the resolver put first."""
    first = [a for a in addresses if (":" in a) == (":" in addresses[0])]
    other = [a for a in addresses if (":" in a) != (":" in addresses[0])]
    mixed = []
    for index in range(max(len(first), len(other))):
        mixed += first[index : index + 1] + other[index : index + 1]
    return mixed


async def _race(order: Sequence[str], port: int, reach: Reach[C]) -> C:
    running: set[asyncio.Task[C]] = set()
    waiting = list(order)
    error: Exception = OSError(errno.ENETUNREACH, "no address")
    try:
        while waiting or running:
            if waiting:
                running.add(asyncio.ensure_future(reach(waiting.pop(0), port)))
            delay_s = NEXT_ADDRESS_S if waiting else None
            done, _ = await asyncio.wait(
                running, timeout=delay_s, return_when=asyncio.FIRST_COMPLETED
            )
            winner = next((task for task in done if task.exception() is None), None)
            if winner is not None:
                running.discard(winner)
                return winner.result()
            running -= done
            error = _clearest(error, done)
        raise error
    finally:
        await _abandon(running)


def _clearest(error: Exception, failed: Iterable[asyncio.Task[C]]) -> Exception:
    for task in failed:
        failure = task.exception()
        if isinstance(failure, Exception) and getattr(error, "errno", None) in _SAYS_LITTLE:
            error = failure
    return error


async def _abandon(tasks: set[asyncio.Task[C]]) -> None:
    """End the slower ones; one that connected meanwhile is closed again."""
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, Connected):
            outcome.sock.close()


async def _connect(address: str, port: int) -> Connected:
    before_connect(address, port)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await _until_connected(sock, (address, port))
    except BaseException as error:
        sock.close()
        if _is_out_of_ports(error, address):
            raise OSError(errno.ENOBUFS, "no port is left to connect from") from None
        raise
    return Connected(sock, address)


async def _until_connected(sock: socket.socket, endpoint: tuple[str, int]) -> None:
    """The loop's own way resolves literals and costs twice as much. Raises OSError."""
    number = sock.connect_ex(endpoint)
    if number in _UNDER_WAY:
        await ready(sock, writing=True)
        number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if number:
        raise OSError(number, os.strerror(number))


async def ready(sock: socket.socket, *, writing: bool) -> None:
    """Wait until a non-blocking socket can be written to, or read from."""
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    handle = sock.fileno()
    (loop.add_writer if writing else loop.add_reader)(handle, _settle, future)
    try:
        await future
    finally:
        (loop.remove_writer if writing else loop.remove_reader)(handle)


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def before_connect(address: str, port: int) -> None:
    """A socket is about to connect. Raises what the check it belongs to raises to put it off."""
    count = COUNT_CONNECTION.get()
    if count is not None:
        count(address, port)


def _is_out_of_ports(error: BaseException, address: str) -> bool:
    """True for our own shortage: there is a source address, but no free port of it."""
    if not isinstance(error, OSError) or error.errno != errno.EADDRNOTAVAIL:
        return False
    return source_of(parse(address)) is not None


class Connector:
    """Resolves once, judges every address, dials a judged one.

    ``guard`` None: the operator's own addresses are not judged. ``fresh_names``: no cache is asked.
    """

    def __init__(
        self, resolver: Resolve, guard: Netguard | None, *, fresh_names: bool = False
    ) -> None:
        self._resolver, self._guard, self._fresh_names = resolver, guard, fresh_names

    async def connect(
        self, host: str, port: int, timer: PhaseTimer, rules: AddressRules = WEB["https"]
    ) -> Connected:
        """Raises NameFailed, AddressRefused, or the clearest OSError."""
        addresses = await self.resolve(host, port, timer, rules)
        resolved = time.perf_counter()
        dialled = await dial(addresses, port)
        timer.connected(resolved)
        return dialled

    async def resolve(
        self, host: str, port: int, timer: PhaseTimer, rules: AddressRules
    ) -> list[str]:
        """The addresses of a host, all judged. Raises NameFailed, AddressRefused."""
        began = time.perf_counter()
        addresses = await self._resolver.addresses(host, fresh=self._fresh_names)
        # Judged before the time is noted: a name that leads inside looks like one that is none.
        if self._guard is not None:
            self._guard.check_addresses(host, port, addresses, rules)
        timer.resolved(began)
        return addresses
