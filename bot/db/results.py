"""SQL of the check results: one short row a try, appended in time order."""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.db.database import Connection


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One try as it is stored; ``cause`` is None when it was fine, ``ms`` its whole length."""

    at_ms: int
    monitor_id: int
    ms: int
    cause: str | None


def append(conn: Connection, rows: Iterable[ResultRow]) -> None:
    conn.executemany(
        "INSERT INTO result (at_ms, monitor_id, ms, cause) VALUES (?, ?, ?, ?)",
        [(row.at_ms, row.monitor_id, row.ms, row.cause) for row in rows],
    )


def latest(conn: Connection, since_ms: int) -> dict[int, ResultRow]:
    """The newest try of each monitor that had one since then."""
    rows = conn.execute(
        "SELECT monitor_id, max(at_ms) AS at_ms, ms, cause FROM result"
        " WHERE at_ms >= ? GROUP BY monitor_id",
        (since_ms,),
    )
    return {row["monitor_id"]: ResultRow(**dict(row)) for row in rows.fetchall()}


def last_fine_ms(conn: Connection, monitor_id: int, before_ms: int) -> int | None:
    """When the monitor last was fine before a moment; None if never seen."""
    row = conn.execute(
        "SELECT at_ms FROM result WHERE at_ms < ? AND monitor_id = ? AND cause IS NULL"
        " ORDER BY at_ms DESC LIMIT 1",
        (before_ms, monitor_id),
    ).fetchone()
    return None if row is None else int(row["at_ms"])


def of_monitor(
    conn: Connection, monitor_id: int, since_ms: int, until_ms: int, limit: int
) -> list[ResultRow]:
    """Tries of one monitor in a span, newest first."""
    rows = conn.execute(
        "SELECT monitor_id, at_ms, ms, cause FROM result WHERE at_ms BETWEEN ? AND ?"
        " AND monitor_id = ? ORDER BY at_ms DESC LIMIT ?",
        (since_ms, until_ms, monitor_id, limit),
    )
    return [ResultRow(**dict(row)) for row in rows.fetchall()]


def drop_before(conn: Connection, before_ms: int, limit: int) -> int:
    """Delete at most ``limit`` old rows; returns how many went."""
    return conn.execute(
        "DELETE FROM result WHERE rowid IN"
        " (SELECT rowid FROM result WHERE at_ms < ? ORDER BY at_ms LIMIT ?)",
        (before_ms, limit),
    ).rowcount
