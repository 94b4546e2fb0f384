"""SQL of the few values that belong to the whole installation."""

from bot.db.database import Connection


def get(conn: Connection, key: str) -> str | None:
    row = conn.execute("SELECT value FROM setting WHERE key = ?", (key,)).fetchone()
    return None if row is None else str(row[0])


def number(conn: Connection, key: str) -> int | None:
    """None also for what is no number: a damaged value is as good as none."""
    value = get(conn, key)
    return int(value) if value and value.isascii() and value.isdigit() else None


def put(conn: Connection, key: str, value: str) -> None:
    conn.execute(
        "INSERT INTO setting (key, value) VALUES (?, ?)"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, value),
    )
