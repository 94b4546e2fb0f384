"""What the scheduler can tell of itself, for the doctor and the bench."""

from collections import deque
from dataclasses import dataclass, field

RECENT = 1_000


@dataclass(slots=True)
class Stats:
    """What the scheduler can tell of itself."""

    started: int = 0
    running: int = 0
    errors: int = 0
    put_off: int = 0  # tries moved because the loop had stood still
    late: deque[int] = field(default_factory=lambda: deque(maxlen=RECENT))

    def late_ms(self, share: float = 0.99) -> int:
        """How late tries start: the given quantile of the newest thousand starts."""
        ordered = sorted(self.late)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0
