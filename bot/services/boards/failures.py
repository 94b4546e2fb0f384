"""What a board does when Discord does not take it: wait, be made again, ask, or be forgotten."""

import logging
import random

from bot.clock import Clock
from bot.db import blocked_channels
from bot.db.database import Connection
from bot.errors import DeliveryAction, DeliveryError
from bot.services.boards.publisher import BoardCourier
from bot.services.boards.snapshot import Door
from bot.services.boards.store import Kept, Ledger
from bot.services.delivery import enqueue, throttle
from bot.services.delivery.dispatcher import Dispatcher
from bot.services.delivery.messages import Notice
from bot.services.delivery.throttle import BLOCKED_MS, HALT_MS
from bot.services.guilds import Guilds

log = logging.getLogger(__name__)

_CHANNEL_DELETED = 10003
# With these Discord will never delete the message of a board nobody wants any more.
_OUT_OF_REACH = {
    DeliveryAction.MESSAGE_GONE,
    DeliveryAction.CHANNEL_GONE,
    DeliveryAction.CHANNEL_BLOCKED,
    DeliveryAction.ARCHIVED,
    DeliveryAction.REFUSED,
}


class BoardFailures:
    """What follows each error of Discord's.

    A board waits by itself: it never parks its channel, because alerts that go there must find
    out, and say, what they can no longer do.
    """

    def __init__(
        self,
        clock: Clock,
        ledger: Ledger,
        courier: BoardCourier,
        delivery: Dispatcher,
        guilds: Guilds,
    ) -> None:
        self._clock = clock
        self._ledger = ledger
        self._courier = courier
        self._delivery = delivery
        self._guilds = guilds
        self._rng = random.Random()  # noqa: S311 - jitter is no secret

    async def act(self, door: Door, kept: Kept, error: DeliveryError) -> None:
        board = kept.board
        log.info("A board was not shown: %s (%s)", error, error.action, extra=board.names)
        if board.removed_ms is not None and error.action in _OUT_OF_REACH:
            await self._courier.taken_away(kept)
            return
        match error.action:
            case DeliveryAction.MESSAGE_GONE:
                await self._deleted(door, kept)
            case DeliveryAction.RETRY | DeliveryAction.UNREADABLE:
                if error.action is DeliveryAction.RETRY:
                    self._note_absence(kept)
                self.back_off(kept)
            case DeliveryAction.WAIT | DeliveryAction.PAUSE | DeliveryAction.HALT:
                self._wait(kept, error)
            case (
                DeliveryAction.TOKEN | DeliveryAction.CHANNEL_GONE | DeliveryAction.CHANNEL_BLOCKED
            ):
                await self._refused(kept, error)
            case _:
                if error.action is DeliveryAction.REFUSED:
                    log.error("A board is refused as it is: %s", error, extra=board.names)
                # It goes on by an event of its channel or roles, and once in so long by itself.
                self._hold(kept, BLOCKED_MS)
                kept.news.set()

    def _wait(self, kept: Kept, error: DeliveryError) -> None:
        wait_ms = round(error.retry_after_s * 1000)
        if error.action is DeliveryAction.PAUSE:
            self._delivery.throttle.pause(self._throttle_ms() + wait_ms)
            return
        # Alerts find out themselves whether a halt is meant for all.
        self._hold(kept, HALT_MS if error.action is DeliveryAction.HALT else wait_ms)

    async def _refused(self, kept: Kept, error: DeliveryError) -> None:
        """Judged like a refused alert: by what the gateway knows, and not by one answer."""
        if error.action is DeliveryAction.TOKEN and not await self._delivery.token_works(error):
            return
        board, now_ms = kept.board, self._clock.now_ms()
        until_ms = self._delivery.refused(board.guild_id, board.channel_id)
        if until_ms is None:
            self.back_off(kept)
        elif error.code == _CHANNEL_DELETED:
            await self._ledger.forget(kept)
            kept.news.set()
        else:
            self._hold(kept, until_ms - now_ms)
            kept.news.set()

    def back_off(self, kept: Kept) -> None:
        """Try again, the later the longer it has failed."""
        now_ms = self._throttle_ms()
        kept.failing_ms = kept.failing_ms if kept.failures else now_ms
        kept.failures += 1
        delay_s = throttle.backoff_s(kept.failures, now_ms - kept.failing_ms, self._rng)
        self._hold(kept, round(delay_s * 1000))

    async def _deleted(self, door: Door, kept: Kept) -> None:
        """Somebody deleted it: perhaps by mistake. Who does so again is asked."""
        now_ms, board = self._clock.now_ms(), kept.board
        if kept.asked_for:
            await self._ledger.change(kept, message_id=None, nonce=None)
            return
        if board.recreated_ms is None:
            await self._ledger.change(kept, message_id=None, nonce=None, recreated_ms=now_ms)
            return
        language = self._guilds.language(board.guild_id)
        asked = Notice(
            "notice", text=door.question(language, board.channel_id), user_id=board.created_by
        )

        def ask(conn: Connection) -> None:
            enqueue.notice(conn, board.guild_id, self._where(conn, kept), asked, now_ms)

        await self._ledger.change(kept, ask, message_id=None, nonce=None, asked_ms=now_ms)
        self._delivery.wake()

    def _where(self, conn: Connection, kept: Kept) -> int:
        """The alert channel, if there is one that takes messages; else whoever can be reached."""
        guild_id, now_ms = kept.board.guild_id, self._clock.now_ms()
        alerts_id = self._guilds.settings(guild_id).channel_id
        if alerts_id is None:
            return -guild_id
        channel_id = blocked_channels.current_channel(conn, guild_id, alerts_id, now_ms)
        return -guild_id if blocked_channels.is_blocked(conn, channel_id, now_ms) else channel_id

    def _hold(self, kept: Kept, for_ms: int) -> None:
        kept.hold_ms = self._throttle_ms() + max(1, for_ms)

    def _note_absence(self, kept: Kept) -> None:
        """While Discord is down a trial has failed; that it is, boards alone do not decide.

        Some payloads make it answer 500 for ever (hidden limits), and no alert must wait for that.
        """
        breaker = self._delivery.throttle.breaker
        if breaker.down:
            breaker.failed(kept.board.channel_id, self._throttle_ms())

    def _throttle_ms(self) -> int:
        return int(self._clock.monotonic() * 1000)
