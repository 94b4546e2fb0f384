"""Guards the network behind Vigie from the URLs that strangers type.

A URL is read once, strictly; every address its host has is judged before one is dialled, again on
every redirect. One bad answer refuses all, so rebinding finds no gap.
"""

import re
import unicodedata
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import quote

import idna

from bot.engine.addresses import Network, embedded, is_inside, is_public, parse
from bot.errors import AddressRefused
from bot.words.catalogue import N_

URL_LIMIT = 2_048
HOST_LIMIT = 253
PORTS = range(1, 65_536)
DEFAULT_PORTS = frozenset({80, 443, 8080, 8443})
SCHEME_PORTS = {"http": 80, "https": 443}
PRIVATE_SUFFIXES = (
    "localhost",
    "localdomain",
    "local",
    "internal",
    "lan",
    "home.arpa",
    "test",
    "invalid",
    "onion",
    "svc",
)

NOT_AN_ADDRESS = N_("That doesn't look like a web address. Example: https://example.com")
PRIVATE = N_("I can't watch private or local addresses.")
USERINFO = N_("Please remove the user name and password from the address.")
SCHEME = N_("I can watch http:// and https:// addresses.")
TOO_LONG = N_("The address is too long: at most {n} characters.")
PORT = N_("I can't watch port {port}. Usual web ports are fine: 80, 443, 8080 and 8443.")
HOST = N_("“{host}” is not a host name I can look up.")

_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<rest>.*)", re.DOTALL
)
# Parsers disagree about backslashes and blanks; control and invisible characters hide things.
_UNREADABLE = re.compile(r"[\\\s\x00-\x20\x7f]")
_KEPT = "!$%&'()*+,-./:;=?@[]_~|^{}`\"<>"
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PORT = re.compile(r"[0-9]{0,5}")


class Netguard:
    """The rules of one installation. ``allow_private`` are the operator's own networks."""

    def __init__(
        self,
        *,
        allow_private: tuple[Network, ...] = (),
        ports: frozenset[int] = frozenset(),
    ) -> None:
        self._allow_private = allow_private
        self._ports = DEFAULT_PORTS | ports

    def check_url(self, url: str) -> str:
        """The URL in its one ASCII form, without fragment. Raises AddressRefused.

        Nothing is guessed: the scheme must be there, and the host must be canonical.
        """
        if len(url) > URL_LIMIT:
            raise AddressRefused(TOO_LONG, n=URL_LIMIT)
        match = _URL.fullmatch(url)
        if match is None:
            raise AddressRefused(NOT_AN_ADDRESS)
        scheme = match["scheme"].lower()
        if scheme not in SCHEME_PORTS:
            raise AddressRefused(SCHEME)
        host, port = self._authority(match["authority"], SCHEME_PORTS[scheme])
        rest = quote(_visible(match["rest"]).partition("#")[0], safe=_KEPT)
        shown_port = "" if port == SCHEME_PORTS[scheme] else f":{port}"
        path = rest if rest.startswith("/") else f"/{rest}"
        return f"{scheme}://{host}{shown_port}{path}"

    def judge_addresses(self, host: str, port: int, addresses: Sequence[str]) -> None:
        """Refuse a host when any of its addresses may not be dialled. Raises AddressRefused.

        Unusual ports and local names are for the operator's own networks alone.
        """
        own_only = port not in self._ports or is_local_name(host)
        for text in addresses:
            address = parse(text)
            if is_inside(address, self._allow_private):
                continue
            if own_only or not is_public(address):
                raise AddressRefused(PRIVATE)

    def _authority(self, authority: str, default_port: int) -> tuple[str, int]:
        if "@" in authority:
            raise AddressRefused(USERINFO)
        if authority.startswith("["):
            literal, bracket, tail = authority[1:].partition("]")
            if not bracket or (tail and not tail.startswith(":")):
                raise AddressRefused(NOT_AN_ADDRESS)
            port = self._port(tail[1:], default_port)
            return self._literal_v6(literal, port), port
        name, _, port_text = authority.partition(":")
        port = self._port(port_text, default_port)
        return self._host(name, port), port

    def _port(self, text: str, default: int) -> int:
        if _PORT.fullmatch(text) is None:
            raise AddressRefused(NOT_AN_ADDRESS)
        port = int(text) if text else default
        if port not in PORTS or (port not in self._ports and not self._allow_private):
            raise AddressRefused(PORT, port=port)
        return port

    def _literal_v6(self, text: str, port: int) -> str:
        try:
            address = IPv6Address(text)
        except ValueError as error:
            raise AddressRefused(NOT_AN_ADDRESS) from error
        if address.scope_id is not None or embedded(address) is not None:
            raise AddressRefused(PRIVATE)
        self.judge_addresses("", port, [str(address)])
        return f"[{address}]"

    def _host(self, name: str, port: int) -> str:
        host = ascii_host(name)
        if _NUMERIC.fullmatch(host.rpartition(".")[2]):
            return self._literal_v4(host, name, port)
        if is_local_name(host) and not self._allow_private:
            raise AddressRefused(PRIVATE)
        return host

    def _literal_v4(self, host: str, typed: str, port: int) -> str:
        """Only the one canonical form: resolvers read 2130706433 and 0x7f.1 as 127.0.0.1."""
        try:
            address = IPv4Address(host)
        except ValueError as error:
            raise AddressRefused(HOST, host=host) from error
        if typed.endswith("."):
            raise AddressRefused(HOST, host=host)
        self.judge_addresses("", port, [str(address)])
        return host


def _visible(rest: str) -> str:
    """Path and query as typed. Raises AddressRefused for what nobody can see or read."""
    if _UNREADABLE.search(rest) or any(unicodedata.category(c)[0] == "C" for c in rest):
        raise AddressRefused(NOT_AN_ADDRESS)
    return rest


def ascii_host(name: str) -> str:
    """The host in lower case and punycode, without the root dot. Raises AddressRefused.

    IDNA 2008 without mapping: what would need mapping (wide digits, long s) is refused.
    """
    host = name.removesuffix(".")
    if host.isascii():
        host = host.lower()
    else:
        try:
            host = idna.encode(host, uts46=False).decode("ascii")
        except (idna.IDNAError, UnicodeError) as error:
            raise AddressRefused(NOT_AN_ADDRESS) from error
    labels = host.split(".")
    if not host or len(host) > HOST_LIMIT or not all(_LABEL.fullmatch(label) for label in labels):
        raise AddressRefused(NOT_AN_ADDRESS)
    if any(label.startswith("xn--") for label in labels) and not _decodes(host):
        raise AddressRefused(NOT_AN_ADDRESS)
    return host


def is_local_name(host: str) -> bool:
    """A name that leads inside: a single label, or a suffix kept for local use."""
    if not host or ":" in host or _NUMERIC.fullmatch(host.rpartition(".")[2]):
        return False
    return "." not in host or host.endswith(tuple(f".{suffix}" for suffix in PRIVATE_SUFFIXES))


def _decodes(host: str) -> bool:
    try:
        idna.decode(host)
    except (idna.IDNAError, UnicodeError):
        return False
    return True
