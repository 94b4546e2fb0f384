"""SQL of reminders: which open incidents nobody has taken care of for long."""

from collections.abc import Iterable

from bot.db.database import Connection

# Nobody is reminded of what somebody has acknowledged or muted.
_UNATTENDED = (
    " i.resolved_ms IS NULL AND i.acknowledged_ms IS NULL AND coalesce(m.muted_until_ms, 0) <= :now"
)


def due(conn: Connection, now_ms: int) -> list[int]:
    """Ids of the incidents whose next reminder is due; the last one, or the opening, was told."""
    rows = conn.execute(
        # CROSS: the few incidents that go on come first, whatever the planner believes.
        "SELECT i.id FROM incident i INDEXED BY incident_unresolved"
        " CROSS JOIN guild g ON g.id = i.guild_id"
        " AND g.left_ms IS NULL AND g.reminder_h > 0"
        " CROSS JOIN monitor m ON m.id = i.monitor_id"
        " CROSS JOIN notification o ON o.incident_id = i.id"
        " AND o.kind = 'open' AND o.state = 'sent'"
        f" WHERE {_UNATTENDED} AND :now >= g.reminder_h * 3600000 + coalesce("
        " (SELECT max(r.created_ms) FROM notification r WHERE r.incident_id = i.id"
        " AND r.kind = 'reminder'), i.opened_ms) ORDER BY i.id",
        {"now": now_ms},
    )
    return [row["id"] for row in rows.fetchall()]


def still_wanted(conn: Connection, ids: Iterable[int], now_ms: int) -> set[int]:
    """Those of the incidents that still go on with nobody on them."""
    query = (
        "SELECT 1 FROM incident i JOIN monitor m ON m.id = i.monitor_id"
        f" WHERE i.id = :id AND {_UNATTENDED}"
    )
    return {
        incident_id
        for incident_id in ids
        if conn.execute(query, {"id": incident_id, "now": now_ms}).fetchone()
    }
