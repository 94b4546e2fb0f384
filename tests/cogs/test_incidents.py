"""``/incidents``: the timeline, and who may read what of it."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from bot.db import incidents as table
from bot.models import Cause, Ending, Incident, Kind, Reason
from sandbox import Answer, Sandbox
from tests.cogs.bot_fixture import BotFixture, run_with_bot, running_bot

HOUR_MS = 3_600_000


async def history(fixture: BotFixture, count: int, name: str = "Shop", **more: Any) -> None:
    """A monitor of that name with so many incidents of the past, an hour apart."""
    await fixture.run("watch add", url=fixture.site.url, name=name, **more)
    monitor = fixture.app.monitors.find(fixture.guild_id, name)
    now_ms = fixture.app.clock.now_ms()
    channel_id = int(more["channel"]) if "channel" in more else fixture.channel_id("alerts")
    for number in range(count):
        since_ms = now_ms - (number + 1) * HOUR_MS
        incident = Incident(
            id=0,
            public_id="",
            guild_id=fixture.guild_id,
            monitor_id=monitor.id,
            name=name,
            url=monitor.target.url,
            interval_s=60,
            kind=Kind.DOWN,
            cause=Cause(Reason.HTTP, 503),
            since_ms=since_ms,
            opened_ms=since_ms + 60_000,
            channel_id=channel_id,
        )
        await _keep(fixture, incident)


async def _keep(fixture: BotFixture, incident: Incident) -> None:
    ended_ms = incident.since_ms + 12 * 60_000
    over = {"resolved_ms": ended_ms, "ended_ms": ended_ms, "ending": Ending.RESOLVED}

    def write(conn: Any) -> None:
        stored = table.insert(conn, incident)
        table.update(conn, replace(stored, **over))  # type: ignore[arg-type]

    await fixture.app.recorder._db.write(write)


def lines(answer: Answer) -> list[str]:
    return str(answer.embeds[0]["description"]).splitlines()


def test_the_timeline_is_newest_first_in_pages(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        nothing = await fixture.run("incidents", who="Member")
        assert nothing.content == "Nothing is watched yet."
        await fixture.run("watch add", url=fixture.site.url, name="Calm")
        nothing = await fixture.run("incidents", who="Member")
        assert nothing.content == "No incidents in the last 30 days."
        await history(fixture, 23)
        first = await fixture.run("incidents", who="Member", days=2)
        assert first.ephemeral
        assert first.embeds[0]["title"] == "23 incidents in the last 2 days"
        assert len(lines(first)) == 10
        times = [int(line.split(":")[1]) for line in lines(first)]
        assert times == sorted(times, reverse=True)
        assert "**🔴 DOWN** · Shop · " in lines(first)[0]
        assert lines(first)[0].endswith("🟢 over after 12 min")
        assert first.buttons == ["◀", "▶"]
        await fixture.sandbox.press("Member", first, "▶")
        second = fixture.sandbox.look(first)
        assert second.embeds[0]["footer"]["text"] == "Page 2 of 3"
        assert int(lines(second)[0].split(":")[1]) < times[-1]
        await fixture.sandbox.press("Member", second, "▶", locale="fr")
        third = fixture.sandbox.look(first)
        assert len(lines(third)) == 3
        assert "fini après 12\u202fmin" in lines(third)[0]
        one = await fixture.run("incidents", monitor="shop", days=1)
        assert one.embeds[0]["title"].startswith("23 incidents in the last 1 day")

    run_with_bot(tmp_path, scenario)


def test_what_a_probe_saw_is_for_managers_alone(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        await history(fixture, 1)
        assert "HTTP 503" in (await fixture.run("incidents")).text
        seen = await fixture.run("incidents", who="Member")
        assert "HTTP" not in seen.text
        assert "Shop" in seen.text

    run_with_bot(tmp_path, scenario)


def test_incidents_of_hidden_channels_are_left_out(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        hidden = fixture.sandbox.admin.add_channel("Harbour", "secret")
        fixture.sandbox.admin.set_permissions("secret", "@everyone", deny="VIEW_CHANNEL")
        await history(fixture, 1, "Vault", channel=hidden.id)
        await history(fixture, 1, "Shop")
        assert "Vault" in (await fixture.run("incidents")).text
        seen = await fixture.run("incidents", who="Member")
        assert "Vault" not in seen.text
        assert "1 incident" in seen.text
        refused = await fixture.run("incidents", who="Member", monitor="Vault")
        assert refused.content.startswith("I watch nothing called “Vault” here.")
        offered = await fixture.sandbox.autocomplete("Member", "general", "incidents", "monitor")
        assert [one["name"] for one in offered] == ["Shop"]

    run_with_bot(tmp_path, scenario)


def test_an_open_incident_and_a_removed_monitor_say_so(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        await fixture.run("watch add", url=fixture.site.url, name="**Shop** @everyone", every=1)
        fixture.site.status = 503
        await fixture.sandbox.wait_for_message("alerts", "DOWN")
        going_on = await fixture.run("incidents", who="Member")
        assert going_on.embeds[0]["title"] == "1 incident · 1 open in the last 30 days"
        assert lines(going_on)[0].endswith("still open")
        assert "\\*\\*Shop\\*\\* \\@everyone" in going_on.text
        await fixture.remove("**Shop** @everyone")
        ended = await fixture.run("incidents", who="Member")
        assert "no longer watched after" in lines(ended)[0]

    run_with_bot(tmp_path, scenario)


def test_answers_come_in_time_though_the_store_is_busy_and_pages_outlive_a_restart(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox:
            async with running_bot(tmp_path, sandbox=sandbox) as fixture:
                await fixture.set_channel("alerts")
                await history(fixture, 11)
                busy = asyncio.create_task(
                    fixture.app.recorder._db.write(lambda _conn: time.sleep(1.4))
                )
                await asyncio.sleep(0.05)
                answers = await asyncio.gather(
                    fixture.run("incidents"),
                    fixture.run("watch edit", monitor="Shop", slow_ms=900),
                    fixture.run("alerts language", language="fr"),
                    fixture.run("alerts test"),
                )
                await busy
                assert all(answer.deferred and answer.ephemeral for answer in answers)
                first, changed, *_ = answers
                assert first.embeds[0]["title"].startswith("11 incidents")
                assert "Changed: Slow limit (ms)." in changed.content
            async with running_bot(tmp_path, sandbox=sandbox):
                await sandbox.press("Admin", first, "▶")
                assert sandbox.look(first).embeds[0]["footer"]["text"] == "Page 2 of 2"

    asyncio.run(scenario())
