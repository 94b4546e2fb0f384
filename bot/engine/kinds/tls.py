"""Checks a TLS port: up when the handshake ends with a certificate that browsers would accept."""

import asyncio
import ssl
from collections.abc import Mapping
from functools import cached_property
from typing import ClassVar
from urllib.parse import urlsplit

from bot.engine.connector import Connector, PhaseTimer
from bot.engine.kinds.base import BaseChecker, MonitorKind, Reached
from bot.engine.netguard import AddressRules
from bot.engine.tls import client_context, days_since_end, expires_ms, unverified_context
from bot.engine.transport import Stream
from bot.models import Cause, Reason
from bot.words.translator import N_

_RULES = AddressRules(
    "tls",
    example="tls://example.com:993",
    form=N_(
        "A tls:// address has a host, a port if it is not 443, and nothing else,"
        " such as tls://example.com:993."
    ),
    default_port=443,
)


class TlsChecker(BaseChecker):
    """Checks ``tls://host:port``: connects, shakes hands and hangs up."""

    rules: ClassVar[Mapping[str, AddressRules]] = {_RULES.scheme: _RULES}

    async def _reach(self, url: str, timer: PhaseTimer) -> Reached:
        address, der = await self._secure(url, timer, self._trusted)
        return Reached(address, None if der is None else expires_ms(der))

    async def _completed(self, cause: Cause, url: str, until: float) -> Cause:
        """Since when an expired certificate is: looked at again, unverified."""
        if cause.reason is not Reason.TLS_EXPIRED:
            return cause
        try:
            async with asyncio.timeout_at(until):
                _, der = await self._secure(url, PhaseTimer(), unverified_context())
        except Exception:  # noqa: BLE001 - the verdict stands without the number
            return cause
        days = None if der is None else days_since_end(der, self._clock.now_ms())
        return Cause(Reason.TLS_EXPIRED, days)

    @cached_property
    def _trusted(self) -> ssl.SSLContext:
        return self._context or client_context()

    async def _secure(
        self, url: str, timer: PhaseTimer, context: ssl.SSLContext
    ) -> tuple[str, bytes | None]:
        """The address that was dialled, and the certificate it showed, DER."""
        parts = urlsplit(self._guard.check_url(url, self.rules))
        rules, host = self.rules[parts.scheme], parts.hostname or ""
        port = parts.port or rules.default_port
        connected = await Connector(self._resolver, self._guard).connect(host, port, timer, rules)
        stream = Stream(connected.sock, timer)
        try:
            await self._shake_hands(parts.scheme, host, stream, context, timer)
            return connected.address, stream.certificate()
        finally:
            stream.close()

    async def _shake_hands(
        self, scheme: str, host: str, stream: Stream, context: ssl.SSLContext, timer: PhaseTimer
    ) -> None:
        """Nothing of HTTP is offered: servers of other protocols may refuse it."""
        await stream.start_tls(context, host, protocols=())
        await stream.flush()


TLS = MonitorKind(_RULES, TlsChecker, other_names=("tls", "ssl", "certificate"))
