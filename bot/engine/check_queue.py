"""Makes checks: few at a time to one host for each guild, equal ones of one moment only once."""

import asyncio
import math
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from bot.clock import Clock
from bot.engine.host_limits import CURRENT_CHECK, CheckConnections, ConnectionLimits, HostLimiter
from bot.engine.kinds import endpoint_of
from bot.engine.kinds.base import Checker
from bot.models import CheckResult, Reason, Target

TESTS_APART_S = 5.0
MOMENT_S = 1.0  # a check that began so lately answers equal questions too
SILENT_MS = 1_000.0  # without an answer for so long: the host hangs
WORTH_NOTING_S = 1.0
RECENT = 1_000

# An answer that is no good is an answer all the same: the host does not hang.
_ANSWERS = frozenset(
    {
        *(Reason.HTTP, Reason.TEXT_MISSING, Reason.TEXT_PRESENT, Reason.NOT_HTTP),
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
        self._checker = checker
        self._clock = clock
        self._hosts: HostLimiter[tuple[str, int]] = HostLimiter(limit)
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
        """Whether all that a task does is to wait for its turn."""
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
        if not self._hosts.try_enter((host, guild_id)):
            with self._waiting():
                await self._hosts.enter((host, guild_id))
        try:
            # Another guild's equal check may have begun while this one waited.
            equal = self._equal(target, guild_id)
            shared = None if equal is None or equal is mine else await equal.join()
            if shared is not None:
                return shared
            visit = CheckConnections(self._limits, self._clock, guild_id)
            try:
                checked = await self._visit(target, visit, mine)
                answered = _has_answered(checked.result)
            finally:
                visit.end(answered=answered)
        finally:
            self._hosts.leave((host, guild_id), answered=answered)
        waited_s = checked.started - asked
        if waited_s >= WORTH_NOTING_S:
            self.waits.append(Wait(guild_id, self._clock.monotonic(), waited_s, host))
        return checked

    async def _visit(self, target: Target, visit: CheckConnections, mine: _UnderWay) -> TimedResult:
        """Make the check, anew if one of its connections had to wait."""
        while True:
            mine.began = started = self._clock.monotonic()
            self._begun[target] = mine
            current = CURRENT_CHECK.set(visit)
            try:
                result = await self._checker.check(target)
            finally:
                CURRENT_CHECK.reset(current)
                if self._begun.get(target) is mine:
                    del self._begun[target]
            if _has_answered(result) or not visit.has_to_wait:
                return TimedResult(result, started, self._clock.monotonic())
            # Others need not wait for a turn of this guild.
            mine.began = None
            mine.share(None)
            with self._waiting():
                await visit.wait()


def _has_answered(result: CheckResult) -> bool | None:
    """None: it failed too quickly to hold a place for long."""
    if result.cause is None or result.cause.reason in _ANSWERS:
        return True
    return False if result.phases.total >= SILENT_MS else None
