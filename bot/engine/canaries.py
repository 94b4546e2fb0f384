"""Are we online? Canaries are asked at the moment of a failure, never on a timer.

A cached or merely open connection proves nothing, so an answer counts only if it was asked for
after the failed try began, by a name looked up anew: a dead name server is our blindness too.
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
VALID_S = 3.0  # an answer speaks for the failures of the next seconds, not for an outage's end
DISCORD_CACHE_S = 5.0  # its silence is remembered that long, an answer never
NEVER = float("-inf")


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
        self._transport = OneShot(resolver, context or client_context(), fresh_names=True)
        self._asked = NEVER  # when the newest round of questions began
        self._answered = NEVER  # when the newest one that was answered began
        self._discord_silent = NEVER
        self._asking: asyncio.Task[bool] | None = None

    async def online_since(self, started: float) -> bool:
        """Whether anything answers that was asked after ``started`` (the clock's monotonic time).

        All who ask at once share one round of questions; a round that began before ``started``
        proves nothing, so then another is asked.
        """
        started = min(started, self._clock.monotonic())
        while not self._is_known_online(started):
            # A finished round still counts as asking until its callback has run; waiting for it
            # would not wait at all, and this loop would never end.
            if self._asking is None or self._asking.done():
                self._asked = self._clock.monotonic()
                self._asking = asyncio.ensure_future(self._ask())
                self._asking.add_done_callback(self._done)
            asked = self._asked
            online = await asyncio.shield(self._asking)
            if asked >= started:
                return online
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
            log.debug("A canary gave no answer: %r", error)  # its URL may hold a key
            return False
        return True

    def _is_known_online(self, started: float) -> bool:
        return self._answered >= max(started, self._clock.monotonic() - VALID_S)

    async def _ask(self) -> bool:
        """All canaries at once; the first answer is enough. Then Discord."""
        asked = self._asked
        online = await self._ask_canaries() or await self._ask_discord()
        if online:
            self._answered = asked
        return online

    async def _ask_canaries(self) -> bool:
        tasks = [asyncio.ensure_future(self.fetch(url)) for url in self._urls]
        try:
            for done in asyncio.as_completed(tasks):
                if await done:
                    return True
        finally:
            for task in tasks:
                task.cancel()
        return False

    async def _ask_discord(self) -> bool:
        if self._clock.monotonic() - self._discord_silent < DISCORD_CACHE_S:
            return False
        if await self.fetch(self._discord):
            return True
        self._discord_silent = self._clock.monotonic()
        return False

    def _done(self, task: asyncio.Task[bool]) -> None:
        if self._asking is task:
            self._asking = None
        if not task.cancelled() and task.exception() is not None:
            log.error("Asking the canaries failed", exc_info=task.exception())
