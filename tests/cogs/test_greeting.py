"""Who invites Vigie is greeted once, in three lines; nobody else is."""

import asyncio
from pathlib import Path

from sandbox import Sandbox
from tests.cogs.bot_fixture import BotFixture, labels, run_with_bot, running_bot, until


def test_a_server_that_invites_vigie_is_greeted_once_in_three_lines(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        guild = fixture.sandbox.admin.add_guild("Quay", announce=False)
        channel = next(iter(guild.channels.values()))
        guild.system_channel_id = channel.id
        guild.locale = "fr"
        fixture.sandbox._core.events.guild_here(guild, unavailable=None)
        said = await fixture.sandbox.wait_for_message(channel, "Vigie")
        lines = said["content"].splitlines()
        assert len(lines) == 3
        assert lines[0] == (
            "Je suis Vigie. Je surveille vos sites"
            " et vous préviens quand l’un d’eux tombe en panne."
        )
        assert "</" in lines[1]
        assert "</help:" in lines[2]
        assert not said["mentions"]
        assert labels(said) == ["Configurer"]
        fixture.sandbox.admin.guild_unavailable(guild)
        fixture.sandbox.admin.guild_available(guild)
        await asyncio.sleep(0.1)
        assert len(fixture.sandbox.texts(channel)) == 1

    run_with_bot(tmp_path, scenario)


def test_without_a_system_channel_the_first_that_everybody_reads_is_greeted(
    tmp_path: Path,
) -> None:
    async def scenario(fixture: BotFixture) -> None:
        admin = fixture.sandbox.admin
        guild = admin.add_guild("Quay", channels=("staff", "lobby"), announce=False)
        staff, lobby = guild.channels.values()
        admin.set_permissions(staff, "@everyone", deny="VIEW_CHANNEL", announce=False)
        guild.system_channel_id = None
        fixture.sandbox._core.events.guild_here(guild, unavailable=None)
        said = await fixture.sandbox.wait_for_message(lobby, "Vigie")
        assert labels(said) == ["Set up"]
        assert fixture.sandbox.texts(staff) == []

    run_with_bot(tmp_path, scenario)


def test_a_server_found_at_the_start_is_not_greeted(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox:
            guild = sandbox.admin.add_guild("Quay")
            channel = next(iter(guild.channels.values()))
            guild.system_channel_id = channel.id
            async with running_bot(tmp_path, sandbox=sandbox) as fixture:
                await until(lambda: len(fixture.app.guilds.known()) == 2)
                await asyncio.sleep(0.2)
                assert sandbox.texts(channel) == []
                # A reconnection that is no resume lists all servers again.
                sandbox.gateway.invalidate()
                await asyncio.sleep(0.2)
                await sandbox.wait_online()
                await asyncio.sleep(0.2)
                assert sandbox.texts(channel) == []

    asyncio.run(scenario())


def test_nobody_is_greeted_where_vigie_may_not_write(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        guild = fixture.sandbox.admin.add_guild("Quay", announce=False)
        channel = next(iter(guild.channels.values()))
        fixture.sandbox.admin.set_permissions(channel, deny="SEND_MESSAGES", announce=False)
        guild.system_channel_id = channel.id
        fixture.sandbox._core.events.guild_here(guild, unavailable=None)
        await until(lambda: len(fixture.app.guilds.known()) == 2)
        await asyncio.sleep(0.1)
        assert fixture.sandbox.texts(channel) == []
        assert fixture.sandbox.record.of("POST", f"/channels/{channel.id}/messages") == []

    run_with_bot(tmp_path, scenario)
