"""Every kind of try behind one door: the scheme of the address says which of them makes it."""

import ssl
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

from bot.clock import Clock
from bot.engine.kinds.base import Checker
from bot.engine.kinds.dns import DnsChecker
from bot.engine.kinds.http import HttpChecker
from bot.engine.kinds.tcp import TcpChecker
from bot.engine.netguard import DNS, SCHEME_PORTS, TCP, Netguard
from bot.engine.resolver import Resolve
from bot.models import CheckResult, Target

_PORTS = SCHEME_PORTS | {DNS: 53}


@lru_cache(maxsize=16_384)
def host_of(url: str) -> str:
    """What a try of a checked address visits, as ``host:port``: few tries at a time go there."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or _PORTS[parts.scheme]}"


class Checkers:
    """Probes targets of every scheme; see :class:`bot.engine.kinds.base.Checker`."""

    def __init__(
        self,
        netguard: Netguard,
        resolver: Resolve,
        *,
        clock: Clock,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._web = HttpChecker(netguard, resolver, clock=clock, context=context)
        self._others: Mapping[str, Checker] = {
            TCP: TcpChecker(netguard, resolver, clock=clock),
            DNS: DnsChecker(netguard, resolver, clock=clock),
        }

    async def check(self, target: Target) -> CheckResult:
        """Make one try; an unknown scheme is refused by the guard of the web's."""
        scheme = target.url.partition("://")[0]
        return await self._others.get(scheme, self._web).check(target)
