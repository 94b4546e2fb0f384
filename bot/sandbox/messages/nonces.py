"""Nonces: the same author sending the same nonce again gets the existing message."""

from bot.sandbox.clock import SandboxClock
from bot.sandbox.settings import Settings


class Nonces:
    """Remembers which message an author made with a nonce, for the length of the window."""

    def __init__(self, clock: SandboxClock, settings: Settings) -> None:
        self._clock = clock
        self._settings = settings
        self._seen: dict[tuple[str, str], tuple[str, float]] = {}

    def message_id(self, author_id: str, nonce: str) -> str | None:
        """The message this author made with this nonce inside the window."""
        found = self._seen.get((author_id, nonce))
        if found is None or self._clock.now() - found[1] > self._settings.nonce_window_s:
            return None
        return found[0]

    def remember(self, author_id: str, nonce: str, message_id: str) -> None:
        self._seen[author_id, nonce] = (message_id, self._clock.now())
