"""SQL of the time a monitor was down or unstable: the stages of its incidents."""

from bot.db.database import Connection
from bot.models import Kind, State

FOR_EVER = 2**62


def between(
    conn: Connection, monitor_id: int, from_ms: int, until_ms: int
) -> dict[State, list[tuple[int, int]]]:
    """The spans of a state inside a span, in order; an incident lasts until it truly ended.

    One that is open lasts until now, or until it began to answer.
    """
    rows = conn.execute(
        "SELECT s.kind, max(s.from_ms, :from) AS a, min(:until, coalesce(i.ended_ms,"
        " i.answering_since_ms, i.resolved_ms, :ever), (SELECT coalesce(min(n.from_ms), :ever)"
        " FROM incident_stage n WHERE n.incident_id = i.id AND n.from_ms > s.from_ms)) AS b"
        " FROM incident i JOIN incident_stage s ON s.incident_id = i.id"
        " WHERE i.monitor_id = :id AND i.since_ms < :until"
        " AND coalesce(i.ended_ms, i.answering_since_ms, i.resolved_ms, :ever) > :from ORDER BY a",
        {"id": monitor_id, "from": from_ms, "until": until_ms, "ever": FOR_EVER},
    )
    spans: dict[State, list[tuple[int, int]]] = {State.DOWN: [], State.UNSTABLE: []}
    for row in rows.fetchall():
        if row["a"] < row["b"]:
            spans[Kind(row["kind"]).state].append((row["a"], row["b"]))
    return spans
