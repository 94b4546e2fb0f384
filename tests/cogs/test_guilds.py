"""Servers that come, go and change while Vigie runs or is away."""

import asyncio
from pathlib import Path

from sandbox import Sandbox
from tests.cogs.harbour import Harbour, harbour, sail, until
from tests.test_client import sessions, shard_of, two_shards


def test_a_server_that_removes_vigie_keeps_its_settings_for_its_return(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        await ship.set_channel("alerts")
        await ship.run("watch add", url=ship.site.url, name="Shop")
        ship.sandbox.admin.remove_guild("Harbour")
        await until(lambda: not ship.app.guilds.known())
        assert ship.app.monitors.of_guild(ship.guild_id) == []
        ship.sandbox.admin.readd_guild("Harbour")
        await until(lambda: ship.app.monitors.of_guild(ship.guild_id))
        assert ship.app.guilds.settings(ship.guild_id).channel_id == ship.channel_id("alerts")

    sail(tmp_path, scenario)


def test_an_outage_of_discord_s_own_removes_nothing(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        await ship.run("watch add", url=ship.site.url, name="Shop")
        ship.sandbox.admin.guild_unavailable("Harbour")
        await asyncio.sleep(0.1)
        assert len(ship.app.monitors.of_guild(ship.guild_id)) == 1
        ship.sandbox.admin.guild_available("Harbour")
        await asyncio.sleep(0.1)
        assert (await ship.run("watch list")).text.count("Shop") == 1

    sail(tmp_path, scenario)


def test_a_removal_while_vigie_was_away_is_noticed_at_the_start(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox:
            async with harbour(tmp_path, sandbox=sandbox) as ship:
                await ship.run("watch add", url=ship.site.url, name="Shop")
            sandbox.admin.remove_guild("Harbour", announce=False)
            async with harbour(tmp_path, sandbox=sandbox) as again:
                await until(lambda: not again.app.guilds.known())
                assert again.app.monitors.of_guild(again.guild_id) == []

    asyncio.run(scenario())


def test_the_server_s_language_follows_its_setting(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        assert ship.app.guilds.language(ship.guild_id) == "en-US"
        ship.sandbox.admin.set_locale("Harbour", "fr")
        await until(lambda: ship.app.guilds.language(ship.guild_id) == "fr")
        public = await ship.run("status", public=True)
        assert not public.ephemeral
        assert not public.content.startswith("Nothing")

    sail(tmp_path, scenario)


def test_a_role_that_gives_the_right_back_wakes_the_channel(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        await ship.set_channel("alerts")
        ship.sandbox.admin.edit_role("Harbour", "@everyone", permissions=0)
        ship.sandbox.admin.set_bot_permissions("Harbour", 0)
        await ship.run("watch add", url=ship.site.url, name="Shop", every=1)
        ship.site.status = 503
        await until(lambda: any(e.code == 50001 for e in ship.sandbox.record.requests), 15)
        ship.sandbox.admin.set_bot_permissions(
            "Harbour", ("VIEW_CHANNEL", "SEND_MESSAGES", "EMBED_LINKS", "READ_MESSAGE_HISTORY")
        )
        await ship.sandbox.wait_for_message("alerts", "🔴 DOWN · Shop")

    sail(tmp_path, scenario)


def test_a_removal_while_one_shard_had_no_session_is_noticed(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with two_shards() as sandbox, harbour(tmp_path, sandbox=sandbox) as ship:
            mine = shard_of(str(ship.guild_id))
            await until(lambda: len(ship.app.guilds.known()) == 2, 15)
            await ship.run("watch add", url=ship.site.url, name="Shop")
            sandbox.admin.remove_guild("Harbour", announce=False)
            sandbox.gateway.invalidate(shard=mine)
            await until(lambda: len(ship.app.guilds.known()) == 1, 15)
            assert ship.app.monitors.of_guild(ship.guild_id) == []
            sandbox.admin.readd_guild("Harbour")
            await until(lambda: ship.app.monitors.of_guild(ship.guild_id), 15)
            sandbox.gateway.invalidate()
            await until(lambda: sessions(sandbox, mine) == 3, 20)
            await asyncio.sleep(0.2)
            assert len(ship.app.guilds.known()) == 2, "what is listed again stays"

    asyncio.run(scenario())
