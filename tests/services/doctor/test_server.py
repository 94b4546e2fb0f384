"""What the doctor says of one server: its sites, its messages, what is stored of it."""

import asyncio
from pathlib import Path

from bot.config import Config
from bot.db import blocked_channels, outbox
from bot.db.database import Connection
from bot.db.outbox import Work
from bot.engine.check_queue import Wait
from bot.services.doctor.findings import Finding, Grade, stored_lines
from bot.services.doctor.server import Doctor
from bot.words.translator import translator_for
from tests.services.services_fixture import (
    CHANNEL,
    GUILD,
    OTHER_GUILD,
    PERSON,
    ServicesFixture,
    services_fixture,
)

DAY_S = 86_400
CONFIG = Config(max_monitors=3)
WORDS = translator_for("en")


def at(ms: int) -> str:
    return f"<t:{ms // 1000}:f>"


def doctor(s: ServicesFixture) -> Doctor:
    return Doctor(
        s.db,
        s.clock,
        CONFIG,
        s.status,
        s.delivery,
        connectivity=s.connectivity,
        checks=s.checks,
        stalls=s.stalls,
        place_watch=s.place_watch,
    )


async def found(s: ServicesFixture, one: Doctor | None = None) -> dict[str, Finding]:
    """By name."""
    return {f.name: f for f in await (one or doctor(s)).examine(GUILD, WORDS, "/{}".format)}


def is_well(finding: Finding) -> bool:
    return finding.grade is Grade.OK and finding.fix is None


def test_a_full_server_is_reported_how_to_make_room(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            assert (await found(s))["Sites"].fix == "Start with /watch add."
            for name in ("a", "b"):
                await s.watch(name)
            assert is_well((await found(s))["Sites"])
            await s.watch("c")
            full = (await found(s))["Sites"]
            assert (full.grade, full.text) == (Grade.WARNING, "3 watched; up to 3 are possible")
            assert "VIGIE_MAX_MONITORS" in (full.fix or "")

    asyncio.run(scenario())


def test_what_is_paused_takes_room_but_is_not_watched(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("a")
            paused = await s.watch("b")
            await s.silences.pause(GUILD, paused.id, by=PERSON, for_s=None)
            text = (await found(s))["Sites"].text
            assert text == "1 watched, 1 paused; up to 3 are possible"

    asyncio.run(scenario())


def test_a_pause_of_a_week_and_a_mute_of_a_day_are_looked_at(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            shop, api = await s.watch("shop"), await s.watch("api")
            await s.silences.pause(GUILD, shop.id, by=PERSON, for_s=None)
            await s.silences.mute(GUILD, [api.id], by=PERSON, for_s=3_600)
            report = await found(s)
            assert is_well(report["Paused"])
            assert report["Paused"].text == "shop"
            assert is_well(report["Muted"])
            await s.silences.mute(GUILD, [api.id], by=PERSON, for_s=3 * DAY_S)
            assert (await found(s))["Muted"].grade is Grade.WARNING
            await s.clock.advance(8 * DAY_S)
            report = await found(s)
            assert report["Paused"].grade is Grade.WARNING
            assert "/watch resume" in (report["Paused"].fix or "")
            assert "Muted" not in report, "it is over"

    asyncio.run(scenario())


def test_mutes_and_maintenance_that_end_apart_are_reported_apart(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            shop, api, blog = [await s.watch(name) for name in ("shop", "api", "blog")]
            now_ms = s.clock.now_ms()
            short_ms, long_ms = now_ms + 1_800_000, now_ms + 7 * DAY_S * 1000
            await s.silences.mute(GUILD, [shop.id], by=PERSON, for_s=1_800)
            await s.silences.mute(GUILD, [blog.id], by=PERSON, for_s=3_600)
            hour_ms = now_ms + 3_600_000
            expected = (
                f"blog and shop: the first until {at(short_ms)}, the last until {at(hour_ms)}."
            )
            assert (await found(s))["Muted"].text == expected
            await s.silences.mute(GUILD, [api.id], by=PERSON, for_s=7 * DAY_S)
            muted = (await found(s))["Muted"]
            assert (muted.grade, muted.text) == (Grade.WARNING, f"api, until {at(long_ms)}.")
            for one, for_s in ((shop, 3_600), (api, 7_200)):
                await s.maintenance.start(GUILD, one.id, for_s=for_s, reason=None, by=PERSON)
            planned = (await found(s))["In maintenance"]
            assert is_well(planned)
            assert planned.text == (
                f"api and shop: the first until {at(hour_ms)},"
                f" the last until {at(now_ms + 7_200_000)}."
            )

    asyncio.run(scenario())


def test_what_is_not_checked_any_more_is_broken_but_not_after_a_gap(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            one = doctor(s)
            await s.clock.advance(200)
            assert "Checks" not in await found(s, one)
            await s.clock.advance(200)
            assert (await found(s, one))["Checks"].grade is Grade.BROKEN
            assert "Checks" not in await found(s), "a doctor that has just begun cannot say"
            s.online_check.online = False
            await s.connectivity.is_our_outage(0.0, s.clock.now_ms())
            report = await found(s, one)
            assert "Checks" not in report
            assert report["My own connection"].grade is Grade.BROKEN
            s.online_check.online = True
            await s.connectivity.recheck()
            assert "Checks" not in await found(s, one), "the next round comes soon"

    asyncio.run(scenario())


def test_messages_that_wait_or_were_given_up_are_reported_with_what_discord_said(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            now_ms = s.clock.now_ms()

            def wait(conn: Connection) -> None:
                for guild_id in (GUILD, OTHER_GUILD):
                    outbox.add(
                        conn,
                        guild_id=guild_id,
                        channel_id=CHANNEL,
                        kind=Work.NOTICE,
                        now_ms=now_ms,
                    )
                outbox.failed(conn, [1], "503 Service Unavailable")

            await s.guilds.ensure(OTHER_GUILD)
            await s.db.write(wait)
            sent = (await found(s))["Delivery"]
            assert is_well(sent), "it is being sent"
            assert sent.text == "1 message is on its way. Discord said: `503 Service Unavailable`"
            await s.db.write(
                lambda conn: blocked_channels.block(
                    conn, GUILD, CHANNEL, now_ms, until_ms=now_ms + 60_000, reason="refused"
                )
            )
            refused = (await found(s))["Delivery"]
            assert refused.grade is Grade.WARNING, "its channel takes nothing, so it waits"
            assert refused.text.startswith(f"1 message is waiting, since {at(now_ms)}.")
            await s.clock.advance(180)
            late = (await found(s))["Delivery"]
            assert late.text == (
                f"1 message is waiting, since {at(now_ms)}. Discord said: `503 Service Unavailable`"
            )
            await s.db.write(lambda conn: outbox.finish(conn, [1], "dead"))
            dead = (await found(s))["Delivery"]
            assert dead.text.startswith("1 message in the last week could not be delivered.")
            assert dead.fix == "/alerts test shows whether alerts arrive now."
            await s.clock.advance(8 * DAY_S)
            assert is_well((await found(s))["Delivery"])

    asyncio.run(scenario())


def test_a_refused_token_and_a_silent_discord_are_reported(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            assert "Discord" not in await found(s)
            s.delivery.throttle.stopped = True
            assert (await found(s))["Discord"].grade is Grade.BROKEN

    asyncio.run(scenario())


def test_what_fails_for_a_week_is_asked_about(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.play({"shop": "OOOFFFF"})
            assert s.entry("shop").incident is not None
            assert "Failing" not in await found(s)
            await s.clock.advance(8 * DAY_S)
            failing = (await found(s))["Failing"]
            assert "shop" in failing.text
            assert "/watch remove" in (failing.fix or "")

    asyncio.run(scenario())


def test_what_is_stored_is_counted_for_one_server_alone(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            shop = await s.watch("shop")
            await s.watch("api", OTHER_GUILD)
            await s.play({"shop": "OOOFFFF"})
            incident = s.entry("shop").incident
            assert incident is not None
            await s.incidents.follow(GUILD, incident.public_id, 77, "tell_me")
            await s.monitors.remove(GUILD, shop.id, PERSON)
            await s.watch("shop")
            kept = await doctor(s).stored(GUILD)
            assert (kept.servers, kept.monitors, kept.removed) == (1, 1, 1)
            assert (kept.incidents, kept.messages, kept.people) == (1, 1, 2)
            other = await doctor(s).stored(OTHER_GUILD)
            assert (other.monitors, other.incidents, other.messages) == (1, 0, 0)
            lines = stored_lines(WORDS, kept)
            assert lines[0].startswith("**Kept indefinitely** · 1 site, 1 removed one, 1 incident,")
            assert lines[-1] == "**30 days after I am removed** · everything is deleted"
            assert (await doctor(s).stored(99)).first_ms == 0

    asyncio.run(scenario())


def test_checks_that_wait_long_for_their_turn_are_said_to_their_server_alone(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            assert "Checks" not in await found(s)
            now = s.clock.monotonic()
            s.checks.waits += [
                Wait(OTHER_GUILD, now, 300.0, "theirs.example:443"),
                Wait(GUILD, now, 5.0, "shop.example:443"),
            ]
            assert "Checks" not in await found(s)
            s.checks.waits.append(Wait(GUILD, now, 45.0, "shop.example:443"))
            said = (await found(s))["Checks"]
            assert said.grade is Grade.WARNING
            assert (
                said.text
                == "`shop.example:443` is slow: one of the sites there waited 45 s for its turn"
            )
            await s.clock.advance(700)
            assert "Checks" not in await found(s)

    asyncio.run(scenario())


def test_a_machine_that_keeps_standing_still_is_said(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            measuring = asyncio.ensure_future(s.stalls.run())
            for _ in range(3):
                await s.clock.advance(5)
                assert "Checks" not in await found(s)
                s.clock.jump(2)
            await s.clock.advance(1)
            said = (await found(s))["Checks"]
            assert said.text.startswith("I froze 3 times in ten minutes")
            measuring.cancel()
            await asyncio.gather(measuring, return_exceptions=True)

    asyncio.run(scenario())
