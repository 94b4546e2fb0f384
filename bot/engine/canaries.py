"""Are we online? Canaries are asked at the moment of a failure, never on a timer.

A cached or merely open connection proves nothing, so an answer counts only if it came after the
failed try began.
"""

import asyncio
import logging
import ssl
from collections.abc import Sequence

import httpx

from bot import __version__
from bot.clock import Clock
from bot.engine.resolver import Resolve
from bot.engine.tls import client_context
from bot.engine.transport import OneShot

log = logging.getLogger(__name__)

DEADLINE_S = 3.0
DISCORD_CACHE_S = 5.0  # its silence is remembered that long, an answer never


class Canaries:
    """The operator's own hosts, and Discord's API when all of them are silent."""

    def __init__(
        self,
        urls: Sequence[str],
        api_url: str,
        *,
        clock: Clock,
        resolver: Resolve,
        context: ssl.SSLContext | None = None,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._urls = tuple(urls)
        self._discord = f"{api_url}/gateway"
        self._clock = clock
        self._deadline_s = deadline_s
        # Addresses of the operator are not judged: a canary may stand in the own network.
        self._transport = OneShot(resolver, context or client_context())
        self._answered = float("-inf")
        self._asked = float("-inf")
        self._discord_silent = float("-inf")
        self._asking: asyncio.Task[bool] | None = None

    async def online_since(self, started: float) -> bool:
        """Whether anything answered after ``started`` (seconds of the clock's monotonic time).

        All who ask at once share one round of questions; a round that began before ``started``
        and found nothing proves nothing, so then another is asked.
        """
        while self._answered < started:
            if self._asking is None:
                self._asked = self._clock.monotonic()
                self._asking = asyncio.ensure_future(self._ask())
                self._asking.add_done_callback(self._done)
            asked = self._asked
            if not await asyncio.shield(self._asking) and asked >= started:
                return False
        return True

    async def fetch(self, url: str) -> bool:
        """One GET of an operator's URL; True when anything answered in HTTP."""
        headers = {"User-Agent": f"Vigie/{__version__}", "Connection": "close"}
        try:
            async with asyncio.timeout(self._deadline_s):
                request = httpx.Request("GET", url, headers=headers)
                response = await self._transport.handle_async_request(request)
                await response.aclose()
        except Exception as error:  # noqa: BLE001 - every failure means: no answer
            log.debug("No answer from %s: %r", url, error)
            return False
        self._answered = self._clock.monotonic()
        return True

    async def _ask(self) -> bool:
        """All canaries at once; the first answer is enough. Then Discord."""
        tasks = [asyncio.ensure_future(self.fetch(url)) for url in self._urls]
        try:
            for done in asyncio.as_completed(tasks):
                if await done:
                    return True
        finally:
            for task in tasks:
                task.cancel()
        if self._clock.monotonic() - self._discord_silent < DISCORD_CACHE_S:
            return False
        if await self.fetch(self._discord):
            return True
        self._discord_silent = self._clock.monotonic()
        return False

    def _done(self, task: asyncio.Task[bool]) -> None:
        self._asking = None
        if not task.cancelled() and task.exception() is not None:
            log.error("Asking the canaries failed", exc_info=task.exception())
