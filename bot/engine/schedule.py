"""One monitor's timetable: when its rounds come and what follows a check. Pure arithmetic.

Times are whole milliseconds of monotonic time: rounds of 60 s lie exactly 60,000 ms apart however
late their checks start, and the rules of the judge compare them to the millisecond.
"""

from dataclasses import dataclass
from enum import Enum, auto

from bot.clock import Clock

GOLDEN = 0x9E3779B97F4A7C15  # 2**64 / golden ratio: its multiples spread evenly for any count
SHORTEST_MS = 100  # no interval may be shorter, whatever a runner asks for
CLOCK_STEP_MS = 1_000  # the wall clock was set; anything less is rounding


class After(Enum):
    """What follows the check under way."""

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

    def phase(self, length_ms: int) -> int:
        """The monitor's own, stable place in a length of time, from 0 to under ``length_ms``."""
        return ((self.key * GOLDEN) % 2**64) * length_ms >> 64

    def restart(self, now: int, *, soon: bool) -> None:
        """A new round, at once or at the monitor's own phase of its interval.

        Phases are counted from the origin of monotonic time, so a restart of the process keeps
        them, and long intervals are not put off by every restart.
        """
        self.number, self.interval_ms, self.after = 0, self.asked_ms, After.STEP
        wait = 0 if soon else (self.phase(self.asked_ms) - now) % self.asked_ms
        self.slot = self.due = now + wait

    def plan_next(self, now: int, confirm_ms: int | None, interval_ms: int) -> None:
        """Plan the next confirming check, or the next round that is still ahead.

        After a calm round (no confirming check) a monitor that left its own phase (an early round,
        a stall, another interval) is drawn back to it, by at most half an interval a round. A
        round in doubt keeps the full distance: the judge waits for it.
        """
        self.interval_ms = interval_ms
        if confirm_ms is not None:
            self.number += 1
            self.due = max(self.slot + confirm_ms, now)
            return
        slot = self.slot + interval_ms
        if self.number == 0:
            slot -= min((slot - self.phase(interval_ms)) % interval_ms, interval_ms // 2)
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
