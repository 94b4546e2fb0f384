"""Keeps all channels together below Discord's limit for everything a bot does.

50 requests a second (documentation, rate limits); answers to people do not count, edits and posts
do. Going over it would be an invalid request for each one too many.
"""

import asyncio

from bot.clock import Clock

PER_SECOND = 40
# So many may go at once after a quiet moment; with the others of that second still below 50.
AT_ONCE = 8


class Pace:
    """A bucket of turns, one for each request; openings are served before everything else."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._next = 0.0  # when the bucket has been full for as long as it is empty now
        self._openings: dict[int, asyncio.Future[None]] = {}
        self._others: dict[int, asyncio.Future[None]] = {}
        self._serving: asyncio.Task[None] | None = None

    async def turn(self, channel_id: int, *, opening: bool) -> None:
        """Wait for a channel's turn."""
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

    def hurry(self, channel_id: int) -> None:
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
        return max(0.0, self._next - self._clock.monotonic() - AT_ONCE / PER_SECOND)

    def _take(self) -> None:
        self._next = max(self._next, self._clock.monotonic()) + 1 / PER_SECOND
