"""Makes a database, or brings one to the newest schema, a file and a transaction at a time."""

import contextlib
import sqlite3
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from bot.db import files
from bot.db.files import version_of
from bot.errors import StoreError

FOLDER: Traversable = resources.files("bot.db") / "migrations"
SCHEMA = "schema.sql"
OLDEST = 3  # the oldest schema that the steps begin with


def migrate(conn: sqlite3.Connection, path: Path | None) -> int:
    """Bring a database to the newest schema; returns its version.

    A new database is made by ``schema.sql`` alone. An older one is first copied beside itself, to
    ``<name>.before-<version>.db`` (``path`` None: there is no file); then every ``NNNN_name.sql``
    that is missing is applied in order. Both ways lead to the same schema. Raises StoreError when
    the database is newer than this Vigie, too old, or not Vigie's; a step that fails leaves the
    version before it, so a rerun goes on there.
    """
    steps = _steps()
    version, known = version_of(conn), OLDEST + len(steps)
    if version > known:
        raise StoreError(
            f"The database {path} is of a newer Vigie (schema {version}, this one knows {known}):"
            f" install that version again, or put back {_name_before(path, known + 1)}, the copy"
            " made before its upgrade, as docs/operation.md, “Rollback”, says."
        )
    if 0 < version < OLDEST:
        raise StoreError(
            f"The database {path} is too old for this Vigie (schema {version}, it upgrades from"
            f" {OLDEST} on). Set VIGIE_DATABASE to another file to start empty."
        )
    refuse_foreign(conn, path)
    if version == 0:
        _apply(conn, known, (FOLDER / SCHEMA).read_text(encoding="utf-8"))
        return known
    missing = [step for step in steps if step[0] > version]
    if missing and path is not None:
        _put_aside(conn, path.with_name(_name_before(path, missing[0][0])))
    with _without_foreign_keys(conn):
        for number, file in missing:
            _apply(conn, number, file.read_text(encoding="utf-8"))
    return known


def is_foreign(conn: sqlite3.Connection) -> bool:
    """Another program's: it has tables, but no version of ours."""
    return (
        version_of(conn) == 0 and conn.execute("SELECT 1 FROM sqlite_schema").fetchone() is not None
    )


def refuse_foreign(conn: sqlite3.Connection, path: Path | None) -> None:
    """Raises StoreError when :func:`is_foreign`."""
    if is_foreign(conn):
        raise StoreError(f"The database {path} is of another program. Set VIGIE_DATABASE.")


def newest() -> int:
    return OLDEST + len(_steps())


def _name_before(path: Path | None, number: int) -> str:
    return f"{path.stem if path else 'vigie'}.before-{number}.db"


def _put_aside(conn: sqlite3.Connection, path: Path) -> None:
    """A whole copy for the way back; there at once or not at all."""
    part = path.with_name(path.name + files.PART)
    try:
        files.write_copy(conn, part)
        part.replace(path)
    except OSError as error:
        raise StoreError(
            f"Cannot copy the database to {path} before its upgrade ({error.strerror}):"
            " make room there, then start Vigie again."
        ) from error
    files.sync_folder(path.parent)


def statements(script: str) -> Iterator[str]:
    """Split at complete statements: ``executescript`` would commit behind our back."""
    current = ""
    *pieces, rest = script.split(";")
    for piece in pieces:
        current += piece + ";"
        if sqlite3.complete_statement(current):
            yield current
            current = ""
    if (current + rest).strip():
        yield current + rest


def _steps() -> list[tuple[int, Traversable]]:
    """The numbered files in order; they must be numbered on from ``OLDEST`` without a gap."""
    names = sorted(f.name for f in FOLDER.iterdir() if f.name.endswith(".sql"))
    steps = [(int(name.partition("_")[0]), FOLDER / name) for name in names if name != SCHEMA]
    if [number for number, _ in steps] != list(range(OLDEST + 1, OLDEST + 1 + len(steps))):
        raise ValueError(f"migrations are not numbered {OLDEST + 1}, {OLDEST + 2} …: {names}")
    return steps


@contextlib.contextmanager
def _without_foreign_keys(conn: sqlite3.Connection) -> Iterator[None]:
    """Rebuilding a table would follow its references; :func:`_apply` checks them instead."""
    before = conn.execute("PRAGMA foreign_keys").fetchone()[0]
    conn.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        conn.execute(f"PRAGMA foreign_keys = {before:d}")


def _apply(conn: sqlite3.Connection, number: int, script: str) -> None:
    """Run one file together with its version stamp; both or nothing."""
    with conn:
        conn.execute("BEGIN IMMEDIATE")
        for statement in statements(script):
            conn.execute(statement)
        _check_references(conn, number)
        conn.execute(f"PRAGMA user_version = {number:d}")


def _check_references(conn: sqlite3.Connection, number: int) -> None:
    broken = conn.execute("PRAGMA foreign_key_check").fetchone()
    if broken is not None:
        raise sqlite3.IntegrityError(f"migration {number} breaks a reference: {tuple(broken)}")
