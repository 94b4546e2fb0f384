"""A message that may stand already: found again by what it says, instead of sent twice.

Discord forgets a nonce after "the past few minutes" (documentation; the length is not told). After
a longer absence of the process or of an answer the channel itself is asked.
"""

from bot.errors import DeliveryError, Remedy
from bot.services.delivery.flight import Flight
from bot.services.delivery.messages import Alert, Sink

# For so long after the first try the nonce alone keeps a message single: documented as
# "a few minutes".
NONCE_MS = 120_000
# A request whose connection broke may still be at work on Discord's side for a moment.
QUIET_MS = 10_000
# Our clock and Discord's need not agree to the second.
_CLOCKS_MS = 5_000
_UNREADABLE = {Remedy.CHANNEL_BLOCKED, Remedy.CHANNEL_GONE, Remedy.MESSAGE_GONE}


class NeverArrivedError(Exception):
    """The channel was read, and no earlier attempt got through: everything may be planned anew."""


async def standing(sink: Sink, flight: Flight, alert: Alert, now_ms: int) -> int | None:
    """The id of the message if an earlier attempt got through; None: the nonce decides.

    Where the history may not be read the message is sent: told twice at worst, never not at all.
    Raises NeverArrivedError, and DeliveryError to look later.
    """
    if not flight.doubt or 0 <= now_ms - flight.first_try_ms <= NONCE_MS:
        return None
    if 0 <= now_ms - flight.last_try_ms < QUIET_MS:
        raise DeliveryError("too early to look", Remedy.WAIT, retry_after_s=QUIET_MS / 1000)
    try:
        found = await sink.find(
            flight.channel_id,
            alert,
            after_ms=flight.first_try_ms - _CLOCKS_MS,
            reply_to=flight.reply_to,
        )
    except DeliveryError as error:
        if error.remedy in _UNREADABLE:
            return None
        raise
    if found is None:
        raise NeverArrivedError
    return found
