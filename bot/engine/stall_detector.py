"""Detects stalls of the process: a busy loop, a starved or frozen process, a sleeping host.

A check that was under way then says nothing about its site: the time-outs are our own.
"""

import logging
from collections import deque
from collections.abc import Callable

from bot.clock import Clock

log = logging.getLogger(__name__)

BEAT_S = 0.25
STALL_S = 1.0
RECENT = 100
LONG_S = 120.0  # from here on it is time in which nothing was watched


def _never_suspended() -> float:
    return 0.0


class StallDetector:
    """Measures how late its own timer of 0.25 s comes.

    ``suspended``: seconds the machine has slept so far, which monotonic time does not count.
    ``on_long_stall`` gets the seconds of a stall of two minutes and more.
    """

    def __init__(self, clock: Clock, suspended: Callable[[], float] = _never_suspended) -> None:
        self._clock = clock
        self._suspended = suspended
        self._beaten: float | None = None  # None: nobody measures
        self._slept = 0.0
        self._ended = float("-inf")  # of the newest stall
        self._newest: deque[float] = deque(maxlen=RECENT)
        self.on_long_stall: Callable[[float], None] | None = None

    async def run(self) -> None:
        """Measure until cancelled."""
        self._beaten, self._slept = self._clock.monotonic(), self._suspended()
        try:
            while True:
                await self._clock.sleep(BEAT_S)
                self.beat()
        finally:
            self._beaten = None

    def beat(self) -> None:
        """Measure the time since the last beat."""
        stood_s = self._since_beat()
        self._beaten, self._slept = self._clock.monotonic(), self._suspended()
        if stood_s < STALL_S:
            return
        self._ended = self._beaten
        self._newest.append(self._ended)
        log.warning("Process stalled for %.1f s: checks under way do not count", stood_s)
        if stood_s >= LONG_S and self.on_long_stall is not None:
            self.on_long_stall(stood_s)

    def stalled_since(self, started: float) -> bool:
        """Whether the process stalled at some time after ``started`` (monotonic)."""
        if self._since_beat() >= STALL_S:
            self.beat()  # whoever runs first after a stall notices it
        return self._ended > started

    def count(self, within_s: float) -> int:
        """Count the stalls of the last seconds, as far as they are remembered."""
        since = self._clock.monotonic() - within_s
        return sum(ended >= since for ended in self._newest)

    def _since_beat(self) -> float:
        if self._beaten is None:
            return 0.0
        return self._clock.monotonic() - self._beaten + self._suspended() - self._slept
