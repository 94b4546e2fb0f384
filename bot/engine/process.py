"""The process and its machine: how many files may be open, and when it stalled."""

import contextlib
import errno
import logging
import os
import resource
from collections import deque
from collections.abc import Callable

from bot.clock import Clock

OPEN_FILES = 65_536
SHORTAGE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
ENOUGH = 1_024  # for a few hundred checks at once: below it people should know
# What is open beside checks: database, log, event loop, Discord's connections, name servers.
RESERVED = 64
# Most checks have one socket; several for a moment where a name has many addresses, or is looked
# up anew. A check that finds none left says nothing about its site.
PER_CHECK = 1.5
FEWEST_CHECKS = 4


def allow_many() -> int:
    """Raise the limit as far as the hard one allows; returns what it is now.

    A default of 1,024 descriptors would end checking at a thousand hanging sites.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):  # macOS has a lower one of its own
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return limit()


def limit() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return OPEN_FILES if soft == resource.RLIM_INFINITY else soft


def checks_at_once(files: int, wanted: int = 0) -> int:
    """How many checks ``files`` descriptors are enough for, at most ``wanted`` (0: any number).

    0 means without a limit: there is room for more than will ever run.
    """
    if files >= OPEN_FILES:
        return wanted
    room = max(FEWEST_CHECKS, int((files - RESERVED) / PER_CHECK))
    return min(wanted, room) if wanted else room


def has_room(count: int) -> bool:
    """True when so many descriptors can be opened now."""
    opened = list[int]()
    try:
        for _ in range(count):
            opened.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        return False
    finally:
        for one in opened:
            os.close(one)
    return True


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
        self._clock, self._suspended = clock, suspended
        self._beaten: float | None = None  # None: nobody measures
        self._slept = 0.0
        self._ended = float("-inf")  # of the newest stall
        self._newest: deque[float] = deque(maxlen=RECENT)
        self.on_long_stall: Callable[[float], None] | None = None

    async def run(self) -> None:
        self._beaten, self._slept = self._clock.monotonic(), self._suspended()
        try:
            while True:
                await self._clock.sleep(BEAT_S)
                self.beat()
        finally:
            self._beaten = None

    def beat(self) -> None:
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
        """True when the process stalled at some time after ``started`` (monotonic)."""
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
