"""Starts each monitor's checks in time: one heap on monotonic time, a task only while one runs.

It knows neither checkers nor the judge: a :class:`Runner` makes one check and says what comes next.
Times are whole milliseconds of monotonic time: rounds of 60 s lie exactly 60,000 ms apart however
late their checks start, and the rules of the judge compare them to the millisecond.
"""

import asyncio
import heapq
import itertools
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from typing import Any

from bot.clock import Clock

log = logging.getLogger(__name__)

IDLE_S = 60.0  # nothing planned: look again then, or when something is added
TICK_S = 0.05  # what falls due in one tick starts together: a tenth cheaper than 0.02 (measured)
GRACE_MS = 2_000  # later than this means that the loop, or the machine, stalled
EXTRA = -1  # the number of a check that belongs to no round
EXTRA_APART_MS = 12_000  # an extra check ends before the round that is planned
GOLDEN = 0x9E3779B97F4A7C15  # 2**64 / golden ratio: its multiples spread evenly for any count
SHORTEST_MS = 100  # no interval may be shorter, whatever a runner asks for
# Rounds lie on marks so far apart that about eight begin together: half the cost of one by one
# (measured), and none starts late. More would wait for each other while they are measured.
MARKS_MS = (1000, 500, 200, 100)
TOGETHER = 8
CLOCK_STEP_MS = 1_000  # the wall clock was set; anything less is rounding


@dataclass(frozen=True, slots=True)
class Step:
    """The next check of a monitor, both times in seconds.

    ``confirm_s``: after the round's slot, the next confirming check; None closes the round.
    ``interval_s``: the interval of its rounds now, counted from the round's slot.
    """

    confirm_s: float | None
    interval_s: float


StepMs = tuple[int | None, int]  # the same in milliseconds


class After(Enum):
    STEP = auto()  # what the runner says
    PHASE = auto()  # its round is given up: next at the monitor's own phase
    NOW = auto()  # its round is given up: next at once
    NOTHING = auto()  # the monitor was removed


@dataclass(slots=True, eq=False)
class Plan:
    """One monitor's next check. ``slot`` is its round's time, ``due`` the check's own."""

    key: int
    asked_ms: int  # the interval it was set to
    interval_ms: int  # of its rounds now
    slot: int = 0
    due: int = 0
    number: int = 0
    turn: int = 0  # its one valid entry in the heap; 0: none
    running: bool = False
    after: After = After.STEP

    def phase(self, length_ms: int, marks_ms: int = 1) -> int:
        """The monitor's own, stable place in a length of time, from 0 to under ``length_ms``."""
        place = ((self.key * GOLDEN) % 2**64) * length_ms >> 64
        return place - place % marks_ms + marks_ms // 2

    def restart(self, now: int, marks_ms: int, *, soon: bool) -> None:
        """A new round, at once or at the monitor's own phase of its interval.

        Phases are counted from the origin of monotonic time, so a restart of the process keeps
        them, and long intervals are not put off by every restart.
        """
        self.number, self.interval_ms, self.after = 0, self.asked_ms, After.STEP
        wait = 0 if soon else (self.phase(self.asked_ms, marks_ms) - now) % self.asked_ms
        self.slot = self.due = now + wait

    def plan_next(self, now: int, step: StepMs | None, marks_ms: int) -> None:
        """Plan the next confirming check, or the next round that is still ahead (None: so too).

        After a calm round (no confirming check) a monitor that left its own phase (an early round,
        a stall, another interval) is drawn back to it, by at most half an interval a round. A
        round in doubt keeps the full distance: the judge waits for it.
        """
        confirm_ms, interval_ms = step or (None, self.interval_ms)
        self.interval_ms = interval_ms
        if confirm_ms is not None:
            self.number += 1
            self.due = max(self.slot + confirm_ms, now)
            return
        slot = self.slot + interval_ms
        if self.number == 0:
            away_ms = (slot - self.phase(interval_ms, marks_ms)) % interval_ms
            slot -= min(away_ms, interval_ms // 2)
        missed = max(0, -((slot - now) // interval_ms))
        self.number = 0
        self.slot = self.due = slot + missed * interval_ms

    def postpone(self, now: int) -> None:
        """Spread what is late after a stall by its phase, instead of a burst.

        Counted from now, not from the own phase: stalls that come back regularly would always
        hit the same monitors.
        """
        if self.number:
            self.due = now + self.phase(self.due - self.slot)
        else:
            self.slot = self.due = now + self.phase(self.interval_ms)


class WallScale:
    """Translates monotonic milliseconds to the wall clock, keeping distances exact."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset_ms = self._measure()

    def at(self, monotonic_ms: int) -> int:
        """The wall time of a moment; follows the wall clock only where it was really set."""
        offset_ms = self._measure()
        if abs(offset_ms - self._offset_ms) >= CLOCK_STEP_MS:
            self._offset_ms = offset_ms
        return monotonic_ms + self._offset_ms

    def _measure(self) -> int:
        return round(self._clock.now_ms() - self._clock.monotonic() * 1000)


# Gets the monitor's key, the wall time of the round's slot, and the check's number in its round.
Runner = Callable[[int, int, int], Awaitable[Step]]


class Scheduler:
    """Owns the tasks of all checks. A check that fails by a bug costs that check, nothing else.

    ``run_check`` is given 0 for a round's first check; EXTRA for one that belongs to no round, and
    whose step changes nothing. Slots of one monitor are exact multiples of its interval apart,
    unless the wall clock was set.

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
        self._run_check, self._waits, self._clock = run_check, waits, clock
        self._plans: dict[int, Plan] = {}
        self._heap: list[tuple[int, int, Plan]] = []
        self._new: dict[int, bool] = {}  # not placed yet; whether its round begins at once
        self._turns = itertools.count(1)
        self._running: dict[int, asyncio.Task[StepMs | None]] = {}
        self._sleeper: asyncio.Task[None] | None = None
        self._active = False
        self._rate = 0.0  # rounds a second
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
            self._rate += 1000 / asked_ms
        elif not soon and plan.asked_ms == asked_ms and plan.after is not After.NOTHING:
            return
        self._rate += 1000 / asked_ms - 1000 / plan.asked_ms
        plan.asked_ms = asked_ms
        if plan.running:
            plan.after = After.NOW if soon or plan.after is After.NOW else After.PHASE
            self._give_up(plan)
            return
        # Placed when all are known that are set now: so many decide how far the marks are apart.
        plan.turn = 0
        self._new[key] = soon or self._new.get(key, False)
        self._wake()

    async def begin(
        self, key: int, interval_s: float, first: Callable[[int], Awaitable[Step]]
    ) -> None:
        """Add a monitor whose first round begins here; ``first`` gets the round's wall time.

        What it wants next is planned when it has ended; a bug of it costs that check, nothing else.
        """
        asked_ms = max(SHORTEST_MS, round(interval_s * 1000))
        now = self._now()
        plan = self._plans[key] = Plan(key, asked_ms, asked_ms, slot=now, due=now, running=True)
        self._rate += 1000 / asked_ms
        step = None
        try:
            step = await self._guarded(plan, partial(first, self._wall.at(now)))
        finally:
            plan.running = False
            self._follow(plan, step)

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
            self._forget(plan)

    def check_now(self, key: int) -> None:
        """Make one check now that belongs to no round, unless one is under way or due soon."""
        plan = self._plans.get(key)
        if plan is None or plan.running or plan.number or key in self._new:
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
        tasks = dict(self._running)
        if not tasks:
            return
        for task in tasks.values():
            task.cancel()
        ended = asyncio.create_task(asyncio.wait(tasks.values()))
        deadline = asyncio.create_task(self._clock.sleep(timeout_s))
        try:
            await asyncio.wait({ended, deadline}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended.cancel()
            deadline.cancel()
        for key, task in tasks.items():
            if not task.done():
                log.error("Check did not stop", extra={"monitor": key})

    def _give_up(self, plan: Plan) -> None:
        task = self._running.get(plan.key)
        if task is not None and self._waits(task):
            task.cancel()

    def _place_new(self) -> None:
        new, self._new = self._new, {}
        for key, soon in new.items():
            plan = self._plans[key]
            plan.restart(self._now(), self._marks_ms, soon=soon)
            self._push(plan)

    def _forget(self, plan: Plan) -> None:
        del self._plans[plan.key]
        self._new.pop(plan.key, None)
        self._rate -= 1000 / plan.asked_ms

    @property
    def _marks_ms(self) -> int:
        fits = (ms for ms in MARKS_MS if self._rate * ms <= TOGETHER * 1000)
        return next(fits, MARKS_MS[-1])

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
        self._place_new()
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
        self._running[plan.key] = task
        task.add_done_callback(partial(self._ended, plan, extra=extra))

    async def _guarded(self, plan: Plan, work: Callable[[], Awaitable[Step]]) -> StepMs | None:
        """The step that follows; None where a bug prevents it."""
        try:
            step = await work()
            confirm_ms = None if step.confirm_s is None else round(step.confirm_s * 1000)
            return confirm_ms, max(SHORTEST_MS, round(step.interval_s * 1000))
        except Exception:
            self.stats.errors += 1
            log.exception("Check failed by a bug, the next is planned", extra={"monitor": plan.key})
        return None

    def _ended(self, plan: Plan, task: asyncio.Task[StepMs | None], *, extra: bool) -> None:
        del self._running[plan.key]
        self.stats.running -= 1
        plan.running = False
        step = None if task.cancelled() else task.result()
        if task.cancelled() and self._active and plan.after is After.STEP:
            self.stats.errors += 1
            log.error("Check cancelled by a bug, the next is planned", extra={"monitor": plan.key})
        if extra and plan.after is After.STEP:
            self._push(plan)
        else:
            self._follow(plan, step)

    def _follow(self, plan: Plan, step: StepMs | None) -> None:
        if plan.after is After.NOTHING:
            self._forget(plan)
            return
        if plan.after is After.STEP:
            plan.plan_next(self._now(), step, self._marks_ms)
        else:
            plan.restart(self._now(), self._marks_ms, soon=plan.after is After.NOW)
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
