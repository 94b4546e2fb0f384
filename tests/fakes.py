"""Time that tests move by hand."""

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable

START_MS = 1_700_000_000_000
PASSES = 5


class FakeClock:
    """A ``bot.clock.Clock`` that stands still until :meth:`advance`.

    Work outside the event loop (a database thread) is invisible to it: give ``settle`` something to
    await that returns once such work is done, e.g. ``lambda: db.read(lambda conn: None)``; it is
    awaited a few times before time moves on.
    """

    def __init__(
        self, start_ms: int = START_MS, *, settle: Callable[[], Awaitable[object]] | None = None
    ) -> None:
        self._us = 1_000_000_000  # whole microseconds, so that no rounding adds up
        self._wall_us = start_ms * 1000 - self._us
        self._order = itertools.count()
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self.settle = settle

    def now_ms(self) -> int:
        return (self._wall_us + self._us) // 1000

    def monotonic(self) -> float:
        return self._us / 1_000_000

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        sleeper = asyncio.get_running_loop().create_future()
        due = self._us + round(seconds * 1_000_000)
        heapq.heappush(self._sleepers, (due, next(self._order), sleeper))
        await sleeper

    async def advance(self, seconds: float) -> None:
        """Let time pass: everyone who sleeps wakes in order, and what they do is done."""
        end = self._us + round(seconds * 1_000_000)
        await self.run_ready()
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, sleeper = heapq.heappop(self._sleepers)
            if sleeper.done():
                continue
            self._us = max(self._us, due)
            sleeper.set_result(None)
            await self.run_ready()
        self._us = end
        await self.run_ready()

    def jump(self, seconds: float) -> None:
        """The process stood still: time has passed, nobody has woken yet."""
        self._us += round(seconds * 1_000_000)

    def set_wall(self, by_s: float) -> None:
        """Somebody set the wall clock; monotonic time does not notice."""
        self._wall_us += round(by_s * 1_000_000)

    async def run_ready(self) -> None:
        """Let every task run until all of them wait for time, or for the outside."""
        await _drain()
        for _ in range(PASSES if self.settle else 0):
            if self.settle is not None:
                await self.settle()
            await _drain()


async def _drain() -> None:
    ready = vars(asyncio.get_running_loop())["_ready"]  # there is no public way to ask
    while True:
        await asyncio.sleep(0)
        if not ready:
            return
