"""SQL of incidents: one stretch of trouble of one monitor, and the people who follow it."""

import secrets
import sqlite3
from collections.abc import Iterable, Sequence

from bot.db.database import Connection
from bot.models import Cause, Ending, Incident, Kind

# No I, L, O, U, 0, 1: an id is read aloud and typed. 28^6 ids; a clash is met by another draw.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_ID_LENGTH = 6

_COLUMNS = """
    i.*, m.name, m.url, m.interval_s,
    (SELECT count(*) FROM follower f WHERE f.incident_id = i.id AND f.wish = 'me_too') AS me_too
    FROM incident i JOIN monitor m ON m.id = i.monitor_id
"""

# The columns that change while an incident lives; everything else is fixed at its opening.
_LIVE = (
    "kind",
    "cause",
    "failed",
    "last_failed_ms",
    "answering_since_ms",
    "share_ok",
    "share_of",
    "latency_ms",
    "resolved_ms",
    "ended_ms",
    "ending",
    "told_down",
    "withheld",
    "channel_id",
    "role_id",
)


def insert(conn: Connection, incident: Incident) -> Incident:
    """Store a new incident (its ``id`` and ``public_id`` are ignored); returns it with both set.

    Raises sqlite3.IntegrityError when the monitor already has an open one.
    """
    while True:
        public_id = "".join(secrets.choice(_ALPHABET) for _ in range(_ID_LENGTH))
        if not conn.execute("SELECT 1 FROM incident WHERE public_id = ?", (public_id,)).fetchone():
            break
    cursor = conn.execute(
        "INSERT INTO incident (public_id, guild_id, monitor_id, channel_id, role_id, kind, cause,"
        " since_ms, opened_ms, failed, last_ok_ms, last_failed_ms, share_ok, share_of,"
        " latency_ms, limit_ms, told_down, withheld, address, certificate_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            public_id,
            incident.guild_id,
            incident.monitor_id,
            incident.channel_id,
            incident.role_id,
            incident.kind,
            None if incident.cause is None else str(incident.cause),
            incident.since_ms,
            incident.opened_ms,
            incident.failed,
            incident.last_ok_ms,
            incident.last_failed_ms,
            incident.share_ok,
            incident.share_of,
            incident.latency_ms,
            incident.limit_ms,
            incident.told_down,
            incident.withheld,
            incident.address,
            incident.certificate_ms,
        ),
    )
    return load(conn, [int(cursor.lastrowid or 0)])[0]


def update(conn: Connection, incident: Incident) -> None:
    """Write the columns that change while an incident lives."""
    values = [getattr(incident, column) for column in _LIVE]
    values[1] = None if incident.cause is None else str(incident.cause)
    assignments = ", ".join(f"{column} = ?" for column in _LIVE)
    conn.execute(
        f"UPDATE incident SET {assignments} WHERE id = ?",
        (*values, incident.id),
    )


def load(conn: Connection, ids: Iterable[int]) -> list[Incident]:
    """The incidents of these ids, in the order given; unknown ids are left out."""
    found = []
    for incident_id in ids:
        row = conn.execute(f"SELECT {_COLUMNS} WHERE i.id = ?", (incident_id,)).fetchone()
        if row is not None:
            found.append(_incident(row))
    return found


def of_post(conn: Connection, post_id: int) -> list[Incident]:
    """All incidents one message tells of, oldest first."""
    rows = conn.execute(
        f"SELECT {_COLUMNS} JOIN post_incident p ON p.incident_id = i.id"
        " WHERE p.post_id = ? ORDER BY i.opened_ms, i.id",
        (post_id,),
    )
    return [_incident(row) for row in rows.fetchall()]


def of_message(conn: Connection, guild_id: int, message_id: int) -> list[Incident]:
    """All incidents the Discord message of this id tells of, oldest first."""
    row = conn.execute(
        "SELECT id FROM post WHERE message_id = ? AND guild_id = ?", (message_id, guild_id)
    ).fetchone()
    return [] if row is None else of_post(conn, row["id"])


def by_public_id(conn: Connection, guild_id: int, public_id: str) -> Incident | None:
    row = conn.execute(
        f"SELECT {_COLUMNS} WHERE i.guild_id = ? AND i.public_id = ?",
        (guild_id, public_id),
    ).fetchone()
    return None if row is None else _incident(row)


def all_open(conn: Connection) -> list[Incident]:
    rows = conn.execute(f"SELECT {_COLUMNS} WHERE i.resolved_ms IS NULL ORDER BY i.id")
    return [_incident(row) for row in rows.fetchall()]


def open_in_channel(conn: Connection, channel_id: int) -> list[Incident]:
    """What is going on and told in a channel, oldest first."""
    rows = conn.execute(
        f"SELECT {_COLUMNS} WHERE i.channel_id = ? AND i.resolved_ms IS NULL ORDER BY i.id",
        (channel_id,),
    )
    return [_incident(row) for row in rows.fetchall()]


def recent(
    conn: Connection, guild_id: int, monitor_id: int | None, since_ms: int, limit: int
) -> list[Incident]:
    """Incidents of one server (of one monitor, if given) opened since then, newest first."""
    rows = conn.execute(
        f"SELECT {_COLUMNS} WHERE i.guild_id = ? AND (? IS NULL OR i.monitor_id = ?)"
        " AND (i.opened_ms >= ? OR i.resolved_ms IS NULL) ORDER BY i.opened_ms DESC LIMIT ?",
        (guild_id, monitor_id, monitor_id, since_ms, limit),
    )
    return [_incident(row) for row in rows.fetchall()]


def acknowledge(conn: Connection, ids: Sequence[int], user_id: int, now_ms: int) -> int:
    """Mark open, not yet acknowledged incidents; returns how many that were."""
    return sum(
        conn.execute(
            "UPDATE incident SET acknowledged_by = ?, acknowledged_ms = ?"
            " WHERE id = ? AND acknowledged_ms IS NULL AND resolved_ms IS NULL",
            (user_id, now_ms, incident_id),
        ).rowcount
        for incident_id in ids
    )


def follow(conn: Connection, incident_id: int, user_id: int, wish: str, now_ms: int) -> bool:
    """Note one person's wish (``tell_me`` or ``me_too``); False when it was noted before."""
    cursor = conn.execute(
        "INSERT OR IGNORE INTO follower (incident_id, user_id, wish, at_ms) VALUES (?, ?, ?, ?)",
        (incident_id, user_id, wish, now_ms),
    )
    return cursor.rowcount == 1


def followers(conn: Connection, incident_id: int, wish: str) -> list[int]:
    """The people with that wish, first come first."""
    rows = conn.execute(
        "SELECT user_id FROM follower WHERE incident_id = ? AND wish = ? ORDER BY at_ms, user_id",
        (incident_id, wish),
    )
    return [row["user_id"] for row in rows.fetchall()]


def _incident(row: sqlite3.Row) -> Incident:
    return Incident(
        id=row["id"],
        public_id=row["public_id"],
        guild_id=row["guild_id"],
        monitor_id=row["monitor_id"],
        name=row["name"],
        url=row["url"],
        interval_s=row["interval_s"],
        kind=Kind(row["kind"]),
        cause=None if row["cause"] is None else Cause.parse(row["cause"]),
        since_ms=row["since_ms"],
        opened_ms=row["opened_ms"],
        failed=row["failed"],
        last_ok_ms=row["last_ok_ms"],
        last_failed_ms=row["last_failed_ms"],
        answering_since_ms=row["answering_since_ms"],
        share_ok=row["share_ok"],
        share_of=row["share_of"],
        latency_ms=row["latency_ms"],
        limit_ms=row["limit_ms"],
        resolved_ms=row["resolved_ms"],
        ended_ms=row["ended_ms"],
        ending=None if row["ending"] is None else Ending(row["ending"]),
        acknowledged_ms=row["acknowledged_ms"],
        acknowledged_by=row["acknowledged_by"],
        me_too=row["me_too"],
        told_down=bool(row["told_down"]),
        withheld=bool(row["withheld"]),
        channel_id=row["channel_id"],
        role_id=row["role_id"],
        address=row["address"],
        certificate_ms=row["certificate_ms"],
    )


def sharing_post(conn: Connection, incident_id: int) -> list[int]:
    """Ids of all incidents that share a post with this one, itself included."""
    rows = conn.execute(
        "SELECT DISTINCT other.incident_id FROM post_incident mine"
        " JOIN post_incident other ON other.post_id = mine.post_id WHERE mine.incident_id = ?",
        (incident_id,),
    )
    return sorted({incident_id, *(row["incident_id"] for row in rows.fetchall())})
