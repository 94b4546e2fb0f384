"""One try of a TCP port: up when it accepts a connection. Nothing is sent and nothing is read."""

from urllib.parse import urlsplit

from bot.engine.approach import Approach
from bot.engine.netguard import TCP
from bot.engine.plain_probe import PlainProbe
from bot.engine.stamps import Stamps


class TcpProbe(PlainProbe):
    """Probes ``tcp://host:port``: connects and hangs up."""

    async def _reach(self, url: str, stamps: Stamps) -> str:
        parts = urlsplit(self._guard.check_url(url, frozenset({TCP})))
        approach = Approach(self._resolver, self._guard)
        dialled = await approach.connect(parts.hostname or "", parts.port or 0, stamps, scheme=TCP)
        dialled.sock.close()
        return dialled.address
