"""``/incidents``: the timeline, and who may read what of it."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from bot.db import incidents as table
from bot.models import Cause, Ending, Incident, Kind, Reason
from sandbox import Answer, Sandbox
from tests.cogs.harbour import Harbour, harbour, sail

HOUR_MS = 3_600_000


async def history(ship: Harbour, count: int, name: str = "Shop", **more: Any) -> None:
    """A monitor of that name with so many incidents of the past, an hour apart."""
    await ship.run("watch add", url=ship.site.url, name=name, **more)
    monitor = ship.app.monitors.find(ship.guild_id, name)
    now_ms = ship.app.clock.now_ms()
    channel_id = int(more["channel"]) if "channel" in more else ship.channel_id("alerts")
    for number in range(count):
        since_ms = now_ms - (number + 1) * HOUR_MS
        incident = Incident(
            id=0,
            public_id="",
            guild_id=ship.guild_id,
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
        await _keep(ship, incident)


async def _keep(ship: Harbour, incident: Incident) -> None:
    ended_ms = incident.since_ms + 12 * 60_000
    over = {"resolved_ms": ended_ms, "ended_ms": ended_ms, "ending": Ending.RESOLVED}

    def write(conn: Any) -> None:
        stored = table.insert(conn, incident)
        table.update(conn, replace(stored, **over))  # type: ignore[arg-type]

    await ship.app.recorder._db.write(write)


def lines(answer: Answer) -> list[str]:
    return str(answer.embeds[0]["description"]).splitlines()


def test_the_timeline_is_newest_first_in_pages(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        await ship.set_channel("alerts")
        nothing = await ship.run("incidents", who="Member")
        assert nothing.content == "Nothing is watched yet."
        await ship.run("watch add", url=ship.site.url, name="Calm")
        nothing = await ship.run("incidents", who="Member")
        assert nothing.content == "No incidents in the last 30 days."
        await history(ship, 23)
        first = await ship.run("incidents", who="Member", days=2)
        assert first.ephemeral
        assert first.embeds[0]["title"] == "23 incidents in the last 2 days"
        assert len(lines(first)) == 10
        times = [int(line.split(":")[1]) for line in lines(first)]
        assert times == sorted(times, reverse=True)
        assert "**✖ DOWN** · Shop · " in lines(first)[0]
        assert lines(first)[0].endswith("✔ over after 12 min")
        assert first.buttons == ["◀", "▶"]
        await ship.sandbox.press("Member", first, "▶")
        second = ship.sandbox.look(first)
        assert second.embeds[0]["footer"]["text"] == "Page 2 of 3"
        assert int(lines(second)[0].split(":")[1]) < times[-1]
        await ship.sandbox.press("Member", second, "▶", locale="fr")
        third = ship.sandbox.look(first)
        assert len(lines(third)) == 3
        assert "fini après 12\u202fmin" in lines(third)[0]
        one = await ship.run("incidents", monitor="shop", days=1)
        assert one.embeds[0]["title"].startswith("23 incidents in the last 1 day")

    sail(tmp_path, scenario)


def test_what_a_probe_saw_is_for_managers_alone(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        await ship.set_channel("alerts")
        await history(ship, 1)
        assert "HTTP 503" in (await ship.run("incidents")).text
        seen = await ship.run("incidents", who="Member")
        assert "HTTP" not in seen.text
        assert "Shop" in seen.text

    sail(tmp_path, scenario)


def test_incidents_of_hidden_channels_are_left_out(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        await ship.set_channel("alerts")
        hidden = ship.sandbox.admin.add_channel("Harbour", "secret")
        ship.sandbox.admin.set_permissions("secret", "@everyone", deny="VIEW_CHANNEL")
        await history(ship, 1, "Vault", channel=hidden.id)
        await history(ship, 1, "Shop")
        assert "Vault" in (await ship.run("incidents")).text
        seen = await ship.run("incidents", who="Member")
        assert "Vault" not in seen.text
        assert "1 incident" in seen.text
        refused = await ship.run("incidents", who="Member", monitor="Vault")
        assert refused.content.startswith("I watch nothing called “Vault” here.")
        offered = await ship.sandbox.autocomplete("Member", "general", "incidents", "monitor")
        assert [one["name"] for one in offered] == ["Shop"]

    sail(tmp_path, scenario)


def test_an_open_incident_and_a_removed_monitor_say_so(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        await ship.set_channel("alerts")
        await ship.run("watch add", url=ship.site.url, name="**Shop** @everyone", every=1)
        ship.site.status = 503
        await ship.sandbox.wait_for_message("alerts", "DOWN", 15)
        going_on = await ship.run("incidents", who="Member")
        assert going_on.embeds[0]["title"] == "1 incident · 1 open in the last 30 days"
        assert lines(going_on)[0].endswith("still going on")
        assert "\\*\\*Shop\\*\\* \\@everyone" in going_on.text
        await ship.remove("**Shop** @everyone")
        ended = await ship.run("incidents", who="Member")
        assert "no longer watched after" in lines(ended)[0]

    sail(tmp_path, scenario)


def test_answers_come_in_time_though_the_store_is_busy_and_pages_outlive_a_restart(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox:
            async with harbour(tmp_path, sandbox=sandbox) as ship:
                await ship.set_channel("alerts")
                await history(ship, 11)
                busy = asyncio.create_task(
                    ship.app.recorder._db.write(lambda _conn: time.sleep(1.4))
                )
                await asyncio.sleep(0.05)
                answers = await asyncio.gather(
                    ship.run("incidents"),
                    ship.run("watch edit", monitor="Shop", slow_ms=900),
                    ship.run("alerts language", language="fr"),
                    ship.run("alerts test"),
                )
                await busy
                assert all(answer.deferred and answer.ephemeral for answer in answers)
                first, changed, *_ = answers
                assert first.embeds[0]["title"].startswith("11 incidents")
                assert "Changed: Slow from this many milliseconds." in changed.content
            async with harbour(tmp_path, sandbox=sandbox):
                await sandbox.press("Admin", first, "▶")
                assert sandbox.look(first).embeds[0]["footer"]["text"] == "Page 2 of 2"

    asyncio.run(scenario())
