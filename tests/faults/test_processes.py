"""What kills the process, and what it has told when it is back."""

import asyncio
from pathlib import Path

import pytest

from tests.harness import Harness

pytestmark = pytest.mark.process


def test_a_site_fails_and_comes_back_across_a_kill(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Harness(tmp_path) as h:
            await h.bot.start()
            await h.watch("shop")
            await h.outage("shop")
            await h.bot.restart(kill=True)
            await h.recovery("shop")
            assert await h.bot.stop() == 0

    asyncio.run(scenario())
