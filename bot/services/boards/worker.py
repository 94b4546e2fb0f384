"""The boards as a sideline of delivery: what is due, and one step at a time."""

import asyncio
import logging
import time

from bot.clock import Clock
from bot.errors import DeliveryError
from bot.services.boards.failures import BoardFailures
from bot.services.boards.publisher import BoardCourier
from bot.services.boards.snapshot import Door, Truth, due_ms
from bot.services.boards.store import Kept, Ledger
from bot.services.delivery.dispatcher import Dispatcher
from bot.services.delivery.throttle import BLOCKED_MS
from bot.services.guilds import Guilds

log = logging.getLogger(__name__)

# Each look costs a little for each monitor of each board; news make the next one come at once.
LOOK_EVERY_S = 4.0
_LOOKS_APART_S = 1.0
# Looks take no more than this part of one processor, however many boards there are, as long as
# that does not make the boards untrue for longer than this.
_SHARE, _LONGEST_REST_S = 0.02, 30.0
# What Discord has for a board while no alert waits behind it in its channel.
_REQUEST_S = 20.0
_EDITS_CLOSED_MS = 15_000


class BoardLane:
    """Looks what boards no longer show the truth, and has delivery serve them after all alerts."""

    def __init__(
        self, clock: Clock, ledger: Ledger, truth: Truth, delivery: Dispatcher, guilds: Guilds
    ) -> None:
        self.door: Door | None = None
        self._clock = clock
        self._ledger = ledger
        self._truth = truth
        self._delivery = delivery
        self._courier = BoardCourier(clock, ledger, truth)
        self._failures = BoardFailures(clock, ledger, self._courier, delivery, guilds)
        self._stirred = asyncio.Event()
        self._spent_s = 0.0  # by the newest look
        # What delivery was last woken for.
        self._announced: dict[int, tuple[int | None, int]] = {}

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            self._stirred.clear()
            try:
                await self.look()
            except Exception:
                log.exception("the boards could not be looked at")
            rest_s = min(self._spent_s / _SHARE, _LONGEST_REST_S)
            await self._clock.sleep(max(_LOOKS_APART_S, rest_s))
            await self._rest()

    async def look(self) -> None:
        """Find out which boards need something, and when."""
        self._spent_s = 0.0
        for kept in self._ledger.all():
            begun = time.thread_time()
            kept.due_ms = self._due_of(kept)
            self._spent_s += time.thread_time() - begun
            await asyncio.sleep(0)  # many boards must not hold the loop
        due = {kept.board.channel_id: (kept.due_ms, kept.hold_ms) for kept in self._ledger.all()}
        if due != self._announced:
            self._announced = due
            self._delivery.wake()

    def due(self) -> dict[int, int]:
        """As delivery asks it of a sideline."""
        ahead_ms = self._clock.now_ms() - self._throttle_ms()
        return {
            kept.board.channel_id: max(kept.due_ms, kept.hold_ms + ahead_ms)
            for kept in self._ledger.all()
            if kept.due_ms is not None
        }

    def stir(self) -> None:
        """As delivery asks it of a sideline."""
        self._stirred.set()

    async def step(self, channel_id: int) -> bool | None:
        """As delivery asks it of a sideline. A board's fault stays with the board."""
        kept, door = self._ledger.find(channel_id), self.door
        if kept is None or door is None or not self._may(kept):
            return None
        try:
            return await self._carry(door, kept)
        except asyncio.CancelledError:
            self._failures.back_off(kept)  # cut short for an alert: that comes first
            raise
        finally:
            # Whatever is due from now on is news, also when it is what was announced before.
            self._announced.pop(channel_id, None)

    async def _carry(self, door: Door, kept: Kept) -> bool:
        posts = kept.board.message_id is None
        try:
            async with asyncio.timeout(_REQUEST_S):
                await self._courier.carry(door, kept)
        except DeliveryError as error:
            await self._failures.act(door, kept, error)
            return False
        except TimeoutError:
            log.warning("A board got no answer from Discord", extra=kept.board.names)
            self._failures.back_off(kept)
            return False
        except Exception:
            log.exception("A board failed", extra=kept.board.names)
            self._failures.back_off(kept)
            return False
        self._delivery.throttle.succeeded(kept.board.channel_id, posted=posts)
        kept.due_ms = self._due_of(kept)
        return True

    def _may(self, kept: Kept) -> bool:
        """Whether a board has something to do now, by the truth of this moment."""
        kept.due_ms, throttle_ms = self._due_of(kept), self._throttle_ms()
        if kept.due_ms is None or kept.due_ms > self._clock.now_ms() or kept.hold_ms > throttle_ms:
            return False
        if not self._delivery.may_try(kept.board.channel_id):
            kept.hold_ms = throttle_ms + BLOCKED_MS  # an event of its rights ends that
            return False
        edits = kept.board.message_id is not None and kept.board.removed_ms is None
        if edits and not self._delivery.throttle.edits_open(kept.board.channel_id, throttle_ms):
            kept.hold_ms = throttle_ms + _EDITS_CLOSED_MS
            return False
        return True

    def _due_of(self, kept: Kept) -> int | None:
        """When a board has something to do; one whose truth cannot be told rests."""
        try:
            return self._wanted_ms(kept)
        except Exception:
            log.exception("What a board has to show is not known", extra=kept.board.names)
            return None

    def _wanted_ms(self, kept: Kept) -> int | None:
        board = kept.board
        if board.removed_ms is not None:
            return 0
        face = None if self.door is None else self._truth.of(self.door, board)
        if face is None or board.asked_ms is not None:
            return None
        if board.message_id is None or kept.asked_for:
            return 0
        return due_ms(board, face, self._clock.now_ms())

    def _throttle_ms(self) -> int:
        return int(self._clock.monotonic() * 1000)

    async def _rest(self) -> None:
        """Until there are news, or for some seconds."""
        waits = (
            asyncio.ensure_future(self._stirred.wait()),
            asyncio.ensure_future(self._clock.sleep(LOOK_EVERY_S)),
        )
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
