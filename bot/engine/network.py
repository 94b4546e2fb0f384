"""Shared network objects, and a plain client for addresses of the operator."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from urllib.parse import urljoin

import httpx

from bot import __version__
from bot.clock import Clock
from bot.engine.connectivity import ConnectivityChecker
from bot.engine.error_mapping import cause_of
from bot.engine.kinds import Checkers
from bot.engine.kinds.base import DEADLINE_S
from bot.engine.netguard import Netguard
from bot.engine.redirects import MAX_HOPS, REDIRECT_CODES
from bot.engine.resolver import Resolve, Resolver
from bot.engine.tls import client_context
from bot.engine.transport import Body, OneShotTransport
from bot.models import Cause


@dataclass(frozen=True, slots=True)
class Network:
    """One TLS context, resolver and guard for all; addresses of the operator are not guarded."""

    guard: Netguard
    resolver: Resolver
    checker: Checkers
    connectivity: ConnectivityChecker

    @classmethod
    def of(
        cls,
        clock: Clock,
        *,
        allow_private: tuple[IPv4Network | IPv6Network, ...],
        ports: frozenset[int],
        connectivity_urls: Sequence[str],
        api_url: str,
    ) -> "Network":
        context = client_context()
        guard = Netguard(allow_private=allow_private, ports=ports)
        resolver = Resolver(clock)
        return cls(
            guard,
            resolver,
            Checkers(guard, resolver, clock=clock, context=context),
            ConnectivityChecker(
                connectivity_urls, api_url, clock=clock, resolver=resolver, context=context
            ),
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, or the cause of its absence; the names of headers are in lower case."""

    status: int = 0
    headers: Mapping[str, str] | None = None
    body: bytes = b""
    cause: Cause | None = None


class ApiClient:
    """Makes one connection for each request: Discord's API for the doctor, the heartbeat."""

    def __init__(self, resolver: Resolve) -> None:
        self._transport = OneShotTransport(resolver, client_context())

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        """One GET; never raises."""
        own = {
            "User-Agent": f"DiscordBot (Vigie, {__version__})",
            "Accept-Encoding": "identity",
            "Connection": "close",
        }
        try:
            async with asyncio.timeout(DEADLINE_S):
                request = httpx.Request("GET", url, headers=own | dict(headers or {}))
                response = await self._transport.handle_async_request(request)
                try:
                    body = await Body.of(response).read()
                finally:
                    await response.aclose()
        except Exception as error:  # noqa: BLE001 - whatever it was, there is no answer
            return Answer(cause=cause_of(error, DEADLINE_S))
        return Answer(response.status_code, dict(response.headers), body)

    async def call_failure(self, url: str) -> str | None:
        """Call an address; anything but 2xx after redirects, in words. None: the call arrived."""
        for _ in range(MAX_HOPS + 1):
            answer = await self.get(url)
            if answer.cause is not None:
                return str(answer.cause)
            if answer.status // 100 == 2:  # noqa: PLR2004 - success, by RFC 9110
                return None
            location = (answer.headers or {}).get("location", "")
            if answer.status not in REDIRECT_CODES or not location:
                return f"HTTP {answer.status}"
            try:
                url = urljoin(url, location)
            except ValueError:
                return "a redirect to nowhere"
        return "too many redirects"
