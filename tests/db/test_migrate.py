"""Changes of the schema: in order, once, and all or nothing."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.db.migrate import OLDEST, migrate, statements
from bot.errors import StoreError

FIRST = """
-- a comment; with a semicolon
CREATE TABLE harbour (id INTEGER PRIMARY KEY, name TEXT NOT NULL DEFAULT 'a;b') STRICT;
CREATE TABLE fixture (id INTEGER PRIMARY KEY, harbour_id INTEGER REFERENCES harbour (id)) STRICT;
"""
SECOND = """
CREATE TRIGGER log_it AFTER INSERT ON fixture BEGIN
    UPDATE harbour SET name = 'x;y' WHERE id = new.harbour_id;
    UPDATE harbour SET name = name || '!' WHERE id = new.harbour_id;
END; CREATE INDEX ship_harbour ON fixture (harbour_id);
"""
# The way SQLite knows to change a table: build it again under the same name.
THIRD = """
CREATE TABLE new_harbour (id INTEGER PRIMARY KEY, name TEXT, depth INTEGER NOT NULL) STRICT;
INSERT INTO new_harbour SELECT id, name, 3 FROM harbour;
DROP TABLE harbour;
ALTER TABLE new_harbour RENAME TO harbour;
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "migrations"
    monkeypatch.setattr("bot.db.migrate.FOLDER", made)
    made.mkdir()
    (made / "schema.sql").write_text(FIRST, encoding="utf-8")
    (made / "__init__.py").touch()
    return made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "v.db"


@pytest.fixture
def conn(file: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(file, isolation_level=None)) as made:
        made.execute("PRAGMA journal_mode = WAL")
        made.execute("PRAGMA foreign_keys = ON")
        yield made


def version(conn: sqlite3.Connection) -> int:
    return int(conn.execute("PRAGMA user_version").fetchone()[0])


def names(conn: sqlite3.Connection) -> set[str]:
    return {row[0] for row in conn.execute("SELECT name FROM sqlite_schema")}


def test_a_new_database_is_made_by_the_schema_alone(
    conn: sqlite3.Connection, folder: Path, file: Path
) -> None:
    (folder / "0004_second.sql").write_text("CREATE TABLE harbour (id INTEGER);", "utf-8")
    assert migrate(conn, file) == version(conn) == 4, "or the step would fail"
    assert names(conn) == {"harbour", "fixture"}
    assert migrate(conn, file) == 4, "would fail if anything ran twice"
    assert not list(file.parent.glob("*.before-*")), "a new database needs no copy"


def test_steps_run_in_order_and_once(conn: sqlite3.Connection, folder: Path, file: Path) -> None:
    assert migrate(conn, file) == OLDEST
    (folder / "0004_second.sql").write_text(SECOND, encoding="utf-8")
    (folder / "0005_third.sql").write_text("DROP INDEX ship_harbour;", encoding="utf-8")
    assert migrate(conn, file) == version(conn) == 5
    assert names(conn) == {"harbour", "fixture", "log_it"}
    assert migrate(conn, file) == 5, "would fail if anything ran twice"


def test_a_database_older_than_the_steps_is_refused(
    conn: sqlite3.Connection, folder: Path, file: Path
) -> None:
    migrate(conn, file)
    conn.execute("PRAGMA user_version = 2")
    with pytest.raises(StoreError, match=r"too old for this Vigie \(schema 2, .* from 3 on\)"):
        migrate(conn, file)


def test_an_existing_database_is_copied_before_it_changes(
    conn: sqlite3.Connection, folder: Path, file: Path
) -> None:
    migrate(conn, file)
    conn.execute("INSERT INTO harbour (id) VALUES (1)")
    (folder / "0004_second.sql").write_text(SECOND, encoding="utf-8")
    migrate(conn, file)
    copy = file.with_name("v.before-4.db")
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(copy)) as old:
        assert version(old) == OLDEST
        assert old.execute("SELECT id FROM harbour").fetchall() == [(1,)]
        assert old.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert old.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert {p.name for p in file.parent.glob("*.before*")} == {copy.name}


def test_a_failing_file_rolls_back_and_a_rerun_applies_each_once(
    conn: sqlite3.Connection, folder: Path, file: Path
) -> None:
    migrate(conn, file)
    (folder / "0004_second.sql").write_text(SECOND, encoding="utf-8")
    third = folder / "0005_third.sql"
    third.write_text("CREATE TABLE half (id INTEGER); INSERT INTO nowhere VALUES (1);", "utf-8")
    with pytest.raises(sqlite3.OperationalError):
        migrate(conn, file)
    assert version(conn) == 4
    assert "half" not in names(conn)
    assert not conn.in_transaction
    third.write_text("CREATE TABLE whole (id INTEGER);", encoding="utf-8")
    assert migrate(conn, file) == 5
    assert {p.name for p in file.parent.glob("*.before*")} == {"v.before-4.db", "v.before-5.db"}


def test_a_script_without_its_last_semicolon_is_not_cut_short(
    conn: sqlite3.Connection, folder: Path, file: Path
) -> None:
    (folder / "schema.sql").write_text("CREATE TABLE a (x); CREATE TABLE b (x)", "utf-8")
    migrate(conn, file)
    assert {"a", "b"} <= names(conn)


def test_a_table_others_refer_to_can_be_rebuilt(
    conn: sqlite3.Connection, folder: Path, file: Path
) -> None:
    migrate(conn, file)
    conn.execute("INSERT INTO harbour (id) VALUES (1)")
    conn.execute("INSERT INTO fixture (harbour_id) VALUES (1)")
    (folder / "0004_rebuild.sql").write_text(THIRD, encoding="utf-8")
    migrate(conn, file)
    assert conn.execute("SELECT id, depth FROM harbour").fetchall() == [(1, 3)]
    assert conn.execute("PRAGMA foreign_keys").fetchone() == (1,)


def test_a_file_that_breaks_a_reference_is_rolled_back(
    conn: sqlite3.Connection, folder: Path, file: Path
) -> None:
    migrate(conn, file)
    (folder / "0004_bad.sql").write_text("INSERT INTO fixture VALUES (1, 99);", encoding="utf-8")
    with pytest.raises(sqlite3.IntegrityError, match="migration 4 breaks a reference"):
        migrate(conn, file)
    assert version(conn) == OLDEST
    assert conn.execute("SELECT count(*) FROM fixture").fetchone() == (0,)


def test_a_newer_database_is_refused(conn: sqlite3.Connection, folder: Path, file: Path) -> None:
    conn.execute("PRAGMA user_version = 4")
    with pytest.raises(StoreError, match=r"newer Vigie \(schema 4, this one knows 3\)"):
        migrate(conn, file)


@pytest.mark.parametrize("name", ["0005_gap.sql", "0003_early.sql", "last.sql"])
def test_misnumbered_files_are_a_bug_that_shows_at_once(
    conn: sqlite3.Connection, folder: Path, file: Path, name: str
) -> None:
    (folder / name).touch()
    with pytest.raises(ValueError, match=r"numbered|invalid literal"):
        migrate(conn, file)


def test_statements_keep_triggers_strings_and_comments_whole() -> None:
    assert len(list(statements(FIRST))) == 2
    assert len(list(statements(SECOND))) == 2
    assert list(statements("")) == []
    assert [s.strip() for s in statements("SELECT ';'; /* ; */ SELECT 2;\n")] == [
        "SELECT ';';",
        "/* ; */ SELECT 2;",
    ]


def test_the_real_schema_applies_and_every_table_is_strict() -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as conn:
        assert migrate(conn, None) == version(conn) >= 1
        loose = conn.execute(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
            " AND NOT strict AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
        assert loose == []
