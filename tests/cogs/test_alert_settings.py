"""``/alerts show``, ``language`` and ``test``: where alerts go, and in which words."""

import asyncio
from pathlib import Path

import pytest

from sandbox import Refused
from tests.cogs.bot_fixture import BotFixture, run_with_bot


def test_settings_are_shown_with_what_is_missing_by_name(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        empty = await fixture.run("alerts show")
        assert empty.ephemeral
        assert "not chosen yet" in empty.text
        await fixture.set_channel("alerts", role=fixture.role_id("On call"), reminders="12")
        fixture.sandbox.admin.set_permissions("alerts", deny="EMBED_LINKS")
        await asyncio.sleep(0.1)
        shown = await fixture.run("alerts show")
        channel = f"<#{fixture.channel_id('alerts')}>"
        fields = {one["name"]: one["value"] for one in shown.embeds[0]["fields"]}
        assert fields.pop("Last changes")
        assert fields == {
            "Channel": channel,
            "Role": f"<@&{fixture.role_id('On call')}>",
            "Second channel": "none",
            "Reminders": "every 12 hours",
            "Language": "automatic: English",
            "Time zone": "UTC",
        }
        assert f"In {channel} I still need: Embed Links.\n→ Open the channel’s" in shown.text
        french = await fixture.run("alerts show", locale="fr")
        assert "Rappels\ntoutes les 12" in french.text
        fixture.sandbox.admin.delete_channel("alerts")
        await asyncio.sleep(0.1)
        gone = await fixture.run("alerts show")
        assert "or it is gone.\n→ Choose another one: </alerts channel:" in gone.text

    run_with_bot(tmp_path, scenario)


def test_a_role_that_cannot_be_pinged_or_is_gone_is_named(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        role = fixture.sandbox.admin.add_role("Harbour", "Night watch")
        await fixture.set_channel("alerts", role=role.id)
        fixture.sandbox.admin.set_bot_permissions(
            "Harbour", ("VIEW_CHANNEL", "SEND_MESSAGES", "EMBED_LINKS", "READ_MESSAGE_HISTORY")
        )
        fixture.sandbox.admin.edit_role("Harbour", role, mentionable=False)
        await asyncio.sleep(0.1)
        assert f"I can't ping <@&{role.id}>" in (await fixture.run("alerts show")).text
        fixture.sandbox.admin.delete_role("Harbour", role)
        await asyncio.sleep(0.1)
        assert "is gone. Choose another one." in (await fixture.run("alerts show")).text

    run_with_bot(tmp_path, scenario)


def test_the_language_of_posts_is_chosen_by_its_own_name(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        answer = await fixture.run("alerts language", language="Français")
        assert answer.content.startswith("Language of what I post here: Français.")
        await fixture.run("alerts test")
        posted = await fixture.sandbox.wait_for_message("alerts", "ESSAI")
        assert "tout va bien" in posted["embeds"][0]["description"]
        back = await fixture.run("alerts language", language="automatic", locale="fr")
        assert "automatique\u202f: English" in back.content
        assert fixture.app.guilds.settings(fixture.guild_id).language is None
        [alerts] = (one for one in fixture.sandbox.commands if one["name"] == "alerts")
        [language] = (one for one in alerts["options"] if one["name"] == "language")
        choices = language["options"][0]["choices"]
        assert [one["name"] for one in choices] == ["automatic", "English", "Français"]

    run_with_bot(tmp_path, scenario)


def test_a_test_alert_goes_the_way_of_a_real_one_and_pings_nobody(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        nowhere = await fixture.run("alerts test")
        assert "No alert channel set yet: </alerts channel:" in nowhere.content
        await fixture.set_channel("alerts", role=fixture.role_id("On call"))
        answer = await fixture.run("alerts test")
        assert answer.ephemeral
        assert f"on its way to <#{fixture.channel_id('alerts')}>" in answer.content
        posted = await fixture.sandbox.wait_for_message("alerts", "🔔 TEST ·")
        assert posted["embeds"][0]["title"] == "TEST · Example is down"
        checks = {one["name"]: one["value"] for one in posted["embeds"][0]["fields"]}["Checks"]
        assert checks == "4 of 4 failed in 1 min", "what a real one of this interval says"
        assert posted["mention_roles"] == []
        assert posted["components"] == []
        fixture.sandbox.admin.set_permissions("alerts", deny="SEND_MESSAGES")
        await asyncio.sleep(0.1)
        barred = await fixture.run("alerts test")
        assert "I still need: Send Messages and Embed Links." in barred.content

    run_with_bot(tmp_path, scenario)


def test_only_managers_see_and_change_alert_settings(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        with pytest.raises(Refused):
            await fixture.run("alerts show", who="Moderator")
        with pytest.raises(Refused):
            await fixture.run("alerts language", who="Moderator", language="fr")
        assert fixture.app.guilds.settings(fixture.guild_id).language is None

    run_with_bot(tmp_path, scenario)


def test_a_test_alert_mentions_whoever_wants_to_test_that(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        answer = await fixture.run("alerts test", ping=True)
        assert answer.content.endswith("marked TEST. It pings you.")
        posted = await fixture.sandbox.wait_for_message("alerts", "TEST")
        admin = fixture.sandbox.world.user("Admin").id
        assert posted["content"].endswith(f" <@{admin}>")
        assert [user["id"] for user in posted["mentions"]] == [admin]

    run_with_bot(tmp_path, scenario)


def test_role_second_channel_and_reminders_change_without_the_channel(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        commands = {one["name"]: one for one in fixture.sandbox.commands}["alerts"]["options"]
        channel = next(one for one in commands if one["name"] == "channel")
        assert [o["name"] for o in channel["options"] if o.get("required")] == ["channel"]
        nothing = await fixture.run("alerts edit")
        assert nothing.content == "Give at least one option to change."
        await fixture.set_channel("alerts")
        answer = await fixture.run("alerts edit", reminders="4")
        alerts = fixture.channel_id("alerts")
        assert answer.content == f"Alerts go to <#{alerts}>. Reminders: every 4 hours."
        answer = await fixture.run("alerts edit", reminders="4p")
        assert answer.content.endswith("Reminders: every 4 hours, with a ping.")
        kept = fixture.app.guilds.settings(fixture.guild_id)
        assert (kept.reminder_h, kept.reminder_ping) == (4, True)
        answer = await fixture.run("alerts edit", reminders="12")
        assert answer.content.endswith("Reminders: every 12 hours.")
        role = fixture.role_id("On call")
        answer = await fixture.run("alerts edit", role=role)
        assert f"Alerts go to <#{alerts}> and ping <@&{role}>." in answer.content
        assert fixture.app.guilds.settings(fixture.guild_id).channel_id == alerts

    run_with_bot(tmp_path, scenario)


def test_a_site_can_be_quiet_though_its_server_has_a_role(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        role = fixture.role_id("On call")
        await fixture.set_channel("alerts", role=role)
        added = await fixture.run(
            "watch add", url=f"{fixture.site.url}/a", name="Attic", every=1, quiet=True
        )
        alerts = fixture.channel_id("alerts")
        assert f"Alerts go to <#{alerts}>." in added.content
        fixture.site.status = 503
        quiet = await fixture.sandbox.wait_for_message("alerts", "DOWN \u00b7 Attic")
        assert quiet["mention_roles"] == []
        assert f"<@&{role}>" not in quiet["content"]
        edited = await fixture.run("watch edit", monitor="Attic", quiet="no")
        assert f"Alerts go to <#{alerts}> and ping <@&{role}>." in edited.content
        card = await fixture.run("watch edit", monitor="Attic")
        assert f"the server's setting (<@&{role}>)" in card.text
        assert "Ping the server's role" not in card.buttons

    run_with_bot(tmp_path, scenario)


def test_a_site_with_a_role_of_its_own_goes_back_to_that_of_the_server(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        role, own = fixture.role_id("On call"), fixture.sandbox.admin.add_role("Harbour", "Own").id
        await fixture.set_channel("alerts", role=role)
        await fixture.run("watch add", url=fixture.site.url, name="Attic", role=own)
        both = await fixture.run("watch edit", monitor="Attic", role=own, quiet="server")
        assert both.content == "Either choose it or clear it, not both."
        back = await fixture.run("watch edit", monitor="Attic", quiet="server")
        assert f"and ping <@&{role}>." in back.content
        card = await fixture.run("watch edit", monitor="Attic", role=own)
        pressed = await fixture.sandbox.press("Admin", card, "Ping the server's role")
        assert f"and ping <@&{role}>." in pressed.content
        assert "Ping the server's role" not in pressed.buttons
        attic = fixture.app.monitors.find(fixture.guild_id, "Attic")
        assert (attic.role_id, attic.quiet) == (None, False)

    run_with_bot(tmp_path, scenario)
