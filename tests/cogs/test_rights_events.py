"""An event wakes only the channels that it opened: servers change rights all the time."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.world.nouns import ChannelType
from tests.cogs.harbour import Harbour, sail, until

CHANNELS = 6


async def refused(ship: Harbour) -> None:
    """Some channels that refuse us, each with an alert that waits; all down at once."""
    admin = ship.sandbox.admin
    for number in range(CHANNELS):
        channel = admin.add_channel("Harbour", f"c{number}")
        await asyncio.sleep(0.02)
        admin.set_permissions(channel, "bot", deny="SEND_MESSAGES")
        await ship.run(
            "watch add", url=ship.site.url, name=f"s{number}", every=1, channel=channel.id
        )
    ship.site.status = 503
    await until(lambda: posts(ship) >= CHANNELS, 20)
    await asyncio.sleep(1.0)


def posts(ship: Harbour) -> int:
    """Requests to post in those channels."""
    wanted = {f"/channels/{ship.channel_id(f'c{n}')}/messages" for n in range(CHANNELS)}
    return sum(one.path in wanted for one in ship.sandbox.record.requests if one.method == "POST")


def toggle_foreign_role(ship: Harbour) -> None:
    on = ship.sandbox.world.role(ship.sandbox.world.guild("Harbour"), "On call")
    ship.sandbox.admin.edit_role("Harbour", on, permissions=0 if on.permissions else 8192)


def toggle_own_role(ship: Harbour) -> None:
    """What our own role may do elsewhere changes nothing in channels that deny us by name."""
    guild = ship.sandbox.world.guild("Harbour")
    own = next(role for role in guild.roles.values() if role.bot_id)
    ship.sandbox.admin.edit_role(guild, own, permissions=int(own.permissions) ^ (1 << 6))


def rename_channels(ship: Harbour) -> None:
    for number in range(CHANNELS):
        channel = ship.sandbox.channel(f"c{number}")
        ship.sandbox._core.news.channel_changed(channel)


@pytest.mark.parametrize("event", [toggle_foreign_role, toggle_own_role, rename_channels])
def test_events_that_open_nothing_cause_no_request(
    tmp_path: Path, event: Callable[[Harbour], None]
) -> None:
    async def scenario(ship: Harbour) -> None:
        await refused(ship)
        before = posts(ship)
        for _ in range(8):
            event(ship)
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.5)
        assert posts(ship) == before

    sail(tmp_path, scenario)


def test_a_channel_that_is_opened_is_told_at_once_and_the_others_are_left_alone(
    tmp_path: Path,
) -> None:
    async def scenario(ship: Harbour) -> None:
        await refused(ship)
        before = posts(ship)
        ship.sandbox.admin.set_permissions("c3", "bot", allow="SEND_MESSAGES")
        await ship.sandbox.wait_for_message("c3", "DOWN", timeout=10)
        assert posts(ship) <= before + 2

    sail(tmp_path, scenario)


def test_the_end_of_a_time_out_needs_no_event(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        await ship.set_channel("alerts")
        await ship.run("watch add", url=ship.site.url, name="Shop", every=1)
        heard = len(ship.sandbox.gateway.sessions)
        ship.sandbox.admin.time_out_bot("Harbour", 6.0)
        ship.site.status = 503
        await until(lambda: any(e.code == 50013 for e in ship.sandbox.record.requests), 6)
        await ship.sandbox.wait_for_message("alerts", "DOWN · Shop", timeout=15)
        assert len(ship.sandbox.gateway.sessions) == heard

    sail(tmp_path, scenario)


def test_a_category_that_is_synchronised_opens_each_of_its_channels(tmp_path: Path) -> None:
    async def scenario(ship: Harbour) -> None:
        ship.sandbox.admin.add_channel("Harbour", "zone", ChannelType.CATEGORY)
        await refused(ship)
        for number in range(CHANNELS):
            ship.sandbox.admin.set_permissions(f"c{number}", "bot")
        for number in range(CHANNELS):
            await ship.sandbox.wait_for_message(f"c{number}", "DOWN", timeout=15)

    sail(tmp_path, scenario)
