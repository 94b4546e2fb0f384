"""Plain questions to addresses of the operator's: Discord's API for the doctor, the heartbeat."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urljoin

import httpx

from bot import __version__
from bot.engine.answers import read
from bot.engine.error_mapping import cause_of
from bot.engine.kinds.base import DEADLINE_S
from bot.engine.redirects import CODES, MAX_HOPS
from bot.engine.resolver import Resolve
from bot.engine.tls import client_context
from bot.engine.transport import OneShotTransport
from bot.models import Cause


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, or why nothing did; the names of headers are in lower case."""

    status: int = 0
    headers: Mapping[str, str] | None = None
    body: bytes = b""
    cause: Cause | None = None


class ApiClient:
    """Asks with one fresh connection each. Addresses of the operator are not judged."""

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
                    body = await read(response)
                finally:
                    await response.aclose()
        except Exception as error:  # noqa: BLE001 - whatever it was, there is no answer
            return Answer(cause=cause_of(error, DEADLINE_S))
        return Answer(response.status_code, dict(response.headers), body)

    async def misses(self, url: str) -> str | None:
        """Why a call did not arrive: anything but 2xx after redirects. None: it did."""
        for _ in range(MAX_HOPS + 1):
            answer = await self.get(url)
            if answer.cause is not None:
                return str(answer.cause)
            if answer.status // 100 == 2:  # noqa: PLR2004 - success, by RFC 9110
                return None
            place = (answer.headers or {}).get("location", "")
            if answer.status not in CODES or not place:
                return f"HTTP {answer.status}"
            try:
                url = urljoin(url, place)
            except ValueError:
                return "a redirect to nowhere"
        return "too many redirects"
