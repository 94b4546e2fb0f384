"""SQL of the maintenance windows."""

import sqlite3
from collections.abc import Iterable
from datetime import date, time

from bot.db.database import Connection
from bot.models import Window


def all_live(conn: Connection) -> list[Window]:
    """Every window of every server that was neither cancelled nor found to be over."""
    rows = conn.execute("SELECT * FROM maintenance_window WHERE ended_ms IS NULL ORDER BY id")
    return [_window(row) for row in rows.fetchall()]


def find(conn: Connection, guild_id: int, window_id: int) -> Window | None:
    """A window of the server, whether or not it is over."""
    row = conn.execute(
        "SELECT * FROM maintenance_window WHERE id = ? AND guild_id = ?", (window_id, guild_id)
    ).fetchone()
    return None if row is None else _window(row)


def insert(conn: Connection, window: Window) -> int:
    """Store a new window (its ``id`` is ignored); returns the id."""
    cursor = conn.execute(
        "INSERT INTO maintenance_window (guild_id, monitor_id, timezone, days, date, begins, ends,"
        " length_s, reason, created_by, created_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            window.guild_id,
            window.monitor_id,
            window.timezone,
            "".join(map(str, window.days)),
            None if window.date is None else window.date.isoformat(),
            window.begins.isoformat(),
            None if window.ends is None else window.ends.isoformat(),
            window.length_s,
            window.reason,
            window.created_by,
            window.created_ms,
        ),
    )
    return int(cursor.lastrowid or 0)


def end(conn: Connection, guild_id: int, ids: Iterable[int], now_ms: int) -> int:
    """These windows are over, or cancelled; they are kept as history. Returns how many were not."""
    return conn.executemany(
        "UPDATE maintenance_window SET ended_ms = ?"
        " WHERE id = ? AND guild_id = ? AND ended_ms IS NULL",
        [(now_ms, window_id, guild_id) for window_id in ids],
    ).rowcount


def _window(row: sqlite3.Row) -> Window:
    return Window(
        id=row["id"],
        guild_id=row["guild_id"],
        monitor_id=row["monitor_id"],
        timezone=row["timezone"],
        days=tuple(map(int, row["days"])),
        date=None if row["date"] is None else date.fromisoformat(row["date"]),
        begins=time.fromisoformat(row["begins"]),
        ends=None if row["ends"] is None else time.fromisoformat(row["ends"]),
        length_s=row["length_s"],
        reason=row["reason"],
        created_by=row["created_by"],
        created_ms=row["created_ms"],
    )
