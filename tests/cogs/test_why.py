"""``/why``: who is answered, and in which language."""

from pathlib import Path

from tests.cogs.bot_fixture import BotFixture, run_with_bot


def test_everybody_may_ask_why_and_is_answered_alone(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        await fixture.run("watch add", url=f"{fixture.site.url}/?key=secret", name="Shop", every=1)
        fixture.site.status = 503
        await fixture.sandbox.wait_for_message("alerts", "Shop")
        answer = await fixture.run("why", who="Member", monitor="Shop")
        assert answer.ephemeral
        assert answer.embeds[0]["title"] == "🔴 DOWN · Shop"
        said = answer.embeds[0]["description"]
        assert "`x` every check failed" in said
        assert "every round failed." in said
        assert "The all-clear needs 3 good rounds in a row and has 0." in said
        assert "Each failure counted only after a connectivity check had succeeded." in said
        assert "HTTP 503" in answer.embeds[0]["fields"][0]["value"]
        assert "secret" not in answer.text
        assert "secret" in (await fixture.run("why", monitor="Shop")).text

    run_with_bot(tmp_path, scenario)


def test_french_people_read_french(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.run("watch add", url=fixture.site.url, name="Boutique")
        answer = await fixture.run("why", monitor="Boutique", locale="fr")
        assert "cycle" in answer.embeds[0]["description"]
        command = next(c for c in fixture.sandbox.commands if c["name"] == "why")
        assert command["name_localizations"]["fr"] == "pourquoi"

    run_with_bot(tmp_path, scenario)
