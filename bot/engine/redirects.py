"""Follows a redirect by hand: every hop is judged anew, and secrets stay with their own host.

A Location is bytes, read as the WHATWG's URL standard says, so that a site leads us where it
leads every browser.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import unquote_to_bytes

import httpx

from bot.engine.addresses import is_numeric
from bot.engine.error_mapping import BadAnswer
from bot.engine.netguard import NOT_AN_ADDRESS, WEB, Netguard
from bot.errors import AddressRefused
from bot.models import Reason

REDIRECT_CODES = frozenset({301, 302, 303, 307, 308})
MAX_HOPS = 5
MOST_BYTES = 16 * 1024

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*+):")
_PARTS = re.compile(r"([^?#]*)(\?[^#]*)?")
_TWO_SLASHES = re.compile(r"[/\\]{2}")
_AUTHORITY = re.compile(r"[/\\]*([^/\\?#]*)")
_EDGES = bytes(range(0x21))
# What browsers encode in a path and, less of it, in a query; beyond ASCII byte by byte.
_IN_PATH = re.compile(r"""[^!$-;=@-\]_a-z~%]""")
_IN_QUERY = re.compile(r"""[^!$-&(-;=?-~%]""")
_DOT = re.compile(r"\.|%2e", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class WebAddress:
    """An absolute address of the web in ASCII, as a browser would ask for it."""

    scheme: str
    host: str  # with its port, unless that is the scheme's own
    path: str
    query: str = ""  # with its question mark

    @property
    def target(self) -> str:
        return self.path + self.query

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}{self.target}"

    @property
    def name(self) -> str:
        return (
            self.host[1:].partition("]")[0] if self.host[0] == "[" else self.host.partition(":")[0]
        )

    @property
    def port(self) -> int:
        port = self.host.rpartition("]")[2].partition(":")[2]
        return int(port or WEB[self.scheme].default_port)

    @classmethod
    def of(cls, url: str) -> Self:
        """Of a URL that netguard has checked."""
        scheme, _, rest = url.partition("://")
        cut = next((at for at, c in enumerate(rest) if c in "/?"), len(rest))
        path, _, query = rest[cut:].partition("?")
        mark = "?" if "?" in rest[cut:] else ""
        return cls(
            scheme, rest[:cut], _encoded(path, _IN_PATH) or "/", mark + _encoded(query, _IN_QUERY)
        )


def location(response: httpx.Response) -> bytes | None:
    """The Location of a redirect as it was sent; None when the answer is no redirect.

    Raises BadAnswer when it says two things.
    """
    if response.status_code not in REDIRECT_CODES:
        return None
    found = {value for name, value in response.headers.raw if name.lower() == b"location"}
    if len(found) > 1:
        raise BadAnswer(Reason.MALFORMED, "two Locations that differ")
    return next(iter(found), b"").strip(_EDGES) or None


def next_address(guard: Netguard, base: WebAddress, where: bytes) -> WebAddress:
    """The next hop, absolute and checked. Raises AddressRefused, or BadAnswer for no address."""
    if len(where) > MOST_BYTES:
        raise BadAnswer(Reason.BAD_REDIRECT, "a Location of more than 16 KiB")
    text = where.strip(_EDGES).translate(None, b"\t\r\n").decode("latin-1")
    found = _SCHEME.match(text)
    scheme = found[1].lower() if found else base.scheme
    if scheme not in WEB:
        raise BadAnswer(Reason.BAD_REDIRECT, "a scheme that is not of the web")
    rest = text[found.end() :] if found else text
    if scheme == base.scheme and _TWO_SLASHES.match(rest) is None:
        return _beside(base, rest)
    authority = _AUTHORITY.match(rest)
    if authority is None:
        raise AssertionError("it matches everything")
    host = _host(guard, scheme, authority[1])
    return _beside(WebAddress(scheme, host, "/"), rest[authority.end() :])


def _host(guard: Netguard, scheme: str, authority: str) -> str:
    """Host and port; a user and password are not carried on."""
    encoded = authority.rpartition("@")[2].encode("latin-1")
    try:
        host = unquote_to_bytes(encoded).decode("utf-8")
        # Capitals and the like are mapped before the name is judged (UTS 46).
        return guard.check_host(unicodedata.normalize("NFKC", host.lower()), WEB[scheme])
    except UnicodeDecodeError as error:
        raise BadAnswer(Reason.BAD_REDIRECT, "a host that is no text") from error
    except AddressRefused as error:
        if error.message == NOT_AN_ADDRESS:
            raise BadAnswer(Reason.BAD_REDIRECT, "a host that is none") from None
        raise


def _beside(base: WebAddress, reference: str) -> WebAddress:
    """A reference without host, from where the last hop was."""
    parts = _PARTS.match(reference)
    path, query = (parts[1], parts[2] or "") if parts else ("", "")
    query = query[:1] + _encoded(query[1:], _IN_QUERY)
    if not path:
        return replace(base, query=query) if query else base
    path = _encoded(path.replace("\\", "/"), _IN_PATH)
    if not path.startswith("/"):
        path = base.path[: base.path.rfind("/") + 1] + path
    return replace(base, path=_without_dots(path), query=query)


def _without_dots(path: str) -> str:
    """``.`` and ``..`` taken out, also where they are encoded."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for number, segment in enumerate(segments):
        dots = _DOT.sub(".", segment) if len(segment) <= len("%2e%2e") else segment
        if dots == "..":
            del kept[-1:]
        if dots not in {".", ".."}:
            kept.append(segment)
        elif number == len(segments) - 1:
            kept.append("")
    return "/" + "/".join(kept)


def _encoded(text: str, unfit: re.Pattern[str]) -> str:
    """Percent signs where a browser puts them; a character stands for one byte."""
    return unfit.sub(lambda found: f"%{ord(found[0]):02X}", text)


def is_downgrade(before: WebAddress, after: WebAddress) -> bool:
    return (before.scheme, after.scheme) == ("https", "http")


def may_get_headers(before: WebAddress, after: WebAddress) -> bool:
    """True when headers for ``before`` may go to ``after``: the same origin, or its TLS twin."""
    twins = after.scheme == "https" and after.name == after.host
    return before.host == after.host and (before.scheme == after.scheme or twins)


MOST_COOKIES = 50
MOST_LINES = 200  # that are looked at, of one answer
COOKIE_BYTES = 4_096  # of one cookie
MOST_SENT = 8 * 1024
_LONG_AGO = re.compile(r"\b(?:19\d\d|200\d)\b")  # how sites take a cookie back
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class _Cookie:
    domain: str
    host_only: bool
    path: str
    secure: bool
    text: str  # name=value, a character for each byte
    ended: bool

    def is_for(self, address: WebAddress) -> bool:
        if self.secure and address.scheme != "https":
            return False
        if not (
            address.name == self.domain
            or (not self.host_only and _within(address.name, self.domain))
        ):
            return False
        path = self.path.removesuffix("/")
        return address.path == self.path or address.path.startswith(f"{path}/")


class Cookies:
    """Cookies of one check, sent along its redirects."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, str], _Cookie] = {}

    def take(self, address: WebAddress, lines: Sequence[bytes]) -> None:
        """Keep what ``Set-Cookie`` lines from there may set."""
        for line in lines[:MOST_LINES]:
            cookie = _parsed(address, line) if len(line) <= COOKIE_BYTES else None
            if cookie is None:
                continue
            key = (cookie.domain, cookie.path, cookie.text.partition("=")[0])
            if cookie.ended:
                self._kept.pop(key, None)
            elif key in self._kept or len(self._kept) < MOST_COOKIES:
                self._kept[key] = cookie

    def header(self, address: WebAddress) -> str:
        """The value of the ``Cookie`` header of a request; empty when there is none to send."""
        sent: list[str] = []
        size = 0
        for cookie in self._kept.values():
            size += len(cookie.text) + 2
            if size > MOST_SENT:
                break
            if cookie.is_for(address):
                sent.append(cookie.text)
        return "; ".join(sent)


def _parsed(address: WebAddress, line: bytes) -> _Cookie | None:
    pair, *attributes = line.decode("latin-1").split(";")
    name, equals, value = pair.partition("=")
    text = name.strip() + equals + value.strip() if equals else pair.strip()
    if not text or _CONTROL.search(text):
        return None
    said = {}
    for attribute in attributes:
        key, _, given = attribute.partition("=")
        said[key.strip().lower()] = given.strip()
    domain = said.get("domain", "").lower().removeprefix(".")
    if domain and not _may_set(address.name, domain):
        return None
    path = said.get("path", "")
    if not path.startswith("/"):
        path = address.path[: address.path.rfind("/")] or "/"
    ended = said.get("max-age", "1").startswith(("0", "-"))
    ended = ended or _LONG_AGO.search(said.get("expires", "")) is not None
    return _Cookie(domain or address.name, not domain, path, "secure" in said, text, ended)


def _may_set(host: str, domain: str) -> bool:
    """True for itself and for a domain above it that is not a top level."""
    return host == domain or ("." in domain and _within(host, domain))


def _within(host: str, domain: str) -> bool:
    return host.endswith(f".{domain}") and not is_numeric(host)
