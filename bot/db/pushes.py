"""SQL of push monitors: where their jobs call, and when they last did."""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.db.database import Connection


@dataclass(frozen=True, slots=True)
class Pushed:
    """What is stored of one push monitor; ``token`` is the SHA-256 of its secret."""

    monitor_id: int
    token: bytes
    beat_ms: int | None = None
    started_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Beat:
    """What a call of a job changes; ``body`` None: it said nothing, what it said before stays."""

    monitor_id: int
    at_ms: int
    beat_ms: int | None
    started_ms: int | None
    body: str | None = None


def everything(conn: Connection) -> list[Pushed]:
    """Those of servers that were left as well: they may come back."""
    found = conn.execute("SELECT monitor_id, token, beat_ms, started_ms FROM push")
    return [Pushed(*row) for row in found.fetchall()]


def save_token(conn: Connection, monitor_id: int, token: bytes) -> None:
    """From now on the job calls there, and nowhere else."""
    conn.execute(
        "INSERT INTO push (monitor_id, token) VALUES (?, ?)"
        " ON CONFLICT (monitor_id) DO UPDATE SET token = excluded.token",
        (monitor_id, token),
    )


def save_beats(conn: Connection, beats: Iterable[Beat]) -> None:
    """In the order they came."""
    conn.executemany(
        "UPDATE push SET beat_ms = ?, started_ms = ?, body = coalesce(?, body),"
        " body_ms = iif(? IS NULL, body_ms, ?) WHERE monitor_id = ?",
        [(b.beat_ms, b.started_ms, b.body, b.body, b.at_ms, b.monitor_id) for b in beats],
    )


def body(conn: Connection, guild_id: int, monitor_id: int) -> tuple[str, int] | None:
    """What the job said last, and when."""
    row = conn.execute(
        "SELECT p.body, p.body_ms FROM push p JOIN monitor m ON m.id = p.monitor_id"
        " WHERE p.monitor_id = ? AND m.guild_id = ? AND p.body IS NOT NULL",
        (monitor_id, guild_id),
    ).fetchone()
    return None if row is None else (str(row[0]), int(row[1]))
