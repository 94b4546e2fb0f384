"""Sends the next message of one channel: claim, render, send, write down the outcome."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.clock import HOUR_MS, Clock
from bot.db import guilds, outbox
from bot.db.database import Connection, Database
from bot.errors import DeliveryAction, DeliveryError
from bot.services.delivery import outcomes, server_notices
from bot.services.delivery.attempts import (
    AttemptRunner,
    EarlierAttempts,
    Outcome,
    Outgoing,
    find_existing,
)
from bot.services.delivery.claim import OutgoingMessage, claim
from bot.services.delivery.messages import Action, Alert, LostMessage, SentMessage, Transport
from bot.services.delivery.planning import MessageKind
from bot.services.delivery.rendering import Form, mask, render
from bot.services.delivery.throttle import Throttle

log = logging.getLogger(__name__)

_AUTOMOD = 200000  # a rule of the server's AutoMod blocked the message
# Its people can change the rule: the message is tried again after so long.
AUTOMOD_MS = HOUR_MS
# Some payloads make Discord answer 500 for ever (hidden limits).
_INTERNAL_ERROR = 500


@dataclass(slots=True)
class _Context:
    """Shared by all attempts. ``moved`` is called when there is new work in other channels.

    ``forms``: of messages, by their leading row, whose card Discord did not take. ``alone``:
    openings that were rejected together with others.
    """

    db: Database
    clock: Clock
    languages: Callable[[int], str]
    throttle: Throttle
    moved: Callable[[], None]
    notify_sent: Callable[[SentMessage], None]
    forms: dict[int, Form] = field(default_factory=dict)
    alone: set[int] = field(default_factory=set)


class Sender:
    """``notify_sent`` hears of each message that Discord took."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        languages: Callable[[int], str],
        throttle: Throttle,
        runner: AttemptRunner,
        *,
        notify_sent: Callable[[SentMessage], None],
        moved: Callable[[], None],
    ) -> None:
        self._context = _Context(db, clock, languages, throttle, moved, notify_sent)
        self._runner = runner

    async def step(self, transport: Transport, channel_id: int) -> bool | None:
        """Send what the channel needs next. True: sent; False: it failed; None: nothing is due."""
        context = self._context
        now_ms = context.clock.now_ms()
        edits = context.throttle.edits_open(channel_id, self._runner.now_ms())
        alone = frozenset(context.alone)
        message = await context.db.write(
            lambda conn: claim(conn, channel_id, now_ms, edits=edits, alone=alone)
        )
        if message is None:
            return None
        attempt = _Attempt(context, transport, message, now_ms)
        if not await self._runner.run(attempt, attempt.send()):
            return False
        await attempt.delivered()
        return True


class _Attempt(Outgoing):
    """One attempt to send one message."""

    def __init__(
        self, context: _Context, transport: Transport, message: OutgoingMessage, now_ms: int
    ) -> None:
        self._context = context
        self._transport = transport
        self._message = message
        self._claimed_ms = now_ms
        self._form = context.forms.get(message.batch.lead_id, Form.CARD)
        self._language = context.languages(message.guild_id)
        self._alert: Alert | None = None
        self._message_id: int | None = None
        self.guild_id, self.channel_id = message.guild_id, message.channel_id
        self.names = message.names
        self.edits, self.to_guild = message.edits, message.to_guild
        self.attempts = message.attempts
        joins = message.kind is MessageKind.JOIN and not message.maybe_sent
        self.edits_only = message.kind is MessageKind.EDIT or joins

    def age_ms(self) -> int:
        return self._context.clock.now_ms() - self._message.due_ms

    async def send(self) -> None:
        """Render it from the truth of the moment and send it, unless it is found sent.

        Raises DeliveryError.
        """
        self._message = await self._without_hidden_names()
        alert = self._alert = self._render(self._form)
        try:
            self._message_id = await self._transmit(alert)
        except DeliveryError as error:
            if error.action is not DeliveryAction.MESSAGE_GONE or self.edits:
                raise
            # A human deleted it before we knew of it.

    def _render(self, form: Form) -> Alert:
        return render(self._message, self._language, self._claimed_ms, form)

    async def _without_hidden_names(self) -> OutgoingMessage:
        """Outside of the channel it was meant for, a site is named only if all may know it."""
        message = self._message
        meant = {one.channel_id for one in message.incidents}
        if message.to_guild or meant <= {self.channel_id}:
            return message
        found = await self._context.db.read(lambda conn: guilds.find(conn, self.guild_id))
        second = found is not None and found.fallback_channel_id == self.channel_id
        hidden = server_notices.hidden_incidents(
            self._transport, message, self.channel_id, second=second
        )
        return mask(message, hidden, self._language)

    async def _transmit(self, alert: Alert) -> int:
        message, transport = self._message, self._transport
        if message.edits:
            message_id = message.own_post.message_id
            if message_id is None:
                raise LookupError(f"an edit without a message: {message.batch}")
            await transport.edit(self.channel_id, message_id, alert)
            return message_id
        if message.to_guild:
            await self._store_line(alert)
            now_ms = self._context.clock.now_ms()
            return await server_notices.send(self._context.db, transport, message, alert, now_ms)
        found = await self._find_existing(alert)
        if found is not None:
            log.info(
                "Found the message of an earlier attempt", extra=self.names | {"message": found}
            )
            return found
        await self._store_line(alert)
        return await transport.post(
            self.channel_id, alert, nonce=message.nonce, reply_to=message.reply_to
        )

    async def _find_existing(self, alert: Alert) -> int | None:
        """The message of an earlier attempt, whatever form that had."""
        message = self._message
        if not message.maybe_sent:
            return None
        carded = message.kind in {MessageKind.OPEN, MessageKind.LATE, MessageKind.DIGEST}
        ids = frozenset(one.public_id for one in message.incidents if carded)

        async def find(since_ms: int) -> int | None:
            lost = LostMessage(
                since_ms,
                message.sent_lines or (alert.content,),
                ids,
                message.kind is MessageKind.DIGEST,
                message.reply_to,
                message.known_ids,
            )
            return await self._transport.find(self.channel_id, lost)

        earlier = EarlierAttempts(message.first_try_ms, message.last_try_ms, message.nonce_known)
        return await find_existing(earlier, self._context.clock.now_ms(), find)

    async def _store_line(self, alert: Alert) -> None:
        """By the lines it was sent with a message is found again."""
        if alert.content not in self._message.sent_lines:
            lead_id = self._message.batch.lead_id
            lines = (*self._message.sent_lines, alert.content)
            await self._context.db.write(lambda conn: outbox.note_lines(conn, lead_id, lines))

    async def delivered(self) -> None:
        """Note that Discord took it."""
        context, message, alert = self._context, self._message, self._alert
        if alert is None:
            raise LookupError("nothing was sent")
        now_ms, message_id = context.clock.now_ms(), self._message_id
        await context.db.write(
            lambda conn: outcomes.delivered(conn, message, alert, message_id, now_ms)
        )
        # What people waited for it (the dwell time of healthchecks).
        late_s = (now_ms - min(row.not_before_ms for row in message.batch.rows)) / 1000
        log.info("Discord accepted message %.1f s after it was due", late_s, extra=self.names)
        context.throttle.succeeded(self.channel_id, posted=not self.edits)
        self._forget()
        action: Action = "post" if message.reply_to is None else "reply"
        if self.edits:
            action = "edit"
        context.notify_sent(SentMessage(action, now_ms, self.channel_id, alert))

    async def note(self, outcome: Outcome, error: DeliveryError, until_ms: int = 0) -> None:
        """Write down what became of it."""
        message, now_ms = self._message, self._context.clock.now_ms()
        hidden_limit = error.status == _INTERNAL_ERROR and self._form is Form.CARD
        if hidden_limit or outcome in {Outcome.UNREADABLE, Outcome.BROKEN}:
            self._simplify()
        if outcome is Outcome.REJECTED:
            await self._rejected(error)
            return

        def write(conn: Connection) -> None:
            outcomes.note(conn, message, outcome, error, now_ms=now_ms)
            if outcome is Outcome.CHANNEL_REFUSED:
                place = self.guild_id, self.channel_id
                outcomes.channel_lost(conn, *place, error.action, now_ms, until_ms=until_ms)

        if outcome is not Outcome.BROKEN:
            await self._context.db.write(write)
        if outcome is Outcome.CHANNEL_REFUSED:
            self._context.moved()

    def _simplify(self) -> None:
        """A card that cannot be built or sent must not silence us."""
        forms, lead_id = self._context.forms, self._message.batch.lead_id
        forms[lead_id] = max(forms.get(lead_id, Form.CARD), Form.LINE)

    def _forget(self) -> None:
        self._context.forms.pop(self._message.batch.lead_id, None)
        self._context.alone.difference_update(self._message.ids)

    async def _rejected(self, error: DeliveryError) -> None:
        """The next form that Discord may take; after the last one the message is given up."""
        context, message, text = self._context, self._message, str(error)
        for form in Form:
            if form > self._form and self._render(form) != self._alert:
                context.forms[message.batch.lead_id] = form
                return
        self._forget()
        opens = [row.id for row in message.batch.rows if row.kind == "open"]
        now_ms = context.clock.now_ms()
        if self.edits or len(opens) > 1:
            context.alone.update(opens)
            reject = outcomes.edit_rejected if self.edits else outcomes.requeue
            await context.db.write(lambda conn: reject(conn, message, text))
        elif error.code == _AUTOMOD:
            # Blocked now, so an earlier attempt left nothing behind either.
            later_ms = now_ms + AUTOMOD_MS
            await context.db.write(
                lambda conn: outcomes.requeue(conn, message, text, not_before_ms=later_ms)
            )
        else:
            log.error("Message rejected even as a bare line: %s", error, extra=self.names)
            await context.db.write(
                lambda conn: outcomes.failed_permanently(conn, message, text, now_ms)
            )
