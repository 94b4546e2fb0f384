"""``/watch remove``: asked once more with what will be lost, then gone."""

import asyncio
from pathlib import Path

from sandbox import Sandbox
from tests.cogs.bot_fixture import BotFixture, run_with_bot, running_bot, until

GONE = "It is no longer watched: somebody has already removed it."


def names(fixture: BotFixture) -> list[str]:
    return [one.name for one in fixture.app.monitors.of_guild(fixture.guild_id)]


async def add(fixture: BotFixture, name: str = "Shop") -> None:
    await fixture.set_channel("alerts")
    await fixture.run("watch add", url=f"{fixture.site.url}/{name[:4].strip('*@')}", name=name)


def test_nothing_is_removed_before_it_is_said_what_is_lost_and_somebody_agrees(
    tmp_path: Path,
) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await add(fixture)
        question = await fixture.run("watch remove", monitor="Shop")
        assert question.ephemeral
        assert question.buttons == ["Remove", "Keep it"]
        assert names(fixture) == ["Shop"]
        assert "Stop watching Shop?" in question.text
        assert "Its settings are lost." in question.text
        assert "</watch pause:" in question.text
        assert f"`{fixture.site.url}/Shop`" in question.text
        assert "maintenance" not in question.text
        assert "headers" not in question.text
        assert "open alert" not in question.text
        kept = await fixture.sandbox.press("Admin", question, "Keep it")
        assert kept.status == "update"
        assert "Nothing has changed: I keep watching Shop." in kept.text
        assert kept.buttons == []
        assert names(fixture) == ["Shop"]
        removed = await fixture.remove("Shop")
        assert removed.status == "update"
        assert removed.buttons == []
        assert "I no longer watch Shop. Its past incidents stay in </incidents:" in removed.text
        assert "To start again: </watch add:" in removed.text
        assert f"`{fixture.site.url}/Shop`" in removed.text
        assert names(fixture) == []

    run_with_bot(tmp_path, scenario)


def test_an_open_alert_and_planned_maintenance_are_named_and_the_alert_is_closed(
    tmp_path: Path,
) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        alert = await fixture.outage("Shop")
        for day in ("2027-03-28", "mon"):
            options = {"days": day, "from_": "02:00", "for_": "1h", "monitor": "Shop"}
            await fixture.run("maintenance schedule", **options)
        question = await fixture.run("watch remove", monitor="Shop")
        assert "2 maintenance windows are removed with it." in question.text
        assert "Its open alert is closed as “no longer watched”." in question.text
        french = await fixture.run("watch remove", monitor="Shop", locale="fr")
        assert french.buttons == ["Supprimer", "Garder"]
        assert "Ne plus surveiller Shop\u202f?" in french.text
        assert "2 maintenances prévues disparaissent avec lui." in french.text
        await fixture.sandbox.press("Admin", french, "Supprimer", locale="fr")
        await until(lambda: fixture.sandbox.messages("alerts")[0]["components"] == [])
        edited = fixture.sandbox.messages("alerts")[0]
        assert edited["id"] == alert["id"]
        assert "No longer watched" in edited["embeds"][0]["title"]

    run_with_bot(tmp_path, scenario)


def test_the_right_to_remove_is_asked_for_again_at_the_click(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        fixture.sandbox.admin.add_user("Deputy", "Harbour")
        fixture.sandbox.admin.add_role("Harbour", "Deputies", "MANAGE_GUILD")
        fixture.sandbox.admin.give_role("Harbour", "Deputy", "Deputies")
        await add(fixture)
        question = await fixture.run("watch remove", who="Deputy", monitor="Shop")
        fixture.sandbox.admin.take_role("Harbour", "Deputy", "Deputies")
        for label in ("Remove", "Keep it"):
            answer = await fixture.sandbox.press("Deputy", question, label)
            assert answer.content == "You need “Manage Server” for this."
            assert answer.ephemeral
        assert names(fixture) == ["Shop"]

    run_with_bot(tmp_path, scenario)


def test_two_who_remove_at_once_remove_once_and_each_is_answered(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await add(fixture)
        first = await fixture.run("watch remove", monitor="Shop")
        second = await fixture.run("watch remove", monitor="Shop")
        answers = await asyncio.gather(
            fixture.sandbox.press("Admin", first, "Remove"),
            fixture.sandbox.press("Admin", first, "Remove"),
            fixture.sandbox.press("Admin", second, "Remove"),
        )
        assert sorted(one.content for one in answers) == ["", GONE, GONE]
        for label in ("Remove", "Keep it"):
            late = await fixture.sandbox.press("Admin", second, label)
            assert late.content == GONE
            assert late.ephemeral
        page = await fixture.app.services.audit_log.page(fixture.guild_id, None, 0, 10)
        assert [row.field for row in page.rows].count("removed") == 1

    run_with_bot(tmp_path, scenario)


def test_the_question_outlives_a_restart_and_a_new_name(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox:
            async with running_bot(tmp_path, sandbox=sandbox) as fixture:
                await add(fixture)
                await add(fixture, "Blog")
                shop = await fixture.run("watch remove", monitor="Shop")
                blog = await fixture.run("watch remove", monitor="Blog")
                await fixture.run("watch edit", monitor="Shop", name="Bakery", headers="X-Key: k")
                again = await fixture.run("watch remove", monitor="Bakery")
                assert "The values of its request headers are stored nowhere else." in again.text
            async with running_bot(tmp_path, sandbox=sandbox) as fixture:
                removed = await sandbox.press("Admin", shop, "Remove")
                assert "I no longer watch Bakery." in removed.text
                kept = await sandbox.press("Admin", blog, "Keep it")
                assert "I keep watching Blog." in kept.text
                assert names(fixture) == ["Blog"]

    asyncio.run(scenario())


def test_a_button_of_another_server_removes_nothing_here(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await add(fixture)
        fixture.sandbox.admin.add_guild("Elsewhere", ("theirs",))
        await until(lambda: len(fixture.app.guilds.known()) == 2)
        await fixture.run("watch add", where="theirs", url=fixture.site.url, name="Theirs")
        mine = fixture.app.monitors.of_guild(fixture.guild_id)[0]
        question = await fixture.run("watch remove", where="theirs", monitor="Theirs")
        assert question.message is not None
        # A forged id: Discord would never send it, the service refuses it all the same.
        text = str(mine.id)
        assert text not in [b["custom_id"].split(":")[-1] for b in buttons(question.message)]
        refused = await fixture.run("watch remove", where="theirs", monitor=text)
        assert refused.content.startswith("I watch nothing called")
        assert names(fixture) == ["Shop"]

    def buttons(message: dict[str, list[dict[str, list[dict[str, str]]]]]) -> list[dict[str, str]]:
        return [b for row in message["components"] for b in row["components"]]

    run_with_bot(tmp_path, scenario)


def test_a_name_full_of_marks_cannot_break_the_question(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await add(fixture, "**@everyone** <@&1> \u202eevil")
        monitor = str(fixture.app.monitors.of_guild(fixture.guild_id)[0].id)
        question = await fixture.run("watch remove", monitor=monitor)
        assert "\\*\\*\\@everyone" in question.text
        assert "\u202e" not in question.text
        removed = await fixture.sandbox.press("Admin", question, "Remove")
        assert "\\<\\@&1>" in removed.text

    run_with_bot(tmp_path, scenario)
