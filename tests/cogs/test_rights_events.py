"""An event wakes only the channels that it opened: servers change rights all the time."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.world.world import ChannelType
from tests.cogs.bot_fixture import BotFixture, run_with_bot, until

CHANNELS = 6


async def refused(fixture: BotFixture) -> None:
    """Some channels that refuse us, each with an alert that waits; all down at once."""
    admin = fixture.sandbox.admin
    for number in range(CHANNELS):
        channel = admin.add_channel("Harbour", f"c{number}")
        await asyncio.sleep(0.02)
        admin.set_permissions(channel, "bot", deny="SEND_MESSAGES")
        await fixture.run(
            "watch add", url=fixture.site.url, name=f"s{number}", every=1, channel=channel.id
        )
    fixture.site.status = 503
    await until(lambda: posts(fixture) >= CHANNELS)
    await asyncio.sleep(1.0)


def posts(fixture: BotFixture) -> int:
    """Requests to post in those channels."""
    wanted = {f"/channels/{fixture.channel_id(f'c{n}')}/messages" for n in range(CHANNELS)}
    return sum(
        one.path in wanted for one in fixture.sandbox.record.requests if one.method == "POST"
    )


def toggle_foreign_role(fixture: BotFixture) -> None:
    on = fixture.sandbox.world.role(fixture.sandbox.world.guild("Harbour"), "On call")
    fixture.sandbox.admin.edit_role("Harbour", on, permissions=0 if on.permissions else 8192)


def toggle_own_role(fixture: BotFixture) -> None:
    """What our own role may do elsewhere changes nothing in channels that deny us by name."""
    guild = fixture.sandbox.world.guild("Harbour")
    own = next(role for role in guild.roles.values() if role.bot_id)
    fixture.sandbox.admin.edit_role(guild, own, permissions=int(own.permissions) ^ (1 << 6))


def rename_channels(fixture: BotFixture) -> None:
    for number in range(CHANNELS):
        channel = fixture.sandbox.channel(f"c{number}")
        fixture.sandbox._core.events.channel_changed(channel)


@pytest.mark.parametrize("event", [toggle_foreign_role, toggle_own_role, rename_channels])
def test_events_that_open_nothing_cause_no_request(
    tmp_path: Path, event: Callable[[BotFixture], None]
) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await refused(fixture)
        before = posts(fixture)
        for _ in range(8):
            event(fixture)
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.5)
        assert posts(fixture) == before

    run_with_bot(tmp_path, scenario)


def test_a_channel_that_is_opened_is_reported_at_once_and_the_others_are_left_alone(
    tmp_path: Path,
) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await refused(fixture)
        before = posts(fixture)
        fixture.sandbox.admin.set_permissions("c3", "bot", allow="SEND_MESSAGES")
        await fixture.sandbox.wait_for_message("c3", "DOWN")
        assert posts(fixture) <= before + 2

    run_with_bot(tmp_path, scenario)


def test_the_end_of_a_time_out_needs_no_event(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        await fixture.set_channel("alerts")
        await fixture.run("watch add", url=fixture.site.url, name="Shop", every=1)
        heard = len(fixture.sandbox.gateway.sessions)
        fixture.sandbox.admin.time_out_bot("Harbour", 6.0)
        fixture.site.status = 503
        await until(lambda: any(e.code == 50013 for e in fixture.sandbox.record.requests))
        await fixture.sandbox.wait_for_message("alerts", "DOWN · Shop")
        assert len(fixture.sandbox.gateway.sessions) == heard

    run_with_bot(tmp_path, scenario)


def test_a_category_that_is_synchronised_opens_each_of_its_channels(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        fixture.sandbox.admin.add_channel("Harbour", "zone", ChannelType.CATEGORY)
        await refused(fixture)
        for number in range(CHANNELS):
            fixture.sandbox.admin.set_permissions(f"c{number}", "bot")
        for number in range(CHANNELS):
            await fixture.sandbox.wait_for_message(f"c{number}", "DOWN")

    run_with_bot(tmp_path, scenario)
