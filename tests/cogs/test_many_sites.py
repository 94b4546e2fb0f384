"""An alert of many sites: all of them are in its file and behind Details, page by page."""

from pathlib import Path

import pytest

from bot.db import incidents, monitors
from bot.db.database import Connection
from bot.models import Cause, Incident, Kind, Monitor, Reason, Target
from bot.services.delivery import enqueue
from tests.cogs.bot_fixture import BotFixture, labels, run_with_bot

MANY = 40


async def many_down(fixture: BotFixture, names: str = "site-{:02}", count: int = MANY) -> None:
    """So many sites of the server are down at the same moment."""
    now_ms = fixture.app.clock.now_ms()
    channel_id = fixture.channel_id("alerts")

    def write(conn: Connection) -> None:
        for number in range(count):
            name = names.format(number)
            target = Target(f"https://site-{number:02}.example/secret?key=1")
            monitor_id = monitors.insert(conn, Monitor(0, fixture.guild_id, name, target, 60))
            incident = Incident(
                id=0,
                public_id="",
                guild_id=fixture.guild_id,
                monitor_id=monitor_id,
                name=name,
                url=target.url,
                interval_s=60,
                kind=Kind.DOWN,
                cause=Cause(Reason.HTTP, 503),
                since_ms=now_ms - 60_000,
                opened_ms=now_ms,
                failed=3,
                channel_id=channel_id,
            )
            enqueue.opening(conn, incidents.insert(conn, incident), now_ms, wait_s=0)

    await fixture.app.delivery._db.write(write)
    fixture.app.delivery.wake()


def test_details_turn_the_pages_of_all_sites(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel()
        await many_down(fixture)
        post = await fixture.sandbox.wait_for_message("alerts", "40 down: ")
        assert [one["filename"] for one in post["attachments"]] == ["sites.txt"]
        first = await fixture.sandbox.press("Member", post, "Details")
        assert first.ephemeral
        assert "All 40 sites of this alert" in first.text
        assert "Page 1 of 3" in first.text
        assert "site-00" in first.text
        assert "secret" not in first.text
        assert first.message is not None
        await fixture.sandbox.press("Member", first, "▶")
        second = fixture.sandbox.look(first)
        assert "Page 2 of 3" in second.text
        assert "site-15" in second.text
        await fixture.sandbox.press("Member", second, "▶")
        third = fixture.sandbox.look(first)
        assert "Page 3 of 3" in third.text
        assert "site-39" in third.text
        await fixture.sandbox.press("Member", third, "◀")
        assert "Page 2 of 3" in fixture.sandbox.look(first).text

    run_with_bot(tmp_path, scenario)


@pytest.mark.parametrize("count", [20, MANY], ids=["a line each", "names alone"])
def test_names_of_emoji_keep_every_length_as_discord_counts_it(tmp_path: Path, count: int) -> None:
    """An emoji counts twice there; what is longer than allowed would be refused as a whole."""

    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel()
        await many_down(fixture, "{:02}" + "\U0001f6a2" * 78, count)
        post = await fixture.sandbox.wait_for_message("alerts", " down: ")
        assert post["embeds"], "the whole card, not its line alone"
        assert len(labels(post)) == 5
        first = await fixture.sandbox.press("Member", post, "Details")
        assert "\U0001f6a2" in first.text
        await fixture.app.watchlist.load()
        [offered, *_] = await fixture.sandbox.autocomplete("Admin", "general", "why", "monitor")
        for command in ("watch list", "status", "incidents", "alerts show", "doctor"):
            answer = await fixture.run(command)
            assert answer.status == "message", command
            assert "Something went wrong" not in answer.text, command
        for command in ("why", "status", "incidents", "history", "watch edit"):
            answer = await fixture.run(command, monitor=offered["value"])
            assert answer.status == "message", command
            assert "Something went wrong" not in answer.text, command
        await fixture.run("board create", channel=fixture.sandbox.channel("general").id)
        board = await fixture.sandbox.wait_for_message("general", "\U0001f6a2")
        assert ("more" in str(board["components"])) is (count == MANY)
        refused = [one for one in fixture.sandbox.record.requests if one.code == 50035]
        assert refused == [], "nothing was sent twice, plainer"

    run_with_bot(tmp_path, scenario)


def test_a_mute_of_a_group_says_that_it_is_all_of_them(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel()
        await many_down(fixture)
        post = await fixture.sandbox.wait_for_message("alerts", "down")
        for entry in await fixture.app.watchlist.load_guild(fixture.guild_id):
            assert entry.incident is not None
        muted = await fixture.sandbox.press("Moderator", post, "Mute 1 h")
        assert muted.content.startswith("All 40 sites of this alert are muted until <t:")
        shown = await fixture.sandbox.wait_for_message("alerts", "Alerts are muted until <t:")
        answer = await fixture.sandbox.press("Moderator", shown, "Unmute")
        assert answer.content == "Alerts for all 40 sites of this alert are on again."

    run_with_bot(tmp_path, scenario)
