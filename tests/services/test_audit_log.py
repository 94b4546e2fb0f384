"""What people change is written with the change itself, and kept for a year."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from bot.db import audit_log, monitors
from bot.db.database import Connection
from bot.errors import UserError
from bot.services.audit_log import AuditEntry
from bot.services.bulk import BulkImport
from bot.services.maintenance import NewWindow
from bot.services.monitor_options import differing
from bot.services.recurrence import instant
from bot.services.transfer.files import Item
from tests.services.services_fixture import (
    CHANNEL,
    GUILD,
    OTHER_GUILD,
    PERSON,
    ServicesFixture,
    play,
    services_fixture,
)

OTHER = PERSON + 1
DAY_S = 86_400
Reported = tuple[str, int, str | None, str | None]


async def reported(
    s: ServicesFixture, monitor_id: int | None = None, guild_id: int = GUILD
) -> list[Reported]:
    """Field, who, before and after of the newest changes, oldest first."""
    page = await s.audit_log.page(guild_id, monitor_id, 0, 100)
    assert page.number == 0
    return [(row.field, row.user_id, row.before, row.after) for row in reversed(page.rows)]


def test_every_setting_that_differs_is_a_row_with_what_it_was_and_what_it_is(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            wanted = {
                "url": "https://shop.example/",
                "headers": "X-Key: s3cret",
                "contains": "hello",
            }
            monitor = (await s.monitors.add(GUILD, wanted, PERSON)).monitor
            await s.clock.advance(5)
            change = {
                "url": "https://shop.example/new",
                "name": "Bakery",
                "every": 90,
                "channel": CHANNEL,
                "role": 55,
                "expect_status": "2xx, 404",
                "contains": "",
                "not_contains": "goodbye",
                "slow_ms": 700,
                "method": "HEAD",
                "headers": "X-Key: other\nX-New: s3cret",
            }
            await s.monitors.edit(GUILD, monitor.id, change, OTHER)
            assert await reported(s, monitor.id) == [
                ("added", PERSON, None, "https://shop.example/"),
                ("url", OTHER, "https://shop.example/", "https://shop.example/new"),
                ("name", OTHER, "shop.example", "Bakery"),
                ("every", OTHER, "60", "90"),
                ("method", OTHER, "GET", "HEAD"),
                ("expect_status", OTHER, None, "2xx, 404"),
                ("contains", OTHER, "hello", None),
                ("not_contains", OTHER, None, "goodbye"),
                ("slow_ms", OTHER, None, "700"),
                ("headers", OTHER, "X-Key", "X-Key, X-New"),
                ("channel", OTHER, None, str(CHANNEL)),
                ("role", OTHER, None, "55"),
            ]
            [newest, *_] = (await s.audit_log.page(GUILD, monitor.id, 0, 1)).rows
            assert (newest.at_ms, newest.name) == (s.clock.now_ms(), "Bakery")
            await s.monitors.edit(GUILD, monitor.id, {"headers": "X-Key: third\nX-New:"}, OTHER)
            assert (await reported(s))[-1] == ("headers", OTHER, "X-Key, X-New", "X-Key, X-New")
            await s.monitors.edit(GUILD, monitor.id, {"name": "Bakery"}, OTHER)
            assert len(await reported(s)) == 13, "nothing changed, nothing is told"
            stored = await s.db.read(lambda conn: repr(list(map(tuple, _all(conn)))))
            assert "s3cret" not in stored
            assert "third" not in stored

    play(scenario())


def _all(conn: Connection) -> list[sqlite3.Row]:
    return conn.execute("SELECT * FROM change").fetchall()


def test_pauses_mutes_and_removals_are_listed_but_not_what_ends_by_itself(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            shop = await s.watch("shop")
            now_ms = s.clock.now_ms()
            await s.silences.pause(GUILD, shop.id, by=OTHER, for_s=60)
            await s.silences.mute(GUILD, [shop.id], by=OTHER, for_s=120)
            await s.clock.advance(300)
            await s.silences.expire_due()
            assert not s.entry("shop").monitor.paused
            await s.silences.resume(GUILD, shop.id, OTHER)
            assert await s.silences.unmute(GUILD, shop.id, OTHER) == (
                s.entry("shop").monitor,
                False,
            )
            await s.silences.pause(GUILD, shop.id, by=OTHER, for_s=None)
            await s.silences.resume(GUILD, shop.id, OTHER)
            await s.silences.mute(GUILD, [shop.id], by=OTHER, for_s=120)
            off = [s.silences.unmute(GUILD, shop.id, OTHER) for _ in range(2)]
            assert [done for _, done in await asyncio.gather(*off)] == [True, False]
            await s.monitors.remove(GUILD, shop.id, OTHER)
            found = await reported(s, shop.id)
            assert [(row[0], row[3]) for row in found[1:]] == [
                ("paused", str(now_ms + 60_000)),
                ("muted", str(now_ms + 120_000)),
                ("paused", None),
                ("resumed", None),
                ("muted", str(now_ms + 420_000)),
                ("unmuted", None),
                ("removed", None),
            ]
            [removed] = await s.audit_log.of_server(GUILD, 5)
            assert (removed.field, removed.name) == ("removed", "shop")

    play(scenario())


def test_a_mute_is_bounded(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            shop = await s.watch("shop")
            with pytest.raises(UserError, match="at most 30 days"):
                await s.silences.mute(GUILD, [shop.id], by=PERSON, for_s=30 * DAY_S + 1)
            await s.silences.mute(GUILD, [shop.id], by=PERSON, for_s=30 * DAY_S)
            await s.watchlist.load()
            assert s.entry("shop").monitor.muted_until_ms == s.clock.now_ms() + 30 * DAY_S * 1000

    play(scenario())


def test_changed_server_settings_are_listed_with_who_chose_them(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.guilds.seen(GUILD, "fr")
            await s.guilds.set_alerts(GUILD, channel_id=CHANNEL, by=PERSON, role_id=55)
            await s.guilds.set_alerts(GUILD, by=OTHER, fallback_channel_id=101, reminder_h=4)
            await s.guilds.set_alerts(GUILD, by=OTHER, role_id=0, reminder_h=0)
            await s.guilds.set_alerts(GUILD, channel_id=CHANNEL, by=OTHER)
            await s.guilds.set_language(GUILD, "fr", OTHER)
            await s.guilds.set_language(GUILD, "fr", PERSON)
            await s.guilds.set_timezone(GUILD, "Europe/Paris", OTHER)
            assert await reported(s) == [
                ("alert_channel", PERSON, None, str(CHANNEL)),
                ("alert_role", PERSON, None, "55"),
                ("fallback", OTHER, None, "101"),
                ("reminders", OTHER, None, "4"),
                ("alert_role", OTHER, "55", None),
                ("reminders", OTHER, "4", None),
                ("language", OTHER, None, "fr"),
                ("timezone", OTHER, "UTC", "Europe/Paris"),
            ]
            assert len(await s.audit_log.of_server(GUILD, 5)) == 5

    play(scenario())


def test_maintenance_is_listed_with_its_window_for_as_long_as_it_is_kept(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            shop = await s.watch("shop")
            begun = await s.maintenance.start(GUILD, shop.id, for_s=60, reason="x", by=PERSON)
            _, now = instant(s.clock.now_ms())
            weekly = NewWindow((0, 2), None, now, None, 3_600, None, "Europe/Paris")
            planned = await s.maintenance.schedule(GUILD, weekly, PERSON)
            await asyncio.gather(
                s.maintenance.cancel(GUILD, planned.window.id, OTHER),
                s.maintenance.cancel(GUILD, planned.window.id, OTHER),
            )
            await s.clock.advance(DAY_S)
            await s.maintenance.start(GUILD, None, for_s=60, reason=None, by=PERSON)  # tidies up
            page = await s.audit_log.page(GUILD, None, 0, 10)
            assert [(row.field, row.monitor_id) for row in reversed(page.rows)][1:] == [
                ("maintenance_started", shop.id),
                ("maintenance_planned", None),
                ("timezone", None),
                ("maintenance_cancelled", None),
                ("maintenance_started", None),
            ]
            windows = {row.field: row.window for row in page.rows if row.monitor_id == shop.id}
            assert windows["maintenance_started"] == begun.window
            [cancelled] = [row for row in page.rows if row.field == "maintenance_cancelled"]
            assert cancelled.window == planned.window

    play(scenario())


def test_an_acknowledgement_is_listed_once_for_each_site_of_the_alert(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            names = ("a", "b", "c")
            ids = [(await s.watch(name)).id for name in names]
            await s.play(dict.fromkeys(names, "OFFF"))
            [first, *_] = await s.incidents.recent(GUILD, None, 0, 5)
            await asyncio.gather(
                s.incidents.acknowledge(GUILD, first.public_id, PERSON),
                s.incidents.acknowledge(GUILD, first.public_id, OTHER),
            )
            taken = [row for row in await reported(s) if row[0] == "acknowledged"]
            public = {one.public_id for one in await s.incidents.recent(GUILD, None, 0, 5)}
            assert {row[3] for row in taken} == public
            assert len(taken) == len(ids)
            assert {row[1] for row in taken} == {PERSON}

    play(scenario())


def test_an_import_is_a_row_for_each_monitor_and_paused_ones_come_paused(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            items = [
                Item(n, str(n), {"url": f"https://{n}.example/"}, paused=n == 2)
                for n in range(1, 31)
            ]

            async def progress(_done: int, _of: int) -> None:
                return None

            await BulkImport(s.monitors, s.silences).take(
                GUILD, items, by=PERSON, progress=progress
            )
            rows = await reported(s)
            assert {(row[0], row[1]) for row in rows} == {("imported", PERSON)}
            assert len(rows) == 30
            assert [m.name for m in s.monitors.of_guild(GUILD) if m.paused] == ["2.example"]
            await s.watchlist.load()
            assert [m.name for m in s.monitors.of_guild(GUILD) if m.paused] == ["2.example"]

    play(scenario())


def test_a_change_that_fails_leaves_no_trace_and_a_trace_that_fails_no_change(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            shop = await s.watch("shop")
            await s.watch("blog")
            with pytest.raises(UserError):
                await s.monitors.edit(GUILD, shop.id, {"name": "blog"}, PERSON)
            before = await reported(s)
            await s.db.write(lambda conn: conn.execute(_REFUSING) and None)
            now_ms = s.clock.now_ms()
            wanted = {"url": "https://new.example/"}
            for attempt in (
                s.monitors.add(GUILD, wanted, PERSON),
                s.monitors.edit(GUILD, shop.id, {"every": 90}, PERSON),
                s.silences.pause(GUILD, shop.id, by=PERSON, for_s=None),
                s.silences.mute(GUILD, [shop.id], by=PERSON, for_s=60),
                s.monitors.remove(GUILD, shop.id, PERSON),
                s.guilds.set_alerts(GUILD, channel_id=CHANNEL, by=PERSON),
                s.guilds.set_language(GUILD, "fr", PERSON),
                s.maintenance.start(GUILD, None, for_s=60, reason=None, by=PERSON),
            ):
                with pytest.raises(sqlite3.OperationalError, match="nowhere"):
                    await attempt
            assert await reported(s) == before
            assert s.entry("shop").monitor == shop
            assert s.maintenance.of_guild(GUILD) == []
            assert s.guilds.settings(GUILD).channel_id is None
            await s.db.write(lambda conn: conn.execute("DROP TRIGGER refuse") and None)
            await s.watchlist.load()
            await s.guilds.load()
            assert {m.name for m in s.monitors.of_guild(GUILD)} == {"shop", "blog"}
            assert s.entry("shop").monitor == shop
            assert s.guilds.settings(GUILD).channel_id is None
            assert s.clock.now_ms() == now_ms

    play(scenario())


_REFUSING = (
    "CREATE TRIGGER refuse BEFORE INSERT ON change BEGIN INSERT INTO nowhere VALUES (1); END"
)


def test_simultaneous_changes_of_one_site_are_listed_in_the_order_in_which_they_happened(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            shop = await s.watch("shop")
            done = await asyncio.gather(
                s.monitors.edit(GUILD, shop.id, {"name": "b"}, PERSON),
                s.silences.mute(GUILD, [shop.id], by=OTHER, for_s=60),
                s.monitors.edit(GUILD, shop.id, {"name": "c"}, OTHER),
                s.silences.pause(GUILD, shop.id, by=PERSON, for_s=None),
                s.monitors.remove(GUILD, shop.id, PERSON),
                s.monitors.remove(GUILD, shop.id, OTHER),
                s.silences.resume(GUILD, shop.id, OTHER),
                s.monitors.edit(GUILD, shop.id, {"name": "d"}, OTHER),
                return_exceptions=True,
            )
            assert [isinstance(one, UserError) for one in done] == [False] * 5 + [True] * 3
            found = await reported(s, shop.id)
            assert [row[0] for row in found] == [
                "added",
                "name",
                "muted",
                "name",
                "paused",
                "removed",
            ]
            assert found[1][2:] == ("shop", "b")
            assert found[3][2:] == ("b", "c")
            assert shop.id not in s.scheduler._plans

    play(scenario())


def test_changes_are_kept_for_a_year_and_go_in_slices(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            shop = await s.watch("shop")
            edits = [AuditEntry(GUILD, PERSON, "name", s.clock.now_ms(), shop.id)] * 1_200
            await s.db.write(lambda conn: audit_log.insert(conn, edits))
            await s.clock.advance(200 * DAY_S)
            await s.monitors.edit(GUILD, shop.id, {"name": "late"}, PERSON)
            await s.retention.sweep()
            assert (await s.audit_log.page(GUILD, None, 0, 1)).of == 1_202
            await s.clock.advance(165 * DAY_S)
            await s.retention.sweep()
            assert (await s.audit_log.page(GUILD, None, 0, 1)).of == 1_202
            await s.clock.advance(2 * DAY_S)
            await s.retention.sweep()
            assert [row[3] for row in await reported(s)] == ["late"]

    play(scenario())


def test_pages_are_counted_and_one_that_is_gone_shows_the_last(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            shop = await s.watch("shop")
            assert (await s.audit_log.page(OTHER_GUILD, None, 3, 10)).of == 1
            for number in range(24):
                await s.monitors.edit(GUILD, shop.id, {"name": f"shop {number}"}, PERSON)
            pages = [await s.audit_log.page(GUILD, shop.id, number, 10) for number in range(3)]
            assert [len(page.rows) for page in pages] == [10, 10, 5]
            ats: list[AuditEntry] = [row for page in pages for row in page.rows]
            assert ats[0].after == "shop 23"
            assert ats[-1].field == "added"
            assert await s.audit_log.page(GUILD, shop.id, 99, 10) == pages[-1]

    play(scenario())


def test_another_server_s_changes_are_never_read_and_go_with_their_server(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.guilds.seen(GUILD, "en-US")
            await s.guilds.seen(OTHER_GUILD, "en-US")
            shop = await s.watch("shop")
            await s.maintenance.start(GUILD, shop.id, for_s=60, reason=None, by=PERSON)
            await s.watch("shop", OTHER_GUILD)
            assert await reported(s, shop.id, OTHER_GUILD) == []
            assert [row[0] for row in await reported(s, None, OTHER_GUILD)] == ["added"]
            await s.guilds.left(GUILD)
            await s.clock.advance(31 * DAY_S)
            await s.retention.sweep()
            assert await reported(s) == []
            assert len(await reported(s, None, OTHER_GUILD)) == 1

    play(scenario())


def test_what_differs_is_named_in_the_order_of_the_card(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            shop = await s.watch("shop")
            after: Any = (await s.monitors.edit(GUILD, shop.id, {"role": 5, "name": "b"}, 1)).after
            assert [one.name for one in differing(shop, after)] == ["name", "role"]
            assert differing(shop, shop) == []

    play(scenario())


def holding(folder: Path, text: bytes) -> list[str]:
    return [file.name for file in folder.iterdir() if text in file.read_bytes()]


def test_secrets_go_with_their_monitor_from_every_byte_of_the_file(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            wanted = {
                "url": "https://shop.example/x?key=URLSECRET",
                "name": "Shop",
                "contains": "TXTSECRET",
                "headers": "Authorization: Bearer HDRSECRET",
            }
            shop = (await s.monitors.add(GUILD, wanted, PERSON)).monitor
            change = {"url": "https://shop.example/y?key=NEWSECRET", "contains": "NEWSECRET"}
            await s.monitors.edit(GUILD, shop.id, change, PERSON)
            seen = '{"url": "https://shop.example/SECRET"}'
            await s.db.write(lambda conn: monitors.save_certificate_warnings(conn, shop.id, seen))
            await s.monitors.remove(GUILD, shop.id, PERSON)
            found = await s.db.read(
                lambda conn: [tuple(r) for r in conn.execute("SELECT * FROM monitor").fetchall()]
            )
            reported = await s.db.read(
                lambda conn: [tuple(r) for r in conn.execute("SELECT * FROM change").fetchall()]
            )
            assert "SECRET" not in f"{found}{reported}"
            assert "https://shop.example" in f"{found}{reported}"
            assert not holding(tmp_path, b"SECRET"), "while it runs: in the write-ahead log too"

    play(scenario())
    assert b"SECRET" not in (tmp_path / "vigie.db").read_bytes()


def test_only_the_newest_changes_of_a_server_are_kept_and_long_values_are_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_log, "KEPT", 5)

    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            wanted = {"url": "https://shop.example/", "name": "Shop"}
            shop = await s.monitors.add(GUILD, wanted, PERSON)
            for number in range(9):
                url = f"https://shop.example/{'a' * 1_900}{number}?{'b' * 100}"
                await s.monitors.change(GUILD, shop.monitor.id, {"url": url}, PERSON)
            page = await s.audit_log.page(GUILD, None, 0, 50)
            assert len(page.rows) == 5
            newest = page.rows[0]
            assert newest.before is not None
            assert newest.after is not None
            assert len(newest.after) <= audit_log.TEXT_LIMIT
            assert newest.before.partition("…")[2].startswith(f"{'a' * 15}7?")
            assert newest.after.partition("…")[2].startswith(f"{'a' * 15}8?")

    play(scenario())
