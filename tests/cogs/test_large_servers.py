"""The largest server there can be costs next to nothing: Discord's limits, and Vigie's own."""

import asyncio
import time
from pathlib import Path

from sandbox import Sandbox
from sandbox.world.permissions import Permission
from sandbox.world.world import Channel, Overwrite, Role
from tests.cogs.bot_fixture import BotFixture, running_bot, until

ROLES, CHANNELS, BOARDS, OVERWRITES = 250, 50, 25, 100
VIEW = int(Permission.VIEW_CHANNEL)


def largest() -> Sandbox:
    """250 roles, 50 private channels of 100 overwrites."""
    sandbox = Sandbox()
    guild, ids, own = sandbox.world.guild("Harbour"), sandbox._core.ids, sandbox.world.bot.id
    while len(guild.roles) < ROLES:
        role = Role(ids.new(), f"r{len(guild.roles)}", 0, len(guild.roles))
        guild.roles[role.id] = role
    roles = list(guild.roles)[-200:]
    for number in range(CHANNELS):
        channel = Channel(ids.new(), f"c{number}", guild_id=guild.id, position=number + 5)
        rules = [Overwrite(guild.id, 0, 0, VIEW), Overwrite(own, 1, VIEW | 1 << 11)]
        rules += [Overwrite(roles[(number + 2 * n) % 200], 0, VIEW) for n in range(OVERWRITES - 2)]
        channel.overwrites = {one.id: one for one in rules}
        guild.channels[channel.id] = channel
    return sandbox


async def furnished(fixture: BotFixture) -> None:
    """A monitor reported in each channel, a board in every second one."""
    for number in range(CHANNELS):
        wanted = {
            "url": f"{fixture.site.url}/{number}",
            "name": f"m{number}",
            "channel": fixture.channel_id(f"c{number}"),
            "every": 3600,
        }
        await fixture.app.monitors.add(fixture.guild_id, wanted, 1)
    for number in range(BOARDS):
        await fixture.app.services.boards.create(
            fixture.guild_id, fixture.channel_id(f"c{2 * number}"), 1
        )
    shown = fixture.sandbox.record
    await until(lambda: len(shown.of("POST", "/messages")) >= BOARDS, 60)
    await asyncio.sleep(0.5)


async def longest_turn_s(work: asyncio.Task[None]) -> float:
    """The most processor time between two turns of the loop until ``work`` is done."""
    worst, last = 0.0, time.process_time()
    while not work.done():
        await asyncio.sleep(0)
        now = time.process_time()
        worst, last = max(worst, now - last), now
    return worst


async def _costs_nothing(fixture: BotFixture) -> None:
    host = fixture.app.services.boards.publisher
    begun = time.process_time()
    for _ in range(4):
        await host.look()
    assert (time.process_time() - begun) / 4 < 0.03 * 4, "a look comes every four seconds"
    assert await longest_turn_s(asyncio.create_task(host.look())) < 0.05


async def _answers_in_time(fixture: BotFixture) -> None:
    begun = time.process_time()
    shown = await fixture.run("status", where="c0", public=True)
    assert "m0" in str(shown.message)
    assert time.process_time() - begun < 0.5


async def _events_cost_a_look(fixture: BotFixture) -> None:
    """discord.py and the sandbox, which send and read the whole channel, are included."""
    admin, begun = fixture.sandbox.admin, time.process_time()
    for number in range(40):
        granted = VIEW if number % 2 else 0
        admin.edit_role("Harbour", "r200", permissions=granted)
        admin.set_permissions("c3", "r201", allow=granted or 1 << 6)
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)
    assert (time.process_time() - begun) / 80 < 0.03


def test_the_largest_server_costs_next_to_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with largest() as sandbox, running_bot(tmp_path, sandbox=sandbox) as fixture:
            await furnished(fixture)
            await _costs_nothing(fixture)
            await _answers_in_time(fixture)
            await _events_cost_a_look(fixture)

    asyncio.run(scenario())
