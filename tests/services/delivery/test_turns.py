"""Who goes first, and how fast all together."""

import asyncio
from dataclasses import dataclass, field

import pytest

from bot.services.delivery.sideline import Sidelines
from bot.services.delivery.throttle import Pace
from tests.services.delivery.delivery_fixture import CHANNEL, DeliveryFixture, FixtureClock, play


@dataclass
class Line:
    """A sideline that has work for some channels."""

    when: dict[int, int] = field(default_factory=dict)
    done: bool | None = None
    stirred: int = 0
    steps: list[int] = field(default_factory=list)

    def due(self) -> dict[int, int]:
        return self.when

    async def step(self, channel_id: int) -> bool | None:
        self.steps.append(channel_id)
        return self.done

    def stir(self) -> None:
        self.stirred += 1


async def _turns(pace: Pace, channels: range, served: list[int], *, opening: bool) -> None:
    async def take(channel_id: int) -> None:
        await pace.turn(channel_id, opening=opening)
        served.append(channel_id)

    await asyncio.gather(*(take(one) for one in channels))


def test_a_few_go_at_once_and_then_forty_a_second() -> None:
    clock, served = FixtureClock(), list[int]()
    asyncio.run(_turns(Pace(clock), range(28), served, opening=False))
    waits = [round(seconds, 3) for seconds in clock.slept if seconds > 0.001]
    assert waits == pytest.approx([number / 40 for number in range(1, 20)], abs=0.001)
    assert served == list(range(28))


def test_after_a_quiet_moment_a_few_go_at_once_again() -> None:
    clock, served = FixtureClock(), list[int]()
    pace = Pace(clock)
    asyncio.run(_turns(pace, range(12), served, opening=False))
    clock.forward(100)
    clock.slept.clear()
    asyncio.run(_turns(pace, range(8), served, opening=False))
    assert clock.slept == []


def test_an_opening_goes_before_everything_that_waits_also_when_its_channel_waits_already() -> None:
    async def scene() -> list[int]:
        pace, served = Pace(FixtureClock()), list[int]()
        notes = asyncio.create_task(_turns(pace, range(30), served, opening=False))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        pace.hurry(29)
        openings = asyncio.create_task(_turns(pace, range(100, 102), served, opening=True))
        await asyncio.gather(notes, openings)
        return served

    served = asyncio.run(scene())
    assert {29, 100, 101} <= set(served[:13])
    assert len(served) == 32


def test_a_channel_is_due_when_the_first_of_its_work_is() -> None:
    lines = Sidelines()
    lines.add(Line({1: 5, 2: 50, 3: 7}))
    lines.add(Line({3: 6}))
    assert lines.beside({1: 10, 2: 20}, 0) == {1: 5, 2: 20, 3: 6}


def test_sidelines_are_served_in_their_order_until_one_has_done_something() -> None:
    lines, idle, failing, last = Sidelines(), Line(), Line(done=False), Line(done=True)
    for line in (idle, failing, last):
        lines.add(line)
    assert asyncio.run(lines.step(7)) is False
    assert (idle.steps, failing.steps, last.steps) == ([7], [7], [])
    lines.stir()
    assert [line.stirred for line in (idle, failing, last)] == [1, 1, 1]


def test_what_stands_behind_the_outbox_is_served_after_it_and_never_delays_it() -> None:
    async def scene(here: DeliveryFixture) -> None:
        line = Line({CHANNEL: here.clock.ms, CHANNEL + 1: here.clock.ms})
        here.delivery.sidelines.add(line)
        await here.open("a")
        assert await here.deliver() == 1
        assert [call.action for call in here.transport.calls] == ["post"]
        assert set(line.steps) == {CHANNEL, CHANNEL + 1}

    play(scene)


def test_a_channel_whose_work_cannot_be_done_is_not_asked_again_within_a_second() -> None:
    async def scene(here: DeliveryFixture) -> None:
        line = Line({CHANNEL: here.clock.ms})
        here.delivery.sidelines.add(line)
        await here.deliver()
        assert line.steps == [CHANNEL]
        assert here.delivery.throttle.opens_at(CHANNEL) == here.clock.ms + 1000
        here.delivery.wake()
        assert here.delivery.throttle.opens_at(CHANNEL) == 0
        assert line.stirred == 1
        await here.deliver()
        assert line.steps == [CHANNEL, CHANNEL]

    play(scene)
