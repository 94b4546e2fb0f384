"""Follows a redirect by hand: every hop is judged anew, and secrets stay with their own host."""

from urllib.parse import urljoin, urlsplit

import httpx

from bot.engine.netguard import NOT_AN_ADDRESS, TOO_LONG, URL_LIMIT, WEB, Netguard
from bot.errors import AddressRefused

CODES = frozenset({301, 302, 303, 307, 308})
MAX_HOPS = 5


def location(response: httpx.Response) -> str | None:
    """Where the answer sends its visitor, as it stands there; None when it is no redirect."""
    if response.status_code not in CODES:
        return None
    return response.headers.get("location", "").strip() or None


def next_url(guard: Netguard, base: str, place: str) -> str:
    """The URL of the next hop, absolute and checked. Raises AddressRefused.

    Blanks are encoded as browsers do: many servers send them raw. In a host they stay an error.
    A place beyond all limits is not even joined: the standard library remembers what it split.
    """
    if len(place) > URL_LIMIT:
        raise AddressRefused(TOO_LONG, n=URL_LIMIT)
    try:
        joined = urljoin(base, place.replace(" ", "%20"))
    except ValueError as error:
        raise AddressRefused(NOT_AN_ADDRESS) from error
    return guard.check_url(joined, WEB)


def is_downgrade(before: str, after: str) -> bool:
    return (urlsplit(before).scheme, urlsplit(after).scheme) == ("https", "http")


def may_know(before: str, after: str) -> bool:
    """Whether headers for ``before`` may go to ``after``: the same origin, or its TLS twin."""
    old, new = urlsplit(before), urlsplit(after)
    twins = new.scheme == "https" and new.port is None
    return old.netloc == new.netloc and (old.scheme == new.scheme or twins)
