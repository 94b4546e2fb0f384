"""When rounds begin: spread, without drift, never a burst, nobody starved."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise

import pytest

from bot.engine.scheduler import EXTRA, TICK_S, Scheduler, Step
from tests.fakes import START_MS, FakeClock

CALM = Step(None, 60.0)


@dataclass(frozen=True)
class Call:
    key: int
    at: float  # seconds since the test began
    slot_ms: int
    number: int


class Recording:
    """A runner that writes down its calls; ``plans`` says what each monitor does."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.start = clock.monotonic()
        self.calls: list[Call] = []
        self.plans: dict[int, Callable[[Call], Awaitable[Step]]] = {}
        self.under_way: Counter[int] = Counter()
        self.overlaps = 0

    async def __call__(self, key: int, slot_ms: int, number: int) -> Step:
        call = Call(key, round(self.clock.monotonic() - self.start, 6), slot_ms, number)
        self.calls.append(call)
        self.under_way[key] += 1
        self.overlaps += self.under_way[key] > 1
        try:
            plan = self.plans.get(key)
            return await plan(call) if plan else CALM
        finally:
            self.under_way[key] -= 1

    def times(self, key: int) -> list[float]:
        return [call.at for call in self.calls if call.key == key]

    def slots(self, key: int) -> list[int]:
        return [call.slot_ms - START_MS for call in self.calls if call.key == key]


@asynccontextmanager
async def scheduling(clock: FakeClock) -> AsyncIterator[tuple[Scheduler, Recording]]:
    runner = Recording(clock)
    scheduler = Scheduler(runner, clock)
    task = asyncio.create_task(scheduler.run())
    await clock.run_ready()
    try:
        yield scheduler, runner
    finally:
        await scheduler.stop(1)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    assert runner.overlaps == 0


def failing(
    clock: FakeClock, *confirms: float, takes_s: float = 0.0, interval_s: float = 60.0
) -> Callable[[Call], Awaitable[Step]]:
    """Every try takes a while and fails; the confirm checks wanted, then the round is closed."""

    async def plan(call: Call) -> Step:
        await clock.sleep(takes_s)
        return Step(confirms[call.number] if call.number < len(confirms) else None, interval_s)

    return plan


def gaps(times: list[float]) -> list[float]:
    return [round(b - a, 6) for a, b in pairwise(times)]


def run(scenario: Callable[[FakeClock], Awaitable[None]]) -> None:
    clock = FakeClock()

    async def play() -> None:
        await scenario(clock)

    asyncio.run(play())


def test_rounds_are_spread_over_the_interval_from_the_first_minute() -> None:
    async def scenario(clock: FakeClock) -> None:
        async with scheduling(clock) as (scheduler, runner):
            for key in range(1, 601):
                scheduler.set(key, 60)
            await clock.advance(60)
            per_second = Counter(int(call.at) for call in runner.calls)
            assert len(runner.calls) == 600
            assert min(per_second[second] for second in range(60)) >= 8
            assert max(per_second.values()) <= 12

    run(scenario)


def test_every_round_comes_at_its_own_place_without_drift() -> None:
    async def scenario(clock: FakeClock) -> None:
        async with scheduling(clock) as (scheduler, runner):
            runner.plans[7] = failing(clock, takes_s=3.3)
            scheduler.set(7, 60)
            await clock.advance(60 * 50)
            assert len(runner.slots(7)) == 50
            assert {b - a for a, b in pairwise(runner.slots(7))} == {60_000}
            assert max(abs(gap - 60) for gap in gaps(runner.times(7))) < 0.03

    run(scenario)


def test_a_restart_of_the_process_keeps_the_rhythm() -> None:
    async def scenario(clock: FakeClock) -> None:
        first: list[float] = []
        for _ in range(2):
            async with scheduling(clock) as (scheduler, runner):
                scheduler.set(5, 3600)
                await clock.advance(4000)
                first.append(runner.start + runner.times(5)[0])
        assert round(first[1] - first[0]) % 3600 == 0

    run(scenario)


def test_soon_begins_at_once_and_returns_to_the_own_place_within_one_interval() -> None:
    async def scenario(clock: FakeClock) -> None:
        async with scheduling(clock) as (scheduler, runner):
            await clock.advance(0.5)
            for key in range(1, 101):
                scheduler.set(key, 60, soon=True)
            await clock.advance(0)
            assert [call.at for call in runner.calls] == [0.5] * 100
            runner.calls.clear()
            await clock.advance(180)
            assert max(Counter(int(call.at) for call in runner.calls if call.at > 60).values()) <= 6
            for key in range(1, 101):
                times = [0.5, *runner.times(key)]
                assert min(gaps(times)) >= 30
                assert max(gaps(times)) <= 60.02

    run(scenario)


def test_confirm_checks_count_from_the_rounds_slot() -> None:
    async def scenario(clock: FakeClock) -> None:
        async with scheduling(clock) as (scheduler, runner):
            runner.plans[1] = failing(clock, 10, 30, takes_s=2)
            scheduler.set(1, 60, soon=True)
            await clock.advance(70)
            assert [(call.at, call.number) for call in runner.calls] == [
                (0, 0),
                (10, 1),
                (30, 2),
                (60, 0),
                (70, 1),
            ]
            assert runner.slots(1) == [0, 0, 0, 60_000, 60_000]

    run(scenario)


def test_a_confirm_try_whose_time_has_passed_starts_right_after_the_earlier_one() -> None:
    async def scenario(clock: FakeClock) -> None:
        async with scheduling(clock) as (scheduler, runner):
            runner.plans[1] = failing(clock, 5, 15, takes_s=10, interval_s=30)
            scheduler.set(1, 30, soon=True)
            await clock.advance(59)
            assert runner.times(1) == [0, 10, 20, 30, 40, 50]
            assert runner.slots(1) == [0, 0, 0, 30_000, 30_000, 30_000]

    run(scenario)


def test_a_round_longer_than_the_interval_skips_what_it_missed() -> None:
    async def scenario(clock: FakeClock) -> None:
        async with scheduling(clock) as (scheduler, runner):
            runner.plans[1] = failing(clock, 2, 5, takes_s=10, interval_s=12)
            scheduler.set(1, 12, soon=True)
            await clock.advance(100)
            firsts = [call.slot_ms - START_MS for call in runner.calls if call.number == 0]
            assert firsts == [0, 36_000, 72_000]

    run(scenario)


def test_another_rhythm_counts_from_the_rounds_slot_to_the_millisecond() -> None:
    async def scenario(clock: FakeClock) -> None:
        async with scheduling(clock) as (scheduler, runner):
            scheduler.set(1, 300)
            runner.plans[1] = failing(clock, 10, 30, takes_s=1.234567, interval_s=60)
            await clock.advance(300)
            runner.calls.clear()
            await clock.advance(300)
            slots = sorted(set(runner.slots(1)))
            assert [b - a for a, b in pairwise(slots)] == [60_000] * 4
            runner.plans[1] = failing(clock, interval_s=300)
            await clock.advance(1200)
            assert gaps(runner.times(1))[-2:] == [300, 300]
            assert max(gaps(runner.times(1))) <= 300

    run(scenario)


def test_after_a_shared_outage_the_rounds_spread_again() -> None:
    async def scenario(clock: FakeClock) -> None:
        async with scheduling(clock) as (scheduler, runner):
            for key in range(1, 301):
                runner.plans[key] = failing(clock, 10, 30, interval_s=60)
                scheduler.set(key, 300)
            await clock.advance(900)
            for key in range(1, 301):
                runner.plans[key] = failing(clock, interval_s=300)
            await clock.advance(900)
            runner.calls.clear()
            await clock.advance(300)
            per_half_minute = Counter(int(call.at) // 30 for call in runner.calls)
            assert sum(per_half_minute.values()) == 300
            assert max(per_half_minute.values()) <= 40

    run(scenario)


def test_hanging_sites_do_not_starve_the_others() -> None:
    async def scenario(clock: FakeClock) -> None:
        async with scheduling(clock) as (scheduler, runner):
            for key in range(1, 1001):
                if key % 2:
                    runner.plans[key] = failing(clock, 10, 30, takes_s=10)
                scheduler.set(key, 60)
            await clock.advance(180)
            healthy = [call for call in runner.calls if call.key % 2 == 0]
            assert len(healthy) == 500 * 3
            assert max(scheduler.stats.late) <= TICK_S * 1000

    run(scenario)


@pytest.mark.parametrize("stood_still_s", [15, 59, 3600])
def test_after_a_stall_there_is_no_burst_and_nobody_is_forgotten(stood_still_s: float) -> None:
    async def scenario(clock: FakeClock) -> None:
        async with scheduling(clock) as (scheduler, runner):
            for key in range(1, 601):
                scheduler.set(key, 60)
            await clock.advance(120)
            runner.calls.clear()
            clock.jump(stood_still_s)
            woke = clock.monotonic() - runner.start
            await clock.advance(61)
            assert set(range(1, 601)) == {call.key for call in runner.calls}
            per_second = Counter(int(call.at - woke) for call in runner.calls)
            assert max(per_second.values()) <= 45, "ten a second are usual"
            assert scheduler.stats.postponed > 0
            await clock.advance(120)
            runner.calls.clear()
            await clock.advance(60)
            per_second = Counter(int(call.at) for call in runner.calls)
            assert len(runner.calls) == 600
            assert max(per_second.values()) <= 12

    run(scenario)


def test_stalls_that_come_back_regularly_do_not_starve_a_monitor() -> None:
    async def scenario(clock: FakeClock) -> None:
        async with scheduling(clock) as (scheduler, runner):
            for key in range(1, 61):
                scheduler.set(key, 60)
            for _ in range(30):
                await clock.advance(50)
                clock.jump(10)
            counts = Counter(call.key for call in runner.calls)
            assert min(counts[key] for key in range(1, 61)) >= 14

    run(scenario)


def test_confirm_checks_of_a_stall_are_spread_too() -> None:
    async def scenario(clock: FakeClock) -> None:
        async with scheduling(clock) as (scheduler, runner):
            for key in range(1, 101):
                runner.plans[key] = failing(clock, 10, 30)
                scheduler.set(key, 60, soon=True)
            await clock.advance(5)
            clock.jump(20)
            await clock.advance(0.5)
            assert len(runner.calls) <= 100 + 10
            await clock.advance(11)
            assert {call.key for call in runner.calls if call.number == 1} == set(range(1, 101))

    run(scenario)


def test_a_bug_in_one_try_is_logged_and_counted_and_the_monitor_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scenario(clock: FakeClock) -> None:
        async def bug(call: Call) -> Step:
            raise errors[int(call.at // 60)]

        errors = [KeyError("x"), MemoryError(), asyncio.CancelledError(), ValueError("last")]
        async with scheduling(clock) as (scheduler, runner):
            runner.plans[1] = bug
            scheduler.set(1, 60, soon=True)
            scheduler.set(2, 60)
            await clock.advance(30)
            runner.calls.clear()
            del errors[0]
            await clock.advance(300 - 30)
            assert len(runner.times(2)) >= 4
            assert scheduler.stats.errors >= 4
            assert max(gaps(runner.times(1))) <= 60.02

    with caplog.at_level(logging.ERROR):
        run(scenario)
    assert {record.__dict__["monitor"] for record in caplog.records} == {1}


def test_a_step_that_makes_no_sense_is_a_bug_of_that_monitor_alone() -> None:
    async def scenario(clock: FakeClock) -> None:
        async def absurd(call: Call) -> Step:
            return Step(None, float("nan")) if call.at < 60 else Step(None, -5)

        async with scheduling(clock) as (scheduler, runner):
            runner.plans[1] = absurd
            scheduler.set(1, 60)
            await clock.advance(60)
            assert scheduler.stats.errors == 1
            await clock.advance(70)
            assert len(runner.times(1)) < 10 * 70

    run(scenario)


def test_a_monitor_removed_while_its_try_runs_is_not_tried_again() -> None:
    async def scenario(clock: FakeClock) -> None:
        async with scheduling(clock) as (scheduler, runner):
            runner.plans[1] = failing(clock, 10, 30, takes_s=5)
            scheduler.set(1, 60, soon=True)
            await clock.advance(1)
            scheduler.remove(1)
            await clock.advance(300)
            assert runner.times(1) == [0]
            assert scheduler.stats.running == 0
            scheduler.remove(1)
            scheduler.remove(99)

    run(scenario)


def test_a_monitor_removed_and_added_again_never_overlaps_itself() -> None:
    async def scenario(clock: FakeClock) -> None:
        async with scheduling(clock) as (scheduler, runner):
            runner.plans[1] = failing(clock, 10, takes_s=5)
            scheduler.set(1, 60, soon=True)
            await clock.advance(1)
            scheduler.remove(1)
            scheduler.set(1, 60, soon=True)
            await clock.advance(8)
            assert [(call.at, call.number) for call in runner.calls] == [(0, 0), (5, 0)]

    run(scenario)


def test_a_change_gives_up_the_round_and_no_change_disturbs_nothing() -> None:
    async def scenario(clock: FakeClock) -> None:
        async with scheduling(clock) as (scheduler, runner):
            runner.plans[1] = failing(clock, 10, 30)
            scheduler.set(1, 60, soon=True)
            await clock.advance(5)
            scheduler.set(1, 60)
            await clock.advance(5)
            assert [call.number for call in runner.calls] == [0, 1]
            scheduler.set(1, 20)
            await clock.advance(20)
            assert [call.number for call in runner.calls][:3] == [0, 1, 0]

    run(scenario)


def test_a_nudge_makes_a_check_that_belongs_to_no_round_unless_one_is_near() -> None:
    """A crowd that presses a button must make no rounds: holds and windows count them."""

    async def scenario(clock: FakeClock) -> None:
        async with scheduling(clock) as (scheduler, runner):
            scheduler.set(1, 60, soon=True)
            await clock.advance(5)
            for _ in range(12):
                scheduler.check_now(1)
                scheduler.check_now(1)
                scheduler.check_now(99)
                await clock.advance(10)
            extra = [call.at for call in runner.calls if call.number == EXTRA]
            assert extra[:2] == [5, 15]
            assert len(extra) == len(set(extra))
            rounds = [call.at for call in runner.calls if call.number == 0]
            assert len(rounds) == 3
            assert min(gaps(rounds)) >= 30, "back at its own place, and no round beside it"

    run(scenario)


def test_an_earlier_entry_wakes_the_loop() -> None:
    async def scenario(clock: FakeClock) -> None:
        async with scheduling(clock) as (scheduler, runner):
            scheduler.set(1, 86_400)
            await clock.advance(1)
            scheduler.set(2, 60, soon=True)
            await clock.advance(0)
            assert runner.times(2) == [1]

    run(scenario)


def test_slots_follow_a_wall_clock_that_was_set_and_ignore_rounding() -> None:
    async def scenario(clock: FakeClock) -> None:
        async with scheduling(clock) as (scheduler, runner):
            scheduler.set(1, 60, soon=True)
            runner.plans[1] = failing(clock, 10)
            await clock.advance(30)
            clock.set_wall(0.4)
            await clock.advance(60)
            clock.set_wall(3600)
            await clock.advance(60)
            slots = sorted(set(runner.slots(1)))
            assert slots == [0, 60_000, 120_000 + 3_600_400]

    run(scenario)


def test_stop_ends_running_checks_and_names_those_that_would_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scenario(clock: FakeClock) -> None:
        release = asyncio.Event()
        ended: list[int] = []

        async def obedient(call: Call) -> Step:
            try:
                await clock.sleep(100)
            finally:
                ended.append(call.key)
            return CALM

        async def stubborn(call: Call) -> Step:
            while not release.is_set():
                with suppress(asyncio.CancelledError):
                    await release.wait()
            return CALM

        runner = Recording(clock)
        scheduler = Scheduler(runner, clock)
        loop = asyncio.create_task(scheduler.run())
        runner.plans = {1: obedient, 2: stubborn}
        for key in (1, 2):
            scheduler.set(key, 60, soon=True)
        scheduler.set(3, 60)
        await clock.advance(1)
        stopping = asyncio.create_task(scheduler.stop(5))
        await clock.advance(1)
        assert ended == [1]
        assert not stopping.done()
        await clock.advance(5)
        assert stopping.done()
        assert loop.done()
        scheduler.set(4, 60, soon=True)
        release.set()
        await clock.advance(120)
        assert {call.key for call in runner.calls} == {1, 2}, "nothing starts after a stop"

    with caplog.at_level(logging.ERROR):
        run(scenario)
    assert [(r.getMessage(), r.__dict__["monitor"]) for r in caplog.records] == [
        ("Check did not stop", 2)
    ]


def test_a_cancelled_loop_starts_nothing_more_and_can_run_again() -> None:
    async def scenario(clock: FakeClock) -> None:
        runner = Recording(clock)
        scheduler = Scheduler(runner, clock)
        loop = asyncio.create_task(scheduler.run())
        for key in (1, 2, 3):
            runner.plans[key] = failing(clock, takes_s=5)
            scheduler.set(key, 60, soon=key < 3)
        await clock.advance(1)
        loop.cancel()
        await clock.advance(10)
        assert loop.cancelled()
        assert {call.key for call in runner.calls} == {1, 2}
        loop = asyncio.create_task(scheduler.run())
        await clock.advance(60)
        assert {call.key for call in runner.calls} == {1, 2, 3}
        await scheduler.stop(1)
        await loop

    run(scenario)


def test_ten_thousand_monitors_cost_little_and_start_in_time() -> None:
    async def scenario(clock: FakeClock) -> None:
        async with scheduling(clock) as (scheduler, runner):
            started = time.process_time()
            for key in range(1, 10_001):
                scheduler.set(key, 60)
            assert len(asyncio.all_tasks()) < 10, "no task per monitor"
            await clock.advance(60)
            took_s = time.process_time() - started
            assert len(runner.calls) == 10_000
            assert max(scheduler.stats.late) <= TICK_S * 1000
            assert took_s < 10

    run(scenario)


@pytest.mark.parametrize(
    ("monitors", "moments"), [(300, 60), (900, 120), (2_000, 300), (12_000, 600)]
)
def test_rounds_begin_a_few_at_a_time_and_exactly_then(monitors: int, moments: int) -> None:
    """One wake-up for several checks costs less, and a whole interval lies between two rounds."""

    async def scenario(clock: FakeClock) -> None:
        async with scheduling(clock) as (scheduler, runner):
            for key in range(1, monitors + 1):
                scheduler.set(key, 60)
            await clock.advance(60)
            assert len(runner.calls) == monitors
            assert moments * 0.9 < len({call.at for call in runner.calls}) <= moments
            await clock.advance(60)
            assert {b - a for key in (1, 2, 3) for a, b in pairwise(runner.slots(key))} == {60_000}
            assert max(scheduler.stats.late) <= 1

    run(scenario)


def test_a_monitor_that_goes_before_it_was_placed_leaves_nothing() -> None:
    async def scenario(clock: FakeClock) -> None:
        async with scheduling(clock) as (scheduler, runner):
            scheduler.set(1, 5)
            scheduler.remove(1)
            scheduler.set(2, 5)
            scheduler.check_now(2)
            await clock.advance(5)
            assert [call.key for call in runner.calls] == [2]
            assert scheduler.stats.errors == 0

    run(scenario)
