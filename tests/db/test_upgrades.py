"""A database of every older schema becomes today's, with all its rows, also after kill -9."""

import asyncio
import os
import re
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bot.db.database import Database
from bot.db.migrate import FOLDER, OLDEST, SCHEMA, migrate, newest
from bot.errors import StoreError
from tests.db import rows
from tests.services.services_fixture import services_fixture

ROOT = Path(__file__).parents[2]
OLD_SCHEMA = Path(__file__).with_name("schema_3.sql")
OLDER = range(OLDEST, newest())
SHOP, MAIL = 41, 42  # ids of two servers


def steps_until(folder: Path, version: int) -> Path:
    """The migrations of a Vigie of that version."""
    folder.mkdir()
    for file in FOLDER.iterdir():
        if (file.name.endswith(".sql") and file.name < f"{version + 1:04}") or file.name == SCHEMA:
            (folder / file.name).write_text(file.read_text("utf-8"), "utf-8")
    return folder


@contextmanager
def migrations_of(folder: Path) -> Iterator[None]:
    """As a Vigie that has these migrations alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bot.db.migrate.FOLDER", folder)
        yield


def old_database(path: Path, folder: Path) -> dict[str, list[str]]:
    """A database of these steps with rows everywhere; returns its tables with their columns."""
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        conn.execute("PRAGMA auto_vacuum = INCREMENTAL")
        conn.execute("PRAGMA journal_mode = WAL")
        conn.execute("PRAGMA foreign_keys = ON")
        conn.executescript(OLD_SCHEMA.read_text("utf-8"))
        conn.execute(f"PRAGMA user_version = {OLDEST}")
        with migrations_of(folder):
            migrate(conn, None)
        for guild_id in (SHOP, MAIL):
            rows.fill(conn, guild_id)
        return {
            table: [c for c in rows.columns(conn, table) if c not in rows.DROPPED.get(table, ())]
            for table in rows.tables(conn)
        }


def content(path: Path, chosen: dict[str, list[str]]) -> dict[str, list[object]]:
    with closing(sqlite3.connect(path)) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert conn.execute("PRAGMA foreign_key_check").fetchall() == []
        return rows.content(conn, chosen)


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as conn:
        return int(conn.execute("PRAGMA user_version").fetchone()[0])


def upgrade(path: Path) -> None:
    async def play() -> None:
        await (await Database.open(path)).close()

    asyncio.run(play())


def shape(conn: sqlite3.Connection) -> dict[str, object]:
    """All of a schema but the order of its columns, which steps add at the end."""

    def of(table: str, pragma: str) -> set[tuple[object, ...]]:
        return {tuple(row[1:]) for row in conn.execute(f"PRAGMA {pragma}({table})").fetchall()}

    made = conn.execute("SELECT name, sql FROM sqlite_schema WHERE type IN ('index', 'trigger')")
    kinds = conn.execute("SELECT name, wr, strict FROM pragma_table_list WHERE schema = 'main'")
    checks = conn.execute("SELECT name, sql FROM sqlite_schema WHERE sql LIKE '%CHECK%'")
    return {
        "tables": set(kinds.fetchall()),
        "columns": {table: of(table, "table_xinfo") for table in rows.tables(conn)},
        "references": {table: of(table, "foreign_key_list") for table in rows.tables(conn)},
        "checks": {name: re.findall(r"CHECK \(.*\)", sql) for name, sql in checks.fetchall()},
        "others": {
            name: " ".join(sql.replace('"', "").split()) for name, sql in made.fetchall() if sql
        },
    }


@pytest.mark.parametrize("old", OLDER)
def test_a_new_database_and_one_that_was_upgraded_are_alike(tmp_path: Path, old: int) -> None:
    path = tmp_path / "old.db"
    old_database(path, steps_until(tmp_path / "migrations", old))
    upgrade(path)
    upgrade(tmp_path / "new.db")
    with (
        closing(sqlite3.connect(path)) as was,
        closing(sqlite3.connect(tmp_path / "new.db")) as is_,
    ):
        assert version(path) == version(tmp_path / "new.db") == newest()
        assert shape(was) == shape(is_)


@pytest.mark.parametrize("old", OLDER)
def test_every_row_of_an_older_database_survives_and_the_copy_of_before_is_there(
    tmp_path: Path, old: int
) -> None:
    path = tmp_path / "vigie.db"
    chosen = old_database(path, steps_until(tmp_path / "migrations", old))
    before = content(path, chosen)
    assert all(len(found) >= 2 for found in before.values()), "rows in every table"
    upgrade(path)
    assert version(path) == newest()
    assert content(path, chosen) == before
    copy = tmp_path / f"vigie.before-{old + 1}.db"
    assert copy.stat().st_mode & 0o777 == 0o600
    assert version(copy) == old
    assert content(copy, chosen) == before


def test_secrets_of_removed_monitors_are_gone_after_the_upgrade(tmp_path: Path) -> None:
    """From schema 4 on they go with their monitor."""
    path = tmp_path / "vigie.db"
    old_database(path, steps_until(tmp_path / "migrations", 3))
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute(
            'UPDATE monitor SET removed_ms = 1, headers = \'[["Authorization", "HDRSECRET"]]\','
            " url = 'https://shop.example:8443/x?key=URLSECRET', contains = 'TXTSECRET'"
            " WHERE id = ?",
            (SHOP,),
        )
        conn.execute(
            'UPDATE certificate SET told = \'{"url": "URLSECRET"}\' WHERE monitor_id = ?', (SHOP,)
        )
        conn.execute(
            "UPDATE change SET field = 'url', before = 'https://old.example/URLSECRET',"
            " after = 'tcp://old.example:22' WHERE monitor_id = ?",
            (SHOP,),
        )
    upgrade(path)
    with closing(sqlite3.connect(path)) as conn:
        kept = conn.execute("SELECT url, headers, contains FROM monitor WHERE id = ?", (SHOP,))
        assert kept.fetchall() == [("https://shop.example:8443", "[]", None)]
        other = conn.execute("SELECT url FROM monitor WHERE id = ?", (MAIL,)).fetchone()
        assert other == ("https://shop.example/",)
        found = conn.execute("SELECT before, after FROM change WHERE monitor_id = ?", (SHOP,))
        assert found.fetchall() == [("https://old.example", "tcp://old.example:22")]
    assert b"SECRET" not in path.read_bytes()


@pytest.mark.parametrize("old", OLDER)
def test_vigie_starts_on_what_an_older_one_left(tmp_path: Path, old: int) -> None:
    old_database(tmp_path / "vigie.db", steps_until(tmp_path / "migrations", old))

    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            for guild_id in (SHOP, MAIL):
                assert len(s.status.overview(guild_id)) == 1
            await s.retention.roll()
            await s.retention.sweep()

    asyncio.run(scenario())


@pytest.mark.parametrize("old", OLDER)
def test_rollback_is_the_copy_of_before_and_the_upgrade_goes_again(
    tmp_path: Path, old: int
) -> None:
    """docs/operation.md, “Rollback”: move the newer one away, put the copy in its place."""
    path = tmp_path / "vigie.db"
    folder = steps_until(tmp_path / "migrations", old)
    chosen = old_database(path, folder)
    before = content(path, chosen)
    upgrade(path)

    def of_old_version() -> None:
        with migrations_of(folder):
            upgrade(path)

    reported = rf"put back vigie\.before-{old + 1}\.db, .* as docs/operation\.md, “Rollback”, says"
    with pytest.raises(StoreError, match=reported):
        of_old_version()
    aside = tmp_path / "newer"
    aside.mkdir()
    for file in tmp_path.glob("vigie.db*"):
        file.rename(aside / file.name)
    path.write_bytes((tmp_path / f"vigie.before-{old + 1}.db").read_bytes())
    of_old_version()
    assert (version(path), content(path, chosen)) == (old, before)
    upgrade(path)
    assert (version(path), content(path, chosen)) == (newest(), before)


SLOW = """
CREATE TABLE half (x INTEGER NOT NULL) STRICT;
UPDATE monitor SET name = 'half done';
INSERT INTO half WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 100000000)
    SELECT x FROM n;
"""
QUICK = "CREATE TABLE half (x INTEGER NOT NULL) STRICT; INSERT INTO half VALUES (7);"
OPEN = textwrap.dedent("""
    import asyncio, sys
    from pathlib import Path
    from bot.db import migrate
    from bot.db.database import Database

    migrate.FOLDER = Path(sys.argv[2])
    asyncio.run(Database.open(Path(sys.argv[1])))
""")


def kill_in_the_middle(path: Path, folder: Path) -> None:
    """Start a process that migrates; SIGKILL it while its transaction has reached the disk."""
    process = subprocess.Popen([sys.executable, "-c", OPEN, path, folder], cwd=ROOT)
    wal = path.with_name(path.name + "-wal")
    try:
        until = time.monotonic() + 30
        while not wal.exists() or wal.stat().st_size < 1_000_000:
            assert process.poll() is None, "it ended before it could be killed"
            assert time.monotonic() < until
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def test_kill_9_in_the_middle_of_a_migration_leaves_the_version_before_it(tmp_path: Path) -> None:
    path = tmp_path / "vigie.db"
    folder = steps_until(tmp_path / "migrations", OLDEST)
    chosen = old_database(path, folder)
    before = content(path, chosen)
    (folder / "0004_whole.sql").write_text("CREATE TABLE whole (x INTEGER) STRICT;", "utf-8")
    slow = folder / "0005_slow.sql"
    slow.write_text(SLOW, "utf-8")
    for _ in range(2):
        kill_in_the_middle(path, folder)
        assert version(path) == 4, "the first step is done, the second has not begun"
        assert content(path, chosen) == before
        with closing(sqlite3.connect(path)) as conn:
            assert "half" not in rows.tables(conn)
    assert version(tmp_path / "vigie.before-4.db") == OLDEST
    assert version(tmp_path / "vigie.before-5.db") == 4
    slow.write_text(QUICK, "utf-8")

    with migrations_of(folder):
        upgrade(path)
    assert version(path) == 5
    assert content(path, chosen | {"half": ["x"]}) == before | {"half": [(7,)]}
    assert not list(tmp_path.glob("*.part"))


def test_a_disk_without_room_for_the_copy_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "vigie.db"
    chosen = old_database(path, steps_until(tmp_path / "migrations", OLDEST))
    before = content(path, chosen)

    def full(handle: int) -> None:
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StoreError, match=r"before its upgrade \(No space left on device\)"):
            upgrade(path)
    assert (version(path), content(path, chosen)) == (OLDEST, before)
    assert {file.name for file in tmp_path.iterdir()} == {"vigie.db", "migrations"}
