"""Who invites Vigie is greeted once, in three lines; nobody else is."""

import asyncio
from pathlib import Path

from sandbox import Sandbox
from tests.cogs.harbour import Harbour, harbour, labels, sail, until


def test_a_server_that_invites_vigie_is_greeted_once_in_three_lines(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        guild = ship.sandbox.admin.add_guild("Quay", announce=False)
        channel = next(iter(guild.channels.values()))
        guild.system_channel_id = channel.id
        guild.locale = "fr"
        ship.sandbox._core.news.guild_here(guild, unavailable=None)
        said = await ship.sandbox.wait_for_message(channel, "Vigie")
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
        ship.sandbox.admin.guild_unavailable(guild)
        ship.sandbox.admin.guild_available(guild)
        await asyncio.sleep(0.1)
        assert len(ship.sandbox.texts(channel)) == 1

    sail(tmp_path, scenario)


def test_a_server_found_at_the_start_is_not_greeted(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox:
            guild = sandbox.admin.add_guild("Quay")
            channel = next(iter(guild.channels.values()))
            guild.system_channel_id = channel.id
            async with harbour(tmp_path, sandbox=sandbox) as ship:
                await until(lambda: len(ship.app.guilds.known()) == 2)
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
    async def scenario(ship: Harbour) -> None:
        guild = ship.sandbox.admin.add_guild("Quay", announce=False)
        channel = next(iter(guild.channels.values()))
        ship.sandbox.admin.set_permissions(channel, deny="SEND_MESSAGES", announce=False)
        guild.system_channel_id = channel.id
        ship.sandbox._core.news.guild_here(guild, unavailable=None)
        await until(lambda: len(ship.app.guilds.known()) == 2)
        await asyncio.sleep(0.1)
        assert ship.sandbox.texts(channel) == []
        assert ship.sandbox.record.of("POST", f"/channels/{channel.id}/messages") == []

    sail(tmp_path, scenario)
