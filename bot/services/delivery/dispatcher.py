"""Delivery: empties the outbox into Discord, one request in flight per channel."""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from bot.clock import Clock, rest
from bot.db import blocked_channels, outbox
from bot.db.blocked_channels import BlockedChannel
from bot.db.database import Connection, Database
from bot.db.outbox import Due
from bot.errors import DeliveryAction, DeliveryError
from bot.services.delivery import outcomes
from bot.services.delivery.attempts import AttemptRunner
from bot.services.delivery.messages import BackgroundWork, SentMessage, Transport
from bot.services.delivery.sender import Sender
from bot.services.delivery.throttle import BLOCKED_MS, RateLimiter, Throttle, blocked_until

log = logging.getLogger(__name__)

# After a fault of the loop itself (the database, say) it looks again so much later.
_STUMBLE_S = 1.0
# The whole outbox is looked through so much longer after the last time as that took: a full one
# must not keep the store busy.
_LOOKS_APART = 10


# What background work still has once an alert is due in its channel.
ASIDE_S = 1.0


@dataclass(frozen=True, slots=True)
class DeliveryProblems:
    """Blocked channels of a server. ``unreachable_ms``: since when nobody there can be reached.

    ``held_ms``: until when nothing that was refused is tried again, because all of Vigie has made
    too many invalid requests.
    """

    channels: tuple[BlockedChannel, ...]
    unreachable_ms: int | None
    held_ms: int | None = None


class Dispatcher:
    """The one reader of the outbox.

    ``languages`` names the language of a server. ``observers`` hear of each accepted message;
    ``on_token_refused`` is called when Discord no longer knows the token: nothing is sent then.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        languages: Callable[[int], str],
        *,
        rng: random.Random | None = None,
        on_token_refused: Callable[[DeliveryError], None] | None = None,
    ) -> None:
        self.observers: list[Callable[[SentMessage], None]] = []
        self.on_token_refused = on_token_refused
        self._db = db
        self._clock = clock
        self.throttle = Throttle(rng or random.Random())  # noqa: S311 - jitter is no secret
        self.runner = AttemptRunner(clock, self.throttle, self._stop_for_token)
        self.background: BackgroundWork | None = None
        self._sender = Sender(
            db,
            clock,
            languages,
            self.throttle,
            self.runner,
            observers=self.observers,
            moved=self.wake,
        )
        self._limiter = RateLimiter(clock)
        self._transport: Transport | None = None
        self._woken = asyncio.Event()
        self._busy: dict[int, asyncio.Task[int]] = {}
        self._background_limits: dict[int, asyncio.Timeout] = {}
        self._stopping = False
        self._known: dict[int, Due] = {}  # of the outbox, as last looked at
        self._changed: set[int] = set()  # channels that were served since
        self._news = True  # whatever else may have changed
        self._look_from_ms = 0

    def attach(self, transport: Transport) -> None:
        """Discord can be reached: from now on what is due is sent."""
        self._transport = self.runner.transport = transport
        self.wake()

    def wake(self) -> None:
        """There may be new work."""
        if self.background is not None:
            self.background.wake()
        self._news = True
        self.look_again()

    def look_again(self) -> None:
        """There may be new background work."""
        self.throttle.look_again()
        self._woken.set()

    def invalid_request(self) -> None:
        """Discord counts an answer against the whole process: a 401, 403 or 429."""
        self.throttle.refusals.invalid_request(self.runner.now_ms())

    def may_send_to(self, channel_id: int) -> bool:
        """False: the channel was refused, and the gateway says that we may not post there."""
        return not self.throttle.refusals.is_refused(channel_id) or self._may_open(channel_id)

    def readers_may_see(self, guild_id: int, place_id: int, channel_id: int) -> bool | None:
        """True: everybody who reads a place may see a channel too; None: not known now."""
        if self._transport is None:
            return None
        return self._transport.readers_may_see(guild_id, place_id, channel_id)

    async def rights_changed(self, guild_id: int, channel_ids: Iterable[int] | None = None) -> None:
        """Rights in these channels, or in all of a server, may have changed.

        A blocked one is tried again, within a minute, if the gateway says that we may post there.
        """
        blocked = await self._db.read(lambda conn: blocked_channels.of_guild(conn, guild_id))
        wanted = None if channel_ids is None else set(channel_ids)
        free = [
            one.channel_id
            for one in blocked
            if (wanted is None or one.channel_id in wanted)
            and self._may_open(one.channel_id, gone=one.reason == DeliveryAction.CHANNEL_GONE)
        ]
        if free:
            await self._db.write(lambda conn: blocked_channels.unblock(conn, *free))
            self.wake()

    def _may_open(self, channel_id: int, *, gone: bool = False) -> bool:
        """As far as the gateway knows; a channel that was deleted has to be seen again."""
        allowed = None if self._transport is None else self._transport.access(channel_id).allowed
        return bool(allowed) if gone else allowed is not False

    async def channel_chosen(self, guild_id: int, channel_id: int) -> None:
        """Alerts go to a channel from now on: it gets what was never sent in lost ones.

        Not of monitors that have a channel of their own: that one is chosen for its readers.
        """
        may_open = self._may_open(channel_id)

        def write(conn: Connection) -> None:
            if may_open:
                blocked_channels.unblock(conn, channel_id)
            for lost in blocked_channels.of_guild(conn, guild_id):
                if lost.channel_id != channel_id:
                    blocked_channels.move(conn, lost.channel_id, channel_id, default_only=True)

        await self._db.write(write)
        self.wake()

    async def channel_deleted(self, guild_id: int, channel_id: int) -> None:
        """A channel is gone for ever. If alerts went there, its server is notified elsewhere."""
        place, now_ms = (guild_id, channel_id), self._clock.now_ms()

        def write(conn: Connection) -> None:
            if blocked_channels.is_used(conn, *place):
                gone, until_ms = DeliveryAction.CHANNEL_GONE, now_ms + BLOCKED_MS
                outcomes.channel_lost(conn, *place, gone, now_ms, until_ms=until_ms)

        await self._db.write(write)
        self.wake()

    async def problems(self, guild_id: int) -> DeliveryProblems:
        left_ms = self.throttle.refusals.free_at() - self.runner.now_ms()
        held_ms = self._clock.now_ms() + left_ms if left_ms > 0 else None
        return await self._db.read(
            lambda conn: DeliveryProblems(
                tuple(blocked_channels.of_guild(conn, guild_id)),
                blocked_channels.unreachable_since(conn, guild_id),
                held_ms,
            )
        )

    async def run(self) -> None:
        """Deliver until :meth:`stop`. No fault of one channel or of the database ends it."""
        while not self._stopping:
            self._woken.clear()
            try:
                delay_s = await self._dispatch()
            except Exception:
                log.exception("Delivery failed, retrying")
                delay_s = _STUMBLE_S
            await rest(self._clock, self._woken, delay_s)

    async def deliver_due(self) -> int:
        """Send everything due now, one after the other; returns how many messages were taken."""
        self.throttle.look_again()
        count = 0
        while self._transport is not None:
            self._news, self._look_from_ms = True, 0
            due = await self._due()
            ready = self.throttle.ready(due, (), self.runner.now_ms())
            if not ready:
                break
            for channel_id in ready:
                count += await self._serve(self._transport, channel_id)
        return count

    async def stop(self, timeout_s: float) -> None:
        """Give due work ``timeout_s`` seconds; what is cut off is resent after the next start."""
        self._stopping = True
        self._woken.set()
        try:
            async with asyncio.timeout(timeout_s):
                await self._drain()
        except TimeoutError:
            log.warning("Delivery: %s channels did not finish in time", len(self._busy))
        tasks = list(self._busy.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _drain(self) -> None:
        self._news, self._look_from_ms = True, 0
        await self._dispatch()
        while self._busy:
            await asyncio.wait(self._busy.values())

    async def _dispatch(self) -> float | None:
        """Start a task for each channel that may send; returns seconds until the next one may."""
        if self._transport is None:
            return None
        due = await self._due()
        now_ms = self.runner.now_ms()
        for channel_id in self.throttle.ready(due, self._busy, now_ms):
            task = asyncio.create_task(
                self._serve(self._transport, channel_id, paced=True), name=f"delivery-{channel_id}"
            )
            self._busy[channel_id] = task
            task.add_done_callback(partial(self._served, channel_id))
        for channel_id in self._busy:
            if self._has_opening(channel_id):
                self._limiter.prefer(channel_id)
        next_ms = self.throttle.next_ms(due, self._busy)
        if self._news:  # it came too early to look again
            next_ms = min(self._look_from_ms, next_ms or self._look_from_ms)
        return None if next_ms is None else max(0.0, (next_ms - now_ms) / 1000)

    def _served(self, channel_id: int, _task: asyncio.Task[int]) -> None:
        self._busy.pop(channel_id, None)
        self._changed.add(channel_id)
        self._woken.set()

    async def _serve(self, transport: Transport, channel_id: int, *, paced: bool = False) -> int:
        """Send all that a channel has due, in order; returns how many messages were taken."""
        count = 0
        try:
            if await self._block_again(transport, channel_id):
                return 0
            while await self._turn(channel_id, paced=paced):
                step = await self._sender.step(transport, channel_id)
                if step is None:
                    step = await self._background_step(channel_id)
                if step is None:
                    self.throttle.nothing_to_do(channel_id, self.runner.now_ms(), idle=not count)
                    break
                count += step
                if not step and self.throttle.refusals.is_refused(channel_id):
                    break
        except Exception:
            log.exception("Delivery to channel failed", extra={"channel": channel_id})
            self.throttle.internal_error(channel_id, self.runner.now_ms())
        finally:
            self.throttle.breaker.give_back(channel_id)
        return count

    async def _block_again(self, transport: Transport, channel_id: int) -> bool:
        """A channel that was refused is not tried while the gateway says that we may not."""
        known = self._known.get(channel_id)
        refused = self.throttle.refusals.is_refused(channel_id) or (
            known is not None and known.blocked
        )
        access = transport.access(channel_id)
        if not refused or access.allowed is not False or known is None:
            return False
        place, now_ms = (known.guild_id, channel_id), self._clock.now_ms()
        reason, until_ms = DeliveryAction.CHANNEL_BLOCKED, blocked_until(access, now_ms)
        await self._db.write(
            lambda conn: outcomes.channel_lost(conn, *place, reason, now_ms, until_ms=until_ms)
        )
        self.wake()
        return True

    async def _turn(self, channel_id: int, *, paced: bool) -> bool:
        """True: a channel may send now; ``paced``: after waiting for its turn among all."""
        if paced and self.throttle.may_send(channel_id, self.runner.now_ms()):
            await self._limiter.wait_turn(channel_id, opening=self._has_opening(channel_id))
        return self.throttle.take(channel_id, self.runner.now_ms())

    async def _background_step(self, channel_id: int) -> bool | None:
        """Do background work; an alert that falls due meanwhile cuts it short."""
        if self.background is None:
            return None
        try:
            async with asyncio.timeout(None) as limit:
                self._background_limits[channel_id] = limit
                return await self.background.step(channel_id)
        except TimeoutError:
            return False
        finally:
            self._background_limits.pop(channel_id, None)

    def _cut_short(self, due: Mapping[int, int], now_ms: int) -> None:
        for channel_id, limit in self._background_limits.items():
            if limit.when() is None and due.get(channel_id, now_ms + 1) <= now_ms:
                limit.reschedule(asyncio.get_running_loop().time() + ASIDE_S)

    def _has_opening(self, channel_id: int) -> bool:
        known = self._known.get(channel_id)
        return known is not None and known.opening

    async def _due(self) -> dict[int, int]:
        """When each channel has something to send, on the throttle's clock."""
        now_ms = self._clock.now_ms()
        ahead_ms = self.runner.now_ms() - now_ms
        await self._look(now_ms)
        due = {}  # while a long list rests, its openings and edits are due later
        for channel_id, known in self._known.items():
            list_ms = self.throttle.list_opens_at(channel_id) - ahead_ms
            due[channel_id] = max(known.at_ms, min(known.others_ms, list_ms))
        self._cut_short(due, now_ms)
        if self.background is not None:
            for channel_id, due_ms in self.background.due().items():
                due[channel_id] = min(due_ms, due.get(channel_id, due_ms))
        return {channel_id: due_ms + ahead_ms for channel_id, due_ms in due.items()}

    async def _look(self, now_ms: int) -> None:
        """Read what is due where: of all channels after news, else of those just served."""
        changed, self._changed = self._changed, set()
        if self._news and self.runner.now_ms() >= self._look_from_ms:
            self._news = False
            begun = time.perf_counter()
            self._known = await self._db.read(lambda conn: outbox.due_by_channel(conn, now_ms))
            took_s = time.perf_counter() - begun
            self._look_from_ms = self.runner.now_ms() + round(
                min(1.0, took_s * _LOOKS_APART) * 1000
            )
        elif changed:
            found = await self._db.read(lambda conn: outbox.due_by_channel(conn, now_ms, changed))
            kept = {c: one for c, one in self._known.items() if c not in changed}
            self._known = kept | found

    def _stop_for_token(self, error: DeliveryError) -> None:
        log.critical("Discord no longer accepts the token: %s", error)
        if self.on_token_refused is not None:
            self.on_token_refused(error)
