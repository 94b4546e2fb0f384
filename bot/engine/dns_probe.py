"""One try of a name: up when it has an address that people may visit. Nothing is dialled."""

import asyncio
import time
from urllib.parse import urlsplit

from bot.clock import Clock
from bot.engine.failures import cause_of
from bot.engine.netguard import DNS, PRIVATE, Netguard
from bot.engine.resolver import Resolve
from bot.engine.stamps import Stamps
from bot.errors import AddressRefused
from bot.models import CheckResult, Target

DEADLINE_S = 10.0


class DnsProbe:
    """Probes ``dns://name``; see :class:`bot.engine.prober.Prober`."""

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
        """Look the name up anew, by no cache's word; every failure is a result."""
        at_ms = self._clock.now_ms()
        stamps = Stamps()
        cause = address = None
        try:
            async with asyncio.timeout(self._deadline_s):
                address = await self._look_up(target.url, stamps)
        except Exception as error:  # noqa: BLE001 - whatever a name server says is a result
            cause = cause_of(error, self._deadline_s)
        return CheckResult(at_ms, cause, phases=stamps.phases(), address=address)

    async def _look_up(self, url: str, stamps: Stamps) -> str:
        """The first address that may be shown; where all lead inside, the name is refused."""
        host = urlsplit(self._guard.check_url(url, frozenset({DNS}))).hostname or ""
        began = time.perf_counter()
        found = await self._resolver.addresses(host, fresh=True)
        stamps.resolved(began)
        shown = (address for address in found if self._guard.is_visible(host, address))
        address = next(shown, None)
        if address is None:
            raise AddressRefused(PRIVATE)
        return address
