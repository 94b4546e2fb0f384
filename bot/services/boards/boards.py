"""Boards: made and removed by people, kept true by themselves."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from bot.clock import Clock
from bot.db import audit_log
from bot.db.boards import Board
from bot.db.database import Connection, Database
from bot.errors import NotFound, UserError
from bot.services.audit_log import Actor, AuditEvent
from bot.services.boards.snapshot import Door, Truth
from bot.services.boards.store import Kept, Ledger
from bot.services.boards.worker import BoardLane
from bot.services.delivery.dispatcher import Dispatcher
from bot.services.guilds import Guilds
from bot.services.status import Status

# So many boards a server may have: each is edited every few minutes, for ever.
MAX_BOARDS = 25


@dataclass(frozen=True, slots=True)
class Made:
    """What came of asking for a board. ``fresh``: there was none."""

    board: Board
    fresh: bool


class Boards:
    """The live status messages of all servers.

    ``blind_ms`` tells since when Vigie itself is offline.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        guilds: Guilds,
        status: Status,
        delivery: Dispatcher,
        blind_ms: Callable[[], int | None],
    ) -> None:
        self._clock = clock
        self._guilds = guilds
        self._status = status
        self._ledger = Ledger(db)
        self._truth = Truth(clock, guilds, status, blind_ms)
        self.lane = BoardLane(clock, self._ledger, self._truth, delivery, guilds)
        self._lock = asyncio.Lock()
        delivery.sidelines.add(self.lane)

    async def load(self) -> None:
        """Read back the boards of the servers Vigie is in."""
        await self._ledger.load()

    def attach(self, door: Door) -> None:
        """Discord can be reached."""
        self.lane.door = door
        self.lane.stir()

    def stir(self) -> None:
        """Something changed that boards may have to show: look at them soon."""
        self.lane.stir()

    async def run(self) -> None:
        """Keep all boards true until cancelled."""
        await self.lane.run()

    def find(self, guild_id: int, channel_id: int) -> Board | None:
        """The board of a channel, one that waits for people's answer included."""
        kept = self._ledger.find(channel_id)
        if kept is None or kept.board.guild_id != guild_id or kept.board.removed_ms is not None:
            return None
        return kept.board

    def of_guild(self, guild_id: int) -> list[Board]:
        """The boards of a server that are not removed, those that were deleted in Discord too."""
        found = [kept.board for kept in self._ledger.of_guild(guild_id)]
        return [board for board in found if board.removed_ms is None]

    async def create(self, guild_id: int, channel_id: int, by: int) -> Made:
        """Have a board in a channel; one that is there already is edited at once.

        Raises UserError when the server has as many as it may.
        """
        async with self._lock:
            kept = self._ledger.find(channel_id)
            if kept is None:
                made = Made(await self._new(guild_id, channel_id, by), fresh=True)
            elif kept.board.wanted:
                kept.ask_for()
                made = Made(kept.board, fresh=False)
            else:
                await self._again(kept, by)
                made = Made(kept.board, fresh=True)
        await self.lane.look()
        return made

    async def remove(self, guild_id: int, channel_id: int, by: int) -> None:
        """Forget the board of a channel; its message goes as soon as Discord can be reached.

        Raises NotFound.
        """
        async with self._lock:
            kept = self._ledger.find(channel_id)
            if kept is None or self.find(guild_id, channel_id) is None:
                raise NotFound("There is no board in that channel.")
            kept.go_on()
            noted = self._noting(AuditEvent.BOARD_REMOVED, kept.board, by)
            await self._ledger.change(kept, noted, removed_ms=self._clock.now_ms())
        await self.lane.look()

    async def message_of(self, channel_id: int, wait_s: float) -> int | None:
        """The id of the message of a board just asked for, None: Discord has not taken it yet.

        Waits so long for Discord to say that it stands.
        """
        kept = self._ledger.find(channel_id)
        if kept is None:
            return None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await kept.news.wait()
        return kept.board.message_id

    def left_out(self, guild_id: int, channel_id: int) -> int:
        """How many monitors a board hides, because not all its readers may know of them."""
        kept, door = self._ledger.find(channel_id), self.lane.door
        face = None if kept is None or door is None else self._truth.of(door, kept.board)
        return 0 if face is None else len(self._status.overview(guild_id)) - len(face.sites)

    async def channel_deleted(self, channel_id: int) -> None:
        """A channel is gone for ever, and its board with it."""
        kept = self._ledger.find(channel_id)
        if kept is not None:
            await self._ledger.forget(kept)

    def retry(self, guild_id: int, channel_id: int | None = None) -> None:
        """Something about a channel, or all of them, changed (a permission, say): try now."""
        for kept in self._ledger.of_guild(guild_id):
            if channel_id in {None, kept.board.channel_id}:
                kept.go_on()
        self.lane.stir()

    async def guild_back(self, guild_id: int) -> None:
        """Vigie is in a server (again)."""
        await self._ledger.load_guild(guild_id)
        self.stir()

    def guild_left(self, guild_id: int) -> None:
        """Vigie was removed from a server."""
        self._ledger.drop_guild(guild_id)

    async def _new(self, guild_id: int, channel_id: int, by: int) -> Board:
        if len(self._ledger.of_guild(guild_id)) >= MAX_BOARDS:
            raise UserError("This server already has {n} boards. Remove one first.", n=MAX_BOARDS)
        await self._guilds.ensure(guild_id)
        board = Board(channel_id, guild_id, by, self._clock.now_ms())
        noted = self._noting(AuditEvent.BOARD_CREATED, board, by)
        return (await self._ledger.add(board, noted)).board

    async def _again(self, kept: Kept, by: int) -> None:
        """One that was to go, or was deleted twice, is wanted again."""
        kept.ask_for()
        noted = self._noting(AuditEvent.BOARD_CREATED, kept.board, by)
        await self._ledger.change(
            kept, noted, created_by=by, removed_ms=None, asked_ms=None, recreated_ms=None
        )

    def _noting(self, what: AuditEvent, board: Board, by: int) -> Callable[[Connection], None]:
        """What a person does with a board is kept with it."""
        actor = Actor(board.guild_id, by, self._clock.now_ms())
        done = actor.did(what, after=board.channel_id)
        return lambda conn: audit_log.insert(conn, [done])
