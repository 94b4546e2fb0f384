"""SQL of posts: Discord messages about incidents and are edited while those live."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from bot.db import rows
from bot.db.database import Connection
from bot.db.outbox import GROUPED, Work


@dataclass(frozen=True, slots=True)
class Post:
    """One message. ``message_id`` is None until it is posted; ``gone``: a human deleted it."""

    id: int
    guild_id: int
    channel_id: int
    message_id: int | None
    created_ms: int
    edited_ms: int | None
    gone: bool
    pinged: frozenset[int]


def create(
    conn: Connection, guild_id: int, channel_id: int, incident_ids: Iterable[int], now_ms: int
) -> int:
    """Add a message about to be sent, with its incidents; returns the post's id."""
    post = {"guild_id": guild_id, "channel_id": channel_id, "created_ms": now_ms}
    post_id = rows.insert(conn, "post", post)
    link(conn, post_id, incident_ids)
    return post_id


def link(conn: Connection, post_id: int, incident_ids: Iterable[int]) -> None:
    conn.execute(
        "INSERT OR IGNORE INTO post_incident (post_id, incident_id)"
        " SELECT ?, value FROM json_each(?)",
        (post_id, rows.listed(incident_ids)),
    )


def unlink(conn: Connection, post_id: int, incident_ids: Iterable[int]) -> None:
    conn.execute(
        "DELETE FROM post_incident WHERE post_id = ?"
        " AND incident_id IN (SELECT value FROM json_each(?))",
        (post_id, rows.listed(incident_ids)),
    )


def get(conn: Connection, post_id: int) -> Post | None:
    return rows.first(conn, _post, "SELECT * FROM post WHERE id = ?", (post_id,))


def of_incident(conn: Connection, incident_id: int) -> list[Post]:
    """Messages about an incident, newest first."""
    found = conn.execute(
        "SELECT p.* FROM post p JOIN post_incident l ON l.post_id = p.id"
        " WHERE l.incident_id = ? ORDER BY p.id DESC",
        (incident_id,),
    )
    return [_post(row) for row in found.fetchall()]


def to_reply_to(conn: Connection, channel_id: int, incident_ids: Iterable[int]) -> int | None:
    """The channel's standing message about most of these incidents, the newest of equals."""
    query = (
        "SELECT p.message_id FROM json_each(?) one"
        " CROSS JOIN post_incident l ON l.incident_id = one.value"
        " CROSS JOIN post p ON p.id = l.post_id WHERE p.message_id IS NOT NULL"
        " AND p.gone_ms IS NULL AND p.channel_id = ?"
        " GROUP BY p.id ORDER BY count(*) DESC, p.id DESC LIMIT 1"
    )
    found: int | None = rows.value(conn, query, (rows.listed(incident_ids), channel_id))
    return found


def count_incidents(conn: Connection, post_id: int) -> int:
    query = "SELECT count(*) FROM post_incident WHERE post_id = ?"
    return int(rows.value(conn, query, (post_id,)))


def newest_list(conn: Connection, channel_id: int, since_ms: int, at_least: int) -> Post | None:
    """The newest message since then that lists so many incidents or waited for company.

    One of its incidents is open.
    """
    query = (
        "SELECT p.* FROM post p WHERE p.channel_id = :channel AND p.created_ms >= :since"
        " AND p.message_id IS NOT NULL AND p.gone_ms IS NULL"
        " AND ((SELECT count(*) FROM (SELECT 1 FROM post_incident l WHERE l.post_id = p.id"
        " LIMIT :least)) >= :least"
        " OR EXISTS (SELECT 1 FROM post_incident l JOIN notification n"
        " ON n.incident_id = l.incident_id AND n.kind = :open AND n.payload = :grouped"
        " WHERE l.post_id = p.id))"
        " AND EXISTS (SELECT 1 FROM post_incident l JOIN incident i ON i.id = l.incident_id"
        " WHERE l.post_id = p.id AND i.resolved_ms IS NULL) ORDER BY p.id DESC LIMIT 1"
    )
    values = {"channel": channel_id, "since": since_ms, "least": at_least}
    return rows.first(conn, _post, query, values | {"open": Work.OPEN, "grouped": GROUPED})


def names_monitors_of(conn: Connection, post_id: int, incidents: Iterable[int | None]) -> bool:
    """True: a message is about a monitor of one of these incidents already."""
    query = (  # CROSS: from these incidents on, however long the list is
        "SELECT TRUE FROM json_each(?) one CROSS JOIN incident new ON new.id = one.value"
        " CROSS JOIN incident old ON old.monitor_id = new.monitor_id"
        " CROSS JOIN post_incident l ON l.post_id = ? AND l.incident_id = old.id LIMIT 1"
    )
    return bool(rows.value(conn, query, (rows.listed(incidents), post_id)))


def posted(conn: Connection, post_id: int, message_id: int, pinged: Iterable[int]) -> None:
    conn.execute("UPDATE post SET message_id = ? WHERE id = ?", (message_id, post_id))
    ping(conn, post_id, pinged)


def ping(conn: Connection, post_id: int, role_ids: Iterable[int]) -> None:
    """Note that these roles have been called (or are about to be) on behalf of a post."""
    conn.execute(
        "UPDATE post SET pinged = trim(pinged || ' ' || ?) WHERE id = ?",
        (" ".join(map(str, role_ids)), post_id),
    )


def edited(conn: Connection, post_id: int, now_ms: int) -> None:
    conn.execute("UPDATE post SET edited_ms = ? WHERE id = ?", (now_ms, post_id))


def gone(conn: Connection, post_id: int, now_ms: int) -> None:
    """A human deleted the message: it is neither edited nor posted again."""
    conn.execute("UPDATE post SET gone_ms = ? WHERE id = ?", (now_ms, post_id))


def forget(conn: Connection, post_id: int) -> None:
    """Remove a message that Discord never took; nothing may refer to it any more."""
    conn.execute("DELETE FROM post_incident WHERE post_id = ?", (post_id,))
    conn.execute("DELETE FROM post WHERE id = ?", (post_id,))


def _post(row: sqlite3.Row) -> Post:
    pinged = frozenset(map(int, row["pinged"].split()))
    return rows.read(row, Post, gone=row["gone_ms"] is not None, pinged=pinged)
