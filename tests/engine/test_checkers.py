"""The scheme of an address says how it is tried."""

import asyncio

import pytest

from bot.clock import SystemClock
from bot.engine.kinds import Checkers, endpoint_of
from bot.engine.netguard import Netguard
from bot.models import Cause, CheckResult, Reason, Target
from tests.engine.sites import LOOPBACK, Names, free_port, serve, trusting_context


async def checked(url: str) -> CheckResult:
    probes = Checkers(
        Netguard(allow_private=LOOPBACK),
        Names({"site.lan": ["127.0.0.1"]}),
        clock=SystemClock(),
        context=trusting_context(),
    )
    return await probes.check(Target(url))


def test_the_scheme_says_how_an_address_is_tried() -> None:
    async def scenario() -> None:
        async with serve() as site:
            web = await checked(f"http://site.lan:{site.port}/")
            port = await checked(f"tcp://site.lan:{site.port}")
            name = await checked("dns://site.lan")
        assert [one.ok for one in (web, port, name)] == [True] * 3
        assert [one.status for one in (web, port, name)] == [200, None, None]
        assert port.phases.connect is not None
        assert name.phases.connect is None

    asyncio.run(scenario())


def test_a_scheme_that_nobody_knows_is_refused() -> None:
    async def scenario() -> None:
        for url in ("gopher://site.lan:70/", "udp://site.lan:53", "site.lan", ""):
            assert (await checked(url)).cause == Cause(Reason.ADDRESS_REFUSED)
        closed = await checked(f"http://site.lan:{free_port()}/")
        assert closed.cause == Cause(Reason.REFUSED)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("https://example.com/", "example.com:443"),
        ("http://example.com/a?b", "example.com:80"),
        ("http://example.com:8080/", "example.com:8080"),
        ("tcp://example.com:443", "example.com:443"),
        ("tcp://[2606:2800::1]:22", "2606:2800::1:22"),
        ("dns://example.com", "example.com:53"),
    ],
)
def test_addresses_that_visit_the_same_port_share_its_places(url: str, where: str) -> None:
    assert endpoint_of(url) == where
