"""When each monitor is tried: one heap on monotonic time, a task only while a try runs.

It knows neither probes nor verdicts: a :class:`Runner` runs one try and says what comes next.
"""

import asyncio
import heapq
import itertools
import logging
from dataclasses import dataclass
from typing import Protocol

from bot.clock import Clock
from bot.engine.lanes import Lanes

log = logging.getLogger(__name__)

IDLE_S = 60.0  # nothing due: look again then, or when something is added
GOLDEN = 0.6180339887498949  # multiples of it spread evenly over the interval for any count


@dataclass(frozen=True, slots=True)
class Step:
    """What a monitor wants next, both in seconds.

    ``confirm_s``: after the round's slot, the next confirm try; None closes the round.
    ``interval_s``: the rhythm of its rounds now.
    """

    confirm_s: float | None
    interval_s: float


class Runner(Protocol):
    """Runs one try: ``number`` is 0 for a round's first, ``slot_ms`` the round's wall time."""

    async def __call__(self, key: int, slot_ms: int, number: int) -> Step: ...


@dataclass(slots=True)
class Plan:
    """One monitor's place in time. ``slot`` and ``due`` are seconds of monotonic time."""

    key: int
    host: str
    interval_s: float
    slot: float
    due: float
    number: int = 0
    running: bool = False
    removed: bool = False
    nudged: bool = False


@dataclass(slots=True)
class Stats:
    """What the scheduler can tell of itself."""

    started: int = 0
    errors: int = 0
    late_s: float = 0.0  # of the newest try
    worst_late_s: float = 0.0


class Scheduler:
    """Owns the tasks of all tries. A try that fails with a bug costs that try, nothing else."""

    def __init__(self, run_try: Runner, clock: Clock, *, slots: int = 0, per_host: int = 2) -> None:
        self._run_try = run_try
        self._clock = clock
        self._plans: dict[int, Plan] = {}
        self._heap: list[tuple[float, int, Plan]] = []
        self._order = itertools.count()
        self._lanes: Lanes[Plan] = Lanes(slots, per_host)
        self._tasks: dict[asyncio.Task[None], int] = {}
        self._wake = asyncio.Event()
        self._stopping = False
        self.stats = Stats()

    def set(self, key: int, host: str, interval_s: float, *, soon: bool = False) -> None:
        """Add or change a monitor; its first round comes within one interval (``soon``: now)."""
        self.remove(key)
        now = self._clock.monotonic()
        first = now if soon else now + (key * GOLDEN % 1.0) * interval_s
        plan = self._plans[key] = Plan(key, host, interval_s, first, first)
        self._push(plan)

    def remove(self, key: int) -> None:
        """Forget a monitor; a try under way ends, but is followed by none."""
        plan = self._plans.pop(key, None)
        if plan is not None:
            plan.removed = True

    def nudge(self, key: int) -> None:
        """Begin a round now, unless one is under way."""
        plan = self._plans.get(key)
        if plan is not None and plan.number == 0 and not plan.running and not plan.nudged:
            plan.nudged = True
            plan.slot = plan.due = self._clock.monotonic()
            self._push(plan)

    async def run(self) -> None:
        """Start every try at its time until cancelled."""
        while True:
            self._wake.clear()
            now = self._clock.monotonic()
            while self._heap and self._heap[0][0] <= now:
                due, _, plan = heapq.heappop(self._heap)
                self._admit(plan, due)
            wait_s = self._heap[0][0] - now if self._heap else IDLE_S
            await self._sleep(wait_s)

    async def stop(self, timeout_s: float) -> None:
        """Start no more tries and end the running ones; names those that would not end."""
        self._stopping = True
        running = dict(self._tasks)
        for task in running:
            task.cancel()
        if running:
            _, stuck = await asyncio.wait(running, timeout=timeout_s)
            for task in stuck:
                log.error("A try would not stop", extra={"monitor": running[task]})

    @property
    def running(self) -> int:
        """Tries under way."""
        return len(self._tasks)

    async def _sleep(self, wait_s: float) -> None:
        """Until the time has passed or an earlier entry was added."""
        sleeper = asyncio.ensure_future(self._clock.sleep(wait_s))
        waker = asyncio.ensure_future(self._wake.wait())
        try:
            await asyncio.wait({sleeper, waker}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeper.cancel()
            waker.cancel()

    def _push(self, plan: Plan) -> None:
        heapq.heappush(self._heap, (plan.due, next(self._order), plan))
        if self._heap[0][2] is plan:
            self._wake.set()

    def _admit(self, plan: Plan, due: float) -> None:
        """A place in the heap is stale when its plan was removed, moved or is running."""
        if plan.removed or plan.running or plan.due != due or self._stopping:
            return
        plan.running = True
        plan.nudged = False
        if self._lanes.enter(plan.host, plan):
            self._start(plan)

    def _start(self, plan: Plan) -> None:
        if plan.removed or self._stopping:
            self._leave(plan)
            return
        self.stats.started += 1
        self.stats.late_s = max(0.0, self._clock.monotonic() - plan.due)
        self.stats.worst_late_s = max(self.stats.worst_late_s, self.stats.late_s)
        task = asyncio.ensure_future(self._try(plan))
        self._tasks[task] = plan.key
        task.add_done_callback(self._forget)

    async def _try(self, plan: Plan) -> None:
        late_ms = (self._clock.monotonic() - plan.slot) * 1000
        slot_ms = round(self._clock.now_ms() - late_ms)
        step = Step(None, plan.interval_s)
        try:
            step = await self._run_try(plan.key, slot_ms, plan.number)
        except Exception:
            self.stats.errors += 1
            log.exception("A try ended with a bug", extra={"monitor": plan.key})
        finally:
            plan.running = False
            self._leave(plan)
        self._next(plan, step)

    def _next(self, plan: Plan, step: Step) -> None:
        if plan.removed or self._stopping:
            return
        now = self._clock.monotonic()
        if step.confirm_s is not None:
            plan.number += 1
            plan.due = max(plan.slot + step.confirm_s, now)
        else:
            plan.number = 0
            missed = max(0, int((now - plan.slot) // step.interval_s))
            plan.slot += step.interval_s * (missed + 1)
            plan.due = plan.slot
        self._push(plan)

    def _leave(self, plan: Plan) -> None:
        for waiting in self._lanes.leave(plan.host):
            self._start(waiting)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.pop(task, None)
