"""Checks a name: up when it has an address that people may visit. Nothing is dialled."""

import time
from urllib.parse import urlsplit

from bot.engine.connector import PhaseTimer
from bot.engine.kinds.base import BaseChecker, MonitorKind, Reached
from bot.engine.netguard import PRIVATE, AddressRules
from bot.errors import AddressHidden
from bot.words.translator import N_

_RULES = AddressRules(
    "dns",
    example="dns://example.com",
    form=N_("A dns:// address has a name and nothing else, such as dns://example.com."),
    default_port=53,
    has_port=False,
    has_literals=False,
)


class DnsChecker(BaseChecker):
    """Checks ``dns://name``: looks it up anew, by no cache's word."""

    async def _reach(self, url: str, timer: PhaseTimer) -> Reached:
        """The first address that may be shown; where all lead inside, the name is refused."""
        host = urlsplit(self._guard.check_url(url, {_RULES.scheme: _RULES})).hostname or ""
        began = time.perf_counter()
        found = await self._resolver.addresses(host, fresh=True)
        shown = (address for address in found if self._guard.is_visible(host, address))
        address = next(shown, None)
        if address is None:
            raise AddressHidden(PRIVATE)
        timer.resolved(began)
        return Reached(address)


DNS = MonitorKind(_RULES, DnsChecker, other_names=("dns",))
