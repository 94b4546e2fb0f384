"""SQL of the monitors: what is watched for whom, and how."""

import json
import sqlite3
import unicodedata

from bot.db.database import Connection
from bot.models import Monitor, Target


def name_key(name: str) -> str:
    """Two names are the same when they look the same without case."""
    return unicodedata.normalize("NFKC", name).casefold()


def all_watched(conn: Connection) -> list[Monitor]:
    """Every monitor that was not removed, of servers that were not left."""
    rows = conn.execute(
        "SELECT m.* FROM monitor m JOIN guild g ON g.id = m.guild_id"
        " WHERE m.removed_ms IS NULL AND g.left_ms IS NULL ORDER BY m.id"
    )
    return [_monitor(row) for row in rows.fetchall()]


def of_guild(conn: Connection, guild_id: int) -> list[Monitor]:
    rows = conn.execute(
        "SELECT * FROM monitor WHERE guild_id = ? AND removed_ms IS NULL ORDER BY id", (guild_id,)
    )
    return [_monitor(row) for row in rows.fetchall()]


def count(conn: Connection, guild_id: int) -> int:
    """How many monitors a server has."""
    row = conn.execute(
        "SELECT count(*) FROM monitor WHERE guild_id = ? AND removed_ms IS NULL", (guild_id,)
    ).fetchone()
    return int(row[0])


def insert(conn: Connection, monitor: Monitor) -> int:
    """Store a new monitor; returns its id.

    Raises sqlite3.IntegrityError when the server already has that name.
    """
    cursor = conn.execute(
        "INSERT INTO monitor (guild_id, name, name_key, url, method, headers, expect_status,"
        " contains, not_contains, slow_ms, interval_s, channel_id, role_id, created_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            monitor.guild_id,
            monitor.name,
            name_key(monitor.name),
            monitor.target.url,
            monitor.target.method,
            json.dumps(monitor.target.headers),
            json.dumps(monitor.target.expect_status),
            monitor.target.contains,
            monitor.target.not_contains,
            monitor.slow_ms,
            monitor.interval_s,
            monitor.channel_id,
            monitor.role_id,
            monitor.created_ms,
        ),
    )
    return int(cursor.lastrowid or 0)


def save_settings(conn: Connection, monitor: Monitor) -> None:
    """Write what people may change, overlays apart.

    Raises sqlite3.IntegrityError when another monitor of the server has that name.
    """
    target = monitor.target
    conn.execute(
        "UPDATE monitor SET name = ?, name_key = ?, url = ?, method = ?, headers = ?,"
        " expect_status = ?, contains = ?, not_contains = ?, slow_ms = ?, interval_s = ?,"
        " channel_id = ?, role_id = ? WHERE id = ? AND guild_id = ?",
        (
            monitor.name,
            name_key(monitor.name),
            target.url,
            target.method,
            json.dumps(target.headers),
            json.dumps(target.expect_status),
            target.contains,
            target.not_contains,
            monitor.slow_ms,
            monitor.interval_s,
            monitor.channel_id,
            monitor.role_id,
            monitor.id,
            monitor.guild_id,
        ),
    )


def save_pause(conn: Connection, monitor: Monitor) -> None:
    """Write since when it is paused, and until when."""
    conn.execute(
        "UPDATE monitor SET paused_ms = ?, resume_ms = ? WHERE id = ? AND guild_id = ?",
        (monitor.paused_ms, monitor.resume_ms, monitor.id, monitor.guild_id),
    )


def save_mute(conn: Connection, monitor: Monitor) -> None:
    """Write until when it is muted."""
    conn.execute(
        "UPDATE monitor SET muted_until_ms = ? WHERE id = ? AND guild_id = ?",
        (monitor.muted_until_ms, monitor.id, monitor.guild_id),
    )


def remove(conn: Connection, guild_id: int, monitor_id: int, now_ms: int) -> None:
    """Stop watching for good; history stays, the name is free again."""
    conn.execute(
        "UPDATE monitor SET removed_ms = ? WHERE id = ? AND guild_id = ?",
        (now_ms, monitor_id, guild_id),
    )


def memories(conn: Connection) -> dict[int, str]:
    """The judge's stored memory of each monitor that has one."""
    rows = conn.execute("SELECT monitor_id, judge FROM memory")
    return {row["monitor_id"]: row["judge"] for row in rows.fetchall()}


def save_memory(conn: Connection, monitor_id: int, judge: str) -> None:
    conn.execute(
        "INSERT INTO memory (monitor_id, judge) VALUES (?, ?)"
        " ON CONFLICT (monitor_id) DO UPDATE SET judge = excluded.judge",
        (monitor_id, judge),
    )


def _monitor(row: sqlite3.Row) -> Monitor:
    target = Target(
        url=row["url"],
        method=row["method"],
        headers=tuple((name, value) for name, value in json.loads(row["headers"])),
        expect_status=tuple(json.loads(row["expect_status"])),
        contains=row["contains"],
        not_contains=row["not_contains"],
    )
    return Monitor(
        id=row["id"],
        guild_id=row["guild_id"],
        name=row["name"],
        target=target,
        interval_s=row["interval_s"],
        channel_id=row["channel_id"],
        role_id=row["role_id"],
        slow_ms=row["slow_ms"],
        paused_ms=row["paused_ms"],
        resume_ms=row["resume_ms"],
        muted_until_ms=row["muted_until_ms"],
        created_ms=row["created_ms"],
    )
