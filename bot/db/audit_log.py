"""SQL of the changes people made: written with the change itself, read page by page."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from urllib.parse import urlsplit

from bot.db import guilds, rows
from bot.db.database import Connection
from bot.models import Window
from bot.words.escaping import ELLIPSIS, clip

SLICE = 500
KEPT = 5_000  # the newest of each server: one change a second would fill any disk
TEXT_LIMIT, _BEGINNING = 400, 260  # of what is kept of one value, and of how it begins
_AHEAD = 15  # what is kept before the place where two long texts differ
_ADDRESSES = ("url", "added", "imported")
_READ_BACK = {"name", "window"}


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing one person changed. ``monitor_id`` None: a setting of the whole server.

    What is read back also has the monitor's name of today, and the maintenance window it is about.
    """

    guild_id: int
    user_id: int
    field: str
    at_ms: int
    monitor_id: int | None = None
    before: str | None = None
    after: str | None = None
    name: str | None = None
    window: Window | None = None


# Whose changes are read: of one monitor, of everything, or of what has no card of its own.
_OF_MONITOR = "c.monitor_id = :monitor"
_OF_ALL = "TRUE"
_OF_SERVER = "(c.monitor_id IS NULL OR c.field = 'removed')"


def insert(conn: Connection, changes: Iterable[AuditEntry]) -> None:
    """Note changes; call it in the transaction that makes them. The oldest beyond KEPT go."""
    found = [_shortened(one) for one in changes]
    for one in found:
        row = asdict(one)
        rows.insert(conn, "change", {name: row[name] for name in row if name not in _READ_BACK})
    for guild_id in {one.guild_id for one in found}:
        some = (guild_id, len(found) + SLICE, KEPT)
        rows.delete_slice(conn, "change", "guild_id = ? ORDER BY id DESC LIMIT ? OFFSET ?", some)


def forget_secrets(conn: Connection, monitor_id: int, secrets: Sequence[str]) -> None:
    """Delete the values of these fields of a monitor; that they were changed stays known.

    Of addresses the site stays.
    """
    found = conn.execute(
        "SELECT id, field, before, after FROM change WHERE monitor_id = ?", (monitor_id,)
    ).fetchall()
    conn.executemany(
        "UPDATE change SET before = ?, after = ? WHERE id = ?",
        [
            (None, None, row["id"])
            if row["field"] in secrets
            else (_site(row["before"]), _site(row["after"]), row["id"])
            for row in found
            if row["field"] in {*secrets, *_ADDRESSES}
        ],
    )


def site_of(url: str) -> str:
    """Scheme and host of an address: what is no secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _site(url: str | None) -> str | None:
    return url and site_of(url)


def _shortened(change: AuditEntry) -> AuditEntry:
    """Of two long texts what differs is kept, and how both begin."""
    before, after = change.before or "", change.after or ""
    if max(len(before), len(after)) <= TEXT_LIMIT:
        return change
    pairs = enumerate(zip(before, after, strict=False))
    same = next((at for at, (a, b) in pairs if a != b), min(len(before), len(after)))
    left_out = range(_BEGINNING, max(_BEGINNING, same - _AHEAD))
    return replace(
        change,
        before=change.before and _without(before, left_out),
        after=change.after and _without(after, left_out),
    )


def _without(text: str, left_out: range) -> str:
    if left_out:
        text = f"{text[: left_out.start]}{ELLIPSIS}{text[left_out.stop :]}"
    return clip(text, TEXT_LIMIT)


def of_guild(
    conn: Connection, guild_id: int, monitor_id: int | None, skip: int, limit: int
) -> tuple[list[AuditEntry], int]:
    """Changes newest first, of one monitor or (None) of everything; and how many there are."""
    chosen = _OF_ALL if monitor_id is None else _OF_MONITOR
    values = {"guild": guild_id, "monitor": monitor_id}
    found = _read(conn, chosen, values | {"skip": skip, "limit": limit})
    query = f"SELECT count(*) FROM change c WHERE c.guild_id = :guild AND {chosen}"
    return found, int(rows.value(conn, query, values))


def of_server(conn: Connection, guild_id: int, limit: int) -> list[AuditEntry]:
    return _read(conn, _OF_SERVER, {"guild": guild_id, "skip": 0, "limit": limit})


def pauses(conn: Connection, monitor_id: int, from_ms: int, until_ms: int) -> list[tuple[int, int]]:
    """The parts of a span for which people had a monitor paused, in order.

    A pause ends with the next one, when somebody resumes it, or at the end it was given. What came
    paused with an import has no beginning of its own.
    """
    found = conn.execute(
        "SELECT max(at_ms, :from) AS a, min(:until, coalesce(next_ms, :until),"
        " coalesce(CAST(iif(field = 'paused', after, NULL) AS INTEGER), :until)) AS b FROM"
        " (SELECT field, at_ms, after, lead(at_ms) OVER in_turn AS next_ms,"
        " lead(field) OVER in_turn AS next FROM change WHERE monitor_id = :id"
        " AND field IN ('imported', 'paused', 'resumed') WINDOW in_turn AS (ORDER BY id))"
        " WHERE (field = 'paused' OR next = 'resumed') AND b > a ORDER BY a",
        {"id": monitor_id, "from": from_ms, "until": until_ms},
    )
    return [(row["a"], row["b"]) for row in found.fetchall()]


def forget(conn: Connection, before_ms: int) -> int:
    where = "at_ms < ? ORDER BY at_ms LIMIT ?"
    return rows.delete_slice(conn, "change", where, (before_ms, SLICE))


def _read(conn: Connection, chosen: str, values: dict[str, int | None]) -> list[AuditEntry]:
    found = conn.execute(
        "SELECT c.*, m.name FROM change c LEFT JOIN monitor m ON m.id = c.monitor_id"
        f" WHERE c.guild_id = :guild AND {chosen} ORDER BY c.id DESC LIMIT :limit OFFSET :skip",
        values,
    ).fetchall()
    return [_change(conn, row) for row in found]


def _change(conn: Connection, row: sqlite3.Row) -> AuditEntry:
    planned = row["field"].startswith("maintenance_")
    window = guilds.find_window(conn, row["guild_id"], int(row["after"])) if planned else None
    return rows.read(row, AuditEntry, window=window)
