"""SQL of the servers: what they chose, their scheduled reports and maintenance windows."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, time

from bot.db import rows
from bot.db.database import Connection
from bot.models import GuildSettings, ReportSchedule, TagAlerts, Window


def all_present(conn: Connection) -> list[GuildSettings]:
    return rows.select(conn, _settings, "SELECT * FROM guild WHERE left_ms IS NULL")


def save(conn: Connection, settings: GuildSettings) -> None:
    """Insert or replace what a server chose; a server that had left is back."""
    row = asdict(settings)
    row |= {name: json.dumps(row[name]) for name in ("tag_alerts", "file_keys")}
    rows.save(conn, "guild", "id", row | {"left_ms": None})


def find(conn: Connection, guild_id: int) -> GuildSettings | None:
    """Settings of a server, also of one that was left since."""
    return rows.first(conn, _settings, "SELECT * FROM guild WHERE id = ?", (guild_id,))


def mark_left(conn: Connection, guild_id: int, now_ms: int) -> None:
    rows.update(conn, "guild", {"left_ms": now_ms}, id=guild_id)


def get(conn: Connection, key: str) -> str | None:
    found: str | None = rows.value(conn, "SELECT value FROM setting WHERE key = ?", (key,))
    return found


def number(conn: Connection, key: str) -> int | None:
    """None also for what is no number: a damaged value is as good as none."""
    text = get(conn, key)
    return int(text) if text and text.isascii() and text.isdigit() else None


def put(conn: Connection, key: str, value: str) -> None:
    rows.save(conn, "setting", "key", {"key": key, "value": value})


def _settings(row: sqlite3.Row) -> GuildSettings:
    tags = tuple(TagAlerts(**one) for one in json.loads(row["tag_alerts"]))
    return rows.read(
        row, GuildSettings, tag_alerts=tags, file_keys=tuple(json.loads(row["file_keys"]))
    )


def schedule_report(conn: Connection, one: ReportSchedule) -> None:
    """Add it; of one that is there only the channel changes."""
    change = "ON CONFLICT (guild_id, period, tag) DO UPDATE SET channel_id = excluded.channel_id"
    rows.insert(conn, "report", asdict(one), change)


def mark_reported(conn: Connection, one: ReportSchedule, end_ms: int) -> bool:
    """Note up to when it was reported; False: somebody has changed or ended it meanwhile."""
    return (
        conn.execute(
            "UPDATE report SET reported_ms = ? WHERE guild_id = ? AND period = ? AND tag = ?"
            " AND channel_id IS ? AND reported_ms = ?",
            (end_ms, one.guild_id, one.period, one.tag, one.channel_id, one.reported_ms),
        ).rowcount
        == 1
    )


def remove_report(conn: Connection, one: ReportSchedule) -> None:
    query = "DELETE FROM report WHERE guild_id = ? AND period = ? AND tag = ?"
    conn.execute(query, (one.guild_id, one.period, one.tag))


def reports_of(conn: Connection, guild_id: int) -> list[ReportSchedule]:
    query = "SELECT * FROM report WHERE guild_id = ? ORDER BY period, tag"
    return rows.select(conn, lambda row: rows.read(row, ReportSchedule), query, (guild_id,))


def all_reports(conn: Connection) -> list[ReportSchedule]:
    """Those of the servers that Vigie is in."""
    query = "SELECT r.* FROM report r JOIN guild g ON g.id = r.guild_id WHERE g.left_ms IS NULL"
    return rows.select(conn, lambda row: rows.read(row, ReportSchedule), query)


def live_windows(conn: Connection) -> list[Window]:
    query = "SELECT * FROM maintenance_window WHERE ended_ms IS NULL ORDER BY id"
    return rows.select(conn, _window, query)


def find_window(conn: Connection, guild_id: int, window_id: int) -> Window | None:
    """A window of the server, whether or not it is over."""
    query = "SELECT * FROM maintenance_window WHERE id = ? AND guild_id = ?"
    return rows.first(conn, _window, query, (window_id, guild_id))


def add_window(conn: Connection, window: Window) -> int:
    """Store a new window (its ``id`` is ignored); returns the id."""
    row = asdict(window) | {
        "days": "".join(map(str, window.days)),
        "date": None if window.date is None else window.date.isoformat(),
        "begins": window.begins.isoformat(),
        "ends": None if window.ends is None else window.ends.isoformat(),
    }
    del row["id"]
    return rows.insert(conn, "maintenance_window", row)


def end_windows(conn: Connection, guild_id: int, ids: Iterable[int], now_ms: int) -> int:
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
