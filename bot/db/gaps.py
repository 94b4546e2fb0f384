"""SQL of the time in which nothing was watched: neither up nor down."""

from bot.db import rows
from bot.db.database import Connection

SLICE = 500
OFFLINE_SINCE = "blind_since_ms"  # the setting of when Vigie went offline, while it is
OWN_LINE_SINCE = "own_line_since_ms"  # the same of trouble in our own line


def add(conn: Connection, from_ms: int, until_ms: int) -> None:
    conn.execute("INSERT INTO gap (from_ms, until_ms) VALUES (?, ?)", (from_ms, until_ms))


def between(conn: Connection, from_ms: int, until_ms: int) -> list[tuple[int, int]]:
    """All gaps that touch a span, clipped to it, in time order; one that still lasts as well."""
    found = conn.execute(
        "SELECT max(from_ms, :from) AS a, min(until_ms, :until) AS b FROM"
        " (SELECT from_ms, until_ms FROM gap UNION ALL SELECT CAST(value AS INTEGER), :until"
        " FROM setting WHERE key IN (:offline, :own) AND value <> '')"
        " WHERE until_ms > :from AND from_ms < :until ORDER BY from_ms",
        {"from": from_ms, "until": until_ms, "offline": OFFLINE_SINCE, "own": OWN_LINE_SINCE},
    )
    return [(row["a"], row["b"]) for row in found.fetchall()]


def forget(conn: Connection, before_ms: int) -> int:
    """Delete a slice of the gaps that ended before then; returns how many went."""
    return rows.delete_slice(conn, "gap", "until_ms < ? LIMIT ?", (before_ms, SLICE))


def last_end_ms(conn: Connection) -> int | None:
    end_ms: int | None = rows.value(conn, "SELECT max(until_ms) FROM gap")
    return end_ms
