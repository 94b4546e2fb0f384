"""Starts each monitor's checks in time: one heap on monotonic time, a task only while one runs.

It knows neither checkers nor the judge: a :class:`Runner` makes one check and says what comes next.
"""

import asyncio
import heapq
import itertools
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from bot.clock import Clock
from bot.engine.schedule import SHORTEST_MS, After, Plan, WallScale

log = logging.getLogger(__name__)

IDLE_S = 60.0  # nothing planned: look again then, or when something is added
TICK_S = 0.05  # what falls due in one tick starts together: a tenth cheaper than 0.02 (measured)
GRACE_MS = 2_000  # later than this means that the loop, or the machine, stalled
EXTRA = -1  # the number of a check that belongs to no round
EXTRA_APART_MS = 12_000  # an extra check ends before the round that is planned


@dataclass(frozen=True, slots=True)
class Step:
    """The next check of a monitor, both times in seconds.

    ``confirm_s``: after the round's slot, the next confirming check; None closes the round.
    ``interval_s``: the interval of its rounds now, counted from the round's slot.
    """

    confirm_s: float | None
    interval_s: float


class Runner(Protocol):
    """Makes one check: ``number`` is 0 for a round's first, ``slot_ms`` the round's wall time.

    EXTRA is the number of one that belongs to no round; the step it returns changes nothing.

    Slots of one monitor are exact multiples of its interval apart, unless the wall clock was set.
    """

    async def __call__(self, key: int, slot_ms: int, number: int) -> Step: ...


class Scheduler:
    """Owns the tasks of all checks. A check that fails by a bug costs that check, nothing else.

    Nothing starts unless :meth:`run` is running. How many checks visit a host at once is up to
    :class:`bot.engine.check_queue.CheckQueue`; ``waits``: whether a task only waits for its turn
    there, so that it may be cancelled when its monitor changes or goes.
    """

    def __init__(
        self,
        run_check: Runner,
        clock: Clock,
        *,
        waits: Callable[[asyncio.Task[Any]], bool] = lambda _: False,
    ) -> None:
        self._run_check = run_check
        self._waits = waits
        self._clock = clock
        self._plans: dict[int, Plan] = {}
        self._heap: list[tuple[int, int, Plan]] = []
        self._turns = itertools.count(1)
        self._tasks: dict[asyncio.Task[tuple[int | None, int]], int] = {}
        self._running: dict[int, asyncio.Task[tuple[int | None, int]]] = {}
        self._sleeper: asyncio.Task[None] | None = None
        self._active = False
        self._wall = WallScale(clock)
        self.stats = Stats()

    def set(self, key: int, interval_s: float, *, soon: bool = False) -> None:
        """Add or change a monitor.

        Its rounds come at its own stable phase of the interval; ``soon`` begins one at once (at
        the end of a check under way). A change gives up the round under way.
        """
        asked_ms = max(SHORTEST_MS, round(interval_s * 1000))
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = Plan(key, asked_ms, asked_ms)
        elif not soon and plan.asked_ms == asked_ms and plan.after is not After.NOTHING:
            return
        plan.asked_ms = asked_ms
        if plan.running:
            plan.after = After.NOW if soon or plan.after is After.NOW else After.PHASE
            self._give_up(plan)
            return
        plan.restart(self._now(), soon=soon)
        self._push(plan)

    async def begin(
        self, key: int, interval_s: float, first: Callable[[int], Awaitable[Step]]
    ) -> None:
        """Add a monitor whose first round begins here; ``first`` gets the round's wall time.

        What it wants next is planned when it has ended; a bug of it costs that check, nothing else.
        """
        asked_ms = max(SHORTEST_MS, round(interval_s * 1000))
        now = self._now()
        plan = self._plans[key] = Plan(key, asked_ms, asked_ms, slot=now, due=now, running=True)
        confirm_ms, interval_ms = None, asked_ms
        try:
            confirm_ms, interval_ms = await self._guarded(plan, partial(first, self._wall.at(now)))
        finally:
            plan.running = False
            self._follow(plan, confirm_ms, interval_ms)

    def remove(self, key: int) -> None:
        """Remove a monitor; a check under way ends, but is followed by none."""
        plan = self._plans.get(key)
        if plan is None:
            return
        plan.turn = 0
        if plan.running:
            plan.after = After.NOTHING
            self._give_up(plan)
        else:
            del self._plans[key]

    def check_now(self, key: int) -> None:
        """Make one check now that belongs to no round, unless one is under way or due soon."""
        plan = self._plans.get(key)
        if plan is None or plan.running or plan.number:
            return
        if self._active and plan.due - self._now() >= EXTRA_APART_MS:
            self._start(plan, extra=True)

    async def run(self) -> None:
        """Start every check at its time until cancelled or stopped. Ends by no bug of its own."""
        self._active = True
        try:
            while self._active:
                try:
                    self._start_due()
                except Exception:
                    self.stats.errors += 1
                    log.exception("Scheduler error, continuing")
                await self._rest()
        finally:
            self._active = False

    async def stop(self, timeout_s: float) -> None:
        """Start no more checks and end the running ones; those that do not end are named."""
        self._active = False
        self._wake()
        tasks = dict(self._tasks)
        if not tasks:
            return
        for task in tasks:
            task.cancel()
        ended = asyncio.create_task(asyncio.wait(tasks))
        deadline = asyncio.create_task(self._clock.sleep(timeout_s))
        try:
            await asyncio.wait({ended, deadline}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended.cancel()
            deadline.cancel()
        for task, key in tasks.items():
            if not task.done():
                log.error("Check did not stop", extra={"monitor": key})

    def _give_up(self, plan: Plan) -> None:
        task = self._running.get(plan.key)
        if task is not None and self._waits(task):
            task.cancel()

    def _now(self) -> int:
        # Round up by 1 µs: 12.9999 ms must not wait for another tick.
        return int(self._clock.monotonic() * 1000 + 0.001)

    async def _rest(self) -> None:
        """Until something is due, or something earlier is planned."""
        wait_s = IDLE_S
        if self._heap:
            wait_s = max(TICK_S, self._heap[0][0] / 1000 - self._clock.monotonic())
        self._sleeper = asyncio.create_task(self._clock.sleep(wait_s))
        try:
            await asyncio.wait({self._sleeper})
        finally:
            self._wake()

    def _wake(self) -> None:
        if self._sleeper is not None:
            self._sleeper.cancel()

    def _push(self, plan: Plan) -> None:
        """Plan the next check; whatever was planned or waiting before is void."""
        plan.turn = next(self._turns)
        heapq.heappush(self._heap, (plan.due, plan.turn, plan))
        if self._heap[0][1] == plan.turn:
            self._wake()

    def _start_due(self) -> None:
        now = self._now()
        while self._heap and self._heap[0][0] <= now:
            due, turn, plan = heapq.heappop(self._heap)
            if plan.turn != turn:
                continue
            if now - due > GRACE_MS:
                self.stats.postponed += 1
                plan.postpone(now)
                self._push(plan)
            else:
                self._start(plan)

    def _start(self, plan: Plan, *, extra: bool = False) -> None:
        plan.running, plan.turn = True, 0
        self.stats.started += 1
        self.stats.running += 1
        self.stats.late.append(max(0, self._now() - plan.due))
        number = EXTRA if extra else plan.number
        work = partial(self._run_check, plan.key, self._wall.at(plan.slot), number)
        task = asyncio.create_task(self._guarded(plan, work), name=f"check of monitor {plan.key}")
        self._tasks[task] = plan.key
        self._running[plan.key] = task
        task.add_done_callback(partial(self._ended, plan, extra=extra))

    async def _guarded(
        self, plan: Plan, work: Callable[[], Awaitable[Step]]
    ) -> tuple[int | None, int]:
        """Milliseconds to the confirming check, if one is wanted, and the interval from here."""
        try:
            step = await work()
            confirm_ms = None if step.confirm_s is None else round(step.confirm_s * 1000)
            return confirm_ms, max(SHORTEST_MS, round(step.interval_s * 1000))
        except Exception:
            self.stats.errors += 1
            log.exception("Check failed by a bug, the next is planned", extra={"monitor": plan.key})
        return None, plan.interval_ms

    def _ended(
        self, plan: Plan, task: asyncio.Task[tuple[int | None, int]], *, extra: bool
    ) -> None:
        del self._tasks[task], self._running[plan.key]
        self.stats.running -= 1
        plan.running = False
        confirm_ms, interval_ms = None, plan.interval_ms
        if not task.cancelled():
            confirm_ms, interval_ms = task.result()
        elif self._active and plan.after is After.STEP:
            self.stats.errors += 1
            log.error("Check cancelled by a bug, the next is planned", extra={"monitor": plan.key})
        if extra and plan.after is After.STEP:
            self._push(plan)
        else:
            self._follow(plan, confirm_ms, interval_ms)

    def _follow(self, plan: Plan, confirm_ms: int | None, interval_ms: int) -> None:
        if plan.after is After.NOTHING:
            del self._plans[plan.key]
            return
        if plan.after is After.STEP:
            plan.plan_next(self._now(), confirm_ms, interval_ms)
        else:
            plan.restart(self._now(), soon=plan.after is After.NOW)
        self._push(plan)


RECENT = 1_000


@dataclass(slots=True)
class Stats:
    """Checks since the start; ``late``: how many milliseconds late the newest thousand began."""

    started: int = 0
    running: int = 0
    errors: int = 0
    postponed: int = 0  # because the loop had stalled
    late: deque[int] = field(default_factory=lambda: deque(maxlen=RECENT))
