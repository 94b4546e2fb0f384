"""What is asked often is found by an index, whatever else is stored; nothing grows for ever."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from bot.db import incidents, monitors, results, rollups
from bot.db.migrate import migrate
from tests.db import rows

GUILD, OTHER = 41, 42
LIMIT_S = 0.05  # what may hold the connection


@pytest.fixture
def conn() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as made:
        made.row_factory = sqlite3.Row
        migrate(made, None)
        for guild_id in (GUILD, OTHER):
            rows.fill(made, guild_id)
        made.execute("UPDATE guild SET reminder_h = 1")
        yield made


def plans(conn: sqlite3.Connection) -> list[str]:
    """Starts to note how each statement is carried out."""
    found: list[str] = []
    asked = sqlite3.connect(":memory:")
    conn.backup(asked)

    def note(statement: str) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            found.extend(row[3] for row in asked.execute(f"EXPLAIN QUERY PLAN {statement}"))

    conn.set_trace_callback(note)
    return found


def test_reminders_gaps_and_a_server_that_is_back_scan_no_table(conn: sqlite3.Connection) -> None:
    found = plans(conn)
    incidents.due(conn, 10**13)
    rollups.gaps_between(conn, 0, 10**13)
    mine = monitors.of_guild(conn, GUILD)
    monitors.judge_states(conn, mine)
    monitors.load(conn, mine)
    incidents.open_of(conn, mine)
    results.last_fine_ms(conn, GUILD, 10**13)
    assert found
    # Of incidents only those that go on: their index is scanned whole.
    scans = [one for one in found if one.startswith("SCAN") and "USING INDEX" not in one]
    # No tables: "below", the few monitors that depend on one, and the ids that were asked for.
    small = ("setting", "subquery", "scan below", "scan json_each")
    assert [one for one in scans if not any(name in one.lower() for name in small)] == []


def test_reminders_stay_cheap_with_a_full_outbox(conn: sqlite3.Connection) -> None:
    incident = dict(conn.execute("SELECT * FROM incident LIMIT 1").fetchone())
    sent = dict(conn.execute("SELECT * FROM notification LIMIT 1").fetchone())
    monitor = dict(conn.execute("SELECT * FROM monitor LIMIT 1").fetchone())
    for number in range(1_000, 1_200):
        _insert(conn, "monitor", monitor | {"id": number, "name_key": str(number)})
        opened = {"id": number, "monitor_id": number, "public_id": str(number), "resolved_ms": None}
        _insert(conn, "incident", incident | opened | UNATTENDED)
    conn.execute("UPDATE monitor SET muted_until_ms = NULL")
    keys = ", ".join(sent)
    marks = ", ".join(f":{key}" for key in sent)
    conn.executemany(
        f"INSERT INTO notification ({keys}) VALUES ({marks})",
        [
            sent
            | {
                "id": 10_000 + n,
                "incident_id": 1_000 + n % 200,
                "kind": "open" if n < 200 else "edit",
            }
            | {"post_id": None, "state": "sent", "created_ms": 0}
            for n in range(90_000)
        ],
    )
    began = time.process_time()
    assert len(incidents.due(conn, 10**13)) >= 200
    assert time.process_time() - began < LIMIT_S


UNATTENDED = {"acknowledged_ms": None, "opened_ms": 0, "clear_by_ms": None}


def _insert(conn: sqlite3.Connection, table: str, row: dict[str, object]) -> None:
    marks = ", ".join(f":{key}" for key in row)
    conn.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", row)
