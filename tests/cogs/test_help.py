"""``/help`` names every command, in the asker's language."""

from pathlib import Path

from sandbox.errors import Json
from tests.cogs.bot_fixture import BotFixture, run_with_bot


def leaves(command: Json) -> list[str]:
    """``watch add`` …: what can be run of one registered command."""
    below = [one for one in command.get("options", []) if one["type"] == 1]
    return [f"{command['name']} {one['name']}" for one in below] or [command["name"]]


def test_help_names_every_command_as_something_to_click(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        answer = await fixture.run("help", who="Member")
        assert answer.ephemeral
        text = answer.embeds[0]["description"]
        for command in fixture.sandbox.commands:
            for name in leaves(command):
                assert f"</{name}:{command['id']}>" in text
        everybody, _, managers = text.partition("**With “Manage Server”**")
        assert "</status:" in everybody.partition("**For everyone**")[2]
        assert "</watch add:" in managers
        assert "</watch add:" not in everybody
        assert len(everybody.partition("\n\n")[0].splitlines()) == 5

    run_with_bot(tmp_path, scenario)


def test_managers_read_their_commands_by_task_and_members_only_what_is_theirs(
    tmp_path: Path,
) -> None:
    async def scenario(fixture: BotFixture) -> None:
        managers = (await fixture.run("help")).embeds[0]["description"]
        begin, _, sites = managers.partition("**Sites**")
        assert "</setup:" in begin.partition("**Begin**")[2]
        assert "</watch add:" in sites
        assert "**More**" not in managers
        assert not managers.endswith("\u2026")
        members = (await fixture.run("help", who="Member")).embeds[0]["description"]
        assert "**Begin**" not in members
        assert "Set up Vigie step by step." in managers
        assert "Set up Vigie step by step." not in members

    run_with_bot(tmp_path, scenario)


def test_help_speaks_french_and_fits(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        text = (await fixture.run("help", who="Member", locale="fr")).embeds[0]["description"]
        assert (
            "**Avec « Gérer le serveur »**".replace("« ", "«\u202f").replace(" »", "\u202f»")
            in text
        )
        assert not text.endswith("…")

    run_with_bot(tmp_path, scenario)
