"""A message that may stand already: found again by what it says, instead of sent twice.

Discord forgets a nonce after "the past few minutes" (documentation; the length is not told). After
a longer absence of the process or of an answer the channel itself is asked. Alerts, notices and
boards are all found so.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.errors import DeliveryError, Remedy

# For so long after the first try the nonce alone keeps a message single: documented as
# "a few minutes".
NONCE_MS = 120_000
# A request whose connection broke may still be at work on Discord's side for a moment.
QUIET_MS = 10_000
# Our clock and Discord's need not agree.
CLOCKS_MS = 300_000
_UNREADABLE = {Remedy.CHANNEL_BLOCKED, Remedy.CHANNEL_GONE, Remedy.MESSAGE_GONE}


class NeverArrivedError(Exception):
    """The channel was read, and no earlier attempt got through: everything may be planned anew."""


@dataclass(frozen=True, slots=True)
class Tried:
    """Earlier attempts to send one message, by wall time. ``known``: its nonce is still known."""

    first_ms: int
    last_ms: int
    known: bool = True


async def standing(
    tried: Tried, now_ms: int, find: Callable[[int], Awaitable[int | None]]
) -> int | None:
    """The id of the message if an earlier attempt got through; None: the nonce decides.

    ``find`` looks for it among what was posted since a moment. Where the history may not be read
    the message is sent: told twice at worst, never not at all.
    Raises NeverArrivedError, and DeliveryError to look later.
    """
    if tried.known and 0 <= now_ms - tried.first_ms <= NONCE_MS:
        return None
    if 0 <= now_ms - tried.last_ms < QUIET_MS:
        raise DeliveryError("too early to look", Remedy.WAIT, retry_after_s=QUIET_MS / 1000)
    try:
        found = await find(min(tried.first_ms, now_ms) - CLOCKS_MS)
    except DeliveryError as error:
        if error.remedy in _UNREADABLE:
            return None
        raise
    if found is None:
        raise NeverArrivedError
    return found
