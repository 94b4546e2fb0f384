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


class Prober(Protocol):
    """One try of one target."""

    async def probe(self, target: Target) -> CheckResult:
        """Never raises for anything the target or the network does."""
        ...


class BaseProbe(ABC):
    """A kind says how it reaches a host; see :class:`Prober`."""

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

    async def probe(self, target: Target) -> CheckResult:
        """Make one try; every failure is a result."""
        at_ms = self._clock.now_ms()
        stamps = PhaseTimer()
        cause = address = None
        try:
            async with asyncio.timeout(self._deadline_s):
                address = await self._reach(target.url, stamps)
        except Exception as error:  # noqa: BLE001 - whatever a host provokes is a result
            cause = cause_of(error, self._deadline_s)
        return CheckResult(at_ms, cause, phases=stamps.phases(), address=address)

    @abstractmethod
    async def _reach(self, url: str, stamps: PhaseTimer) -> str:
        """The address it led to. The URL is judged again: the rules may have changed since."""
        raise NotImplementedError
