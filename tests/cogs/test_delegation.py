"""Whom a server lets manage Vigie: by Discord's own command permissions, and by a role of ours."""

from pathlib import Path

import pytest

from sandbox import Refused
from tests.cogs.bot_fixture import BotFixture, run_with_bot

NEEDED = "You need “Manage Server” for this."


async def watched(fixture: BotFixture) -> str:
    await fixture.set_channel()
    await fixture.run("watch add", url=fixture.site.url, name="Shop")
    return str(fixture.app.monitors.of_guild(fixture.guild_id)[0].id)


def test_whoever_discord_lets_run_a_command_may_run_it(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        monitor = await watched(fixture)
        with pytest.raises(Refused):
            await fixture.run("watch list", who="Moderator")
        fixture.give("watch", "Moderators")
        listed = await fixture.run("watch list", who="Moderator")
        assert "Shop" in listed.text
        offered = await fixture.sandbox.autocomplete(
            "Moderator", "general", "watch pause", "monitor"
        )
        assert [one["value"] for one in offered] == [monitor]
        paused = await fixture.run("watch pause", who="Moderator", monitor=monitor)
        assert "paused" in paused.text
        assert fixture.app.monitors.of_guild(fixture.guild_id)[0].paused
        with pytest.raises(Refused):
            await fixture.run("maintenance start", who="Moderator")
        fixture.give("watch", "Moderators", allow=None)
        with pytest.raises(Refused):
            await fixture.run("watch list", who="Moderator")

    run_with_bot(tmp_path, scenario)


def test_a_command_that_was_given_away_gives_no_other_right(tmp_path: Path) -> None:
    """Neither whole addresses in what everybody may ask, nor buttons."""

    async def scenario(fixture: BotFixture) -> None:
        monitor = await watched(fixture)
        fixture.give("watch", "Moderator")
        card = await fixture.run("watch edit", who="Moderator", monitor=monitor)
        assert fixture.site.url in card.text
        refused = await fixture.sandbox.press("Moderator", card, "Address and interval")
        assert (refused.content, refused.ephemeral) == (NEEDED, True)
        status = await fixture.run("status", who="Moderator", monitor=monitor)
        assert fixture.site.url not in status.text

    run_with_bot(tmp_path, scenario)


def test_a_managers_role_may_press_and_see_what_managers_do(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        monitor = await watched(fixture)
        fixture.give("watch", "Moderators")
        role = fixture.role_id("Moderators")
        answer = await fixture.run("alerts managers", role=role)
        assert f"<@&{role}> may use my buttons and forms" in answer.content
        assert "Server Settings → Integrations" in answer.content
        assert "Add Roles or Members" in answer.content
        for name in ("alerts", "board", "doctor", "maintenance", "setup", "watch"):
            assert f"`/{name}`" in answer.content
        card = await fixture.run("watch edit", who="Moderator", monitor=monitor)
        form = await fixture.sandbox.press("Moderator", card, "Address and interval")
        await fixture.sandbox.submit_modal("Moderator", form, {"name": "Store"})
        assert fixture.app.monitors.of_guild(fixture.guild_id)[0].name == "Store"
        status = await fixture.run("status", who="Moderator", monitor=monitor)
        assert fixture.site.url in status.text
        shown = await fixture.run("alerts show")
        assert f"<@&{role}>" in shown.text
        assert f"Managers: none → <@&{role}>" in shown.text
        await fixture.run("alerts managers", clear=True)
        late = await fixture.sandbox.submit_modal("Moderator", form, {"name": "Late"})
        assert late.content == NEEDED

    run_with_bot(tmp_path, scenario)


def test_a_managers_role_is_on_call_for_every_alert(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel()
        alert = await fixture.outage()
        refused = await fixture.sandbox.press("Member", alert, "Acknowledge")
        assert "You need “Manage Messages” or the role of this alert" in refused.content
        fixture.sandbox.admin.give_role("Harbour", "Member", "On call")
        await fixture.run("alerts managers", role=fixture.role_id("On call"))
        taken = await fixture.sandbox.press("Member", alert, "Acknowledge")
        assert "You need" not in taken.content

    run_with_bot(tmp_path, scenario)


def test_without_a_role_it_says_who_manages_and_nobody_is_everybody(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        answer = await fixture.run("alerts managers")
        assert "Only people with “Manage Server” may use my buttons" in answer.content
        assert "Server Settings → Integrations" in answer.content
        everyone = fixture.sandbox.world.guild("Harbour").id
        refused = await fixture.run("alerts managers", role=everyone)
        assert "Choose another role." in refused.content
        assert fixture.app.guilds.settings(fixture.guild_id).manager_role_id is None
        french = await fixture.run("alerts managers", locale="fr")
        assert "Paramètres du serveur → Intégrations" in french.content

    run_with_bot(tmp_path, scenario)


def test_every_command_asks_discord_for_the_right_it_takes(tmp_path: Path) -> None:
    """None of ours has another check: what Discord lets through is done."""

    async def scenario(fixture: BotFixture) -> None:
        needed = {
            one["name"]: one["default_member_permissions"] for one in fixture.sandbox.commands
        }
        managers = {"alerts", "board", "doctor", "maintenance", "report", "setup", "watch"}
        assert {name for name, right in needed.items() if right == str(1 << 5)} == managers
        assert {name for name, right in needed.items() if right == str(1 << 13)} == {"mute"}

    run_with_bot(tmp_path, scenario)
