"""Delivery: empties the outbox into Discord, one request in flight per channel."""

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from bot.clock import Clock
from bot.db import notifications, parking
from bot.db.database import Connection, Database
from bot.db.parking import Parked
from bot.errors import DeliveryError, Remedy
from bot.services.delivery import settlement
from bot.services.delivery.courier import PARKED_MS, Courier
from bot.services.delivery.gates import Gates
from bot.services.delivery.messages import Sent, Sink
from bot.services.delivery.pace import Pace
from bot.services.delivery.sideline import Sidelines

log = logging.getLogger(__name__)

# After a fault of the loop itself (the database, say) it looks again so much later.
_STUMBLE_S = 1.0


@dataclass(frozen=True, slots=True)
class Troubles:
    """What of a server cannot be reached. ``unheard_ms``: since when nobody there could be told."""

    channels: tuple[Parked, ...]
    unheard_ms: int | None


class Delivery:
    """The one reader of the outbox.

    ``languages`` names the language of a server. ``observers`` hear of each accepted message;
    ``on_token_refused`` is told when Discord no longer knows the token: nothing is sent after that.
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
        self.observers: list[Callable[[Sent], None]] = []
        self.on_token_refused = on_token_refused
        self._db = db
        self._clock = clock
        jitter = rng or random.Random()  # noqa: S311 - jitter is no secret
        self.gates = Gates(jitter)
        self.sidelines = Sidelines()
        self._courier = Courier(
            db, clock, languages, self.gates, told=self._tell, token_refused=self._shut
        )
        self._pace = Pace()
        self._sink: Sink | None = None
        self._woken = asyncio.Event()
        self._busy: dict[int, asyncio.Task[int]] = {}
        self._stopping = False

    def attach(self, sink: Sink) -> None:
        """Discord can be reached: from now on what is due is sent."""
        self._sink = sink
        self.wake()

    def wake(self) -> None:
        """There may be new work."""
        self.gates.rouse()
        self.sidelines.stir()
        self._woken.set()

    async def unpark(self, channel_id: int) -> None:
        """Something about a channel changed (a permission, say): try it again now."""
        if await self._db.write(lambda conn: parking.unpark(conn, channel_id)):
            self.wake()

    async def guild_back(self, guild_id: int) -> None:
        """Vigie is in a server (again): whatever it could not post there is tried now."""
        if await self._db.read(lambda conn: parking.of_guild(conn, guild_id)):
            await self._db.write(lambda conn: parking.unpark_guild(conn, guild_id))
        self.wake()

    async def channel_chosen(self, guild_id: int, channel_id: int) -> None:
        """Alerts go to a channel from now on: it gets what lost channels were never told."""

        def write(conn: Connection) -> None:
            parking.unpark(conn, channel_id)
            for lost in parking.of_guild(conn, guild_id):
                parking.move(conn, lost.channel_id, channel_id)

        await self._db.write(write)
        self.wake()

    async def channel_deleted(self, guild_id: int, channel_id: int) -> None:
        """A channel is gone for ever. If alerts went there, its server is told elsewhere."""
        now_ms = self._clock.now_ms()

        def write(conn: Connection) -> None:
            if parking.is_used(conn, guild_id, channel_id):
                settlement.lose(
                    conn, guild_id, channel_id, Remedy.CHANNEL_GONE, now_ms, for_ms=PARKED_MS
                )

        await self._db.write(write)
        self.wake()

    async def troubles(self, guild_id: int) -> Troubles:
        """The channels of a server that refuse alerts, for ``/status`` and ``/doctor``."""
        return await self._db.read(
            lambda conn: Troubles(
                tuple(parking.of_guild(conn, guild_id)), parking.unheard_since(conn, guild_id)
            )
        )

    async def run(self) -> None:
        """Deliver until :meth:`stop`. No fault of one channel or of the database ends it."""
        while not self._stopping:
            self._woken.clear()
            try:
                delay_s = await self._dispatch()
            except Exception:
                log.exception("delivery stumbled")
                delay_s = _STUMBLE_S
            await self._rest(delay_s)

    async def deliver_due(self) -> int:
        """Send everything due now, one after the other; returns how many messages were taken."""
        self.gates.rouse()
        count = 0
        while self._sink is not None:
            due = await self._due()
            ready = self.gates.ready(due, (), self._now())
            if not ready:
                break
            for channel_id in ready:
                count += await self._serve(self._sink, channel_id)
        return count

    async def stop(self, timeout_s: float) -> None:
        """Give due work ``timeout_s`` seconds; what is cut off is resent after the next start."""
        self._stopping = True
        self._woken.set()
        try:
            async with asyncio.timeout(timeout_s):
                await self._drain()
        except TimeoutError:
            log.warning("delivery: %s channels did not finish in time", len(self._busy))
        tasks = list(self._busy.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _drain(self) -> None:
        await self._dispatch()
        while self._busy:
            await asyncio.wait(self._busy.values())

    async def _dispatch(self) -> float | None:
        """Start a task for each channel that may send; returns seconds until the next one may."""
        if self._sink is None:
            return None
        due = await self._due()
        now_ms = self._now()
        for channel_id in self.gates.ready(due, self._busy, now_ms):
            task = asyncio.create_task(
                self._serve(self._sink, channel_id, paced=True), name=f"delivery-{channel_id}"
            )
            self._busy[channel_id] = task
            task.add_done_callback(partial(self._served, channel_id))
        next_ms = self.gates.next_ms(due, self._busy)
        return None if next_ms is None else max(0.0, (next_ms - now_ms) / 1000)

    def _served(self, channel_id: int, _task: asyncio.Task[int]) -> None:
        self._busy.pop(channel_id, None)
        self._woken.set()

    async def _serve(self, sink: Sink, channel_id: int, *, paced: bool = False) -> int:
        """Send all that a channel has due, in order; returns how many messages were taken."""
        count = 0
        try:
            while await self._turn(channel_id, paced=paced):
                step = await self._courier.step(sink, channel_id)
                if step is None:
                    step = await self.sidelines.step(channel_id)
                if step is None and not count:
                    self.gates.rest(channel_id, self._now())
                if step is None:
                    break
                count += step
        except Exception:
            log.exception("A channel stumbled", extra={"channel": channel_id})
            self.gates.stumbled(channel_id, self._now())
        return count

    async def _turn(self, channel_id: int, *, paced: bool) -> bool:
        """Whether a channel may send now; ``paced``: after waiting for its turn among all."""
        if paced and self._may_send(channel_id):
            wait_s = self._pace.turn_s(self._clock.monotonic())
            if wait_s:
                await self._clock.sleep(wait_s)
        return self._may_send(channel_id)

    async def _due(self) -> dict[int, int]:
        """When each channel has something to send, on the gates' clock."""
        now_ms = self._clock.now_ms()
        ahead_ms = self._now() - now_ms
        due = await self._db.read(lambda conn: notifications.due_by_channel(conn, now_ms))
        due = self.sidelines.beside(due, now_ms)
        return {channel_id: due_ms + ahead_ms for channel_id, due_ms in due.items()}

    def _now(self) -> int:
        """Milliseconds that never go back: what the gates count in."""
        return int(self._clock.monotonic() * 1000)

    def _may_send(self, channel_id: int) -> bool:
        return not self.gates.shut and self.gates.opens_at(channel_id) <= self._now()

    async def _rest(self, delay_s: float | None) -> None:
        """Sleep until woken, or for so long."""
        waits: list[asyncio.Task[Any]] = [asyncio.create_task(self._woken.wait())]
        if delay_s is not None:
            waits.append(asyncio.create_task(self._clock.sleep(delay_s)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def _tell(self, sent: Sent) -> None:
        for observer in self.observers:
            observer(sent)

    def _shut(self, error: DeliveryError) -> None:
        log.critical("Discord no longer accepts the token: %s", error)
        if self.on_token_refused is not None:
            self.on_token_refused(error)
