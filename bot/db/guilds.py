"""SQL of the servers and what they chose."""

import sqlite3

from bot.db.database import Connection
from bot.models import GuildSettings


def all_present(conn: Connection) -> list[GuildSettings]:
    """Every server Vigie is a member of, as far as it knows."""
    rows = conn.execute("SELECT * FROM guild WHERE left_ms IS NULL")
    return [_settings(row) for row in rows.fetchall()]


def save(conn: Connection, settings: GuildSettings) -> None:
    """Insert or replace what a server chose; a server that had left is back."""
    conn.execute(
        "INSERT INTO guild (id, channel_id, role_id, fallback_channel_id, language, guild_locale,"
        " timezone, reminder_h, set_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET channel_id = excluded.channel_id,"
        " role_id = excluded.role_id, fallback_channel_id = excluded.fallback_channel_id,"
        " language = excluded.language, guild_locale = excluded.guild_locale,"
        " timezone = excluded.timezone, reminder_h = excluded.reminder_h,"
        " set_by = excluded.set_by, left_ms = NULL",
        (
            settings.id,
            settings.channel_id,
            settings.role_id,
            settings.fallback_channel_id,
            settings.language,
            settings.guild_locale,
            settings.timezone,
            settings.reminder_h,
            settings.set_by,
        ),
    )


def find(conn: Connection, guild_id: int) -> GuildSettings | None:
    """What a server chose, also if it has been left since."""
    row = conn.execute("SELECT * FROM guild WHERE id = ?", (guild_id,)).fetchone()
    return None if row is None else _settings(row)


def mark_left(conn: Connection, guild_id: int, now_ms: int) -> None:
    """Remember when a server was left; its data is kept for a while."""
    conn.execute("UPDATE guild SET left_ms = ? WHERE id = ?", (now_ms, guild_id))


def _settings(row: sqlite3.Row) -> GuildSettings:
    return GuildSettings(
        id=row["id"],
        channel_id=row["channel_id"],
        role_id=row["role_id"],
        fallback_channel_id=row["fallback_channel_id"],
        language=row["language"],
        guild_locale=row["guild_locale"],
        timezone=row["timezone"],
        reminder_h=row["reminder_h"],
        set_by=row["set_by"],
    )
