"""The sandbox's time: the machine's, plus what a test chose to skip."""

import time
from datetime import UTC, datetime


class SandboxClock:
    """Wall time in epoch seconds. ``advance`` lets 15 minutes pass without waiting for them."""

    def __init__(self) -> None:
        self._skipped = 0.0

    def now(self) -> float:
        return time.time() + self._skipped

    def advance(self, seconds: float) -> None:
        """Let time pass for tokens, nonces, rate limits and thread ages."""
        self._skipped += seconds

    def iso(self) -> str:
        """Now, written as Discord writes its timestamps."""
        return datetime.fromtimestamp(self.now(), UTC).isoformat(timespec="microseconds")
