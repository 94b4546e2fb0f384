"""SQL of the maintenance windows."""

import sqlite3
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, time

from bot.db import rows
from bot.db.database import Connection
from bot.models import Window


def all_live(conn: Connection) -> list[Window]:
    query = "SELECT * FROM maintenance_window WHERE ended_ms IS NULL ORDER BY id"
    return rows.select(conn, _window, query)


def find(conn: Connection, guild_id: int, window_id: int) -> Window | None:
    """A window of the server, whether or not it is over."""
    query = "SELECT * FROM maintenance_window WHERE id = ? AND guild_id = ?"
    return rows.first(conn, _window, query, (window_id, guild_id))


def insert(conn: Connection, window: Window) -> int:
    """Store a new window (its ``id`` is ignored); returns the id."""
    row = asdict(window) | {
        "days": "".join(map(str, window.days)),
        "date": None if window.date is None else window.date.isoformat(),
        "begins": window.begins.isoformat(),
        "ends": None if window.ends is None else window.ends.isoformat(),
    }
    del row["id"]
    return rows.insert(conn, "maintenance_window", row)


def end(conn: Connection, guild_id: int, ids: Iterable[int], now_ms: int) -> int:
    """These windows are over, or cancelled; they are kept as history. Returns how many were not."""
    return conn.executemany(
        "UPDATE maintenance_window SET ended_ms = ?"
        " WHERE id = ? AND guild_id = ? AND ended_ms IS NULL",
        [(now_ms, window_id, guild_id) for window_id in ids],
    ).rowcount


def _window(row: sqlite3.Row) -> Window:
    return rows.read(
        row,
        Window,
        days=tuple(map(int, row["days"])),
        date=None if row["date"] is None else date.fromisoformat(row["date"]),
        begins=time.fromisoformat(row["begins"]),
        ends=None if row["ends"] is None else time.fromisoformat(row["ends"]),
    )
