"""Discord's limit for everything a bot does, as its answers tell of it.

discord.py raises one and the same error for a channel's limit and for this one, so the answers
themselves are looked at: ``X-RateLimit-Global`` (documentation, rate limits).
"""

import asyncio
import time
from collections.abc import Callable
from types import SimpleNamespace

import aiohttp

_TOO_MANY = 429
_INVALID = {401, 403, _TOO_MANY}
# discord.py goes on by itself when the time it was told is over; this comes after it.
_LATER_S = 0.05


class GlobalLimit:
    """Hand :attr:`trace` to the client; :meth:`left_s` says how long everything has to wait.

    ``over`` is called once it has ended: discord.py holds all requests back meanwhile, and would
    for ever if the one that met the limit is cut off while it waits. ``invalid`` is called for each
    answer that Discord counts as an invalid request.
    """

    def __init__(
        self, over: Callable[[], None], invalid: Callable[[], None] = lambda: None
    ) -> None:
        self._over = over
        self._invalid = invalid
        self.trace = aiohttp.TraceConfig()
        self.trace.on_request_end.append(self._answered)
        self._until = 0.0

    def left_s(self) -> float:
        """Seconds until the limit is over; 0 when there is none."""
        return max(0.0, self._until - time.monotonic())

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
