"""Keeps all channels together below Discord's limit for everything a bot does.

50 requests a second (documentation, rate limits); answers to people do not count, edits and posts
do. Going over it would be an invalid request for each one too many.
"""

PER_SECOND = 40
# So many may go at once after a quiet moment; with the others of that second still below 50.
AT_ONCE = 8


class Pace:
    """Turns are handed out evenly."""

    def __init__(self) -> None:
        self._next = 0.0

    def turn_s(self, now: float) -> float:
        """Take the next turn at this moment of monotonic time; returns the seconds until it."""
        turn = max(self._next, now)
        self._next = turn + 1 / PER_SECOND
        return max(0.0, turn - now - AT_ONCE / PER_SECOND)
