"""How many checks may be under way at once: in all, and in each lane, where others wait in turn."""

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
WIDEST = 200  # of a lane whose host hangs
HANGS_FROM = 2  # so many checks in a row without an answer

K = TypeVar("K", bound=Hashable)


@dataclass(slots=True)
class _Host:
    """``places``: taken by checks under way. ``silent``: checks in a row without an answer."""

    places: int = 0
    silent: int = 0
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)

    @property
    def has_room(self) -> bool:
        return self.places < (AT_A_TIME if self.silent < HANGS_FROM else WIDEST)


class HostLimiter(Generic[K]):
    """Two places in each lane. A check that waits for its lane holds no place of others.

    A host that hangs holds each place until the deadline, so its lane widens to all who wait: they
    are told in the same minute. The first answer narrows it again. ``slots`` 0 means no limit in
    all: a limit under rate x deadline keeps a third of all checks from starting in time (measured).
    """

    def __init__(self, slots: int = 0) -> None:
        self._slots = slots
        self._under_way = 0
        self._lanes: dict[K, _Host] = {}
        self._queue: deque[asyncio.Future[None]] = deque()  # these have room in their lanes

    async def enter(self, key: K) -> None:
        """Take a place, waiting for it if need be."""
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = _Host()
        if lane.has_room:
            lane.places += 1
        else:
            await self._turn(lane.waiting, key)
        if self._slots and self._under_way >= self._slots:
            await self._slot(key)
        else:
            self._under_way += 1

    def try_enter(self, key: K) -> bool:
        """Take a place if one is free."""
        lane = self._lanes.get(key)
        if lane is not None and not lane.has_room:
            return False
        if self._slots and self._under_way >= self._slots:
            return False
        self._lanes.setdefault(key, _Host()).places += 1
        self._under_way += 1
        return True

    def leave(self, key: K, *, answered: bool | None) -> None:
        """Give a place back. ``answered``: whether the host said anything; None: nobody knows."""
        self._under_way -= 1
        self._hand_on_slot()
        self._leave_lane(key, answered)

    def _leave_lane(self, key: K, answered: bool | None) -> None:
        lane = self._lanes[key]
        lane.places -= 1
        if answered is not None:
            lane.silent = 0 if answered else lane.silent + 1
        while lane.waiting and lane.has_room:
            if _wake(lane.waiting.popleft()):
                lane.places += 1
        if not lane.places and not lane.waiting:
            del self._lanes[key]

    async def _turn(self, queue: deque[asyncio.Future[None]], key: K) -> None:
        """Wait in a lane; who gives up after the place was handed over hands it on."""
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled():
                self._leave_lane(key, None)
            raise

    async def _slot(self, key: K) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled():
                self._under_way -= 1
                self._hand_on_slot()
            self._leave_lane(key, None)
            raise

    def _hand_on_slot(self) -> None:
        while self._queue and self._under_way < self._slots:
            if _wake(self._queue.popleft()):
                self._under_way += 1


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

Endpoint = tuple[int, str, int]  # server, address, port


class MustWait(Exception):
    """The connection was not made: its check waits for its turn."""


class ConnectionLimits:
    """Places by server, address and port; a bucket of connections for each address."""

    def __init__(self, clock: Clock) -> None:
        self.places: HostLimiter[Endpoint] = HostLimiter()
        self._clock = clock
        # When the newest connection of an address is due, if they come evenly (GCRA).
        self._due: dict[str, float] = {}

    def book(self, address: str) -> float:
        """Take a connection of this address; returns in how many seconds it may be made."""
        now = self._clock.monotonic()
        if len(self._due) > IDLE_BUCKETS:
            self._due = {one: due for one, due in self._due.items() if due > now}
        due = max(self._due.get(address, 0.0), now)
        self._due[address] = due + 1 / _rate(address)
        return max(0.0, due - now - 1.0)  # a second's worth may come at once


class CheckConnections:
    """The connections of one check, from its first to its end."""

    def __init__(self, limits: ConnectionLimits, clock: Clock, server: int) -> None:
        self._limits = limits
        self._clock = clock
        self._server = server
        self._held: set[Endpoint] = set()
        self._booked: set[str] = set()  # waited for, and not used yet
        self._full: Endpoint | None = None
        self._early_s = 0.0
        self._early: str | None = None

    def connect(self, address: str, port: int) -> None:
        """Count a connection that is about to be made. Raises Busy when it has to wait."""
        place = (self._server, address, port)
        if place not in self._held:
            if not self._limits.places.try_enter(place):
                self._full = place
                raise MustWait
            self._held.add(place)
        if address in self._booked:
            self._booked.discard(address)
            return
        wait_s = self._limits.book(address)
        if wait_s > 0:
            self._early, self._early_s = address, wait_s
            raise MustWait

    @property
    def has_to_wait(self) -> bool:
        """Some connection was not made."""
        return self._full is not None or self._early is not None

    async def wait(self) -> None:
        """Until what was refused may be made; other places are given back meanwhile."""
        full, early, wait_s = self._full, self._early, self._early_s
        self._full = self._early = None
        if full is not None:
            self.end(answered=None)
            await self._limits.places.enter(full)
            self._held.add(full)
        if early is not None:
            self._booked.add(early)
            await self._clock.sleep(wait_s)

    def end(self, *, answered: bool | None) -> None:
        """Give all places back."""
        held, self._held = self._held, set()
        for place in held:
            self._limits.places.leave(place, answered=answered)


CURRENT_CHECK: ContextVar[CheckConnections | None] = ContextVar("CURRENT", default=None)


def before_connect(address: str, port: int) -> None:
    """A socket is about to connect. Raises Busy when the check it belongs to has to wait."""
    visit = CURRENT_CHECK.get()
    if visit is not None:
        visit.connect(address, port)


@lru_cache(maxsize=IDLE_BUCKETS)
def _rate(address: str) -> int:
    return PER_SECOND if ip_address(address.partition("%")[0]).is_global else PER_SECOND_INSIDE
