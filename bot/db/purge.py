"""SQL that forgets people and servers: who followed what is over, and servers left long ago."""

from bot.db.database import Connection

SLICE = 500
FEW = 25  # deleting an incident looks for its work in all the work there is

_MONITORS = "SELECT id FROM monitor WHERE guild_id = :guild"
_INCIDENTS = "SELECT id FROM incident WHERE guild_id = :guild"
# Table, its key, and which rows belong to the server: children before what they refer to.
_BELONGINGS = (
    ("packed", "monitor_id, hour", f"monitor_id IN ({_MONITORS})"),
    ("hourly", "monitor_id, hour", f"monitor_id IN ({_MONITORS})"),
    ("daily", "monitor_id, day", f"monitor_id IN ({_MONITORS})"),
    ("memory", "monitor_id", f"monitor_id IN ({_MONITORS})"),
    ("certificate", "monitor_id", f"monitor_id IN ({_MONITORS})"),
    ("notification", "id", "guild_id = :guild"),
    ("post_incident", "post_id, incident_id", f"incident_id IN ({_INCIDENTS})"),
    ("post", "id", "guild_id = :guild"),
    ("follower", "incident_id, user_id, wish", f"incident_id IN ({_INCIDENTS})"),
    ("incident_stage", "incident_id, from_ms", f"incident_id IN ({_INCIDENTS})"),
    ("incident", "id", "guild_id = :guild"),
    ("parked", "channel_id", "guild_id = :guild"),
    ("change", "id", "guild_id = :guild"),
    ("board", "channel_id", "guild_id = :guild"),
    ("maintenance_window", "id", "guild_id = :guild"),
    ("monitor", "id", "guild_id = :guild"),
    ("guild", "id", "id = :guild"),
)


def forget_followers(conn: Connection, before_ms: int) -> int:
    """Delete a slice of those who followed incidents resolved before then; returns how many."""
    return conn.execute(
        "DELETE FROM follower WHERE (incident_id, user_id, wish) IN (SELECT f.incident_id,"
        " f.user_id, f.wish FROM follower f JOIN incident i ON i.id = f.incident_id"
        " WHERE i.resolved_ms < ? LIMIT ?)",
        (before_ms, SLICE),
    ).rowcount


def forget_guilds(conn: Connection, before_ms: int) -> int:
    """Delete a slice of everything of one server left before then; returns how many rows went.

    Raw tries are not asked for: they are gone after some hours anyway.
    """
    row = conn.execute("SELECT id FROM guild WHERE left_ms < ? LIMIT 1", (before_ms,)).fetchone()
    if row is None:
        return 0
    for table, key, belongs in _BELONGINGS:
        gone = conn.execute(
            f"DELETE FROM {table} WHERE ({key}) IN"
            f" (SELECT {key} FROM {table} WHERE {belongs} LIMIT :slice)",
            {"guild": row["id"], "slice": FEW if table == "incident" else SLICE},
        ).rowcount
        if gone:
            return gone
    return 0
