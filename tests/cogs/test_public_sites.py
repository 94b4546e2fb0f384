"""Private alerts with a public board: of a public site everybody knows name and state, no more."""

import json
from pathlib import Path

import aiohttp
import pytest

from sandbox import Answer
from tests.cogs.bot_fixture import BotFixture, run_with_bot, until


async def privately(fixture: BotFixture) -> None:
    """Alerts go where members do not look; the Shop is public and down, the Vault is not public."""
    await fixture.set_channel()
    fixture.sandbox.admin.set_permissions("alerts", "@everyone", deny="VIEW_CHANNEL")
    fixture.sandbox.admin.set_permissions("alerts", "bot", allow="VIEW_CHANNEL")
    await fixture.run("watch add", url=fixture.site.url, name="Shop", every=1, public=True)
    await fixture.run("watch add", url=f"{fixture.site.url}/vault", name="Vault", every=1)
    fixture.site.status = 503
    await fixture.sandbox.wait_for_message("alerts", "Shop")
    await until(lambda: all(one.incident for one in fixture.app.watchlist.all()))


def gives_nothing_away(fixture: BotFixture, answer: Answer) -> None:
    assert "Vault" not in answer.text
    for secret in ("127.0.0.1", "503", str(fixture.channel_id("alerts"))):
        assert secret not in answer.text, secret


def test_members_know_name_and_state_of_a_public_site_and_nothing_else(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await privately(fixture)
        monitor = str(fixture.app.monitors.find(fixture.guild_id, "Shop").id)
        listed = await fixture.run("status", who="Member")
        assert "DOWN" in listed.text
        assert "Shop" in listed.text
        one = await fixture.run("status", who="Member", monitor=monitor)
        assert "🔴 DOWN · Shop" in one.text
        incidents = await fixture.run("incidents", who="Member")
        assert "**🔴 DOWN** · Shop" in incidents.text
        history = await fixture.run("history", who="Member", monitor="Shop")
        assert "DOWN · Shop" in history.text
        shown = await fixture.run("status", public=True)
        assert "Shop" in shown.text
        for answer in (listed, one, incidents, history, shown):
            gives_nothing_away(fixture, answer)
        for command in ("why", "mute"):
            more = {"for_": "1h"} if command == "mute" else {}
            fixture.give("mute", "everyone")
            refused = await fixture.run(command, who="Member", monitor="Shop", **more)
            assert "I watch nothing called “Shop” here." in refused.content
        offered = await fixture.sandbox.autocomplete("Member", "general", "status", "monitor", "")
        assert [choice["name"] for choice in offered] == ["Shop"]
        whole = await fixture.run("status", monitor=monitor)
        assert "HTTP 503" in whole.text

    run_with_bot(tmp_path, scenario)


def test_a_board_shows_what_is_public_and_the_rest_when_a_manager_says_so(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await privately(fixture)
        made = await fixture.run("board create", channel=str(fixture.channel_id("general")))
        assert "1 site hidden" in made.content
        board = await fixture.sandbox.wait_for_message("general", "Shop")
        assert "Vault" not in str(board)
        assert "503" not in str(board)
        refused = await fixture.sandbox.press("Admin", made, "Show them anyway")
        assert "1 site is public now" in str(refused.message)
        board = await fixture.sandbox.wait_for_message("general", "Vault")
        assert "503" not in str(board["components"])
        assert fixture.app.monitors.find(fixture.guild_id, "Vault").public
        card = await fixture.run("watch edit", monitor="Vault")
        assert "Public: no → yes" in card.text
        again = await fixture.run("board create", channel=str(fixture.channel_id("general")))
        assert "hidden" not in again.content

    run_with_bot(tmp_path, scenario)


def test_what_is_no_longer_public_is_hidden_again(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await privately(fixture)
        await fixture.run("watch edit", monitor="Shop", public=False)
        listed = await fixture.run("status", who="Member")
        assert "Nothing is watched yet." in listed.text
        incidents = await fixture.run("incidents", who="Member")
        assert "Shop" not in incidents.text

    run_with_bot(tmp_path, scenario)


@pytest.mark.parametrize("word", ["yes", "oui", "TRUE", "1"])
def test_a_file_keeps_what_is_public(tmp_path: Path, word: str) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel()
        await fixture.run("watch add", url=fixture.site.url, name="Shop", public=True)
        exported = await fixture.run("watch export")
        async with aiohttp.ClientSession() as session:
            answer = await session.get(exported.attachments[0]["url"])
            [shop] = json.loads(await answer.read())["monitors"]
        assert shop["public"] is True
        typed = fixture.app.monitors.draft(
            fixture.guild_id,
            {"url": "http://127.0.0.1/", "public": word},
            fixture.app.monitors.index(fixture.guild_id),
        )
        assert typed.public

    run_with_bot(tmp_path, scenario)
