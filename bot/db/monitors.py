"""SQL of the monitors: what is watched for whom, and how; where jobs call, and when they did."""

import json
import sqlite3
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.db import audit_log, rows
from bot.db.database import Connection
from bot.models import Monitor, Target

# What is no setting: identity, the target's own columns, and silences.
_FIXED = {
    *("id", "guild_id", "target", "created_ms"),
    *("paused_ms", "resume_ms", "muted_until_ms"),
}


@dataclass(frozen=True, slots=True)
class Watched:
    """As much of a monitor as counting needs; ``until_ms``: paused, removed or left then."""

    id: int
    interval_s: int
    until_ms: int | None


def name_key(name: str) -> str:
    """Two names are the same when they look the same without case."""
    return unicodedata.normalize("NFKC", name).casefold()


def all_watched(conn: Connection) -> list[int]:
    """The ids of all monitors of the servers that Vigie is in."""
    return rows.numbers(
        conn,
        "SELECT m.id FROM monitor m JOIN guild g ON g.id = m.guild_id"
        " WHERE m.removed_ms IS NULL AND g.left_ms IS NULL ORDER BY m.id",
    )


def of_guild(conn: Connection, guild_id: int) -> list[int]:
    query = "SELECT id FROM monitor WHERE guild_id = ? AND removed_ms IS NULL ORDER BY id"
    return rows.numbers(conn, query, (guild_id,))


def load(conn: Connection, ids: Iterable[int]) -> list[Monitor]:
    query = "SELECT * FROM monitor WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id"
    return rows.select(conn, _monitor, query, (rows.listed(ids),))


def watched_after(conn: Connection, monitor_id: int, since_ms: int) -> list[Watched]:
    """The next monitors by id that were watched at that time, as far as is known now."""
    found = conn.execute(
        "SELECT m.id, m.interval_s, m.paused_ms, m.removed_ms, g.left_ms"
        " FROM monitor m JOIN guild g ON g.id = m.guild_id WHERE m.id > :id"
        " AND coalesce(m.removed_ms, :since + 1) > :since"
        " AND coalesce(g.left_ms, :since + 1) > :since ORDER BY m.id LIMIT 200",
        {"id": monitor_id, "since": since_ms},
    )
    return [
        Watched(number, interval_s, min((at for at in ends if at is not None), default=None))
        for number, interval_s, *ends in found.fetchall()
    ]


def count(conn: Connection, guild_id: int) -> int:
    query = "SELECT count(*) FROM monitor WHERE guild_id = ? AND removed_ms IS NULL"
    return int(rows.value(conn, query, (guild_id,)))


def insert(conn: Connection, monitor: Monitor) -> int:
    """Store a new monitor; returns its id.

    Raises sqlite3.IntegrityError when the server already has that name.
    """
    born = {"guild_id": monitor.guild_id, "created_ms": monitor.created_ms}
    return rows.insert(conn, "monitor", born | _settings(monitor))


def save_settings(conn: Connection, monitor: Monitor) -> None:
    """Write what people may change, silences apart.

    Raises sqlite3.IntegrityError when another monitor of the server has that name.
    """
    _update(conn, monitor, _settings(monitor))


def save_pause(conn: Connection, monitor: Monitor) -> None:
    _update(conn, monitor, {"paused_ms": monitor.paused_ms, "resume_ms": monitor.resume_ms})


def save_mute(conn: Connection, monitor: Monitor) -> None:
    _update(conn, monitor, {"muted_until_ms": monitor.muted_until_ms})


def remove(
    conn: Connection, guild_id: int, monitor_id: int, now_ms: int, *, secrets: Sequence[str]
) -> None:
    """Stop watching for good; history stays, the name is free again.

    What may be a secret goes at once: of its target all but scheme and host, and from the audit log
    the values of ``secrets``. What stood on the disk is overwritten, not only marked as free.
    """
    query = "SELECT url FROM monitor WHERE id = ? AND guild_id = ?"
    url = rows.value(conn, query, (monitor_id, guild_id))
    if url is None:
        return
    shown = {"link": None, "note": None, "removed_ms": now_ms}
    bare = _columns(Target(audit_log.site_of(url))) | shown
    conn.execute("PRAGMA secure_delete = ON")
    rows.update(conn, "monitor", bare, id=monitor_id, guild_id=guild_id)
    audit_log.forget_secrets(conn, monitor_id, secrets)
    forget_certificate(conn, monitor_id)  # it names the address it was seen at
    conn.execute("DELETE FROM push WHERE monitor_id = ?", (monitor_id,))
    conn.execute("PRAGMA secure_delete = FAST")


def judge_states(conn: Connection, ids: Iterable[int]) -> dict[int, str]:
    """The stored state of the judge for each of these monitors that has one."""
    query = (
        "SELECT monitor_id, state FROM judge_state"
        " WHERE monitor_id IN (SELECT value FROM json_each(?))"
    )
    return dict(conn.execute(query, (rows.listed(ids),)).fetchall())


def save_judge_state(conn: Connection, monitor_id: int, state: str) -> None:
    rows.save(conn, "judge_state", "monitor_id", {"monitor_id": monitor_id, "state": state})


def _settings(monitor: Monitor) -> dict[str, object]:
    """The columns people may change, silences apart."""
    own = {
        name: getattr(monitor, name) for name in Monitor.__dataclass_fields__ if name not in _FIXED
    }
    return _stored(own) | _columns(monitor.target) | {"name_key": name_key(monitor.name)}


def _columns(target: Target) -> dict[str, object]:
    return _stored({name: getattr(target, name) for name in Target.__dataclass_fields__})


def _stored(values: dict[str, object]) -> dict[str, object]:
    return {name: json.dumps(v) if isinstance(v, tuple) else v for name, v in values.items()}


def _update(conn: Connection, monitor: Monitor, columns: Mapping[str, object]) -> None:
    rows.update(conn, "monitor", columns, id=monitor.id, guild_id=monitor.guild_id)


def _monitor(row: sqlite3.Row) -> Monitor:
    target = rows.read(
        row,
        Target,
        headers=_pairs(row["headers"]),
        header_is=_pairs(row["header_is"]),
        expect_status=tuple(json.loads(row["expect_status"])),
    )
    said = {name: bool(row[name]) for name in ("public", "quiet", "players")}
    return rows.read(row, Monitor, target=target, tags=tuple(json.loads(row["tags"])), **said)


def _pairs(stored: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in json.loads(stored))


def certificate_warnings(conn: Connection, monitor_id: int) -> str | None:
    query = "SELECT warned FROM certificate WHERE monitor_id = ?"
    warned: str | None = rows.value(conn, query, (monitor_id,))
    return warned


def save_certificate_warnings(conn: Connection, monitor_id: int, warned: str) -> None:
    rows.save(conn, "certificate", "monitor_id", {"monitor_id": monitor_id, "warned": warned})


def forget_certificate(conn: Connection, monitor_id: int) -> None:
    conn.execute("DELETE FROM certificate WHERE monitor_id = ?", (monitor_id,))


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


def all_pushed(conn: Connection) -> list[Pushed]:
    """Those of servers that were left as well: they may come back."""
    found = conn.execute("SELECT monitor_id, token, beat_ms, started_ms FROM push")
    return [Pushed(*row) for row in found.fetchall()]


def save_token(conn: Connection, monitor_id: int, token: bytes) -> None:
    """From now on the job calls there, and nowhere else."""
    rows.save(conn, "push", "monitor_id", {"monitor_id": monitor_id, "token": token})


def save_beats(conn: Connection, beats: Iterable[Beat]) -> None:
    """In the order they came."""
    conn.executemany(
        "UPDATE push SET beat_ms = ?, started_ms = ?, body = coalesce(?, body),"
        " body_ms = iif(? IS NULL, body_ms, ?) WHERE monitor_id = ?",
        [(b.beat_ms, b.started_ms, b.body, b.body, b.at_ms, b.monitor_id) for b in beats],
    )


def last_body(conn: Connection, guild_id: int, monitor_id: int) -> tuple[str, int] | None:
    """What the job said last, and when."""
    row = conn.execute(
        "SELECT p.body, p.body_ms FROM push p JOIN monitor m ON m.id = p.monitor_id"
        " WHERE p.monitor_id = ? AND m.guild_id = ? AND p.body IS NOT NULL",
        (monitor_id, guild_id),
    ).fetchone()
    return None if row is None else (str(row[0]), int(row[1]))
