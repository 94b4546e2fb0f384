"""Tells "Discord is down" from "this channel has trouble", and then lets one try at a time pass."""

# So many transient failures in a row, over so many channels, mean Discord itself.
FAILURES = 5
CHANNELS = 3
# One trial at least so often: in the first two minutes, and later.
EARLY_MS = 120_000
EARLY_TRIAL_MS = 10_000
TRIAL_MS = 30_000


class Breaker:
    """Closed: everybody sends. Down: one channel at a time tries, and it speaks for all."""

    def __init__(self) -> None:
        self._failures = 0
        self._channels: set[int] = set()
        self._trying: int | None = None
        self.down_since_ms: int | None = None
        self.next_trial_ms = 0

    @property
    def down(self) -> bool:
        return self.down_since_ms is not None

    def take(self, channel_id: int) -> bool:
        """Whether a channel may send; while Discord is down the first to ask has the trial."""
        if not self.down:
            return True
        if self._trying is None:
            self._trying = channel_id
        return self._trying == channel_id

    def give_back(self, channel_id: int) -> None:
        """A channel is done for now."""
        if self._trying == channel_id:
            self._trying = None

    def failed(self, channel_id: int, now_ms: int) -> None:
        self.give_back(channel_id)
        self._failures += 1
        self._channels.add(channel_id)
        if self.down_since_ms is None:
            if self._failures < FAILURES or len(self._channels) < CHANNELS:
                return
            self.down_since_ms = now_ms
        early = now_ms - self.down_since_ms < EARLY_MS
        self.next_trial_ms = now_ms + (EARLY_TRIAL_MS if early else TRIAL_MS)

    def succeeded(self) -> bool:
        """Discord answered; True when that ends an absence."""
        was_down = self.down
        self._failures = 0
        self._channels.clear()
        self._trying = None
        self.down_since_ms = None
        return was_down
