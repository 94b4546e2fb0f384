"""Guards the network behind Vigie from the URLs that strangers type.

A URL is read once, strictly; every address its host has is judged before one is dialled, again on
every redirect. One bad answer refuses all, so rebinding finds no gap.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import quote

from bot.engine.addresses import (
    Network,
    OwnNetwork,
    ascii_host,
    embedded,
    is_inside,
    is_local_name,
    is_numeric,
    is_public,
    parse,
)
from bot.errors import AddressHidden, AddressRefused, PortRefused, TooManyAddresses
from bot.words.translator import N_

URL_LIMIT = 2_048
MOST_ADDRESSES = 64  # of one name: each is judged at each check
PORTS = range(1, 65_536)
DEFAULT_PORTS = frozenset({80, 443, 8080, 8443})

NOT_AN_ADDRESS = N_("That doesn't look like a web address. Example: https://example.com")
PRIVATE = N_(
    "I can't watch private or local addresses. The bot's operator can allow a"
    " network with VIGIE_ALLOW_PRIVATE."
)
USERINFO = N_("Please remove the user name and password from the address.")
SCHEME = N_("I can watch {schemes} and {last} addresses.")
TOO_LONG = N_("The address is too long: at most {n} characters.")
PORT = N_("I can't watch port {port}. Usual web ports are allowed: 80, 443, 8080 and 8443.")
NEIGHBOUR = N_(
    "That address belongs to the machine or network I run on. The bot's operator can"
    " allow it with VIGIE_ALLOW_PRIVATE."
)
HOST = N_("“{host}” is not a host name I can look up.")
_MAIL = N_("Port {port} is not allowed: silent connections to mail servers look like spam.")
_NAMES = N_("Port {port} is not allowed. To watch a name, use dns://, as in dns://example.com.")
_WORMS = N_("Port {port} is not allowed: worms scan it, so my host would be reported for abuse.")
_ECHO = N_("Port {port} is not allowed: the services there are only used for attacks today.")

# Ports that whoever connects and speaks no protocol does not visit, each with its reason.
REFUSED_PORTS: Mapping[int, str] = {
    7: _ECHO,
    19: _ECHO,
    23: _WORMS,
    25: _MAIL,
    53: _NAMES,
    135: _WORMS,
    139: _WORMS,
    445: _WORMS,
}


@dataclass(frozen=True, slots=True)
class AddressRules:
    """The addresses of one scheme: how they look, and which ports they may visit.

    ``form``: the sentence about an address of another form. ``default_port`` 0: the port has
    to be typed. ``is_web``: a path may follow, and only ports of the web are visited.
    ``refused_ports``: not visited outside the operator's own networks, each with its reason.
    """

    scheme: str
    example: str
    form: str
    default_port: int = 0
    has_port: bool = True
    has_literals: bool = True  # an IP address may stand in place of the name
    is_web: bool = False
    refused_ports: Mapping[int, str] = field(default_factory=lambda: REFUSED_PORTS)


WEB: Mapping[str, AddressRules] = {
    scheme: AddressRules(
        scheme, "https://example.com", NOT_AN_ADDRESS, default_port=port, is_web=True
    )
    for scheme, port in {"http": 80, "https": 443}.items()
}

_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<rest>.*)", re.DOTALL
)
# Parsers disagree about backslashes and blanks; control and invisible characters hide things.
_UNREADABLE = re.compile(r"[\\\s\x00-\x20\x7f]")
_KEPT = "!$%&'()*+,-./:;=?@[]_~|^{}`\"<>"
_JOINERS = "\u200c\u200d"  # of Persian words and of emoji
_TAGS = range(0xE0020, 0xE0080)  # of the flags of regions
_NO_CHARACTERS = range(0xFDD0, 0xFDF0)
_PORT = re.compile(r"[0-9]{0,5}")


class Netguard:
    """The rules of one installation. ``allow_private`` are the operator's own networks."""

    def __init__(
        self,
        *,
        allow_private: tuple[Network, ...] = (),
        ports: frozenset[int] = frozenset(),
        own_network: OwnNetwork | None = None,
    ) -> None:
        self._allow_private = allow_private
        self._own = own_network or OwnNetwork()
        self._ports = DEFAULT_PORTS | ports

    def check_url(self, url: str, known: Mapping[str, AddressRules]) -> str:
        """The URL of a known scheme in its one ASCII form, no fragment. Raises AddressRefused.

        Nothing is guessed: the scheme must be there, and the host must be canonical.
        """
        if len(url) > URL_LIMIT:
            raise AddressRefused(TOO_LONG, n=URL_LIMIT)
        match = _URL.fullmatch(url)
        if match is None:
            raise AddressRefused(NOT_AN_ADDRESS)
        rules = known.get(match["scheme"].lower())
        if rules is None:
            *schemes, last = (f"{scheme}://" for scheme in known)
            raise AddressRefused(SCHEME, schemes=", ".join(schemes), last=last)
        if match["rest"] and not rules.is_web:
            raise AddressRefused(rules.form)
        host = self.check_host(match["authority"], rules)
        checked = f"{rules.scheme}://{host}{_path(match['rest']) if rules.is_web else ''}"
        if len(checked) > URL_LIMIT:
            raise AddressRefused(TOO_LONG, n=URL_LIMIT)
        return checked

    def check_host(self, authority: str, rules: AddressRules) -> str:
        """Host and port in their one form, as of a redirect. Raises AddressRefused."""
        host, port = self._authority(authority, rules)
        return host if port == rules.default_port else f"{host}:{port}"

    def check_addresses(
        self, host: str, port: int, addresses: Sequence[str], rules: AddressRules = WEB["https"]
    ) -> None:
        """Refuse a host when any of its addresses may not be dialled. Raises AddressRefused.

        Unusual ports, local names, own addresses and neighbours are for the operator's own
        networks alone.
        """
        distinct = list(dict.fromkeys(addresses))
        for text in distinct[:MOST_ADDRESSES]:
            if not self.is_visible(host, text):
                is_literal = ":" in host or is_numeric(host)
                raise AddressRefused(PRIVATE) if is_literal else AddressHidden(PRIVATE)
            address = parse(text)
            if is_inside(address, self._allow_private):
                continue
            self._check_port(port, rules)
            if self._own.holds(address):
                raise AddressRefused(NEIGHBOUR)
        if len(distinct) > MOST_ADDRESSES:
            raise TooManyAddresses(f"{host} has more than {MOST_ADDRESSES} addresses")

    def is_visible(self, host: str, text: str) -> bool:
        """True when strangers may learn of this address of a host, whatever the port."""
        try:
            address = parse(text)
        except ValueError:
            return False
        if is_inside(address, self._allow_private):
            return True
        return is_public(address) and not is_local_name(host)

    def _authority(self, authority: str, rules: AddressRules) -> tuple[str, int]:
        if "@" in authority:
            raise AddressRefused(USERINFO)
        if authority.startswith("["):
            literal, bracket, tail = authority[1:].partition("]")
            if not bracket or (tail and not tail.startswith(":")):
                raise AddressRefused(NOT_AN_ADDRESS)
            port = self._port(tail[1:], rules)
            return self._literal_v6(literal, port, rules), port
        name, _, port_text = authority.partition(":")
        port = self._port(port_text, rules)
        return self._host(name, port, rules), port

    def _port(self, text: str, rules: AddressRules) -> int:
        """The port, typed or meant."""
        if _PORT.fullmatch(text) is None:
            raise AddressRefused(NOT_AN_ADDRESS)
        port = int(text or rules.default_port)
        if not rules.has_port:
            if text:
                raise AddressRefused(rules.form)
            return port
        if not rules.is_web and port not in PORTS:
            raise AddressRefused(rules.form)
        if port not in PORTS or not self._allow_private:
            self._check_port(port, rules)
        return port

    def _check_port(self, port: int, rules: AddressRules) -> None:
        if rules.is_web and port not in self._ports:
            raise PortRefused(PORT, port=port)
        if not rules.is_web and port in rules.refused_ports:
            raise AddressRefused(rules.refused_ports[port], port=port)

    def _literal_v6(self, text: str, port: int, rules: AddressRules) -> str:
        if not rules.has_literals:
            raise AddressRefused(rules.form)
        try:
            address = IPv6Address(text)
        except ValueError as error:
            raise AddressRefused(NOT_AN_ADDRESS) from error
        if address.scope_id is not None or embedded(address) is not None:
            raise AddressRefused(PRIVATE)
        self.check_addresses(str(address), port, [str(address)], rules)
        return f"[{address}]"

    def _host(self, name: str, port: int, rules: AddressRules) -> str:
        try:
            host = ascii_host(name)
        except ValueError as error:
            raise AddressRefused(NOT_AN_ADDRESS) from error
        if host in WEB:  # a slip of typing: https://https://example.com
            raise AddressRefused(NOT_AN_ADDRESS)
        if is_numeric(host):
            return self._literal_v4(host, name, port, rules)
        if is_local_name(host) and not self._allow_private:
            raise AddressRefused(PRIVATE)
        return host

    def _literal_v4(self, host: str, typed: str, port: int, rules: AddressRules) -> str:
        """Only the one canonical form: resolvers read 2130706433 and 0x7f.1 as 127.0.0.1."""
        if not rules.has_literals:
            raise AddressRefused(rules.form)
        try:
            address = IPv4Address(host)
        except ValueError as error:
            raise AddressRefused(HOST, host=host) from error
        if typed.endswith("."):
            raise AddressRefused(HOST, host=host)
        self.check_addresses(host, port, [str(address)], rules)
        return host


def _path(rest: str) -> str:
    """Path and query, encoded. Raises AddressRefused for what nobody can see or read."""
    if _UNREADABLE.search(rest) or any(map(_is_hidden, rest)):
        raise AddressRefused(NOT_AN_ADDRESS)
    encoded = quote(rest.partition("#")[0], safe=_KEPT)
    return encoded if encoded.startswith("/") else f"/{encoded}"


def _is_hidden(char: str) -> bool:
    """Controls and what cannot be seen; joiners, flags and newer emoji stand in many a path."""
    match unicodedata.category(char):
        case "Cf":
            return char not in _JOINERS and ord(char) not in _TAGS
        case "Cn":  # perhaps a character of a newer Unicode
            return ord(char) & 0xFFFE == 0xFFFE or ord(char) in _NO_CHARACTERS  # noqa: PLR2004
        case "Co":
            return False
        case category:
            return category[0] == "C"
