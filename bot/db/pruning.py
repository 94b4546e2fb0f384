"""SQL that forgets what delivery needs no more, a slice at a time."""

from bot.db.database import Connection

SLICE = 500


def prune(conn: Connection, before_ms: int) -> int:
    """Delete one slice of work and of messages whose incidents all ended before that.

    What still waits by then, for a channel that refuses us say, would be news to nobody.

    Returns how many rows went; 0 when nothing is left to do.
    """
    return _notifications(conn, before_ms) or _posts(conn, before_ms)


def _notifications(conn: Connection, before_ms: int) -> int:
    return conn.execute(
        "DELETE FROM notification WHERE id IN (SELECT n.id FROM notification n"
        " LEFT JOIN incident i ON i.id = n.incident_id WHERE n.created_ms < :before"
        " AND iif(i.id IS NULL, n.created_ms, i.resolved_ms) < :before ORDER BY n.id LIMIT :slice)",
        {"before": before_ms, "slice": SLICE},
    ).rowcount


def _posts(conn: Connection, before_ms: int) -> int:
    rows = conn.execute(
        "SELECT p.id FROM post p WHERE p.created_ms < :before"
        " AND NOT EXISTS (SELECT 1 FROM post_incident l JOIN incident i ON i.id = l.incident_id"
        " WHERE l.post_id = p.id AND coalesce(i.resolved_ms, :before) >= :before)"
        " AND NOT EXISTS (SELECT 1 FROM notification n WHERE n.post_id = p.id)"
        " ORDER BY p.id LIMIT :slice",
        {"before": before_ms, "slice": SLICE},
    ).fetchall()
    ids = [(row["id"],) for row in rows]
    conn.executemany("DELETE FROM post_incident WHERE post_id = ?", ids)
    conn.executemany("DELETE FROM post WHERE id = ?", ids)
    return len(ids)
