"""The tries of one monitor in one hour as a few bytes each, and back.

Layout: the number of causes, each as length and text; then two numbers a try: how much later it
came than the step before foretold (most are a few ms off their interval), and its length doubled,
plus one when it failed; then the number of its cause follows. All numbers are varints.
"""

import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from bot.clock import HOUR_MS
from bot.db.database import Connection

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One try as it is stored; ``cause`` is None when it was fine, ``ms`` its whole length."""

    at_ms: int
    monitor_id: int
    ms: int
    cause: str | None


class Packer:
    """Takes tries in time order."""

    __slots__ = ("_at_ms", "_body", "_causes", "_step_ms", "count")

    def __init__(self, hour_ms: int) -> None:
        self._at_ms = hour_ms
        self._step_ms = 0
        self._body = bytearray()
        self._causes: list[str] = []
        self.count = 0

    def add(self, at_ms: int, ms: int, cause: str | None) -> None:
        step_ms = at_ms - self._at_ms
        _put(self._body, _folded(step_ms - self._step_ms))
        # The first one's distance from the full hour foretells nothing.
        self._step_ms = step_ms if self.count else 0
        self._at_ms = at_ms
        self.count += 1
        if cause is None:
            _put(self._body, ms << 1)
            return
        if cause not in self._causes:
            self._causes.append(cause)
        _put(self._body, ms << 1 | 1)
        _put(self._body, self._causes.index(cause))

    def packed(self) -> bytes:
        head = bytearray()
        _put(head, len(self._causes))
        for text in map(str.encode, self._causes):
            _put(head, len(text))
            head += text
        return bytes(head + self._body)


def unpack(monitor_id: int, hour_ms: int, blob: bytes) -> list[ResultRow]:
    """What a :class:`Packer` of that hour was given, oldest first.

    Bytes that no Packer wrote (a disk that lies) give nothing, and are logged.
    """
    with suppress(ValueError, LookupError, RuntimeError, StopIteration):
        rows = _unpacked(monitor_id, hour_ms, blob)
        if all(0 <= row.at_ms - hour_ms < HOUR_MS and row.ms < HOUR_MS for row in rows):
            return rows
    log.error("the tries of an hour cannot be read", extra={"monitor": monitor_id, "hour": hour_ms})
    return []


def _unpacked(monitor_id: int, hour_ms: int, blob: bytes) -> list[ResultRow]:
    data = iter(blob)
    causes = [bytes(next(data) for _ in range(_take(data))).decode() for _ in range(_take(data))]
    rows: list[ResultRow] = []
    at_ms, step_ms = hour_ms, 0
    for first in data:
        surprise = _take(data, first)
        step_ms += surprise >> 1 ^ -(surprise & 1)
        at_ms += step_ms
        if not rows:
            step_ms = 0
        length = _take(data)
        cause = causes[_take(data)] if length & 1 else None
        rows.append(ResultRow(at_ms, monitor_id, length >> 1, cause))
    return rows


def _folded(number: int) -> int:
    """Small whatever its sign: 0, -1, 1, -2 … become 0, 1, 2, 3 …"""
    return number << 1 if number >= 0 else -number * 2 - 1


def _put(data: bytearray, number: int) -> None:
    while number > 0x7F:  # noqa: PLR2004 - seven bits a byte
        data.append(number & 0x7F | 0x80)
        number >>= 7
    data.append(number)


def _take(data: Iterator[int], first: int | None = None) -> int:
    byte = next(data) if first is None else first
    number, shift = byte & 0x7F, 7
    while byte & 0x80:
        byte = next(data)
        number |= (byte & 0x7F) << shift
        shift += 7
    return number


def save(conn: Connection, monitor_id: int, hour: int, tries: bytes) -> None:
    conn.execute(
        "INSERT OR REPLACE INTO packed (monitor_id, hour, tries) VALUES (?, ?, ?)",
        (monitor_id, hour, tries),
    )


def newest_first(
    conn: Connection, monitor_id: int, since_ms: int, until_ms: int
) -> Iterator[ResultRow]:
    """Tries of one monitor in a span, both ends included; an hour is read when it is asked for."""
    hour: int = until_ms // HOUR_MS
    while True:
        row = conn.execute(
            "SELECT hour, tries FROM packed WHERE monitor_id = ? AND hour BETWEEN ? AND ?"
            " ORDER BY hour DESC LIMIT 1",
            (monitor_id, since_ms // HOUR_MS, hour),
        ).fetchone()
        if row is None:
            return
        tries = unpack(monitor_id, row["hour"] * HOUR_MS, row["tries"])
        yield from (one for one in reversed(tries) if since_ms <= one.at_ms <= until_ms)
        hour = row["hour"] - 1


def fine_ms(conn: Connection, monitor_id: int, first: int, last: int) -> list[int]:
    """How long the fine tries of these hours took, in no order."""
    rows = conn.execute(
        "SELECT hour, tries FROM packed WHERE monitor_id = ? AND hour BETWEEN ? AND ?",
        (monitor_id, first, last),
    ).fetchall()
    return [
        one.ms
        for row in rows
        for one in unpack(monitor_id, row["hour"] * HOUR_MS, row["tries"])
        if one.cause is None
    ]
