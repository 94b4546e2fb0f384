"""Servers and channels change, seen through the gateway (rows 9, 10, 14, 15 and 36)."""

import asyncio
from pathlib import Path

import pytest

from tests.harness import Harness, running, until

pytestmark = pytest.mark.process


def present(h: Harness) -> bool:
    with h.store() as conn:
        return bool(conn.execute("SELECT 1 FROM guild WHERE left_ms IS NULL").fetchone())


def test_a_server_lost_while_away_rests_and_goes_on_when_it_is_back(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(tmp_path, "shop") as h:
            # An outage of Discord's side is no goodbye: nothing is deleted, probes go on.
            h.sandbox.admin.guild_unavailable("Harbour")
            await h.sites["shop"].visited(2)
            assert present(h)
            h.sandbox.admin.guild_available("Harbour")
            await h.bot.kill()
            h.sandbox.admin.remove_guild("Harbour", announce=False)
            await h.bot.start(online=False)
            await until(lambda: not present(h))
            await asyncio.sleep(0.2)
            visits = h.sites["shop"].visits
            await asyncio.sleep(1.1)
            assert h.sites["shop"].visits == visits
            h.sandbox.admin.readd_guild("Harbour")
            await h.outage("shop")

    asyncio.run(scenario())


def test_changed_rights_and_channels_are_noticed_at_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Harness(tmp_path) as h:
            second = int(h.sandbox.channel("general").id)
            await h.seed("shop", fallback_channel_id=second)
            await h.bot.start()
            h.sandbox.admin.set_permissions("alerts", "bot", deny="send_messages")
            h.sites["shop"].fail()
            await h.wait_post("🔕 NOT HEARD", "general")
            # The server's second channel has the alert meanwhile, and keeps it.
            await h.wait_post("DOWN · shop", "general")
            h.sandbox.admin.set_permissions("alerts", "bot")
            await h.sites["shop"].heal()
            await h.wait_post("UP · shop", "general")
            assert h.posts() == []
            h.sandbox.admin.delete_channel("alerts")
            await until(lambda: _parked(h) == 1)
            assert len(h.texts("general")) == 3

    asyncio.run(scenario())


def _parked(h: Harness) -> int:
    with h.store() as conn:
        return int(conn.execute("SELECT count(*) FROM blocked_channel").fetchone()[0])


def test_a_button_has_one_effect_whoever_presses_it_how_often(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(tmp_path, "shop") as h:
            post = await h.outage("shop")
            await h.bot.restart()
            first = await h.sandbox.press("Admin", post, "Acknowledge")
            await until(lambda: "is on it" in str(h.posts()[0]["embeds"]))
            again = await h.sandbox.press("Admin", post, "Take over")
            other = await h.sandbox.press("Moderator", post, "Take over")
            assert [one.ephemeral for one in (first, again, other)] == [True] * 3
            assert "Acknowledged" in first.text
            assert "You already took this one." in again.text
            assert "Acknowledged" in other.text
            moderator = h.sandbox.world.user("Moderator").id
            await until(lambda: f"<@{moderator}> is on it" in str(h.posts()[0]["embeds"]))
            await h.recovery("shop")
            await until(lambda: not h.posts()[0]["components"])
            assert str(h.posts()[0]["embeds"]).count("acknowledged by") == 1

    asyncio.run(scenario())
