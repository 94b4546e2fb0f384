"""Checks a TCP port: up when it accepts a connection. Nothing is sent and nothing is read."""

from urllib.parse import urlsplit

from bot.engine.connector import Connector, PhaseTimer
from bot.engine.kinds.base import BaseChecker, MonitorKind, Reached
from bot.engine.netguard import AddressRules
from bot.words.translator import N_

_RULES = AddressRules(
    "tcp",
    example="tcp://example.com:22",
    form=N_(
        "A tcp:// address has a host and a port and nothing else, such as tcp://example.com:22."
    ),
)


class TcpChecker(BaseChecker):
    """Checks ``tcp://host:port``: connects and hangs up."""

    async def _reach(self, url: str, timer: PhaseTimer) -> Reached:
        parts = urlsplit(self._guard.check_url(url, {_RULES.scheme: _RULES}))
        connector = Connector(self._resolver, self._guard)
        connected = await connector.connect(parts.hostname or "", parts.port or 0, timer, _RULES)
        connected.sock.close()
        return Reached(connected.address)


TCP = MonitorKind(_RULES, TcpChecker, other_names=("port", "tcp", "4"))
