"""This machine's own addresses and its neighbours are private, whatever they look like."""

import ipaddress
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.engine.addresses import REFRESH_S, OwnNetwork, networks_v6, parse
from bot.engine.kinds import ADDRESS_RULES, KINDS
from bot.engine.netguard import MOST_ADDRESSES, Netguard
from bot.errors import AddressHidden, AddressRefused, TooManyAddresses

ROOT = Path(__file__).parents[2]
ADDRESSES = """2a0104f8000100020000000000000010 02 40 00 80 eth0
2a0104f8000200030000000000000010 03 80 00 80 eth1
2a0104f900000000000000000000abcd 02 30 00 80 eth0
"""
LAN = ipaddress.ip_network("45.10.0.0/24")


def test_neighbours_are_those_reached_without_a_router() -> None:
    own = OwnNetwork(links=lambda: iter([LAN, *networks_v6(ADDRESSES)]))
    for inside in ("45.10.0.1", "45.10.0.99", "::ffff:45.10.0.99", "2a01:4f8:1:2::99"):
        assert own.holds(parse(inside)), inside
    assert own.holds(parse("2a01:4f8:2:3:ffff::1"))  # an address of DHCP's has no prefix
    assert own.holds(parse("2a01:4f9:0:ffff::1"))  # a link may be wider
    for outside in ("45.10.1.1", "45.10.2.1", "1.1.1.1", "2a01:4f8:1:3::1", "2606:2800::1"):
        assert not own.holds(parse(outside)), outside


def test_without_knowing_the_links_the_source_address_says() -> None:
    own = OwnNetwork(links=lambda: iter(()))
    for address in ("127.0.0.1", "::ffff:127.0.0.1", "::1"):
        assert own.holds(parse(address))
    for address in ("8.8.8.8", "223.255.255.254", "255.255.255.255", "2606:2800::1"):
        assert not own.holds(parse(address))


def test_addresses_that_come_later_are_seen_within_a_minute() -> None:
    now, links = [0.0], list[ipaddress.IPv4Network | ipaddress.IPv6Network]()
    own = OwnNetwork(lambda: now[0], links=lambda: iter(links))
    assert not own.holds(parse("45.10.0.99"))
    links.append(LAN)
    assert not own.holds(parse("45.10.0.99"))
    now[0] = REFRESH_S
    assert own.holds(parse("45.10.0.99"))


@pytest.mark.process
def test_without_a_descriptor_nothing_is_taken_for_public() -> None:
    code = """if True:
        import os, resource
        from bot.engine.addresses import parse
        from bot.engine.addresses import OwnNetwork
        own = OwnNetwork()
        resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))
        kept = []
        try:
            while True: kept.append(os.open(os.devnull, 0))
        except OSError: pass
        for _ in range(2):
            try: print(own.holds(parse("127.0.0.1")))
            except OSError as error: print(error.strerror)
        os.close(kept.pop()); os.close(kept.pop())
        print(own.holds(parse("127.0.0.1")))
    """
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert ended.stdout.splitlines() == ["Too many open files"] * 2 + ["True"], ended.stderr


class Neighbourhood(OwnNetwork):
    def holds(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
        self.asked = [*getattr(self, "asked", []), str(address)]
        return str(address) in {"8.8.8.8", "2606:2800::1"}


def test_they_are_refused_on_every_port_unless_allowed_by_name() -> None:
    guard = Netguard(own_network=Neighbourhood())
    for scheme, port in (("http", 80), ("https", 443), ("http", 8080), ("tcp", 22)):
        guard.check_addresses("example.com", port, ["8.8.4.4"], KINDS[scheme].rules)
        with pytest.raises(AddressRefused, match="VIGIE_ALLOW_PRIVATE"):
            guard.check_addresses("example.com", port, ["8.8.4.4", "8.8.8.8"], KINDS[scheme].rules)
    for url in ("http://8.8.8.8/", "tcp://[2606:2800::1]:22"):
        with pytest.raises(AddressRefused, match="VIGIE_ALLOW_PRIVATE"):
            guard.check_url(url, ADDRESS_RULES)
    named = (ipaddress.ip_network("8.8.8.8/32"), ipaddress.ip_network("2606:2800::/64"))
    allowing = Netguard(own_network=Neighbourhood(), allow_private=named)
    allowing.check_addresses("example.com", 9000, ["8.8.8.8", "2606:2800::1"])
    assert allowing.check_url("http://8.8.8.8:9000/", ADDRESS_RULES)


def test_each_address_of_an_answer_is_judged_once_and_at_most_64_are() -> None:
    own = Neighbourhood()
    guard = Netguard(own_network=own)
    guard.check_addresses("example.com", 443, ["9.9.9.9"] * 500)
    assert own.asked == ["9.9.9.9"]
    many = [f"9.9.{n // 250}.{n % 250 + 1}" for n in range(4_000)]
    guard.check_addresses("example.com", 443, many[:MOST_ADDRESSES])
    with pytest.raises(TooManyAddresses, match="more than 64 addresses"):
        guard.check_addresses("example.com", 443, many)
    assert len(own.asked) == 1 + 2 * MOST_ADDRESSES


def test_a_name_that_leads_inside_is_reported_apart_from_an_address_that_does() -> None:
    guard = Netguard()
    with pytest.raises(AddressHidden):
        guard.check_addresses("wiki.example.com", 443, ["10.0.0.1"])
    with pytest.raises(AddressRefused) as typed:
        guard.check_url("http://10.0.0.1/", ADDRESS_RULES)
    assert not isinstance(typed.value, AddressHidden)


INSIDE = """
ip link set lo up && ip link add veth0 type veth peer name veth1 && ip link set veth0 up &&
ip link set veth1 up && ip addr add 45.10.0.10/24 dev veth0 && ip addr add 45.11.0.1/24 dev veth0 &&
ip addr add 45.12.0.1/24 dev lo && ip -6 addr add 2a01:4f8:1:2::10/64 dev veth0 nodad &&
for url in "$@"; do
"$PYTHON" -m bot check "$url" >/dev/null 2>&1; echo "$? $url"; done
"""


def checked_inside(*urls: str, **settings: str) -> list[str]:
    """The exit status of ``vigie check`` for each address, in a network of its own."""
    unshare, ip = shutil.which("unshare"), shutil.which("ip")
    if unshare is None or ip is None or os.geteuid() != 0:
        pytest.skip("needs root, unshare and ip")
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHON": sys.executable}
    ended = subprocess.run(
        [unshare, "--net", "sh", "-c", INSIDE, "sh", *urls],
        env=environment | settings,
        cwd=ROOT / "tests",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if not ended.stdout:
        pytest.skip(f"no network of its own here: {ended.stderr[-200:]}")
    return ended.stdout.splitlines()


@pytest.mark.process
def test_in_a_real_network_own_and_neighbouring_addresses_are_refused() -> None:
    private = [
        "http://45.10.0.10/",
        "tcp://45.10.0.10:22",
        "http://45.10.0.77:8080/",
        "http://45.11.0.77/",
        "http://45.12.0.77/",
        "tcp://[2a01:4f8:1:2::99]:22",
        "http://[2a01:4f8:1:2::10]/",
    ]
    assert checked_inside(*private) == [f"2 {url}" for url in private]
    reached = checked_inside("tcp://45.10.0.10:9", VIGIE_ALLOW_PRIVATE="45.10.0.0/24")
    assert reached == ["1 tcp://45.10.0.10:9"]
