"""The boards there are: kept in memory, written through to the store."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from bot.db import boards as table
from bot.db.boards import Board
from bot.db.database import Connection, Database


@dataclass(slots=True)
class Kept:
    """A board with what is worth knowing of it until the next restart.

    ``due_ms``: when Discord has to be asked for something, None: for nothing. ``hold_ms``: not
    before then, after ``failures`` since ``failing_ms``; these two are of monotonic time.
    ``asked_for``: somebody waits for it now; ``news`` is set once it is known to stand, or Discord
    has refused it.
    """

    board: Board
    due_ms: int | None = None
    hold_ms: int = 0
    failures: int = 0
    failing_ms: int = 0
    asked_for: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def go_on(self) -> None:
        """Whatever was in the way may be over: try at once."""
        self.hold_ms = 0
        self.failures = 0

    def ask_for(self) -> None:
        """Somebody wants to see it, so whether it still stands is found out at once."""
        self.go_on()
        self.asked_for = True
        self.news.clear()

    def stands(self) -> None:
        """Discord has just taken it."""
        self.go_on()
        self.asked_for = False
        self.news.set()


class Ledger:
    """The boards by channel. Memory is the truth and the store its copy."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._kept: dict[int, Kept] = {}

    async def load(self) -> None:
        found = await self._db.read(table.all_present)
        self._kept = {board.channel_id: Kept(board) for board in found}

    async def load_guild(self, guild_id: int) -> None:
        """Bring back the boards of a server that returned."""
        for board in await self._db.read(lambda conn: table.of_guild(conn, guild_id)):
            self._kept.setdefault(board.channel_id, Kept(board))

    def drop_guild(self, guild_id: int) -> None:
        """Vigie has left a server; what is stored of it stays for its return."""
        self._kept = {c: kept for c, kept in self._kept.items() if kept.board.guild_id != guild_id}

    def find(self, channel_id: int) -> Kept | None:
        return self._kept.get(channel_id)

    def all(self) -> Iterable[Kept]:
        return list(self._kept.values())

    def of_guild(self, guild_id: int) -> list[Kept]:
        return [kept for kept in self._kept.values() if kept.board.guild_id == guild_id]

    async def add(self, board: Board, also: Callable[[Connection], None]) -> Kept:
        """A new board, and ``also`` in the same transaction."""

        def write(conn: Connection) -> None:
            table.save(conn, board)
            also(conn)

        await self._db.write(write)
        kept = self._kept[board.channel_id] = Kept(board)
        return kept

    async def change(
        self,
        kept: Kept,
        also: Callable[[Connection], None] | None = None,
        **changes: Any,
    ) -> None:
        """Note something of a board, and do ``also`` in the same transaction.

        Memory comes first: what Discord has taken is true even while the disk is full.
        """
        board = kept.board = replace(kept.board, **changes)
        if self._kept.get(board.channel_id) is not kept:
            return  # forgotten in the meantime

        def write(conn: Connection) -> None:
            table.save(conn, board)
            if also is not None:
                also(conn)

        await self._db.write(write)

    async def forget(self, kept: Kept) -> None:
        board = kept.board
        if self._kept.get(board.channel_id) is kept:
            del self._kept[board.channel_id]
            await self._db.write(lambda conn: table.forget(conn, board.guild_id, board.channel_id))
