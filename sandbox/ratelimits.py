"""Rate limits as Discord keeps them: a bucket per route and channel, and 50 requests a second."""

import hashlib
import math
from collections import deque
from dataclasses import dataclass

from sandbox.clock import SandboxClock
from sandbox.errors import ApiError
from sandbox.settings import Settings

MESSAGE = "/channels/{channel_id}/messages/{message_id}"
WEBHOOK = "/webhooks/{application_id}/{token}"
# (method, route): requests, seconds. Routes that are not here show no bucket.
BUCKETS: dict[tuple[str, str], tuple[int, float]] = {
    ("POST", "/channels/{channel_id}/messages"): (5, 5.0),
    ("PATCH", MESSAGE): (5, 5.0),
    ("DELETE", MESSAGE): (5, 1.0),
    ("GET", "/channels/{channel_id}/messages"): (5, 1.0),
    ("GET", MESSAGE): (50, 1.0),
    ("POST", WEBHOOK): (5, 2.0),
    ("PATCH", f"{WEBHOOK}/messages/{{message_id}}"): (5, 2.0),
    ("POST", "/users/@me/channels"): (10, 10.0),
}
# Messages older than an hour: 3 edits in 6 seconds per channel, code 30046.
OLD_MESSAGE_S = 3600.0
OLD_EDITS, OLD_WINDOW_S = 3, 6.0
OLD_EDIT_CODE = 30046
VIA = "1.1 google"


@dataclass(slots=True)
class _Window:
    opened: float
    used: int = 0


class RateLimits:
    def __init__(self, clock: SandboxClock, settings: Settings) -> None:
        self._clock = clock
        self._settings = settings
        self._windows: dict[tuple[str, str], _Window] = {}
        self._second: deque[float] = deque()

    def count_global(self) -> None:
        """Count one request of the bot; raises 429 over 50 in a second."""
        if not self._settings.rate_limits:
            return
        now = self._clock.now()
        while self._second and self._second[0] <= now - 1:
            self._second.popleft()
        if len(self._second) >= self._settings.global_per_second:
            raise too_many(self._second[0] + 1 - now, scope="global")
        self._second.append(now)

    def count(self, method: str, route: str, major: str) -> dict[str, str]:
        """Count one request of a bucket and return its headers; raises 429 when it is empty."""
        bucket = BUCKETS.get((method, route))
        if bucket is None or not self._settings.rate_limits:
            return {}
        limit, seconds = bucket
        name = hashlib.blake2s(f"{method} {route}".encode(), digest_size=16).hexdigest()
        window, now = self._window(name, major, seconds), self._clock.now()
        left_s = window.opened + seconds - now
        headers = {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(max(0, limit - window.used - 1)),
            "X-RateLimit-Reset": f"{now + left_s:.3f}",
            "X-RateLimit-Reset-After": f"{left_s:.3f}",
            "X-RateLimit-Bucket": name,
        }
        if window.used >= limit:
            raise too_many(left_s, headers=headers)
        window.used += 1
        return headers

    def count_old_edit(self, channel_id: str, age_s: float) -> None:
        """Count an edit; raises 429 with 30046 for too many of messages older than an hour."""
        if age_s <= OLD_MESSAGE_S or not self._settings.rate_limits:
            return
        window = self._window("old edits", channel_id, OLD_WINDOW_S)
        if window.used >= OLD_EDITS:
            left_s = window.opened + OLD_WINDOW_S - self._clock.now()
            raise too_many(left_s, code=OLD_EDIT_CODE)
        window.used += 1

    def _window(self, name: str, major: str, seconds: float) -> _Window:
        now = self._clock.now()
        window = self._windows.get((name, major))
        if window is None or now >= window.opened + seconds:
            window = self._windows[name, major] = _Window(now)
        return window


def too_many(
    retry_after: float,
    *,
    scope: str = "user",
    code: int = 0,
    headers: dict[str, str] | None = None,
) -> ApiError:
    """A 429 of Discord itself: with a body, a ``Via`` header and the scope."""
    after = max(0.001, round(retry_after, 3))
    is_global = scope == "global"
    found = {
        **(headers or {}),
        "Retry-After": str(math.ceil(after)),
        "X-RateLimit-Scope": scope,
        "Via": VIA,
        **({"X-RateLimit-Global": "true"} if is_global else {}),
    }
    return ApiError(
        429,
        "You are being rate limited.",
        code,
        headers=found,
        extra={"retry_after": after, "global": is_global},
    )
