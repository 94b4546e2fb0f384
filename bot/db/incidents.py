"""SQL of incidents: one stretch of trouble of one monitor, and the people who follow it."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict

from bot.db import rows
from bot.db.database import Connection
from bot.models import Cause, Ending, Incident, Kind, SeenFrom, State

_ID_LENGTH = 6

_SELECT = """
    SELECT i.*, m.name, m.url, m.interval_s, m.muted_until_ms, m.link, m.note, 0 AS behind,
    (SELECT count(*) FROM follower f WHERE f.incident_id = i.id AND f.kind = 'me_too') AS me_too
    FROM incident i JOIN monitor m ON m.id = i.monitor_id
"""
# For messages alone: in a long chain of dependencies each of its incidents costs its length.
_SHOWN = _SELECT.replace(
    "0 AS behind",
    """
    (WITH RECURSIVE below(id) AS (
        SELECT id FROM monitor WHERE depends_on = i.monitor_id
        UNION SELECT d.id FROM monitor d JOIN below ON d.depends_on = below.id)
     SELECT count(*) FROM incident c JOIN below ON c.monitor_id = below.id
     WHERE c.guild_id = i.guild_id AND c.resolved_ms IS NULL AND c.silenced) AS behind
    """,
)

# Columns that are fixed at the opening, and that change while an incident lives.
_FIXED = (
    *("guild_id", "monitor_id", "since_ms", "opened_ms", "limit_ms"),
    *("address", "certificate_ms"),
)
LIVE = (
    *("kind", "cause", "failed", "last_failed_ms", "answering_since_ms", "share_ok", "share_of"),
    *("latency_ms", "resolved_ms", "ended_ms", "ending", "silenced", "last_ok_ms"),
    *("channel_id", "role_id", "places", "good_rounds", "good_needed", "clear_by_ms"),
    *("relapses", "share_said"),
)


def insert(conn: Connection, incident: Incident) -> Incident:
    """Store a new incident (its ``id`` and ``public_id`` are ignored); returns it with both set.

    Raises sqlite3.IntegrityError when the monitor already has an open one.
    """
    public_id = rows.new_public_id(conn, "incident", _ID_LENGTH)
    columns = _columns(incident, _FIXED + LIVE) | {"public_id": public_id}
    return load(conn, [rows.insert(conn, "incident", columns)])[0]


def update(conn: Connection, incident: Incident) -> None:
    rows.update(conn, "incident", _columns(incident, LIVE), id=incident.id)


def close_unreadable(conn: Connection, monitor_id: int, now_ms: int) -> None:
    """Close an incident that could not be read at the start: a monitor has one at a time."""
    conn.execute(
        "UPDATE incident SET resolved_ms = ?1, ending = ?2,"
        " ended_ms = coalesce(answering_since_ms, last_failed_ms, ?1)"
        " WHERE monitor_id = ?3 AND resolved_ms IS NULL",
        (now_ms, Ending.RESOLVED, monitor_id),
    )


def load(conn: Connection, ids: Iterable[int]) -> list[Incident]:
    """The incidents of these ids, in the order given; unknown ids are left out."""
    wanted = list(ids)
    query = f"{_SHOWN} WHERE i.id IN (SELECT value FROM json_each(?))"
    found = {row["id"]: row for row in conn.execute(query, (rows.listed(wanted),)).fetchall()}
    return [_incident(found[one]) for one in wanted if one in found]


def of_post(conn: Connection, post_id: int, after_id: int = 0, limit: int = -1) -> list[Incident]:
    """Those of one message, in the order of their ids, from the one after ``after_id`` on."""
    join = "JOIN post_incident p ON p.incident_id = i.id WHERE p.post_id = ?"
    query = f"{_SHOWN} {join} AND p.incident_id > ? ORDER BY p.incident_id LIMIT ?"
    return rows.select(conn, _incident, query, (post_id, after_id, limit))


def of_message(conn: Connection, guild_id: int, message_id: int) -> list[Incident]:
    query = "SELECT id FROM post WHERE message_id = ? AND guild_id = ?"
    post_id = rows.value(conn, query, (message_id, guild_id))
    return [] if post_id is None else of_post(conn, post_id)


def by_public_id(conn: Connection, guild_id: int, public_id: str) -> Incident | None:
    query = f"{_SELECT} WHERE i.guild_id = ? AND i.public_id = ?"
    return rows.first(conn, _incident, query, (guild_id, public_id))


def open_of(conn: Connection, monitor_ids: Iterable[int]) -> list[Incident]:
    """The open incidents of these monitors."""
    query = (
        f"{_SELECT} WHERE i.resolved_ms IS NULL"
        " AND i.monitor_id IN (SELECT value FROM json_each(?)) ORDER BY i.id"
    )
    return rows.select(conn, _incident, query, (rows.listed(monitor_ids),))


def open_in_channel(conn: Connection, channel_id: int) -> list[Incident]:
    """Open incidents that were sent to a channel, oldest first."""
    query = f"{_SELECT} WHERE i.channel_id = ? AND i.resolved_ms IS NULL ORDER BY i.id"
    return rows.select(conn, _incident, query, (channel_id,))


def recent(
    conn: Connection, guild_id: int, monitor_id: int | None, since_ms: int, limit: int
) -> list[Incident]:
    """Incidents of one server (of one monitor, if given) opened since then, newest first."""
    query = (
        f"{_SELECT} WHERE i.guild_id = ?1 AND (?2 IS NULL OR i.monitor_id = ?2)"
        " AND (i.opened_ms >= ?3 OR i.resolved_ms IS NULL) ORDER BY i.opened_ms DESC LIMIT ?4"
    )
    return rows.select(conn, _incident, query, (guild_id, monitor_id, since_ms, limit))


def acknowledge(
    conn: Connection, ids: Iterable[int], user_id: int | None, now_ms: int | None
) -> None:
    """None: nobody has them any more."""
    conn.execute(
        "UPDATE incident SET acknowledged_by = ?, acknowledged_ms = ?"
        " WHERE id IN (SELECT value FROM json_each(?))",
        (user_id, now_ms, rows.listed(ids)),
    )


def follow(conn: Connection, incident_id: int, user_id: int, kind: str, now_ms: int) -> bool:
    """Note a follower (``tell_me`` or ``me_too``); False when they were noted before."""
    cursor = conn.execute(
        "INSERT OR IGNORE INTO follower (incident_id, user_id, kind, at_ms) VALUES (?, ?, ?, ?)",
        (incident_id, user_id, kind, now_ms),
    )
    return cursor.rowcount == 1


def unfollow(conn: Connection, incident_id: int, user_id: int, kind: str) -> None:
    conn.execute(
        "DELETE FROM follower WHERE incident_id = ? AND user_id = ? AND kind = ?",
        (incident_id, user_id, kind),
    )


def followers(conn: Connection, incident_id: int, kind: str, since_ms: int = 0) -> list[int]:
    """The followers of that kind who came after that moment, first come first."""
    query = (
        "SELECT user_id FROM follower WHERE incident_id = ? AND kind = ? AND at_ms > ?"
        " ORDER BY at_ms, user_id"
    )
    return rows.numbers(conn, query, (incident_id, kind, since_ms))


def followed(conn: Connection, ids: Iterable[int], kind: str) -> list[int]:
    """Those of these incidents that somebody follows, in the order given."""
    query = (
        "SELECT one.value FROM json_each(?) one WHERE EXISTS"
        " (SELECT 1 FROM follower f WHERE f.incident_id = one.value AND f.kind = ?)"
    )
    return rows.numbers(conn, query, (rows.listed(ids), kind))


def fell_again(conn: Connection, guild_id: int, monitor_id: int, since_ms: int) -> int:
    """How often a monitor failed again since then, after it had worked in between."""
    query = (
        "SELECT total(1 + relapses) FROM incident WHERE guild_id = ? AND monitor_id = ?"
        " AND since_ms >= ?"
    )
    return max(0, int(rows.value(conn, query, (guild_id, monitor_id, since_ms))) - 1)


def sharing_post(conn: Connection, incident_id: int) -> list[int]:
    """Ids of all incidents that share a post with this one, itself included."""
    query = (
        "SELECT other.incident_id FROM post_incident mine"
        " JOIN post_incident other ON other.post_id = mine.post_id WHERE mine.incident_id = ?"
    )
    return sorted({incident_id, *rows.numbers(conn, query, (incident_id,))})


def _columns(incident: Incident, names: Iterable[str]) -> dict[str, object]:
    columns = {name: getattr(incident, name) for name in names}
    cause = None if incident.cause is None else str(incident.cause)
    places = json.dumps(asdict(incident.places), ensure_ascii=False) if incident.places else None
    return columns | {"cause": cause, "places": places}


def _incident(row: sqlite3.Row) -> Incident:
    return rows.read(
        row,
        Incident,
        kind=Kind(row["kind"]),
        cause=None if row["cause"] is None else Cause.parse(row["cause"]),
        ending=None if row["ending"] is None else Ending(row["ending"]),
        silenced=bool(row["silenced"]),
        places=_places(row["places"]),
    )


def _places(text: str | None) -> SeenFrom:
    """What cannot be read is left out: the incident is worth more."""
    try:
        found = {} if text is None else json.loads(text)
        return SeenFrom(**{name: tuple(map(str, names)) for name, names in found.items()})
    except (ValueError, TypeError, AttributeError):
        return SeenFrom()


FOR_EVER = 2**62


def between(
    conn: Connection, monitor_id: int, from_ms: int, until_ms: int
) -> dict[State, list[tuple[int, int]]]:
    """The spans of a state inside a span, in order; an incident lasts until it truly ended.

    One that is open lasts until now, or until it began to answer.
    """
    found = conn.execute(
        "SELECT s.kind, max(s.from_ms, :from) AS a, min(:until, coalesce(i.ended_ms,"
        " i.answering_since_ms, i.resolved_ms, :ever), (SELECT coalesce(min(n.from_ms), :ever)"
        " FROM incident_stage n WHERE n.incident_id = i.id AND n.from_ms > s.from_ms)) AS b"
        " FROM incident i JOIN incident_stage s ON s.incident_id = i.id"
        " WHERE i.monitor_id = :id AND i.since_ms < :until"
        " AND coalesce(i.ended_ms, i.answering_since_ms, i.resolved_ms, :ever) > :from ORDER BY a",
        {"id": monitor_id, "from": from_ms, "until": until_ms, "ever": FOR_EVER},
    )
    spans: dict[State, list[tuple[int, int]]] = {State.DOWN: [], State.UNSTABLE: []}
    for row in found.fetchall():
        if row["a"] < row["b"]:
            spans[Kind(row["kind"]).state].append((row["a"], row["b"]))
    return spans


# Nobody is reminded of what recovers, or somebody has acknowledged or muted.
_UNATTENDED = (
    " i.resolved_ms IS NULL AND i.acknowledged_ms IS NULL AND i.clear_by_ms IS NULL"
    " AND coalesce(m.muted_until_ms, 0) <= :now"
)


# Sent to a server that wants more of what nobody attends to.
_SENT_AND_UNATTENDED = (
    # CROSS: the few incidents that go on come first, whatever the planner believes.
    "SELECT i.id FROM incident i INDEXED BY incident_unresolved"
    " CROSS JOIN guild g ON g.id = i.guild_id AND g.left_ms IS NULL"
    " CROSS JOIN monitor m ON m.id = i.monitor_id"
    " CROSS JOIN notification o ON o.incident_id = i.id AND o.kind = 'open' AND o.state = 'sent'"
    f" WHERE {_UNATTENDED}"
)


def due(conn: Connection, now_ms: int) -> list[int]:
    """Ids of the incidents whose next reminder is due; a reminder, call or the opening was sent."""
    query = (
        f"{_SENT_AND_UNATTENDED} AND g.reminder_h > 0"
        " AND :now >= g.reminder_h * 3600000 + coalesce("
        " (SELECT max(r.created_ms) FROM notification r WHERE r.incident_id = i.id"
        " AND r.kind IN ('reminder', 'call')), i.opened_ms) ORDER BY i.id"
    )
    return rows.numbers(conn, query, {"now": now_ms})


def to_escalate(conn: Connection, now_ms: int) -> list[int]:
    """Ids of the incidents that nobody has acknowledged for as long as their server says."""
    query = (
        f"{_SENT_AND_UNATTENDED} AND g.escalate_s > 0 AND :now >= g.escalate_s * 1000 + i.opened_ms"
        " AND NOT EXISTS (SELECT 1 FROM notification c WHERE c.incident_id = i.id"
        " AND c.kind = 'call') ORDER BY i.id"
    )
    return rows.numbers(conn, query, {"now": now_ms})


def still_wanted(conn: Connection, ids: Iterable[int], now_ms: int) -> set[int]:
    """Those of the incidents that still go on with nobody on them."""
    query = (
        "SELECT i.id FROM incident i JOIN monitor m ON m.id = i.monitor_id"
        f" WHERE i.id IN (SELECT value FROM json_each(:ids)) AND {_UNATTENDED}"
    )
    return set(rows.numbers(conn, query, {"ids": rows.listed(ids), "now": now_ms}))


def lengths(
    conn: Connection, monitor_id: int, begin_ms: int, end_ms: int, now_ms: int
) -> list[int]:
    """How many seconds each incident lasted (until now) that began in a stretch of time."""
    found = conn.execute(
        "SELECT coalesce(ended_ms, resolved_ms, ?4) - since_ms AS ms FROM incident"
        " WHERE monitor_id = ?1 AND since_ms >= ?2 AND since_ms < ?3",
        (monitor_id, begin_ms, end_ms, now_ms),
    )
    return [row["ms"] // 1000 for row in found.fetchall()]
