"""One attempt to bring an alert or a board to Discord, and what follows each of its errors."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from enum import Enum, auto
from typing import Protocol

from bot.clock import Clock
from bot.errors import DeliveryAction, DeliveryError
from bot.services.delivery.messages import ChannelAccess, EarlierAttempts, Transport
from bot.services.delivery.throttle import BLOCKED_MS, HALT_MS, Throttle

log = logging.getLogger(__name__)

# discord.py alone retries for 25 s and then may hang on a socket for 300 s.
SEND_TIMEOUT_S = 45.0


class Outcome(Enum):
    """Result of an attempt that Discord did not accept."""

    UNKNOWN = auto()  # Discord may have taken it
    NOT_SENT = auto()  # this attempt left nothing behind, earlier ones may have
    NEVER_SENT = auto()  # no attempt left anything behind: it may be planned anew
    BROKEN = auto()  # a fault of ours: perhaps it cannot be made as it is
    REJECTED = auto()  # Discord does not take it in this form
    MESSAGE_DELETED = auto()  # the message to change is gone
    CHANNEL_REFUSED = auto()  # the channel is blocked until then (wall time)
    GUILD_UNREACHABLE = auto()  # nobody of the server can be reached


class Outgoing(Protocol):
    """An alert's message or a board on its way.

    ``board``: its failures concern it alone, never the alerts of its channel. ``to_guild``: it may
    reach the server anywhere. ``edits_only``: it certainly created no message. ``attempts``: in a
    row, this one included.
    """

    board: bool = False
    to_guild: bool = False
    edits: bool = False
    edits_only: bool = False
    guild_id: int
    channel_id: int
    attempts: int
    names: dict[str, object]

    def age_ms(self) -> int:
        """For how long it has been due, or failing."""

    async def note(self, outcome: Outcome, error: DeliveryError, until_ms: int = 0) -> None: ...


class AttemptRunner:
    """Runs attempts; the one table of what each of Discord's errors means for throttle and owner.

    ``token_refused`` is called when Discord no longer knows the token: nothing is sent after that.
    """

    def __init__(
        self, clock: Clock, throttle: Throttle, token_refused: Callable[[DeliveryError], None]
    ) -> None:
        self.transport: Transport | None = None
        self._clock = clock
        self._throttle = throttle
        self._token_refused = token_refused

    async def run(
        self, outgoing: Outgoing, work: Awaitable[None], limit_s: float | None = None
    ) -> bool:
        """True: Discord took it. False: it did not, and everything about that is noted."""
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S if limit_s is None else limit_s):
                await work
        except TimeoutError:
            await self._handle(
                outgoing, DeliveryError("no answer from Discord", DeliveryAction.RETRY)
            )
        except NotDelivered as error:
            await outgoing.note(Outcome.NEVER_SENT, error)
        except DeliveryError as error:
            await self._handle(outgoing, error)
        except asyncio.CancelledError:
            if outgoing.board:  # cut short for an alert: that comes first
                self.internal_error(outgoing)
            raise
        except Exception as error:
            log.exception("Message could not be made or sent", extra=outgoing.names)
            self.internal_error(outgoing)
            broken = DeliveryError(repr(error), DeliveryAction.UNREADABLE)
            await outgoing.note(Outcome.BROKEN, broken)
        else:
            return True
        return False

    def internal_error(self, outgoing: Outgoing) -> None:
        self._throttle.internal_error(outgoing.channel_id, self.now_ms(), board=outgoing.board)

    def now_ms(self) -> int:
        return int(self._clock.monotonic() * 1000)

    async def _handle(self, outgoing: Outgoing, error: DeliveryError) -> None:
        log.warning("Discord rejected message: %s (%s)", error, error.action, extra=outgoing.names)
        channel_id, now_ms = outgoing.channel_id, self.now_ms()
        match error.action:
            case DeliveryAction.ARCHIVED if outgoing.edits:
                # It changed nothing, nor can it; what was to join the list gets its own post.
                self._throttle.wait_edits(channel_id, now_ms + BLOCKED_MS, archived=True)
                await outgoing.note(Outcome.NEVER_SENT, error)
            case DeliveryAction.UNREADABLE:
                # It says nothing about Discord: perhaps we made something that cannot be sent.
                self.internal_error(outgoing)
                await outgoing.note(Outcome.UNKNOWN, error)
            case DeliveryAction.RETRY | DeliveryAction.NO_REPLY:
                await self._failed(outgoing, error)
            case DeliveryAction.WAIT | DeliveryAction.PAUSE | DeliveryAction.HALT:
                self._wait(outgoing, error)
                await outgoing.note(Outcome.NOT_SENT, error)
            # A locked thread is archived for good: one that sleeps is woken by a post.
            case action if action in CHANNEL_REFUSED or action is DeliveryAction.ARCHIVED:
                await self._refused(outgoing, error)
            case DeliveryAction.MESSAGE_GONE:
                await outgoing.note(Outcome.MESSAGE_DELETED, error)
            case DeliveryAction.REFUSED:
                await outgoing.note(Outcome.REJECTED, error)
            case DeliveryAction.TOKEN:
                await self._unauthorized(outgoing, error)

    async def _failed(self, outgoing: Outgoing, error: DeliveryError) -> None:
        self._throttle.failed(
            outgoing.channel_id,
            outgoing.attempts,
            outgoing.age_ms(),
            self.now_ms(),
            board=outgoing.board,
        )
        await outgoing.note(Outcome.UNKNOWN, error)

    def _wait(self, outgoing: Outgoing, error: DeliveryError) -> None:
        now_ms, channel_id = self.now_ms(), outgoing.channel_id
        until_ms = now_ms + max(1, round(error.retry_after_s * 1000))
        if error.action is DeliveryAction.PAUSE:
            self._throttle.wait_all(until_ms)
        elif error.action is DeliveryAction.HALT and not outgoing.board:
            self._throttle.halt(now_ms)
        elif outgoing.edits_only and not outgoing.board:
            self._throttle.wait_edits(channel_id, until_ms)
        else:
            # Alerts find out themselves whether a halt is meant for all.
            until_ms = now_ms + HALT_MS if error.action is DeliveryAction.HALT else until_ms
            self._throttle.wait(channel_id, until_ms, board=outgoing.board)

    async def _unauthorized(self, outgoing: Outgoing, error: DeliveryError) -> None:
        """One answer alone is not believed: the token is asked about once more."""
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                token_works = self.transport is None or await self.transport.token_works()
        except (DeliveryError, TimeoutError):
            token_works = True  # as far as anybody knows
        if token_works:
            await self._refused(outgoing, error)
            return
        self._throttle.stopped = True
        await outgoing.note(Outcome.NOT_SENT, error)
        self._token_refused(error)

    async def _refused(self, outgoing: Outgoing, error: DeliveryError) -> None:
        """The channel, or our place in it, is no more; unless the gateway knows better."""
        if outgoing.to_guild and error.action is DeliveryAction.TOKEN:
            await self._failed(outgoing, error)
            return
        if outgoing.to_guild:
            await outgoing.note(Outcome.GUILD_UNREACHABLE, error)
            return
        channel_id, transport = outgoing.channel_id, self.transport
        until_ms = self._throttle.refused(
            outgoing.guild_id,
            channel_id,
            ChannelAccess() if transport is None else transport.access(channel_id),
            self.now_ms(),
            self._clock.now_ms(),
            board=outgoing.board,
        )
        outcome = Outcome.NOT_SENT if until_ms is None else Outcome.CHANNEL_REFUSED
        await outgoing.note(outcome, error, until_ms or 0)


# For so long after the first attempt the nonce alone keeps a message single: documented as
# "a few minutes".
NONCE_MS = 120_000
# A request whose connection broke may still be at work on Discord's side for a moment.
QUIET_MS = 10_000
# Our clock and Discord's need not agree.
CLOCKS_MS = 300_000
CHANNEL_REFUSED = {DeliveryAction.CHANNEL_BLOCKED, DeliveryAction.CHANNEL_GONE}


class NotDelivered(DeliveryError):
    """The channel was read, and no earlier attempt got through: everything may be planned anew."""


async def find_existing(
    earlier: EarlierAttempts | None, now_ms: int, find: Callable[[int], Awaitable[int | None]]
) -> int | None:
    """The id of the message if an earlier attempt got through; None: the nonce decides.

    ``find`` looks for it among what was posted since a moment. Where the history may not be read
    the message is sent: twice at worst, never not at all.
    Raises NotDelivered, and DeliveryError to look later.
    """
    if earlier is None or (earlier.nonce_known and 0 <= now_ms - earlier.first_ms <= NONCE_MS):
        return None
    if 0 <= now_ms - earlier.last_ms < QUIET_MS:
        wait_s = QUIET_MS / 1000
        raise DeliveryError("too early to look", DeliveryAction.WAIT, retry_after_s=wait_s)
    try:
        found = await find(min(earlier.first_ms, now_ms) - CLOCKS_MS)
    except DeliveryError as error:
        if error.action in {*CHANNEL_REFUSED, DeliveryAction.MESSAGE_GONE}:
            return None
        raise
    if found is None:
        raise NotDelivered("never arrived", DeliveryAction.RETRY)
    return found


async def find_sent(
    earlier: EarlierAttempts | None, now_ms: int, find: Callable[[int], Awaitable[int | None]]
) -> int | None:
    """As :func:`find_existing`, of what is never planned anew: None when it never arrived too."""
    try:
        return await find_existing(earlier, now_ms, find)
    except NotDelivered:
        return None
