"""SQL of the servers and what they chose."""

from dataclasses import asdict

from bot.db import rows
from bot.db.database import Connection
from bot.models import GuildSettings


def all_present(conn: Connection) -> list[GuildSettings]:
    """Every server Vigie is a member of, as far as it knows."""
    found = conn.execute("SELECT * FROM guild WHERE left_ms IS NULL")
    return rows.readable(found.fetchall(), lambda row: rows.read(row, GuildSettings))


def save(conn: Connection, settings: GuildSettings) -> None:
    """Insert or replace what a server chose; a server that had left is back."""
    row = asdict(settings)
    chosen = ", ".join(f"{name} = excluded.{name}" for name in row)
    conn.execute(
        f"INSERT INTO guild ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})"
        f" ON CONFLICT (id) DO UPDATE SET {chosen}, left_ms = NULL",
        tuple(row.values()),
    )


def find(conn: Connection, guild_id: int) -> GuildSettings | None:
    """What a server chose, also if it has been left since."""
    row = conn.execute("SELECT * FROM guild WHERE id = ?", (guild_id,)).fetchone()
    return None if row is None else rows.read(row, GuildSettings)


def mark_left(conn: Connection, guild_id: int, now_ms: int) -> None:
    """Remember when a server was left; its data is kept for a while."""
    conn.execute("UPDATE guild SET left_ms = ? WHERE id = ?", (now_ms, guild_id))


def get(conn: Connection, key: str) -> str | None:
    row = conn.execute("SELECT value FROM setting WHERE key = ?", (key,)).fetchone()
    return None if row is None else str(row[0])


def number(conn: Connection, key: str) -> int | None:
    """None also for what is no number: a damaged value is as good as none."""
    value = get(conn, key)
    return int(value) if value and value.isascii() and value.isdigit() else None


def put(conn: Connection, key: str, value: str) -> None:
    conn.execute(
        "INSERT INTO setting (key, value) VALUES (?, ?)"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, value),
    )
