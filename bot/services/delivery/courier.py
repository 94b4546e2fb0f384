"""Carries one message of one channel to Discord and acts on the answer."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

from bot.clock import HOUR_MS, Clock
from bot.db.database import Database
from bot.errors import DeliveryError, Remedy
from bot.services.delivery import adopt, fallback, settlement
from bot.services.delivery.claims import claim
from bot.services.delivery.flight import Flight
from bot.services.delivery.gates import Gates
from bot.services.delivery.messages import Action, Alert, Sent, Sink
from bot.services.delivery.plan import Verb
from bot.services.delivery.rendering import render

log = logging.getLogger(__name__)

# discord.py alone retries for 25 s and then may hang on a socket for 300 s.
SEND_TIMEOUT_S = 45.0
# A channel that is gone or refuses us is tried once in so long; permission events wake it sooner.
PARKED_MS = 6 * HOUR_MS
# Some payloads make Discord answer 500 for ever (hidden limits): now and then try without a card.
_PLAIN_FROM = 10
_PLAIN_EVERY = 4
_AUTOMOD = 200000  # a rule of the server's AutoMod blocked the message


class Courier:
    """One step for a channel: claim, render, send, settle."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        languages: Callable[[int], str],
        gates: Gates,
        *,
        told: Callable[[Sent], None],
        token_refused: Callable[[DeliveryError], None],
    ) -> None:
        self._db = db
        self._clock = clock
        self._languages = languages
        self._gates = gates
        self._told = told
        self._token_refused = token_refused
        self._refused: set[int] = set()  # leaders whose card Discord did not take

    async def step(self, sink: Sink, channel_id: int) -> bool | None:
        """Send what the channel needs next. True: sent; False: it failed; None: nothing is due."""
        now_ms = self._clock.now_ms()
        edits = self._gates.edits_open(channel_id, self._gates_ms())
        flight = await self._db.write(lambda conn: claim(conn, channel_id, now_ms, edits=edits))
        if flight is None:
            return None
        try:
            alert = render(
                flight, self._languages(flight.guild_id), now_ms, plain=self._is_plain(flight)
            )
            message_id = await self._send(sink, flight, alert)
        except DeliveryError as error:
            await self._act(flight, error)
            return False
        except adopt.NeverArrivedError:
            await self._db.write(lambda conn: settlement.released(conn, flight, "never arrived"))
            return False
        except Exception:
            log.exception("A message could not be made or sent", extra=flight.names)
            self._refused.add(flight.batch.leader)  # a card we cannot build must not silence us
            self._gates.stumbled(channel_id, self._gates_ms())
            return False
        await self._accept(flight, alert, message_id)
        return True

    def _gates_ms(self) -> int:
        return int(self._clock.monotonic() * 1000)

    def _is_plain(self, flight: Flight) -> bool:
        # Looking whether an old message arrived counts as an attempt too: hence pairs.
        stuck = flight.attempts >= _PLAIN_FROM and flight.attempts // 2 % _PLAIN_EVERY == 0
        return stuck or flight.batch.leader in self._refused

    async def _send(self, sink: Sink, flight: Flight, alert: Alert) -> int | None:
        """The id of the message; None when a human deleted it before we knew of it."""
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                return await self._hand_over(sink, flight, alert)
        except TimeoutError as error:
            raise DeliveryError("no answer from Discord", Remedy.RETRY) from error
        except DeliveryError as error:
            if error.remedy is Remedy.MESSAGE_GONE and not flight.edits:
                return None
            raise

    async def _hand_over(self, sink: Sink, flight: Flight, alert: Alert) -> int:
        if flight.edits:
            return await self._edit(sink, flight, alert)
        if flight.to_server:
            return await fallback.tell(self._db, sink, flight, alert)
        found = await adopt.standing(sink, flight, alert, self._clock.now_ms())
        if found is not None:
            log.info("A message stands already as %s", found, extra=flight.names)
            return found
        return await sink.post(
            flight.channel_id, alert, nonce=flight.nonce, reply_to=flight.reply_to
        )

    async def _edit(self, sink: Sink, flight: Flight, alert: Alert) -> int:
        message_id = flight.own_post.message_id
        if message_id is None:
            raise LookupError(f"an edit without a message: {flight.batch}")
        await sink.edit(flight.channel_id, message_id, alert)
        return message_id

    async def _accept(self, flight: Flight, alert: Alert, message_id: int | None) -> None:
        now_ms = self._clock.now_ms()
        await self._db.write(
            lambda conn: settlement.accepted(conn, flight, alert, message_id, now_ms)
        )
        # What people waited for it (the dwell time of healthchecks).
        late_s = (now_ms - min(row.not_before_ms for row in flight.batch.rows)) / 1000
        log.info("Discord took a message %.1f s after it was due", late_s, extra=flight.names)
        self._gates.succeeded(flight.channel_id, posted=not flight.edits)
        self._refused.discard(flight.batch.leader)
        action: Action = "post" if flight.reply_to is None else "reply"
        if flight.edits:
            action = "edit"
        self._told(Sent(action, now_ms, flight.channel_id, alert))

    async def _act(self, flight: Flight, error: DeliveryError) -> None:
        """What follows each error of Discord's."""
        now_ms = self._clock.now_ms()
        log.warning("Discord took no message: %s (%s)", error, error.remedy, extra=flight.names)
        match error.remedy:
            case Remedy.ARCHIVED if flight.edits:
                # It changed nothing, nor can it; what was to join the list gets its own post.
                self._gates.archived(flight.channel_id, self._gates_ms() + PARKED_MS)
                await self._db.write(lambda conn: settlement.released(conn, flight, str(error)))
            case Remedy.RETRY | Remedy.ARCHIVED:
                age_ms = now_ms - flight.first_try_ms
                self._gates.failed(flight.channel_id, flight.attempts, age_ms, self._gates_ms())
                await self._db.write(lambda conn: settlement.doubtful(conn, flight, str(error)))
            case Remedy.WAIT | Remedy.PAUSE:
                await self._wait(flight, error)
            case Remedy.HALT:
                self._gates.halt(self._gates_ms())
                await self._not_taken(flight, error)
            case Remedy.CHANNEL_GONE | Remedy.CHANNEL_BLOCKED:
                await self._park(flight, error, now_ms)
            case Remedy.MESSAGE_GONE:
                await self._db.write(lambda conn: settlement.lost(conn, flight, str(error), now_ms))
            case Remedy.REFUSED:
                await self._plainer(flight, error, now_ms)
            case Remedy.TOKEN:
                self._gates.shut = True
                await self._not_taken(flight, error)
                self._token_refused(error)

    async def _not_taken(self, flight: Flight, error: DeliveryError) -> None:
        await self._db.write(lambda conn: settlement.not_taken(conn, flight, str(error)))

    async def _wait(self, flight: Flight, error: DeliveryError) -> None:
        until_ms = self._gates_ms() + max(1, round(error.retry_after_s * 1000))
        if error.remedy is Remedy.PAUSE:
            self._gates.pause(until_ms)
        elif flight.verb is Verb.EDIT or (flight.verb is Verb.JOIN and not flight.doubt):
            self._gates.wait_edits(flight.channel_id, until_ms)
        else:
            self._gates.wait(flight.channel_id, until_ms)
        await self._not_taken(flight, error)

    async def _park(self, flight: Flight, error: DeliveryError, now_ms: int) -> None:
        if flight.to_server:
            log.error("A server hears nothing any more: %s", error, extra=flight.names)
            await self._db.write(lambda conn: settlement.unheard(conn, flight, str(error), now_ms))
            return
        await self._db.write(
            lambda conn: settlement.refused(conn, flight, error, now_ms, for_ms=PARKED_MS)
        )

    async def _plainer(self, flight: Flight, error: DeliveryError, now_ms: int) -> None:
        leader = flight.batch.leader
        if leader not in self._refused:
            self._refused.add(leader)
            return
        self._refused.discard(leader)
        if error.code == _AUTOMOD:
            # Its people can change the rule; what was blocked does not stand there.
            await self._park(replace(flight, doubt=False), error, now_ms)
            return
        log.error("A message is refused even as plain text: %s", error, extra=flight.names)
        await self._db.write(lambda conn: settlement.dead(conn, flight, str(error), now_ms))
