"""The unmodified discord.py against the sandbox."""

import asyncio
from typing import Any

import discord
import pytest
from discord import app_commands

from sandbox import Refused, Sandbox, Upload
from tests.sandbox.sample_bot import SampleBot, with_sample_bot


@with_sample_bot
async def test_the_client_logs_in_gets_ready_and_registers_its_commands(
    sandbox: Sandbox, bot: SampleBot
) -> None:
    assert [guild.name for guild in bot.guilds] == ["Harbour"]
    assert {channel.name for channel in bot.guilds[0].text_channels} == {
        "alerts",
        "general",
        "news",
    }
    assert bot.guilds[0].me.guild_permissions.embed_links
    assert {command["name"] for command in sandbox.commands} == {
        "hello",
        "slow",
        "ask",
        "silent",
        "watch",
    }
    ids = {command["name"]: command["id"] for command in sandbox.commands}
    await bot.tree.sync()
    assert {command["name"]: command["id"] for command in sandbox.commands} == ids
    assert len(sandbox.gateway.identifies) == 1
    assert sandbox.record.unknown_routes == []


@with_sample_bot
async def test_slash_commands_are_answered_at_once_or_after_a_deferral(
    sandbox: Sandbox, bot: SampleBot
) -> None:
    answer = await sandbox.command("Member", "alerts", "hello", {"name": "Ada"})
    assert (answer.status, answer.content) == ("message", "hello Ada")
    assert "to Ada" in answer.text
    assert answer.buttons == ["Echo ahoy"]
    slow = await sandbox.command("Member", "alerts", "slow")
    assert (slow.status, slow.content, slow.deferred) == ("message", "first", True)
    assert not slow.ephemeral
    await sandbox.wait_for(lambda: sandbox.look(slow).followups)
    assert [m["content"] for m in sandbox.look(slow).followups] == ["second"]
    private = await sandbox.command("Member", "alerts", "slow", {"private": True})
    assert private.ephemeral
    assert sandbox.texts("alerts") == ["hello Ada", "first"]


@with_sample_bot
async def test_buttons_reach_a_dynamic_item(sandbox: Sandbox, bot: SampleBot) -> None:
    hello = await sandbox.command("Member", "alerts", "hello")
    answer = await sandbox.press("Moderator", hello, "Echo ahoy")
    assert (answer.content, answer.ephemeral) == ("echo ahoy", True)
    assert [m["content"] for m in sandbox.ephemerals("Moderator")] == ["echo ahoy"]
    assert sandbox.ephemerals("Member") == []


@with_sample_bot
async def test_options_are_checked_and_resolved(sandbox: Sandbox, bot: SampleBot) -> None:
    sandbox.admin.add_channel("Harbour", "quay", 2)
    given = {
        "url": "x",
        "every": 90,
        "channel": "#general",
        "role": "On call",
        "file": Upload("a.csv", b"from a file"),
    }
    answer = await sandbox.command("Admin", "alerts", "watch add", given)
    assert answer.content == "x 90 general On call from a file"
    for wrong, reason in (
        ({}, "required"),
        ({"url": "x", "every": 5}, "30 to 3600"),
        ({"url": "x", "every": "often"}, "whole number"),
        ({"url": "x", "colour": 1}, "no option"),
        ({"url": "x", "channel": "#quay"}, "of type 2"),
        ({"url": 5}, "takes text"),
    ):
        with pytest.raises((Refused, LookupError), match=reason):
            await sandbox.command("Admin", "alerts", "watch add", wrong)
    with pytest.raises(Refused, match="may not use"):
        await sandbox.command("Member", "alerts", "watch add", {"url": "x"})
    with pytest.raises(Refused, match="cannot be run itself"):
        await sandbox.command("Admin", "alerts", "watch")
    with pytest.raises(Refused, match="no command"):
        await sandbox.command("Admin", "alerts", "dance")


@with_sample_bot
async def test_a_dropped_client_resumes_and_misses_nothing(
    sandbox: Sandbox, bot: SampleBot
) -> None:
    sandbox.gateway.refuse()
    sandbox.gateway.drop()
    await sandbox.wait_for(lambda: not sandbox.gateway.online)
    sandbox.say("Member", "general", f"<@{sandbox.world.bot.id}> still there?")
    sandbox.gateway.accept()
    await sandbox.wait_for(lambda: sandbox.gateway.resumes == 1)
    await sandbox.wait_for(lambda: sandbox.gateway.online)
    await asyncio.sleep(0.05)
    assert "shard 0 resumed" in bot.heard
    assert any("still there?" in line for line in bot.heard)
    assert len(sandbox.gateway.identifies) == 1
    answer = await sandbox.command("Member", "alerts", "hello")
    assert answer.content == "hello you"


@with_sample_bot
async def test_a_429_is_waited_out(sandbox: Sandbox, bot: SampleBot) -> None:
    sandbox.faults.add("429", method="POST", path="/messages", times=1, retry_after=0.2)
    channel = bot.get_partial_messageable(int(sandbox.channel("alerts").id))
    begun = asyncio.get_running_loop().time()
    await channel.send("patience")
    assert asyncio.get_running_loop().time() - begun >= 0.2
    assert sandbox.texts("alerts") == ["patience"]


@with_sample_bot
async def test_a_503_and_a_ban_by_cloudflare_are_not(sandbox: Sandbox, bot: SampleBot) -> None:
    channel = bot.get_partial_messageable(int(sandbox.channel("alerts").id))
    sandbox.faults.add("503", method="POST", times=1)
    with pytest.raises(discord.DiscordServerError):
        await channel.send("no")
    sandbox.faults.add("cloudflare", method="POST", times=1)
    with pytest.raises(discord.HTTPException) as caught:
        await channel.send("banned")
    assert caught.value.status == 429


@with_sample_bot
async def test_servers_and_channels_come_and_go(sandbox: Sandbox, bot: SampleBot) -> None:
    guild = sandbox.admin.add_guild("Quay")
    sandbox.admin.guild_unavailable(guild)
    sandbox.admin.guild_available(guild)
    sandbox.admin.delete_channel("Quay/general")
    sandbox.admin.remove_guild(guild)
    wanted = ["joined Quay", "lost Quay", "found Quay", "deleted #general", "left Quay"]
    for _ in range(40):
        if [line for line in bot.heard if "Harbour" not in line] == wanted:
            break
        await asyncio.sleep(0.01)
    assert [line for line in bot.heard if "Harbour" not in line] == wanted


@with_sample_bot
async def test_what_a_menu_shows_as_chosen_has_ids_that_a_browser_can_read(
    sandbox: Sandbox, bot: SampleBot
) -> None:
    channel = bot.get_partial_messageable(int(sandbox.channel("alerts").id))
    chosen = discord.SelectDefaultValue(id=channel.id, type=discord.SelectDefaultValueType.channel)
    menu: discord.ui.ChannelSelect[Any] = discord.ui.ChannelSelect(
        custom_id="where", default_values=[chosen]
    )
    await channel.send("Where?", view=discord.ui.View(timeout=None).add_item(menu))
    [row] = sandbox.messages("alerts")[-1]["components"]
    [one] = row["components"][0]["default_values"]
    assert one == {"id": str(channel.id), "type": "channel"}, "Discord writes ids as text"


@with_sample_bot
async def test_every_type_of_option_reaches_the_bot(sandbox: Sandbox, bot: SampleBot) -> None:
    @app_commands.choices(size=[app_commands.Choice(name="Big", value=9)])
    async def types(  # noqa: PLR0917 - discord.py reads a command's options from its parameters
        interaction: discord.Interaction,
        who: discord.Member | None = None,
        whom: discord.Member | discord.Role | None = None,
        share: float | None = None,
        sure: bool | None = None,
        size: int | None = None,
        place: app_commands.AppCommandChannel | app_commands.AppCommandThread | None = None,
    ) -> None:
        found = (who, whom, share, sure, size, place)
        text = " ".join(str(one) for one in found if one is not None)
        await interaction.response.send_message(text, ephemeral=True)

    command: Any = app_commands.Command(name="types", description="All types", callback=types)
    bot.tree.add_command(command)
    await bot.tree.sync()

    async def reported(**options: Any) -> str:
        return (await sandbox.command("Member", "alerts", "types", options)).content

    assert await reported(who="Admin", whom="On call") == "admin On call"
    assert await reported(whom=sandbox.world.user("Moderator")) == "moderator"
    assert await reported(whom="Moderator") == "moderator"
    assert await reported(share=0.5, sure=True, size="Big") == "0.5 True 9"
    assert await reported(size=9, sure="false", place="news") == "False 9 news"
    for wrong in (
        {"share": "half"},
        {"sure": "maybe"},
        {"size": 8},
        {"size": "Small"},
    ):
        with pytest.raises(Refused):
            await reported(**wrong)
    with pytest.raises(LookupError):
        await reported(who="Nobody")
