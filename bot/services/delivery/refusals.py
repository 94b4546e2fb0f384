"""Channels that Discord refuses us (401, 403, 404), and how often they may be tried again.

Discord bans an address for an hour after 10,000 invalid requests (401, 403, 429) in ten minutes
(documentation, rate limits). All times are milliseconds of monotonic time.
"""

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass

WINDOW_MS = 600_000
# So many invalid requests of the whole process end all retries of what was refused.
MOST_INVALID = 1_000
# A blocked channel is tried at most so often.
TRIAL_APART_MS = 60_000
# After so many refusals within the window the refused channels of a server share so many trials a
# minute.
MANY = 60
TRIALS = 10
MINUTE_MS = 60_000


@dataclass(slots=True)
class _Run:
    """Refusals of one channel in a row."""

    guild_id: int
    since_ms: int
    last_ms: int
    count: int = 0
    blocked: bool = False
    trial_ms: int | None = None  # the latest since it is blocked
    before: tuple[int, int | None] = (0, None)  # last_ms and trial_ms before that


class Refusals:
    """Kept in memory: a restart retries everything once."""

    def __init__(self) -> None:
        self._invalid: deque[int] = deque(maxlen=MOST_INVALID)
        self._runs: dict[int, _Run] = {}
        self._of_guild: defaultdict[int, deque[int]] = defaultdict(lambda: deque(maxlen=MANY))
        self._trials: defaultdict[int, deque[int]] = defaultdict(lambda: deque(maxlen=TRIALS))

    def invalid_request(self, now_ms: int) -> None:
        """Of the whole process, whoever made it."""
        self._invalid.append(now_ms)

    def free_at(self) -> int:
        """From when on the invalid requests of the window are few enough."""
        return self._invalid[0] + WINDOW_MS if len(self._invalid) == MOST_INVALID else 0

    def add(self, guild_id: int, channel_id: int, now_ms: int) -> tuple[int, int]:
        """Note a refusal; returns how many it makes in a row, and for how long."""
        run = self._runs.setdefault(channel_id, _Run(guild_id, now_ms, now_ms))
        run.count += 1
        run.last_ms = now_ms
        self._of_guild[guild_id].append(now_ms)
        return run.count, now_ms - run.since_ms

    def block(self, channel_id: int) -> None:
        """Held; a request before its time is a trial."""
        if channel_id in self._runs:
            self._runs[channel_id].blocked = True

    def is_refused(self, channel_id: int) -> bool:
        return channel_id in self._runs

    def accepted(self, channel_id: int) -> None:
        self._runs.pop(channel_id, None)

    def opens_at(self, channel_id: int) -> int:
        """From when on a channel may be tried again; 0 for one that was not refused."""
        run = self._runs.get(channel_id)
        if run is None:
            return 0
        own_ms = 0 if run.trial_ms is None else run.trial_ms + TRIAL_APART_MS
        shared_ms = 0
        refused, trials = self._of_guild[run.guild_id], self._trials[run.guild_id]
        if len(refused) == MANY and len(trials) == TRIALS:
            shared_ms = min(trials[0] + MINUTE_MS, refused[0] + WINDOW_MS)
        return max(own_ms, shared_ms, self.free_at())

    def in_turn(self, channel_ids: Iterable[int]) -> list[int]:
        """Those never refused first, the others as long ago as they were last tried."""
        return sorted(channel_ids, key=self._last_ms)

    def try_again(self, channel_id: int, now_ms: int) -> None:
        """A channel is about to be tried: one that was refused takes one of its server's trials."""
        run = self._runs.get(channel_id)
        if run is not None:
            run.before = run.last_ms, run.trial_ms
            run.last_ms = now_ms
            run.trial_ms = now_ms if run.blocked else None
            self._trials[run.guild_id].append(now_ms)

    def did_not(self, channel_id: int) -> None:
        """There was nothing to send after all: the trial is given back."""
        run = self._runs.get(channel_id)
        if run is not None and self._trials[run.guild_id]:
            run.last_ms, run.trial_ms = run.before
            self._trials[run.guild_id].pop()

    def _last_ms(self, channel_id: int) -> int:
        run = self._runs.get(channel_id)
        return -1 if run is None else run.last_ms
