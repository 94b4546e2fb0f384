"""One row in every table of whatever schema there is, all of one server; no thread left behind."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from graphlib import TopologicalSorter

# What a CHECK, a format or a meaning asks for; everything else is made up by type.
EXAMPLES: dict[str, dict[str, object]] = {
    "guild": {
        "language": "fr",
        "guild_locale": "fr",
        "timezone": "Europe/Paris",
        "left_ms": None,
        "tag_alerts": "[]",
        "file_keys": "[]",
    },
    "monitor": {
        "url": "https://shop.example/",
        "method": "GET",
        "headers": "[]",
        "expect_status": "[]",
        "tags": "[]",
        "header_is": "[]",
        "interval_s": 60,
        "paused_ms": None,
        "removed_ms": None,
    },
    "memory": {"judge": "{}"},
    "judge_state": {"state": "{}"},
    "maintenance_window": {
        "timezone": "UTC",
        "days": "",
        "date": "2099-01-01",
        "begins": "10:00",
        "ends": "11:00",
        "length_s": None,
        "ended_ms": None,
    },
    "incident": {"kind": "down", "cause": "timeout:10", "ending": None},
    "incident_stage": {"kind": "unstable"},
    "follower": {"wish": "tell_me", "kind": "tell_me"},
    "notification": {"kind": "open", "state": "sent"},
}
# Columns that a later schema no longer has: nobody read them.
DROPPED = {
    "guild": {"noticed_ms"},
    "memory": {"latest"},
    "incident": {"told_down"},
    "gap": {"reason"},
    "hourly": {"max_ms"},
    "daily": {"max_ms"},
}
# Tables and columns that migrations rename.
RENAMED_TABLES = {"memory": "judge_state", "parked": "blocked_channel"}
RENAMED = {
    "notification": {"batch": "lead_id", "verb": "message_kind", "said": "sent_lines"},
    "incident": {"withheld": "silenced"},
    "memory": {"judge": "state"},
    "certificate": {"told": "warned"},
    "follower": {"wish": "kind"},
    "packed": {"tries": "checks"},
}
# Columns that lead to the server without a reference in the schema.
_LEADS = {"guild_id": "guild", "monitor_id": "monitor", "incident_id": "incident"}
# Of the whole installation, not of a server.
GLOBAL = {"setting", "gap"}


def tables(conn: sqlite3.Connection) -> list[str]:
    """All tables, those that are referred to before those that refer to them."""
    names = conn.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    ).fetchall()
    return list(
        TopologicalSorter(
            {row[0]: set(_leads(conn, row[0]).values()) for row in names}
        ).static_order()
    )


def columns(conn: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in conn.execute(f"PRAGMA table_info({table})").fetchall()]


def fill(conn: sqlite3.Connection, guild_id: int) -> None:
    """A row in each table, no column empty that may be filled; ``guild_id`` makes it unique."""
    ids = {"guild": guild_id}
    for table in tables(conn):
        leads = _leads(conn, table)
        row: dict[str, object] = {}
        for number, (_, name, kind, _, _, key) in enumerate(
            conn.execute(f"PRAGMA table_info({table})").fetchall()
        ):
            if name in EXAMPLES.get(table, {}):
                row[name] = EXAMPLES[table][name]
            elif name in leads:
                row[name] = ids[leads[name]]
            elif name == "id" and key:
                row[name] = ids.setdefault(table, guild_id)
            else:
                row[name] = _made_up(kind, f"{table}.{name}", guild_id * 1000 + number)
        marks = ", ".join(f":{name}" for name in row)
        conn.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", row)


def content(conn: sqlite3.Connection, chosen: dict[str, list[str]]) -> dict[str, list[object]]:
    """All rows of these columns of these tables, in an order of their own."""
    found: dict[str, list[object]] = {}
    for table, names in chosen.items():
        place = table if table in tables(conn) else RENAMED_TABLES[table]
        here, renamed = columns(conn, place), RENAMED.get(table, {})
        now = ", ".join(name if name in here else renamed[name] for name in names)
        found[table] = sorted(map(tuple, conn.execute(f"SELECT {now} FROM {place}")), key=repr)
    return found


def _leads(conn: sqlite3.Connection, table: str) -> dict[str, str]:
    """Column and table it leads to."""
    found = {name: _LEADS[name] for name in columns(conn, table) if name in _LEADS}
    for row in conn.execute(f"PRAGMA foreign_key_list({table})").fetchall():
        found[row[3]] = row[2]
    return found


def _made_up(kind: str, place: str, number: int) -> object:
    match kind:
        case "INTEGER":
            return number
        case "REAL":
            return number / 7
        case "BLOB":
            return number.to_bytes(4, "big")
        case _:
            return f"{place} {number}"


@contextmanager
def no_thread_left() -> Iterator[None]:
    """Every thread that began within ends."""
    before = {*threading.enumerate()}
    yield
    for thread in {*threading.enumerate()} - before:
        thread.join(60)
        assert not thread.is_alive(), thread.name
