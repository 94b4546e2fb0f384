"""The one table of the kinds of monitor, one row for each scheme of an address.

A new kind is one file beside this one, and its row here.
"""

import ssl
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

from bot.clock import Clock
from bot.engine.kinds.a2s import A2S
from bot.engine.kinds.base import Checker, MonitorKind
from bot.engine.kinds.bedrock import BEDROCK
from bot.engine.kinds.dns import DNS
from bot.engine.kinds.http import HTTP, HTTPS
from bot.engine.kinds.mail import IMAP, SMTP
from bot.engine.kinds.minecraft import MINECRAFT
from bot.engine.kinds.ping import PING
from bot.engine.kinds.push import PUSH
from bot.engine.kinds.tcp import TCP
from bot.engine.kinds.tls import TLS
from bot.engine.netguard import AddressRules, Netguard
from bot.engine.resolver import Resolve
from bot.models import CheckResult, Target

KINDS: Mapping[str, MonitorKind] = {
    kind.rules.scheme: kind
    for kind in (HTTP, HTTPS, TCP, DNS, TLS, SMTP, IMAP, PING, MINECRAFT, BEDROCK, A2S, PUSH)
}
# The addresses people type; the others are nobody's to visit.
ADDRESS_RULES: Mapping[str, AddressRules] = {
    scheme: kind.rules for scheme, kind in KINDS.items() if kind.checker is not None
}


def kind_of(url: str) -> MonitorKind | None:
    """The kind of an address; None for a scheme of a newer Vigie, found after a rollback."""
    return KINDS.get(url.partition("://")[0])


@lru_cache(maxsize=16_384)
def endpoint_of(url: str) -> str:
    """Host and port that a checked address visits: few checks at a time go there."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or KINDS[parts.scheme].rules.default_port}"


class Checkers:
    """Checks targets of every kind; see :class:`bot.engine.kinds.base.Checker`."""

    def __init__(
        self,
        netguard: Netguard,
        resolver: Resolve,
        *,
        clock: Clock,
        context: ssl.SSLContext | None = None,
    ) -> None:
        made = {
            checker: checker(netguard, resolver, clock=clock, context=context)
            for checker in {kind.checker for kind in KINDS.values()}
            if checker is not None
        }
        self._of_scheme: Mapping[str, Checker] = {
            scheme: made[kind.checker] for scheme, kind in KINDS.items() if kind.checker is not None
        }

    async def check(self, target: Target) -> CheckResult:
        """Make one check; the guard of the web refuses an unknown scheme."""
        scheme = target.url.partition("://")[0]
        return await self._of_scheme.get(scheme, self._of_scheme["http"]).check(target)
