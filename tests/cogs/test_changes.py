"""Who changed what, as people with Manage Server read it."""

import asyncio
from pathlib import Path
from typing import Any

from sandbox import Answer, Sandbox
from tests.cogs.bot_fixture import BotFixture, run_with_bot, running_bot, until


async def add(fixture: BotFixture, **more: Any) -> str:
    await fixture.set_channel("alerts")
    await fixture.run("watch add", url=f"{fixture.site.url}/a?key=s3cret", name="Shop", **more)
    return str(fixture.app.monitors.of_guild(fixture.guild_id)[0].id)


def by(fixture: BotFixture, who: str) -> str:
    return f"<@{fixture.sandbox.world.user(who).id}>"


def listed(answer: Answer) -> list[str]:
    """The lines of a list, without the time at their beginning."""
    assert answer.message is not None
    lines = answer.message["embeds"][0]["description"].split("\n")
    assert all(line.startswith("<t:") and ":R> · <@" in line for line in lines)
    return [line.partition(" · ")[2] for line in lines]


def field(answer: Answer, name: str) -> str:
    assert answer.message is not None
    found = answer.message["embeds"][0]["fields"]
    return next((str(one["value"]) for one in found if one["name"] == name), "")


async def changes(fixture: BotFixture, monitor: str, locale: str = "en-US") -> Answer:
    """Press "Changes" on a monitor's card."""
    card = await fixture.run("watch edit", monitor=monitor, locale=locale)
    return await fixture.sandbox.press("Admin", card, card.buttons[-1], locale=locale)


def test_the_card_shows_who_changed_what_and_the_button_all_of_it(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        monitor = await add(fixture, headers="X-Key: s3cret-1")
        admin, moderator = by(fixture, "Admin"), by(fixture, "Moderator")
        edited = await fixture.run("watch edit", monitor=monitor, name="Bakery", every=90)
        last = field(edited, "Last changes").split("\n")
        assert last[0].endswith(f" · {admin} · Seconds between checks: 60 → 90")
        assert last[1].endswith(f" · {admin} · Name: Shop → Bakery")
        await fixture.run(
            "watch edit",
            monitor=monitor,
            url=f"{fixture.site.url}/b",
            headers="X-Key: s3cret-2",
            channel=str(fixture.channel_id("general")),
            role=fixture.role_id("On call"),
            slow_ms=700,
        )
        await fixture.run("watch edit", monitor=monitor, slow_ms=0, expect_status="2xx")
        await fixture.run("mute", who="Moderator", monitor=monitor, for_="1h")
        until_s = (fixture.app.monitors.of_guild(fixture.guild_id)[0].muted_until_ms or 0) // 1000
        shown = await changes(fixture, monitor)
        assert shown.ephemeral
        assert shown.message is not None
        assert shown.message["embeds"][0]["title"] == "Changes · Bakery"
        assert shown.message["mentions"] == []
        assert shown.buttons == ["◀", "▶"]
        assert listed(shown) == [
            f"{moderator} · Muted until <t:{until_s}:f>",
            f"{admin} · Slow limit (ms): 700 → none",
            f"{admin} · Accepted HTTP codes: any below 400 → `2xx`",
            f"{admin} · Role: the server's setting → <@&{fixture.role_id('On call')}>",
            f"{admin} · Channel: the server's setting → <#{fixture.channel_id('general')}>",
            f"{admin} · Request headers: `X-Key` · changed",
            f"{admin} · Slow limit (ms): none → 700",
            f"{admin} · Address: `{fixture.site.url}/a?key=s3cret` → `{fixture.site.url}/b`",
            f"{admin} · Seconds between checks: 60 → 90",
            f"{admin} · Name: Shop → Bakery",
        ]
        older = await fixture.sandbox.press("Admin", shown, "▶")
        assert older.status == "update"
        assert listed(older) == [f"{admin} · Added: `{fixture.site.url}/a?key=s3cret`"]
        assert "Page 2 of 2 · kept for a year" in older.text
        for text in (shown.text, older.text, edited.text):
            assert "s3cret-" not in text

    run_with_bot(tmp_path, scenario)


def test_a_form_shows_its_own_change_on_the_card_at_once(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        monitor = await add(fixture)
        card = await fixture.run("watch edit", monitor=monitor)
        assert field(card, "Last changes").endswith(f" · Added: `{fixture.site.url}/a?key=s3cret`")
        opened = await fixture.sandbox.press("Admin", card, "Address and interval")
        await fixture.sandbox.submit_modal("Admin", opened, {"every": "120"})
        now = fixture.sandbox.look(card)
        assert "Seconds between checks: 60 → 120" in field(now, "Last changes")

    run_with_bot(tmp_path, scenario)


def test_the_server_s_own_changes_stand_under_its_alerts_and_a_removal_too(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        monitor = await add(fixture)
        admin = by(fixture, "Admin")
        await fixture.set_channel("general", role=fixture.role_id("On call"), reminders="4")
        await fixture.run("alerts language", language="fr")
        plan = {"days": "mon,wed", "from_": "02:30", "to": "04:00", "timezone": "Europe/Paris"}
        await fixture.run("maintenance schedule", **plan)
        await fixture.run("maintenance schedule", days="2027-04-28", from_="02:00", for_="2h")
        await fixture.run("watch pause", monitor=monitor)
        await fixture.remove(monitor)
        shown = await fixture.run("alerts show")
        last = field(shown, "Last changes").split("\n")
        assert len(last) == 5
        assert last[0].endswith(f" · {admin} · **Shop** · Removed")
        assert shown.buttons == ["Changes"]
        everything = await fixture.sandbox.press("Admin", shown, "Changes")
        begins, ends = 1_808_870_400, 1_808_877_600
        general = fixture.channel_id("general")
        weekly = "every Monday and Wednesday, 02:30–04:00 (Europe/Paris)"
        assert listed(everything) == [
            f"{admin} · **Shop** · Removed",
            f"{admin} · **Shop** · Paused",
            f"{admin} · Maintenance planned: <t:{begins}:f> – <t:{ends}:f>",
            f"{admin} · Time zone: UTC → Europe/Paris",
            f"{admin} · Maintenance planned: {weekly}",
            f"{admin} · Language: automatic → Français",
            f"{admin} · Reminders: off → every 4 hours",
            f"{admin} · Alert role: none → <@&{fixture.role_id('On call')}>",
            f"{admin} · Alert channel: <#{fixture.channel_id('alerts')}> → <#{general}>",
            f"{admin} · **Shop** · Added: `{fixture.site.url}`",  # secrets go with their monitor
        ]

    run_with_bot(tmp_path, scenario)


def test_boards_are_reported_with_their_channel(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await add(fixture)
        await fixture.run("board create", where="alerts")
        await fixture.run("board remove", where="alerts")
        shown = await fixture.run("alerts show")
        last = field(shown, "Last changes").split("\n")
        place = f"<#{fixture.channel_id('alerts')}>"
        assert last[0].endswith(f" · {by(fixture, 'Admin')} · Board removed: {place}")
        assert last[1].endswith(f" · {by(fixture, 'Admin')} · Board created: {place}")

    run_with_bot(tmp_path, scenario)


def test_changes_are_read_in_one_s_own_language(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        monitor = await add(fixture)
        await fixture.run("watch edit", monitor=monitor, contains="hello", expect_status="200")
        await fixture.run("watch pause", monitor=monitor, for_="1h")
        shown = await changes(fixture, monitor, "fr")
        admin = by(fixture, "Admin")
        paused, contains, codes, added = listed(shown)
        assert paused.startswith(f"{admin} · En pause jusqu’")
        assert contains == f"{admin} · Texte obligatoire\u202f: aucun → `hello`"
        assert codes.endswith(" 400 → `200`")
        assert added.startswith(f"{admin} · Ajout\u202f: `http")
        assert shown.message is not None
        assert shown.message["embeds"][0]["title"] == "Modifications · Shop"
        assert "gardées un an" in shown.text

    run_with_bot(tmp_path, scenario)


def test_only_managers_read_them_also_at_the_click_and_after_a_restart(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox:
            async with running_bot(tmp_path, sandbox=sandbox) as fixture:
                sandbox.admin.add_user("Deputy", "Harbour")
                sandbox.admin.add_role("Harbour", "Deputies", "MANAGE_GUILD")
                sandbox.admin.give_role("Harbour", "Deputy", "Deputies")
                monitor = await add(fixture)
                for number in range(12):
                    await fixture.run("watch edit", monitor=monitor, name=f"Shop {number}")
                card = await fixture.run("watch edit", who="Deputy", monitor=monitor)
                pages = await sandbox.press("Deputy", card, "Changes")
                sandbox.admin.take_role("Harbour", "Deputy", "Deputies")
                for message, label in ((card, "Changes"), (pages, "▶")):
                    refused = await sandbox.press("Deputy", message, label)
                    assert refused.content == "You need “Manage Server” for this."
                sandbox.admin.give_role("Harbour", "Deputy", "Deputies")
            async with running_bot(tmp_path, sandbox=sandbox):
                older = await sandbox.press("Deputy", pages, "▶")
                assert older.status == "update"
                assert len(listed(older)) == 3
                newer = await sandbox.press("Deputy", older, "◀")
                assert listed(newer)[0].endswith("Name: Shop 10 → Shop 11")

    asyncio.run(scenario())


def test_the_details_of_a_site_lead_managers_alone_to_its_changes(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        monitor = await add(fixture)
        mine = await fixture.run("status", monitor=monitor)
        assert mine.buttons == ["Changes"]
        opened = await fixture.sandbox.press("Admin", mine, "Changes")
        assert opened.ephemeral
        assert listed(opened)[0].startswith(f"{by(fixture, 'Admin')} · Added: ")
        assert (await fixture.run("status", who="Member", monitor=monitor)).buttons == []
        assert (await fixture.run("status", monitor=monitor, public=True)).buttons == []

    run_with_bot(tmp_path, scenario)


def test_another_server_reads_nothing_of_it(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await add(fixture)
        fixture.sandbox.admin.add_guild("Elsewhere", ("theirs",))
        await until(lambda: len(fixture.app.guilds.known()) == 2)
        await fixture.run("watch add", where="theirs", url=fixture.site.url, name="Theirs")
        shown = await fixture.run("alerts show", where="theirs")
        everything = await fixture.sandbox.press("Admin", shown, "Changes")
        assert "Shop" not in everything.text
        assert len(listed(everything)) == 2

    run_with_bot(tmp_path, scenario)


def test_texts_full_of_marks_or_at_their_limits_break_no_list(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        monitor = await add(fixture)
        long = f"{fixture.site.url}/{'a' * 1_900}"
        for number in range(6):
            await fixture.run(
                "watch edit",
                monitor=monitor,
                name=f"**@everyone** <@&1> [x](http://y) \u202e{number}" + "é" * 80,
                contains="`" + f"<@1>{number}" + "c" * 190,
                url=f"{long}{number}",
            )
        shown = await changes(fixture, monitor)
        lines = listed(shown)
        assert len(lines) == 10
        assert "\u202e" not in shown.text
        assert "\\*\\*\\@everyone" in shown.text
        addresses = [line for line in lines if "Address" in line]
        assert f"{'a' * 15}4` → `…{'a' * 15}5`" in addresses[0]
        card = await fixture.run("watch edit", monitor=monitor)
        assert 0 < len(field(card, "Last changes")) <= 1_024
        everything = await fixture.sandbox.press(
            "Admin", await fixture.run("alerts show"), "Changes"
        )
        assert len(listed(everything)) >= 8

    run_with_bot(tmp_path, scenario)


def test_who_takes_or_mutes_an_alert_by_its_buttons_is_reported_too(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        alert = await fixture.outage("Shop")
        await fixture.sandbox.press("Moderator", alert, "Acknowledge")
        await fixture.sandbox.press("Moderator", alert, "Mute 1 h")
        monitor = str(fixture.app.monitors.of_guild(fixture.guild_id)[0].id)
        lines = listed(await changes(fixture, monitor))
        moderator = by(fixture, "Moderator")
        assert lines[0].startswith(f"{moderator} · Muted until <t:")
        assert lines[1].startswith(f"{moderator} · Alert acknowledged: `#")

    run_with_bot(tmp_path, scenario)
