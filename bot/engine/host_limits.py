"""Limits the checks under way at once, in all and for each host; the others wait in turn."""

import asyncio
from collections import deque
from collections.abc import Hashable
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_address
from typing import Generic, TypeVar

from bot.clock import Clock

AT_A_TIME = 2
WIDEST = 200  # for a host that hangs
HANGS_FROM = 2  # so many checks in a row without an answer

K = TypeVar("K", bound=Hashable)


@dataclass(slots=True)
class _Host:
    """Checks under way, checks in a row without an answer, and who waits."""

    active: int = 0
    unanswered: int = 0
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)

    @property
    def has_room(self) -> bool:
        return self.active < (AT_A_TIME if self.unanswered < HANGS_FROM else WIDEST)


class HostLimiter(Generic[K]):
    """Two checks at a time for each host. A check that waits for its host takes no other's turn.

    A host that hangs holds each check until the deadline, so its limit widens to all who wait:
    all their monitors alert in the same minute. The first answer narrows it again. ``total`` 0
    means no limit in all: one under rate x deadline keeps a third of all checks from starting in
    time (measured).
    """

    def __init__(self, total: int = 0) -> None:
        self._total = total
        self._active = 0
        self._hosts: dict[K, _Host] = {}
        self._queue: deque[asyncio.Future[None]] = deque()  # their hosts have room

    async def enter(self, key: K) -> None:
        """Begin a check, waiting for its turn if need be."""
        host = self._hosts.get(key)
        if host is None:
            host = self._hosts[key] = _Host()
        if host.has_room:
            host.active += 1
        else:
            await self._turn_at_host(host.waiting, key)
        if self._total and self._active >= self._total:
            await self._turn_in_all(key)
        else:
            self._active += 1

    def try_enter(self, key: K) -> bool:
        """Begin a check unless it would have to wait."""
        host = self._hosts.get(key)
        if host is not None and not host.has_room:
            return False
        if self._total and self._active >= self._total:
            return False
        self._hosts.setdefault(key, _Host()).active += 1
        self._active += 1
        return True

    def leave(self, key: K, *, answered: bool | None) -> None:
        """End a check. ``answered``: whether the host said anything; None: nobody knows."""
        self._active -= 1
        self._hand_on_turn()
        self._leave_host(key, answered)

    def _leave_host(self, key: K, answered: bool | None) -> None:
        host = self._hosts[key]
        host.active -= 1
        if answered is not None:
            host.unanswered = 0 if answered else host.unanswered + 1
        while host.waiting and host.has_room:
            if _wake(host.waiting.popleft()):
                host.active += 1
        if not host.active and not host.waiting:
            del self._hosts[key]

    async def _turn_at_host(self, queue: deque[asyncio.Future[None]], key: K) -> None:
        """Wait for the host; who gives up after the turn was handed over hands it on."""
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled():
                self._leave_host(key, None)
            raise

    async def _turn_in_all(self, key: K) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled():
                self._active -= 1
                self._hand_on_turn()
            self._leave_host(key, None)
            raise

    def _hand_on_turn(self) -> None:
        while self._queue and self._active < self._total:
            if _wake(self._queue.popleft()):
                self._active += 1


def _wake(turn: asyncio.Future[None]) -> bool:
    """False for one that waits no more."""
    if turn.done():
        return False
    turn.set_result(None)
    return True


# A content network has thousands of sites behind one address; a stranger must not be flooded.
PER_SECOND = 200
PER_SECOND_INSIDE = 1_000  # the operator's own networks
IDLE_BUCKETS = 4_096

Endpoint = tuple[int, str, int]  # guild, address, port


class MustWait(Exception):
    """A connection was not made: its check waits for its turn."""


class ConnectionLimits:
    """Connections by guild, address and port; a token bucket for each address."""

    def __init__(self, clock: Clock) -> None:
        self.endpoints: HostLimiter[Endpoint] = HostLimiter()
        self._clock = clock
        # When the newest connection of an address is due, if they come evenly (GCRA).
        self._due: dict[str, float] = {}

    def reserve(self, address: str) -> float:
        """Reserve a connection to this address; returns in how many seconds it may be made."""
        now = self._clock.monotonic()
        if len(self._due) > IDLE_BUCKETS:
            self._due = {one: due for one, due in self._due.items() if due > now}
        due = max(self._due.get(address, 0.0), now)
        self._due[address] = due + 1 / _rate(address)
        return max(0.0, due - now - 1.0)  # a second's worth may come at once


class CheckConnections:
    """The connections of one check, from its first to its end."""

    def __init__(self, limits: ConnectionLimits, clock: Clock, guild_id: int) -> None:
        self._limits = limits
        self._clock = clock
        self._guild_id = guild_id
        self._held: set[Endpoint] = set()
        self._reserved: set[str] = set()  # waited for, and not used yet
        self._full: Endpoint | None = None
        self._early_s = 0.0
        self._early: str | None = None

    def connect(self, address: str, port: int) -> None:
        """Count a connection that is about to be made. Raises Busy when it has to wait."""
        endpoint = (self._guild_id, address, port)
        if endpoint not in self._held:
            if not self._limits.endpoints.try_enter(endpoint):
                self._full = endpoint
                raise MustWait
            self._held.add(endpoint)
        if address in self._reserved:
            self._reserved.discard(address)
            return
        wait_s = self._limits.reserve(address)
        if wait_s > 0:
            self._early, self._early_s = address, wait_s
            raise MustWait

    @property
    def has_to_wait(self) -> bool:
        """Some connection was not made."""
        return self._full is not None or self._early is not None

    async def wait(self) -> None:
        """Until what was refused may be made; nothing else is held meanwhile."""
        full, early, wait_s = self._full, self._early, self._early_s
        self._full = self._early = None
        if full is not None:
            self.end(answered=None)
            await self._limits.endpoints.enter(full)
            self._held.add(full)
        if early is not None:
            self._reserved.add(early)
            await self._clock.sleep(wait_s)

    def end(self, *, answered: bool | None) -> None:
        """Give all connections back."""
        held, self._held = self._held, set()
        for endpoint in held:
            self._limits.endpoints.leave(endpoint, answered=answered)


CURRENT_CHECK: ContextVar[CheckConnections | None] = ContextVar("CURRENT", default=None)


def before_connect(address: str, port: int) -> None:
    """A socket is about to connect. Raises Busy when the check it belongs to has to wait."""
    visit = CURRENT_CHECK.get()
    if visit is not None:
        visit.connect(address, port)


@lru_cache(maxsize=IDLE_BUCKETS)
def _rate(address: str) -> int:
    return PER_SECOND if ip_address(address.partition("%")[0]).is_global else PER_SECOND_INSIDE
