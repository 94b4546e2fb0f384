"""From a name to its addresses: c-ares, a small cache, one look-up at a time per name.

No thread waits for a dead name, so dead names cannot starve live ones (measured: 36 dead names
stop all look-ups of a default thread pool).
"""

import asyncio
import socket
from dataclasses import dataclass
from typing import Protocol

import aiodns

from bot.clock import Clock
from bot.engine.addresses import parse

GOOD_S, BAD_S = 30.0, 5.0
TIMEOUT_S, TRIES = 3.0, 2
KEPT_NAMES = 20_000


class NameFailed(Exception):
    """The name gives no address."""


class Resolve(Protocol):
    """Looks names up."""

    async def addresses(self, host: str) -> list[str]:
        """All addresses of a host, as text. Raises NameFailed."""
        ...


@dataclass(frozen=True, slots=True)
class _Answer:
    addresses: tuple[str, ...]
    until: float


class Resolver:
    """The system's name servers and hosts file, through aiodns."""

    def __init__(self, clock: Clock, nameservers: list[str] | None = None) -> None:
        self._clock = clock
        self._nameservers = nameservers
        self._resolver: aiodns.DNSResolver | None = None
        self._cache: dict[str, _Answer] = {}
        self._running: dict[str, asyncio.Task[tuple[str, ...]]] = {}

    async def addresses(self, host: str) -> list[str]:
        """All addresses of ``host``; a literal is its own answer. Raises NameFailed."""
        try:
            return [str(parse(host.strip("[]")))]
        except ValueError:
            pass  # a name, then
        answer = self._cache.get(host)
        if answer is None or answer.until <= self._clock.monotonic():
            found = await self._shared(host)
        else:
            found = answer.addresses
        if not found:
            raise NameFailed(host)
        return list(found)

    async def close(self) -> None:
        for task in list(self._running.values()):
            task.cancel()
        if self._resolver is not None:
            await self._resolver.close()

    async def _shared(self, host: str) -> tuple[str, ...]:
        """One look-up serves all who wait for the same name; it outlives an impatient one."""
        task = self._running.get(host)
        if task is None:
            task = self._running[host] = asyncio.ensure_future(self._look_up(host))
            task.add_done_callback(lambda _: self._running.pop(host, None))
        return await asyncio.shield(task)

    async def _look_up(self, host: str) -> tuple[str, ...]:
        if self._resolver is None:
            self._resolver = aiodns.DNSResolver(self._nameservers, timeout=TIMEOUT_S, tries=TRIES)
        try:
            answer = await self._resolver.getaddrinfo(
                host, family=socket.AF_UNSPEC, type=socket.SOCK_STREAM
            )
            found = tuple(dict.fromkeys(_text(node.addr[0]) for node in answer.nodes))
        except (aiodns.error.DNSError, UnicodeError):
            found = ()
        if len(self._cache) >= KEPT_NAMES:
            self._cache.clear()
        kept_s = GOOD_S if found else BAD_S
        self._cache[host] = _Answer(found, self._clock.monotonic() + kept_s)
        return found


def _text(address: str | bytes) -> str:
    return address.decode("ascii") if isinstance(address, bytes) else address
