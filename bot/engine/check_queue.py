"""Makes checks: few at a time to one host for each guild, equal ones of one moment only once.

Connections are counted where they are made, by address and port, so that redirects count too.
"""

import asyncio
import math
import sys
from collections import deque
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from bot.clock import Clock
from bot.engine.connector import COUNT_CONNECTION
from bot.engine.kinds import endpoint_of
from bot.engine.kinds.base import Checker
from bot.models import CheckResult, Reason, Target

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
    all their monitors alert in the same minute. The first answer narrows it again.
    """

    def __init__(self) -> None:
        self._hosts: dict[K, _Host] = {}

    async def enter(self, key: K) -> None:
        """Begin a check, waiting for its turn if need be."""
        if self.try_enter(key):
            return
        turn = asyncio.get_running_loop().create_future()
        self._hosts[key].waiting.append(turn)
        try:
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled():  # the turn was handed over: hand it on
                self.leave(key, answered=None)
            raise

    def try_enter(self, key: K) -> bool:
        """Begin a check unless it would have to wait."""
        host = self._hosts.get(key)
        if host is None:
            host = self._hosts[key] = _Host()
        if not host.has_room:
            return False
        host.active += 1
        return True

    def leave(self, key: K, *, answered: bool | None) -> None:
        """End a check. ``answered``: whether the host said anything; None: nobody knows."""
        host = self._hosts[key]
        host.active -= 1
        if answered is not None:
            host.unanswered = 0 if answered else host.unanswered + 1
        while host.waiting and host.has_room:
            turn = host.waiting.popleft()
            if not turn.done():  # otherwise it waits no more
                turn.set_result(None)
                host.active += 1
        if not host.active and not host.waiting:
            del self._hosts[key]


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
    """All connections of one check, redirects and all; given back at its end."""

    def __init__(self, limits: ConnectionLimits, clock: Clock, guild_id: int) -> None:
        self._limits, self._clock, self._guild_id = limits, clock, guild_id
        self._held: set[Endpoint] = set()
        self._reserved: set[str] = set()  # waited for, and not used yet
        self._full: Endpoint | None = None
        self._early_s = 0.0
        self._early: str | None = None

    def connect(self, address: str, port: int) -> None:
        """Count a connection that is about to be made. Raises MustWait."""
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
        held, self._held = self._held, set()
        for endpoint in held:
            self._limits.endpoints.leave(endpoint, answered=answered)


@lru_cache(maxsize=IDLE_BUCKETS)
def _rate(address: str) -> int:
    return PER_SECOND if ip_address(address.partition("%")[0]).is_global else PER_SECOND_INSIDE


TESTS_APART_S = 5.0
MOMENT_S = 1.0  # a check that began so lately answers equal questions too
SILENT_MS = 1_000.0  # without an answer for so long: the host hangs
WORTH_NOTING_S = 1.0
RECENT = 1_000

# An answer that is no good is an answer all the same: the host does not hang.
_ANSWERS = frozenset(
    {
        *(Reason.HTTP, Reason.TEXT_MISSING, Reason.TEXT_PRESENT, Reason.NOT_HTTP),
        Reason.NOT_TLS,
        *(Reason.HEADER_UNMET, Reason.NOT_JSON, Reason.JSON_UNMET, Reason.JSON_TOO_MUCH),
        *(Reason.UNREADABLE, Reason.WRONG_PROTOCOL, Reason.NO_STARTTLS, Reason.SMTP, Reason.IMAP),
    }
)


@dataclass(frozen=True, slots=True)
class TimedResult:
    """A result, and when its check started after every wait, and ended (monotonic)."""

    result: CheckResult
    started: float
    ended: float


@dataclass(frozen=True, slots=True)
class Wait:
    """A check of a guild that waited for its turn: until when (monotonic), how long, where."""

    guild_id: int
    ended: float
    seconds: float
    host: str


@dataclass(slots=True, eq=False)
class _UnderWay:
    """A check that waits for its turn (``began`` None) or is being made."""

    began: float | None = None
    joined: asyncio.Future[TimedResult | None] | None = None

    def join(self) -> asyncio.Future[TimedResult | None]:
        """Its result to come; None: there is none, ask again."""
        if self.joined is None:
            self.joined = asyncio.get_running_loop().create_future()
        return asyncio.shield(self.joined)

    def share(self, checked: TimedResult | None) -> None:
        if self.joined is not None:
            self.joined.set_result(checked)
            self.joined = None


class CheckQueue:
    """Makes every check of a monitor: rounds, first checks and tests alike.

    ``limit`` of the checks under way; 0: as many as needed. One guild's monitors wait for each
    other, never for another guild's.
    """

    def __init__(self, checker: Checker, clock: Clock, *, limit: int = 0) -> None:
        self._checker, self._clock = checker, clock
        # Less than rate x deadline keeps a third of all checks from starting in time (measured).
        self._slots = asyncio.Semaphore(limit or sys.maxsize)
        self._hosts: HostLimiter[tuple[str, int]] = HostLimiter()
        self._limits = ConnectionLimits(clock)
        self._of_guild: dict[tuple[int, Target], _UnderWay] = {}
        self._begun: dict[Target, _UnderWay] = {}
        self._tested: WeakKeyDictionary[Target, TimedResult] = WeakKeyDictionary()
        self._waiters: set[asyncio.Task[Any] | None] = set()
        self.waits: deque[Wait] = deque(maxlen=RECENT)

    async def check(self, target: Target, guild_id: int) -> TimedResult:
        """Make one check for a monitor of ``guild_id``, or share an equal one of this moment."""
        return await self._shared(target, guild_id, MOMENT_S)

    async def test(self, target: Target, guild_id: int) -> TimedResult:
        """Check because somebody asks: one at a time, the newest test is shown for five seconds."""
        newest = self._tested.get(target)
        if newest is None or self._clock.monotonic() - newest.ended > TESTS_APART_S:
            newest = self._tested[target] = await self._shared(target, guild_id, math.inf)
        return newest

    async def _shared(self, target: Target, guild_id: int, moment_s: float) -> TimedResult:
        while True:
            equal = self._equal(target, guild_id, moment_s)
            if equal is None:
                return await self._make(target, guild_id)
            with self._waiting(asks=equal.began is None):
                checked = await equal.join()
            if checked is not None:
                return checked

    def waits_for_turn(self, task: asyncio.Task[Any]) -> bool:
        return task in self._waiters

    @contextmanager
    def _waiting(self, *, asks: bool = True) -> Iterator[None]:
        task = asyncio.current_task() if asks else None
        self._waiters.add(task)
        try:
            yield
        finally:
            self._waiters.discard(task)

    def longest_wait(self, guild_id: int, within_s: float) -> Wait | None:
        """The longest that a check of this guild lately waited for its turn."""
        since = self._clock.monotonic() - within_s
        lately = (one for one in self.waits if one.guild_id == guild_id and one.ended >= since)
        return max(lately, key=lambda one: one.seconds, default=None)

    def _equal(self, target: Target, guild_id: int, moment_s: float = MOMENT_S) -> _UnderWay | None:
        """An equal check that began just now, or waits for its turn in the same guild."""
        found = self._begun.get(target)
        began = None if found is None else found.began
        if began is not None and self._clock.monotonic() - began <= moment_s:
            return found
        waiting = self._of_guild.get((guild_id, target))
        return waiting if waiting is not None and waiting.began is None else None

    async def _make(self, target: Target, guild_id: int) -> TimedResult:
        mine = _UnderWay()
        self._of_guild[guild_id, target] = mine
        checked = None
        try:
            checked = await self._in_turn(target, guild_id, mine)
        finally:
            if self._of_guild.get((guild_id, target)) is mine:
                del self._of_guild[guild_id, target]
            mine.share(checked)
        return checked

    async def _in_turn(self, target: Target, guild_id: int, mine: _UnderWay) -> TimedResult:
        asked = self._clock.monotonic()
        host = endpoint_of(target.url)
        answered = None
        if self._slots.locked() or not self._hosts.try_enter((host, guild_id)):
            await self._enter((host, guild_id))
        else:
            await self._slots.acquire()  # at once
        try:
            # Another guild's equal check may have begun while this one waited.
            equal = self._equal(target, guild_id)
            shared = None if equal is None or equal is mine else await equal.join()
            if shared is not None:
                return shared
            connections = CheckConnections(self._limits, self._clock, guild_id)
            try:
                checked = await self._made(target, connections, mine)
                answered = _has_answered(checked.result)
            finally:
                connections.end(answered=answered)
        finally:
            self._slots.release()
            self._hosts.leave((host, guild_id), answered=answered)
        waited_s = checked.started - asked
        if waited_s >= WORTH_NOTING_S:
            self.waits.append(Wait(guild_id, self._clock.monotonic(), waited_s, host))
        return checked

    async def _enter(self, key: tuple[str, int]) -> None:
        """Wait for the host's turn, then for room in all."""
        with self._waiting():
            await self._hosts.enter(key)
            try:
                await self._slots.acquire()
            except BaseException:
                self._hosts.leave(key, answered=None)
                raise

    async def _made(
        self, target: Target, connections: CheckConnections, mine: _UnderWay
    ) -> TimedResult:
        """Make the check, anew if one of its connections had to wait."""
        while True:
            mine.began = started = self._clock.monotonic()
            self._begun[target] = mine
            hook = COUNT_CONNECTION.set(connections.connect)
            try:
                result = await self._checker.check(target)
            finally:
                COUNT_CONNECTION.reset(hook)
                if self._begun.get(target) is mine:
                    del self._begun[target]
            if _has_answered(result) or not connections.has_to_wait:
                return TimedResult(result, started, self._clock.monotonic())
            # Others need not wait for a turn of this guild.
            mine.began = None
            mine.share(None)
            with self._waiting():
                await connections.wait()


def _has_answered(result: CheckResult) -> bool | None:
    """None: it failed too quickly to hold a place for long."""
    if result.cause is None or result.cause.reason in _ANSWERS:
        return True
    return False if result.phases.total >= SILENT_MS else None
