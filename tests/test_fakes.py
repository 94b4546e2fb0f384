"""The clock of the tests can be trusted."""

import asyncio

from bot.clock import Clock
from tests.fakes import FakeClock


def test_sleepers_wake_in_order_at_their_own_time() -> None:
    async def scenario() -> None:
        clock: Clock
        clock = fake = FakeClock()
        woken: list[tuple[str, float]] = []
        start = clock.monotonic()

        async def sleeper(name: str, *naps: float) -> None:
            for nap in naps:
                await clock.sleep(nap)
                woken.append((name, round(clock.monotonic() - start, 6)))

        async with asyncio.TaskGroup() as group:
            group.create_task(sleeper("a", 2, 2))
            group.create_task(sleeper("b", 1, 0.5))
            await fake.advance(3)
            assert woken == [("b", 1), ("b", 1.5), ("a", 2)]
            await fake.advance(1)
        assert woken[-1] == ("a", 4)

    asyncio.run(scenario())


def test_wall_time_moves_along_and_can_be_set() -> None:
    async def scenario() -> None:
        clock = FakeClock(5_000)
        await clock.advance(1.5)
        assert clock.now_ms() == 6_500
        before = clock.monotonic()
        clock.set_wall(-2)
        assert (clock.now_ms(), clock.monotonic()) == (4_500, before)

    asyncio.run(scenario())
