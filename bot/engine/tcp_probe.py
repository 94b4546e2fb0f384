"""One try of a TCP port: up when it accepts a connection. Nothing is sent and nothing is read."""

import asyncio
from urllib.parse import urlsplit

from bot.clock import Clock
from bot.engine.approach import Approach
from bot.engine.failures import cause_of
from bot.engine.netguard import TCP, Netguard
from bot.engine.resolver import Resolve
from bot.engine.stamps import Stamps
from bot.models import CheckResult, Target

DEADLINE_S = 10.0


class TcpProbe:
    """Probes ``tcp://host:port``; see :class:`bot.engine.prober.Prober`."""

    def __init__(
        self,
        netguard: Netguard,
        resolver: Resolve,
        *,
        clock: Clock,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._guard = netguard
        self._approach = Approach(resolver, netguard)
        self._clock = clock
        self._deadline_s = deadline_s

    async def probe(self, target: Target) -> CheckResult:
        """Connect and hang up; every failure is a result."""
        at_ms = self._clock.now_ms()
        stamps = Stamps()
        cause = address = None
        try:
            async with asyncio.timeout(self._deadline_s):
                address = await self._knock(target.url, stamps)
        except Exception as error:  # noqa: BLE001 - whatever a host provokes is a result
            cause = cause_of(error, self._deadline_s)
        return CheckResult(at_ms, cause, phases=stamps.phases(), address=address)

    async def _knock(self, url: str, stamps: Stamps) -> str:
        """Where it was let in. The URL is judged again: the rules may have changed since."""
        parts = urlsplit(self._guard.check_url(url, frozenset({TCP})))
        dialled = await self._approach.connect(
            parts.hostname or "", parts.port or 0, stamps, scheme=TCP
        )
        dialled.sock.close()
        return dialled.address
