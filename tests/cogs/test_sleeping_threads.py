"""A thread that sleeps (is archived) takes alerts as before, and everybody is answered."""

import asyncio
from pathlib import Path
from typing import Any

from sandbox import Sandbox
from sandbox.world.nouns import Channel, ChannelType
from tests.cogs.harbour import Harbour, harbour, sail, until

Json = dict[str, Any]


async def asleep(ship: Harbour, thread: Channel) -> None:
    """Let a thread fall asleep, and see that discord.py has forgotten it."""
    ship.sandbox.admin.set_thread(thread, archived=True)
    client: Any = ship.app.services.boards.lane.door
    guild = client._client.get_guild(ship.guild_id)
    await until(lambda: guild.get_thread(int(thread.id)) is None)
    await asyncio.sleep(0.05)


async def watched(ship: Harbour) -> Channel:
    """A thread with the alerts of one site."""
    thread = ship.sandbox.admin.add_thread("alerts", "alarms")
    await asyncio.sleep(0.05)
    answer = await ship.run("alerts channel", channel=thread.id)
    assert f"<#{thread.id}>" in answer.content
    await ship.run("watch add", url=ship.site.url, name="Shop", every=1)
    return thread


async def _everybody_is_answered(ship: Harbour, thread: Channel) -> None:
    assert (await ship.run("status", who="Member")).content == "1 up"
    typed = await ship.sandbox.autocomplete("Member", "general", "why", "monitor", "sh")
    assert [one["name"] for one in typed] == ["Shop"]
    for command in ("doctor", "alerts show", "setup", "alerts test"):
        told = str((await ship.run(command)).message)
        assert "cannot see" not in told, command
        assert "is gone" not in told, command
    await ship.sandbox.wait_for_message(thread, "TEST")


def test_everybody_is_answered_while_the_thread_sleeps(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        thread = await watched(ship)
        await until(lambda: ship.app.monitors.of_guild(ship.guild_id))
        await asyncio.sleep(1.2)
        await asleep(ship, thread)
        await _everybody_is_answered(ship, thread)

    sail(tmp_path, scenario)


def test_a_restart_finds_the_thread_that_slept_before_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox:
            async with harbour(tmp_path, sandbox=sandbox) as ship:
                thread = await watched(ship)
                await asyncio.sleep(1.2)
            sandbox.admin.set_thread(thread, archived=True)
            async with harbour(tmp_path, sandbox=sandbox) as again:
                await until(lambda: _asked(sandbox, thread) == 1)
                await asyncio.sleep(0.1)
                await _everybody_is_answered(again, thread)
                assert _asked(sandbox, thread) == 1, "asked once"

    asyncio.run(scenario())


def _asked(sandbox: Sandbox, thread: Channel) -> int:
    found = [one.path for one in sandbox.record.requests if one.method == "GET"]
    return found.count(f"/channels/{thread.id}")


def test_the_form_keeps_a_thread_that_sleeps_when_only_the_role_changes(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        thread = ship.sandbox.admin.add_thread("alerts", "alarms")
        await ship.set_channel("alerts")
        await ship.run("watch add", url=ship.site.url, name="Shop", channel=thread.id)
        await asleep(ship, thread)
        card = await ship.run("watch edit", monitor="Shop")
        form = await ship.sandbox.press("Admin", card, "Where it is told")
        assert "alarms" in str(form.modal)
        role = ship.role_id("On call")
        done = await ship.sandbox.submit_modal("Admin", form, {"role": [role]})
        assert "Changed" in str(done.message)
        monitor = ship.app.monitors.of_guild(ship.guild_id)[0]
        assert monitor.channel_id == int(thread.id)
        assert monitor.role_id == int(role)
        form = await ship.sandbox.press("Admin", card, "Where it is told")
        general = str(ship.channel_id("general"))
        given = {"Channel": [general], "Role": []}
        await ship.sandbox.submit_modal("Admin", form, given)
        monitor = ship.app.monitors.of_guild(ship.guild_id)[0]
        assert (monitor.channel_id, monitor.role_id) == (int(general), None)

    sail(tmp_path, scenario)


def test_a_board_in_a_sleeping_thread_names_what_its_readers_may_know(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox:
            async with harbour(tmp_path, sandbox=sandbox) as ship:
                thread = await watched(ship)
                made = await ship.run("board create", channel=thread.id)
                assert "leaves out" not in made.content
                await sandbox.wait_for_message(thread, "Shop")
            sandbox.admin.set_thread(thread, archived=True)
            async with harbour(tmp_path, sandbox=sandbox) as again:
                await until(lambda: _asked(sandbox, thread))
                await asyncio.sleep(0.2)
                boards = again.app.services.boards
                assert boards.left_out(again.guild_id, int(thread.id)) == 0

    asyncio.run(scenario())


def test_a_private_thread_is_no_place_and_a_locked_one_is_called_locked(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        thread = await watched(ship)
        ship.sandbox.admin.set_thread(thread, archived=True, locked=True)
        await asyncio.sleep(0.1)
        told = str((await ship.run("doctor")).message)
        assert f"The thread <#{thread.id}> is locked." in told
        assert "Manage Threads" in told
        hidden = ship.sandbox.admin.add_thread("alerts", "hidden", ChannelType.PRIVATE_THREAD)
        found = ship.app.services.boards.lane.door
        assert found is not None
        home = ship.channel_id("general")
        assert not found.seen_by_readers(ship.guild_id, home, [int(hidden.id)])

    sail(tmp_path, scenario)


def test_a_thread_that_is_gone_is_asked_for_once_and_called_gone(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox:
            async with harbour(tmp_path, sandbox=sandbox) as ship:
                thread = await watched(ship)
            sandbox.admin.delete_channel(thread, announce=False)
            async with harbour(tmp_path, sandbox=sandbox) as again:
                await until(lambda: _asked(sandbox, thread) == 1)
                for _ in range(3):
                    assert "is gone" in str((await again.run("doctor")).message)
                assert _asked(sandbox, thread) == 1

    asyncio.run(scenario())


def test_a_server_out_of_sight_is_called_so_and_nothing_in_it_gone(tmp_path: Path) -> None:
    """Its details have not come yet, or Vigie was invited for its commands alone."""

    async def scenario(ship: Harbour) -> None:
        await ship.set_channel("alerts", role=ship.role_id("On call"))
        await ship.run("watch add", url=ship.site.url, name="Shop")
        ship.sandbox.admin.guild_unavailable("Harbour")
        await asyncio.sleep(0.1)
        for command in ("doctor", "alerts show", "setup", "alerts test"):
            told = str((await ship.run(command)).message)
            assert "I do not see the channels of this server yet." in told, command
            assert "gone" not in told, command
            assert "invite me again" in told, command

    sail(tmp_path, scenario)


def test_names_of_emoji_are_offered_and_their_form_is_taken_unchanged(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        name = "\U0001f6a2" * 80
        await ship.run("watch add", url=ship.site.url, name=name)
        [offered] = await ship.sandbox.autocomplete("Admin", "general", "why", "monitor", "")
        assert offered["name"].startswith("\U0001f6a2" * 49)
        card = await ship.run("watch edit", monitor=offered["value"])
        form = await ship.sandbox.press("Admin", card, "Address and rhythm")
        done = await ship.sandbox.submit_modal("Admin", form, {})
        assert "Nothing changed." in str(done.message)
        assert ship.app.monitors.of_guild(ship.guild_id)[0].name == name

    sail(tmp_path, scenario)


def test_a_thread_goes_with_its_channel_also_while_it_sleeps(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        home = ship.sandbox.admin.add_channel("Harbour", "home")
        thread = ship.sandbox.admin.add_thread(home, "alarms")
        await asyncio.sleep(0.05)
        await ship.run("alerts channel", channel=thread.id)
        await ship.run("watch add", url=ship.site.url, name="Shop")
        await asleep(ship, thread)
        ship.sandbox.admin.delete_channel(home)
        await ship.sandbox.wait_for_message("general", "NOT HEARD")

    sail(tmp_path, scenario)


def test_forged_channels_of_others_are_asked_for_a_few_times_only(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        admin = ship.sandbox.admin
        other = admin.add_guild("Other", ["elsewhere"], announce=False)
        ship.sandbox.world.guild(other).present = False
        foreign = [admin.add_channel(other, f"x{number}").id for number in range(60)]
        door: Any = ship.app.services.boards.lane.door
        known, guild = door._client.known_channels, door._client.get_guild(ship.guild_id)
        for one in foreign:
            assert await known.look_up(guild, [int(one)])
            assert known.find(guild, int(one)) is None
        assert sum(one.code == 50001 for one in ship.sandbox.record.requests) == 20

    sail(tmp_path, scenario)
