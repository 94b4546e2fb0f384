"""SQL of statistics: what is stored, and what of the outbox waits, arrived, was given up."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.clock import DAY_MS, HOUR_MS
from bot.db import incidents, rows
from bot.db.database import Connection
from bot.models import PUSH_URL, Incident

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
    f" UNION SELECT created_by FROM followed_page WHERE {_OURS}"
    f" UNION SELECT set_by FROM guild WHERE set_by IS NOT NULL AND {_GUILD})"
    " WHERE user_id <> 0",  # 0: the operator's file of sites
    "first_ms": f"SELECT min(ms) FROM (SELECT min(since_ms) AS ms FROM incident WHERE {_OURS}"
    f" UNION ALL SELECT min(day) * {DAY_MS} FROM daily WHERE {_MONITORS}"
    f" UNION ALL SELECT min(created_ms) FROM monitor WHERE {_OURS})",
}
COUNTED = tuple(_QUERIES)


def count_stored(conn: Connection, name: str, guild_id: int | None, now_ms: int) -> int:
    values = {"guild": guild_id, "week": now_ms // HOUR_MS - _WEEK_HOURS}
    return int(rows.value(conn, _QUERIES[name], values) or 0)


def storage(conn: Connection, now_ms: int) -> StorageStats:
    """Everything of the installation at once: only where nobody waits for the connection."""
    return StorageStats(**{name: count_stored(conn, name, None, now_ms) for name in COUNTED})


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
    query = (
        "SELECT count(*) FROM monitor"
        " WHERE url LIKE 'ping://%' AND removed_ms IS NULL AND paused_ms IS NULL"
    )
    return int(rows.value(conn, query))


def behind_door(conn: Connection) -> tuple[int, int]:
    """So many push monitors wait for beats, and so many servers show a status page."""
    pushes = "SELECT count(*) FROM monitor WHERE url = ? AND removed_ms IS NULL"
    pages = "SELECT count(*) FROM guild WHERE page AND left_ms IS NULL"
    return int(rows.value(conn, pushes, (PUSH_URL,))), int(rows.value(conn, pages))


def file_bytes(conn: Connection) -> int:
    """The size of the database, without the changes that wait in its -wal file."""
    return int(rows.value(conn, "PRAGMA page_count") * rows.value(conn, "PRAGMA page_size"))


# Messages of what ended so long ago are edited no more, and rows about it are of no use.
KEPT_MS = 7 * DAY_MS


@dataclass(frozen=True, slots=True)
class OutboxStats:
    """``waiting``: rows that are due, or failed, and not taken yet, the oldest from ``oldest_ms``.

    ``refused``: those of them whose channel refuses us now.

    ``sent_ms``: when Discord last took a message. ``dead``: messages given up within a week.
    ``error`` is what Discord said to the newest row that waits or was given up.
    """

    waiting: int
    oldest_ms: int | None
    sent_ms: int | None
    dead: int
    error: str | None
    refused: int = 0


@dataclass(frozen=True, slots=True)
class LastTest:
    """The newest test alert: ``state`` is that of its row, ``at_ms`` when it was asked for."""

    state: str
    at_ms: int


# The partial indexes are only used by queries that repeat their condition word for word.
_WAITING = (
    "FROM notification n JOIN guild g ON g.id = n.guild_id AND g.left_ms IS NULL"
    " WHERE n.state IN ('pending', 'sending')"
    " AND (n.not_before_ms <= :now OR n.attempts > 0)"
    " AND (:guild IS NULL OR n.guild_id = :guild)"
)


def outbox(conn: Connection, guild_id: int | None, now_ms: int) -> OutboxStats:
    """The outbox of one server; None: of all that Vigie has not left."""
    values = {"guild": guild_id, "now": now_ms, "since": now_ms - KEPT_MS}
    waiting, oldest_ms, refused = conn.execute(
        "SELECT count(*), min(n.created_ms), total(EXISTS (SELECT 1 FROM blocked_channel p"
        f" WHERE p.channel_id = n.channel_id AND p.until_ms > :now)) {_WAITING}",
        values,
    ).fetchone()
    # A server at a time: the index then names the newest of each at once.
    query = (
        "SELECT max((SELECT max(n.last_try_ms) FROM notification n WHERE n.state = 'sent'"
        " AND n.guild_id = g.id)) FROM guild g WHERE :guild IS NULL OR g.id = :guild"
    )
    sent_ms = rows.value(conn, query, values)
    dead, newest_id = conn.execute(
        "SELECT count(*), max(id) FROM notification WHERE state = 'dead'"
        " AND (:guild IS NULL OR guild_id = :guild) AND created_ms >= :since",
        values,
    ).fetchone()
    query = (
        f"SELECT n.last_error {_WAITING} AND n.last_error IS NOT NULL ORDER BY n.id DESC LIMIT 1"
    )
    error = rows.value(conn, query, values)
    if error is None and newest_id is not None:
        query = "SELECT last_error FROM notification WHERE id = ?"
        error = rows.value(conn, query, (newest_id,))
    return OutboxStats(waiting, oldest_ms, sent_ms, dead, error, int(refused))


def last_test(conn: Connection, guild_id: int) -> LastTest | None:
    """A server's newest test alert, as long as it is remembered."""
    row = conn.execute(
        "SELECT state, created_ms FROM notification WHERE guild_id = ? AND kind = 'notice'"
        """ AND payload LIKE '{"kind": "test"%' ORDER BY id DESC LIMIT 1""",
        (guild_id,),
    ).fetchone()
    return None if row is None else LastTest(row[0], row[1])


_UNSENT = (
    "FROM notification n JOIN guild g ON g.id = n.guild_id AND g.left_ms IS NULL"
    " WHERE n.state IN ('pending', 'sending') AND n.kind = 'open' AND n.not_before_ms <= ?1"
    " AND NOT EXISTS (SELECT 1 FROM blocked_channel p"
    " WHERE p.channel_id = n.channel_id AND p.until_ms > ?1)"
)


def unsent_openings(conn: Connection, now_ms: int, most: int) -> tuple[int, list[Incident]]:
    """How many incidents wait that could be sent, and the oldest of them."""
    count = rows.value(conn, f"SELECT count(*) {_UNSENT}", (now_ms,))
    query = f"SELECT n.incident_id {_UNSENT} ORDER BY n.id LIMIT ?2"
    return count, incidents.load(conn, rows.numbers(conn, query, (now_ms, most)))


def unsent_since(conn: Connection, now_ms: int) -> int | None:
    """Since when the oldest opening waits that could be sent: those of refused channels do not."""
    oldest_ms: int | None = rows.value(conn, f"SELECT min(n.created_ms) {_UNSENT}", (now_ms,))
    return oldest_ms
