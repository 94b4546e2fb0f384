"""Discord asks for patience (rows 5, 6, 7), in one channel or everywhere."""

import asyncio
import statistics
import time
from functools import partial
from pathlib import Path

import discord
import pytest
from discord.http import Route

from tests.faults.discord_fixture import DiscordFixture, discord_fixture
from tests.services.delivery.delivery_fixture import CHANNEL

FIRST = f"^/channels/{CHANNEL}/"


@pytest.mark.parametrize("code", [20028, 20022, 0])
def test_the_time_in_the_body_is_kept_and_other_channels_go_on(tmp_path: Path, code: int) -> None:
    async def scene(r: DiscordFixture) -> None:
        r.sandbox.faults.add("429", path=FIRST, times=1, retry_after=1163, code=code)
        await r.open("a", CHANNEL)
        await r.open("b", CHANNEL + 1)
        assert await r.deliver() == 1
        assert len(r.messages(CHANNEL + 1)) == 1
        assert await r.deliver(1150) == 0
        assert r.sends() == 1
        assert await r.deliver(15) == 1

    discord_fixture(tmp_path, scene)


def test_a_limit_on_edits_drops_numbers_and_lets_posts_pass(tmp_path: Path) -> None:
    async def scene(r: DiscordFixture) -> None:
        first = await r.open("a")
        await r.deliver()
        r.sandbox.faults.add("429", method="PATCH", times=1, retry_after=1163, code=30046)
        for _ in range(5):
            await r.change(first, urgent=False)
            await r.deliver(31)
        assert len(r.sandbox.record.of("PATCH")) == 1
        await r.open("b")
        assert await r.deliver() == 1
        assert await r.deliver(1163) == 1
        assert len(r.sandbox.record.of("PATCH")) == 2

    discord_fixture(tmp_path, scene)


def test_a_global_limit_stops_all_channels_without_a_storm(tmp_path: Path) -> None:
    async def scene(r: DiscordFixture) -> None:
        r.sandbox.faults.add("429", times=1, retry_after=120, scope="global")
        for number in range(10):
            await r.open(f"site {number}", CHANNEL + number)
        await r.deliver()
        posts = len(r.sandbox.record.of("POST"))
        assert posts == 1
        await r.deliver(60)
        assert len(r.sandbox.record.of("POST")) == posts
        assert await r.deliver(65) == 10

    discord_fixture(tmp_path, scene)


def test_a_short_global_limit_is_waited_out_by_all(tmp_path: Path) -> None:
    async def scene(r: DiscordFixture) -> None:
        r.sandbox.faults.add("429", times=1, retry_after=0.3, scope="global")
        for number in range(10):
            await r.open(f"site {number}", CHANNEL + number)
        running = asyncio.create_task(r.delivery.run())
        await r.sandbox.wait_for(lambda: all(r.messages(CHANNEL + n) for n in range(10)), 60)
        await r.delivery.stop(1)
        await running
        assert sum(e.status == 429 for e in r.sandbox.record.requests) <= 10

    discord_fixture(tmp_path, scene)


def test_a_request_that_is_given_up_during_a_global_limit_does_not_hold_the_others_for_ever(
    tmp_path: Path,
) -> None:
    async def scene(r: DiscordFixture) -> None:
        r.sandbox.faults.add("429", times=1, retry_after=0.5, scope="global")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await r.client.http.application_info()
        async with asyncio.timeout(60):
            await r.client.http.application_info()

    discord_fixture(tmp_path, scene)


def test_whoever_asks_requests_are_paced_where_they_are_sent(tmp_path: Path) -> None:
    """A hundred at one moment, as after a stall: none is refused, and interactions do not wait."""

    async def scene(r: DiscordFixture) -> None:
        many = asyncio.gather(*(r.client.http.get_channel(CHANNEL + n % 10) for n in range(100)))
        await asyncio.sleep(0.1)
        with pytest.raises(discord.NotFound):
            await r.client.http.request(Route("POST", "/interactions/1/none/callback"), json={})
        assert not many.done(), "it did not queue up behind them"
        await many
        assert not [e for e in r.sandbox.record.requests if e.status == 429]

    discord_fixture(tmp_path, scene, rate_limits=True, check=False)


def test_the_edge_of_discord_stops_everything_for_ten_minutes(tmp_path: Path) -> None:
    async def scene(r: DiscordFixture) -> None:
        r.sandbox.faults.add("cloudflare", times=1)
        for number in range(5):
            await r.open(f"site {number}", CHANNEL + number)
        await r.deliver()
        await r.deliver(590)
        assert len(r.sandbox.record.of("POST")) == 1
        assert await r.deliver(15) == 5

    discord_fixture(tmp_path, scene)


def test_ninety_nine_channels_get_their_alerts_while_one_waits_twenty_minutes(
    tmp_path: Path,
) -> None:
    async def scene(r: DiscordFixture) -> None:
        guild = r.sandbox.world.guild("Rig")
        made = [r.sandbox.admin.add_channel(guild, f"many-{n}") for n in range(100)]
        blocked, others = made[0], made[1:]
        r.sandbox.faults.add("429", path=f"^/channels/{blocked.id}/", times=1, retry_after=1200)
        for channel in made:
            await r.open(f"site {channel.name}", int(channel.id))
        running = asyncio.create_task(r.delivery.run())
        await r.sandbox.wait_for(lambda: all(r.messages(int(c.id)) for c in others), 60)
        assert not r.messages(int(blocked.id))
        assert sum(e.status == 429 for e in r.sandbox.record.requests) == 1
        r.clock.forward(1205)
        r.delivery.wake()
        await r.sandbox.wait_for(lambda: r.messages(int(blocked.id)), 60)
        await r.delivery.stop(1)
        await running

    discord_fixture(tmp_path, scene, rate_limits=True)


def test_from_the_flip_to_the_accepted_post_takes_under_fifty_milliseconds(tmp_path: Path) -> None:
    """The median over the whole way: commit, outbox, discord.py, the sandbox's acceptance.

    Of work, for others may keep the machine busy; and nothing waits for a turn of its own.
    """

    async def scene(r: DiscordFixture) -> None:
        running = asyncio.create_task(r.delivery.run())
        worked_s, took_s = [], []
        for number in range(25):
            channel_id = CHANNEL + number % 10
            await r.open(f"site {number}", channel_id)
            worked, began = time.process_time(), time.monotonic()
            r.delivery.wake()
            await r.sandbox.wait_for(partial(_is_reported, r, channel_id, f"site {number}"), 60)
            worked_s.append(time.process_time() - worked)
            took_s.append(time.monotonic() - began)
        await r.delivery.stop(1)
        await running
        assert statistics.median(worked_s) < 0.05, worked_s
        assert statistics.median(took_s) < 1, took_s

    discord_fixture(tmp_path, scene)


def _is_reported(r: DiscordFixture, channel_id: int, name: str) -> bool:
    return any(name in text for text in r.said(channel_id))
