"""Shared network objects, and what asks addresses of the operator: are we online?"""

import asyncio
import logging
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Protocol
from urllib.parse import urljoin

import httpx

from bot import __version__
from bot.clock import Clock
from bot.engine import process
from bot.engine.error_mapping import cause_of
from bot.engine.kinds import Checkers
from bot.engine.kinds.base import DEADLINE_S
from bot.engine.netguard import Netguard
from bot.engine.redirects import MAX_HOPS, REDIRECT_CODES
from bot.engine.resolver import Resolve, Resolver
from bot.engine.status_pages import StatusPages
from bot.engine.tls import client_context
from bot.engine.transport import Body, OneShotTransport
from bot.models import Cause

log = logging.getLogger(__name__)

SILENT_S = 3.0
PATIENCE_S = 1.0  # then the other hosts are asked too, and the first one is still waited for
APART_S = 1.0  # from one round to the next; the failures in between share it
SHORT_ROUNDS = 10  # so often a round is put off for want of descriptors
DESCRIPTORS = 8  # what a round takes
VALID_S = 3.0  # an answer speaks for the failures of the next seconds, not for an outage's end
DISCORD_CACHE_S = 5.0  # its silence is remembered that long, an answer never
NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class _Round:
    """A round of connectivity checks: when it began (monotonic), and whether any was answered."""

    asked: float
    online: bool


class OnlineCheck(Protocol):
    """Asks hosts of others whether this machine is online."""

    async def is_online_since(self, started: float) -> bool:
        """True when any of them answered that was asked after that moment of monotonic time."""
        ...


class ConnectivityChecker:
    """Are we online? Asks the operator's own hosts, and Discord's API when all of them are silent.

    Asked at the moment of a failure, never on a timer. A cached or merely open connection proves
    nothing, so an answer counts only if it was asked for after the failed check began, by a name
    looked up anew: a dead name server is our own trouble too. It is neighbourly: one round a second
    at most for all sites together, and of its hosts, in turn, one is asked alone as long as it
    answers.
    """

    def __init__(
        self,
        urls: Sequence[str],
        api_url: str | None,
        *,
        clock: Clock,
        resolver: Resolve,
        context: ssl.SSLContext | None = None,
        deadline_s: float = SILENT_S,
    ) -> None:
        self._urls = tuple(urls)
        self._discord = None if api_url is None else f"{api_url}/gateway"
        self._clock, self._deadline_s = clock, deadline_s
        # Addresses of the operator are not judged: a host may stand in the own network.
        self._transport = OneShotTransport(resolver, context or client_context(), fresh_names=True)
        self._turn = 0
        self._asked = NEVER  # when the newest round began
        self._answered = NEVER  # when the newest one that was answered began
        self._discord_silent = NEVER
        self._asking: asyncio.Task[_Round] | None = None

    async def is_online_since(self, started: float) -> bool:
        """True when anything answers that was asked after ``started`` (monotonic).

        All who ask within a second share one round; one that began before ``started`` proves
        nothing, so then the next is waited for.
        """
        started = min(started, self._clock.monotonic())
        while not self._is_known_online(started):
            # A finished round still counts as asking until its callback has run; waiting for it
            # would not wait at all, and this loop would never end.
            if self._asking is None or self._asking.done():
                self._asking = asyncio.ensure_future(self._next_round())
                self._asking.add_done_callback(self._done)
            found = await asyncio.shield(self._asking)
            if found.asked >= started:
                return found.online
        return True

    async def _answers(self, url: str) -> bool:
        """One GET of an operator's URL; True when anything answered in HTTP."""
        headers = {"User-Agent": f"Vigie/{__version__}", "Connection": "close"}
        try:
            async with asyncio.timeout(self._deadline_s):
                request = httpx.Request("GET", url, headers=headers)
                response = await self._transport.handle_async_request(request)
                await response.aclose()
        except Exception as error:  # noqa: BLE001 - every failure means: no answer
            log.debug("Connectivity check without an answer: %r", error)  # its URL may hold a key
            return False
        return True

    def _is_known_online(self, started: float) -> bool:
        return self._answered >= max(started, self._clock.monotonic() - VALID_S)

    async def _next_round(self) -> "_Round":
        """When its second has come, ask; Discord speaks when all hosts are silent.

        Without descriptors nobody can be asked, which is no silence: put off, then not blamed on
        the network.
        """
        await self._pause(self._asked + APART_S - self._clock.monotonic())
        for _ in range(SHORT_ROUNDS):
            if process.has_room(DESCRIPTORS):
                break
            log.warning("Connectivity cannot be checked, no descriptors are left: see ulimit -n")
            await self._pause(APART_S)
        else:
            return _Round(self._clock.monotonic(), online=True)
        self._asked = asked = self._clock.monotonic()
        online = await self._ask_hosts() or await self._ask_discord()
        if online:
            self._answered = asked
        return _Round(asked, online)

    async def _pause(self, seconds: float) -> None:
        if seconds > 0:
            await self._clock.sleep(seconds)

    async def _ask_hosts(self) -> bool:
        """The one whose turn it is; the others as soon as it fails, or is slow."""
        if not self._urls:
            return False
        self._turn = (self._turn + 1) % len(self._urls)
        order = self._urls[self._turn :] + self._urls[: self._turn]
        first = asyncio.ensure_future(self._answers(order[0]))
        tasks = [first]
        try:
            await asyncio.wait(tasks, timeout=min(PATIENCE_S, self._deadline_s / 3))
            if first.done() and first.result():
                return True
            tasks += [asyncio.ensure_future(self._answers(url)) for url in order[1:]]
            for done in asyncio.as_completed(tasks):
                if await done:
                    return True
        finally:
            for task in tasks:
                task.cancel()
        return False

    async def _ask_discord(self) -> bool:
        if self._discord is None:  # a lookout, which has nothing to do with Discord
            return False
        if self._clock.monotonic() - self._discord_silent < DISCORD_CACHE_S:
            return False
        if await self._answers(self._discord):
            return True
        self._discord_silent = self._clock.monotonic()
        return False

    def _done(self, task: "asyncio.Task[_Round]") -> None:
        if self._asking is task:
            self._asking = None
        if not task.cancelled() and task.exception() is not None:
            log.error("Connectivity check failed by a bug", exc_info=task.exception())


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


@dataclass(frozen=True, slots=True)
class Network:
    """One TLS context, resolver and guard for all; addresses of the operator are not guarded."""

    guard: Netguard
    resolver: Resolver
    checker: Checkers
    connectivity: ConnectivityChecker
    pages: StatusPages

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
            StatusPages(OneShotTransport(resolver, context, guard), guard),
        )
