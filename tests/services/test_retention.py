"""Checks are packed and counted by the hour; what is older than it is kept goes, in slices."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bot.db import incidents, results, rollups
from bot.db.database import Connection
from bot.db.results import ResultRow
from bot.db.rollups import Rollup
from bot.models import Incident, Kind, Monitor
from bot.services.audit_log import AuditEvent
from bot.services.history import retention
from bot.services.monitor_rules import MonitorIndex
from tests.fakes import START_MS, FakeClock
from tests.services.services_fixture import (
    CHANNEL,
    GUILD,
    OTHER_GUILD,
    PERSON,
    ServicesFixture,
    play,
    services_fixture,
)

HOUR_MS, DAY_MS, MINUTE_MS = 3_600_000, 86_400_000, 60_000
MIDNIGHT_MS = START_MS // DAY_MS * DAY_MS


def clock(at_ms: int = MIDNIGHT_MS) -> FakeClock:
    return FakeClock(at_ms)


async def store(s: ServicesFixture, rows: list[ResultRow]) -> None:
    await s.db.write(lambda conn: results.append(conn, rows))


def minutes(monitor: Monitor, begin: int, end: int, cause: str | None = None) -> list[ResultRow]:
    """A try a minute, from one minute after midnight to another."""
    return [
        ResultRow(MIDNIGHT_MS + m * MINUTE_MS, monitor.id, 100 + m % 60, cause)
        for m in range(begin, end)
    ]


async def hours(s: ServicesFixture, monitor: Monitor) -> list[Rollup]:
    return await s.db.read(lambda conn: rollups.hours(conn, monitor.id, 0, 10**9))


async def days(s: ServicesFixture, monitor: Monitor) -> list[Rollup]:
    return await s.db.read(lambda conn: rollups.days(conn, monitor.id, 0, 10**9))


async def count(s: ServicesFixture, table: str) -> int:
    return await s.db.read(
        lambda conn: int(conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
    )


def incident(monitor: Monitor, begin_ms: int, kind: Kind = Kind.DOWN) -> Incident:
    return Incident(
        *(0, "", monitor.guild_id, monitor.id, monitor.name, "", 60, kind, None),
        since_ms=begin_ms,
        opened_ms=begin_ms,
    )


def test_an_hour_is_packed_counted_and_its_raw_checks_go(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock()) as s:
            shop = await s.watch("shop")
            await store(s, minutes(shop, 0, 60))
            before = await s.db.read(lambda c: results.of_monitor(c, shop.id, 0, 2**60, 99))
            await s.clock.advance(4 * 3600)
            await s.retention.roll()
            [hour, *_] = await hours(s, shop)
            assert (hour.count, hour.ok, hour.watched_s, hour.down_s) == (60, 60, 3600, 0)
            assert (hour.p50_ms, hour.p95_ms) == (129, 156)
            assert await count(s, "result") == 0
            after = await s.db.read(lambda c: results.of_monitor(c, shop.id, 0, 2**60, 99))
            assert after == before, "packed tries read as raw ones do"
            fine = await s.db.read(lambda c: results.last_fine_ms(c, shop.id, 2**60))
            assert fine == MIDNIGHT_MS + 59 * MINUTE_MS

    play(scenario())


def test_a_fresh_hour_stays_raw(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock()) as s:
            shop = await s.watch("shop")
            await store(s, minutes(shop, 0, 60))
            await s.clock.advance(2.9 * 3600)
            await s.retention.roll()
            assert await count(s, "result") == 60
            assert await hours(s, shop) == []

    play(scenario())


class Dying:
    """The database of a process that dies after so many transactions."""

    def __init__(self, write: Callable[..., Awaitable[object]], survived: int) -> None:
        self._write = write
        self._left = survived

    async def __call__(self, work: object) -> object:
        self._left -= 1
        if self._left < 0:
            raise asyncio.CancelledError
        return await self._write(work)


def test_a_stop_at_any_moment_is_taken_up_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After every single transaction the process may die; the next one ends with the same."""
    monkeypatch.setattr(retention, "SLICE_ROWS", 50)
    monkeypatch.setattr(retention, "SLICE_S", 0.0)

    async def roll(folder: Path, deaths: list[int]) -> tuple[list[Rollup], list[Rollup], int]:
        async with services_fixture(folder, clock=clock()) as s:
            shop, mail = await s.watch("shop"), await s.watch("mail")
            await store(s, minutes(shop, 0, 24 * 60) + minutes(mail, 30, 60, "dns"))
            await s.clock.advance(27 * 3600)
            for survived in deaths:
                with monkeypatch.context() as patch:
                    patch.setattr(s.db, "write", Dying(s.db.write, survived))
                    with pytest.raises(asyncio.CancelledError):
                        await s.retention.roll()
            await s.retention.roll()
            return (
                await hours(s, shop) + await hours(s, mail),
                await days(s, shop),
                await count(s, "result"),
            )

    async def scenario() -> None:
        whole = await roll(tmp_path / "whole", [])
        assert len(whole[1]) == 1
        assert await roll(tmp_path / "dying", [1, 2, 3, 4, 5, 6, 7, 17, 30, 31]) == whole

    play(scenario())


def test_down_and_unstable_are_kept_apart_inside_one_incident(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock()) as s:
            shop = await s.watch("shop")
            await store(s, minutes(shop, 0, 60))
            begin_ms = MIDNIGHT_MS + 10 * MINUTE_MS

            def write(conn: Connection) -> None:
                opened = incidents.insert(conn, incident(shop, begin_ms))
                turned = replace(
                    opened, kind=Kind.UNSTABLE, last_failed_ms=begin_ms + 15 * MINUTE_MS
                )
                incidents.update(conn, turned)
                end_ms = begin_ms + 20 * MINUTE_MS
                incidents.update(conn, replace(turned, resolved_ms=end_ms, ended_ms=end_ms))

            await s.db.write(write)
            await s.clock.advance(4 * 3600)
            await s.retention.roll()
            [hour, *_] = await hours(s, shop)
            assert (hour.down_s, hour.unstable_s, hour.watched_s) == (900, 300, 3600)

    play(scenario())


def test_time_switched_off_offline_or_without_checks_is_neither_up_nor_down(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock()) as s:
            shop = await s.watch("shop")
            await store(s, minutes(shop, 0, 20) + minutes(shop, 40, 60))
            at_ms = MIDNIGHT_MS + 50 * MINUTE_MS

            def write(conn: Connection) -> None:
                rollups.add_gap(conn, at_ms, at_ms + 5 * MINUTE_MS)
                incidents.insert(conn, incident(shop, at_ms))

            await s.db.write(write)
            await s.clock.advance(4 * 3600)
            await s.retention.roll()
            [hour, *_] = await hours(s, shop)
            assert hour.watched_s == 3600 - (20 * 60 + 60 - 150) - 300
            assert hour.down_s == 300, "of the ten minutes down five were not seen"

    play(scenario())


def test_a_day_is_counted_from_all_its_checks(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock()) as s:
            shop = await s.watch("shop")
            await store(s, minutes(shop, 0, 24 * 60))
            await s.clock.advance(27 * 3600)
            await s.retention.roll()
            [day] = await days(s, shop)
            assert (day.count, day.ok, day.watched_s, day.p50_ms) == (1440, 1440, 86_400, 129)

    play(scenario())


def test_months_of_being_off_are_passed_over(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock()) as s:
            shop = await s.watch("shop")
            await store(s, minutes(shop, 0, 60))
            await s.clock.advance(4 * 3600)
            await s.retention.roll()
            await store(s, [ResultRow(MIDNIGHT_MS + 200 * DAY_MS, shop.id, 5, None)])
            await s.clock.advance(201 * 86_400)
            await s.retention.roll()
            assert len(await hours(s, shop)) < 40
            assert [day.count for day in await days(s, shop)] == [60, 1]

    play(scenario())


def test_a_clock_that_was_in_the_future_loses_little(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock(MIDNIGHT_MS + 10_000 * DAY_MS)) as s:
            shop = await s.watch("shop")
            now_ms = s.clock.now_ms()
            await store(s, [ResultRow(now_ms, shop.id, 5, None)])
            await s.clock.advance(4 * 3600)
            await s.retention.roll()
        async with services_fixture(tmp_path, clock=clock()) as s:
            await s.retention.roll()
            await s.clock.advance(60)
            await store(s, minutes(shop, 0, 60))
            await s.clock.advance(4 * 3600)
            await s.retention.roll()
            assert 60 in [hour.count for hour in await hours(s, shop)]

    play(scenario())


def test_old_checks_and_hours_go_and_days_stay(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock()) as s:
            shop = await s.watch("shop")
            await store(s, minutes(shop, 0, 24 * 60))
            await s.clock.advance(27 * 3600)
            await s.retention.roll()
            assert await count(s, "packed") == 24
            await s.clock.advance(7 * 86_400)
            await s.retention.sweep()
            assert (await count(s, "packed"), len(await hours(s, shop)) > 20) == (0, True)
            await s.clock.advance(84 * 86_400)
            await s.retention.sweep()
            assert (await hours(s, shop), len(await days(s, shop))) == ([], 1)

    play(scenario())


def test_who_followed_an_incident_is_forgotten_a_week_after_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock()) as s:
            shop = await s.watch("shop")

            def write(conn: Connection) -> None:
                old = incidents.insert(conn, incident(shop, MIDNIGHT_MS))
                incidents.update(conn, replace(old, resolved_ms=MIDNIGHT_MS, ended_ms=MIDNIGHT_MS))
                still_open = incidents.insert(conn, incident(shop, MIDNIGHT_MS + 1))
                conn.executemany(
                    "INSERT INTO follower VALUES (?, 7, 'tell_me', 0)",
                    [(old.id,), (still_open.id,)],
                )

            await s.db.write(write)
            await s.clock.advance(6.9 * 86_400)
            await s.retention.sweep()
            assert await count(s, "follower") == 2
            await s.clock.advance(86_400)
            await s.retention.sweep()
            assert await count(s, "follower") == 1

    play(scenario())


def test_a_server_is_forgotten_thirty_days_after_it_was_left_and_no_other(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock()) as s:
            shop = await s.watch("shop")
            other = await s.watch("other", OTHER_GUILD)
            await s.play({"shop": "FFFOOO"})
            await store(s, minutes(shop, 0, 60) + minutes(other, 0, 60))
            post = s.transport.of(CHANNEL)
            assert post, "it was told, so there are messages and work to forget"
            await s.clock.advance(5 * 3600)
            await s.retention.roll()
            await s.guilds.left(GUILD)
            await s.clock.advance(29.9 * 86_400)
            await s.retention.sweep()
            assert await count(s, "guild") == 2
            await s.clock.advance(86_400)
            await s.retention.sweep()
            assert await s.db.read(remains_of_guild) == {}
            assert len(await hours(s, other)) > 0
            assert await count(s, "monitor") == 1

    play(scenario())


def remains_of_guild(conn: Connection) -> dict[str, int]:
    """How many rows of the server are left in each table of the schema that knows servers."""
    tables = [row[0] for row in conn.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    found = {}
    for table in tables:
        columns = {row["name"] for row in conn.execute(f"PRAGMA table_info({table})")}
        if "guild_id" in columns:
            where = f"guild_id = {GUILD}"
        elif "monitor_id" in columns:
            where = "monitor_id NOT IN (SELECT id FROM monitor)"
        elif "incident_id" in columns:
            where = "incident_id NOT IN (SELECT id FROM incident)"
        else:
            continue
        left = conn.execute(f"SELECT count(*) FROM {table} WHERE {where}").fetchone()[0]
        if left:
            found[table] = left
    return found


def test_uptime_adds_days_hours_and_what_came_since(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock()) as s:
            shop = await s.watch("shop")
            await store(s, minutes(shop, 0, 30 * 60))

            def write(conn: Connection) -> None:
                for begin, end in ((60, 72), (25 * 60, 25 * 60 + 6)):
                    end_ms = MIDNIGHT_MS + end * MINUTE_MS
                    begin_ms = MIDNIGHT_MS + begin * MINUTE_MS
                    one = incidents.insert(conn, incident(shop, begin_ms))
                    incidents.update(conn, replace(one, resolved_ms=end_ms, ended_ms=end_ms))
                incidents.insert(conn, incident(shop, MIDNIGHT_MS + (30 * 60 - 10) * MINUTE_MS))

            await s.db.write(write)
            await s.clock.advance(30 * 3600)
            await s.retention.roll()
            assert len(await days(s, shop)) == 1
            all_of_it = await s.uptime(shop, 0)
            assert all_of_it.span_s == all_of_it.watched_s == 30 * 3600
            assert all_of_it.down_s == (12 + 6 + 10) * 60
            recent = await s.uptime(shop, s.clock.now_ms() - 5 * HOUR_MS)
            assert (recent.span_s, recent.down_s) == (5 * 3600, 16 * 60)
            part = await s.uptime(shop, MIDNIGHT_MS + 2 * HOUR_MS)
            assert part.down_s == 16 * 60
            assert await s.status.uptimes(GUILD, 0) == {shop.id: all_of_it}
            assert await s.status.uptimes(OTHER_GUILD, 0) == {}

    play(scenario())


def test_a_pause_and_a_gap_are_not_counted_as_up(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock()) as s:
            shop = await s.watch("shop")
            await s.clock.advance(1800)
            at_ms = s.clock.now_ms() - 600_000
            await s.db.write(lambda conn: rollups.add_gap(conn, at_ms, at_ms + 300_000))
            await s.silences.pause(GUILD, shop.id, by=PERSON, for_s=None)
            await s.clock.advance(1800)
            found = await s.uptime(shop, 0)
            assert (found.span_s, found.watched_s, found.unwatched_s) == (3600, 1500, 2100)
            assert found.down_s == 0

    play(scenario())


def test_pausing_what_is_paused_makes_no_time_watched(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock()) as s:
            shop = await s.watch("shop")
            await s.clock.advance(600)
            await s.silences.pause(GUILD, shop.id, by=PERSON, for_s=None)
            await s.clock.advance(3000)
            again = await s.silences.pause(GUILD, shop.id, by=PERSON, for_s=7200)
            assert again.resume_ms == s.clock.now_ms() + 7_200_000
            found = await s.uptime(shop, 0)
            assert (found.span_s, found.watched_s) == (3600, 600)

    play(scenario())


def test_a_pause_of_the_last_hours_that_is_over_is_not_counted_as_up(tmp_path: Path) -> None:
    """Twice paused in a row, resumed by somebody; later a pause that ended by itself."""

    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock()) as s:
            shop = await s.watch("shop")
            await s.clock.advance(600)
            await s.silences.pause(GUILD, shop.id, by=PERSON, for_s=7200)
            await s.clock.advance(300)
            await s.silences.pause(GUILD, shop.id, by=PERSON, for_s=None)
            await s.clock.advance(600)
            await s.silences.resume(GUILD, shop.id, PERSON)
            await s.clock.advance(300)
            await s.silences.pause(GUILD, shop.id, by=PERSON, for_s=900)
            await s.clock.advance(901)
            await s.silences.expire_due()
            assert not s.entry("shop").monitor.paused
            await s.clock.advance(899)
            found = await s.uptime(shop, 0)
            assert (found.span_s, found.watched_s) == (3600, 600 + 300 + 900)

    play(scenario())


def test_what_was_imported_as_paused_is_watched_from_its_resumption_on(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock()) as s:
            wanted = {"url": "https://shop.example/"}
            draft = s.monitors.draft(GUILD, wanted, MonitorIndex())
            paused = replace(draft, paused_ms=draft.created_ms)
            (shop,) = await s.monitors.keep(GUILD, [paused], PERSON, AuditEvent.IMPORTED)
            await s.clock.advance(1800)
            await s.silences.resume(GUILD, shop.id, PERSON)
            await s.clock.advance(1800)
            found = await s.uptime(shop, 0)
            assert (found.span_s, found.watched_s) == (3600, 1800)

    play(scenario())


def test_a_site_that_never_answered_was_never_up(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock()) as s:
            shop = await s.watch("shop")
            await store(s, minutes(shop, 1, 10, "dns"))
            begin_ms = MIDNIGHT_MS + MINUTE_MS
            await s.db.write(lambda conn: incidents.insert(conn, incident(shop, begin_ms)))
            await s.clock.advance(600)
            found = await s.uptime(shop, 0)
            assert (found.span_s, found.watched_s, found.down_s) == (600, 540, 540)

    play(scenario())


def test_packed_hours_are_kept_by_their_number(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock()) as s:
            shop = await s.watch("shop")
            await store(s, minutes(shop, 0, 120))
            await s.clock.advance(5 * 3600)
            await s.retention.roll()
            until_ms = MIDNIGHT_MS + 61 * MINUTE_MS
            rows = await s.db.read(
                lambda c: list(results.newest_first(c, shop.id, MIDNIGHT_MS, until_ms))
            )
            assert len(rows) == 62
            assert rows[0].at_ms == until_ms

    play(scenario())


def test_gaps_are_forgotten_when_no_hour_is_left_that_they_explain(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock()) as s:
            now_ms = s.clock.now_ms()

            def write(conn: Connection) -> None:
                for days in (10, 80, 101, 400):
                    at_ms = now_ms - days * 86_400_000
                    rollups.add_gap(conn, at_ms, at_ms + 1)

            await s.db.write(write)
            await s.retention.sweep()
            assert await count(s, "gap") == 2

    play(scenario())
