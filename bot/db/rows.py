"""Rows and the nouns they are read as: the names of columns stand once, beside their values."""

import json
import logging
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

log = logging.getLogger(__name__)

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no I, L, O, U, 0, 1

N = TypeVar("N", bound="DataclassInstance")
T = TypeVar("T")
Values = Sequence[object] | Mapping[str, object]


def insert(conn: sqlite3.Connection, table: str, row: Mapping[str, object], more: str = "") -> int:
    """Store a new row; returns its id. Raises sqlite3.IntegrityError."""
    marks = ", ".join("?" * len(row))
    cursor = conn.execute(
        f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks}) {more}", tuple(row.values())
    )
    return int(cursor.lastrowid or 0)


def new_public_id(conn: sqlite3.Connection, table: str, length: int) -> str:
    """An id that no row of the table has yet, to be read aloud and typed."""
    while True:
        drawn = "".join(secrets.choice(_ALPHABET) for _ in range(length))
        if not value(conn, f"SELECT TRUE FROM {table} WHERE public_id = ?", (drawn,)):
            return drawn


def save(conn: sqlite3.Connection, table: str, key: str, row: Mapping[str, object]) -> None:
    """Insert a row, or write its columns into the one that has this ``key`` (a unique column)."""
    columns = ", ".join(f"{name} = excluded.{name}" for name in row)
    insert(conn, table, row, f"ON CONFLICT ({key}) DO UPDATE SET {columns}")


def update(
    conn: sqlite3.Connection, table: str, columns: Mapping[str, object], **key: object
) -> None:
    """Write these columns of the rows that have all values of ``key``."""
    assignments = ", ".join(f"{name} = ?" for name in columns)
    where = " AND ".join(f"{name} = ?" for name in key)
    values = (*columns.values(), *key.values())
    conn.execute(f"UPDATE {table} SET {assignments} WHERE {where}", values)


def delete_slice(
    conn: sqlite3.Connection, table: str, where: str, values: Values, *, key: str = "id"
) -> int:
    """Delete what ``where`` finds, which ends with its LIMIT; returns how many rows went."""
    some = f"SELECT {key} FROM {table} WHERE {where}"
    return conn.execute(f"DELETE FROM {table} WHERE ({key}) IN ({some})", values).rowcount


def listed(numbers: Iterable[int | None]) -> str:
    """A value for ``json_each(?)``: one statement about many rows costs a tenth of many."""
    return json.dumps(list(numbers))


def slices(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """So many at a time: whoever works on all of them holds the store no longer than for some."""
    return (items[start : start + size] for start in range(0, len(items), size))


def value(conn: sqlite3.Connection, query: str, values: Values = ()) -> Any:
    """The first column of the first row; None when there is none."""
    row = conn.execute(query, values).fetchone()
    return None if row is None else row[0]


def numbers(conn: sqlite3.Connection, query: str, values: Values = ()) -> list[int]:
    """The first column of all rows."""
    return [row[0] for row in conn.execute(query, values).fetchall()]


def first(
    conn: sqlite3.Connection, reader: Callable[[sqlite3.Row], N], query: str, values: Values = ()
) -> N | None:
    """The noun of the first row; None when there is none."""
    row = conn.execute(query, values).fetchone()
    return None if row is None else reader(row)


def select(
    conn: sqlite3.Connection, reader: Callable[[sqlite3.Row], N], query: str, values: Values = ()
) -> list[N]:
    """The nouns of all rows; one that cannot be read is logged, and costs no other row."""
    nouns: list[N] = []
    for row in conn.execute(query, values).fetchall():
        try:
            nouns.append(reader(row))
        except (ValueError, TypeError, LookupError):
            log.exception("A row cannot be read and is left out: %s", dict(row).get("id"))
    return nouns


def read(row: sqlite3.Row, noun: type[N], **converted: object) -> N:
    """A noun whose fields are called as the columns; ``converted``: what is not stored as it is."""
    named = dict(zip(row.keys(), row, strict=True))  # a row looks each name up among all
    stored = {name: named[name] for name in noun.__dataclass_fields__ if name not in converted}
    return noun(**stored, **converted)
