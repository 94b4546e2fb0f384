"""Which addresses are public: every shut network, in every disguise, and its neighbours."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine.addresses import embedded, is_inside, is_public, parse

# Written out again on purpose: the first and last address of each network that must stay shut.
SHUT_V4 = [
    ("0.0.0.0", "0.255.255.255"),  # noqa: S104 - judged, never bound
    ("10.0.0.0", "10.255.255.255"),
    ("100.64.0.0", "100.127.255.255"),
    ("127.0.0.0", "127.255.255.255"),
    ("168.63.129.16", "168.63.129.16"),
    ("169.254.0.0", "169.254.255.255"),
    ("172.16.0.0", "172.31.255.255"),
    ("192.0.0.0", "192.0.0.255"),
    ("192.0.2.0", "192.0.2.255"),
    ("192.31.196.0", "192.31.196.255"),
    ("192.52.193.0", "192.52.193.255"),
    ("192.88.99.0", "192.88.99.255"),
    ("192.168.0.0", "192.168.255.255"),
    ("192.175.48.0", "192.175.48.255"),
    ("198.18.0.0", "198.19.255.255"),
    ("198.51.100.0", "198.51.100.255"),
    ("203.0.113.0", "203.0.113.255"),
    ("224.0.0.0", "255.255.255.255"),
]
NEIGHBOURS_V4 = """1.0.0.0 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255
    128.0.0.0 168.63.129.15 168.63.129.17 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0
    192.0.1.0 192.0.1.255 192.0.3.0 192.31.195.255 192.31.197.0 192.52.192.255 192.52.194.0
    192.88.98.255 192.88.100.0 192.167.255.255 192.169.0.0 192.175.47.255 192.175.49.0
    198.17.255.255 198.20.0.0 198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0
    223.255.255.255 8.8.8.8 93.184.216.34""".split()  # noqa: SIM905 - a table reads better
SHUT_V6 = """:: ::1 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:0:127.0.0.1 ::ffff:0:8.8.8.8
    64:ff9b::7f00:1 64:ff9b::a00:1 64:ff9b:1::1 64:ff9b:1::808:808 100::1 100:0:0:1::1
    1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 2001:: 2001::1 2001:2::1 2001:20::1
    2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff 2001:db8:: 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff
    2002:: 2002:7f00:1::1 2002:808:808::1 2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff 2620:4f:8000::1
    2620:4f:8000:ffff:ffff:ffff:ffff:ffff 3fff:: 3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff 4000::
    5f00::1 fc00::1 fd00:ec2::254 fe80::1 fec0::1 ff02::1""".split()  # noqa: SIM905 - a table reads better
NEIGHBOURS_V6 = """2000:: 2001:200:: 2001:db7:ffff:ffff:ffff:ffff:ffff:ffff 2001:db9::
    2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff 2003:: 2620:4f:7fff:ffff:ffff:ffff:ffff:ffff
    2620:4f:8001:: 3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff 3fff:1000::
    3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 2606:4700::1111 64:ff9b::808:808
    ::ffff:8.8.8.8""".split()  # noqa: SIM905 - a table reads better

shut_v4 = st.sampled_from(SHUT_V4).flatmap(
    lambda ends: st.integers(*(int(ipaddress.IPv4Address(end)) for end in ends))
)


@pytest.mark.parametrize("text", [end for ends in SHUT_V4 for end in ends] + SHUT_V6)
def test_every_edge_of_a_shut_network_is_shut(text: str) -> None:
    assert not is_public(parse(text))


@pytest.mark.parametrize("text", NEIGHBOURS_V4 + NEIGHBOURS_V6)
def test_its_neighbours_are_open(text: str) -> None:
    assert is_public(parse(text))


@given(shut_v4)
def test_a_shut_ipv4_address_is_shut_in_every_disguise(number: int) -> None:
    plain = ipaddress.IPv4Address(number)
    assert not is_public(plain)
    for prefix in ("::ffff:0:0", "64:ff9b::", "::", "2002::", "::ffff:0:0:0"):
        shift = 80 if prefix == "2002::" else 0
        assert not is_public(
            ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) | number << shift)
        )


@given(st.integers(0, 2**32 - 1))
def test_an_embedded_address_is_judged_as_what_it_is(number: int) -> None:
    plain = ipaddress.IPv4Address(number)
    for prefix in ("::ffff:0:0", "64:ff9b::"):
        disguised = ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) | number)
        assert embedded(disguised) == plain
        assert is_public(disguised) == is_public(plain)


@given(st.integers(0, 2**128 - 1))
def test_nothing_outside_global_unicast_is_open(number: int) -> None:
    address = ipaddress.IPv6Address(number)
    if number >> 125 != 1 and embedded(address) is None:
        assert not is_public(address)


def test_the_own_networks_hold_what_is_embedded_too() -> None:
    home = (ipaddress.ip_network("10.1.0.0/16"), ipaddress.ip_network("fd00::/8"))
    assert is_inside(parse("10.1.2.3"), home)
    assert is_inside(parse("::ffff:10.1.2.3"), home)
    assert is_inside(parse("fd00::1%eth0"), home)
    assert not is_inside(parse("10.2.0.1"), home)
    assert not is_inside(parse("::1"), home)
