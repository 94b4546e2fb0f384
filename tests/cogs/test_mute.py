"""``/mute``: a site kept quiet for a while, by whoever may."""

import asyncio
from pathlib import Path

import pytest

from bot.models import Monitor
from sandbox import Refused, Sandbox
from tests.cogs.bot_fixture import BotFixture, run_with_bot, running_bot, until

DAY_MS = 86_400_000


def shop(fixture: BotFixture) -> Monitor:
    return fixture.app.monitors.find(fixture.guild_id, "Shop")


async def add(fixture: BotFixture) -> None:
    await fixture.set_channel("alerts")
    await fixture.run("watch add", url=fixture.site.url, name="Shop")


def test_a_moderator_mutes_a_site_and_reads_until_when_and_how_to_undo_it(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await add(fixture)
        now_ms = fixture.app.clock.now_ms()
        answer = await fixture.run("mute", who="Moderator", monitor="Shop", for_="2h")
        until_ms = shop(fixture).muted_until_ms or 0
        assert 7_199_000 <= until_ms - now_ms <= 7_210_000
        assert answer.ephemeral
        first, meanwhile, undo = answer.content.split("\n")
        assert first == f"Alerts for Shop are muted until <t:{until_ms // 1000}:f>."
        assert meanwhile.endswith(
            "what fails meanwhile is reported at the end if it is still failing."
        )
        assert undo.startswith("To unmute it sooner: </mute:")
        assert undo.endswith("> with “off”.")
        shown = await fixture.run("status", who="Member")
        assert "🟢 UP · MUTED" in shown.text or "⚪ PENDING · MUTED" in shown.text
        assert "1 muted" in (await fixture.run("watch list")).text
        again = await fixture.run("mute", monitor="Shop", for_="1d")
        assert "<t:" in again.content
        assert (shop(fixture).muted_until_ms or 0) > until_ms, "the second replaces the first"
        off = await fixture.run("mute", who="Moderator", monitor="Shop", for_="OFF")
        assert off.content == "Alerts for Shop are on again. What is still failing is reported now."
        assert shop(fixture).muted_until_ms is None
        for nothing in ("0", "0m", "off", "non", "stop"):
            answer = await fixture.run("mute", monitor="Shop", for_=nothing)
            assert answer.content == "Shop was not muted."

    run_with_bot(tmp_path, scenario)


def test_what_else_keeps_a_site_quiet_is_reported_when_its_mute_is_lifted(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await add(fixture)
        await fixture.run("mute", monitor="Shop", for_="1h")
        await fixture.run("maintenance start", monitor="Shop", for_="2h")
        off = await fixture.run("mute", monitor="Shop", for_="off")
        assert off.content.startswith("Shop is no longer muted, but in maintenance until <t:")
        assert off.content.endswith(":f>; alerts are silenced until then.")
        await fixture.run("mute", monitor="Shop", for_="1h")
        await fixture.run("watch pause", monitor="Shop")
        off = await fixture.run("mute", monitor="Shop", for_="off")
        assert off.content == "Shop is no longer muted, but it is paused: no checks, no alerts."

    run_with_bot(tmp_path, scenario)


def test_lengths_are_offered_in_the_asker_s_language_and_bounded(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await add(fixture)

        async def offered(typed: str, locale: str = "en-US") -> dict[str, str]:
            found = await fixture.sandbox.autocomplete(
                "Moderator", "general", "mute", "for", typed, locale=locale
            )
            return {one["value"]: one["name"] for one in found}

        common = await offered("")
        assert list(common)[:3] == ["30m", "1h", "2h"]
        assert common["off"] == "off: unmute"
        assert (await offered("1d"))["1d"] == "1 day"
        assert await offered("non") == {"off": "off: unmute"}
        assert await offered("90m") == {"90m": "1 h 30 min"}
        assert (await offered("", "fr"))["1d"] == "1\u202fjour"
        assert await offered("400d") == {}
        for too_long in ("31d", "40 j"):
            answer = await fixture.run("mute", monitor="Shop", for_=too_long)
            assert answer.content == "That is too long for a mute: at most 30 days."
        odd = await fixture.run("mute", monitor="Shop", for_="soon")
        assert odd.content.endswith("Examples: 30m, 2h, 1d, 1h30.")
        assert shop(fixture).muted_until_ms is None
        assert "muted until" in (await fixture.run("mute", monitor="Shop", for_="30d")).content

    run_with_bot(tmp_path, scenario)


def test_members_may_not_mute_unless_their_server_lets_them(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        fixture.sandbox.admin.add_user("Nurse", "Harbour")
        fixture.sandbox.admin.give_role("Harbour", "Nurse", "On call")
        await fixture.set_channel("alerts")
        await fixture.run("watch add", url=fixture.site.url, name="Shop")
        with pytest.raises(Refused):
            await fixture.run("mute", who="Member", monitor="Shop", for_="1h")
        fixture.give("mute", "On call")
        for length in ("1h", "off"):
            with pytest.raises(Refused):
                await fixture.run("mute", who="Member", monitor="Shop", for_=length)
        french = await fixture.run("mute", who="Nurse", monitor="Shop", for_="1h", locale="fr")
        assert french.content.startswith("Alertes coupées pour Shop jusqu’")
        assert "</mute:" in french.content
        assert shop(fixture).muted_until_ms

    run_with_bot(tmp_path, scenario)


def test_a_site_reported_where_the_asker_cannot_look_is_unknown_to_them(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        fixture.sandbox.admin.set_permissions("alerts", "@everyone", deny="VIEW_CHANNEL")
        await add(fixture)
        fixture.give("mute", "everyone")
        answer = await fixture.run("mute", who="Member", monitor="Shop", for_="1h")
        assert answer.content.startswith("I watch nothing called “Shop” here.")
        assert await fixture.sandbox.autocomplete("Member", "general", "mute", "monitor", "") == []

    run_with_bot(tmp_path, scenario)


def test_what_fails_under_a_mute_is_reported_once_it_is_lifted(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        await fixture.run("watch add", url=fixture.site.url, name="Shop", every=1)
        await fixture.run("mute", monitor="Shop", for_="1h")
        entry = fixture.app.watchlist.get(fixture.guild_id, shop(fixture).id)
        await until(lambda: entry.judge_state.rounds)
        fixture.site.status = 503
        await until(lambda: entry.incident)
        assert fixture.sandbox.messages("alerts") == []
        assert "MUTED" in (await fixture.run("status")).text
        quiet = await fixture.run("mute", monitor="Shop", for_="2h")
        assert "The open alert keeps updating" not in quiet.content
        await fixture.run("mute", monitor="Shop", for_="off")
        alert = await fixture.sandbox.wait_for_message("alerts", "DOWN · Shop")
        assert alert["content"].startswith("🔴 DOWN · Shop")
        reported = await fixture.run("mute", monitor="Shop", for_="2h")
        assert "The open alert keeps updating; its recovery will be posted." in reported.content

    run_with_bot(tmp_path, scenario)


def test_a_mute_outlives_a_restart(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox:
            async with running_bot(tmp_path, sandbox=sandbox) as fixture:
                await add(fixture)
                first, second = await asyncio.gather(
                    fixture.run("mute", who="Moderator", monitor="Shop", for_="1d"),
                    fixture.run("watch pause", monitor="Shop"),
                )
                assert "muted until" in first.content
                assert "paused" in second.content
                before = shop(fixture)
            async with running_bot(tmp_path, sandbox=sandbox) as again:
                assert shop(again) == before
                assert (before.muted_until_ms or 0) - again.app.clock.now_ms() > 0.9 * DAY_MS
                assert before.paused

    asyncio.run(scenario())
