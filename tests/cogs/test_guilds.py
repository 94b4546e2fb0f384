"""Servers that come, go and change while Vigie runs or is away."""

import asyncio
from pathlib import Path

from sandbox import Sandbox
from tests.cogs.bot_fixture import BotFixture, run_with_bot, running_bot, until
from tests.discord.test_client import sessions, shard_of, two_shards


def test_a_server_that_removes_vigie_keeps_its_settings_for_its_return(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        await fixture.run("watch add", url=fixture.site.url, name="Shop")
        fixture.sandbox.admin.remove_guild("Harbour")
        await until(lambda: not fixture.app.guilds.known())
        assert fixture.app.monitors.of_guild(fixture.guild_id) == []
        fixture.sandbox.admin.readd_guild("Harbour")
        await until(lambda: fixture.app.monitors.of_guild(fixture.guild_id))
        assert fixture.app.guilds.settings(fixture.guild_id).channel_id == fixture.channel_id(
            "alerts"
        )

    run_with_bot(tmp_path, scenario)


def test_an_outage_of_discord_s_own_removes_nothing(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.run("watch add", url=fixture.site.url, name="Shop")
        fixture.sandbox.admin.guild_unavailable("Harbour")
        await asyncio.sleep(0.1)
        assert len(fixture.app.monitors.of_guild(fixture.guild_id)) == 1
        fixture.sandbox.admin.guild_available("Harbour")
        await asyncio.sleep(0.1)
        assert (await fixture.run("watch list")).text.count("Shop") == 1

    run_with_bot(tmp_path, scenario)


def test_a_removal_while_vigie_was_away_is_noticed_at_the_start(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox:
            async with running_bot(tmp_path, sandbox=sandbox) as fixture:
                await fixture.run("watch add", url=fixture.site.url, name="Shop")
            sandbox.admin.remove_guild("Harbour", announce=False)
            async with running_bot(tmp_path, sandbox=sandbox) as again:
                await until(lambda: not again.app.guilds.known())
                assert again.app.monitors.of_guild(again.guild_id) == []

    asyncio.run(scenario())


def test_the_server_s_language_follows_its_setting(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        assert fixture.app.guilds.language(fixture.guild_id) == "en-US"
        fixture.sandbox.admin.set_locale("Harbour", "fr")
        await until(lambda: fixture.app.guilds.language(fixture.guild_id) == "fr")
        public = await fixture.run("status", public=True)
        assert not public.ephemeral
        assert not public.content.startswith("Nothing")

    run_with_bot(tmp_path, scenario)


def test_a_role_that_gives_the_right_back_wakes_the_channel(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        fixture.sandbox.admin.edit_role("Harbour", "@everyone", permissions=0)
        fixture.sandbox.admin.set_bot_permissions("Harbour", 0)
        await fixture.run("watch add", url=fixture.site.url, name="Shop", every=1)
        fixture.site.status = 503
        await until(lambda: any(e.code == 50001 for e in fixture.sandbox.record.requests))
        fixture.sandbox.admin.set_bot_permissions(
            "Harbour", ("VIEW_CHANNEL", "SEND_MESSAGES", "EMBED_LINKS", "READ_MESSAGE_HISTORY")
        )
        await fixture.sandbox.wait_for_message("alerts", "🔴 DOWN · Shop")

    run_with_bot(tmp_path, scenario)


def test_a_removal_while_one_shard_had_no_session_is_noticed(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with two_shards() as sandbox, running_bot(tmp_path, sandbox=sandbox) as fixture:
            mine = shard_of(str(fixture.guild_id))
            await until(lambda: len(fixture.app.guilds.known()) == 2)
            await fixture.run("watch add", url=fixture.site.url, name="Shop")
            sandbox.admin.remove_guild("Harbour", announce=False)
            sandbox.gateway.invalidate(shard=mine)
            await until(lambda: len(fixture.app.guilds.known()) == 1)
            assert fixture.app.monitors.of_guild(fixture.guild_id) == []
            sandbox.admin.readd_guild("Harbour")
            await until(lambda: fixture.app.monitors.of_guild(fixture.guild_id))
            sandbox.gateway.invalidate()
            await until(lambda: sessions(sandbox, mine) == 3)
            await asyncio.sleep(0.2)
            assert len(fixture.app.guilds.known()) == 2, "what is listed again stays"

    asyncio.run(scenario())
