"""Common parts of the kinds of monitor: a row of the table, a deadline, one check."""

import asyncio
import ssl
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from bot.clock import Clock
from bot.engine.connector import PhaseTimer
from bot.engine.error_mapping import cause_of
from bot.engine.netguard import AddressRules, Netguard
from bot.engine.resolver import Resolve
from bot.models import Cause, CheckResult, Game, Target

DEADLINE_S = 10.0  # of a whole check


class Checker(Protocol):
    """Makes one check of one target."""

    async def check(self, target: Target) -> CheckResult:
        """Never raises for anything the target or the network does."""
        ...


@dataclass(frozen=True, slots=True)
class MonitorKind:
    """One row of the table of kinds: see :mod:`bot.engine.kinds`.

    ``checker`` None: nothing is checked, others call. ``options``: the fields of
    :class:`bot.models.Target` and Monitor that mean something to it alone or to few.
    ``other_names``: what files of other monitors call it, in lower case without signs.
    """

    rules: AddressRules
    checker: Callable[..., Checker] | None
    options: frozenset[str] = frozenset()
    other_names: tuple[str, ...] = ()


def deadline_of(target: Target, given_s: float | None) -> float:
    """Seconds that a whole check of the target may take; ``given_s``: the checker's own for all."""
    return target.timeout_s if given_s is None else given_s


class Reached(NamedTuple):
    """The address that answered, the end of the certificate it showed, what a game server says."""

    address: str | None = None
    certificate_expires_ms: int | None = None
    game: Game | None = None


class BaseChecker(ABC):
    """A checker without an answer to read: a kind says how it reaches a host."""

    def __init__(
        self,
        netguard: Netguard,
        resolver: Resolve,
        *,
        clock: Clock,
        context: ssl.SSLContext | None = None,
        deadline_s: float | None = None,
    ) -> None:
        self._guard, self._resolver, self._clock = netguard, resolver, clock
        self._context, self._deadline_s = context, deadline_s

    async def check(self, target: Target) -> CheckResult:
        """Make one check; every failure is a result."""
        at_ms = self._clock.now_ms()
        timer = PhaseTimer()
        deadline_s = deadline_of(target, self._deadline_s)
        cause = None
        reached = Reached()
        until = asyncio.get_running_loop().time() + deadline_s
        try:
            async with asyncio.timeout_at(until):
                reached = await self._reach(target.url, timer)
        except Exception as error:  # noqa: BLE001 - whatever a host provokes is a result
            cause = cause_of(error, deadline_s)
        phases = timer.phases()
        if cause is not None:
            cause = await self._completed(cause, target.url, until)
        return CheckResult(
            at_ms,
            cause,
            phases=phases,
            address=reached.address,
            certificate_expires_ms=reached.certificate_expires_ms,
            game=reached.game,
        )

    async def _completed(self, cause: Cause, url: str, until: float) -> Cause:
        """The cause with what a second look shows; ``until`` is in the loop's time."""
        return cause

    @abstractmethod
    async def _reach(self, url: str, timer: PhaseTimer) -> Reached:
        """Where it led. The URL is judged again: the rules may have changed since."""
        raise NotImplementedError
