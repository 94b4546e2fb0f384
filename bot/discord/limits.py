"""Discord's limits for everything a bot does: session starts in a day, and requests in a second.

discord.py raises one and the same error for a channel's rate limit and for the global one, so the
answers themselves are looked at: ``X-RateLimit-Global`` (documentation, rate limits).
"""

import asyncio
import itertools
import json
import logging
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Protocol

import aiohttp

from bot.clock import DAY_MS, Clock, SystemClock
from bot.services.delivery.throttle import RateLimiter

log = logging.getLogger(__name__)

_KEY = "gateway_starts"


class Store(Protocol):
    async def load(self, key: str) -> str | None: ...

    async def save(self, key: str, value: str) -> None: ...


class SessionStarts:
    """Spaces the starts of a client, so that a crash loop cannot cost the token.

    A start is what the shards of one client need to come online, however many they are; a shard
    that begins a second session begins another start, and the shards that do so with it share it.
    A store that cannot be written (the disk is full) keeps nobody from connecting.

    Discord resets the token after 1,000 IDENTIFYs in a day, one in 86 s (documentation, gateway).
    Ten starts in ten minutes are nobody's intention; neither are 800 in a day.
    """

    _SHORT_MS, _SHORT_MANY, _SHORT_PAUSE_MS = 600_000, 10, 90_000
    _DAY_MANY, _DAY_PAUSE_MS = 800, 1_800_000

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._shards: set[int | None] = set()  # those of the newest start
        self._noted: list[int] = []  # by this process

    async def delay_s(self) -> float:
        """Seconds the next session should wait; 0 for all but a crash loop."""
        now_ms = self._clock.now_ms()
        starts = await self._starts(now_ms)
        recent = [at for at in starts if at > now_ms - self._SHORT_MS]
        if len(starts) >= self._DAY_MANY:
            return max(0.0, (starts[-1] + self._DAY_PAUSE_MS - now_ms) / 1000)
        if len(recent) >= self._SHORT_MANY:
            return max(0.0, (starts[-1] + self._SHORT_PAUSE_MS - now_ms) / 1000)
        return 0.0

    async def note(self, shard_id: int | None) -> None:
        if self._shards and shard_id not in self._shards:
            self._shards.add(shard_id)
            return
        self._shards = {shard_id}
        now_ms = self._clock.now_ms()
        starts = [*await self._starts(now_ms), now_ms]
        self._noted.append(now_ms)
        try:
            await self._store.save(_KEY, json.dumps(starts))
        except Exception:
            log.exception("Session start not stored")

    async def _starts(self, now_ms: int) -> list[int]:
        try:
            kept = _numbers(await self._store.load(_KEY) or "[]")
        except Exception:
            log.exception("Session starts unreadable: counting those of this process")
            kept = []
        self._noted = [at for at in self._noted if now_ms - DAY_MS < at]
        known = kept + [at for at in self._noted if at not in kept]
        return sorted(at for at in known if now_ms - DAY_MS < at <= now_ms)


def _numbers(text: str) -> list[int]:
    """Parse stored starts; a damaged text must not keep Vigie from starting."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list):
        log.error("Session starts unreadable: counting anew")
        return []
    return [one for one in found if isinstance(one, int)]


_TOO_MANY = 429
_INVALID = {401, 403, _TOO_MANY}
# Endpoints that are not bound to the limit of 50 requests a second (documentation, rate limits).
_UNLIMITED = ("/interactions/", "/webhooks/")
# So many may go at once after a quiet moment: a stall of ours right after them delays them into
# the next second, and even then fewer than 50 arrive in it.
_AT_ONCE = 4
# discord.py goes on by itself when the time Discord named is over; this comes after it.
_LATER_S = 0.05


class GlobalLimit:
    """Hand :attr:`trace` to the client; :meth:`left_s` says how long everything has to wait.

    Requests are paced here, where they are really sent, whoever makes them: delivery takes its
    turns before it reads the database, and on a busy machine what had to wait comes in a bunch.

    ``over`` is called once it has ended: discord.py holds all requests back meanwhile, and would
    for ever if the one that met the limit is cut off while it waits. ``invalid`` is called for each
    answer that Discord counts as an invalid request.
    """

    def __init__(
        self, over: Callable[[], None], invalid: Callable[[], None] = lambda: None
    ) -> None:
        self._over = over
        self._invalid = invalid
        self._turns, self._numbers = RateLimiter(SystemClock(), _AT_ONCE), itertools.count()
        self.trace = aiohttp.TraceConfig()
        self.trace.on_request_start.append(self._wait_turn)
        self.trace.on_request_end.append(self._answered)
        self._until = 0.0

    def left_s(self) -> float:
        """Seconds until the limit is over; 0 when there is none."""
        return max(0.0, self._until - time.monotonic())

    async def _wait_turn(
        self,
        session: aiohttp.ClientSession,
        context: SimpleNamespace,
        request: aiohttp.TraceRequestStartParams,
    ) -> None:
        del session, context
        if not any(part in request.url.path for part in _UNLIMITED):
            await self._turns.wait_turn(next(self._numbers), opening=False)

    async def _answered(
        self,
        session: aiohttp.ClientSession,
        context: SimpleNamespace,
        answer: aiohttp.TraceRequestEndParams,
    ) -> None:
        del session, context
        headers = answer.response.headers
        if answer.response.status in _INVALID and headers.get("X-RateLimit-Scope") != "shared":
            self._invalid()
        if answer.response.status != _TOO_MANY or "X-RateLimit-Global" not in headers:
            return
        named = headers.get("Retry-After", "")
        after_s = float(named) if named.replace(".", "", 1).isdigit() else 1.0
        self._until = max(self._until, time.monotonic() + after_s)
        asyncio.get_running_loop().call_later(after_s + _LATER_S, self._go_on)

    def _go_on(self) -> None:
        if not self.left_s():
            self._over()
