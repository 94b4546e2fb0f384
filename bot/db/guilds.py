"""SQL of the servers and what they chose."""

import json
import sqlite3
from dataclasses import asdict

from bot.db import rows
from bot.db.database import Connection
from bot.models import GuildSettings, TagAlerts


def all_present(conn: Connection) -> list[GuildSettings]:
    """Every server Vigie is a member of, as far as it knows."""
    return rows.select(conn, _settings, "SELECT * FROM guild WHERE left_ms IS NULL")


def save(conn: Connection, settings: GuildSettings) -> None:
    """Insert or replace what a server chose; a server that had left is back."""
    row = asdict(settings)
    row |= {name: json.dumps(row[name]) for name in ("tag_alerts", "file_keys")}
    rows.save(conn, "guild", "id", row | {"left_ms": None})


def find(conn: Connection, guild_id: int) -> GuildSettings | None:
    """What a server chose, also if it has been left since."""
    return rows.first(conn, _settings, "SELECT * FROM guild WHERE id = ?", (guild_id,))


def mark_left(conn: Connection, guild_id: int, now_ms: int) -> None:
    """Remember when a server was left; its data is kept for a while."""
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
