"""One try of a name: up when it has an address that people may visit. Nothing is dialled."""

import time
from urllib.parse import urlsplit

from bot.engine.connection import PhaseTimer
from bot.engine.kinds.base import BaseChecker
from bot.engine.netguard import DNS, PRIVATE
from bot.errors import AddressHidden


class DnsChecker(BaseChecker):
    """Probes ``dns://name``: looks it up anew, by no cache's word."""

    async def _reach(self, url: str, timer: PhaseTimer) -> str:
        """The first address that may be shown; where all lead inside, the name is refused."""
        host = urlsplit(self._guard.check_url(url, frozenset({DNS}))).hostname or ""
        began = time.perf_counter()
        found = await self._resolver.addresses(host, fresh=True)
        shown = (address for address in found if self._guard.is_visible(host, address))
        address = next(shown, None)
        if address is None:
            raise AddressHidden(PRIVATE)
        timer.resolved(began)
        return address
