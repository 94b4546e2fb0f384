"""Carries one message of one channel to Discord and acts on the answer."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.clock import HOUR_MS, Clock
from bot.db import guilds, outbox
from bot.db.database import Database
from bot.errors import DeliveryError, Remedy
from bot.services.delivery import outcomes, server_notices
from bot.services.delivery.claim import Flight, claim
from bot.services.delivery.messages import Action, Alert, Lost, Sent, Transport
from bot.services.delivery.planning import Verb
from bot.services.delivery.rendering import Form, masked, render
from bot.services.delivery.throttle import PARKED_MS, Throttle

log = logging.getLogger(__name__)

# discord.py alone retries for 25 s and then may hang on a socket for 300 s.
SEND_TIMEOUT_S = 45.0
_AUTOMOD = 200000  # a rule of the server's AutoMod blocked the message
# Its people can change the rule: the message is tried again after so long.
BLOCKED_MS = HOUR_MS
# Some payloads make Discord answer 500 for ever (hidden limits).
_INTERNAL_ERROR = 500


@dataclass(frozen=True, slots=True)
class Voyage:
    """One attempt: what goes where, and in which form."""

    sink: Transport
    flight: Flight
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
        gates: Throttle,
        *,
        told: Callable[[Sent], None],
        moved: Callable[[], None],
        token_refused: Callable[[DeliveryError], None],
    ) -> None:
        self._db = db
        self._clock = clock
        self._languages = languages
        self._gates = gates
        self._told = told
        self._moved = moved
        self._token_refused = token_refused
        self._forms: dict[int, Form] = {}  # of leaders whose card Discord did not take
        self._alone: set[int] = set()  # openings that were refused together with others

    async def step(self, sink: Transport, channel_id: int) -> bool | None:
        """Send what the channel needs next. True: sent; False: it failed; None: nothing is due."""
        now_ms = self._clock.now_ms()
        edits = self._gates.edits_open(channel_id, self._gates_ms())
        alone = frozenset(self._alone)
        flight = await self._db.write(
            lambda conn: claim(conn, channel_id, now_ms, edits=edits, alone=alone)
        )
        if flight is None:
            return None
        form = self._forms.get(flight.batch.leader, Form.CARD)
        try:
            flight = await self._masked(sink, flight)
            alert = render(flight, self._languages(flight.guild_id), now_ms, form)
        except Exception as error:  # noqa: BLE001 - logged
            self._stumble(flight, error)
            return False
        return await self._go(Voyage(sink, flight, alert, form))

    async def _go(self, trip: Voyage) -> bool:
        flight = trip.flight
        try:
            message_id = await self._send(trip)
        except DeliveryError as error:
            await self._act(trip, error)
            return False
        except NeverArrivedError:
            await self._db.write(lambda conn: outcomes.released(conn, flight, "never arrived"))
            return False
        except Exception as error:  # noqa: BLE001 - logged
            self._stumble(flight, error)
            return False
        await self._accept(flight, trip.alert, message_id)
        return True

    def _gates_ms(self) -> int:
        return int(self._clock.monotonic() * 1000)

    def _stumble(self, flight: Flight, error: Exception) -> None:
        log.error("A message could not be made or sent", exc_info=error, extra=flight.names)
        self._make_plainer(flight)  # a card we cannot build must not silence us
        self._gates.stumbled(flight.channel_id, self._gates_ms())

    def _make_plainer(self, flight: Flight) -> None:
        leader = flight.batch.leader
        self._forms[leader] = max(self._forms.get(leader, Form.CARD), Form.LINE)

    async def _masked(self, sink: Transport, flight: Flight) -> Flight:
        """Told elsewhere than where it was meant for, a site is named only if all may know it."""
        meant = {one.channel_id for one in flight.incidents}
        if flight.to_server or meant <= {flight.channel_id}:
            return flight
        guild_id, place_id = flight.guild_id, flight.channel_id
        found = await self._db.read(lambda conn: guilds.find(conn, guild_id))
        second = found is not None and found.fallback_channel_id == place_id
        hidden = server_notices.hidden_in(sink, flight, place_id, second=second)
        return masked(flight, hidden, self._languages(guild_id))

    async def _send(self, trip: Voyage) -> int | None:
        """The id of the message; None when a human deleted it before we knew of it."""
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                return await self._hand_over(trip)
        except TimeoutError as error:
            raise DeliveryError("no answer from Discord", Remedy.RETRY) from error
        except DeliveryError as error:
            if error.remedy is Remedy.MESSAGE_GONE and not trip.flight.edits:
                return None
            raise

    async def _hand_over(self, trip: Voyage) -> int:
        sink, flight, alert = trip.sink, trip.flight, trip.alert
        if flight.edits:
            return await self._edit(sink, flight, alert)
        if flight.to_server:
            await self._note_line(flight, alert)
            return await server_notices.tell(self._db, sink, flight, alert, self._clock.now_ms())
        found = await self._standing(sink, flight, alert)
        if found is not None:
            log.info("A message stands already as %s", found, extra=flight.names)
            return found
        await self._note_line(flight, alert)
        return await sink.post(
            flight.channel_id, alert, nonce=flight.nonce, reply_to=flight.reply_to
        )

    async def _standing(self, sink: Transport, flight: Flight, alert: Alert) -> int | None:
        """The message of an earlier attempt, whatever form that had."""
        if not flight.doubt:
            return None
        carded = flight.verb in {Verb.OPEN, Verb.LATE, Verb.DIGEST}
        ids = frozenset(one.public_id for one in flight.incidents if carded)

        async def find(since_ms: int) -> int | None:
            lost = Lost(
                since_ms,
                flight.said or (alert.content,),
                ids,
                flight.verb is Verb.DIGEST,
                flight.reply_to,
                flight.noted,
            )
            return await sink.find(flight.channel_id, lost)

        tried = Tried(flight.first_try_ms, flight.last_try_ms, flight.nonce_known)
        return await standing(tried, self._clock.now_ms(), find)

    async def _note_line(self, flight: Flight, alert: Alert) -> None:
        """By the lines it was sent with a message is found again."""
        if alert.content not in flight.said:
            leader, said = flight.batch.leader, (*flight.said, alert.content)
            await self._db.write(lambda conn: outbox.note_lines(conn, leader, said))

    async def _edit(self, sink: Transport, flight: Flight, alert: Alert) -> int:
        message_id = flight.own_post.message_id
        if message_id is None:
            raise LookupError(f"an edit without a message: {flight.batch}")
        await sink.edit(flight.channel_id, message_id, alert)
        return message_id

    async def _accept(self, flight: Flight, alert: Alert, message_id: int | None) -> None:
        now_ms = self._clock.now_ms()
        await self._db.write(
            lambda conn: outcomes.accepted(conn, flight, alert, message_id, now_ms)
        )
        # What people waited for it (the dwell time of healthchecks).
        late_s = (now_ms - min(row.not_before_ms for row in flight.batch.rows)) / 1000
        log.info("Discord took a message %.1f s after it was due", late_s, extra=flight.names)
        self._gates.succeeded(flight.channel_id, posted=not flight.edits)
        self._forget(flight)
        action: Action = "post" if flight.reply_to is None else "reply"
        if flight.edits:
            action = "edit"
        self._told(Sent(action, now_ms, flight.channel_id, alert))

    def _forget(self, flight: Flight) -> None:
        self._forms.pop(flight.batch.leader, None)
        self._alone.difference_update(flight.ids)

    async def _act(self, trip: Voyage, error: DeliveryError) -> None:
        """What follows each error of Discord's."""
        flight, remedy = trip.flight, error.remedy
        log.warning("Discord took no message: %s (%s)", error, remedy, extra=flight.names)
        match remedy:
            case Remedy.ARCHIVED if flight.edits:
                # It changed nothing, nor can it; what was to join the list gets its own post.
                self._gates.archived(flight.channel_id, self._gates_ms() + PARKED_MS)
                await self._db.write(lambda conn: outcomes.released(conn, flight, str(error)))
            case Remedy.RETRY | Remedy.UNREADABLE | Remedy.NO_REPLY:
                await self._fail(trip, error)
            case Remedy.WAIT | Remedy.PAUSE:
                await self._wait(flight, error)
            case Remedy.HALT:
                self._gates.halt(self._gates_ms())
                await self._not_taken(flight, error)
            # A locked thread is archived for good: one that sleeps is woken by a post.
            case Remedy.CHANNEL_GONE | Remedy.CHANNEL_BLOCKED | Remedy.ARCHIVED:
                await self._refused(trip, error)
            case Remedy.MESSAGE_GONE:
                now_ms = self._clock.now_ms()
                await self._db.write(lambda conn: outcomes.lost(conn, flight, str(error), now_ms))
            case Remedy.REFUSED:
                await self._plainer(trip, error)
            case Remedy.TOKEN:
                await self._unauthorized(trip, error)

    async def _fail(self, trip: Voyage, error: DeliveryError) -> None:
        """Discord may have taken it."""
        flight, gates_ms = trip.flight, self._gates_ms()
        if error.remedy is Remedy.UNREADABLE:
            # It says nothing about Discord: perhaps we made something that cannot be sent.
            self._make_plainer(flight)
            self._gates.stumbled(flight.channel_id, gates_ms)
        else:
            if error.status == _INTERNAL_ERROR and trip.form is Form.CARD:
                self._make_plainer(flight)
            age_ms = self._clock.now_ms() - flight.due_ms
            self._gates.failed(flight.channel_id, flight.attempts, age_ms, gates_ms)
        await self._db.write(lambda conn: outcomes.doubtful(conn, flight, str(error)))

    async def _not_taken(self, flight: Flight, error: DeliveryError) -> None:
        await self._db.write(lambda conn: outcomes.not_taken(conn, flight, str(error)))

    async def _wait(self, flight: Flight, error: DeliveryError) -> None:
        until_ms = self._gates_ms() + max(1, round(error.retry_after_s * 1000))
        if error.remedy is Remedy.PAUSE:
            self._gates.pause(until_ms)
        elif flight.verb is Verb.EDIT or (flight.verb is Verb.JOIN and not flight.doubt):
            self._gates.wait_edits(flight.channel_id, until_ms)
        else:
            self._gates.wait(flight.channel_id, until_ms)
        await self._not_taken(flight, error)

    async def _unauthorized(self, trip: Voyage, error: DeliveryError) -> None:
        """One answer alone is not believed."""
        if await self.token_works(trip.sink):
            await self._refused(trip, error)
            return
        self._gates.shut = True
        await self._not_taken(trip.flight, error)
        self._token_refused(error)

    async def token_works(self, sink: Transport) -> bool:
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                return await sink.token_works()
        except (DeliveryError, TimeoutError):
            return True  # as far as anybody knows

    async def _refused(self, trip: Voyage, error: DeliveryError) -> None:
        """The channel, or our place in it, is no more; unless the gateway knows better."""
        flight, now_ms = trip.flight, self._clock.now_ms()
        if flight.to_server:
            if error.remedy is Remedy.TOKEN:
                await self._fail(trip, error)
                return
            log.error("A server hears nothing any more: %s", error, extra=flight.names)
            await self._db.write(lambda conn: outcomes.unheard(conn, flight, str(error), now_ms))
            return
        access = trip.sink.access(flight.channel_id)
        until_ms = self._gates.refused(
            flight.guild_id, flight.channel_id, access, self._gates_ms(), now_ms
        )
        if until_ms is None:
            await self._not_taken(flight, error)
            return
        await self._db.write(
            lambda conn: outcomes.refused(conn, flight, error, now_ms, until_ms=until_ms)
        )
        self._moved()

    async def _plainer(self, trip: Voyage, error: DeliveryError) -> None:
        """The next form that Discord may take; after the last one the message is given up."""
        flight, now_ms = trip.flight, self._clock.now_ms()
        language = self._languages(flight.guild_id)
        for form in Form:
            if form > trip.form and render(flight, language, now_ms, form) != trip.alert:
                self._forms[flight.batch.leader] = form
                return
        self._forget(flight)
        opens = [row.id for row in flight.batch.rows if row.kind == "open"]
        if flight.edits:
            self._alone.update(opens)
            await self._db.write(lambda conn: outcomes.parted(conn, flight, str(error)))
        elif len(opens) > 1:
            self._alone.update(opens)
            await self._db.write(lambda conn: outcomes.released(conn, flight, str(error)))
        elif error.code == _AUTOMOD:
            # Blocked now, so an earlier attempt left nothing behind either.
            until_ms = now_ms + BLOCKED_MS
            await self._db.write(
                lambda conn: outcomes.released(conn, flight, str(error), not_before_ms=until_ms)
            )
        else:
            log.error("A message is refused even as a bare line: %s", error, extra=flight.names)
            await self._db.write(lambda conn: outcomes.dead(conn, flight, str(error), now_ms))


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
