"""What is forgotten, table by table of the schema, so that no new table can be forgotten itself."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from bot.db import purge
from bot.db.migrate import migrate
from tests.db import rows

LEFT, STAYS = 41, 42
NOW_MS = 10**15
# Raw checks are gone after some hours by themselves.
BRIEF = {"result"}


@pytest.fixture
def conn() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as made:
        made.row_factory = sqlite3.Row
        made.execute("PRAGMA foreign_keys = ON")
        migrate(made, None)
        for guild_id in (LEFT, STAYS):
            rows.fill(made, guild_id)
        yield made


def count(conn: sqlite3.Connection) -> dict[str, int]:
    return {
        table: conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        for table in rows.tables(conn)
    }


def leave(conn: sqlite3.Connection) -> None:
    conn.execute("UPDATE guild SET left_ms = 1 WHERE id = ?", (LEFT,))


def test_every_table_belongs_to_a_server_or_to_the_installation(conn: sqlite3.Connection) -> None:
    """A new table fails here: say in bot/db/purge.py whose it is, or here that it is brief."""
    named = {table for table, _, _ in purge._BELONGINGS}
    assert set(rows.tables(conn)) - named == rows.GLOBAL | BRIEF
    for table in rows.GLOBAL:
        assert not {"guild_id", "monitor_id", "incident_id"} & set(rows.columns(conn, table))


def test_nothing_of_a_server_that_was_left_stays_and_all_of_another_does(
    conn: sqlite3.Connection,
) -> None:
    before = count(conn)
    leave(conn)
    while purge.forget_guilds(conn, NOW_MS):
        pass
    stays = {
        table: number if table in rows.GLOBAL | BRIEF else number // 2
        for table, number in before.items()
    }
    assert count(conn) == stays
    assert conn.execute("SELECT id FROM guild").fetchall()[0]["id"] == STAYS
    assert conn.execute("PRAGMA foreign_key_check").fetchall() == []


def test_it_goes_in_slices_and_may_stop_after_each(
    conn: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purge, "SLICE", 1)
    conn.executemany(
        "INSERT INTO hourly VALUES (?, ?, 1, 1, 1, 1, 1, 0, 0, 0)",
        [(LEFT, hour) for hour in range(30)],
    )
    leave(conn)
    gone = []
    while number := purge.forget_guilds(conn, NOW_MS):
        gone.append(number)
        assert conn.execute("PRAGMA foreign_key_check").fetchall() == []
    assert set(gone) == {1}
    assert len(gone) > 40


def test_a_server_that_came_back_or_left_lately_is_kept(conn: sqlite3.Connection) -> None:
    before = count(conn)
    assert purge.forget_guilds(conn, NOW_MS) == 0
    conn.execute("UPDATE guild SET left_ms = ? WHERE id = ?", (NOW_MS, LEFT))
    assert purge.forget_guilds(conn, NOW_MS) == 0
    assert count(conn) == before


def test_who_followed_what_is_over_is_forgotten_in_slices(
    conn: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purge, "SLICE", 3)
    conn.execute("UPDATE incident SET resolved_ms = 5 WHERE guild_id = ?", (LEFT,))
    conn.execute("UPDATE incident SET resolved_ms = NULL WHERE guild_id = ?", (STAYS,))
    conn.execute("DELETE FROM follower")
    conn.executemany(
        "INSERT INTO follower VALUES (?, ?, 'me_too', 1)",
        [(incident_id, person) for incident_id in (LEFT, STAYS) for person in range(7)],
    )
    assert purge.forget_followers(conn, 5) == 0, "not before its time"
    assert [purge.forget_followers(conn, 6) for _ in range(4)] == [3, 3, 1, 0]
    assert conn.execute("SELECT DISTINCT incident_id FROM follower").fetchall()[0][0] == STAYS
