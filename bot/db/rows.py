"""Rows and the nouns they are read as: the names of columns stand once, beside their values."""

import sqlite3
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

N = TypeVar("N", bound="DataclassInstance")


def insert(conn: sqlite3.Connection, table: str, row: Mapping[str, object]) -> int:
    """Store a new row; returns its id. Raises sqlite3.IntegrityError."""
    marks = ", ".join("?" * len(row))
    cursor = conn.execute(
        f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values())
    )
    return int(cursor.lastrowid or 0)


def read(row: sqlite3.Row, noun: type[N], **converted: object) -> N:
    """A noun whose fields are called as the columns; ``converted``: what is not stored as it is."""
    stored = {name: row[name] for name in noun.__dataclass_fields__ if name not in converted}
    return noun(**stored, **converted)
