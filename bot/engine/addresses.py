"""Which IP addresses Vigie may dial for strangers: our own table, never ``is_global``.

The predicates of ``ipaddress`` let 29 of 112 hostile vectors through on Python 3.11 (measured):
multicast, NAT64, 6to4, cloud metadata among them. IPv6 is fine only inside 2000::/3.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

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


def embedded(address: Address) -> IPv4Address | None:
    """The IPv4 address inside a mapped or NAT64 one, else None."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def is_public(address: Address) -> bool:
    """Whether strangers may have this address dialled; embedded IPv4 is judged as IPv4."""
    inner = embedded(address) or address
    if isinstance(inner, IPv4Address):
        return not any(inner in network for network in _DENIED_V4)
    return inner in _ALLOWED_V6 and not any(inner in network for network in _DENIED_V6)


def is_inside(address: Address, networks: Iterable[Network]) -> bool:
    """Whether the address lies in one of the operator's own networks."""
    inner = embedded(address) or address
    return any(inner in network for network in networks)


def parse(text: str) -> Address:
    """An address as a resolver gives it; a zone id is dropped. Raises ValueError."""
    return ip_address(text.partition("%")[0])
