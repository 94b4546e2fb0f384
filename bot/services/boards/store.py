"""The boards there are: kept in memory, written through to the database."""

import asyncio
from collections.abc import Callable, Iterable
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
    due_ms: int | None = None
    attempts: int = 0  # in a row that failed, since first_attempt_ms (monotonic)
    first_attempt_ms: int = 0
    requested: bool = False
    outcome_known: asyncio.Event = field(default_factory=asyncio.Event)


class BoardStore:
    """The boards by channel. Memory is the truth and the database its copy."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._states: dict[int, BoardState] = {}

    async def load(self) -> None:
        found = await self._db.read(table.all_present)
        self._states = {board.channel_id: BoardState(board) for board in found}

    async def load_guild(self, guild_id: int) -> None:
        """Bring back the boards of a server that returned."""
        for board in await self._db.read(lambda conn: table.of_guild(conn, guild_id)):
            self._states.setdefault(board.channel_id, BoardState(board))

    def drop_guild(self, guild_id: int) -> None:
        """Vigie has left a server; what is stored of it stays for its return."""
        for state in self.of_guild(guild_id):
            del self._states[state.board.channel_id]

    def find(self, channel_id: int) -> BoardState | None:
        return self._states.get(channel_id)

    def all(self) -> Iterable[BoardState]:
        return list(self._states.values())

    def of_guild(self, guild_id: int) -> list[BoardState]:
        return [one for one in self._states.values() if one.board.guild_id == guild_id]

    async def add(self, board: Board, also: Callable[[Connection], None]) -> BoardState:
        """Store a new board, and do ``also`` in the same transaction."""

        def write(conn: Connection) -> None:
            table.save(conn, board)
            also(conn)

        await self._db.write(write)
        state = self._states[board.channel_id] = BoardState(board)
        return state

    async def change(
        self, state: BoardState, also: Callable[[Connection], None] | None = None, **changes: Any
    ) -> None:
        """Store changes of a board, and do ``also`` in the same transaction.

        Memory comes first: what Discord has taken is true even while the disk is full.
        """
        board = state.board = replace(state.board, **changes)
        if self._states.get(board.channel_id) is not state:
            return  # forgotten in the meantime

        def write(conn: Connection) -> None:
            table.save(conn, board)
            if also is not None:
                also(conn)

        await self._db.write(write)

    async def forget(self, state: BoardState) -> None:
        board = state.board
        if self._states.get(board.channel_id) is state:
            del self._states[board.channel_id]
            await self._db.write(lambda conn: table.forget(conn, board.guild_id, board.channel_id))
