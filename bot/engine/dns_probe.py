"""One try of a name: up when it has an address that people may visit. Nothing is dialled."""

import time
from urllib.parse import urlsplit

from bot.engine.netguard import DNS, PRIVATE
from bot.engine.plain_probe import PlainProbe
from bot.engine.stamps import Stamps
from bot.errors import AddressHidden


class DnsProbe(PlainProbe):
    """Probes ``dns://name``: looks it up anew, by no cache's word."""

    async def _reach(self, url: str, stamps: Stamps) -> str:
        """The first address that may be shown; where all lead inside, the name is refused."""
        host = urlsplit(self._guard.check_url(url, frozenset({DNS}))).hostname or ""
        began = time.perf_counter()
        found = await self._resolver.addresses(host, fresh=True)
        shown = (address for address in found if self._guard.is_visible(host, address))
        address = next(shown, None)
        if address is None:
            raise AddressHidden(PRIVATE)
        stamps.resolved(began)
        return address
