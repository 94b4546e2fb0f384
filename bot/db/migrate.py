"""Brings a database to the newest schema, one numbered file and one transaction at a time."""

import sqlite3
from pathlib import Path

from bot.errors import StoreError

FOLDER = Path(__file__).parent / "migrations"


def migrate(conn: sqlite3.Connection, path: str, folder: Path = FOLDER) -> int:
    """Apply what is missing; returns the schema's version.

    An existing database is copied to ``<path>.before-<version>`` first. Raises StoreError when
    the database is newer than this Vigie; a migration that fails leaves the version before it.
    """
    steps = sorted((int(f.name[:4]), f) for f in folder.glob("[0-9][0-9][0-9][0-9]_*.sql"))
    newest = steps[-1][0]
    version = int(conn.execute("PRAGMA user_version").fetchone()[0])
    if version > newest:
        raise StoreError(
            f"The database {path} is of a newer Vigie (schema {version}, this one knows {newest})."
            " Install that version again, or put back the copy made before the upgrade."
        )
    missing = [(number, file) for number, file in steps if number > version]
    if missing and version > 0:
        _copy(conn, f"{path}.before-{newest}")
    for number, file in missing:
        _apply(conn, number, file.read_text(encoding="utf-8"))
    return newest


def _apply(conn: sqlite3.Connection, number: int, script: str) -> None:
    """Run one file together with its version stamp; both or nothing."""
    conn.execute("BEGIN IMMEDIATE")
    try:
        for statement in _statements(script):
            conn.execute(statement)
        conn.execute(f"PRAGMA user_version = {number:d}")
        conn.execute("COMMIT")
    except BaseException:
        if conn.in_transaction:
            conn.execute("ROLLBACK")
        raise


def _statements(script: str) -> list[str]:
    """Split at complete statements: ``executescript`` would commit behind our back."""
    found, current = [], ""
    for line in script.splitlines(keepends=True):
        current += line
        if sqlite3.complete_statement(current):
            found.append(current)
            current = ""
    return [*found, current] if current.strip() else found


def _copy(conn: sqlite3.Connection, path: str) -> None:
    with sqlite3.connect(path) as copy:
        conn.backup(copy)
    copy.close()
