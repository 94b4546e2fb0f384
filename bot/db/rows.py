"""Rows and the nouns they are read as: the names of columns stand once, beside their values."""

import logging
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

log = logging.getLogger(__name__)

N = TypeVar("N", bound="DataclassInstance")


def insert(conn: sqlite3.Connection, table: str, row: Mapping[str, object]) -> int:
    """Store a new row; returns its id. Raises sqlite3.IntegrityError."""
    marks = ", ".join("?" * len(row))
    cursor = conn.execute(
        f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values())
    )
    return int(cursor.lastrowid or 0)


def readable(found: Iterable[sqlite3.Row], reader: Callable[[sqlite3.Row], N]) -> list[N]:
    """What can be read of these rows; one that cannot is logged, and costs no other row."""
    nouns: list[N] = []
    for row in found:
        try:
            nouns.append(reader(row))
        except (ValueError, TypeError, LookupError):
            log.exception("A row cannot be read and is left out: %s", dict(row).get("id"))
    return nouns


def read(row: sqlite3.Row, noun: type[N], **converted: object) -> N:
    """A noun whose fields are called as the columns; ``converted``: what is not stored as it is."""
    stored = {name: row[name] for name in noun.__dataclass_fields__ if name not in converted}
    return noun(**stored, **converted)
