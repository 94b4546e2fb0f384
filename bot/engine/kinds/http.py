"""Checks a web site: its status first, then the text somebody wants to see on its page.

A check never raises, ends within its deadline whatever the server does, and reads 256 KiB at most.
"""

import asyncio
import ssl
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import httpx

from bot import __version__
from bot.clock import Clock
from bot.engine.answer_conditions import needs_body, unmet
from bot.engine.connector import PhaseTimer
from bot.engine.error_mapping import cause_of
from bot.engine.kinds.base import MonitorKind, deadline_of
from bot.engine.netguard import URL_LIMIT, WEB, Netguard
from bot.engine.redirects import (
    MAX_HOPS,
    Cookies,
    WebAddress,
    is_downgrade,
    location,
    may_get_headers,
    next_address,
)
from bot.engine.resolver import Resolve
from bot.engine.tls import client_context, days_since_end, expires_ms
from bot.engine.transport import (
    ADDRESS,
    CERTIFICATE,
    TARGET,
    OneShotTransport,
)
from bot.errors import AddressRefused
from bot.models import Cause, CheckResult, Reason, Target

USER_AGENT = f"Vigie/{__version__} (+uptime check)"

Headers = tuple[tuple[str, str], ...]

# Only these are ours to choose: bodies must be readable, connections must end.
_FIXED: Headers = (("Accept-Encoding", "identity"), ("Connection", "close"))
_DEFAULTS: Headers = (("User-Agent", USER_AGENT), ("Accept", "*/*"))

# To these a browser goes on with GET, whatever it had sent (RFC 9110, 15.4).
_THEN_GET = frozenset({301, 302, 303})


@dataclass(slots=True)
class _Seen:
    """Findings of a check under way, kept when it fails later."""

    hop: WebAddress | None = None
    hops: int = 0
    status: int | None = None
    expires_ms: int | None = None  # of the certificate on the way that ends first
    address: str | None = None
    downgraded: bool = False
    value: str | None = None  # in place of what a condition expects


class HttpChecker:
    """Checks http:// and https:// addresses; see :class:`bot.engine.kinds.base.Checker`."""

    def __init__(
        self,
        netguard: Netguard,
        resolver: Resolve,
        *,
        clock: Clock,
        deadline_s: float | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._guard, self._clock, self._deadline_s = netguard, clock, deadline_s
        self._transport = OneShotTransport(resolver, context or client_context(), netguard)
        # Built once per target, since parsing a URL costs as much as a plain check (measured);
        # it goes with the target, and so do the secrets in its headers.
        self._first: WeakKeyDictionary[Target, tuple[WebAddress, httpx.Request]] = (
            WeakKeyDictionary()
        )

    async def check(self, target: Target) -> CheckResult:
        """Make one check; every failure is a result."""
        at_ms = self._clock.now_ms()
        timer = PhaseTimer()
        seen = _Seen()
        deadline_s = deadline_of(target, self._deadline_s)
        until = asyncio.get_running_loop().time() + deadline_s
        try:
            cause = await self._follow(target, seen, timer, until)
        except Exception as error:  # noqa: BLE001 - whatever a server provokes is a result
            cause = cause_of(error, deadline_s)
        phases = timer.phases()
        if cause is not None:
            cause = await self._completed(cause, seen, until)
        return CheckResult(
            at_ms=at_ms,
            cause=cause,
            status=seen.status,
            phases=phases,
            certificate_expires_ms=seen.expires_ms,
            address=seen.address,
            final_url=seen.hop.url[:URL_LIMIT] if seen.hops and seen.hop else None,
            downgraded=seen.downgraded,
            seen=seen.value,
        )

    async def _follow(
        self, target: Target, seen: _Seen, timer: PhaseTimer, until: float
    ) -> Cause | None:
        """Ask, and go where the answer points, at most five times."""
        hop, request = self._first_request(target)
        seen.hop = hop
        method, headers, body = _method(target), target.headers, target.body
        cookies = Cookies()
        for _ in range(MAX_HOPS + 1):
            async with asyncio.timeout_at(until):
                response = await self._transport.send(request, timer)
            try:
                _note(seen, response)
                where = location(response)
                if where is None or response.status_code in target.expect_status:
                    found = await unmet(target, response, until)
                    seen.value = None if found is None else found.seen
                    return None if found is None else found.cause
            finally:
                await response.aclose()
            try:
                after = next_address(self._guard, hop, where)
            except AddressRefused:
                return Cause(Reason.REDIRECT_REFUSED)
            cookies.take(hop, _values(response, b"set-cookie"))
            # Another site learns nothing of what was typed for this one.
            same_site = may_get_headers(hop, after)
            headers = headers if same_site else ()
            if method == "POST" and (response.status_code in _THEN_GET or not same_site):
                method, body = "GET", None
            request = _request(method, after, headers, cookies.header(after), body)
            _move(seen, after)
            hop = after
        return Cause(Reason.REDIRECTS)

    async def _completed(self, cause: Cause, seen: _Seen, until: float) -> Cause:
        """The cause with what only the whole check knows."""
        if cause.reason is Reason.TLS_EXPIRED and seen.hop is not None:
            return Cause(Reason.TLS_EXPIRED, await self._days_expired(seen.hop, until))
        if cause.reason is Reason.ADDRESS_REFUSED and seen.hops:
            return Cause(Reason.REDIRECT_REFUSED, cause.number)
        return cause

    async def _days_expired(self, hop: WebAddress, until: float) -> int | None:
        """Look at the expired certificate again, unverified, to learn since when."""
        try:
            async with asyncio.timeout_at(until):
                der = await self._transport.unverified_certificate(hop.name, hop.port)
        except Exception:  # noqa: BLE001 - the verdict stands without the number
            return None
        return None if der is None else days_since_end(der, self._clock.now_ms())

    def _first_request(self, target: Target) -> tuple[WebAddress, httpx.Request]:
        """Raises AddressRefused: the rules may have changed since the target was taken on."""
        kept = self._first.get(target)
        if kept is None:
            hop = WebAddress.of(self._guard.check_url(target.url, WEB))
            kept = hop, _request(_method(target), hop, target.headers, body=target.body)
            self._first[target] = kept
        return kept


def _method(target: Target) -> str:
    """Who sends a body posts it; a condition can only be looked at where an answer has one."""
    if target.body is not None:
        return "POST"
    return "GET" if target.method == "HEAD" and needs_body(target) else target.method


def _request(
    method: str, hop: WebAddress, headers: Headers, cookies: str = "", body: str | None = None
) -> httpx.Request:
    """One request; a person's headers replace our defaults, never what is fixed."""
    fixed = {name.lower() for name, _ in _FIXED}
    chosen = [(name, value) for name, value in headers if name.lower() not in fixed]
    names = {name.lower() for name, _ in chosen}
    usual = _DEFAULTS if body is None else (*_DEFAULTS, ("Content-Type", _type_of(body)))
    defaults = [(name, value) for name, value in usual if name.lower() not in names]
    # Given by us: httpx would read the name as IDNA 2008 and fail at emoji, which have sites.
    fields = [("Host", hop.host), *defaults, *chosen, *_FIXED]
    if cookies:
        own = [value for name, value in fields if name.lower() == "cookie"]
        fields = [(name, value) for name, value in fields if name.lower() != "cookie"]
        fields.append(("Cookie", "; ".join([*own, cookies])))
    return httpx.Request(
        method,
        f"{hop.scheme}://{hop.host}/",
        headers=[(name.encode("ascii"), value.encode("latin-1")) for name, value in fields],
        content=None if body is None else body.encode(),
        extensions={TARGET: hop.target.encode("ascii")},
    )


def _type_of(body: str) -> str:
    """As forms send it, unless it looks like JSON."""
    is_json = body.lstrip()[:1] in {"{", "["}
    return "application/json" if is_json else "application/x-www-form-urlencoded"


def _values(response: httpx.Response, name: bytes) -> list[bytes]:
    return [value for key, value in response.headers.raw if key.lower() == name]


def _note(seen: _Seen, response: httpx.Response) -> None:
    """Remember what the head of an answer says."""
    seen.status = response.status_code
    seen.address = response.extensions[ADDRESS]
    der = response.extensions[CERTIFICATE]
    ends_ms = expires_ms(der) if der else None
    if ends_ms is not None:
        seen.expires_ms = ends_ms if seen.expires_ms is None else min(seen.expires_ms, ends_ms)


def _move(seen: _Seen, hop: WebAddress) -> None:
    """The next hop begins: what the last one answered is no verdict."""
    if seen.hop is not None:
        seen.downgraded = seen.downgraded or is_downgrade(seen.hop, hop)
    seen.hop = hop
    seen.hops += 1
    seen.status = None
    seen.address = None


_OPTIONS = frozenset(
    {
        *("method", "headers", "body", "expect_status"),
        *("contains", "not_contains", "header_is", "json"),
    }
)
HTTP = MonitorKind(
    WEB["http"],
    HttpChecker,
    options=_OPTIONS,
    other_names=("http", "web", "website", "site", "page", "1", "keyword", "motcle", "2"),
)
HTTPS = MonitorKind(WEB["https"], HttpChecker, options=_OPTIONS, other_names=("https",))
