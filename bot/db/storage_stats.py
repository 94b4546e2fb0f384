"""SQL that counts what is stored, of one server or of all: for the doctor, who says so."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.clock import DAY_MS, HOUR_MS
from bot.db.database import Connection

_WEEK_HOURS = 168


@dataclass(frozen=True, slots=True)
class Holdings:
    """Counts, and since when. ``tries`` are those of the last week that are counted by hour.

    ``people``: how many are noted as followers, or as having acknowledged or set something up.
    """

    servers: int = 0
    left: int = 0  # servers that removed Vigie and are not forgotten yet
    monitors: int = 0
    removed: int = 0
    windows: int = 0
    tries: int = 0
    incidents: int = 0
    first_ms: int | None = None  # the oldest incident or day that is remembered
    messages: int = 0
    changes: int = 0
    people: int = 0


# :guild is a server, or NULL for all. Each is a query of its own: none holds the connection long.
_MINE = "(:guild IS NULL OR guild_id = :guild)"
_MONITORS = f"monitor_id IN (SELECT id FROM monitor WHERE {_MINE})"
_INCIDENTS = f"incident_id IN (SELECT id FROM incident WHERE {_MINE})"
_COUNTS = {
    "servers": "SELECT count(*) FROM guild WHERE left_ms IS NULL"
    " AND (:guild IS NULL OR id = :guild)",
    "left": "SELECT count(*) FROM guild WHERE left_ms IS NOT NULL"
    " AND (:guild IS NULL OR id = :guild)",
    "monitors": f"SELECT count(*) FROM monitor WHERE removed_ms IS NULL AND {_MINE}",
    "removed": f"SELECT count(*) FROM monitor WHERE removed_ms IS NOT NULL AND {_MINE}",
    "windows": f"SELECT count(*) FROM maintenance_window WHERE {_MINE}",
    "tries": f"SELECT total(count) FROM hourly WHERE hour >= :week AND {_MONITORS}",
    "incidents": f"SELECT count(*) FROM incident WHERE {_MINE}",
    "messages": f"SELECT count(*) FROM post WHERE {_MINE}",
    "changes": f"SELECT count(*) FROM change WHERE {_MINE}",
    "people": f"SELECT count(*) FROM (SELECT user_id FROM follower WHERE {_INCIDENTS}"
    f" UNION SELECT acknowledged_by FROM incident WHERE acknowledged_by IS NOT NULL AND {_MINE}"
    f" UNION SELECT user_id FROM change WHERE {_MINE}"
    f" UNION SELECT created_by FROM maintenance_window WHERE {_MINE}"
    f" UNION SELECT created_by FROM board WHERE {_MINE}"
    " UNION SELECT set_by FROM guild WHERE set_by IS NOT NULL AND (:guild IS NULL OR id = :guild))",
}
_FIRST = {
    f"SELECT min(since_ms) FROM incident WHERE {_MINE}": 1,
    f"SELECT min(day) FROM daily WHERE {_MONITORS}": DAY_MS,
    f"SELECT min(created_ms) FROM monitor WHERE {_MINE}": 1,
}


def counts(guild_id: int | None, now_ms: int) -> dict[str, Callable[[Connection], int]]:
    """Functions that each count one thing, by its name in :class:`Holdings`."""
    values = {"guild": guild_id, "week": now_ms // HOUR_MS - _WEEK_HOURS}

    def counting(sql: str) -> Callable[[Connection], int]:
        return lambda conn: int(conn.execute(sql, values).fetchone()[0])

    return {name: counting(sql) for name, sql in _COUNTS.items()}


def first_ms(conn: Connection, guild_id: int | None) -> int | None:
    """Since when anything of a server, or of all, is remembered."""
    found = [
        (conn.execute(sql, {"guild": guild_id}).fetchone()[0], unit) for sql, unit in _FIRST.items()
    ]
    return min((value * unit for value, unit in found if value is not None), default=None)


def take(conn: Connection, now_ms: int) -> Holdings:
    """Everything of the installation at once: only where nobody waits for the connection."""
    counted = {name: count(conn) for name, count in counts(None, now_ms).items()}
    return Holdings(**counted, first_ms=first_ms(conn, None))
