"""Ports and names are monitors like any other: added, judged, reported."""

from pathlib import Path

import pytest

from bot.engine.kinds import endpoint_of
from bot.errors import UserError
from bot.models import Cause, Reason
from bot.services.monitor_options import Typed
from tests.services.services_fixture import CHANNEL, GUILD, PERSON, play, services_fixture


def test_they_are_called_by_host_and_port_and_by_the_name(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            for url, name in (
                ("tcp://example.com:5432", "example.com:5432"),
                ("dns://example.com", "example.com"),
                ("TCP://EXAMPLE.com.:22", "example.com:22"),
            ):
                added = await s.monitors.add(GUILD, {"url": url}, PERSON)
                assert added.monitor.name == name
                assert added.first.ok
            assert s.prober.probed == [
                "tcp://example.com:5432",
                "dns://example.com",
                "tcp://example.com:22",
            ]

    play(scenario())


def test_a_port_and_a_site_on_it_share_the_places_of_their_host(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            for url in ("https://example.com", "tcp://example.com:443", "dns://example.com"):
                await s.monitors.add(GUILD, {"url": url, "name": url}, PERSON)
            hosts = {endpoint_of(entry.monitor.target.url) for entry in s.watchlist.all()}
            assert hosts == {"example.com:443", "example.com:53"}

    play(scenario())


def test_their_outages_are_described_in_words_that_fit(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            for url, cause in (
                ("tcp://example.com:5432", Cause(Reason.REFUSED)),
                ("dns://example.org", Cause(Reason.DNS)),
            ):
                new = {"url": url, "channel": CHANNEL}
                monitor = (await s.monitors.add(GUILD, new, PERSON)).monitor
                for cause_now in (None, cause, cause):
                    s.prober.causes = {} if cause_now is None else {url: cause_now}
                    for number in range(3):
                        slot_ms = s.clock.now_ms()
                        step = await s.check_runner(monitor.id, slot_ms, number)
                        if step.confirm_s is None:
                            break
                    await s.delivery.deliver_due()
                    await s.clock.advance(60)
            assert s.transport.texts() == [
                "🔴 DOWN · example.com:5432 · connection refused (4 of 4 checks)",
                "🔴 DOWN · example.org · no DNS answer (4 of 4 checks)",
            ]

    play(scenario())


@pytest.mark.parametrize(
    "wanted",
    [
        {"url": "tcp://example.com:25"},
        {"url": "tcp://example.com"},
        {"url": "tcp://example.com:22", "contains": "OpenSSH"},
        {"url": "dns://example.com", "expect_status": "200"},
        {"url": "dns://8.8.8.8"},
    ],
)
def test_what_makes_no_sense_for_them_is_refused(tmp_path: Path, wanted: Typed) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            with pytest.raises(UserError):
                await s.monitors.add(GUILD, wanted, PERSON)
            assert s.monitors.of_guild(GUILD) == []

    play(scenario())
