"""SQL of the check results: one short row a try, appended in time order."""

from collections.abc import Callable, Iterable
from itertools import islice

from bot.clock import HOUR_MS
from bot.db import result_codec
from bot.db.database import Connection
from bot.db.result_codec import ResultRow


def append(conn: Connection, rows: Iterable[ResultRow]) -> None:
    conn.executemany(
        "INSERT OR REPLACE INTO result (at_ms, monitor_id, ms, cause) VALUES (?, ?, ?, ?)",
        [(row.at_ms, row.monitor_id, row.ms, row.cause) for row in rows],
    )


def latest_in(since_ms: int, until_ms: int) -> Callable[[Connection], list[ResultRow]]:
    """The newest try of each monitor that had one in a span, its end included."""
    sql = (
        "SELECT max(at_ms), monitor_id, ms, cause FROM result"
        " WHERE at_ms > ? AND at_ms <= ? GROUP BY monitor_id"
    )
    span = (since_ms, until_ms)
    return lambda conn: [ResultRow(*row) for row in conn.execute(sql, span).fetchall()]


def last_fine_in(since_ms: int, until_ms: int) -> Callable[[Connection], list[tuple[int, int]]]:
    """Each monitor that was fine in a span, its end included, and when it last was."""
    sql = (
        "SELECT monitor_id, max(at_ms) FROM result"
        " WHERE at_ms > ? AND at_ms <= ? AND cause IS NULL GROUP BY monitor_id"
    )
    return lambda conn: [tuple(row) for row in conn.execute(sql, (since_ms, until_ms)).fetchall()]


def last_fine_ms(conn: Connection, monitor_id: int, before_ms: int) -> int | None:
    """When the monitor last was fine, by the hours that are packed; None if none of them knows.

    The counted hours say which hour to unpack: a week of tries would hold the connection.
    """
    row = conn.execute(
        "SELECT hour FROM hourly WHERE monitor_id = ? AND ok > 0 AND hour <= ?"
        " ORDER BY hour DESC LIMIT 1",
        (monitor_id, before_ms // HOUR_MS),
    ).fetchone()
    if row is None:
        return None
    begin_ms = row["hour"] * HOUR_MS
    until_ms = min(begin_ms + HOUR_MS, before_ms) - 1
    tries = result_codec.newest_first(conn, monitor_id, begin_ms, until_ms)
    return next((one.at_ms for one in tries if one.cause is None), None)


def of_monitor(
    conn: Connection, monitor_id: int, since_ms: int, until_ms: int, limit: int
) -> list[ResultRow]:
    """Tries of one monitor in a span, newest first."""
    rows = conn.execute(
        "SELECT monitor_id, at_ms, ms, cause FROM result WHERE at_ms BETWEEN ? AND ?"
        " AND monitor_id = ? ORDER BY at_ms DESC LIMIT ?",
        (since_ms, until_ms, monitor_id, limit),
    )
    found = [ResultRow(**dict(row)) for row in rows.fetchall()]
    # What is packed may not have been deleted yet: it is counted once.
    before_ms = found[-1].at_ms - 1 if found else until_ms
    older = result_codec.newest_first(conn, monitor_id, since_ms, before_ms)
    return found + list(islice(older, limit - len(found)))


def fine_ms(conn: Connection, monitor_id: int, since_ms: int, before_ms: int) -> list[int]:
    """How long the fine tries took that are not packed yet, in no order."""
    rows = conn.execute(
        "SELECT ms FROM result WHERE at_ms >= ? AND at_ms < ? AND monitor_id = ? AND cause IS NULL",
        (since_ms, before_ms, monitor_id),
    )
    return [row["ms"] for row in rows.fetchall()]


def first_of_monitor(conn: Connection, monitor_id: int, since_ms: int, until_ms: int) -> int | None:
    """When the first try of one monitor in a span was."""
    row = conn.execute(
        "SELECT at_ms FROM result WHERE at_ms BETWEEN ? AND ? AND monitor_id = ?"
        " ORDER BY at_ms LIMIT 1",
        (since_ms, until_ms, monitor_id),
    ).fetchone()
    return None if row is None else int(row["at_ms"])


def first_since(conn: Connection, since_ms: int) -> int | None:
    """When the first try after a moment was."""
    row = conn.execute("SELECT min(at_ms) FROM result WHERE at_ms >= ?", (since_ms,)).fetchone()
    return None if row[0] is None else int(row[0])


def after(
    conn: Connection, key: tuple[int, int], until_ms: int, limit: int
) -> list[tuple[int, int, int, str | None]]:
    """The next rows (at, monitor, ms, cause) behind the row of that time and monitor."""
    rows = conn.execute(
        "SELECT at_ms, monitor_id, ms, cause FROM result WHERE (at_ms, monitor_id) > (?, ?)"
        " AND at_ms < ? ORDER BY at_ms, monitor_id LIMIT ?",
        (*key, until_ms, limit),
    )
    return [tuple(row) for row in rows.fetchall()]


def drop_before(conn: Connection, before_ms: int, limit: int) -> int:
    """Delete at most ``limit`` old rows; returns how many went."""
    return conn.execute(
        "DELETE FROM result WHERE (at_ms, monitor_id) IN (SELECT at_ms, monitor_id FROM result"
        " WHERE at_ms < ? ORDER BY at_ms LIMIT ?)",
        (before_ms, limit),
    ).rowcount
