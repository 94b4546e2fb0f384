"""SQL of scheduled reports, and of the incidents that they count."""

from dataclasses import asdict

from bot.db import rows
from bot.db.database import Connection
from bot.models import ReportSchedule


def save(conn: Connection, one: ReportSchedule) -> None:
    rows.save(conn, "report", "guild_id, period, tag", asdict(one))


def remove(conn: Connection, guild_id: int) -> int:
    """Returns how many schedules the server had."""
    return conn.execute("DELETE FROM report WHERE guild_id = ?", (guild_id,)).rowcount


def of_guild(conn: Connection, guild_id: int) -> list[ReportSchedule]:
    query = "SELECT * FROM report WHERE guild_id = ? ORDER BY period, tag"
    return rows.select(conn, lambda row: rows.read(row, ReportSchedule), query, (guild_id,))


def all_present(conn: Connection) -> list[ReportSchedule]:
    """Those of the servers that Vigie is in."""
    query = "SELECT r.* FROM report r JOIN guild g ON g.id = r.guild_id WHERE g.left_ms IS NULL"
    return rows.select(conn, lambda row: rows.read(row, ReportSchedule), query)


def incident_lengths(
    conn: Connection, monitor_id: int, begin_ms: int, end_ms: int, now_ms: int
) -> list[int]:
    """How many seconds each incident lasted (until now) that began in a stretch of time."""
    found = conn.execute(
        "SELECT coalesce(ended_ms, resolved_ms, ?4) - since_ms AS ms FROM incident"
        " WHERE monitor_id = ?1 AND since_ms >= ?2 AND since_ms < ?3",
        (monitor_id, begin_ms, end_ms, now_ms),
    )
    return [row["ms"] // 1000 for row in found.fetchall()]
