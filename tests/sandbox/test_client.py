"""The unmodified discord.py against the sandbox."""

import asyncio

import discord
import pytest

from bot.sandbox import Refused, Sandbox, Upload
from tests.sandbox.sample_bot import running


def test_the_client_logs_in_gets_ready_and_registers_its_commands() -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox, running(sandbox) as bot:
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

    asyncio.run(scenario())


def test_slash_commands_are_answered_at_once_or_after_a_deferral() -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox, running(sandbox):
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

    asyncio.run(scenario())


def test_buttons_reach_a_dynamic_item() -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox, running(sandbox):
            hello = await sandbox.command("Member", "alerts", "hello")
            answer = await sandbox.press("Moderator", hello, "Echo ahoy")
            assert (answer.content, answer.ephemeral) == ("echo ahoy", True)
            assert [m["content"] for m in sandbox.ephemerals("Moderator")] == ["echo ahoy"]
            assert sandbox.ephemerals("Member") == []

    asyncio.run(scenario())


def test_modals_open_and_are_submitted() -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox, running(sandbox):
            opened = await sandbox.command("Member", "alerts", "ask")
            assert opened.status == "modal"
            with pytest.raises(Refused, match="0 to 20"):
                await sandbox.submit_modal("Member", opened, {"name": "x" * 21})
            answer = await sandbox.submit_modal("Member", opened, {"Name": "Ada"})
            assert answer.content == "Hello Ada"

    asyncio.run(scenario())


def test_autocomplete_offers_what_the_bot_says() -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox, running(sandbox):
            choices = await sandbox.autocomplete("Admin", "alerts", "watch remove", "monitor", "sh")
            assert choices == [{"name": "Shop", "value": "shop"}]

    asyncio.run(scenario())


def test_options_are_checked_and_resolved() -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox, running(sandbox):
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

    asyncio.run(scenario())


def test_the_same_nonce_twice_makes_one_message() -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox, running(sandbox) as bot:
            channel = bot.get_partial_messageable(int(sandbox.channel("alerts").id))
            first = await channel.send("down", nonce="row-1")
            again = await channel.send("down", nonce="row-1")
            assert first.id == again.id
            assert sandbox.texts("alerts") == ["down"]
            edited = await channel.get_partial_message(first.id).edit(content="up")
            assert edited.content == "up"
            reply = await channel.send("was down", reference=first, mention_author=False)
            assert reply.reference is not None
            assert reply.reference.message_id == first.id
            await first.delete()
            with pytest.raises(discord.NotFound) as caught:
                await channel.send("down", nonce="row-1")
            assert caught.value.code == 10008

    asyncio.run(scenario())


def test_a_dropped_client_resumes_and_misses_nothing() -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox, running(sandbox) as bot:
            sandbox.gateway.refuse()
            sandbox.gateway.drop()
            await sandbox.wait_for(lambda: not sandbox.gateway.online)
            sandbox.say("Member", "general", f"<@{sandbox.world.bot.id}> still there?")
            sandbox.gateway.accept()
            await sandbox.wait_for(lambda: sandbox.gateway.resumes == 1, 10)
            await sandbox.wait_for(lambda: sandbox.gateway.online)
            await asyncio.sleep(0.05)
            assert "shard 0 resumed" in bot.heard
            assert any("still there?" in line for line in bot.heard)
            assert len(sandbox.gateway.identifies) == 1
            answer = await sandbox.command("Member", "alerts", "hello")
            assert answer.content == "hello you"

    asyncio.run(scenario())


def test_a_429_is_waited_out() -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox, running(sandbox) as bot:
            sandbox.faults.add("429", method="POST", path="/messages", times=1, retry_after=0.2)
            channel = bot.get_partial_messageable(int(sandbox.channel("alerts").id))
            begun = asyncio.get_running_loop().time()
            await channel.send("patience")
            assert asyncio.get_running_loop().time() - begun >= 0.2
            assert sandbox.texts("alerts") == ["patience"]
            sandbox.faults.add("503", method="POST", times=1)
            with pytest.raises(discord.DiscordServerError):
                await channel.send("no")
            sandbox.faults.add("cloudflare", method="POST", times=1)
            with pytest.raises(discord.HTTPException) as caught:
                await channel.send("banned")
            assert caught.value.status == 429

    asyncio.run(scenario())


def test_a_silent_command_fails_after_the_first_answer_window() -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox, running(sandbox):
            sandbox.settings.first_answer_s = 0.1
            answer = await sandbox.command("Member", "alerts", "silent")
            assert answer.status == "failed"
            assert answer.error == "The application did not respond"

    asyncio.run(scenario())


def test_servers_and_channels_come_and_go() -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox, running(sandbox) as bot:
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

    asyncio.run(scenario())
