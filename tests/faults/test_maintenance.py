"""Vigie dies in a maintenance window and comes back after its end."""

import asyncio
from pathlib import Path

import pytest

from tests.harness import Harness, until

pytestmark = pytest.mark.process


def test_what_failed_in_a_window_is_sent_after_a_kill_and_its_end(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Harness(tmp_path) as h:
            await h.bot.start()
            site = await h.watch("shop")
            await site.visited(2)
            begun = asyncio.get_running_loop().time()
            await h.command("maintenance start", **{"for": "7s"})
            site.fail()
            await until(lambda: silenced(h) == [1])
            await h.bot.kill()
            assert h.texts() == []
            await until(lambda: asyncio.get_running_loop().time() > begun + 7.5)
            await h.bot.start()
            await h.wait_post("DOWN · shop")
            await h.recovery("shop")
            assert silenced(h) == [0]

    asyncio.run(scenario())


def silenced(h: Harness) -> list[int]:
    with h.store() as conn:
        return [row["silenced"] for row in conn.execute("SELECT silenced FROM incident")]
