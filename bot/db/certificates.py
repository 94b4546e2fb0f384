"""SQL of what was told about the certificates' ends: a line for each monitor that shows one."""

from bot.db.database import Connection


def find(conn: Connection, monitor_id: int) -> str | None:
    """What :func:`save` stored last for that monitor."""
    row = conn.execute(
        "SELECT told FROM certificate WHERE monitor_id = ?", (monitor_id,)
    ).fetchone()
    return None if row is None else str(row["told"])


def save(conn: Connection, monitor_id: int, told: str) -> None:
    conn.execute(
        "INSERT INTO certificate (monitor_id, told) VALUES (?, ?)"
        " ON CONFLICT (monitor_id) DO UPDATE SET told = excluded.told",
        (monitor_id, told),
    )


def forget(conn: Connection, monitor_id: int) -> None:
    conn.execute("DELETE FROM certificate WHERE monitor_id = ?", (monitor_id,))
