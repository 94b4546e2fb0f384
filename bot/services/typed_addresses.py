"""Reads an address as people type it: what stands around it goes, a slip of typing is asked about.

Nothing is repaired in silence: a slip is refused with what was perhaps meant.
"""

import difflib
import re
from functools import cache

from bot.engine.kinds import ADDRESS_RULES, kind_of
from bot.engine.netguard import DEFAULT_PORTS, WEB
from bot.errors import Mistyped, PortRefused
from bot.words.translator import N_

OTHER_KIND = N_("Port {port} is not a web port. These fit: {addresses}.")
MISTYPED = N_("“{typed}” is not an address I can read. Did you mean {meant}?")
# How addresses look that are no web sites'.
OTHER_EXAMPLES = tuple(rules.example for rules in ADDRESS_RULES.values() if not rules.is_web)
_SHOWN = 200
# As people write links in Discord, alone or one in the other.
_AROUND = (("<", ">"), ("`", "`"))
_LINK = re.compile(r"\[[^\]]*\]\(\s*<?(?P<url>[^\s<>()]+)>?\s*\)")
# A word before what should be ://, with the signs that slip in its stead.
_BEGINNING = re.compile(
    r"[^\w/\\]{0,3}(?P<word>[A-Za-z][A-Za-z0-9]{1,11})\s*(?P<sign>[:;.,\uff1a\uff1b]*\s*[/\\\uff0f]*)\s*"
)
_SLASHES = re.compile(r"[/\\\uff0f]")
_BARE = re.compile(r"\s*[:;]+\s*[/\\]*\s*|[/\\]{3,}")
_QUOTES = "'\"\u201d\u2019\u00bb)>]}*_|`"  # what closes that which stood before an address
_HOST_AND_PORT = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s/:@\[\]]+):(?P<port>[0-9]{1,5})")
_MOST_SLIPS = 4  # https://http://https//…
_ALIKE = 0.8


def is_web(url: str) -> bool:
    """A web site's: people know it without its scheme."""
    return url.partition("://")[0] in WEB


def names_its_port(url: str) -> bool:
    """Whether the port always stands in such an address, so that host and port are enough."""
    kind = kind_of(url)
    return kind is not None and kind.rules.has_port and not kind.rules.default_port


def typed_address(text: str) -> str:
    """With its scheme; what has one, or begins with a slash, stays as it is.

    Raises Mistyped, and PortRefused where the port alone says that no web site is meant.
    """
    url = _unwrapped(text)
    if fitting := _by_port(url):
        port, listed = url.rpartition(":")[2], ", ".join(fitting)
        raise PortRefused(OTHER_KIND, instead=fitting, port=port, addresses=listed)
    meant = _meant(url)
    if meant is not None:
        better = _meant(meant)
        raise Mistyped(MISTYPED, typed=url[:_SHOWN], meant=better or meant)
    return url if "://" in url or url.startswith("/") else f"https://{url}"


def _by_port(url: str) -> tuple[str, ...]:
    """What ``host:25565`` is: a game's, a mail server's; at least a port that can be reached."""
    match = _HOST_AND_PORT.fullmatch(url)
    usual = (
        []
        if match is None
        else [
            rules.scheme
            for rules in ADDRESS_RULES.values()
            if not rules.is_web and rules.default_port == int(match["port"])
        ]
    )
    if match is None or not usual or int(match["port"]) in DEFAULT_PORTS:
        return ()
    return (*(f"{scheme}://{match['host']}" for scheme in usual), f"tcp://{url}")


def _unwrapped(text: str) -> str:
    text = text.strip()
    for _ in range(_MOST_SLIPS):
        for left, right in _AROUND:
            if len(text) > 1 and text.startswith(left) and text.endswith(right):
                text = text[1:-1].strip()
    return text


def _meant(url: str) -> str | None:
    """What a slip of typing was meant to be; None: there is none, or nobody can know."""
    link = _LINK.fullmatch(url)
    if link is not None:
        return _meant(link["url"]) or _with_scheme(link["url"])
    scheme, rest, slipped = "", url, False
    for _ in range(_MOST_SLIPS):
        begun = _BEGINNING.match(rest)
        known = begun and _scheme_of(begun, rest)
        if not begun or not known:
            break
        clean = rest.lower().startswith(f"{known}://") and begun["sign"] == "://"
        slipped = slipped or bool(scheme) or not clean or rest[begun.end() - 1].isspace()
        scheme, rest = known, rest[begun.end() :]
    if not scheme and _BARE.match(rest):
        scheme, rest, slipped = "https", _BARE.sub("", rest, count=1), True
    if not slipped:
        return None
    if not url[0].isalnum():
        rest = rest.rstrip(f"{_QUOTES} ")
    rest = (rest.replace("\\", "/") if scheme in WEB else rest).lstrip(":;/ ")
    return _with_scheme(rest, scheme) if rest.strip(".") else None


def _with_scheme(rest: str, scheme: str = "https") -> str:
    return rest if "://" in rest else f"{scheme}://{rest}"


def _scheme_of(begun: re.Match[str], text: str) -> str | None:
    """The scheme a word before a sign stands for; None where it is a host's name, or no scheme."""
    word, sign = begun["word"].lower(), begun["sign"].strip()
    known = word if word in ADDRESS_RULES else _alike(word)
    if known is None or not sign:
        return None
    after = text[begun.end() :]
    if word in WEB or "//" in _SLASHES.sub("/", sign):
        # Nobody's host is called https; http.cat is one, and so may be http:8080.
        is_host = sign in {".", ","} or (sign == ":" and re.match(r"\d{1,5}(?!\S)|\d+/", after))
        return None if is_host else known
    # A host of the own network may be called dns or tcp: dns/admin, tcp:8080.
    has_port = after[:1].isdigit() and not _SLASHES.search(sign)
    return known if sign[0] in ":;\uff1a" and not has_port else None


@cache
def _alike(word: str) -> str | None:
    """The scheme that a word differs from by a slip: htp, htps, ttps, hxxps, tpc."""
    if set(word) <= set("htpsx") and {"t", "x", "p"} & set(word) and word[0] in "ht":
        return "https" if "s" in word else "http"
    turned = (scheme for scheme in sorted(ADDRESS_RULES) if sorted(scheme) == sorted(word))
    close = difflib.get_close_matches(word, sorted(ADDRESS_RULES), n=1, cutoff=_ALIKE)
    return next(turned, None) or next(iter(close), None)
