"""An alert of many sites: all of them are in its file and behind Details, page by page."""

from pathlib import Path

from bot.db import incidents, monitors
from bot.db.database import Connection
from bot.models import Cause, Incident, Kind, Monitor, Reason, Target
from bot.services.delivery import enqueue
from tests.cogs.bot_fixture import BotFixture, run_with_bot

MANY = 40


async def many_down(fixture: BotFixture) -> None:
    """Forty sites of the server are down at the same moment."""
    now_ms = fixture.app.clock.now_ms()
    channel_id = fixture.channel_id("alerts")

    def write(conn: Connection) -> None:
        for number in range(MANY):
            name = f"site-{number:02}"
            target = Target(f"https://{name}.example/secret?key=1")
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
        post = await fixture.sandbox.wait_for_message("alerts", "40 sites down at once")
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
