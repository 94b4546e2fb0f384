"""SQL that forgets people and servers: who followed what is over, and servers left long ago."""

from bot.db import followed_pages, rows
from bot.db.database import Connection

SLICE = 500
FEW = 25  # deleting an incident looks for its work in all the work there is

_MONITORS = "SELECT id FROM monitor WHERE guild_id = :guild"
_INCIDENTS = "SELECT id FROM incident WHERE guild_id = :guild"
# Table, its key, and which rows belong to the server: children before what they refer to.
_BELONGINGS = (
    ("packed", "monitor_id, hour", f"monitor_id IN ({_MONITORS})"),
    ("hourly", "monitor_id, hour", f"monitor_id IN ({_MONITORS})"),
    ("players", "monitor_id, hour", f"monitor_id IN ({_MONITORS})"),
    ("daily", "monitor_id, day", f"monitor_id IN ({_MONITORS})"),
    ("judge_state", "monitor_id", f"monitor_id IN ({_MONITORS})"),
    ("push", "monitor_id", f"monitor_id IN ({_MONITORS})"),
    ("certificate", "monitor_id", f"monitor_id IN ({_MONITORS})"),
    ("notification", "id", "guild_id = :guild"),
    ("page_report", "id", "guild_id = :guild"),
    ("followed_page", "id", "guild_id = :guild"),
    ("post_incident", "post_id, incident_id", f"incident_id IN ({_INCIDENTS})"),
    ("post", "id", "guild_id = :guild"),
    ("follower", "incident_id, user_id, kind", f"incident_id IN ({_INCIDENTS})"),
    ("incident_stage", "incident_id, from_ms", f"incident_id IN ({_INCIDENTS})"),
    ("incident", "id", "guild_id = :guild"),
    ("blocked_channel", "channel_id", "guild_id = :guild"),
    ("change", "id", "guild_id = :guild"),
    ("board", "channel_id", "guild_id = :guild"),
    ("maintenance_window", "id", "guild_id = :guild"),
    ("report", "guild_id, period, tag", "guild_id = :guild"),
    ("monitor", "id", "guild_id = :guild"),
    ("guild", "id", "id = :guild"),
)


def forget_followers(conn: Connection, before_ms: int) -> int:
    """Delete a slice of those who followed incidents resolved before then; returns how many."""
    over = "SELECT 1 FROM incident i WHERE i.id = incident_id AND i.resolved_ms < ?"
    key = "incident_id, user_id, kind"
    values = (before_ms, SLICE)
    return rows.delete_slice(conn, "follower", f"EXISTS ({over}) LIMIT ?", values, key=key)


def forget_guilds(conn: Connection, before_ms: int) -> int:
    """Delete a slice of everything of one server left before then; returns how many rows went.

    Raw checks are left out: they are gone after some hours anyway.
    """
    guild_id = rows.value(conn, "SELECT id FROM guild WHERE left_ms < ? LIMIT 1", (before_ms,))
    if guild_id is None:
        return 0
    for table, key, belongs in _BELONGINGS:
        values = {"guild": guild_id, "slice": FEW if table == "incident" else SLICE}
        gone = rows.delete_slice(conn, table, f"{belongs} LIMIT :slice", values, key=key)
        if gone:
            return gone
    return 0


def prune(conn: Connection, before_ms: int) -> int:
    """Delete one slice of work and of messages whose incidents all ended before that.

    What still waits by then, for a channel that refuses us say, would be news to nobody.

    Returns how many rows went; 0 when nothing is left to do.
    """
    return (
        _notifications(conn, before_ms)
        or followed_pages.prune_reports(conn, before_ms, SLICE)
        or _posts(conn, before_ms)
    )


def _notifications(conn: Connection, before_ms: int) -> int:
    return conn.execute(
        "DELETE FROM notification WHERE id IN (SELECT n.id FROM notification n"
        " LEFT JOIN incident i ON i.id = n.incident_id WHERE n.created_ms < :before"
        " AND iif(i.id IS NULL, n.created_ms, i.resolved_ms) < :before ORDER BY n.id LIMIT :slice)",
        {"before": before_ms, "slice": SLICE},
    ).rowcount


def _posts(conn: Connection, before_ms: int) -> int:
    found = conn.execute(
        "SELECT p.id FROM post p WHERE p.created_ms < :before"
        " AND NOT EXISTS (SELECT 1 FROM post_incident l JOIN incident i ON i.id = l.incident_id"
        " WHERE l.post_id = p.id AND coalesce(i.resolved_ms, :before) >= :before)"
        " AND NOT EXISTS (SELECT 1 FROM page_report r WHERE r.post_id = p.id)"
        " AND NOT EXISTS (SELECT 1 FROM notification n WHERE n.post_id = p.id)"
        " ORDER BY p.id LIMIT :slice",
        {"before": before_ms, "slice": SLICE},
    ).fetchall()
    ids = [(row["id"],) for row in found]
    conn.executemany("DELETE FROM post_incident WHERE post_id = ?", ids)
    conn.executemany("DELETE FROM post WHERE id = ?", ids)
    return len(ids)
