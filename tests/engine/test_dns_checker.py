"""Monitors of names: what a name server says, and no address of the inside."""

import asyncio
import ipaddress
import time

import pytest

from bot.clock import SystemClock
from bot.engine import connector
from bot.engine.kinds.dns import DnsChecker
from bot.engine.netguard import Netguard
from bot.engine.resolver import Resolver
from bot.models import HIDDEN, Cause, CheckResult, Reason, Target
from tests.engine.nameserver import NameServer, nameserver
from tests.engine.sites import LOOPBACK, Names

NO_ANSWER = Cause(Reason.DNS)
REFUSED = Cause(Reason.ADDRESS_REFUSED)
HIDDEN_NAME = Cause(Reason.ADDRESS_REFUSED, HIDDEN)


async def look_up(
    server: NameServer, *names: str, guard: Netguard | None = None, look_up_s: float = 2.0
) -> list[CheckResult]:
    """One try after the other, all by the same resolver."""
    clock = SystemClock()
    resolver = Resolver(clock, [server.where], look_up_s=look_up_s)
    checker = DnsChecker(guard or Netguard(allow_private=LOOPBACK), resolver, clock=clock)
    try:
        return [await checker.check(Target(f"dns://{name}")) for name in names]
    finally:
        await resolver.close()


def test_a_name_that_a_real_name_server_answers_is_up() -> None:
    async def scenario() -> None:
        async with nameserver() as server:
            [result] = await look_up(server, "good.example.com")
        assert result.ok
        assert result.address == "127.0.0.1"
        assert result.phases.dns is not None
        assert result.phases.connect is None
        assert result.phases.total >= result.phases.dns

    asyncio.run(scenario())


def test_every_try_asks_the_name_server_anew() -> None:
    async def scenario() -> None:
        async with nameserver() as server:
            await look_up(server, *["good.example.com"] * 3)
            assert server.queries["good.example.com", 1] == 3

    asyncio.run(scenario())


@pytest.mark.parametrize("name", ["nx.example.com", "fail.example.com", "empty.example.com"])
def test_a_name_without_an_address_has_no_dns_answer(name: str) -> None:
    async def scenario() -> None:
        async with nameserver() as server:
            [result] = await look_up(server, name)
        assert (result.cause, result.address) == (NO_ANSWER, None)

    asyncio.run(scenario())


def test_a_silent_name_server_gives_no_answer_in_time() -> None:
    async def scenario() -> None:
        async with nameserver() as server:
            server.silent = True
            began = time.perf_counter()
            [result] = await look_up(server, "good.example.com", look_up_s=0.2)
        assert result.cause == NO_ANSWER
        assert time.perf_counter() - began < 5, "six seconds by default"

    asyncio.run(scenario())


def test_a_name_whose_every_address_leads_inside_is_refused() -> None:
    async def scenario() -> None:
        async with nameserver() as server:
            for octets in ([10, 0, 0, 1], [127, 0, 0, 1], [169, 254, 169, 254]):
                server.address = bytes(octets)
                [result] = await look_up(server, "good.example.com", guard=Netguard())
                assert (result.cause, result.address) == (HIDDEN_NAME, None)
            server.address = bytes([8, 8, 8, 8])
            [result] = await look_up(server, "good.example.com", guard=Netguard())
            assert result.ok

    asyncio.run(scenario())


def test_one_address_that_may_be_shown_is_enough_and_none_is_dialled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(connector, "dial")

    async def scenario() -> None:
        names = Names({"example.com": ["10.0.0.1", "fe80::1%2", "8.8.8.8"], "example.org": ["::1"]})
        checker = DnsChecker(Netguard(), names, clock=SystemClock())
        result = await checker.check(Target("dns://example.com"))
        assert (result.cause, result.address) == (None, "8.8.8.8")
        assert names.fresh == 1
        assert (await checker.check(Target("dns://example.org"))).cause == HIDDEN_NAME

    asyncio.run(scenario())


def test_a_local_name_counts_only_where_it_leads_home() -> None:
    async def scenario() -> None:
        home = Netguard(allow_private=(ipaddress.ip_network("192.168.0.0/16"),))
        names = Names({"nas.lan": ["192.168.1.5"], "out.lan": ["8.8.8.8"]})
        checker = DnsChecker(home, names, clock=SystemClock())
        assert (await checker.check(Target("dns://nas.lan"))).address == "192.168.1.5"
        assert (await checker.check(Target("dns://out.lan"))).cause == HIDDEN_NAME

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "url", ["dns://example.com:53", "dns://8.8.8.8", "dns://nas.lan", "https://example.com/"]
)
def test_what_is_no_name_is_never_asked_for(url: str) -> None:
    async def scenario() -> None:
        names = Names(default=["8.8.8.8"])
        checker = DnsChecker(Netguard(), names, clock=SystemClock())
        assert (await checker.check(Target(url))).cause == REFUSED
        assert names.asked == []

    asyncio.run(scenario())
