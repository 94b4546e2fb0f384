"""The boards there are: kept in memory, written through to the database."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from bot.db import boards as table
from bot.db.boards import Board
from bot.db.database import Connection, Database


@dataclass(slots=True)
class BoardState:
    """A board with what is worth knowing of it until the next restart.

    ``due_ms``: when Discord has to be asked for something, None: for nothing. ``requested``:
    somebody waits for it now; ``outcome_known`` is set once it stands, or Discord has refused it.
    """

    board: Board
    looked_ms: int = 0
    trace: object = None  # of its server, then
    due_ms: int | None = None
    attempts: int = 0  # in a row that failed, since first_attempt_ms (monotonic)
    first_attempt_ms: int = 0
    requested: bool = False
    outcome_known: asyncio.Event = field(default_factory=asyncio.Event)


class BoardStore:
    """The boards by channel. Memory is the truth and the database its copy."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.by_channel: dict[int, BoardState] = {}

    async def load(self) -> None:
        found = await self._db.read(table.all_present)
        self.by_channel = {board.channel_id: BoardState(board) for board in found}

    async def load_guild(self, guild_id: int) -> None:
        for board in await self._db.read(lambda conn: table.of_guild(conn, guild_id)):
            self.by_channel.setdefault(board.channel_id, BoardState(board))

    def of_guild(self, guild_id: int) -> list[BoardState]:
        return [one for one in self.by_channel.values() if one.board.guild_id == guild_id]

    async def add(self, board: Board, also: Callable[[Connection], None]) -> Board:
        await self._save(board, also)
        self.by_channel[board.channel_id] = BoardState(board)
        return board

    async def change(
        self, state: BoardState, also: Callable[[Connection], None] | None = None, **changes: Any
    ) -> None:
        """Store changes of a board, and do ``also`` in the same transaction.

        Memory comes first: what Discord has taken is true even while the disk is full.
        """
        state.board = replace(state.board, **changes)
        if self.by_channel.get(state.board.channel_id) is state:  # not forgotten in the meantime
            await self._save(state.board, also)

    async def _save(self, board: Board, also: Callable[[Connection], None] | None) -> None:
        def write(conn: Connection) -> None:
            table.save(conn, board)
            if also is not None:
                also(conn)

        await self._db.write(write)

    async def forget(self, state: BoardState) -> None:
        board = state.board
        if self.by_channel.get(board.channel_id) is state:
            del self.by_channel[board.channel_id]
            await self._db.write(lambda conn: table.forget(conn, board.guild_id, board.channel_id))
