"""A process that stood still knows it before anything is judged."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bot.engine.process import StallDetector
from tests.fakes import FakeClock


def run(scenario: Callable[[FakeClock, StallDetector, list[float]], Awaitable[None]]) -> None:
    async def play() -> None:
        clock = FakeClock()
        stalls = StallDetector(clock)
        long: list[float] = []
        stalls.on_long_stall = long.append
        measuring = asyncio.ensure_future(stalls.run())
        await clock.advance(10)
        await scenario(clock, stalls, long)
        measuring.cancel()
        await asyncio.gather(measuring, return_exceptions=True)

    asyncio.run(play())


@pytest.mark.parametrize("stood_s", [1.0, 1.2, 11.0, 119.0])
def test_a_standstill_concerns_what_had_begun_before_its_end(stood_s: float) -> None:
    async def scenario(clock: FakeClock, stalls: StallDetector, long: list[float]) -> None:
        before = clock.monotonic()
        assert not stalls.stalled_since(before)
        clock.jump(stood_s)
        assert stalls.stalled_since(before), "whoever wakes first knows it"
        await clock.advance(0.3)
        assert stalls.stalled_since(before)
        after = clock.monotonic()
        await clock.advance(60)
        assert not stalls.stalled_since(after)
        assert long == []

    run(scenario)


def test_a_little_lateness_is_none() -> None:
    async def scenario(clock: FakeClock, stalls: StallDetector, long: list[float]) -> None:
        began = clock.monotonic()
        for _ in range(100):
            clock.jump(0.7)
            await clock.advance(0.3)
        assert not stalls.stalled_since(began)
        assert long == []

    run(scenario)


def test_a_long_one_is_reported_once() -> None:
    async def scenario(clock: FakeClock, stalls: StallDetector, long: list[float]) -> None:
        clock.jump(1800)
        assert stalls.stalled_since(clock.monotonic() - 1900)
        await clock.advance(10)
        (seconds,) = long
        assert seconds == pytest.approx(1800, abs=0.3)

    run(scenario)


def test_a_machine_that_slept_stood_still_though_monotonic_time_did_too() -> None:
    async def scenario() -> None:
        clock, slept = FakeClock(), [0.0]
        long: list[float] = []
        stalls = StallDetector(clock, lambda: slept[0])
        stalls.on_long_stall = long.append
        measuring = asyncio.ensure_future(stalls.run())
        await clock.advance(10)
        began = clock.monotonic()
        slept[0] += 3600
        await clock.advance(0.25)
        assert stalls.stalled_since(began)
        assert long == [pytest.approx(3600, abs=0.3)]
        measuring.cancel()
        await asyncio.gather(measuring, return_exceptions=True)

    asyncio.run(scenario())


def test_where_nobody_measures_nothing_stands_still() -> None:
    clock = FakeClock()
    stalls = StallDetector(clock)
    clock.jump(1000)
    assert not stalls.stalled_since(0.0)
