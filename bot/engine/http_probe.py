"""One try over HTTP(S): a verdict with its cause, the time each phase took, the certificate's end.

It never raises, ends within its deadline whatever the server does, and reads 256 KiB at most.
"""

import asyncio
import ssl
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

import httpx

from bot import __version__
from bot.clock import Clock
from bot.engine.answers import fault_of
from bot.engine.failures import cause_of
from bot.engine.netguard import SCHEME_PORTS, WEB, Netguard
from bot.engine.prober import DEADLINE_S
from bot.engine.redirects import MAX_HOPS, is_downgrade, location, may_know, next_url
from bot.engine.resolver import Resolve
from bot.engine.stamps import Stamps
from bot.engine.tls import client_context, days_since_end, expires_ms
from bot.engine.transport import ADDRESS, OneShot
from bot.errors import AddressRefused
from bot.models import Cause, CheckResult, Reason, Target

USER_AGENT = f"Vigie/{__version__} (+uptime check)"
KEPT_REQUESTS = 16_384

Headers = tuple[tuple[str, str], ...]

# Only these are ours to choose: bodies must be readable, connections must end.
_FIXED: Headers = (("Accept-Encoding", "identity"), ("Connection", "close"))
_DEFAULTS: Headers = (("User-Agent", USER_AGENT), ("Accept", "*/*"))


@dataclass(slots=True)
class _Seen:
    """What a try has learned so far; kept when it fails later."""

    url: str
    hops: int = 0
    status: int | None = None
    expires_ms: int | None = None  # of the certificate on the way that ends first
    address: str | None = None
    downgraded: bool = False


class HttpProbe:
    """Probes http and https targets; see :class:`bot.engine.prober.Prober`."""

    def __init__(
        self,
        netguard: Netguard,
        resolver: Resolve,
        *,
        clock: Clock,
        deadline_s: float = DEADLINE_S,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._guard = netguard
        self._clock = clock
        self._deadline_s = deadline_s
        self._transport = OneShot(resolver, context or client_context(), netguard)
        # Built once per target: parsing a URL costs as much as a plain probe (measured).
        self._first_request = lru_cache(maxsize=KEPT_REQUESTS)(self._build)

    async def probe(self, target: Target) -> CheckResult:
        """Make one try; every failure is a result."""
        at_ms = self._clock.now_ms()
        stamps = Stamps()
        seen = _Seen(target.url)
        try:
            async with asyncio.timeout(self._deadline_s):
                cause = await self._follow(target, seen, stamps)
        except Exception as error:  # noqa: BLE001 - whatever a server provokes is a result
            cause = cause_of(error, self._deadline_s)
        phases = stamps.phases()
        if cause is not None:
            cause = await self._completed(cause, seen, self._deadline_s - stamps.elapsed_s())
        return CheckResult(
            at_ms=at_ms,
            cause=cause,
            status=seen.status,
            phases=phases,
            certificate_expires_ms=seen.expires_ms,
            address=seen.address,
            final_url=seen.url if seen.hops else None,
            downgraded=seen.downgraded,
        )

    async def _follow(self, target: Target, seen: _Seen, stamps: Stamps) -> Cause | None:
        """Ask, and go where the answer points, at most five times."""
        request = self._first_request(target)
        headers = target.headers
        for _ in range(MAX_HOPS + 1):
            response = await self._transport.ask(request, stamps)
            try:
                _note(seen, response)
                where = location(response)
                if where is None or response.status_code in target.expect_status:
                    return await fault_of(target, response)
            finally:
                await response.aclose()
            try:
                url = next_url(self._guard, seen.url, where)
            except AddressRefused:
                return Cause(Reason.REDIRECT_REFUSED)
            headers = headers if may_know(seen.url, url) else ()
            request = _request(_method(target), url, headers)
            _move(seen, url)
        return Cause(Reason.REDIRECTS)

    async def _completed(self, cause: Cause, seen: _Seen, left_s: float) -> Cause:
        """The cause with what only the whole try knows."""
        if cause.reason is Reason.TLS_EXPIRED:
            return Cause(Reason.TLS_EXPIRED, await self._days_expired(seen.url, left_s))
        if cause.reason is Reason.ADDRESS_REFUSED and seen.hops:
            return Cause(Reason.REDIRECT_REFUSED, cause.number)
        return cause

    async def _days_expired(self, url: str, left_s: float) -> int | None:
        """Look at the expired certificate again, unverified, to learn since when."""
        parts = urlsplit(url)
        try:
            async with asyncio.timeout(left_s):
                der = await self._transport.unverified_certificate(
                    parts.hostname or "", parts.port or SCHEME_PORTS["https"]
                )
        except Exception:  # noqa: BLE001 - the verdict stands without the number
            return None
        return days_since_end(der, self._clock.now_ms())

    def _build(self, target: Target) -> httpx.Request:
        """Raises AddressRefused: the rules may have changed since the target was taken on."""
        return _request(_method(target), self._guard.check_url(target.url, WEB), target.headers)


def _method(target: Target) -> str:
    """A text can only be looked for where a body comes."""
    searched = target.contains is not None or target.not_contains is not None
    return "GET" if searched else target.method


def _request(method: str, url: str, headers: Headers) -> httpx.Request:
    """One request; a person's headers replace our defaults, never what is fixed."""
    fixed = {name.lower() for name, _ in _FIXED}
    chosen = [(name, value) for name, value in headers if name.lower() not in fixed]
    names = {name.lower() for name, _ in chosen}
    defaults = [(name, value) for name, value in _DEFAULTS if name.lower() not in names]
    # Given by us: httpx would read the name as IDNA 2008 and fail at emoji, which have sites.
    host = ("Host", urlsplit(url).netloc)
    return httpx.Request(method, url, headers=[host, *defaults, *chosen, *_FIXED])


def _note(seen: _Seen, response: httpx.Response) -> None:
    """Remember what the head of an answer says; the certificate goes when the body is drained."""
    seen.status = response.status_code
    seen.address = response.extensions[ADDRESS]
    connection = response.extensions["network_stream"].get_extra_info("ssl_object")
    der = connection.getpeercert(binary_form=True) if connection is not None else None
    ends_ms = expires_ms(der) if der else None
    if ends_ms is not None:
        seen.expires_ms = ends_ms if seen.expires_ms is None else min(seen.expires_ms, ends_ms)


def _move(seen: _Seen, url: str) -> None:
    """The next hop begins: what the last one answered is no verdict."""
    seen.downgraded = seen.downgraded or is_downgrade(seen.url, url)
    seen.url = url
    seen.hops += 1
    seen.status = None
    seen.address = None
