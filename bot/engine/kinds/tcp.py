"""One try of a TCP port: up when it accepts a connection. Nothing is sent and nothing is read."""

from urllib.parse import urlsplit

from bot.engine.connection import PhaseTimer
from bot.engine.connector import Connector
from bot.engine.kinds.base import BaseChecker
from bot.engine.netguard import TCP


class TcpChecker(BaseChecker):
    """Probes ``tcp://host:port``: connects and hangs up."""

    async def _reach(self, url: str, timer: PhaseTimer) -> str:
        parts = urlsplit(self._guard.check_url(url, frozenset({TCP})))
        approach = Connector(self._resolver, self._guard)
        dialled = await approach.connect(parts.hostname or "", parts.port or 0, timer, scheme=TCP)
        dialled.sock.close()
        return dialled.address
