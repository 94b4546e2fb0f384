"""Monitors of hosts: real echoes, to this machine and inside a network of their own."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bot.clock import SystemClock
from bot.engine.kinds import ADDRESS_RULES
from bot.engine.kinds.ping import PingChecker, _checksum, _Echo
from bot.engine.netguard import Netguard
from bot.errors import AddressRefused
from bot.models import HIDDEN, Cause, CheckResult, Reason, Target
from tests.engine.sites import LOOPBACK, Names

ROOT = Path(__file__).parents[2]
UNSHARE, IP, SETPRIV = (shutil.which(one) for one in ("unshare", "ip", "setpriv"))
needs_a_network = pytest.mark.skipif(
    not (UNSHARE and IP and SETPRIV) or os.geteuid() != 0, reason="needs root and namespaces"
)
needs_raw = pytest.mark.skipif(os.geteuid() != 0, reason="needs root for raw sockets")

# Echoes to 10.9.0.0/24 go to a neighbour that is not there, all others have no way.
INSIDE = """
ip link set lo up
echo "$RANGE" > /proc/sys/net/ipv4/ping_group_range
ip link add away type veth peer name nobody && ip addr add 10.9.0.1/24 dev away
ip link set away up && ip link set nobody up
exec setpriv $RIGHTS "$PYTHON" "$@"
"""
NO_RIGHTS = "--bounding-set=-all --inh-caps=-all"
EVERYBODY, NOBODY = "0 2147483647", "1 0"
SHORT = """
import asyncio, ipaddress, sys
from bot.clock import SystemClock
from bot.engine.kinds.ping import PingChecker
from bot.engine.netguard import Netguard
from bot.models import Target
from tests.engine.sites import Names

inside = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("127.0.0.0/8"))
names = Names({"two.lan": ["10.9.0.77", "127.0.0.1"]})
checker = PingChecker(Netguard(allow_private=inside), names, clock=SystemClock(), deadline_s=0.6)
for url in sys.argv[1:]:
    result = asyncio.run(checker.check(Target(url)))
    print(result.cause, result.address)
"""


def inside(*arguments: str, allowed: str, rights: str = "") -> subprocess.CompletedProcess[str]:
    """Run Python in a network of its own, where ``allowed`` is who may ping."""
    return subprocess.run(
        [UNSHARE or "", "--net", "sh", "-euc", INSIDE, "sh", *arguments],
        cwd=ROOT / "tests",
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHON": sys.executable,
            "RANGE": allowed,
            "RIGHTS": rights,
            "VIGIE_ALLOW_PRIVATE": "127.0.0.0/8,::1/128",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def check(url: str, *, allowed: str, rights: str = "") -> tuple[int, dict[str, Any]]:
    ended = inside("-m", "bot", "check", url, "--json", allowed=allowed, rights=rights)
    assert ended.stdout, ended.stderr
    return ended.returncode, json.loads(ended.stdout)


async def checked(url: str, names: Names | None = None) -> CheckResult:
    made = PingChecker(
        Netguard(allow_private=LOOPBACK), names or Names(), clock=SystemClock(), deadline_s=3.0
    )
    return await made.check(Target(url))


@needs_raw
@pytest.mark.parametrize("url", ["ping://127.0.0.1", "ping://[::1]", "ping://127.8.9.10"])
def test_this_machine_answers_itself(url: str) -> None:
    result = asyncio.run(checked(url))
    assert result.cause is None
    assert result.address == url.removeprefix("ping://").strip("[]")
    assert result.phases.first_byte is not None
    assert result.phases.connect is None


@needs_raw
def test_of_several_addresses_one_that_answers_is_enough() -> None:
    names = Names({"host.lan": ["::1", "127.0.0.1"]})
    assert asyncio.run(checked("ping://host.lan", names)).ok


@needs_a_network
def test_who_may_not_ping_knows_it_before_any_check() -> None:
    asked = ("-c", "from bot.engine.kinds.ping import may_ping; print(may_ping())")
    for allowed, rights, expected in (
        (EVERYBODY, NO_RIGHTS, "True"),
        (NOBODY, "", "True"),
        (NOBODY, NO_RIGHTS, "False"),
    ):
        assert inside(*asked, allowed=allowed, rights=rights).stdout.strip() == expected


@needs_a_network
@pytest.mark.process
@pytest.mark.parametrize(
    ("allowed", "rights"), [(EVERYBODY, NO_RIGHTS), (NOBODY, "")], ids=["datagram", "raw"]
)
@pytest.mark.parametrize("url", ["ping://127.0.0.1", "ping://[::1]"])
def test_either_kind_of_socket_is_enough(url: str, allowed: str, rights: str) -> None:
    code, found = check(url, allowed=allowed, rights=rights)
    assert (code, found["verdict"], found["cause"]) == (0, "up", None)


@needs_a_network
@pytest.mark.process
@pytest.mark.parametrize("url", ["ping://127.0.0.1", "ping://[::1]"])
def test_without_either_one_sentence_names_the_setting(url: str) -> None:
    code, found = check(url, allowed=NOBODY, rights=NO_RIGHTS)
    assert (code, found["verdict"], found["reason"]) == (2, "unknown", "may_not_ping")
    assert "net.ipv4.ping_group_range" in found["cause"]
    assert found["cause"].count(".") == 3  # two in the name of the setting
    said = inside("-m", "bot", "check", url, allowed=NOBODY, rights=NO_RIGHTS)
    assert said.returncode == 2
    assert found["cause"] in said.stdout


@needs_a_network
@pytest.mark.process
def test_an_address_that_does_not_answer_is_down_and_another_one_helps() -> None:
    urls = ("ping://10.9.0.77", "ping://10.200.0.1", "ping://two.lan")
    for allowed, rights in ((EVERYBODY, NO_RIGHTS), (NOBODY, "")):
        ended = inside("-c", SHORT, *urls, allowed=allowed, rights=rights)
        assert ended.stdout.splitlines() == [
            "timeout:1 None",
            "unreachable None",
            "None 127.0.0.1",
        ], ended.stderr


def test_a_name_without_an_address_and_one_that_leads_inside_have_their_causes() -> None:
    async def scenario() -> None:
        assert (await checked("ping://example.com")).cause == Cause(Reason.DNS)
        within = Names({"example.com": ["8.8.8.8", "10.0.0.1"]})
        assert (await checked("ping://example.com", within)).cause == Cause(
            Reason.ADDRESS_REFUSED, HIDDEN
        )

    asyncio.run(scenario())


def test_an_address_has_a_host_and_nothing_else() -> None:
    guard = Netguard()
    assert guard.check_url("PING://Example.com.", ADDRESS_RULES) == "ping://example.com"
    assert guard.check_url("ping://8.8.8.8", ADDRESS_RULES) == "ping://8.8.8.8"
    for url in ("ping://example.com:80", "ping://example.com/", "ping://10.0.0.1", "ping://nas"):
        with pytest.raises(AddressRefused):
            guard.check_url(url, ADDRESS_RULES)


def test_only_its_own_echo_is_an_answer() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        echo = _Echo(sock)
    request = echo.request
    assert _checksum(request) == 0
    reply = b"\x00" + request[1:]
    assert echo.take(reply) is True
    assert echo.take(request) is None
    assert echo.take(reply[:-1] + b"?") is None
    assert echo.take(b"") is None
    assert echo.take(b"\x00") is None
