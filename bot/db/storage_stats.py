"""Counts what is stored, of one server or of all: for the doctor, who says so."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.clock import DAY_MS, HOUR_MS
from bot.db import rows
from bot.db.database import Connection

_WEEK_HOURS = 168


@dataclass(frozen=True, slots=True)
class StorageStats:
    """``checks`` are those of the last week that are counted by hour.

    ``people``: how many are noted as followers, or as having acknowledged or set something up.
    """

    servers: int
    left: int  # servers that removed Vigie and are not deleted yet
    monitors: int
    removed: int
    windows: int
    checks: int
    incidents: int
    messages: int
    changes: int
    people: int
    first_ms: int  # the oldest monitor, incident or day that is stored; 0: none


# :guild is a server, or NULL for all. Each is a query of its own: none holds the connection long.
_OURS = "(:guild IS NULL OR guild_id = :guild)"
_GUILD = "(:guild IS NULL OR id = :guild)"
_MONITORS = f"monitor_id IN (SELECT id FROM monitor WHERE {_OURS})"
_INCIDENTS = f"incident_id IN (SELECT id FROM incident WHERE {_OURS})"
_QUERIES: Mapping[str, str] = {
    "servers": f"SELECT count(*) FROM guild WHERE left_ms IS NULL AND {_GUILD}",
    "left": f"SELECT count(*) FROM guild WHERE left_ms IS NOT NULL AND {_GUILD}",
    "monitors": f"SELECT count(*) FROM monitor WHERE removed_ms IS NULL AND {_OURS}",
    "removed": f"SELECT count(*) FROM monitor WHERE removed_ms IS NOT NULL AND {_OURS}",
    "windows": f"SELECT count(*) FROM maintenance_window WHERE {_OURS}",
    "checks": f"SELECT total(count) FROM hourly WHERE hour >= :week AND {_MONITORS}",
    "incidents": f"SELECT count(*) FROM incident WHERE {_OURS}",
    "messages": f"SELECT count(*) FROM post WHERE {_OURS}",
    "changes": f"SELECT count(*) FROM change WHERE {_OURS}",
    "people": f"SELECT count(*) FROM (SELECT user_id FROM follower WHERE {_INCIDENTS}"
    f" UNION SELECT acknowledged_by FROM incident WHERE acknowledged_by IS NOT NULL AND {_OURS}"
    f" UNION SELECT user_id FROM change WHERE {_OURS}"
    f" UNION SELECT created_by FROM maintenance_window WHERE {_OURS}"
    f" UNION SELECT created_by FROM board WHERE {_OURS}"
    f" UNION SELECT set_by FROM guild WHERE set_by IS NOT NULL AND {_GUILD})",
    "first_ms": f"SELECT min(ms) FROM (SELECT min(since_ms) AS ms FROM incident WHERE {_OURS}"
    f" UNION ALL SELECT min(day) * {DAY_MS} FROM daily WHERE {_MONITORS}"
    f" UNION ALL SELECT min(created_ms) FROM monitor WHERE {_OURS})",
}
COUNTED = tuple(_QUERIES)


def count(conn: Connection, name: str, guild_id: int | None, now_ms: int) -> int:
    """The field of that name in :class:`StorageStats`."""
    values = {"guild": guild_id, "week": now_ms // HOUR_MS - _WEEK_HOURS}
    return int(rows.value(conn, _QUERIES[name], values) or 0)


def of_all(conn: Connection, now_ms: int) -> StorageStats:
    """Everything of the installation at once: only where nobody waits for the connection."""
    return StorageStats(**{name: count(conn, name, None, now_ms) for name in COUNTED})


def heaviest(conn: Connection, most: int) -> list[tuple[int, int, int]]:
    """Servers with the most checks a minute: each server's id, its monitors, those checks."""
    found = conn.execute(
        "SELECT guild_id, count(*), total(60.0 / interval_s) AS checks FROM monitor"
        " WHERE removed_ms IS NULL AND paused_ms IS NULL"
        " GROUP BY guild_id ORDER BY checks DESC, guild_id LIMIT ?",
        (most,),
    )
    return [(row[0], row[1], round(row[2])) for row in found.fetchall()]


def pinged(conn: Connection) -> int:
    """So many monitors are checked by ping now."""
    return int(
        rows.value(
            conn,
            "SELECT count(*) FROM monitor"
            " WHERE url LIKE 'ping://%' AND removed_ms IS NULL AND paused_ms IS NULL",
        )
    )


def file_bytes(conn: Connection) -> int:
    """The size of the database, without the changes that wait in its -wal file."""
    return int(rows.value(conn, "PRAGMA page_count") * rows.value(conn, "PRAGMA page_size"))
