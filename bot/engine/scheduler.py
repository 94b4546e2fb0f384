"""When each monitor is tried: one heap on monotonic time, a task only while a try runs.

It knows neither probes nor verdicts: a :class:`Runner` runs one try and says what comes next.
"""

import asyncio
import heapq
import itertools
import logging
from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from bot.clock import Clock
from bot.engine.lanes import Lanes
from bot.engine.scheduler_stats import Stats
from bot.engine.timetable import SHORTEST_MS, After, Plan, WallScale

log = logging.getLogger(__name__)

IDLE_S = 60.0  # nothing planned: look again then, or when something is added
TICK_S = 0.05  # what falls due in one tick starts together: a tenth cheaper than 0.02 (measured)
GRACE_MS = 2_000  # later than this means that the loop, or the machine, stood still


@dataclass(frozen=True, slots=True)
class Step:
    """What a monitor wants next, both in seconds.

    ``confirm_s``: after the round's slot, the next confirm try; None closes the round.
    ``interval_s``: the rhythm of its rounds now, counted from the round's slot.
    """

    confirm_s: float | None
    interval_s: float


class Runner(Protocol):
    """Runs one try: ``number`` is 0 for a round's first, ``slot_ms`` the round's wall time.

    Slots of one monitor are exact multiples of its rhythm apart, unless the wall clock was set.
    """

    async def __call__(self, key: int, slot_ms: int, number: int) -> Step: ...


class Scheduler:
    """Owns the tasks of all tries. A try that fails with a bug costs that try, nothing else.

    ``slots`` limits the tries under way (0: as many as needed), ``per_host`` those to one host
    and port. Nothing starts unless :meth:`run` is running.
    """

    def __init__(self, run_try: Runner, clock: Clock, *, slots: int = 0, per_host: int = 2) -> None:
        self._run_try = run_try
        self._clock = clock
        self._plans: dict[int, Plan] = {}
        self._heap: list[tuple[int, int, Plan]] = []
        self._turns = itertools.count(1)
        self._lanes: Lanes[tuple[int, Plan]] = Lanes(slots, per_host)
        self._tasks: dict[asyncio.Task[tuple[int | None, int]], int] = {}
        self._sleeper: asyncio.Task[None] | None = None
        self._active = False
        self._wall = WallScale(clock)
        self.stats = Stats()

    def set(self, key: int, host: str, interval_s: float, *, soon: bool = False) -> None:
        """Add or change a monitor; ``host`` is ``name:port``, the unit of the limit per host.

        Its rounds come at its own stable place in the interval; ``soon`` begins one at once (at
        the end of a try under way). A change gives up the round under way; no change does nothing.
        """
        asked_ms = max(SHORTEST_MS, round(interval_s * 1000))
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = Plan(key, host, asked_ms, asked_ms)
        elif not soon and self._is_as(plan, host, asked_ms):
            return
        plan.host, plan.asked_ms = host, asked_ms
        if plan.running:
            plan.after = After.NOW if soon or plan.after is After.NOW else After.PLACE
            return
        plan.restart(self._now(), soon=soon)
        self._push(plan)

    def remove(self, key: int) -> None:
        """Forget a monitor; a try under way ends, but is followed by none."""
        plan = self._plans.get(key)
        if plan is None:
            return
        plan.turn = 0
        if plan.running:
            plan.after = After.NOTHING
        else:
            del self._plans[key]

    def nudge(self, key: int) -> None:
        """Begin an early round now, unless one is under way or due."""
        plan = self._plans.get(key)
        now = self._now()
        if plan is None or plan.running or plan.number or plan.due <= now:
            return
        plan.slot = plan.due = now
        self._push(plan)

    async def run(self) -> None:
        """Start every try at its time until cancelled or stopped. Ends by no bug of its own."""
        self._active = True
        try:
            while self._active:
                try:
                    self._start_due()
                except Exception:
                    self.stats.errors += 1
                    log.exception("The scheduler stumbled and goes on")
                await self._rest()
        finally:
            self._active = False

    async def stop(self, timeout_s: float) -> None:
        """Start no more tries and end the running ones; those that would not end are named."""
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
                log.error("A try would not stop", extra={"monitor": key})

    def _is_as(self, plan: Plan, host: str, asked_ms: int) -> bool:
        same = (plan.host, plan.asked_ms) == (host, asked_ms)
        return same and plan.after is not After.NOTHING

    def _now(self) -> int:
        # The sliver keeps a float a hair under its millisecond from costing another tick.
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
        """Plan the next try; whatever was planned or waiting before is void."""
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
                self.stats.put_off += 1
                plan.put_off(now)
                self._push(plan)
            elif self._lanes.enter(plan.host, (turn, plan)):
                self._start(plan, plan.host)

    def _start(self, plan: Plan, host: str) -> None:
        plan.running, plan.turn = True, 0
        self.stats.started += 1
        self.stats.running += 1
        self.stats.late.append(max(0, self._now() - plan.due))
        task = asyncio.create_task(self._try(plan), name=f"try of monitor {plan.key}")
        self._tasks[task] = plan.key
        task.add_done_callback(partial(self._ended, plan, host))

    async def _try(self, plan: Plan) -> tuple[int | None, int]:
        """Milliseconds to the confirm try, if one is wanted, and the rhythm from here."""
        try:
            slot_ms = self._wall.at(plan.slot)
            step = await self._run_try(plan.key, slot_ms, plan.number)
            confirm_ms = None if step.confirm_s is None else round(step.confirm_s * 1000)
            return confirm_ms, max(SHORTEST_MS, round(step.interval_s * 1000))
        except Exception:
            self.stats.errors += 1
            log.exception("A try ended by a bug; the next comes", extra={"monitor": plan.key})
        return None, plan.interval_ms

    def _ended(self, plan: Plan, host: str, task: asyncio.Task[tuple[int | None, int]]) -> None:
        del self._tasks[task]
        self.stats.running -= 1
        plan.running = False
        confirm_ms, interval_ms = None, plan.interval_ms
        if not task.cancelled():
            confirm_ms, interval_ms = task.result()
        elif self._active:
            self.stats.errors += 1
            log.error("A try was cancelled by a bug; the next comes", extra={"monitor": plan.key})
        self._follow(plan, confirm_ms, interval_ms)
        self._release(host)

    def _follow(self, plan: Plan, confirm_ms: int | None, interval_ms: int) -> None:
        if plan.after is After.NOTHING:
            del self._plans[plan.key]
            return
        if plan.after is After.STEP:
            plan.go_on(self._now(), confirm_ms, interval_ms)
        else:
            plan.restart(self._now(), soon=plan.after is After.NOW)
        self._push(plan)

    def _release(self, host: str) -> None:
        """Hand the free place on, past those that no longer want it."""
        ready = deque(self._lanes.leave(host))
        while ready:
            place, (turn, plan) = ready.popleft()
            if plan.turn == turn and self._active:
                self._start(plan, place)
                continue
            if plan.turn == turn:
                self._push(plan)
            ready.extend(self._lanes.leave(place))
