"""What the scheduler counts of itself, for whoever measures it."""

from collections import deque
from dataclasses import dataclass, field

RECENT = 1_000


@dataclass(slots=True)
class Stats:
    """Tries since the start; ``late``: how many milliseconds late the newest thousand began."""

    started: int = 0
    running: int = 0
    errors: int = 0
    put_off: int = 0  # moved because the loop had stood still
    late: deque[int] = field(default_factory=lambda: deque(maxlen=RECENT))
