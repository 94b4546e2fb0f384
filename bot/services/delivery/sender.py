"""Sends the next message of one channel: claim, render, send, write down the outcome.

A server whose alert channel is lost is notified by other routes, once a day.
"""

import logging
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from bot.clock import HOUR_MS, Clock
from bot.db import guilds, outbox
from bot.db.database import Database
from bot.db.outbox import Work
from bot.errors import DeliveryAction, DeliveryError
from bot.models import GuildSettings
from bot.services.delivery import outcomes
from bot.services.delivery.attempts import (
    CHANNEL_REFUSED,
    AttemptRunner,
    Outcome,
    Outgoing,
    find_existing,
    find_sent,
)
from bot.services.delivery.claim import MOST, claim, with_more_listed
from bot.services.delivery.messages import (
    Action,
    Alert,
    Notice,
    OutgoingMessage,
    SentMessage,
    Transport,
)
from bot.services.delivery.planning import MessageKind
from bot.services.delivery.rendering import Form, mask, missed, render
from bot.services.delivery.throttle import Throttle
from bot.words.escaping import markdown

log = logging.getLogger(__name__)

_AUTOMOD = 200000  # a rule of the server's AutoMod blocked the message
# Its people can change the rule: the message is tried again after so long.
AUTOMOD_MS = HOUR_MS
# Some payloads make Discord answer 500 for ever (hidden limits).
_INTERNAL_ERROR = 500
_NAME_LIMIT = 60
_REFUSED = {*CHANNEL_REFUSED, DeliveryAction.REFUSED}


class Sender:
    """``observers`` hear of each message that Discord took; ``moved``: other channels got work.

    ``forms``: of messages, by their leading row, whose card Discord did not take. ``alone``:
    openings that were rejected together with others.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        languages: Callable[[int], str],
        throttle: Throttle,
        runner: AttemptRunner,
        *,
        observers: Iterable[Callable[[SentMessage], None]],
        moved: Callable[[], None],
    ) -> None:
        self.db = db
        self.clock = clock
        self.languages = languages
        self.throttle = throttle
        self.moved = moved
        self.observers = observers
        self.forms: dict[int, Form] = {}
        self.alone: set[int] = set()
        self.runner = runner

    async def step(self, transport: Transport, channel_id: int) -> bool | None:
        """Send what the channel needs next. True: sent; False: it failed; None: nothing is due."""
        now_ms = self.clock.now_ms()
        edits = self.throttle.edits_open(channel_id, self.runner.now_ms())
        rests = self.throttle.list_opens_at(channel_id) > self.runner.now_ms()
        message = await self.db.write(
            lambda conn: claim(conn, channel_id, now_ms, edits=edits, rests=rests, alone=self.alone)
        )
        if message is None:
            return None
        attempt = _Attempt(self, transport, await self._whole(message))
        if not await self.runner.run(attempt, attempt.send()):
            return False
        await attempt.delivered()
        return True

    async def _whole(self, message: OutgoingMessage) -> OutgoingMessage:
        """With all sites of its list; of rows that cannot be read there are fewer."""
        while len(message.incidents) < message.listed:
            known = message
            message = await self.db.read(partial(with_more_listed, message=known))
            if message is known:
                break
        return message


class _Attempt(Outgoing):
    def __init__(self, sender: Sender, transport: Transport, message: OutgoingMessage) -> None:
        rows = message.batch.rows
        self._sender = sender
        self._transport = transport
        self._message = message
        self._form = sender.forms.get(message.lead.id, Form.CARD)
        self._language = sender.languages(message.guild_id)
        self._alert: Alert | None = None
        self._message_id: int | None = None
        self._due_ms = min(row.not_before_ms for row in rows)
        self.guild_id, self.channel_id = message.guild_id, message.channel_id
        self.names = message.names
        self.edits, self.to_guild = message.edits, message.to_guild
        self.attempts = max(row.attempts for row in rows) + 1
        joins = message.kind is MessageKind.JOIN and message.earlier is None
        self.edits_only = message.kind is MessageKind.EDIT or joins or message.edits_notice

    def age_ms(self) -> int:
        return self._sender.clock.now_ms() - self._due_ms

    async def send(self) -> None:
        """Render it from the truth of the moment and send it, unless it is found sent.

        Raises DeliveryError.
        """
        self._message = await self._without_hidden_names()
        alert = self._alert = render(self._message, self._language, self._form)
        try:
            self._message_id = await self._transmit(alert)
        except DeliveryError as error:
            if error.action is not DeliveryAction.MESSAGE_GONE or self.edits:
                raise
            # A human deleted it before we knew of it.

    async def _without_hidden_names(self) -> OutgoingMessage:
        """Outside of the channel it was meant for, a site is named only if all may know it."""
        message = self._message
        if message.to_guild or not message.home_channels:
            return message
        found = await self._sender.db.read(lambda conn: guilds.find(conn, self.guild_id))
        second_id = None if found is None else found.fallback_channel_id
        hidden = _hidden_incidents(self._transport, message, self.channel_id, second_id)
        return mask(message, hidden, self._language)

    async def _transmit(self, alert: Alert) -> int:
        message, transport = self._message, self._transport
        if message.edits:
            await transport.edit(self.channel_id, message.edited_id, alert)
            return message.edited_id
        if message.to_guild:
            await self._store_line(alert)
            now_ms = self._sender.clock.now_ms()
            return await _send_to_guild(self._sender.db, transport, message, alert, now_ms)
        found = await find_existing(
            message.earlier,
            self._sender.clock.now_ms(),
            partial(transport.find, self.channel_id, message.lost(alert)),
        )
        if found is not None:
            log.info(
                "Found the message of an earlier attempt", extra=self.names | {"message": found}
            )
            return found
        await self._store_line(alert)
        return await transport.post(
            self.channel_id, alert, nonce=message.nonce, reply_to=message.reply_to
        )

    async def _store_line(self, alert: Alert) -> None:
        """By the lines it was sent with a message is found again."""
        lead = self._message.lead
        if alert.content not in lead.sent_lines:
            lines = (*lead.sent_lines, alert.content)
            await self._sender.db.write(lambda conn: outbox.note_lines(conn, lead.id, lines))

    async def delivered(self) -> None:
        sender, message, alert = self._sender, self._message, self._alert
        if alert is None:
            raise LookupError("nothing was sent")
        now_ms, message_id = sender.clock.now_ms(), self._message_id
        await sender.db.write(
            lambda conn: outcomes.delivered(conn, message, alert, message_id, now_ms)
        )
        # What people waited for it (the dwell time of healthchecks).
        late_s = self.age_ms() / 1000
        log.info("Discord accepted message %.1f s after it was due", late_s, extra=self.names)
        sender.throttle.succeeded(self.channel_id, posted=not self.edits)
        if self.edits and len(message.ids) < MOST:  # else more joins it at once
            sender.throttle.rest(
                self.channel_id,
                message.listed,
                sender.runner.now_ms(),
                grows=message.kind is MessageKind.JOIN,
            )
        self._forget()
        action: Action = "post" if message.reply_to is None else "reply"
        sent = SentMessage("edit" if self.edits else action, now_ms, self.channel_id, alert)
        for observer in sender.observers:
            observer(sent)

    async def note(self, outcome: Outcome, error: DeliveryError, until_ms: int = 0) -> None:
        message, now_ms = self._message, self._sender.clock.now_ms()
        hidden_limit = error.status == _INTERNAL_ERROR and self._form is Form.CARD
        if hidden_limit or error.action is DeliveryAction.UNREADABLE:
            # A card that cannot be built or sent must not silence us.
            self._sender.forms[message.lead.id] = max(self._form, Form.LINE)
        if outcome is Outcome.REJECTED:
            await self._rejected(error)
            return
        await self._sender.db.write(
            lambda conn: outcomes.note(
                conn, message, outcome, error, now_ms=now_ms, until_ms=until_ms
            )
        )
        if outcome is Outcome.CHANNEL_REFUSED:
            self._sender.moved()

    def _forget(self) -> None:
        self._sender.forms.pop(self._message.lead.id, None)
        self._sender.alone.difference_update(self._message.ids)

    async def _rejected(self, error: DeliveryError) -> None:
        """The next form that Discord may take; after the last one the message is given up."""
        sender, message, text = self._sender, self._message, str(error)
        for form in Form:
            if form > self._form and render(message, self._language, form) != self._alert:
                sender.forms[message.lead.id] = form
                return
        self._forget()
        now_ms = sender.clock.now_ms()
        opens = [row.id for row in message.of(Work.OPEN)]
        if self.edits or len(opens) > 1:
            sender.alone.update(opens)
            reject = outcomes.edit_rejected if self.edits else outcomes.requeue
            work = partial(reject, message=message, error=text)
        elif error.code == _AUTOMOD:
            # Blocked now, so an earlier attempt left nothing behind either.
            work = partial(
                outcomes.requeue, message=message, error=text, not_before_ms=now_ms + AUTOMOD_MS
            )
        else:
            log.error("Message rejected even as a bare line: %s", error, extra=self.names)
            work = partial(outcomes.failed_permanently, message=message, error=text, now_ms=now_ms)
        await sender.db.write(work)


class _Route(NamedTuple):
    """A channel to use. ``name``: of the server, for those outside of it."""

    channel_id: int
    name: str = ""
    owner: bool = False


async def _send_to_guild(
    db: Database, transport: Transport, message: OutgoingMessage, alert: Alert, now_ms: int
) -> int:
    """Send a notice by the first route that works; returns the message's id.

    The server's second channel, its system channel, a private message to whom it concerns or who
    chose the alert channel, one to its owner. Sites are named where everybody may know of them.
    Raises DeliveryError: with CHANNEL_GONE when nobody can be, else to try again (each place knows
    the nonce, and is looked at once that is old, so none gets it twice).
    """
    guild_id = message.guild_id
    settings = await db.read(lambda conn: guilds.find(conn, guild_id)) or GuildSettings(guild_id)
    notice = message.notice or Notice("notice")
    async for route in _routes(transport, settings, notice.user_id or settings.set_by):
        if route.channel_id == notice.channel_id:
            continue  # that is the lost one
        try:
            found = await find_sent(
                message.earlier,
                now_ms,
                partial(transport.find, route.channel_id, message.lost(alert)),
            )
            if found is not None:
                return found
            content = f"{route.name} · {alert.content}" if route.name else alert.content
            if notice.kind == "lost":
                place, second_id = route.channel_id, settings.fallback_channel_id
                hidden = _hidden_incidents(transport, message, place, second_id)
                named = {one.id for one in message.incidents if route.owner or one.id not in hidden}
                content += missed(alert.language, message.incidents, named)
            here = replace(alert, content=content)
            return await transport.post(route.channel_id, here, nonce=message.nonce)
        except DeliveryError as error:
            if error.action not in _REFUSED:
                raise
            names = message.names | {"through": route.channel_id}
            log.info("Guild not reached: %s", error, extra=names)
    raise DeliveryError("nobody of the server can be reached", DeliveryAction.CHANNEL_GONE)


def _hidden_incidents(
    transport: Transport, message: OutgoingMessage, place_id: int, second_id: int | None
) -> set[int]:
    """The incidents that not everybody who reads a place may know of.

    ``second_id``: the server's second channel, chosen for what was meant for the alert channel, if
    that is gone.
    """
    hidden = set()
    for incident in message.incidents:
        if place_id == incident.channel_id:
            continue
        home = message.home_channels[incident.id]
        if home.channel_id in {None, place_id}:
            continue
        may_see = transport.readers_may_see(message.guild_id, place_id, home.channel_id)
        if not (place_id == second_id and not home.own if may_see is None else may_see):
            hidden.add(incident.id)
    return hidden


async def _routes(
    transport: Transport, settings: GuildSettings, first_id: int | None
) -> AsyncIterator[_Route]:
    """The channels to try, each found out only when the ones before have failed."""
    if settings.fallback_channel_id is not None:
        yield _Route(settings.fallback_channel_id)
    places = await transport.contact_points(settings.id)
    system_id = places.system_channel_id
    if system_id is not None and system_id != settings.fallback_channel_id:
        yield _Route(system_id)
    name = markdown(places.name or "", _NAME_LIMIT)
    for user_id in dict.fromkeys((first_id, places.owner_id)):
        channel_id = None if user_id is None else await _dm_channel(transport, user_id)
        if channel_id is not None:
            yield _Route(channel_id, name, owner=user_id == places.owner_id)


async def _dm_channel(transport: Transport, user_id: int) -> int | None:
    try:
        return await transport.open_dm(user_id)
    except DeliveryError as error:
        if error.action not in _REFUSED:
            raise
        return None
