"""The process dies, is stopped, or loses one of its ways to Discord (rows 1, 8, 16 to 20, 33)."""

import asyncio
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.db import guilds
from bot.db.database import Database
from sandbox.faults import FaultName
from sandbox.settings import Settings
from tests.faults.chaos import kills
from tests.harness import Harness, running, until

pytestmark = pytest.mark.process

POSTS = r"^/channels/\d+/messages$"


def test_killed_while_a_message_is_on_its_way_it_is_sent_once(tmp_path: Path) -> None:
    """After the request and before the id is kept; after the commit and before the request."""

    async def scenario() -> None:
        async with running(tmp_path, "shop") as h:
            await killed_during(h, "accept_then_stall", h.sites["shop"].fail)
            opened = await h.wait_post("DOWN · shop")
            await h.sites["shop"].heal()
            await killed_during(h, "stall", h.sites["shop"].recover)
            reply = await h.wait_post("UP · shop")
            await h.settle()
            assert [post["id"] for post in h.posts()] == [opened["id"], reply["id"]]

    asyncio.run(scenario())


async def killed_during(h: Harness, fault: FaultName, happen: Callable[[], None]) -> None:
    """Kill the bot in the middle of the next post, and start it again."""
    posts = len(h.sandbox.record.of("POST", "/messages"))
    h.sandbox.faults.add(fault, method="POST", path=POSTS)
    happen()
    await h.sandbox.wait_for(lambda: len(h.sandbox.record.of("POST", "/messages")) > posts)
    await h.bot.kill()
    h.sandbox.faults.clear()
    await h.bot.start(online=False)


def test_killed_at_random_moments_each_incident_is_sent_exactly_once(tmp_path: Path) -> None:
    asyncio.run(kills(tmp_path, random.Random(20161108), 3))


def test_a_token_that_is_refused_in_the_middle_ends_it_with_78(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(tmp_path, "shop") as h:
            h.sandbox.faults.add("401")
            h.sites["shop"].fail()
            assert await h.bot.wait_exit() == 78
            assert "DISCORD_TOKEN" in h.bot.log
            assert sum(e.status == 401 for e in h.sandbox.record.requests) <= 3
            h.sandbox.faults.clear()
            await h.bot.start(online=False)
            await h.wait_post("DOWN · shop")

    asyncio.run(scenario())


def test_without_a_gateway_alerts_flow(tmp_path: Path) -> None:
    """Lost in the middle, and refused at the very first connect."""

    async def scenario() -> None:
        async with running(tmp_path, "shop", "blog") as h:
            h.sandbox.gateway.refuse()
            h.sandbox.gateway.drop()
            await h.outage("shop")
            await h.bot.kill()
            await h.bot.start(online=False)
            await h.outage("blog")
            assert not h.sandbox.gateway.online

    asyncio.run(scenario())


def test_a_name_server_that_is_away_at_boot_is_waited_for(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Harness(tmp_path, DISCORD_API_URL="http://discord.invalid/api/v10") as h:
            h.expected.unsent = True
            await h.seed("shop")
            await h.bot.start(online=False)
            h.sites["shop"].fail()
            await h.sites["shop"].visited(8)
            await until(h.waiting)
            assert h.bot.log.count("Waiting for Discord") >= 2
            assert await h.bot.stop() == 0

    asyncio.run(scenario())


def test_a_crash_loop_cannot_cost_the_token(tmp_path: Path) -> None:
    """After ten starts in ten minutes the gateway waits; probing and posting do not."""

    async def scenario() -> None:
        async with Harness(tmp_path) as h:
            await h.seed("shop")
            now_ms = time.time_ns() // 1_000_000
            starts = str([now_ms - 60_000 + 1000 * number for number in range(10)])
            db = await Database.open(h.database)
            await db.write(lambda conn: guilds.put(conn, "gateway_starts", starts))
            await db.close()
            await h.bot.start(online=False)
            await h.outage("shop")
            assert h.sandbox.gateway.identifies == []
            assert "Too many session starts" in h.bot.log

    asyncio.run(scenario())


def test_the_last_fifty_session_starts_of_a_day_are_left_alone(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Harness(tmp_path, settings=Settings(session_starts=49)) as h:
            await h.seed("shop")
            await h.bot.start(online=False)
            await h.outage("shop")
            assert h.sandbox.gateway.identifies == []

    asyncio.run(scenario())


def test_stopped_under_load_it_ends_in_time_and_loses_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        names = [f"site-{number}" for number in range(12)]
        async with Harness(tmp_path) as h:
            await h.seed(*names, own_channels=True)
            await h.bot.start(online=False)
            h.sandbox.faults.add("accept_then_stall", method="POST", path=POSTS, times=3)
            for name in names:
                h.sites[name].fail()
            await h.sandbox.wait_for(lambda: h.sandbox.record.of("POST", "/messages"))
            started = time.monotonic()
            asyncio.get_running_loop().call_later(3, h.sandbox.faults.clear)
            assert await h.bot.stop() == 0
            assert time.monotonic() - started < 30
            await h.bot.start(online=False)
            await until(lambda: all(h.posts(name) for name in names))

    asyncio.run(scenario())


def test_standing_still_costs_neither_the_gateway_nor_a_burst_of_probes(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(tmp_path, "shop", "blog") as h:
            await h.sites["shop"].visited(1)
            process = h.bot.process
            assert process is not None
            os.kill(process.pid, signal.SIGSTOP)
            await asyncio.sleep(5)
            before = h.sites["shop"].visits + h.sites["blog"].visits
            os.kill(process.pid, signal.SIGCONT)
            await asyncio.sleep(1.5)
            assert h.sites["shop"].visits + h.sites["blog"].visits - before <= 7  # caught up: 13
            assert h.sandbox.gateway.online
            assert len(h.sandbox.gateway.identifies) == 1
            assert h.posts() == []

    asyncio.run(scenario())
