"""When a channel may send, in milliseconds of monotonic time.

1. After a failure a channel waits until the time that Discord named or the back-off drew (edits
   have a time of their own, the longer the longer a list is); one that refuses us is tried as
   :mod:`refusals` allows.
2. All channels share one bucket of requests, openings first, and the pauses of everything.
3. While Discord is down one channel at a time makes a trial for all.

Kept in memory: a restart retries everything once.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from bot.clock import HOUR_MS, Clock
from bot.services.delivery.messages import ChannelAccess
from bot.services.delivery.refusals import Refusals

# Discord's edge turned the whole address away (a 429 that Discord itself did not send).
HALT_MS = 600_000
_HALT_CAP_MS = 6 * HOUR_MS
# Each edit of a list reads, words and sends all of it: one of more sites than this is edited so far
# apart for each of them, within these bounds; it grows faster than it shrinks.
LISTED_FROM, LISTED_APART_MS = 20, 7
LISTED_LEAST_MS, GROWS_CAP_MS, LISTED_CAP_MS = 2_500, 4_000, 10_000
# After so many faults of our own in a row it is tried as rarely as an old row.
_OFTEN = 10
# A channel that is gone or refuses us is left alone for so long; events of its rights wake it.
BLOCKED_MS = 6 * HOUR_MS
# For so long the gateway, which shows the channel and our rights, is believed against refusals.
PATIENCE_MS = 600_000
# What the gateway knows nothing of has to be refused so often.
_ONCE_MORE = 2


def blocked_until(access: ChannelAccess, wall_ms: int) -> int:
    """Until when a channel in which we may not post is left alone."""
    return min(access.until_ms or wall_ms + BLOCKED_MS, wall_ms + BLOCKED_MS)


@dataclass(slots=True)
class _Waits:
    """Until when a channel, or the board in it, waits, and why."""

    named_ms: int = 0  # Discord named it
    lists_ms: int = 0  # edits of its list and what joins it: it is long
    backoff_ms: int = 0  # we drew it: over when Discord is back
    edits_ms: int = 0  # edits alone
    archived: bool = False  # a new message ends edits_ms
    faults: int = 0  # of our own, in a row


class Throttle:
    """The waiting times of every channel and of all of them.

    ``board``: of the board in a channel, whose failures never make the channel's alerts wait.
    """

    def __init__(self, rng: random.Random) -> None:
        self.breaker = CircuitBreaker()
        self.refusals = Refusals()
        self.stopped = False  # the token is refused: nothing is sent any more
        self._rng = rng
        self._waits: defaultdict[tuple[int, bool], _Waits] = defaultdict(_Waits)
        self._idle: dict[int, int] = {}  # what is due there cannot be done
        self._all_until_ms = 0
        self._halted_until_ms = 0
        self._halt_ms = HALT_MS

    def opens_at(self, channel_id: int) -> int:
        waits = self._waits[channel_id, False]
        held_ms = max(
            self._halted_until_ms,
            self._all_until_ms,
            waits.named_ms,
            self._idle.get(channel_id, 0),
            self.refusals.opens_at(channel_id),
        )
        return max(held_ms, self.breaker.next_trial_ms if self.breaker.down else waits.backoff_ms)

    def board_opens_at(self, channel_id: int) -> int:
        """The moment from which the board of a channel may be sent, once the channel may send."""
        waits = self._waits[channel_id, True]
        return max(waits.named_ms, 0 if self.breaker.down else waits.backoff_ms)

    def edits_open(self, channel_id: int, now_ms: int) -> bool:
        return self._waits[channel_id, False].edits_ms <= now_ms

    def ready(self, due: Mapping[int, int], busy: Collection[int], now_ms: int) -> list[int]:
        """The channels to serve now; while Discord is down only the one that waited longest."""
        if self.stopped:
            return []
        free = [
            channel_id
            for channel_id, due_ms in due.items()
            if channel_id not in busy and max(due_ms, self.opens_at(channel_id)) <= now_ms
        ]
        if not self.breaker.down:
            return self.refusals.in_turn(free)
        waited = sorted(free, key=lambda one: self._waits[one, False].backoff_ms)
        return [] if busy else waited[:1]

    def may_send(self, channel_id: int, now_ms: int) -> bool:
        return not self.stopped and self.opens_at(channel_id) <= now_ms

    def take(self, channel_id: int, now_ms: int) -> bool:
        """Let a channel send now, if it may: what is limited is taken by that."""
        if not self.may_send(channel_id, now_ms) or not self.breaker.take(channel_id):
            return False
        self.refusals.try_again(channel_id, now_ms)
        return True

    def next_ms(self, due: Mapping[int, int], busy: Collection[int]) -> int | None:
        """When :meth:`ready` will next have something; None: only new work can change that."""
        if self.stopped or (busy and self.breaker.down):
            return None
        return min(
            (
                max(due_ms, self.opens_at(channel_id))
                for channel_id, due_ms in due.items()
                if channel_id not in busy
            ),
            default=None,
        )

    def succeeded(self, channel_id: int, *, posted: bool, board: bool = False) -> None:
        """Discord answered: this channel is fine, and after an absence all are tried at once.

        ``posted``: by a new message, which also wakes an archived thread.
        """
        self._halt_ms = HALT_MS
        self.refusals.accepted(channel_id)
        self.release(channel_id, board=board)
        if posted:
            self.unarchived(channel_id)
        if self.breaker.succeeded():
            for one in self._waits.values():
                one.backoff_ms = 0

    def rest(self, channel_id: int, listed: int, now_ms: int, *, grows: bool) -> None:
        """A list was edited: one that changes site by site is not edited for each of them."""
        if listed > LISTED_FROM:
            cap_ms = GROWS_CAP_MS if grows else LISTED_CAP_MS
            pause_ms = max(LISTED_LEAST_MS, min(listed * LISTED_APART_MS, cap_ms))
            self._waits[channel_id, False].lists_ms = now_ms + pause_ms

    def list_opens_at(self, channel_id: int) -> int:
        """The moment from which a channel's long list may be edited again."""
        return self._waits[channel_id, False].lists_ms

    def release(self, channel_id: int, *, board: bool = False) -> None:
        """End all of its waits but that of its edits."""
        waits = self._waits[channel_id, board]
        waits.named_ms = waits.backoff_ms = waits.faults = 0

    def failed(
        self, channel_id: int, attempts: int, age_ms: int, now_ms: int, *, board: bool = False
    ) -> None:
        """A transient failure: back off, and perhaps Discord is down.

        That it is, boards alone do not decide: some payloads make Discord answer 500 for ever
        (hidden limits), and no alert must wait for that.
        """
        self._back_off(channel_id, attempts, age_ms, now_ms, board=board)
        if not board or self.breaker.down:
            self.breaker.failed(channel_id, now_ms)

    def refused(
        self,
        guild_id: int,
        channel_id: int,
        access: ChannelAccess,
        now_ms: int,
        wall_ms: int,
        *,
        board: bool = False,
    ) -> int | None:
        """Discord refuses us here: until when (wall time) the channel is to be left alone.

        None: as long as the gateway shows the channel and our rights there, or Discord has said
        so only once, it is tried again like after any failure.
        """
        count, age_ms = self.refusals.add(guild_id, channel_id, now_ms)
        self.breaker.give_back(channel_id)  # that Discord refuses says that it is there
        believed = age_ms >= PATIENCE_MS or (access.allowed is None and count >= _ONCE_MORE)
        if access.allowed is not False and not believed:
            self._back_off(channel_id, count, age_ms, now_ms, board=board)
            return None
        self.refusals.block(channel_id)
        return blocked_until(access, wall_ms)

    def internal_error(self, channel_id: int, now_ms: int, *, board: bool = False) -> None:
        """A fault of our own: back off, but it says nothing about Discord."""
        self.breaker.give_back(channel_id)
        waits = self._waits[channel_id, board]
        waits.faults += 1
        age_ms = FRESH_MS if waits.faults > _OFTEN else 0
        self._back_off(channel_id, waits.faults, age_ms, now_ms, board=board)

    def _back_off(
        self, channel_id: int, attempts: int, age_ms: int, now_ms: int, *, board: bool
    ) -> None:
        wait_s = backoff_s(attempts, age_ms, self._rng)
        self._waits[channel_id, board].backoff_ms = now_ms + round(wait_s * 1000)

    def wait(self, channel_id: int, until_ms: int, *, board: bool = False) -> None:
        self._waits[channel_id, board].named_ms = until_ms

    def wait_edits(self, channel_id: int, until_ms: int, *, archived: bool = False) -> None:
        """Edits wait, posting goes on: Discord named a time, or a thread is archived."""
        waits = self._waits[channel_id, False]
        waits.archived, waits.edits_ms = archived, until_ms

    def unarchived(self, channel_id: int) -> None:
        """A thread that was archived, if this is one, may take edits again."""
        waits = self._waits[channel_id, False]
        if waits.archived:
            waits.archived, waits.edits_ms = False, 0

    def wait_all(self, until_ms: int) -> None:
        self._all_until_ms = max(self._all_until_ms, until_ms)

    def halt(self, now_ms: int) -> None:
        """Stop all requests: 10, 20, 40 … minutes."""
        if self._halted_until_ms > now_ms:
            return  # answers to requests that were already under way
        self._halted_until_ms = now_ms + self._halt_ms
        self._halt_ms = min(self._halt_ms * 2, _HALT_CAP_MS)

    def nothing_to_do(self, channel_id: int, now_ms: int, *, idle: bool) -> None:
        """What is due cannot be done; ``idle``: wait until edits are taken again, or a second."""
        self.refusals.did_not(channel_id)
        if idle:
            edits_ms = self._waits[channel_id, False].edits_ms
            self._idle[channel_id] = max(now_ms + 1000, edits_ms)

    def look_again(self) -> None:
        """There is new work: no channel is idle."""
        self._idle.clear()


FIRST_S = 1.0
# While a row is fresh, somebody waits for it: the outage may be just now.
FRESH_MS = 120_000
FRESH_CAP_S = 10.0
OLD_CAP_S = 300.0
# Never zero: a loop that finds work due at once must still yield.
_LEAST_S = 0.05


def backoff_s(attempts: int, age_ms: int, rng: random.Random) -> float:
    """Seconds until the next try of a row tried ``attempts`` times, first ``age_ms`` ago."""
    cap = FRESH_CAP_S if age_ms < FRESH_MS else OLD_CAP_S
    ceiling = min(cap, FIRST_S * 2 ** min(attempts - 1, 16))
    return max(_LEAST_S, rng.uniform(0, ceiling))


# So many transient failures in a row, over so many channels, mean Discord itself.
FAILURES = 5
CHANNELS = 3
# One trial at least so often: in the first two minutes, and later.
EARLY_MS = 120_000
EARLY_TRIAL_MS = 10_000
TRIAL_MS = 30_000


class CircuitBreaker:
    """Closed: everybody sends. Down: one channel at a time makes a trial, and it speaks for all."""

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
        """True: a channel may send; while Discord is down the first to ask has the trial."""
        if not self.down:
            return True
        if self._trying is None:
            self._trying = channel_id
        return self._trying == channel_id

    def give_back(self, channel_id: int) -> None:
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


PER_SECOND = 40
# So many may go at once after a quiet moment; with the others of that second still below 50.
AT_ONCE = 8


class RateLimiter:
    """A bucket of turns, one for each request; openings are served before everything else."""

    def __init__(self, clock: Clock, at_once: int = AT_ONCE) -> None:
        self._clock = clock
        self._at_once = at_once
        self._next = 0.0  # when the bucket has been full for as long as it is empty now
        self._openings: dict[int, asyncio.Future[None]] = {}
        self._others: dict[int, asyncio.Future[None]] = {}
        self._serving: asyncio.Task[None] | None = None

    async def wait_turn(self, channel_id: int, *, opening: bool) -> None:
        if not self._waiting and not self._wait_s():
            self._take()
            return
        line = self._openings if opening else self._others
        turn = line[channel_id] = asyncio.get_running_loop().create_future()
        if self._serving is None or self._serving.done():
            self._serving = asyncio.create_task(self._serve(), name="delivery-turns")
        try:
            await turn
        finally:
            self._openings.pop(channel_id, None)
            self._others.pop(channel_id, None)

    def prefer(self, channel_id: int) -> None:
        """A waiting channel has an opening to send by now."""
        if channel_id in self._others:
            self._openings[channel_id] = self._others.pop(channel_id)

    @property
    def _waiting(self) -> bool:
        return bool(self._openings or self._others)

    async def _serve(self) -> None:
        while self._waiting:
            wait_s = self._wait_s()
            if wait_s:
                await self._clock.sleep(wait_s)
            line = self._openings or self._others
            turn = line.pop(next(iter(line), -1), None)  # whoever waited may have been cancelled
            if turn is not None and not turn.done():
                self._take()
                turn.set_result(None)

    def _wait_s(self) -> float:
        return max(0.0, self._next - self._clock.monotonic() - self._at_once / PER_SECOND)

    def _take(self) -> None:
        self._next = max(self._next, self._clock.monotonic()) + 1 / PER_SECOND
