"""The sandbox's time (the machine's, plus what a test skipped), and ids shaped like Discord's."""

import time
from datetime import UTC, datetime

from bot.clock import DAY_MS


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


DISCORD_EPOCH_MS = 1_420_070_400_000
TIMESTAMP_SHIFT = 22
COUNTER_MASK = 0xFFF
WORKER = 1 << 17
# Objects older than the run (users, servers, channels) seem to be made one per day from here on.
OLD_TIMES_MS = 1_561_939_200_000


def created_ms(snowflake: str) -> int:
    """Epoch milliseconds at which an id was made."""
    return (int(snowflake) >> TIMESTAMP_SHIFT) + DISCORD_EPOCH_MS


class Snowflakes:
    """Unique, rising ids as strings."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._last_ms = 0
        self._counter = 0
        self._old = 0

    def new(self) -> str:
        """An id made now."""
        now_ms = int(self._clock.now() * 1000) - DISCORD_EPOCH_MS
        if now_ms > self._last_ms:
            self._last_ms, self._counter = now_ms, 0
        elif self._counter < COUNTER_MASK:
            self._counter += 1
        else:
            self._last_ms, self._counter = self._last_ms + 1, 0
        return str(self._last_ms << TIMESTAMP_SHIFT | WORKER | self._counter)

    def old(self) -> str:
        """An id made in the past, the same in every run: the default world keeps its ids."""
        self._old += 1
        then_ms = OLD_TIMES_MS + self._old * DAY_MS - DISCORD_EPOCH_MS
        return str(then_ms << TIMESTAMP_SHIFT | WORKER)
