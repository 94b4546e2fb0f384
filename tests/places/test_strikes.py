"""The whole bot with other places while everybody is killed at random: what it says is right.

Leaving a harness checks that nothing was lost or said twice.
"""

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.harness import Harness
from tests.places.rig import (
    LookoutProcess,
    NatsServer,
    lookouts,
    reached_from_elsewhere,
    until_places,
)


class Strikes:
    """Kills the NATS server, a lookout or the bot at random moments, and starts them again."""

    def __init__(
        self, seed: int, h: Harness, nats: NatsServer, others: Sequence[LookoutProcess] = ()
    ) -> None:
        self._random = random.Random(seed)
        self._bot = h.bot
        self._others = [nats, *others]

    async def run(self, times: int) -> None:
        """Strike so often; at the end everything runs."""
        for _ in range(times):
            await asyncio.sleep(self._random.uniform(0.1, 1.5))
            victim = self._random.choice([self._bot, *self._others])
            away_s = self._random.uniform(0.0, 1.0)
            if victim is self._bot:
                await self._bot.kill()
                await asyncio.sleep(away_s)
                await self._bot.start()
            elif isinstance(victim, NatsServer | LookoutProcess):
                await asyncio.to_thread(victim.kill)
                await asyncio.sleep(away_s)
                await asyncio.to_thread(victim.start)


@pytest.mark.process
def test_checks_made_elsewhere_survive_kills_of_everybody(tmp_path: Path) -> None:
    """No false alarm while they die, no missed outage, and everything is said once."""

    async def scenario() -> None:
        with NatsServer(tmp_path) as nats, lookouts(nats.url, tmp_path, "oslo", "paris") as found:
            folder = tmp_path / "bot"
            async with Harness(folder, VIGIE_NATS_URL=nats.url, VIGIE_PROBE="remote") as h:
                await h.bot.start()
                site = await h.watch("shop")
                strikes = Strikes(1, h, nats, found)
                await strikes.run(6)
                await site.visited(5)
                assert h.texts() == [], "it was never down"
                site.fail(500)
                await strikes.run(4)
                await h.wait_post("🔴 DOWN · shop")
                await site.heal()
                await strikes.run(4)
                await h.wait_post("🟢 UP · shop")

    asyncio.run(scenario())


@pytest.mark.process
def test_what_only_home_does_not_reach_survives_kills_of_everybody(
    tmp_path: Path,
) -> None:
    """While nobody votes home is alone, and may say DOWN; whatever it says is said once."""

    async def scenario() -> None:
        async with reached_from_elsewhere(tmp_path) as (nats, h, site):
            strikes = Strikes(0, h, nats)
            site.cut()
            await strikes.run(6)
            await until_places(h, "oslo", "paris")
            await h.wait_post("🟡 PARTLY · shop", seconds=60)
            await strikes.run(3)
            await site.heal()
            await h.wait_post("🟢 UP · shop", seconds=60)
            others = [text for text in h.texts() if "shop" not in text]
            assert others == []

    asyncio.run(scenario())
