"""SQL of the boards: the live status messages, one for each channel that wants one."""

import sqlite3
from dataclasses import asdict, dataclass

from bot.db import rows
from bot.db.database import Connection


@dataclass(frozen=True, slots=True)
class Board:
    """One row; the columns are explained in the migration that made the table.

    ``words`` and ``numbers`` are fingerprints of what the message shows, None before it stands.
    """

    channel_id: int
    guild_id: int
    created_by: int
    created_ms: int
    message_id: int | None = None
    edited_ms: int | None = None
    words: str | None = None
    numbers: str | None = None
    nonce: str | None = None
    first_try_ms: int | None = None
    last_try_ms: int | None = None
    recreated_ms: int | None = None
    asked_ms: int | None = None
    removed_ms: int | None = None
    tag: str | None = None  # whose monitors alone it shows
    title: str | None = None
    grouped: int = 0  # 1: by the first tag of each monitor

    def looks(self, tag: str | None, title: str | None, grouped: bool) -> bool:
        """True when it shows the sites of this tag, under this title, in groups or not."""
        return (self.tag, self.title, bool(self.grouped)) == (tag, title, grouped)

    @property
    def names(self) -> dict[str, object]:
        return {"guild": self.guild_id, "channel": self.channel_id}

    @property
    def wanted(self) -> bool:
        """To be kept up: neither removed nor waiting for people's answer."""
        return self.removed_ms is None and self.asked_ms is None


def all_present(conn: Connection) -> list[Board]:
    query = "SELECT b.* FROM board b JOIN guild g ON g.id = b.guild_id AND g.left_ms IS NULL"
    return rows.select(conn, _board, f"{query} ORDER BY b.channel_id")


def of_guild(conn: Connection, guild_id: int) -> list[Board]:
    query = "SELECT * FROM board WHERE guild_id = ? ORDER BY channel_id"
    return rows.select(conn, _board, query, (guild_id,))


def save(conn: Connection, board: Board) -> None:
    """Store all of a board; the one writer of a board is the process that keeps it in memory."""
    rows.save(conn, "board", "channel_id", asdict(board))


def forget(conn: Connection, guild_id: int, channel_id: int) -> None:
    conn.execute("DELETE FROM board WHERE channel_id = ? AND guild_id = ?", (channel_id, guild_id))


def _board(row: sqlite3.Row) -> Board:
    return rows.read(row, Board)
