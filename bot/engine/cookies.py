"""Cookies for the redirects of one check (RFC 6265): many sites send their first visitor to the
same page once more, with a cookie. None outlives the check.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.engine.hostnames import is_numeric
from bot.engine.redirects import Place

MOST_COOKIES = 50
MOST_LINES = 200  # that are looked at, of one answer
MOST_BYTES = 4_096  # of one cookie
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

    def is_for(self, place: Place) -> bool:
        if self.secure and place.scheme != "https":
            return False
        if not (
            place.name == self.domain or (not self.host_only and _within(place.name, self.domain))
        ):
            return False
        path = self.path.removesuffix("/")
        return place.path == self.path or place.path.startswith(f"{path}/")


class Cookies:
    """What the answers of one check asked to be told again."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, str], _Cookie] = {}

    def take(self, place: Place, lines: Sequence[bytes]) -> None:
        """Keep what ``Set-Cookie`` lines from there may set."""
        for line in lines[:MOST_LINES]:
            cookie = _parsed(place, line) if len(line) <= MOST_BYTES else None
            if cookie is None:
                continue
            key = (cookie.domain, cookie.path, cookie.text.partition("=")[0])
            if cookie.ended:
                self._kept.pop(key, None)
            elif key in self._kept or len(self._kept) < MOST_COOKIES:
                self._kept[key] = cookie

    def header(self, place: Place) -> str:
        """The value of the ``Cookie`` header of a request; empty when there is none to send."""
        sent: list[str] = []
        size = 0
        for cookie in self._kept.values():
            size += len(cookie.text) + 2
            if size > MOST_SENT:
                break
            if cookie.is_for(place):
                sent.append(cookie.text)
        return "; ".join(sent)


def _parsed(place: Place, line: bytes) -> _Cookie | None:
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
    if domain and not _may_set(place.name, domain):
        return None
    path = said.get("path", "")
    if not path.startswith("/"):
        path = place.path[: place.path.rfind("/")] or "/"
    ended = said.get("max-age", "1").startswith(("0", "-"))
    ended = ended or _LONG_AGO.search(said.get("expires", "")) is not None
    return _Cookie(domain or place.name, not domain, path, "secure" in said, text, ended)


def _may_set(host: str, domain: str) -> bool:
    """For itself, or for a domain it stands in that is not a top level."""
    return host == domain or ("." in domain and _within(host, domain))


def _within(host: str, domain: str) -> bool:
    return host.endswith(f".{domain}") and not is_numeric(host)
