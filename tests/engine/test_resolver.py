"""From a name to its addresses: kept a while, shared, and never starved."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.clock import Clock, SystemClock
from bot.engine.resolver import LOOK_UP_S, Fault, NameFailed, Resolver
from tests.engine.nameserver import AAAA, A, NameServer, nameserver
from tests.fakes import FakeClock

LOOPBACK = ["127.0.0.1"]


@asynccontextmanager
async def resolving(
    clock: Clock | None = None, *, look_up_s: float = 5.0
) -> AsyncIterator[tuple[Resolver, NameServer]]:
    async with nameserver() as server:
        resolver = Resolver(clock or SystemClock(), [server.where], look_up_s=look_up_s)
        try:
            yield resolver, server
        finally:
            await resolver.close()


async def fault_of(resolver: Resolver, name: str) -> Fault:
    with pytest.raises(NameFailed) as failed:
        await resolver.addresses(name)
    return failed.value.fault


def test_a_name_has_its_addresses_and_keeps_them_a_while() -> None:
    async def scenario() -> None:
        clock = FakeClock()
        async with resolving(clock) as (resolver, server):
            assert await resolver.addresses("site.example.net") == LOOPBACK
            server.silent = True
            clock.jump(29)
            assert await resolver.addresses("site.example.net") == LOOPBACK
            assert server.queries["site.example.net", A] == 1

    asyncio.run(scenario())


def test_a_short_ttl_is_honoured() -> None:
    async def scenario() -> None:
        clock = FakeClock()
        async with resolving(clock) as (resolver, server):
            server.ttl = 0
            await resolver.addresses("site.example.net")
            server.address = bytes([127, 0, 0, 2])
            clock.jump(4)
            assert await resolver.addresses("site.example.net") == LOOPBACK
            clock.jump(2)
            assert await resolver.addresses("site.example.net") == ["127.0.0.2"]

    asyncio.run(scenario())


def test_a_literal_is_its_own_answer() -> None:
    async def scenario() -> None:
        async with resolving() as (resolver, server):
            assert await resolver.addresses("8.8.8.8") == ["8.8.8.8"]
            assert await resolver.addresses("2606:4700::1111", fresh=True) == ["2606:4700::1111"]
            assert not server.queries

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("nx.example.net", Fault.NO_SUCH_NAME),
        ("empty.example.net", Fault.NO_ADDRESS),
        ("fail.example.net", Fault.FAILED),
        ("dead.example.net", Fault.SILENT),
        ("a" * 64 + ".example.net", Fault.NO_SUCH_NAME),
    ],
)
def test_why_a_name_has_no_address_is_reported(name: str, fault: Fault) -> None:
    async def scenario() -> None:
        async with resolving(look_up_s=0.3) as (resolver, _):
            reported = await fault_of(resolver, name)
            assert reported is fault or (len(name) > 70 and reported is Fault.FAILED)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("records", "found"),
    [
        ([], None),
        ([(0, 5, 25566, "play.example.net.")], ("play.example.net", 25566)),
        (
            [(10, 90, 1, "later.example.net"), (5, 1, 2, "Early.example.net")],
            ("early.example.net", 2),
        ),
        (
            [(5, 1, 1, "light.example.net"), (5, 9, 2, "heavy.example.net")],
            ("heavy.example.net", 2),
        ),
        ([(0, 0, 25565, ".")], None),
    ],
)
def test_a_service_leads_to_the_host_its_records_name_first(
    records: list[tuple[int, int, int, str]], found: tuple[str, int] | None
) -> None:
    async def scenario() -> None:
        async with resolving() as (resolver, server):
            server.services["_minecraft._tcp.example.net"] = records
            assert await resolver.service("_minecraft._tcp.example.net") == found

    asyncio.run(scenario())


def test_a_service_nobody_answers_for_costs_a_bounded_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scenario() -> None:
        monkeypatch.setattr("bot.engine.resolver.SERVICE_S", 0.2)
        async with resolving() as (resolver, server):
            server.silent = True
            before = time.monotonic()
            assert await resolver.service("_minecraft._tcp.example.net") is None
            assert time.monotonic() - before < 2.5, "three seconds by default"

    asyncio.run(scenario())


def test_a_name_without_address_is_asked_for_again_after_five_seconds() -> None:
    async def scenario() -> None:
        clock = FakeClock()
        async with resolving(clock) as (resolver, server):
            await fault_of(resolver, "nx.example.net")
            clock.jump(4)
            await fault_of(resolver, "nx.example.net")
            assert server.queries["nx.example.net", A] == 1
            clock.jump(2)
            await fault_of(resolver, "nx.example.net")
            assert server.queries["nx.example.net", A] == 2

    asyncio.run(scenario())


def test_all_who_ask_at_once_share_one_look_up() -> None:
    async def scenario() -> None:
        async with resolving() as (resolver, server):
            asked = [resolver.addresses("slow.example.net") for _ in range(50)]
            assert await asyncio.gather(*asked) == [LOOPBACK] * 50
            assert server.queries["slow.example.net", A] == 1

    asyncio.run(scenario())


def test_one_who_gives_up_takes_nothing_from_the_others() -> None:
    async def scenario() -> None:
        async with resolving() as (resolver, _):
            hasty = asyncio.ensure_future(resolver.addresses("slow.example.net"))
            patient = asyncio.ensure_future(resolver.addresses("slow.example.net"))
            await asyncio.sleep(0.02)
            hasty.cancel()
            assert await patient == LOOPBACK

    asyncio.run(scenario())


def test_dead_names_never_starve_live_ones() -> None:
    async def scenario() -> None:
        async with resolving() as (resolver, _):
            dead = [
                asyncio.ensure_future(resolver.addresses(f"dead{n}.example.net"))
                for n in range(100)
            ]
            await asyncio.sleep(0.1)
            live = [resolver.addresses(f"site{n}.example.net") for n in range(50)]
            assert await asyncio.gather(*live) == [LOOPBACK] * 50
            assert not any(task.done() for task in dead)
            await resolver.close()
            await asyncio.gather(*dead, return_exceptions=True)

    asyncio.run(scenario())


def test_a_name_server_slower_than_usual_is_waited_for() -> None:
    # c-ares learns from fast answers to wait 250 ms only; a name nobody has asked for takes longer.
    async def scenario() -> None:
        async with resolving() as (resolver, server):
            for n in range(20):
                await resolver.addresses(f"fast{n}.example.net")
            server.slow_s = 0.7
            assert await resolver.addresses("slow.example.net") == LOOPBACK

    asyncio.run(scenario())


def test_a_family_without_answer_does_not_hold_up_the_other() -> None:
    async def scenario() -> None:
        async with resolving() as (resolver, server):
            began = time.perf_counter()
            assert await resolver.addresses("half.example.net") == LOOPBACK
            assert server.queries["half.example.net", AAAA] >= 1
            assert time.perf_counter() - began < LOOK_UP_S

    asyncio.run(scenario())


def test_fresh_takes_no_cache_at_its_word() -> None:
    async def scenario() -> None:
        async with resolving(look_up_s=0.3) as (resolver, server):
            await resolver.addresses("site.example.net")
            await resolver.addresses("site.example.net", fresh=True)
            assert server.queries["site.example.net", A] == 2
            server.silent = True
            assert await resolver.addresses("site.example.net") == LOOPBACK
            with pytest.raises(NameFailed):
                await resolver.addresses("site.example.net", fresh=True)

    asyncio.run(scenario())


def test_a_fresh_failure_forgets_no_address_that_still_holds() -> None:
    async def scenario() -> None:
        async with resolving(look_up_s=0.2) as (resolver, server):
            await resolver.addresses("site.example.net")
            server.silent = True
            with pytest.raises(NameFailed):
                await resolver.addresses("site.example.net", fresh=True)
            assert await resolver.addresses("site.example.net") == LOOPBACK

    asyncio.run(scenario())


def test_the_hosts_file_is_honoured() -> None:
    async def scenario() -> None:
        async with resolving() as (resolver, server):
            assert "127.0.0.1" in await resolver.addresses("localhost")
            assert not server.queries

    asyncio.run(scenario())


def test_a_public_name_is_never_looked_for_in_search_domains(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LOCALDOMAIN", "wildcard.example.org")

    async def scenario() -> None:
        async with resolving() as (resolver, server):
            await fault_of(resolver, "nx.example.net")
            assert {name for name, _ in server.queries} == {"nx.example.net"}

    asyncio.run(scenario())


def test_names_only_the_system_knows_are_found_where_they_are_local(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def getaddrinfo(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        asked.append(host)
        if host == "nx-dead.local":
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.168.1.7", 0))]

    async def scenario() -> None:
        monkeypatch.setattr("socket.getaddrinfo", getaddrinfo)
        async with resolving() as (resolver, _):
            assert await resolver.addresses("nx-nas.local") == ["192.168.1.7"]
            assert await fault_of(resolver, "nx-dead.local") is Fault.NO_SUCH_NAME
            assert await fault_of(resolver, "nx.example.net") is Fault.NO_SUCH_NAME
        assert asked == ["nx-nas.local", "nx-dead.local"]

    asyncio.run(scenario())


def test_closing_ends_what_is_under_way() -> None:
    async def scenario() -> None:
        async with resolving() as (resolver, _):
            waiting = asyncio.ensure_future(resolver.addresses("dead.example.net"))
            await asyncio.sleep(0.02)
            await resolver.close()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(scenario())
