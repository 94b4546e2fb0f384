"""From a name to its addresses: c-ares, a small cache, one look-up at a time per name.

No thread waits for a dead name, so dead names cannot starve live ones (measured: 36 dead names
stop all look-ups of a default thread pool).
"""

import asyncio
import contextlib
import errno
import os
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import aiodns
import pycares

from bot.clock import Clock
from bot.engine import process
from bot.engine.addresses import is_local_name, is_numeric, parse

KEPT_S = (5.0, 30.0)  # at least, at most; the record's own TTL in between
BAD_S = 5.0
# c-ares learns how fast the name server is and then waits no longer than 250 ms for its first
# answer (measured), doubling with each attempt. A server that has to ask far away needs more.
TIMEOUT_S, ATTEMPTS = 1.0, 5
LOOK_UP_S = 6.0  # a name that is still silent gives no address; less than a check's deadline
SERVICE_S = 3.0  # the record is a detour: without an answer the name itself is visited
KEPT_NAMES = 20_000
# Names are absolute: a search domain with a wildcard would answer for every dead name.
FLAGS = pycares.ARES_FLAG_NOSEARCH | pycares.ARES_FLAG_EDNS


class Fault(StrEnum):
    """Why a name gives no address."""

    NO_SUCH_NAME = "no such name"
    NO_ADDRESS = "the name has no address"
    SILENT = "no name server answered in time"
    FAILED = "the name servers could not answer"


_FAULTS = {
    aiodns.error.ARES_ENOTFOUND: Fault.NO_SUCH_NAME,
    aiodns.error.ARES_ENODATA: Fault.NO_ADDRESS,
    aiodns.error.ARES_ETIMEOUT: Fault.SILENT,
    aiodns.error.ARES_ECONNREFUSED: Fault.SILENT,
}


class NameFailed(Exception):
    """The name gives no address, for ``fault``."""

    def __init__(self, host: str, fault: Fault) -> None:
        super().__init__(f"{host}: {fault}")
        self.fault = fault


class Resolve(Protocol):
    async def addresses(self, host: str, *, fresh: bool = False) -> list[str]:
        """All addresses of a host, as text; ``fresh`` by no cache's word. Raises NameFailed."""
        ...

    async def service(self, name: str) -> tuple[str, int] | None:
        """Host and port that an SRV record of that name leads to; None: there is none."""
        ...


@dataclass(frozen=True, slots=True)
class _Answer:
    addresses: tuple[str, ...]
    fault: Fault
    until: float


class Resolver:
    """The system's name servers and hosts file, through aiodns."""

    def __init__(
        self, clock: Clock, nameservers: list[str] | None = None, *, look_up_s: float = LOOK_UP_S
    ) -> None:
        self._clock, self._nameservers, self._look_up_s = clock, nameservers, look_up_s
        self._resolver: aiodns.DNSResolver | None = None
        self._system = SystemNames()
        self._cache: dict[str, _Answer] = {}
        self._running: dict[tuple[str, bool], asyncio.Task[_Answer]] = {}

    async def addresses(self, host: str, *, fresh: bool = False) -> list[str]:
        """All addresses of ``host``; a literal is its own answer. Raises NameFailed, or an OSError
        when this machine has no descriptor left to ask with.

        ``fresh`` proves that a name server answers now: neither our cache nor c-ares' is asked.
        """
        if is_numeric(host) or ":" in host:
            with suppress(ValueError):
                return [str(parse(host))]
        answer = self._cache.get(host)
        if fresh or answer is None or answer.until <= self._clock.monotonic():
            answer = await self._shared(host, fresh=fresh)
        if not answer.addresses:
            raise NameFailed(host, answer.fault)
        return list(answer.addresses)

    async def service(self, name: str) -> tuple[str, int] | None:
        """Of several records the one that comes first by priority and weight (RFC 2782)."""
        try:
            async with asyncio.timeout(SERVICE_S):
                answer = await self._channel(fresh=False).query_dns(name, "SRV")
        except (aiodns.error.DNSError, pycares.AresError, TimeoutError, UnicodeError):
            return None
        records = [one.data for one in answer.answer if isinstance(one.data, pycares.SRVRecordData)]
        if not records:
            return None
        first = min(records, key=lambda one: (one.priority, -one.weight))
        host = first.target.rstrip(".").lower()
        return (host, first.port) if host else None

    async def close(self) -> None:
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        if self._resolver is not None:
            await self._resolver.close()

    async def _shared(self, host: str, *, fresh: bool) -> _Answer:
        """One look-up serves all who wait for the same name; it outlives an impatient one."""
        key = (host, fresh)
        task = self._running.get(key)
        if task is None:
            task = self._running[key] = asyncio.ensure_future(self._look_up(host, fresh=fresh))
            task.add_done_callback(lambda _: self._running.pop(key, None))
        return await asyncio.shield(task)

    async def _look_up(self, host: str, *, fresh: bool) -> _Answer:
        found, fault, ttl_s = await self._ask(host, fresh=fresh)
        if not found and not process.has_room(1):
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))  # no name server is to blame
        if not found and is_local_name(host):
            found = await self._system.addresses(host)
        if len(self._cache) >= KEPT_NAMES:
            self._cache.clear()
        kept_s = max(KEPT_S[0], min(ttl_s, KEPT_S[1])) if found else BAD_S
        answer = _Answer(found, fault, self._clock.monotonic() + kept_s)
        if found or not fresh:
            self._cache[host] = answer
        return answer

    async def _ask(self, host: str, *, fresh: bool) -> tuple[tuple[str, ...], Fault, float]:
        """Addresses, else why there are none, and how long that may be remembered."""
        try:
            resolver = self._channel(fresh=fresh)
        except pycares.AresError:
            return (), Fault.FAILED, 0.0
        try:
            async with asyncio.timeout(self._look_up_s):
                answer = await resolver.getaddrinfo(
                    host, family=socket.AF_UNSPEC, type=socket.SOCK_STREAM
                )
        except aiodns.error.DNSError as error:
            return (), _FAULTS.get(error.args[0], Fault.FAILED), 0.0
        except TimeoutError:
            return (), Fault.SILENT, 0.0
        except UnicodeError:
            return (), Fault.NO_SUCH_NAME, 0.0
        finally:
            if fresh:
                await resolver.close()
        found = tuple(dict.fromkeys(_text(node.addr[0]) for node in answer.nodes))
        return found, Fault.NO_ADDRESS, min((node.ttl for node in answer.nodes), default=0)

    def _channel(self, *, fresh: bool) -> aiodns.DNSResolver:
        """The shared channel, or one of its own (0.2 ms): c-ares remembers for the whole TTL."""
        if fresh:
            return self._open()
        if self._resolver is None:
            self._resolver = self._open()
        return self._resolver

    def _open(self) -> aiodns.DNSResolver:
        return aiodns.DNSResolver(self._nameservers, timeout=TIMEOUT_S, tries=ATTEMPTS, flags=FLAGS)


def _text(address: str | bytes) -> str:
    return address.decode("ascii") if isinstance(address, bytes) else address


SYSTEM_THREADS = 4
SYSTEM_TIMEOUT_S = 3.0

_Found = asyncio.Future[tuple[str, ...]]


class SystemNames:
    """The system's own ``getaddrinfo``, a few look-ups at a time."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(SYSTEM_THREADS)

    async def addresses(self, host: str) -> tuple[str, ...]:
        """All addresses of ``host``, none when the system has none in time."""
        loop = asyncio.get_running_loop()
        answer: _Found = loop.create_future()
        try:
            async with asyncio.timeout(SYSTEM_TIMEOUT_S):
                await self._free.acquire()  # freed when the thread ends, in time or not
                look_up = threading.Thread(
                    target=self._ask, args=(host, loop, answer), name="names", daemon=True
                )
                look_up.start()
                return await answer
        except TimeoutError:
            return ()

    def _ask(self, host: str, loop: asyncio.AbstractEventLoop, answer: _Found) -> None:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            found = []
        addresses = tuple(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(self._done, answer, addresses)

    def _done(self, answer: _Found, addresses: tuple[str, ...]) -> None:
        self._free.release()
        if not answer.done():
            answer.set_result(addresses)
