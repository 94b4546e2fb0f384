"""One try over HTTP(S): a verdict with its cause, the time each phase took, the certificate's end.

It never raises, ends within its deadline whatever the server does, and reads 256 KiB at most.
"""

import asyncio
import ssl
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urljoin, urlsplit

import httpx

from bot import __version__
from bot.clock import Clock
from bot.engine.failures import cause_of
from bot.engine.netguard import SCHEME_PORTS, Netguard
from bot.engine.resolver import Resolve
from bot.engine.sockets import Stamps, Stream, dial
from bot.engine.tls import client_context, days_since_end, expires_ms
from bot.engine.transport import STAMPS, OneShot
from bot.errors import AddressRefused
from bot.models import Cause, CheckResult, Reason, Target

DEADLINE_S = 10.0
BODY_LIMIT = 256 * 1024
MAX_REDIRECTS = 5
REDIRECTS = frozenset({301, 302, 303, 307, 308})
FAILED_STATUS = 400
USER_AGENT = f"Vigie/{__version__} (uptime check)"
KEPT_REQUESTS = 16_384


@dataclass(slots=True)
class _Seen:
    """What a try has learned so far; kept when it fails later."""

    url: str
    status: int | None = None
    expires_ms: int | None = None
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
        self._resolver = resolver
        self._clock = clock
        self._deadline_s = deadline_s
        self._transport = OneShot(resolver, context or client_context(), netguard)

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
        if cause is not None and cause.reason is Reason.TLS_EXPIRED:
            cause = Cause(Reason.TLS_EXPIRED, await self._days_expired(seen.url))
        elif cause == Cause(Reason.ADDRESS_REFUSED) and seen.url != target.url:
            cause = Cause(Reason.REDIRECT_REFUSED)
        return CheckResult(
            at_ms=at_ms,
            cause=cause,
            status=seen.status,
            phases=phases,
            certificate_expires_ms=seen.expires_ms,
            address=seen.address,
            final_url=seen.url if seen.url != target.url else None,
            downgraded=seen.downgraded,
        )

    async def _follow(self, target: Target, seen: _Seen, stamps: Stamps) -> Cause | None:
        """Ask, and go where the answer points, at most five times."""
        request = _request(target)
        for _ in range(MAX_REDIRECTS + 1):
            request.extensions[STAMPS] = stamps
            response = await self._transport.handle_async_request(request)
            try:
                _note(seen, response)
                location = response.headers.get("location")
                redirects = response.status_code in REDIRECTS and location
                if not redirects or response.status_code in target.expect_status:
                    return await _judge(target, response)
            finally:
                await response.aclose()
            try:
                url = self._guard.check_url(urljoin(seen.url, location))
                request = _onward(target, seen, url)
            except (AddressRefused, ValueError):
                return Cause(Reason.REDIRECT_REFUSED)
        return Cause(Reason.REDIRECTS)

    async def _days_expired(self, url: str) -> int | None:
        """Look at the expired certificate again, unverified, to learn since when."""
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or SCHEME_PORTS["https"]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        try:
            async with asyncio.timeout(self._deadline_s / 2):
                addresses = await self._resolver.addresses(host)
                self._guard.judge_addresses(host, port, addresses)
                stream = Stream(await dial(addresses, port), Stamps())
                await stream.start_tls(context, host)
                der = stream.get_extra_info("ssl_object").getpeercert(binary_form=True)
                await stream.aclose()
        except Exception:  # noqa: BLE001 - the verdict stands without the number
            return None
        return days_since_end(der, self._clock.now_ms())


@lru_cache(maxsize=KEPT_REQUESTS)
def _request(target: Target) -> httpx.Request:
    """Built once per target: parsing a URL costs as much as a plain probe (measured)."""
    return _ask(target.method, target.url, target.headers)


def _ask(method: str, url: str, headers: tuple[tuple[str, str], ...]) -> httpx.Request:
    own = [("User-Agent", USER_AGENT), ("Accept", "*/*")]
    chosen = {name.lower() for name, _ in headers}
    kept = [(name, value) for name, value in own if name.lower() not in chosen]
    fixed = [("Accept-Encoding", "identity"), ("Connection", "close")]
    return httpx.Request(method, url, headers=[*kept, *headers, *fixed])


def _onward(target: Target, seen: _Seen, url: str) -> httpx.Request:
    """The next hop; a person's own headers go to no other host."""
    before, after = urlsplit(seen.url), urlsplit(url)
    seen.downgraded = seen.downgraded or (before.scheme, after.scheme) == ("https", "http")
    same = (before.scheme, before.netloc) == (after.scheme, after.netloc)
    own = urlsplit(target.url).netloc == after.netloc and same
    seen.url = url
    return _ask(target.method, url, target.headers if own else ())


def _note(seen: _Seen, response: httpx.Response) -> None:
    seen.status = response.status_code
    seen.address = response.extensions.get("address")
    stream = response.extensions.get("network_stream")
    connection = stream.get_extra_info("ssl_object") if stream is not None else None
    if connection is not None:
        seen.expires_ms = expires_ms(connection)


async def _judge(target: Target, response: httpx.Response) -> Cause | None:
    """Status first, then the body: read whole up to the limit, searched if asked."""
    status = response.status_code
    fine = status in target.expect_status if target.expect_status else status < FAILED_STATUS
    if not fine:
        return Cause(Reason.HTTP, status)
    body = b"" if target.method == "HEAD" else await _read(response)
    if target.contains is None and target.not_contains is None:
        return None
    if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
        return Cause(Reason.UNREADABLE)
    text = _decode(body, response.charset_encoding)
    if target.contains is not None and target.contains not in text:
        return Cause(Reason.TEXT_MISSING)
    if target.not_contains is not None and target.not_contains in text:
        return Cause(Reason.TEXT_PRESENT)
    return None


async def _read(response: httpx.Response) -> bytes:
    parts, size = [], 0
    async for part in response.aiter_raw():
        parts.append(part)
        size += len(part)
        if size >= BODY_LIMIT:
            break
    return b"".join(parts)[:BODY_LIMIT]


def _decode(body: bytes, charset: str | None) -> str:
    try:
        return body.decode(charset or "utf-8", errors="replace")
    except LookupError:
        return body.decode("utf-8", errors="replace")
