"""SQL of the packed tries: one row a monitor and hour, kept for a week."""

from collections.abc import Iterator

from bot.clock import HOUR_MS
from bot.db.database import Connection
from bot.db.result_codec import ResultRow, unpack


def save(conn: Connection, monitor_id: int, hour: int, tries: bytes) -> None:
    conn.execute(
        "INSERT OR REPLACE INTO packed (monitor_id, hour, tries) VALUES (?, ?, ?)",
        (monitor_id, hour, tries),
    )


def newest_first(
    conn: Connection, monitor_id: int, since_ms: int, until_ms: int
) -> Iterator[ResultRow]:
    """Tries of one monitor in a span, both ends included; an hour is read when it is asked for."""
    hour: int = until_ms // HOUR_MS
    while True:
        row = conn.execute(
            "SELECT hour, tries FROM packed WHERE monitor_id = ? AND hour BETWEEN ? AND ?"
            " ORDER BY hour DESC LIMIT 1",
            (monitor_id, since_ms // HOUR_MS, hour),
        ).fetchone()
        if row is None:
            return
        tries = unpack(monitor_id, row["hour"] * HOUR_MS, row["tries"])
        yield from (one for one in reversed(tries) if since_ms <= one.at_ms <= until_ms)
        hour = row["hour"] - 1


def fine_ms(conn: Connection, monitor_id: int, first: int, last: int) -> list[int]:
    """How long the fine tries of these hours took, in no order."""
    rows = conn.execute(
        "SELECT hour, tries FROM packed WHERE monitor_id = ? AND hour BETWEEN ? AND ?",
        (monitor_id, first, last),
    ).fetchall()
    return [
        one.ms
        for row in rows
        for one in unpack(monitor_id, row["hour"] * HOUR_MS, row["tries"])
        if one.cause is None
    ]
