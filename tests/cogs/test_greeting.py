"""Who invites Vigie is greeted once, in three lines; nobody else is."""

import asyncio
import logging
from pathlib import Path

import pytest

from sandbox import Sandbox
from sandbox.world.world import Channel, ChannelType, Guild
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


def new_server(fixture: BotFixture, **channels: str) -> tuple[Guild, dict[str, Channel]]:
    """A server that the bot has not heard of, with channels by name and what is denied there."""
    admin = fixture.sandbox.admin
    guild = admin.add_guild("Quay", channels=channels, announce=False)
    made = {one.name: one for one in guild.channels.values()}
    for name, denied in channels.items():
        admin.set_permissions(made[name], deny=denied or 0, announce=False)
    return guild, made


async def greeted_in(fixture: BotFixture, guild: Guild) -> dict[str, list[str]]:
    """Invite the bot, and wait for its one greeting: buttons by the channel it stands in."""
    fixture.sandbox._core.events.guild_here(guild, unavailable=None)
    places = {one.name: one for one in guild.channels.values()}

    def found() -> dict[str, list[str]]:
        said = {name: fixture.sandbox.messages(one) for name, one in places.items()}
        said["DM"] = fixture.sandbox.dm("Admin")
        return {name: labels(one) for name, all_ in said.items() for one in all_}

    await until(found)
    await asyncio.sleep(0.1)
    return found()


VIEW, SEND, EMBED = "VIEW_CHANNEL", "SEND_MESSAGES", "EMBED_LINKS"
GONE = "1"  # of a channel that was deleted


@pytest.mark.parametrize(
    ("denied", "system", "updates", "greeted"),
    [
        ({}, "lobby", "staff", "lobby"),
        ({"lobby": EMBED}, "lobby", "staff", "lobby"),
        ({"lobby": SEND}, "lobby", "staff", "staff"),
        ({"lobby": VIEW}, "lobby", "staff", "staff"),
        ({"lobby": SEND, "staff": SEND}, "lobby", "staff", "help"),
        ({}, None, "staff", "staff"),
        ({}, None, None, "staff"),
        ({"staff": VIEW}, None, None, "lobby"),
        ({"staff": VIEW, "lobby": EMBED}, None, None, "help"),
        ({"staff": VIEW, "lobby": SEND}, "lobby", GONE, "help"),
    ],
)
def test_the_greeting_stands_in_the_first_channel_that_fits(
    tmp_path: Path, denied: dict[str, str], system: str | None, updates: str | None, greeted: str
) -> None:
    """Neither under the rules, which come first, nor where announcements are made."""

    async def scenario(fixture: BotFixture) -> None:
        names = ("rules", "news", "staff", "lobby", "help")
        guild, made = new_server(fixture, **{name: denied.get(name, "") for name in names})
        made["news"].type = ChannelType.ANNOUNCEMENT
        guild.rules_channel_id = made["rules"].id
        guild.system_channel_id = made[system].id if system else None
        guild.public_updates_channel_id = made[updates].id if updates in made else updates
        assert await greeted_in(fixture, guild) == {greeted: ["Set up"]}

    run_with_bot(tmp_path, scenario)


def test_where_vigie_may_write_nowhere_the_owner_is_greeted(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        guild, made = new_server(fixture, lobby=SEND, rules="", news="")
        made["news"].type = ChannelType.ANNOUNCEMENT
        guild.rules_channel_id = made["rules"].id
        guild.locale, guild.name = "fr", "*Quay* @everyone"
        # The button opens a card of that server: in a DM there is none.
        assert await greeted_in(fixture, guild) == {"DM": []}
        (said,) = fixture.sandbox.dm("Admin")
        lines = said["content"].splitlines()
        server = "\\*Quay\\* \\@everyone"
        assert lines[1] == (f"Je vous écris, car je ne peux écrire dans aucun salon de {server}.")
        assert len(lines) == 4
        fixture.sandbox.admin.guild_unavailable(guild)
        fixture.sandbox.admin.guild_available(guild)
        await asyncio.sleep(0.1)
        assert len(fixture.sandbox.dm("Admin")) == 1

    run_with_bot(tmp_path, scenario)


def test_an_owner_who_takes_no_messages_is_left_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(fixture: BotFixture) -> None:
        guild, _ = new_server(fixture, lobby=SEND)
        fixture.sandbox.admin.close_dms("Admin")
        fixture.sandbox._core.events.guild_here(guild, unavailable=None)
        await until(lambda: "Welcome not sent" in caplog.text)
        assert len(fixture.app.guilds.known()) == 2
        assert fixture.sandbox.dm("Admin") == []
        assert (await fixture.run("help")).status == "message"

    with caplog.at_level(logging.INFO):
        run_with_bot(tmp_path, scenario)
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]


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
