"""Time, injected everywhere so that tests and ``vigie replay`` can play it."""

import asyncio
import time
from typing import Protocol

HOUR_MS, DAY_MS = 3_600_000, 86_400_000


class Clock(Protocol):
    """Wall time for what is stored and shown, monotonic time for intervals."""

    def now_ms(self) -> int:
        """UTC epoch milliseconds."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's clocks.

    ``now_ms`` is wall time anchored to monotonic time, so it never jumps inside one process;
    :meth:`resync` moves the anchor and returns by how much the wall clock had been set.
    """

    def __init__(self) -> None:
        self._offset_ms = 0.0
        self.resync()

    def now_ms(self) -> int:
        return int(self._offset_ms + self.monotonic() * 1000)

    def monotonic(self) -> float:
        return time.monotonic()

    def suspended(self) -> float:
        """Seconds that the machine has slept since it was started, where it can be known."""
        boottime = getattr(time, "CLOCK_BOOTTIME", None)
        return 0.0 if boottime is None else time.clock_gettime(boottime) - time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def resync(self) -> int:
        """Anchor to the wall clock again; returns the step in milliseconds (+ is forward)."""
        before = self._offset_ms
        self._offset_ms = time.time() * 1000 - self.monotonic() * 1000
        return round(self._offset_ms - before) if before else 0


async def rest(clock: Clock, woken: asyncio.Event, delay_s: float | None) -> None:
    """Sleep until woken, or for so long; None: for as long as that takes."""
    waits: list[asyncio.Task[object]] = [asyncio.create_task(woken.wait())]
    if delay_s is not None:
        waits.append(asyncio.create_task(clock.sleep(delay_s)))
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
