"""Boards: made and removed by people, state true by themselves."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.clock import Clock
from bot.db import audit_log
from bot.db.boards import Board
from bot.db.database import Connection, Database
from bot.errors import NotFound, UserError
from bot.services.audit_log import Actor, AuditEvent
from bot.services.boards.publisher import BoardPublisher
from bot.services.boards.state import BoardState, BoardStore, BoardTransport
from bot.services.delivery.dispatcher import Dispatcher
from bot.services.guilds import Guilds, owned
from bot.services.status import Status, matching

# So many boards a server may have: each is edited every few minutes, for ever.
MAX_BOARDS = 25
TITLE_LIMIT = 60


@dataclass(frozen=True, slots=True)
class CreateResult:
    board: Board
    fresh: bool


class Boards:
    """The live status messages of all servers. ``offline_ms``: since when Vigie is offline."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        guilds: Guilds,
        status: Status,
        delivery: Dispatcher,
        offline_ms: Callable[[], int | None],
    ) -> None:
        self._clock = clock
        self._guilds = guilds
        self._status = status
        self._store = BoardStore(db)
        self.publisher = BoardPublisher(
            clock,
            self._store,
            delivery=delivery,
            guilds=guilds,
            status=status,
            offline_ms=offline_ms,
        )
        self._lock = asyncio.Lock()
        delivery.background = self.publisher

    async def load(self) -> None:
        await self._store.load()

    def attach(self, transport: BoardTransport) -> None:
        self.publisher.transport = transport
        self.wake()

    def wake(self) -> None:
        """Something changed that boards may have to show: look at all of them soon."""
        self.publisher.wake(everything=True)

    async def run(self) -> None:
        await self.publisher.run()

    def find(self, guild_id: int, channel_id: int) -> Board | None:
        """The board of a channel, one that waits for people's answer included."""
        found = (one for one in self.of_guild(guild_id) if one.channel_id == channel_id)
        return next(found, None)

    def of_guild(self, guild_id: int) -> list[Board]:
        """The boards of a server that are not removed, those that were deleted in Discord too."""
        found = [state.board for state in self._store.of_guild(guild_id)]
        return [board for board in found if board.removed_ms is None]

    async def create(
        self,
        guild_id: int,
        channel_id: int,
        by: int,
        tag: str | None = None,
        *,
        title: str | None = None,
        grouped: bool = False,
    ) -> CreateResult:
        """Have a board in a channel; one that is there already is edited at once.

        ``tag``: of sites with this tag alone. ``grouped``: by the first tag of each. One that looks
        otherwise is changed.

        Raises UserError when the server has as many as it may.
        """
        look: dict[str, Any] = {"tag": tag, "title": title, "grouped": int(grouped)}
        current = self.find(guild_id, channel_id)
        if current is None or not current.looks(**look):
            self._guilds.check_owner(guild_id, owned("board", channel_id), by)
        async with self._lock:
            state = self._store.by_channel.get(channel_id)
            is_wanted = state is not None and state.board.wanted
            if state is None:
                board = await self._new(
                    Board(channel_id, guild_id, by, self._clock.now_ms(), **look)
                )
            else:
                board = await self._show_again(state, by, look)
        await self.publisher.look()
        return CreateResult(board, fresh=not is_wanted)

    async def remove(self, guild_id: int, channel_id: int, by: int) -> None:
        """Forget the board of a channel; its message goes as soon as Discord can be reached.

        Raises NotFound.
        """
        self._guilds.check_owner(guild_id, owned("board", channel_id), by)
        async with self._lock:
            state = self._store.by_channel.get(channel_id)
            if state is None or self.find(guild_id, channel_id) is None:
                raise NotFound("There is no board in that channel.")
            self.publisher.retry_now(state)
            logged = self._log_change(AuditEvent.BOARD_REMOVED, state.board, by)
            await self._store.change(state, logged, removed_ms=self._clock.now_ms())
        await self.publisher.look()

    async def message_of(self, channel_id: int, wait_s: float) -> int | None:
        """The id of the message of a board just asked for, None: Discord has not taken it yet.

        Waits so long for Discord to say that it stands.
        """
        state = self._store.by_channel.get(channel_id)
        if state is None:
            return None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await state.outcome_known.wait()
        return state.board.message_id

    def left_out(self, guild_id: int, channel_id: int) -> list[int]:
        """The monitors a board hides, because not all its readers may know of them."""
        state = self._store.by_channel.get(channel_id)
        snapshot = None if state is None else self.publisher.snapshot(state.board)
        if state is None or snapshot is None:
            return []
        shown = {one.monitor.id for one in snapshot.sites}
        found = matching(self._status.overview(guild_id), tag=state.board.tag or "")
        everything = (one.monitor.id for one in found)
        return [monitor_id for monitor_id in everything if monitor_id not in shown]

    async def channel_deleted(self, channel_id: int) -> None:
        state = self._store.by_channel.get(channel_id)
        if state is not None:
            await self._store.forget(state)

    def retry(self, guild_id: int, channel_id: int | None = None) -> None:
        """Something about a channel, or all of them, changed (a permission, say): try now."""
        for state in self._store.of_guild(guild_id):
            if channel_id in {None, state.board.channel_id}:
                self.publisher.retry_now(state)
        self.wake()

    async def guild_back(self, guild_id: int) -> None:
        await self._store.load_guild(guild_id)
        self.wake()

    def guild_left(self, guild_id: int) -> None:
        """Vigie was removed from a server; what is stored of it stays for its return."""
        for state in self._store.of_guild(guild_id):
            del self._store.by_channel[state.board.channel_id]

    async def _new(self, board: Board) -> Board:
        if len(self._store.of_guild(board.guild_id)) >= MAX_BOARDS:
            raise UserError("This server already has {n} boards. Remove one first.", n=MAX_BOARDS)
        await self._guilds.ensure(board.guild_id)
        logged = self._log_change(AuditEvent.BOARD_CREATED, board, board.created_by)
        return await self._store.add(board, logged)

    async def _show_again(self, state: BoardState, by: int, look: dict[str, Any]) -> Board:
        """Ask Discord at once if it still stands, for somebody wants to see it."""
        self.publisher.retry_now(state)
        state.requested = True
        state.outcome_known.clear()
        if not state.board.wanted:  # it was to go, or was deleted twice
            logged = self._log_change(AuditEvent.BOARD_CREATED, state.board, by)
            await self._store.change(
                state, logged, created_by=by, removed_ms=None, asked_ms=None, recreated_ms=None
            )
        if not state.board.looks(**look):
            await self._store.change(state, **look)
        return state.board

    def _log_change(self, event: AuditEvent, board: Board, by: int) -> Callable[[Connection], None]:
        actor = Actor(board.guild_id, by, self._clock.now_ms())
        done = actor.did(event, after=board.channel_id)
        return lambda conn: audit_log.insert(conn, [done])
