"""One try of a TCP port: up when it accepts a connection. Nothing is sent and nothing is read."""

from urllib.parse import urlsplit

from bot.engine.connection import PhaseTimer
from bot.engine.connector import Approach
from bot.engine.kinds.base import BaseProbe
from bot.engine.netguard import TCP


class TcpProbe(BaseProbe):
    """Probes ``tcp://host:port``: connects and hangs up."""

    async def _reach(self, url: str, stamps: PhaseTimer) -> str:
        parts = urlsplit(self._guard.check_url(url, frozenset({TCP})))
        approach = Approach(self._resolver, self._guard)
        dialled = await approach.connect(parts.hostname or "", parts.port or 0, stamps, scheme=TCP)
        dialled.sock.close()
        return dialled.address
