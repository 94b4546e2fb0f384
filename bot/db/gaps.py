"""SQL of the time in which nothing was watched: neither up nor down."""

from bot.db.database import Connection

OFF, BLIND = "off", "blind"


def add(conn: Connection, from_ms: int, until_ms: int, reason: str) -> None:
    conn.execute(
        "INSERT INTO gap (from_ms, until_ms, reason) VALUES (?, ?, ?)", (from_ms, until_ms, reason)
    )


def between(conn: Connection, from_ms: int, until_ms: int) -> list[tuple[int, int]]:
    """All gaps that touch a span, clipped to it, in time order."""
    rows = conn.execute(
        "SELECT max(from_ms, ?) AS a, min(until_ms, ?) AS b FROM gap"
        " WHERE until_ms > ? AND from_ms < ? ORDER BY from_ms",
        (from_ms, until_ms, from_ms, until_ms),
    )
    return [(row["a"], row["b"]) for row in rows.fetchall()]
