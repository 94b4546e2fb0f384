"""``/history``: the past of a monitor as a picture and as numbers."""

import asyncio
import logging
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.charts.painter import Painter
from bot.charts.picture import DayGrid, Picture
from bot.db import incidents as table
from bot.db import results, rollups
from bot.db.database import Connection
from bot.db.results import ResultRow
from bot.models import Cause, Ending, Incident, Kind, Monitor, Reason
from bot.services.monitor_rules import MonitorIndex
from tests.cogs.bot_fixture import BotFixture, run_with_bot, until

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
PNG = b"\x89PNG\r\n\x1a\n"


async def unchecked(fixture: BotFixture) -> Monitor:
    """A monitor that no check has been made of yet, as after an import."""
    new = {"url": fixture.site.url, "name": "Shop", "every": 3600}
    now = fixture.app.monitors.draft(fixture.guild_id, new, MonitorIndex())
    draft = replace(now, created_ms=now.created_ms - HOUR_MS)
    return (await fixture.app.monitors.keep(fixture.guild_id, [draft], by=1))[0]


async def add(fixture: BotFixture, name: str = "Shop", **more: Any) -> Monitor:
    """A monitor that will not be checked again while the test runs, two days old."""
    await fixture.run("watch add", url=fixture.site.url, name=name, every=3600, **more)
    entry = fixture.app.watchlist.get(
        fixture.guild_id, fixture.app.monitors.find(fixture.guild_id, name).id
    )
    entry.monitor = replace(
        entry.monitor, interval_s=60, created_ms=fixture.app.clock.now_ms() - 48 * HOUR_MS
    )
    return entry.monitor


async def fill(fixture: BotFixture, monitor: Monitor, hours: Iterable[int] = range(26)) -> None:
    """Checks of 120 ms, a minute apart, in these hours counted back from now."""
    now_ms = fixture.app.clock.now_ms()
    rows = [
        ResultRow(now_ms - hour * HOUR_MS - minute * MINUTE_MS, monitor.id, 120, None)
        for hour in hours
        for minute in range(60)
    ]
    await fixture.app.recorder._db.write(lambda conn: results.append(conn, rows))


async def outage(fixture: BotFixture, monitor: Monitor, hours_ago: int, minutes: int) -> None:
    since_ms = fixture.app.clock.now_ms() - hours_ago * HOUR_MS
    ended_ms = since_ms + minutes * MINUTE_MS
    incident = Incident(
        id=0,
        public_id="",
        guild_id=fixture.guild_id,
        monitor_id=monitor.id,
        name=monitor.name,
        url=monitor.target.url,
        interval_s=60,
        kind=Kind.DOWN,
        cause=Cause(Reason.HTTP, 503),
        since_ms=since_ms,
        opened_ms=since_ms + MINUTE_MS,
    )

    def write(conn: Connection) -> None:
        stored = table.insert(conn, incident)
        over = replace(stored, resolved_ms=ended_ms, ended_ms=ended_ms, ending=Ending.RESOLVED)
        table.update(conn, over)

    await fixture.app.recorder._db.write(write)


async def offline(fixture: BotFixture, hours_ago: int, minutes: int) -> None:
    begin_ms = fixture.app.clock.now_ms() - hours_ago * HOUR_MS
    end_ms = begin_ms + minutes * MINUTE_MS
    await fixture.app.recorder._db.write(lambda conn: rollups.add_gap(conn, begin_ms, end_ms))


def field(embed: dict[str, Any], name: str) -> str:
    return str(next(one["value"] for one in embed["fields"] if one["name"] == name))


def test_everybody_is_shown_a_picture_and_the_same_numbers_alone(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        shop = await add(fixture, "مرحبا $x$ **Shop** 🚀")
        await fill(fixture, shop)
        await outage(fixture, shop, hours_ago=10, minutes=18)
        await offline(fixture, hours_ago=5, minutes=12)
        answer = await fixture.run("history", who="Member", monitor=str(shop.id))
        assert answer.ephemeral
        assert answer.deferred, "drawing always takes its time"
        [embed] = answer.embeds
        assert embed["title"].endswith("مرحبا $x$ \\*\\*Shop\\*\\* 🚀")
        assert embed["description"] == "**Last 24 hours**"
        assert field(embed, "Down") == "1 time · 18 min"
        assert field(embed, "Unstable") == "never"
        assert field(embed, "Response time").startswith("median 120 ms · 95% within 120 ms")
        assert field(embed, "Not watched") == "12 min"
        assert field(embed, "Uptime").startswith("98.7")
        [file] = answer.attachments
        picture = fixture.sandbox._core.attachments.files[file["id"]].data
        assert picture.startswith(PNG)
        assert (file["width"], file["height"]) == (1600, 600)
        assert file["size"] < 100_000
        assert "Down: 1 time · 18 min" in file["description"]
        assert file["description"].startswith("مرحبا $x$ **Shop** 🚀, Last 24 hours.")
        assert "matplotlib" not in sys.modules, "it is the child's alone"

    run_with_bot(tmp_path, scenario)


def test_without_the_right_to_attach_files_the_past_is_a_line_of_text(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        shop = await add(fixture)
        await fill(fixture, shop, [hour for hour in range(26) if hour not in {14, 15}])
        await outage(fixture, shop, hours_ago=10, minutes=18)
        fixture.sandbox.admin.set_permissions("general", deny="ATTACH_FILES")
        answer = await fixture.run("history", monitor="Shop")
        assert answer.ephemeral
        assert not answer.deferred, "nothing is drawn"
        assert not answer.attachments
        said = answer.embeds[0]["description"]
        assert "I can't attach files in this channel" in said
        line = said.split("```")[1].strip()
        assert len(line) == 30
        assert set(line) == {"█", "✖", "·"}
        assert line.count("✖") <= 2
        assert "`█` 120 ms · `✖` down · `·` not watched" in said
        assert field(answer.embeds[0], "Down") == "1 time · 18 min"

    run_with_bot(tmp_path, scenario)


def test_a_picture_that_cannot_be_drawn_costs_the_picture_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        shop = await add(fixture)
        await fill(fixture, shop)
        fixture.app.services.painter._command = (
            sys.executable,
            "-c",
            "raise SystemExit('no paint')",
        )
        with caplog.at_level(logging.ERROR):
            answer = await fixture.run("history", monitor="Shop")
        assert "no paint" in caplog.text
        assert "The picture could not be drawn this time" in answer.text
        assert "█" * 30 in answer.text
        assert field(answer.embeds[0], "Down") == "never"

    run_with_bot(tmp_path, scenario)


def test_a_slow_drawing_is_waited_for_behind_a_deferred_answer(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        shop = await add(fixture)
        await fill(fixture, shop)
        hangs = (sys.executable, "-c", "import time; time.sleep(60)")
        fixture.app.services.painter._command = hangs
        fixture.app.services.painter._limit_s = 0.3
        begin = time.monotonic()
        answer = await fixture.run("history", monitor="Shop")
        assert answer.deferred
        assert time.monotonic() - begin < 50, "it sleeps for a minute"
        assert "The picture could not be drawn this time" in answer.text

    run_with_bot(tmp_path, scenario)


def test_one_person_has_one_picture_drawn_at_a_time(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        shop = await add(fixture)
        await fill(fixture, shop)
        fixture.app.services.painter._command = (
            sys.executable,
            "-c",
            "import time; time.sleep(60)",
        )
        fixture.app.services.painter._limit_s = 3.0
        first = asyncio.create_task(fixture.run("history", monitor="Shop"))
        await asyncio.sleep(0.5)
        again = await fixture.run("history", monitor="Shop")
        assert "I am still drawing another picture for you" in again.text
        other = await fixture.run("history", who="Member", monitor="Shop")
        assert "The picture could not be drawn this time" in other.text
        await first

    run_with_bot(tmp_path, scenario)


def test_a_new_monitor_is_answered_in_words(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await unchecked(fixture)
        answer = await fixture.run("history", monitor="Shop")
        assert answer.content.startswith("Nothing to show for Shop yet")
        assert not answer.attachments
        await fixture.run("watch pause", monitor="Shop")
        paused = await fixture.run("history", monitor="Shop", period="7d", locale="fr")
        assert paused.content == "Je n’ai pas surveillé Shop pendant ce temps."

    run_with_bot(tmp_path, scenario)


def test_a_single_answer_is_a_number_and_no_picture(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        shop = await unchecked(fixture)
        row = ResultRow(fixture.app.clock.now_ms() - MINUTE_MS, shop.id, 77, None)
        await fixture.app.recorder._db.write(lambda conn: results.append(conn, [row]))
        answer = await fixture.run("history", monitor="Shop")
        assert not answer.attachments
        assert "median 77 ms" in answer.text

    run_with_bot(tmp_path, scenario)


def test_a_young_monitor_says_since_when_it_is_watched(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        shop = await add(fixture)
        await fill(fixture, shop)
        answer = await fixture.run("history", monitor="Shop", period="90d", locale="fr")
        said = answer.embeds[0]["description"]
        assert said.startswith("**90\u202fderniers jours**\nSurveillé depuis le <t:")
        assert answer.attachments[0]["description"].startswith("Shop, 90\u202fderniers jours.")

    run_with_bot(tmp_path, scenario)


def test_the_command_and_its_choices_are_french_for_the_french(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        command = next(one for one in fixture.sandbox.commands if one["name"] == "history")
        assert command["name_localizations"]["fr"] == "historique"
        monitor, period = command["options"]
        assert monitor["required"]
        assert not period.get("required")
        assert [one["value"] for one in period["choices"]] == ["24h", "7d", "30d", "90d"]
        french = [one["name_localizations"]["fr"] for one in period["choices"]]
        assert french == ["24\u202fheures", "7\u202fjours", "30\u202fjours", "90\u202fjours"]

    run_with_bot(tmp_path, scenario)


def test_another_server_does_not_know_it(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        shop = await add(fixture)
        await fill(fixture, shop)
        fixture.sandbox.admin.add_guild("Lagoon", ("lounge",))
        await until(lambda: len(fixture.app.guilds.known()) > 1)
        for asked in ("Shop", str(shop.id)):
            answer = await fixture.run("history", where="lounge", monitor=asked)
            assert answer.content.startswith("I watch nothing called")
        assert await fixture.sandbox.autocomplete("Admin", "lounge", "history", "monitor") == []

    run_with_bot(tmp_path, scenario)


def test_the_axis_shows_the_clock_of_the_server(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        shop = await add(fixture)
        await fill(fixture, shop)
        await fixture.app.guilds.set_timezone(fixture.guild_id, "America/New_York", 1)
        seen: list[Picture] = []

        class Watching(Painter):
            async def paint(self, picture: Picture | DayGrid) -> bytes | None:
                assert isinstance(picture, Picture)
                seen.append(picture)
                return await super().paint(picture)

        object.__setattr__(fixture.app.services, "painter", Watching())
        answer = await fixture.run("history", monitor="Shop", locale="fr")
        assert answer.attachments
        assert seen[0].labels.zone == "New York"
        assert seen[0].labels.down == "✖ en panne"
        midnight = next(one for one in seen[0].time_ticks if ":" not in one.label)
        there = datetime.fromtimestamp(midnight.at / 1000, ZoneInfo("America/New_York"))
        assert (there.hour, there.minute) == (0, 0)

    run_with_bot(tmp_path, scenario)


def test_in_the_first_hours_it_says_why_there_is_no_picture(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        await fixture.run("watch add", url=fixture.site.url, name="Shop", every=1)
        await until(
            lambda: (
                (s := fixture.app.services.status.overview(fixture.guild_id)) and s[0].state == "up"
            )
        )
        await fixture.app.recorder.flush()
        answer = await fixture.run("history", monitor="Shop")
        assert answer.content.startswith("No picture yet: it has a point for every ")
        assert answer.attachments == []

    run_with_bot(tmp_path, scenario)
