"""What ``/status`` says of one monitor: counted from days, hours and checks, whatever its age."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bot.clock import DAY_MS, HOUR_MS
from bot.db import guilds, incidents, results, rollups
from bot.db.database import Connection
from bot.db.results import Packer, ResultRow
from bot.db.rollups import Rollup
from bot.errors import NotFound
from bot.models import Incident, Kind, Monitor
from bot.services.history.monitor_report import MonitorReport
from bot.services.history.uptime import joined
from tests.fakes import START_MS, FakeClock
from tests.services.services_fixture import (
    GUILD,
    OTHER_GUILD,
    PERSON,
    ServicesFixture,
    play,
    services_fixture,
)

DAY_S = 86_400
TODAY = START_MS // DAY_MS
NOON_MS = TODAY * DAY_MS + 12 * HOUR_MS


def clock() -> FakeClock:
    return FakeClock(NOON_MS)


async def old_shop(s: ServicesFixture, days: int = 365) -> Monitor:
    """A monitor that was added so long ago."""
    shop = await s.watch("shop")
    entry = s.entry("shop")
    entry.monitor = replace(shop, created_ms=NOON_MS - days * DAY_MS)
    return entry.monitor


def a_day(monitor: Monitor, day: int, *, watched: int = DAY_S, down: int = 0) -> Rollup:
    return Rollup(monitor.id, day, 1440, 1440, 100, 200, watched, down, 0)


async def put(s: ServicesFixture, work: Callable[[Connection], object]) -> None:
    await s.db.write(work)


def counted_until(conn: Connection, day: int, hour: int) -> None:
    guilds.put(conn, rollups.ROLLED_DAY, str(day))
    guilds.put(conn, rollups.ROLLED_HOUR, str(hour))


def trouble(monitor: Monitor, begin_ms: int) -> Incident:
    return Incident(
        *(0, "", monitor.guild_id, monitor.id, monitor.name, "", 60, Kind.DOWN, None),
        since_ms=begin_ms,
        opened_ms=begin_ms,
    )


async def report(s: ServicesFixture) -> MonitorReport:
    return await s.status.report(GUILD, s.entry("shop").monitor.id)


def test_ninety_days_make_thirty_blocks_and_the_last_ends_today(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock()) as s:
            shop = await old_shop(s)

            def year(conn: Connection) -> None:
                for day in range(TODAY - 365, TODAY):
                    rollups.save_day(conn, a_day(shop, day, down=60 if day == TODAY - 1 else 0))
                counted_until(conn, TODAY, TODAY * 24)

            await put(s, year)
            found = await report(s)
            assert len(found.bar) == 30
            assert {one.watched_s for one in found.bar[:-1]} == {3 * DAY_S}
            last = found.bar[-1]
            assert (last.watched_s, last.down_s) == (2 * DAY_S + DAY_S // 2, 60)
            assert list(found.spans) == [1, 7, 30, 90]
            assert found.spans[90].down_s == 60
            assert found.whole == found.spans[90]

    play(scenario())


def test_the_running_day_counts_hours_and_what_came_since(tmp_path: Path) -> None:
    """Yesterday's hours are counted, its day is not yet; the last two hours are raw."""

    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock()) as s:
            shop = await old_shop(s)

            def write(conn: Connection) -> None:
                for hour in range((TODAY - 1) * 24, TODAY * 24 + 10):
                    rollups.save_hour(conn, replace(a_day(shop, hour, watched=3600), count=60))
                counted_until(conn, TODAY - 1, TODAY * 24 + 10)
                incidents.insert(conn, trouble(shop, NOON_MS - 600_000))

            await put(s, write)
            found = await report(s)
            last = found.bar[-1]
            assert (last.watched_s, last.down_s) == (DAY_S + DAY_S // 2, 600)
            assert last.span_s == 2 * DAY_S + DAY_S // 2
            assert found.spans[1].down_s == 600
            assert found.past[0].open
            since_ms = (TODAY - 89) * DAY_MS
            assert joined(found.bar) == await s.uptime(shop, since_ms)

    play(scenario())


def test_a_young_monitor_has_no_spans_beyond_its_age(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock()) as s:
            await old_shop(s, days=2)
            found = await report(s)
            assert list(found.spans) == [1]
            assert (found.whole.span_s, found.whole.watched_s) == (2 * DAY_S, 2 * DAY_S)
            assert [one.watched_s > 0 for one in found.bar] == [False] * 29 + [True]

    play(scenario())


def test_a_monitor_of_this_moment_has_nothing_to_say(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock()) as s:
            await s.watch("shop")
            found = await report(s)
            assert found.spans == {}
            assert found.whole.watched_s == 0
            assert all(one.watched_s == 0 for one in found.bar)
            assert (found.latency, found.certificate_ms, found.past) == (None, None, ())

    play(scenario())


def test_a_pause_is_not_watched_and_a_removed_monitor_is_not_found(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock()) as s:
            shop = await old_shop(s, days=30)
            await put(s, lambda conn: counted_until(conn, TODAY, TODAY * 24 + 12))
            await s.silences.pause(GUILD, shop.id, by=PERSON, for_s=None)
            await s.clock.advance(5 * 3600)
            found = await report(s)
            assert found.spans[1].watched_s == 0
            assert found.bar[-1].watched_s == 0
            await s.monitors.remove(GUILD, shop.id, PERSON)
            with pytest.raises(NotFound):
                await s.status.report(GUILD, shop.id)

    play(scenario())


def test_time_offline_that_still_lasts_is_not_watched(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock()) as s:
            shop = await old_shop(s, days=30)
            await put(s, lambda conn: counted_until(conn, TODAY, TODAY * 24 + 12))
            await s.clock.advance(600)
            s.online_check.online = False
            assert await s.connectivity.is_our_outage(0.0, s.clock.now_ms())
            await s.clock.advance(600)
            blind = await s.uptime(shop, NOON_MS)
            assert (blind.span_s, blind.watched_s) == (1200, 600)
            s.online_check.online = True
            await s.connectivity.recheck()
            await s.clock.advance(600)
            seeing = await s.uptime(shop, NOON_MS)
            assert (seeing.span_s, seeing.watched_s) == (1800, 1200)

    play(scenario())


def test_answer_times_are_of_fine_checks_of_a_day_packed_or_not(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock()) as s:
            shop = await old_shop(s)
            other = await s.watch("other")

            def write(conn: Connection) -> None:
                for hour, ms in ((TODAY * 24 - 13, 9_000), (TODAY * 24 - 12, 100)):
                    packer = Packer(hour * HOUR_MS)
                    for minute in range(18):
                        packer.add(hour * HOUR_MS + minute * 60_000, ms, None)
                    packer.add(hour * HOUR_MS + 59 * 60_000, 10_000, "timeout:10")
                    results.save_packed(conn, shop.id, hour, packer.packed())
                counted_until(conn, TODAY, TODAY * 24 + 10)
                at_ms = NOON_MS - 60_000
                results.append(
                    conn,
                    [
                        ResultRow(at_ms, shop.id, 500, None),
                        ResultRow(at_ms + 1, shop.id, 600, None),
                        ResultRow(at_ms + 2, shop.id, 9_999, "http:503"),
                        ResultRow(at_ms + 3, other.id, 9_998, None),
                    ],
                )

            await put(s, write)
            latency = (await report(s)).latency
            assert latency is not None
            assert (latency.count, latency.median, latency.p95) == (20, 100, 500)

    play(scenario())


def test_few_answers_have_a_median_and_no_more(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock()) as s:
            shop = await old_shop(s)
            rows = [ResultRow(NOON_MS - n, shop.id, 100 + n, None) for n in range(1, 4)]
            await put(s, lambda conn: results.append(conn, rows))
            latency = (await report(s)).latency
            assert latency is not None
            assert (latency.median, latency.p95) == (102, None)

    play(scenario())


def test_a_certificate_is_known_after_a_restart_and_forgotten_with_its_address(
    tmp_path: Path,
) -> None:
    ends_ms = NOON_MS + 43 * DAY_MS

    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock()) as s:
            await s.watch("shop")
            s.prober.certificate_ends_ms["https://shop.example/"] = ends_ms
            await s.play({"shop": "OOOO"})
            await s.recorder.flush()
            assert (await report(s)).certificate_ms == ends_ms
        async with services_fixture(tmp_path, clock=clock()) as s:
            assert (await report(s)).certificate_ms == ends_ms
            entry = s.entry("shop")
            for url in ("https://elsewhere.example/", "http://shop.example/"):
                target = replace(entry.monitor.target, url=url)
                entry.monitor = replace(entry.monitor, target=target)
                assert (await report(s)).certificate_ms is None

    play(scenario())


def test_another_server_s_monitor_has_no_report(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock()) as s:
            shop = await s.watch("shop")
            with pytest.raises(NotFound):
                await s.status.report(OTHER_GUILD, shop.id)

    play(scenario())
