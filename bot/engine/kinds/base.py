"""What tries without an answer to read have in common: a deadline, and where they led."""

import asyncio
from abc import ABC, abstractmethod
from typing import Protocol

from bot.clock import Clock
from bot.engine.connection import PhaseTimer
from bot.engine.error_mapping import cause_of
from bot.engine.netguard import Netguard
from bot.engine.resolver import Resolve
from bot.models import CheckResult, Target

DEADLINE_S = 10.0  # of a whole try


class Checker(Protocol):
    """One try of one target."""

    async def check(self, target: Target) -> CheckResult:
        """Never raises for anything the target or the network does."""
        ...


class BaseChecker(ABC):
    """A kind says how it reaches a host; see :class:`Checker`."""

    def __init__(
        self,
        netguard: Netguard,
        resolver: Resolve,
        *,
        clock: Clock,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._guard = netguard
        self._resolver = resolver
        self._clock = clock
        self._deadline_s = deadline_s

    async def check(self, target: Target) -> CheckResult:
        """Make one try; every failure is a result."""
        at_ms = self._clock.now_ms()
        timer = PhaseTimer()
        cause = address = None
        try:
            async with asyncio.timeout(self._deadline_s):
                address = await self._reach(target.url, timer)
        except Exception as error:  # noqa: BLE001 - whatever a host provokes is a result
            cause = cause_of(error, self._deadline_s)
        return CheckResult(at_ms, cause, phases=timer.phases(), address=address)

    @abstractmethod
    async def _reach(self, url: str, timer: PhaseTimer) -> str:
        """The address it led to. The URL is judged again: the rules may have changed since."""
        raise NotImplementedError
