"""Keeps boards true: finds out which need something, and sends it behind all alerts."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Sequence

from bot.clock import DAY_MS, Clock, rest
from bot.db import blocked_channels
from bot.db.boards import Board
from bot.db.database import Connection
from bot.errors import DeliveryAction, DeliveryError
from bot.services.boards.state import (
    BoardSnapshot,
    BoardState,
    BoardStore,
    BoardTransport,
    Planned,
    edit_due_ms,
)
from bot.services.delivery import enqueue
from bot.services.delivery.attempts import (
    CHANNEL_REFUSED,
    CLOCKS_MS,
    NONCE_MS,
    Outcome,
    Outgoing,
    find_sent,
)
from bot.services.delivery.claim import new_nonce
from bot.services.delivery.dispatcher import Dispatcher
from bot.services.delivery.messages import EarlierAttempts, Notice
from bot.services.delivery.throttle import BLOCKED_MS
from bot.services.guilds import Guilds
from bot.services.status import MonitorStatus, Status, as_known, matching

log = logging.getLogger(__name__)

# So often boards are looked at whose server has stirred; news make the next look come at once.
# All others wait for what only time brings: maintenance, numbers.
LOOK_EVERY_S = 4.0
LOOKS_APART_S = 1.0
STILL_MS = 30_000
# Looks take no more than this part of one processor, however many boards there are, as long as
# that does not make the boards untrue for longer than this.
_SHARE, _LONGEST_REST_S = 0.02, 30.0
# What Discord has for a board while no alert waits behind it in its channel.
REQUEST_S = 20.0
_EDITS_CLOSED_MS = 15_000
_CHANNEL_DELETED = 10003
# With these Discord will never delete the message of a board nobody wants any more.
_OUT_OF_REACH = {
    *CHANNEL_REFUSED,
    DeliveryAction.MESSAGE_GONE,
    DeliveryAction.ARCHIVED,
    DeliveryAction.REFUSED,
}


class BoardPublisher:
    """The background work of delivery: what is due, and one board at a time."""

    def __init__(
        self,
        clock: Clock,
        store: BoardStore,
        *,
        delivery: Dispatcher,
        guilds: Guilds,
        status: Status,
        offline_ms: Callable[[], int | None],
    ) -> None:
        self.transport: BoardTransport | None = None
        self.clock = clock
        self.store = store
        self.delivery = delivery
        self.guilds = guilds
        self._status = status
        self._offline_ms = offline_ms
        self._woken = asyncio.Event()
        self._everything = True  # to look at, whether or not its server has stirred
        self._spent_s = 0.0  # by the newest look

    async def run(self) -> None:
        while True:
            self._woken.clear()
            everything, self._everything = self._everything, False
            try:
                await self.look(everything=everything)
            except Exception:
                log.exception("Boards could not be looked at")
            rest_s = min(self._spent_s / _SHARE, _LONGEST_REST_S)
            await self.clock.sleep(max(LOOKS_APART_S, rest_s))
            await rest(self.clock, self._woken, LOOK_EVERY_S)

    async def look(self, *, everything: bool = True) -> None:
        """Find out which boards have something to do: of all, or where something has stirred."""
        self._spent_s, now_ms = 0.0, self.clock.now_ms()
        states = list(self.store.by_channel.values())
        traces = {one: self._trace(one) for one in {state.board.guild_id for state in states}}
        for state in states:
            trace = traces[state.board.guild_id]
            is_recent = 0 <= now_ms - state.looked_ms < STILL_MS
            if is_recent and trace == state.trace and not everything:
                continue
            begun = time.thread_time()
            state.trace, state.looked_ms, state.due_ms = trace, now_ms, self._due_of(state)
            self._spent_s += time.thread_time() - begun
            self.delivery.look_again()
            await asyncio.sleep(0)  # many boards must not hold the loop

    def _trace(self, guild_id: int) -> object:
        """Equal to an earlier one: nothing but time and numbers has changed on its boards."""
        settings, trace = self.guilds.settings(guild_id), self._status.trace(guild_id)
        return self._offline_ms(), settings, trace

    def due(self) -> dict[int, int]:
        ahead_ms = self.clock.now_ms() - self.delivery.runner.now_ms()
        return {
            channel_id: max(state.due_ms, self._opens_at(state) + ahead_ms)
            for channel_id, state in self.store.by_channel.items()
            if state.due_ms is not None
        }

    def wake(self, *, everything: bool = False) -> None:
        """``everything``: a board may have to change though its sites and settings have not."""
        self._everything = self._everything or everything
        self._woken.set()

    def retry_now(self, state: BoardState) -> None:
        """End its waits: the obstacle may be gone."""
        state.attempts = 0
        self.delivery.throttle.release(state.board.channel_id, board=True)
        self.delivery.throttle.unarchived(state.board.channel_id)

    async def step(self, channel_id: int) -> bool | None:
        """Do what the board of a channel needs next, if it is due (see BackgroundWork)."""
        state, transport = self.store.by_channel.get(channel_id), self.transport
        if state is None or transport is None or not self._may_send(state):
            return None
        posts = state.board.message_id is None
        attempt = _Attempt(self, transport, state)
        if not await self.delivery.runner.run(attempt, attempt.send(), REQUEST_S):
            return False
        self.delivery.throttle.succeeded(channel_id, posted=posts, board=True)
        state.due_ms = self._due_of(state)
        return True

    def _opens_at(self, state: BoardState) -> int:
        return self.delivery.throttle.board_opens_at(state.board.channel_id)

    def _may_send(self, state: BoardState) -> bool:
        """By the truth of this moment."""
        board, throttle = state.board, self.delivery.throttle
        state.due_ms, now_ms = self._due_of(state), self.delivery.runner.now_ms()
        if state.due_ms is None or state.due_ms > self.clock.now_ms():
            return False
        if self._opens_at(state) > now_ms:
            return False
        wait_ms, edits = 0, board.message_id is not None and board.removed_ms is None
        if not self.delivery.may_send_to(board.channel_id):
            wait_ms = BLOCKED_MS  # an event of its rights ends that
        elif edits and not throttle.edits_open(board.channel_id, now_ms):
            wait_ms = _EDITS_CLOSED_MS
        if wait_ms:
            throttle.wait(board.channel_id, now_ms + wait_ms, board=True)
        return not wait_ms

    def _due_of(self, state: BoardState) -> int | None:
        """When a board has something to do; one that cannot be built rests."""
        board = state.board
        if board.removed_ms is not None:
            return 0
        try:
            snapshot = self.snapshot(board)
        except Exception:
            log.exception("Board could not be built", extra=board.names)
            return None
        if snapshot is None or board.asked_ms is not None:
            return None
        if board.message_id is None or state.requested:
            return 0
        return edit_due_ms(board, snapshot, self.clock.now_ms())

    def snapshot(self, board: Board) -> BoardSnapshot | None:
        """The content of a board, from memory; None while nobody knows who reads it.

        It names a monitor when everybody who can read the board can also read the channel in
        which that monitor's alerts go, or when they go nowhere.
        """
        if self.transport is None:
            return None
        everything = self._status.overview(board.guild_id)
        found = matching(everything, tag=board.tag or "")
        others = {one.channel_id for one in found if one.channel_id is not None}
        shared = self.transport.seen_by_readers(
            board.guild_id, board.channel_id, others - {board.channel_id}
        )
        if shared is None:
            return None
        readable = {None, board.channel_id, *shared}
        sites = tuple(as_known(found, readable))
        groups = {
            one.monitor.id: next((tag for tag in one.monitor.tags if tag != board.tag), "")
            for one in found
        }
        return BoardSnapshot(
            language=self.guilds.language(board.guild_id),
            sites=sites,
            at_ms=self.clock.now_ms(),
            offline_ms=self._offline_ms(),
            planned=tuple(self._planned(board.guild_id, sites)),
            title=board.title,
            groups=groups if board.grouped else None,
        )

    def _planned(self, guild_id: int, sites: Sequence[MonitorStatus]) -> Iterator[Planned]:
        """Maintenance of the next day, as far as it covers what the board shows."""
        names = {one.monitor.id: one.monitor.name for one in sites}
        tags = {tag for one in sites for tag in one.monitor.tags}
        for window, occurrence in self._status.planned(guild_id, DAY_MS):
            name = names.get(window.monitor_id or 0)
            if window.tag in tags:
                name = f"#{window.tag}"
            if name or (window.tag is None and window.monitor_id is None):
                yield Planned(name, occurrence.from_ms, occurrence.until_ms)


class _Attempt(Outgoing):
    """One attempt to do what a board needs.

    What fails waits by itself: it never blocks its channel, because alerts that go there must find
    out, and say, what they can no longer do.
    """

    board = True

    def __init__(
        self, publisher: BoardPublisher, transport: BoardTransport, state: BoardState
    ) -> None:
        now_ms, board = publisher.delivery.runner.now_ms(), state.board
        state.first_attempt_ms = state.first_attempt_ms if state.attempts else now_ms
        state.attempts += 1
        self._publisher = publisher
        self._store = publisher.store
        self._transport = transport
        self._state = state
        self.guild_id, self.channel_id, self.names = board.guild_id, board.channel_id, board.names
        self.edits = board.message_id is not None and board.removed_ms is None
        self.attempts = state.attempts

    def age_ms(self) -> int:
        return self._publisher.delivery.runner.now_ms() - self._state.first_attempt_ms

    async def send(self) -> None:
        board = self._state.board
        if board.removed_ms is not None:
            await self._take_away()
        elif board.message_id is None:
            await self._post()
        else:
            await self._edit(board.message_id)

    async def _edit(self, message_id: int) -> None:
        snapshot = self._publisher.snapshot(self._state.board)
        if snapshot is not None:
            await self._transport.edit(self.channel_id, message_id, snapshot)
            await self._posted(message_id, snapshot)

    async def _post(self) -> None:
        """With a nonce that is stored first: whatever dies when, there is one message."""
        found = await self._find_existing()
        if found is not None:
            await self._posted(found, None)
            return
        snapshot = self._publisher.snapshot(self._state.board)
        if snapshot is None:
            return
        before = self._state.board.nonce
        nonce = await self._nonce()
        message_id = await self._transport.post(self.channel_id, snapshot, nonce=nonce)
        # With the same nonce Discord may have answered with the earlier attempt's message.
        await self._posted(message_id, None if nonce == before else snapshot)
        await self._transport.pin(self.channel_id, message_id)

    async def _posted(self, message_id: int, shown: BoardSnapshot | None) -> None:
        """``shown`` None: what it shows is as old as an earlier attempt; the next step edits it."""
        state = self._state
        await self._store.change(
            state,
            message_id=message_id,
            nonce=None,
            words=None if shown is None else shown.words_hash,
            numbers=None if shown is None else shown.numbers_hash,
            edited_ms=None if shown is None else self._publisher.clock.now_ms(),
        )
        state.attempts, state.requested = 0, False
        state.outcome_known.set()

    async def _nonce(self) -> str:
        """The nonce of the attempt that begins now; that of the one before while Discord knows it.

        Random, so that no alert ever has the same.
        """
        board, now_ms = self._state.board, self._publisher.clock.now_ms()
        if board.nonce is not None and 0 <= now_ms - (board.first_try_ms or 0) <= NONCE_MS:
            await self._store.change(self._state, last_try_ms=now_ms)
            return board.nonce
        nonce = new_nonce()
        await self._store.change(self._state, nonce=nonce, first_try_ms=now_ms, last_try_ms=now_ms)
        return nonce

    async def _find_existing(self) -> int | None:
        """The message of an earlier attempt, where its nonce no longer decides."""
        board = self._state.board
        if board.nonce is None:
            return None
        earlier = EarlierAttempts(board.first_try_ms or 0, board.last_try_ms or 0)
        return await find_sent(earlier, self._publisher.clock.now_ms(), self._find)

    async def _find(self, since_ms: int) -> int | None:
        # A channel has one board at a time: those made before this one are none of ours.
        since_ms = max(since_ms, self._state.board.created_ms - CLOCKS_MS)
        return await self._transport.find(self.channel_id, since_ms=since_ms)

    async def _take_away(self) -> None:
        """Delete its message, if that is in reach, and forget it unless it is wanted by now."""
        board = self._state.board
        message_id = board.message_id
        try:
            if message_id is None and board.nonce is not None:
                message_id = await self._find((board.first_try_ms or 0) - CLOCKS_MS)
            if message_id is not None:
                await self._transport.delete(board.channel_id, message_id)
        except DeliveryError as error:
            if error.action not in _OUT_OF_REACH:
                raise
        if self._state.board.removed_ms is None:
            await self._store.change(self._state, message_id=None, nonce=None)
        else:
            await self._store.forget(self._state)

    async def note(self, outcome: Outcome, error: DeliveryError, until_ms: int = 0) -> None:
        match outcome:
            case Outcome.MESSAGE_DELETED:
                await self._message_deleted()
            case Outcome.CHANNEL_REFUSED if error.code == _CHANNEL_DELETED:
                await self._store.forget(self._state)
                self._state.outcome_known.set()
            case Outcome.CHANNEL_REFUSED:
                self._wait(until_ms - self._publisher.clock.now_ms())
            case Outcome.REJECTED | Outcome.NEVER_SENT:  # as it is, or in an archived thread
                self._wait(BLOCKED_MS)

    def _wait(self, for_ms: int) -> None:
        """It goes on by an event of its channel or roles, and once in so long by itself."""
        until_ms = self._publisher.delivery.runner.now_ms() + max(1, for_ms)
        self._publisher.delivery.throttle.wait(self.channel_id, until_ms, board=True)
        self._state.outcome_known.set()

    async def _message_deleted(self) -> None:
        """Somebody deleted it: perhaps by mistake. Who does so again is asked."""
        publisher, state, board = self._publisher, self._state, self._state.board
        now_ms = publisher.clock.now_ms()
        if state.requested:
            await self._store.change(state, message_id=None, nonce=None)
            return
        if board.recreated_ms is None:
            await self._store.change(state, message_id=None, nonce=None, recreated_ms=now_ms)
            return
        language = publisher.guilds.language(board.guild_id)
        text = self._transport.question(language, board.channel_id)
        question = Notice("notice", text=text, user_id=board.created_by)

        def ask(conn: Connection) -> None:
            enqueue.notice(conn, board.guild_id, self._alert_channel(conn), question, now_ms)

        await self._store.change(state, ask, message_id=None, nonce=None, asked_ms=now_ms)
        publisher.delivery.wake()

    def _alert_channel(self, conn: Connection) -> int:
        """The alert channel, if there is one that takes messages; else whoever can be reached."""
        guild_id, now_ms = self.guild_id, self._publisher.clock.now_ms()
        alerts_id = self._publisher.guilds.settings(guild_id).channel_id
        if alerts_id is None:
            return -guild_id
        channel_id = blocked_channels.current_channel(conn, guild_id, alerts_id, now_ms)
        return -guild_id if blocked_channels.is_blocked(conn, channel_id, now_ms) else channel_id
