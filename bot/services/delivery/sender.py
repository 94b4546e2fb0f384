"""Carries one message of one channel to Discord and acts on the answer."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.clock import HOUR_MS, Clock
from bot.db import guilds, outbox
from bot.db.database import Database
from bot.errors import DeliveryAction, DeliveryError
from bot.services.delivery import outcomes, server_notices
from bot.services.delivery.claim import OutgoingMessage, claim
from bot.services.delivery.messages import Action, Alert, LostMessage, SentMessage, Transport
from bot.services.delivery.planning import MessageKind
from bot.services.delivery.rendering import Form, masked, render
from bot.services.delivery.throttle import BLOCKED_MS, Throttle

log = logging.getLogger(__name__)

# discord.py alone retries for 25 s and then may hang on a socket for 300 s.
SEND_TIMEOUT_S = 45.0
_AUTOMOD = 200000  # a rule of the server's AutoMod blocked the message
# Its people can change the rule: the message is tried again after so long.
AUTOMOD_MS = HOUR_MS
# Some payloads make Discord answer 500 for ever (hidden limits).
_INTERNAL_ERROR = 500


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: what goes where, and in which form."""

    transport: Transport
    message: OutgoingMessage
    alert: Alert
    form: Form


class Sender:
    """One step for a channel: claim, render, send, settle.

    ``moved`` is called when there is new work in other channels.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        languages: Callable[[int], str],
        throttle: Throttle,
        *,
        told: Callable[[SentMessage], None],
        moved: Callable[[], None],
        token_refused: Callable[[DeliveryError], None],
    ) -> None:
        self._db = db
        self._clock = clock
        self._languages = languages
        self._throttle = throttle
        self._told = told
        self._moved = moved
        self._token_refused = token_refused
        self._forms: dict[int, Form] = {}  # of leaders whose card Discord did not take
        self._alone: set[int] = set()  # openings that were refused together with others

    async def step(self, transport: Transport, channel_id: int) -> bool | None:
        """Send what the channel needs next. True: sent; False: it failed; None: nothing is due."""
        now_ms = self._clock.now_ms()
        edits = self._throttle.edits_open(channel_id, self._throttle_ms())
        alone = frozenset(self._alone)
        message = await self._db.write(
            lambda conn: claim(conn, channel_id, now_ms, edits=edits, alone=alone)
        )
        if message is None:
            return None
        form = self._forms.get(message.batch.lead_id, Form.CARD)
        try:
            message = await self._mask_hidden(transport, message)
            alert = render(message, self._languages(message.guild_id), now_ms, form)
        except Exception as error:  # noqa: BLE001 - logged
            self._internal_error(message, error)
            return False
        return await self._deliver(Attempt(transport, message, alert, form))

    async def _deliver(self, attempt: Attempt) -> bool:
        message = attempt.message
        try:
            message_id = await self._send(attempt)
        except DeliveryError as error:
            await self._handle_error(attempt, error)
            return False
        except NotDelivered:
            await self._db.write(lambda conn: outcomes.requeue(conn, message, "never arrived"))
            return False
        except Exception as error:  # noqa: BLE001 - logged
            self._internal_error(message, error)
            return False
        await self._delivered(message, attempt.alert, message_id)
        return True

    def _throttle_ms(self) -> int:
        return int(self._clock.monotonic() * 1000)

    def _internal_error(self, message: OutgoingMessage, error: Exception) -> None:
        log.error("A message could not be made or sent", exc_info=error, extra=message.names)
        self._simplify(message)  # a card we cannot build must not silence us
        self._throttle.stumbled(message.channel_id, self._throttle_ms())

    def _simplify(self, message: OutgoingMessage) -> None:
        lead_id = message.batch.lead_id
        self._forms[lead_id] = max(self._forms.get(lead_id, Form.CARD), Form.LINE)

    async def _mask_hidden(self, transport: Transport, message: OutgoingMessage) -> OutgoingMessage:
        """Told elsewhere than where it was meant for, a site is named only if all may know it."""
        meant = {one.channel_id for one in message.incidents}
        if message.to_guild or meant <= {message.channel_id}:
            return message
        guild_id, place_id = message.guild_id, message.channel_id
        found = await self._db.read(lambda conn: guilds.find(conn, guild_id))
        second = found is not None and found.fallback_channel_id == place_id
        hidden = server_notices.hidden_in(transport, message, place_id, second=second)
        return masked(message, hidden, self._languages(guild_id))

    async def _send(self, attempt: Attempt) -> int | None:
        """The id of the message; None when a human deleted it before we knew of it."""
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                return await self._transmit(attempt)
        except TimeoutError as error:
            raise DeliveryError("no answer from Discord", DeliveryAction.RETRY) from error
        except DeliveryError as error:
            if error.action is DeliveryAction.MESSAGE_GONE and not attempt.message.edits:
                return None
            raise

    async def _transmit(self, attempt: Attempt) -> int:
        transport, message, alert = attempt.transport, attempt.message, attempt.alert
        if message.edits:
            return await self._edit(transport, message, alert)
        if message.to_guild:
            await self._store_line(message, alert)
            return await server_notices.tell(
                self._db, transport, message, alert, self._clock.now_ms()
            )
        found = await self._find_earlier(transport, message, alert)
        if found is not None:
            log.info("A message stands already as %s", found, extra=message.names)
            return found
        await self._store_line(message, alert)
        return await transport.post(
            message.channel_id, alert, nonce=message.nonce, reply_to=message.reply_to
        )

    async def _find_earlier(
        self, transport: Transport, message: OutgoingMessage, alert: Alert
    ) -> int | None:
        """The message of an earlier attempt, whatever form that had."""
        if not message.maybe_sent:
            return None
        carded = message.verb in {MessageKind.OPEN, MessageKind.LATE, MessageKind.DIGEST}
        ids = frozenset(one.public_id for one in message.incidents if carded)

        async def find(since_ms: int) -> int | None:
            lost = LostMessage(
                since_ms,
                message.said or (alert.content,),
                ids,
                message.verb is MessageKind.DIGEST,
                message.reply_to,
                message.known_ids,
            )
            return await transport.find(message.channel_id, lost)

        tried = EarlierAttempts(message.first_try_ms, message.last_try_ms, message.nonce_known)
        return await standing(tried, self._clock.now_ms(), find)

    async def _store_line(self, message: OutgoingMessage, alert: Alert) -> None:
        """By the lines it was sent with a message is found again."""
        if alert.content not in message.said:
            lead_id, said = message.batch.lead_id, (*message.said, alert.content)
            await self._db.write(lambda conn: outbox.note_lines(conn, lead_id, said))

    async def _edit(self, transport: Transport, message: OutgoingMessage, alert: Alert) -> int:
        message_id = message.own_post.message_id
        if message_id is None:
            raise LookupError(f"an edit without a message: {message.batch}")
        await transport.edit(message.channel_id, message_id, alert)
        return message_id

    async def _delivered(
        self, message: OutgoingMessage, alert: Alert, message_id: int | None
    ) -> None:
        now_ms = self._clock.now_ms()
        await self._db.write(
            lambda conn: outcomes.delivered(conn, message, alert, message_id, now_ms)
        )
        # What people waited for it (the dwell time of healthchecks).
        late_s = (now_ms - min(row.not_before_ms for row in message.batch.rows)) / 1000
        log.info("Discord took a message %.1f s after it was due", late_s, extra=message.names)
        self._throttle.succeeded(message.channel_id, posted=not message.edits)
        self._forget(message)
        action: Action = "post" if message.reply_to is None else "reply"
        if message.edits:
            action = "edit"
        self._told(SentMessage(action, now_ms, message.channel_id, alert))

    def _forget(self, message: OutgoingMessage) -> None:
        self._forms.pop(message.batch.lead_id, None)
        self._alone.difference_update(message.ids)

    async def _handle_error(self, attempt: Attempt, error: DeliveryError) -> None:
        """What follows each error of Discord's."""
        message, action = attempt.message, error.action
        log.warning("Discord took no message: %s (%s)", error, action, extra=message.names)
        match action:
            case DeliveryAction.ARCHIVED if message.edits:
                # It changed nothing, nor can it; what was to join the list gets its own post.
                self._throttle.archived(message.channel_id, self._throttle_ms() + BLOCKED_MS)
                await self._db.write(lambda conn: outcomes.requeue(conn, message, str(error)))
            case DeliveryAction.RETRY | DeliveryAction.UNREADABLE | DeliveryAction.NO_REPLY:
                await self._unknown_outcome(attempt, error)
            case DeliveryAction.WAIT | DeliveryAction.PAUSE:
                await self._wait(message, error)
            case DeliveryAction.HALT:
                self._throttle.halt(self._throttle_ms())
                await self._not_sent(message, error)
            # A locked thread is archived for good: one that sleeps is woken by a post.
            case (
                DeliveryAction.CHANNEL_GONE
                | DeliveryAction.CHANNEL_BLOCKED
                | DeliveryAction.ARCHIVED
            ):
                await self._refused(attempt, error)
            case DeliveryAction.MESSAGE_GONE:
                now_ms = self._clock.now_ms()
                await self._db.write(
                    lambda conn: outcomes.message_deleted(conn, message, str(error), now_ms)
                )
            case DeliveryAction.REFUSED:
                await self._rejected(attempt, error)
            case DeliveryAction.TOKEN:
                await self._unauthorized(attempt, error)

    async def _unknown_outcome(self, attempt: Attempt, error: DeliveryError) -> None:
        """Discord may have taken it."""
        message, throttle_ms = attempt.message, self._throttle_ms()
        if error.action is DeliveryAction.UNREADABLE:
            # It says nothing about Discord: perhaps we made something that cannot be sent.
            self._simplify(message)
            self._throttle.stumbled(message.channel_id, throttle_ms)
        else:
            if error.status == _INTERNAL_ERROR and attempt.form is Form.CARD:
                self._simplify(message)
            age_ms = self._clock.now_ms() - message.due_ms
            self._throttle.failed(message.channel_id, message.attempts, age_ms, throttle_ms)
        await self._db.write(lambda conn: outcomes.unknown_outcome(conn, message, str(error)))

    async def _not_sent(self, message: OutgoingMessage, error: DeliveryError) -> None:
        await self._db.write(lambda conn: outcomes.not_sent(conn, message, str(error)))

    async def _wait(self, message: OutgoingMessage, error: DeliveryError) -> None:
        until_ms = self._throttle_ms() + max(1, round(error.retry_after_s * 1000))
        if error.action is DeliveryAction.PAUSE:
            self._throttle.pause(until_ms)
        elif message.verb is MessageKind.EDIT or (
            message.verb is MessageKind.JOIN and not message.maybe_sent
        ):
            self._throttle.wait_edits(message.channel_id, until_ms)
        else:
            self._throttle.wait(message.channel_id, until_ms)
        await self._not_sent(message, error)

    async def _unauthorized(self, attempt: Attempt, error: DeliveryError) -> None:
        """One answer alone is not believed."""
        if await self.token_works(attempt.transport):
            await self._refused(attempt, error)
            return
        self._throttle.shut = True
        await self._not_sent(attempt.message, error)
        self._token_refused(error)

    async def token_works(self, transport: Transport) -> bool:
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                return await transport.token_works()
        except (DeliveryError, TimeoutError):
            return True  # as far as anybody knows

    async def _refused(self, attempt: Attempt, error: DeliveryError) -> None:
        """The channel, or our place in it, is no more; unless the gateway knows better."""
        message, now_ms = attempt.message, self._clock.now_ms()
        if message.to_guild:
            if error.action is DeliveryAction.TOKEN:
                await self._unknown_outcome(attempt, error)
                return
            log.error("A server hears nothing any more: %s", error, extra=message.names)
            await self._db.write(
                lambda conn: outcomes.guild_unreachable(conn, message, str(error), now_ms)
            )
            return
        access = attempt.transport.access(message.channel_id)
        until_ms = self._throttle.refused(
            message.guild_id, message.channel_id, access, self._throttle_ms(), now_ms
        )
        if until_ms is None:
            await self._not_sent(message, error)
            return
        await self._db.write(
            lambda conn: outcomes.channel_refused(conn, message, error, now_ms, until_ms=until_ms)
        )
        self._moved()

    async def _rejected(self, attempt: Attempt, error: DeliveryError) -> None:
        """The next form that Discord may take; after the last one the message is given up."""
        message, now_ms = attempt.message, self._clock.now_ms()
        language = self._languages(message.guild_id)
        for form in Form:
            if form > attempt.form and render(message, language, now_ms, form) != attempt.alert:
                self._forms[message.batch.lead_id] = form
                return
        self._forget(message)
        opens = [row.id for row in message.batch.rows if row.kind == "open"]
        if message.edits:
            self._alone.update(opens)
            await self._db.write(lambda conn: outcomes.edit_rejected(conn, message, str(error)))
        elif len(opens) > 1:
            self._alone.update(opens)
            await self._db.write(lambda conn: outcomes.requeue(conn, message, str(error)))
        elif error.code == _AUTOMOD:
            # Blocked now, so an earlier attempt left nothing behind either.
            until_ms = now_ms + AUTOMOD_MS
            await self._db.write(
                lambda conn: outcomes.requeue(conn, message, str(error), not_before_ms=until_ms)
            )
        else:
            log.error("A message is refused even as a bare line: %s", error, extra=message.names)
            await self._db.write(
                lambda conn: outcomes.failed_permanently(conn, message, str(error), now_ms)
            )


# For so long after the first try the nonce alone keeps a message single: documented as
# "a few minutes".
NONCE_MS = 120_000
# A request whose connection broke may still be at work on Discord's side for a moment.
QUIET_MS = 10_000
# Our clock and Discord's need not agree.
CLOCKS_MS = 300_000
_UNREADABLE = {
    DeliveryAction.CHANNEL_BLOCKED,
    DeliveryAction.CHANNEL_GONE,
    DeliveryAction.MESSAGE_GONE,
}


class NotDelivered(Exception):
    """The channel was read, and no earlier attempt got through: everything may be planned anew."""


@dataclass(frozen=True, slots=True)
class EarlierAttempts:
    """Earlier attempts to send one message, by wall time. ``known``: its nonce is still known."""

    first_ms: int
    last_ms: int
    known: bool = True


async def standing(
    tried: EarlierAttempts, now_ms: int, find: Callable[[int], Awaitable[int | None]]
) -> int | None:
    """The id of the message if an earlier attempt got through; None: the nonce decides.

    ``find`` looks for it among what was posted since a moment. Where the history may not be read
    the message is sent: told twice at worst, never not at all.
    Raises NeverArrivedError, and DeliveryError to look later.
    """
    if tried.known and 0 <= now_ms - tried.first_ms <= NONCE_MS:
        return None
    if 0 <= now_ms - tried.last_ms < QUIET_MS:
        raise DeliveryError("too early to look", DeliveryAction.WAIT, retry_after_s=QUIET_MS / 1000)
    try:
        found = await find(min(tried.first_ms, now_ms) - CLOCKS_MS)
    except DeliveryError as error:
        if error.action in _UNREADABLE:
            return None
        raise
    if found is None:
        raise NotDelivered
    return found
