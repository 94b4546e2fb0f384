"""Host names and IP addresses: one form each, and which of them may be dialled for strangers."""

import array
import re
import socket
import struct
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from importlib import import_module
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase

import idna

from bot.engine.process import SHORTAGE

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Our own table, never ``is_global``: the predicates of ``ipaddress`` let 29 of 112 hostile vectors
# through on Python 3.11 (measured): multicast, NAT64, 6to4, cloud metadata among them.
_DENIED_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT; cloud metadata of Alibaba
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's host agent
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_ALLOWED_V6 = IPv6Network("2000::/3")
_DENIED_V6 = tuple(
    IPv6Network(text)
    for text in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)
_NAT64 = IPv6Network("64:ff9b::/96")
KEPT_ADDRESSES = 8_192  # sites keep theirs, and reading one is a tenth of a check's cost


def embedded(address: Address) -> IPv4Address | None:
    """The IPv4 address inside a mapped or NAT64 one, else None."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return None


@lru_cache(KEPT_ADDRESSES)
def is_public(address: Address) -> bool:
    """True when strangers may have it dialled; embedded IPv4 is judged as IPv4."""
    inner = embedded(address) or address
    if isinstance(inner, IPv4Address):
        return not any(inner in network for network in _DENIED_V4)
    return inner in _ALLOWED_V6 and not any(inner in network for network in _DENIED_V6)


def is_inside(address: Address, networks: Iterable[Network]) -> bool:
    """True when the address lies in one of the operator's own networks."""
    inner = embedded(address) or address
    return any(inner in network for network in networks)


@lru_cache(KEPT_ADDRESSES)
def parse(text: str) -> Address:
    """An address as a resolver gives it; a zone id is dropped. Raises ValueError."""
    return ip_address(text.partition("%")[0])


REFRESH_S = 60.0  # addresses come and go while Vigie runs
KEPT_VERDICTS = 20_000
LINK_PREFIX = 64
# A prefix as wide as that is a tunnel's or a mistake, not a network of neighbours.
WIDEST_V4, WIDEST_V6 = 8, 32
# Linux. Both ways work without privileges and where netlink is shut off, as in our systemd unit.
_ADDRESSES_V6 = Path("/proc/self/net/if_inet6")
_SIOCGIFCONF, _SIOCGIFNETMASK = 0x8912, 0x891B  # linux/sockios.h
_IFREQ = 16 + struct.calcsize("LLHBBB0L")  # linux/if.h: a name, and the largest of its union
_IN_ADDR = slice(20, 24)
_INTERFACES = 1_000
_ANY_PORT = 9  # connecting a datagram socket sends nothing

Links = Callable[[], Iterator[Network]]


class OwnNetwork:
    """Recognises own and neighbouring addresses; what it found holds for a minute."""

    def __init__(
        self, now: Callable[[], float] = time.monotonic, links: Links | None = None
    ) -> None:
        self._now = now
        self._read_links = links or interface_networks
        self._links: tuple[Network, ...] = ()
        self._verdicts: dict[Address, bool] = {}
        self._until = float("-inf")

    def holds(self, address: Address) -> bool:
        """True when this machine has the address, or reaches it without a router.

        Raises OSError when this machine is short of descriptors, and so cannot know.
        """
        if self._now() >= self._until or len(self._verdicts) >= KEPT_VERDICTS:
            self._links = tuple(self._read_links())
            self._verdicts = {}
            self._until = self._now() + REFRESH_S
        dialled = embedded(address) or address
        if dialled not in self._verdicts:
            on_link = any(dialled in link for link in self._links)
            self._verdicts[dialled] = on_link or _is_beside_source(dialled)
        return self._verdicts[dialled]


def source_of(dialled: Address) -> Address | None:
    """The source address that the kernel chooses for the way there; None: there is no way.

    Raises OSError when this machine is short of descriptors, and so cannot know.
    """
    family = socket.AF_INET if isinstance(dialled, IPv4Address) else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.connect((str(dialled), _ANY_PORT))
            return parse(sock.getsockname()[0])
    except OSError as error:
        if error.errno in SHORTAGE:
            raise
        return None


def _is_beside_source(dialled: Address) -> bool:
    source = source_of(dialled)
    if source is None:
        return False
    if isinstance(dialled, IPv6Address):
        return dialled in IPv6Network((int(source), LINK_PREFIX), strict=False)
    return dialled == source


def interface_networks() -> Iterator[Network]:
    """The networks of all interfaces; none where the system does not list them like this.

    Raises OSError when this machine is short of descriptors.
    """
    for read in (_networks_v6, _networks_v4):
        try:
            yield from read()
        except OSError as error:
            if error.errno in SHORTAGE:
                raise
        except (ValueError, ImportError):
            continue


def _networks_v6() -> Iterator[IPv6Network]:
    return networks_v6(_ADDRESSES_V6.read_text("ascii"))


def networks_v6(table: str) -> Iterator[IPv6Network]:
    """Of ``/proc/net/if_inet6``: address, number of the interface, prefix length; in hex."""
    for row in map(str.split, table.splitlines()):
        prefix = int(row[2], 16)
        prefix = prefix if WIDEST_V6 <= prefix <= LINK_PREFIX else LINK_PREFIX
        yield IPv6Network((int(row[0], 16), prefix), strict=False)


def _networks_v4() -> Iterator[IPv4Network]:
    """All addresses of all interfaces, second ones included (netdevice(7))."""
    ioctl = import_module("fcntl").ioctl
    room = array.array("B", bytes(_IFREQ * _INTERFACES))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        asked = struct.pack("iP", len(room), room.buffer_info()[0])
        filled = struct.unpack("iP", ioctl(sock, _SIOCGIFCONF, asked))[0]
        for start in range(0, filled, _IFREQ):
            entry = bytes(room[start : start + _IFREQ])
            mask = int.from_bytes(ioctl(sock, _SIOCGIFNETMASK, entry)[_IN_ADDR], "big")
            if mask.bit_count() >= WIDEST_V4:
                address = IPv4Address(entry[_IN_ADDR])
                yield IPv4Network((address, mask.bit_count()), strict=False)


HOST_LIMIT, LABEL_LIMIT = 253, 63
# Kept for local use by RFC 6761, 6762 (appendix G), 7686 and 8375, by ICANN and by Kubernetes.
LOCAL_SUFFIXES = (
    "corp",
    "home",
    "home.arpa",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "onion",
    "private",
    "svc",
    "test",
)
_LOCAL_ENDINGS = tuple(f".{suffix}" for suffix in LOCAL_SUFFIXES)

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")
_ACE = "xn--"
_EMOJI_STYLE = "\ufe0f"  # asks for colour, stands in no name
_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


def ascii_host(name: str) -> str:
    """The host in lower case and punycode, without the root dot. Raises ValueError.

    Capitals and accents are mapped as UTS 46 does, symbols are taken as browsers take them. What
    would become other letters (wide digits and dots, long s, ligatures) is no host.
    """
    host = ".".join(_ascii_label(label) for label in name.removesuffix(".").split("."))
    if len(host) > HOST_LIMIT:
        raise ValueError("a name of more than 253 characters")
    if host.startswith(_ACE) and "_" in host:
        raise ValueError("an international label beside an underscore: readers disagree about it")
    return host


def _ascii_label(typed: str) -> str:
    """Label by label, since IDNA's own splitting takes wide dots for dots."""
    label = typed.translate(_LOWER)
    if not label.isascii():
        return _punycode(_mapped(label))
    if _LABEL.fullmatch(label) is None:
        raise ValueError("not a label of a host name")
    if label.startswith(_ACE):
        readable = label.removeprefix(_ACE).encode().decode("punycode")
        if _mapped(readable) != readable or _punycode(readable) != label:
            raise ValueError("not the one punycode of anything")
    return label


def _mapped(label: str) -> str:
    """In small letters and composed, where that is all the mapping of UTS 46 does."""
    if len(label) > LABEL_LIMIT:
        raise ValueError("a label of more than 63 characters")
    label = label.replace(_EMOJI_STYLE, "")
    mapped = idna.uts46_remap(label, std3_rules=False)
    small = "".join(char if char.isascii() else _small(char) for char in label)
    if mapped not in {unicodedata.normalize("NFC", one) for one in (label, small)}:
        raise ValueError("a label that stands for other letters")
    return mapped


def _small(char: str) -> str:
    """The sign of Kelvin is no k: only what stays outside of ASCII is a mere capital."""
    small = char.lower()
    return char if any(c.isascii() for c in small) else small


def _punycode(label: str) -> str:
    """Raises ValueError for what is no label by IDNA 2008, symbols such as emoji set aside."""
    if label.isascii():
        raise ValueError("punycode of plain letters")
    # Newer symbols than this Python knows are unassigned to it; the mapping has judged them.
    plain = "".join("a" if not c.isascii() and _is_symbol(c) else c for c in label)
    idna.check_label(plain)
    encoded = _ACE + label.encode("punycode").decode("ascii")
    if len(encoded) > LABEL_LIMIT:
        raise ValueError("a label of more than 63 characters")
    return encoded


def _is_symbol(char: str) -> bool:
    return unicodedata.category(char)[0] == "S" or unicodedata.category(char) == "Cn"


def is_numeric(host: str) -> bool:
    """True when resolvers would read it as an IPv4 address in some notation: 2130706433, 0x7f.1."""
    return _NUMERIC.fullmatch(host.rpartition(".")[2]) is not None


def is_local_name(host: str) -> bool:
    """A name that leads inside: a single label, or a suffix kept for local use."""
    if ":" in host or is_numeric(host):
        return False
    return "." not in host or f".{host}".endswith(_LOCAL_ENDINGS)
