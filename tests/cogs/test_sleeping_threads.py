"""A thread that sleeps (is archived) takes alerts as before, and everybody is answered."""

import asyncio
from pathlib import Path
from typing import Any

from sandbox import Sandbox
from sandbox.world.world import Channel, ChannelType
from tests.cogs.bot_fixture import BotFixture, run_with_bot, running_bot, until

Json = dict[str, Any]


async def asleep(fixture: BotFixture, thread: Channel) -> None:
    """Let a thread fall asleep, and see that discord.py has forgotten it."""
    fixture.sandbox.admin.set_thread(thread, archived=True)
    client: Any = fixture.app.services.boards.publisher.transport
    guild = client._client.get_guild(fixture.guild_id)
    await until(lambda: guild.get_thread(int(thread.id)) is None)
    await asyncio.sleep(0.05)


async def watched(fixture: BotFixture) -> Channel:
    """A thread with the alerts of one site."""
    thread = fixture.sandbox.admin.add_thread("alerts", "alarms")
    await asyncio.sleep(0.05)
    answer = await fixture.run("alerts channel", channel=thread.id)
    assert f"<#{thread.id}>" in answer.content
    await fixture.run("watch add", url=fixture.site.url, name="Shop", every=1)
    return thread


async def _everybody_is_answered(fixture: BotFixture, thread: Channel) -> None:
    assert (await fixture.run("status", who="Member")).content == "1 up"
    typed = await fixture.sandbox.autocomplete("Member", "general", "why", "monitor", "sh")
    assert [one["name"] for one in typed] == ["Shop"]
    for command in ("doctor", "alerts show", "setup", "alerts test"):
        reported = str((await fixture.run(command)).message)
        assert "cannot see" not in reported, command
        assert "is gone" not in reported, command
    await fixture.sandbox.wait_for_message(thread, "TEST")


def test_everybody_is_answered_while_the_thread_sleeps(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        thread = await watched(fixture)
        await until(lambda: fixture.app.monitors.of_guild(fixture.guild_id))
        await asyncio.sleep(1.2)
        await asleep(fixture, thread)
        await _everybody_is_answered(fixture, thread)

    run_with_bot(tmp_path, scenario)


def test_a_restart_finds_the_thread_that_slept_before_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox:
            async with running_bot(tmp_path, sandbox=sandbox) as fixture:
                thread = await watched(fixture)
                await asyncio.sleep(1.2)
            sandbox.admin.set_thread(thread, archived=True)
            async with running_bot(tmp_path, sandbox=sandbox) as again:
                await until(lambda: _asked(sandbox, thread) == 1)
                await asyncio.sleep(0.1)
                await _everybody_is_answered(again, thread)
                assert _asked(sandbox, thread) == 1, "asked once"

    asyncio.run(scenario())


def _asked(sandbox: Sandbox, thread: Channel) -> int:
    found = [one.path for one in sandbox.record.requests if one.method == "GET"]
    return found.count(f"/channels/{thread.id}")


def test_the_form_keeps_a_thread_that_sleeps_when_only_the_role_changes(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        thread = fixture.sandbox.admin.add_thread("alerts", "alarms")
        await fixture.set_channel("alerts")
        await fixture.run("watch add", url=fixture.site.url, name="Shop", channel=thread.id)
        await asleep(fixture, thread)
        card = await fixture.run("watch edit", monitor="Shop")
        form = await fixture.sandbox.press("Admin", card, "Alert channel")
        assert "alarms" in str(form.modal)
        role = fixture.role_id("On call")
        done = await fixture.sandbox.submit_modal("Admin", form, {"role": [role]})
        assert "Changed" in str(done.message)
        monitor = fixture.app.monitors.of_guild(fixture.guild_id)[0]
        assert monitor.channel_id == int(thread.id)
        assert monitor.role_id == int(role)
        form = await fixture.sandbox.press("Admin", card, "Alert channel")
        general = str(fixture.channel_id("general"))
        given = {"Channel": [general], "Role": []}
        await fixture.sandbox.submit_modal("Admin", form, given)
        monitor = fixture.app.monitors.of_guild(fixture.guild_id)[0]
        assert (monitor.channel_id, monitor.role_id) == (int(general), None)

    run_with_bot(tmp_path, scenario)


def test_a_board_in_a_sleeping_thread_names_what_its_readers_may_know(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox:
            async with running_bot(tmp_path, sandbox=sandbox) as fixture:
                thread = await watched(fixture)
                made = await fixture.run("board create", channel=thread.id)
                assert "hidden" not in made.content
                await sandbox.wait_for_message(thread, "Shop")
            sandbox.admin.set_thread(thread, archived=True)
            async with running_bot(tmp_path, sandbox=sandbox) as again:
                await until(lambda: _asked(sandbox, thread))
                await asyncio.sleep(0.2)
                boards = again.app.services.boards
                assert boards.left_out(again.guild_id, int(thread.id)) == []

    asyncio.run(scenario())


def test_a_private_thread_is_no_place_and_a_locked_one_is_called_locked(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        thread = await watched(fixture)
        fixture.sandbox.admin.set_thread(thread, archived=True, locked=True)
        await asyncio.sleep(0.1)
        reported = str((await fixture.run("doctor")).message)
        assert f"The thread <#{thread.id}> is locked." in reported
        assert "Manage Threads" in reported
        hidden = fixture.sandbox.admin.add_thread("alerts", "hidden", ChannelType.PRIVATE_THREAD)
        found = fixture.app.services.boards.publisher.transport
        assert found is not None
        home = fixture.channel_id("general")
        assert not found.seen_by_readers(fixture.guild_id, home, [int(hidden.id)])

    run_with_bot(tmp_path, scenario)


def test_a_thread_that_is_gone_is_asked_for_once_and_called_gone(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox:
            async with running_bot(tmp_path, sandbox=sandbox) as fixture:
                thread = await watched(fixture)
            sandbox.admin.delete_channel(thread, announce=False)
            async with running_bot(tmp_path, sandbox=sandbox) as again:
                await until(lambda: _asked(sandbox, thread) == 1)
                for _ in range(3):
                    assert "is gone" in str((await again.run("doctor")).message)
                assert _asked(sandbox, thread) == 1

    asyncio.run(scenario())


def test_a_server_out_of_sight_is_called_so_and_nothing_in_it_gone(tmp_path: Path) -> None:
    """Its details have not come yet, or Vigie was invited for its commands alone."""

    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts", role=fixture.role_id("On call"))
        await fixture.run("watch add", url=fixture.site.url, name="Shop")
        fixture.sandbox.admin.guild_unavailable("Harbour")
        await asyncio.sleep(0.1)
        for command in ("doctor", "alerts show", "setup", "alerts test"):
            reported = str((await fixture.run(command)).message)
            assert "I do not see the channels of this server yet." in reported, command
            assert "gone" not in reported, command
            assert "invite me again" in reported, command

    run_with_bot(tmp_path, scenario)


def test_names_of_emoji_are_offered_and_their_form_is_taken_unchanged(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        name = "\U0001f6a2" * 80
        await fixture.run("watch add", url=fixture.site.url, name=name)
        [offered] = await fixture.sandbox.autocomplete("Admin", "general", "why", "monitor", "")
        assert offered["name"].startswith("\U0001f6a2" * 49)
        card = await fixture.run("watch edit", monitor=offered["value"])
        form = await fixture.sandbox.press("Admin", card, "Address and interval")
        done = await fixture.sandbox.submit_modal("Admin", form, {})
        assert "Nothing changed." in str(done.message)
        assert fixture.app.monitors.of_guild(fixture.guild_id)[0].name == name

    run_with_bot(tmp_path, scenario)


def test_a_thread_goes_with_its_channel_also_while_it_sleeps(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        home = fixture.sandbox.admin.add_channel("Harbour", "home")
        thread = fixture.sandbox.admin.add_thread(home, "alarms")
        await asyncio.sleep(0.05)
        await fixture.run("alerts channel", channel=thread.id)
        await fixture.run("watch add", url=fixture.site.url, name="Shop")
        await asleep(fixture, thread)
        fixture.sandbox.admin.delete_channel(home)
        await fixture.sandbox.wait_for_message("general", "NOT HEARD")

    run_with_bot(tmp_path, scenario)


def test_forged_channels_of_others_are_asked_for_a_few_times_only(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        admin = fixture.sandbox.admin
        other = admin.add_guild("Other", ["elsewhere"], announce=False)
        fixture.sandbox.world.guild(other).present = False
        foreign = [admin.add_channel(other, f"x{number}").id for number in range(60)]
        transport: Any = fixture.app.services.boards.publisher.transport
        known, guild = (
            transport._client.known_channels,
            transport._client.get_guild(fixture.guild_id),
        )
        for one in foreign:
            assert await known.look_up(guild, [int(one)])
            assert known.find(guild, int(one)) is None
        assert sum(one.code == 50001 for one in fixture.sandbox.record.requests) == 20

    run_with_bot(tmp_path, scenario)
