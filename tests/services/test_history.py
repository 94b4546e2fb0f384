"""Numbers that can be counted by hand, on a small past."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bot.cli import demo
from bot.clock import DAY_MS, HOUR_MS
from bot.db import guilds, results, rollups
from bot.db import incidents as table
from bot.db.database import Connection
from bot.db.results import Packer, ResultRow
from bot.db.rollups import ROLLED_DAY, ROLLED_HOUR, Rollup
from bot.errors import NotFound
from bot.models import Cause, Ending, GuildSettings, Incident, Kind, Monitor, Reason
from bot.services.history.period_report import (
    TEN_MINUTES_MS,
    History,
    Period,
    PeriodReport,
    step_of,
)
from tests.fakes import START_MS, FakeClock
from tests.services.services_fixture import (
    GUILD,
    OTHER_GUILD,
    ServicesFixture,
    play,
    services_fixture,
)

MINUTE_MS = 60_000
# A quarter past noon.
NOW_MS = START_MS // DAY_MS * DAY_MS + 12 * HOUR_MS + 15 * MINUTE_MS
HOUR = NOW_MS // HOUR_MS


async def watched_since(base: ServicesFixture, created_ms: int, name: str = "shop") -> Monitor:
    """A monitor that looks as if it had been added then."""
    entry = base.entry((await base.watch(name)).name)
    entry.monitor = replace(entry.monitor, created_ms=created_ms)
    return entry.monitor


def checks(monitor: Monitor, moments: Iterable[int], ms: int = 100) -> list[ResultRow]:
    return [ResultRow(at, monitor.id, ms, None) for at in moments]


def minutes(begin_ms: int, end_ms: int) -> range:
    return range(begin_ms, end_ms, MINUTE_MS)


async def store(base: ServicesFixture, rows: Sequence[ResultRow]) -> None:
    await base.db.write(lambda conn: results.append(conn, rows))


async def trouble(
    base: ServicesFixture,
    monitor: Monitor,
    begin_ms: int,
    end_ms: int | None,
    kind: Kind = Kind.DOWN,
) -> None:
    incident = Incident(
        id=0,
        public_id="",
        guild_id=monitor.guild_id,
        monitor_id=monitor.id,
        name=monitor.name,
        url=monitor.target.url,
        interval_s=60,
        kind=kind,
        cause=Cause(Reason.HTTP, 503),
        since_ms=begin_ms,
        opened_ms=begin_ms + MINUTE_MS,
    )

    def write(conn: Connection) -> None:
        stored = table.insert(conn, incident)
        if end_ms is not None:
            over = replace(stored, resolved_ms=end_ms, ended_ms=end_ms, ending=Ending.RESOLVED)
            table.update(conn, over)

    await base.db.write(write)


async def counted(
    base: ServicesFixture, hours: Iterable[Rollup], days: Sequence[Rollup] = ()
) -> None:
    """Hours until two hours ago are counted already, and days until today if any are given."""

    def write(conn: Connection) -> None:
        for hour in hours:
            rollups.save_hour(conn, hour)
        for day in days:
            rollups.save_day(conn, day)
        guilds.put(conn, ROLLED_HOUR, str(HOUR - 2))
        if days:
            guilds.put(conn, ROLLED_DAY, str(NOW_MS // DAY_MS))

    await base.db.write(write)


def hour_of(monitor: Monitor, slot: int, ms: int = 100, watched_s: int = 3600) -> Rollup:
    return Rollup(monitor.id, slot, 60, 60, ms, 2 * ms, watched_s, 0, 0, 3540)


async def past(base: ServicesFixture, monitor: Monitor, period: Period) -> PeriodReport:
    return await History(base.db, base.clock, base.watchlist).report(GUILD, monitor.id, period)


def seconds(spans: Iterable[tuple[int, int]]) -> int:
    return sum(end - begin for begin, end in spans) // 1000


def test_a_day_is_drawn_from_every_try(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=FakeClock(NOW_MS)) as base:
            shop = await watched_since(base, NOW_MS - 30 * DAY_MS)
            begin = NOW_MS // HOUR_MS * HOUR_MS - DAY_MS
            rows = checks(shop, minutes(begin, NOW_MS))
            # The first ten minutes take 1, 2 … 10 ms: median 5 and 95th percentile 10 by rank.
            rows[:10] = [replace(row, ms=n) for n, row in enumerate(rows[:10], start=1)]
            await store(base, rows)
            found = await past(base, shop, Period.DAY)
            assert found.span == (begin, NOW_MS)
            assert found.step_ms == TEN_MINUTES_MS
            assert len(found.response_times) == 24 * 6 + 2, (
                "the last quarter of an hour begins two steps"
            )
            first = found.response_times[0]
            assert (first.begin_ms, first.count, first.median_ms, first.p95_ms) == (
                begin,
                10,
                5,
                10,
            )
            assert (found.median_ms, found.p95_ms, found.exact) == (100, 100, True)
            assert (found.down, found.unstable, found.unwatched) == ((), (), ())
            assert (found.uptime.watched_s > 0, found.uptime.down_s) == (True, 0)

    play(scenario())


def test_packed_and_unpacked_checks_count_together(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=FakeClock(NOW_MS)) as base:
            shop = await watched_since(base, NOW_MS - 30 * DAY_MS)

            def pack(conn: Connection) -> None:
                for slot in range(HOUR - 24, HOUR - 2):
                    packer = Packer(slot * HOUR_MS)
                    for at in minutes(slot * HOUR_MS, (slot + 1) * HOUR_MS):
                        packer.add(at, 80, None)
                    results.save_packed(conn, shop.id, slot, packer.packed())

            await base.db.write(pack)
            await counted(base, [hour_of(shop, slot) for slot in range(HOUR - 24, HOUR - 2)])
            await store(base, checks(shop, minutes((HOUR - 2) * HOUR_MS, NOW_MS), ms=90))
            found = await past(base, shop, Period.DAY)
            assert len(found.response_times) == 24 * 6 + 2
            assert {one.median_ms for one in found.response_times[:132]} == {80}
            assert {one.median_ms for one in found.response_times[132:]} == {90}
            assert found.unwatched == ()

    play(scenario())


def test_outages_and_gaps_are_kept_apart_and_a_gap_is_neither(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=FakeClock(NOW_MS)) as base:
            shop = await watched_since(base, NOW_MS - 30 * DAY_MS)
            await store(base, checks(shop, minutes(NOW_MS - 25 * HOUR_MS, NOW_MS)))
            at = NOW_MS - 10 * HOUR_MS
            await trouble(base, shop, at, at + 30 * MINUTE_MS)
            await trouble(base, shop, at + HOUR_MS, at + 2 * HOUR_MS, Kind.SLOW)
            # Ten minutes in the middle of the outage we were blind.
            hole = (at + 10 * MINUTE_MS, at + 20 * MINUTE_MS)
            await base.db.write(lambda conn: rollups.add_gap(conn, *hole))
            found = await past(base, shop, Period.DAY)
            assert found.down == ((at, hole[0]), (hole[1], at + 30 * MINUTE_MS))
            assert found.outages == 1, "one outage that we lost sight of, not two"
            assert found.unstable == ((at + HOUR_MS, at + 2 * HOUR_MS),)
            assert found.shaky == 1
            assert found.unwatched == (hole,)
            assert found.uptime.down_s == seconds(found.down) == 20 * 60
            assert found.uptime.unstable_s == 60 * 60
            assert found.uptime.unwatched_s == 10 * 60

    play(scenario())


def test_missing_checks_are_a_gap(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=FakeClock(NOW_MS)) as base:
            shop = await watched_since(base, NOW_MS - 30 * DAY_MS)
            at = NOW_MS - 10 * HOUR_MS
            before = minutes(NOW_MS - 25 * HOUR_MS, at + 1)
            await store(base, checks(shop, [*before, *minutes(at + HOUR_MS, NOW_MS)]))
            found = await past(base, shop, Period.DAY)
            # The last try speaks for two intervals and half a minute.
            assert found.unwatched == ((at + 150_000, at + HOUR_MS),)

    play(scenario())


def test_an_incident_that_is_open_runs_until_now(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=FakeClock(NOW_MS)) as base:
            shop = await watched_since(base, NOW_MS - 30 * DAY_MS)
            await store(base, checks(shop, minutes(NOW_MS - 25 * HOUR_MS, NOW_MS)))
            await trouble(base, shop, NOW_MS - 5 * MINUTE_MS, None)
            found = await past(base, shop, Period.DAY)
            assert found.down == ((NOW_MS - 5 * MINUTE_MS, NOW_MS),)
            assert (found.outages, found.uptime.down_s) == (1, 300)

    play(scenario())


def test_an_outage_from_before_is_shown_as_far_as_it_reaches_in(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=FakeClock(NOW_MS)) as base:
            shop = await watched_since(base, NOW_MS - 30 * DAY_MS)
            await store(base, checks(shop, minutes(NOW_MS - 26 * HOUR_MS, NOW_MS)))
            begin = NOW_MS // HOUR_MS * HOUR_MS - DAY_MS
            await trouble(base, shop, begin - 9 * HOUR_MS, begin + HOUR_MS)
            found = await past(base, shop, Period.DAY)
            assert found.down == ((begin, begin + HOUR_MS),)

    play(scenario())


def test_a_week_is_drawn_from_hours_and_the_checks_since(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=FakeClock(NOW_MS)) as base:
            shop = await watched_since(base, NOW_MS - 30 * DAY_MS)
            first = HOUR - 7 * 24
            hours = {slot: hour_of(shop, slot) for slot in range(first - 5, HOUR - 2)}
            # Off in the middle of one hour, the whole of the next, on in the middle of the third.
            hours[first + 10] = hour_of(shop, first + 10, watched_s=1200)
            del hours[first + 11]
            hours[first + 12] = hour_of(shop, first + 12, watched_s=1800)
            await counted(base, hours.values())
            await store(base, checks(shop, minutes((HOUR - 2) * HOUR_MS, NOW_MS), ms=700))
            found = await past(base, shop, Period.WEEK)
            assert found.span == (first * HOUR_MS, NOW_MS)
            assert found.step_ms == HOUR_MS
            assert len(found.response_times) == 7 * 24 - 1 + 1, (
                "one hour is missing, the last has begun"
            )
            assert [one.median_ms for one in found.response_times[-4:]] == [100, 700, 700, 700]
            gone = (first + 10) * HOUR_MS + 1_200_000
            assert found.unwatched == ((gone, (first + 12) * HOUR_MS + 1_800_000),)
            assert found.uptime.unwatched_s == seconds(found.unwatched)
            assert (found.median_ms, found.p95_ms, found.exact) == (100, 200, False)

    play(scenario())


def test_a_quarter_is_drawn_from_days_and_the_hours_of_today(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=FakeClock(NOW_MS)) as base:
            shop = await watched_since(base, NOW_MS - 300 * DAY_MS)
            today = NOW_MS // DAY_MS
            hours = [hour_of(shop, slot) for slot in range(HOUR - 90 * 24, HOUR - 2)]
            days = [
                Rollup(shop.id, day, 1440, 1440, 150, 250, 86_400, 0, 0)
                for day in range(today - 300, today)
                if day != today - 9
            ]
            await counted(base, hours, days)
            await store(base, checks(shop, minutes((HOUR - 2) * HOUR_MS, NOW_MS), ms=50))
            await trouble(base, shop, NOW_MS - 20 * DAY_MS, NOW_MS - 20 * DAY_MS + MINUTE_MS)
            found = await past(base, shop, Period.QUARTER)
            assert found.step_ms == DAY_MS
            assert len(found.response_times) == 91, "the first day and today are shown in part"
            assert found.response_times[0].begin_ms == (today - 90) * DAY_MS
            assert {one.median_ms for one in found.response_times[:81]} == {150}
            assert found.response_times[81].median_ms == 100, (
                "a day that was not counted, from its hours"
            )
            assert found.response_times[90].median_ms == 100, (
                "today: ten hours of 100 ms, two of 50"
            )
            assert seconds(found.down) == 60
            assert found.unwatched == ()

    play(scenario())


def test_a_young_monitor_fills_the_picture_with_the_time_it_has(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=FakeClock(NOW_MS)) as base:
            shop = await watched_since(base, NOW_MS - 3 * HOUR_MS)
            await store(base, checks(shop, minutes(NOW_MS - 3 * HOUR_MS, NOW_MS)))
            found = await past(base, shop, Period.QUARTER)
            assert found.span == (NOW_MS - 3 * HOUR_MS, NOW_MS)
            assert found.step_ms == TEN_MINUTES_MS
            assert found.unwatched == ()
            assert found.uptime.span_s == 3 * 3600

    play(scenario())


def test_a_new_monitor_has_nothing_to_show(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=FakeClock(NOW_MS)) as base:
            shop = await watched_since(base, NOW_MS)
            found = await past(base, shop, Period.DAY)
            assert found.empty
            assert (found.median_ms, found.p95_ms) == (None, None)

    play(scenario())


def test_a_pause_is_a_gap_that_runs_until_now(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=FakeClock(NOW_MS)) as base:
            shop = await watched_since(base, NOW_MS - 30 * DAY_MS)
            since = NOW_MS - 2 * HOUR_MS
            await store(base, checks(shop, minutes(NOW_MS - 25 * HOUR_MS, since)))
            base.entry("shop").monitor = replace(shop, paused_ms=since)
            found = await past(base, shop, Period.DAY)
            assert found.unwatched == ((since, NOW_MS),)
            assert found.uptime.unwatched_s == 2 * 3600

    play(scenario())


def test_a_site_checked_once_a_day_is_watched_in_between(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=FakeClock(NOW_MS)) as base:
            shop = replace(await watched_since(base, NOW_MS - 30 * DAY_MS), interval_s=86_400)
            base.entry("shop").monitor = shop
            begin = HOUR - 24
            # Its last try is of the day before the picture.
            await counted(base, [hour_of(shop, begin - 20)])
            found = await past(base, shop, Period.DAY)
            assert found.unwatched == ()

    play(scenario())


def test_the_past_of_the_demo_is_whole_but_for_its_gap(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=FakeClock(NOW_MS)) as base:

            def write(conn: Connection) -> None:
                demo.add_server(conn, GuildSettings(GUILD), NOW_MS)
                demo.add_site(
                    conn, GUILD, "Choir", "https://choir.example/", every_s=60, now_ms=NOW_MS
                )

            await base.db.write(write)
            await base.watchlist.load()
            monitor = base.entry("Choir").monitor
            found = await past(base, monitor, Period.QUARTER)
            assert 2 * DAY_MS // 1000 <= seconds(found.unwatched) < 3 * DAY_MS // 1000
            assert found.outages >= demo.OUTAGES - 1, "one may fall into the gap"

    play(scenario())


def test_another_server_has_no_past_here(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=FakeClock(NOW_MS)) as base:
            shop = await watched_since(base, NOW_MS - DAY_MS)
            history = History(base.db, base.clock, base.watchlist)
            with pytest.raises(NotFound):
                await history.report(OTHER_GUILD, shop.id, Period.DAY)

    play(scenario())


def test_a_neighbour_has_no_part_in_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=FakeClock(NOW_MS)) as base:
            shop = await watched_since(base, NOW_MS - DAY_MS)
            other = await watched_since(base, NOW_MS - DAY_MS, "other")
            span = minutes(NOW_MS - DAY_MS, NOW_MS)
            await store(base, [*checks(shop, span), *checks(other, span, ms=9_000)])
            await trouble(base, other, NOW_MS - HOUR_MS, None)
            found = await past(base, shop, Period.DAY)
            assert {one.p95_ms for one in found.response_times} == {100}
            assert found.down == ()

    play(scenario())


@pytest.mark.parametrize(
    ("length", "step"),
    [
        (1, TEN_MINUTES_MS),
        (25 * HOUR_MS, TEN_MINUTES_MS),
        (7 * DAY_MS, HOUR_MS),
        (31 * DAY_MS, HOUR_MS),
    ],
)
def test_a_picture_has_enough_steps_and_not_too_many(length: int, step: int) -> None:
    assert step_of((NOW_MS - length, NOW_MS)) == step


def test_the_longest_picture_has_a_step_a_day() -> None:
    assert step_of((NOW_MS - 90 * DAY_MS, NOW_MS)) == DAY_MS


def test_the_store_is_never_held_long_for_it(tmp_path: Path) -> None:
    """A site that is checked every second, for a day: many short turns, not one of 86,400."""

    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=FakeClock(NOW_MS)) as base:
            shop = await watched_since(base, NOW_MS - 3 * HOUR_MS)
            turns: list[int] = []
            read = base.db.read

            async def counting(work: object) -> object:
                found: object = await read(work)  # type: ignore[arg-type]
                turns.append(len(found) if isinstance(found, list) else 0)
                return found

            base.db.read = counting  # type: ignore[method-assign,assignment]
            every_second = range(NOW_MS - 3 * HOUR_MS, NOW_MS, 1000)
            await store(base, checks(shop, every_second))
            found = await past(base, shop, Period.DAY)
            assert sum(one.count for one in found.response_times) == 3 * 3600
            assert max(turns) == 3600
            await asyncio.sleep(0)

    play(scenario())


@pytest.mark.parametrize("is_counted", [False, True])
@pytest.mark.parametrize("period", list(Period))
def test_one_answer_never_gives_two_numbers_of_what_was_not_watched(
    tmp_path: Path, period: Period, *, is_counted: bool
) -> None:
    """Checks that did not come, without a gap that anybody noted, show in picture and numbers."""

    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=FakeClock(NOW_MS)) as base:
            shop = await watched_since(base, (HOUR - 24) * HOUR_MS)
            hole = (NOW_MS - 35 * MINUTE_MS, NOW_MS - 5 * MINUTE_MS)
            moments = minutes((HOUR - 24) * HOUR_MS, NOW_MS)
            await store(base, checks(shop, [at for at in moments if not hole[0] < at < hole[1]]))
            if is_counted:
                await counted(base, [hour_of(shop, slot) for slot in range(HOUR - 24, HOUR - 2)])
            found = await past(base, shop, period)
            assert seconds(found.unwatched) == pytest.approx(found.uptime.unwatched_s, abs=2)
            assert found.uptime.unwatched_s > 20 * 60

    play(scenario())
