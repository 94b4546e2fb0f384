"""``/doctor``: what is not well is named with its fix; of other servers nothing is seen."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.services.delivery import throttle
from bot.services.doctor.findings import ok, warning
from bot.services.monitor_options import Typed
from bot.services.monitor_rules import MonitorIndex
from bot.words.translator import translator_for
from cogs._ui.interactions import defer_if_slow
from cogs.doctor import findings_embed
from sandbox import Answer, Refused, Sandbox
from tests.cogs.bot_fixture import BotFixture, run_with_bot, running_bot, until

RLO = "\u202e"
NEEDED = "You need “Manage Server” for this."
NOWHERE = 4_000_000_000_000_000_000


def reported(answer: Answer) -> list[str]:
    """The lines of the report, without what is stored."""
    return str(answer.embeds[0]["description"]).splitlines()


def line(answer: Answer, name: str) -> str:
    [found] = [one for one in reported(answer) if f"**{name}**" in one]
    return found


async def look(fixture: BotFixture, report: Answer, **more: Any) -> Answer:
    return await fixture.sandbox.press(more.pop("who", "Admin"), report, "v1:doctor:look", **more)


async def watched(fixture: BotFixture, wanted: Sequence[Typed]) -> None:
    """Many monitors at once, without looking at any."""
    monitors = fixture.app.monitors
    drafts = [monitors.draft(fixture.guild_id, one, MonitorIndex()) for one in wanted]
    await monitors.keep(fixture.guild_id, drafts, by=1)


async def receive_a_test(fixture: BotFixture) -> None:
    await fixture.run("alerts test")
    await fixture.sandbox.wait_for_message("alerts", "TEST")
    await until(lambda: fixture.app.delivery._busy == {})


def test_what_is_well_never_pushes_out_what_is_not() -> None:
    bad = [warning("Channel of a site", f"{n} {'a' * 120}", "fix " * 30) for n in range(12)]
    fine = [ok(f"Fine {n}", "y" * 150) for n in range(13)]
    text = str(findings_embed(translator_for("en"), [*fine, *bad]).description)
    assert len(text) <= 4_000
    lines = text.split("\n")
    assert sum(line.startswith("⚠ ") for line in lines) == len(bad)
    assert lines[24].startswith("✔ **Fine 0**")
    assert lines[-1] == f"+{13 - (len(lines) - 25)} more"
    many = str(findings_embed(translator_for("en"), [*fine, *bad, *bad]).description)
    assert len(many) <= 4_000
    assert "✔" not in many
    assert sum(line.startswith("⚠ ") for line in many.split("\n")) > len(bad)


def test_a_server_with_nothing_is_reported_how_to_begin(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        report = await fixture.run("doctor")
        assert report.ephemeral
        assert report.embeds[0]["title"] == "⚠ 2 warnings"
        lines = reported(report)
        assert lines[0] == "⚠ **Alert channel** · none chosen yet"
        assert lines[1].startswith("→ Choose one: </alerts channel:")
        assert lines[2] == "⚠ **Sites** · Nothing is watched yet."
        assert lines[3].startswith("→ Start with </watch add:")
        assert all(one.startswith("✔ ") for one in lines[4:])

    run_with_bot(tmp_path, scenario)


def test_a_server_in_order_is_well_and_hears_what_is_stored(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        role, alerts = fixture.role_id("On call"), fixture.channel_id("alerts")
        await fixture.set_channel("alerts", role=role, fallback=fixture.sandbox.channel("news").id)
        await fixture.run("watch add", url=fixture.site.url, name="Shop")
        await receive_a_test(fixture)
        report = await fixture.run("doctor")
        embed = report.embeds[0]
        assert embed["title"] == "✔ Everything is OK"
        assert all(one.startswith("✔ ") for one in reported(report))
        assert line(report, "Alert channel").endswith(f"<#{alerts}>")
        assert line(report, "Sites").endswith("1 watched; up to 50 are possible")
        assert "the last message arrived <t:" in line(report, "Delivery")
        assert line(report, "My own connection").endswith("online, by 1 connectivity check")
        assert "answers in" in line(report, "Database")
        assert "running since <t:" in line(report, "Vigie")
        assert "open" in line(report, "Connection to Discord")
        [kept] = embed["fields"]
        assert kept["name"] == "What I keep of this server, and for how long"
        rows = kept["value"].splitlines()
        assert rows[0].startswith(
            "**Kept indefinitely** · 1 site, 0 incidents, daily totals; since"
        )
        assert any(row.startswith("**90 days** · ") for row in rows)
        assert any(row.startswith("**7 days** · every check") for row in rows)
        assert "**User data** · the id of 1 person, no names, no messages" in rows
        assert rows[-1] == "**30 days after I am removed** · everything is deleted"

    run_with_bot(tmp_path, scenario)


def test_what_discord_refuses_is_named_with_its_fix_and_looked_at_again(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        alerts, news = fixture.channel_id("alerts"), fixture.sandbox.channel("news").id
        quiet = fixture.sandbox.admin.add_role("Harbour", "Quiet").id
        await fixture.set_channel("alerts", role=quiet, fallback=news)
        own = fixture.sandbox.admin.add_channel("Harbour", "shop")
        await asyncio.sleep(0.1)
        more = {"channel": own.id, "role": fixture.role_id("On call")}
        await fixture.run("watch add", url=fixture.site.url, name=f"{RLO}*Shop*", **more)
        fixture.sandbox.admin.set_permissions(
            "alerts", deny=("EMBED_LINKS", "READ_MESSAGE_HISTORY")
        )
        fixture.sandbox.admin.delete_channel("news")
        fixture.sandbox.admin.delete_channel(own)
        fixture.sandbox.admin.delete_role("Harbour", "On call")
        await asyncio.sleep(0.1)
        report = await fixture.run("doctor")
        assert report.embeds[0]["title"] == "✖ 3 problems · 2 warnings"
        text = "\n".join(reported(report))
        assert f"In <#{alerts}> I still need: Embed Links and Read Message History.\n→ Open" in text
        assert (
            "✖ **Channel of a site** · \\*Shop\\* · I cannot see its channel, or it is gone."
            in text
        )
        assert "✖ **Role of a site** · \\*Shop\\* · The role of the alerts is gone." in text
        assert f"⚠ **Role** · I can't ping <@&{quiet}>" in text
        assert "→ Server settings, page Roles" in text
        assert f"⚠ **Second channel** · I cannot see <#{news}>" in text
        assert text.count("</watch edit:") == 2
        assert RLO not in text
        fixture.sandbox.admin.set_permissions("alerts")
        fixture.sandbox.admin.edit_role("Harbour", quiet, mentionable=True)
        await asyncio.sleep(0.1)
        again = await look(fixture, report)
        assert again.status == "update"
        assert line(again, "Alert channel").startswith("✔")
        assert line(again, "Role").startswith("✔")

    run_with_bot(tmp_path, scenario)


def test_a_right_that_replies_need_and_too_many_refused_requests_are_named(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        fixture.sandbox.admin.set_permissions("alerts", deny="READ_MESSAGE_HISTORY")
        for _ in range(1000):
            fixture.app.delivery.invalid_request()
        await asyncio.sleep(0.1)
        report = await fixture.run("doctor")
        assert "I still need: Read Message History" in line(report, "Alert channel")
        assert "too many of my requests" in line(report, "Refuses messages")

    run_with_bot(tmp_path, scenario)


def test_a_timeout_of_vigie_itself_is_named_first(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        fixture.sandbox.admin.time_out_bot("Harbour", 3600)
        await asyncio.sleep(0.1)
        lines = reported(await fixture.run("doctor"))
        assert lines[0].startswith("✖ **Timeout** · I am in a timeout: I can't post anywhere until")
        assert lines[3].startswith("→ End my timeout first: ")

    run_with_bot(tmp_path, scenario)


def test_a_channel_that_refused_a_message_is_named_until_it_takes_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway says that all is well there, so it is believed for a while."""
    monkeypatch.setattr(throttle, "PATIENCE_MS", 100)

    async def scenario(fixture: BotFixture) -> None:
        alerts = fixture.channel_id("alerts")
        await fixture.set_channel("alerts")
        fixture.sandbox.admin.set_permissions("alerts", deny="SEND_MESSAGES")
        await fixture.run("alerts test")
        await until(lambda: any(e.code == 50013 for e in fixture.sandbox.record.requests))
        await until(lambda: fixture.app.delivery._busy == {})
        for _ in range(100):
            if (await fixture.app.delivery.problems(fixture.guild_id)).channels:
                break
            await asyncio.sleep(0.1)
        report = await fixture.run("doctor")
        assert f"<#{alerts}>, since <t:" in line(report, "Refuses messages")
        fixture.sandbox.admin.set_permissions("alerts")
        await fixture.sandbox.wait_for_message("alerts", "TEST")
        await until(lambda: fixture.app.delivery._busy == {})
        assert "Refuses messages" not in "\n".join(reported(await look(fixture, report)))

    run_with_bot(tmp_path, scenario)


def test_fifty_broken_sites_fit_and_the_rest_are_counted(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        name = f"{RLO}**Shop** _{'x' * 60}_ "
        places = [fixture.sandbox.admin.add_channel("Harbour", f"c{n}") for n in range(50)]
        for place in places:
            fixture.sandbox.admin.set_permissions(place, deny=("SEND_MESSAGES", "EMBED_LINKS"))
        sites = [
            {
                "url": f"https://s{n}.example",
                "name": f"{n} {name}",
                "channel": int(place.id),
                "role": NOWHERE + n,
            }
            for n, place in enumerate(places)
        ]
        await watched(fixture, sites)
        for locale in ("en-US", "fr"):
            report = await fixture.run("doctor", locale=locale)
            embed = report.embeds[0]
            assert len(embed["description"]) <= 4096
            problems = sum(one.startswith("✖") for one in reported(report))
            assert problems >= 10
            [more] = [one for one in reported(report) if one.startswith(("+", "et "))]
            number = int("".join(c for c in more if c.isdigit()))
            title = int(embed["title"].removeprefix("✖ ").split()[0])
            assert (title, problems + number) == (51, 60), "what is well gives way and is counted"
            assert not any(one.startswith("✔") for one in reported(report))

    run_with_bot(tmp_path, scenario)


def test_nothing_of_another_server_is_seen_or_counted(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        await fixture.run("watch add", url=fixture.site.url, name="Secret shop")
        await receive_a_test(fixture)
        guild = fixture.sandbox.admin.add_guild("Elsewhere", channels=("lounge",))
        await until(lambda: len(fixture.app.guilds.known()) == 2)
        report = await fixture.run("doctor", where="lounge")
        assert "Secret" not in report.text
        assert str(fixture.channel_id("alerts")) not in report.text
        assert "Nothing is watched yet." in report.text
        assert "no message within a week" in line(report, "Delivery")
        assert "**Kept indefinitely** · 0 sites, 0 incidents" in report.text
        assert "**User data** · the ids of 0 people" in report.text
        assert fixture.app.guilds.settings(int(guild.id)).channel_id is None

    run_with_bot(tmp_path, scenario)


def test_only_managers_may_ask_and_each_click_is_checked(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        with pytest.raises(Refused):
            await fixture.run("doctor", who="Member")
        fixture.sandbox.admin.add_user("Deputy", "Harbour", "MANAGE_GUILD")
        report = await fixture.run("doctor", who="Deputy")
        fixture.sandbox.admin.take_role("Harbour", "Deputy", "Deputy's")
        refused = await look(fixture, report, who="Deputy")
        assert (refused.content, refused.ephemeral) == (NEEDED, True)

    run_with_bot(tmp_path, scenario)


def test_the_button_works_after_a_restart(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox:
            async with running_bot(tmp_path, sandbox=sandbox) as fixture:
                report = await fixture.run("doctor")
            async with running_bot(tmp_path, sandbox=sandbox) as fixture:
                await fixture.set_channel("alerts")
                again = await look(fixture, report)
                assert again.status == "update"
                assert line(again, "Alert channel").startswith("✔")

    asyncio.run(scenario())


def test_a_busy_store_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(fixture: BotFixture) -> None:
        monkeypatch.setitem(defer_if_slow.__kwdefaults__ or {}, "after_s", 0.05)
        busy = asyncio.create_task(fixture.app.services.doctor._db.read(lambda _: time.sleep(0.2)))
        report = await fixture.run("doctor")
        await busy
        assert report.deferred
        assert report.ephemeral
        assert report.embeds[0]["title"] == "⚠ 2 warnings"

    run_with_bot(tmp_path, scenario)


def test_offline_is_reported_as_ours(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        fixture.app.connectivity._since_ms = fixture.app.clock.now_ms() - 60_000
        report = await fixture.run("doctor")
        assert line(report, "My own connection").startswith("✖ **My own connection** · offline")

    run_with_bot(tmp_path, scenario)


def test_the_report_speaks_the_language_of_its_reader(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        report = await fixture.run("doctor", locale="fr")
        assert report.embeds[0]["title"] == "⚠ 2 avertissements"
        assert report.buttons == ["Vérifier à nouveau"]
        assert "**Salon des alertes** · aucun pour l’instant" in report.text

    run_with_bot(tmp_path, scenario)


def test_boards_are_looked_at_too(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.run("watch add", url=fixture.site.url, name="Shop")
        await fixture.run("board create", channel=str(fixture.channel_id("general")))
        report = await fixture.run("doctor")
        assert line(report, "Live boards") == "✔ **Live boards** · 1 is OK"
        fixture.sandbox.admin.set_permissions("general", deny="SEND_MESSAGES")
        await asyncio.sleep(0.1)
        again = line(await look(fixture, report), "Live boards")
        assert again.startswith("⚠ ")
        assert again.endswith("I still need: Send Messages.")

    run_with_bot(tmp_path, scenario)
