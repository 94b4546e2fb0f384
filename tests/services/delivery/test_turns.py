"""Who goes first, and how fast all together."""

import asyncio
from dataclasses import dataclass, field

import pytest

from bot.services.delivery.throttle import RateLimiter
from tests.services.delivery.delivery_fixture import CHANNEL, DeliveryFixture, FixtureClock, play


@dataclass
class Line:
    """Background work that has work for some channels."""

    when: dict[int, int] = field(default_factory=dict)
    done: bool | None = None
    woken: int = 0
    steps: list[int] = field(default_factory=list)

    def due(self) -> dict[int, int]:
        return self.when

    async def step(self, channel_id: int) -> bool | None:
        self.steps.append(channel_id)
        return self.done

    def wake(self) -> None:
        self.woken += 1


async def _turns(
    limiter: RateLimiter, channels: range, served: list[int], *, opening: bool
) -> None:
    async def take(channel_id: int) -> None:
        await limiter.wait_turn(channel_id, opening=opening)
        served.append(channel_id)

    await asyncio.gather(*(take(one) for one in channels))


def test_a_few_go_at_once_and_then_forty_a_second() -> None:
    clock, served = FixtureClock(), list[int]()
    asyncio.run(_turns(RateLimiter(clock), range(28), served, opening=False))
    waits = [round(seconds, 3) for seconds in clock.slept if seconds > 0.001]
    assert waits == pytest.approx([number / 40 for number in range(1, 20)], abs=0.001)
    assert served == list(range(28))


def test_after_a_quiet_moment_a_few_go_at_once_again() -> None:
    clock, served = FixtureClock(), list[int]()
    limiter = RateLimiter(clock)
    asyncio.run(_turns(limiter, range(12), served, opening=False))
    clock.forward(100)
    clock.slept.clear()
    asyncio.run(_turns(limiter, range(8), served, opening=False))
    assert clock.slept == []


def test_an_opening_goes_before_everything_that_waits_also_when_its_channel_waits_already() -> None:
    async def scene() -> list[int]:
        limiter, served = RateLimiter(FixtureClock()), list[int]()
        notes = asyncio.create_task(_turns(limiter, range(30), served, opening=False))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        limiter.prefer(29)
        openings = asyncio.create_task(_turns(limiter, range(100, 102), served, opening=True))
        await asyncio.gather(notes, openings)
        return served

    served = asyncio.run(scene())
    assert {29, 100, 101} <= set(served[:13])
    assert len(served) == 32


def test_a_channel_is_due_when_the_first_of_its_work_is() -> None:
    async def scene(here: DeliveryFixture) -> None:
        line = Line({CHANNEL: here.clock.ms + 5_000, CHANNEL + 1: here.clock.ms + 60_000})
        here.delivery.background = line
        await here.open("a", CHANNEL, wait_s=30)
        await here.open("b", CHANNEL + 1, wait_s=30)
        due = await here.delivery._due()
        assert due == {CHANNEL: here.clock.ms + 5_000, CHANNEL + 1: here.clock.ms + 30_000}

    play(scene)


def test_what_stands_behind_the_outbox_is_served_after_it_and_never_delays_it() -> None:
    async def scene(here: DeliveryFixture) -> None:
        line = Line({CHANNEL: here.clock.ms, CHANNEL + 1: here.clock.ms})
        here.delivery.background = line
        await here.open("a")
        assert await here.deliver() == 1
        assert [call.action for call in here.transport.calls] == ["post"]
        assert set(line.steps) == {CHANNEL, CHANNEL + 1}

    play(scene)


def test_a_channel_whose_work_cannot_be_done_is_not_asked_again_within_a_second() -> None:
    async def scene(here: DeliveryFixture) -> None:
        line = Line({CHANNEL: here.clock.ms})
        here.delivery.background = line
        await here.deliver()
        assert line.steps == [CHANNEL]
        assert here.delivery.throttle.opens_at(CHANNEL) == here.clock.ms + 1000
        here.delivery.wake()
        assert here.delivery.throttle.opens_at(CHANNEL) == 0
        assert line.woken == 1
        await here.deliver()
        assert line.steps == [CHANNEL, CHANNEL]

    play(scene)
