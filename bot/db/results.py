"""SQL of the check results: one short row a check, packed by the hour after some hours.

All checks of one monitor in one hour take a few bytes each. Layout: the number of causes, each as
length and text; then two numbers a check: how much later it came than the step before foretold
(most are a few ms off their interval), and its length doubled, plus one when it failed; then the
number of its cause follows. All numbers are varints.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import astuple, dataclass
from itertools import islice

from bot.clock import HOUR_MS
from bot.db import rows
from bot.db.database import Connection

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One check as it is stored; ``cause`` is None when it succeeded, ``ms`` its whole length."""

    at_ms: int
    monitor_id: int
    ms: int
    cause: str | None


def append(conn: Connection, checks: Iterable[ResultRow]) -> None:
    conn.executemany(
        "INSERT OR REPLACE INTO result (at_ms, monitor_id, ms, cause) VALUES (?, ?, ?, ?)",
        [astuple(one) for one in checks],
    )


def latest_in(since_ms: int, until_ms: int) -> Callable[[Connection], list[ResultRow]]:
    """The newest check of each monitor that had one in a span, its end included."""
    sql = (
        "SELECT max(at_ms), monitor_id, ms, cause FROM result"
        " WHERE at_ms > ? AND at_ms <= ? GROUP BY monitor_id"
    )
    span = (since_ms, until_ms)
    return lambda conn: [ResultRow(*row) for row in conn.execute(sql, span).fetchall()]


def last_fine_in(since_ms: int, until_ms: int) -> Callable[[Connection], list[tuple[int, int]]]:
    """Each monitor that was fine in a span, its end included, and when it last was."""
    sql = (
        "SELECT monitor_id, max(at_ms) FROM result"
        " WHERE at_ms > ? AND at_ms <= ? AND cause IS NULL GROUP BY monitor_id"
    )
    return lambda conn: [tuple(row) for row in conn.execute(sql, (since_ms, until_ms)).fetchall()]


def last_fine_ms(conn: Connection, monitor_id: int, before_ms: int) -> int | None:
    """When the monitor last was fine, by the hours that are packed; None if none of them knows.

    The counted hours say which hour to unpack: a week of checks would hold the connection.
    """
    query = (
        "SELECT hour FROM hourly WHERE monitor_id = ? AND ok > 0 AND hour <= ?"
        " ORDER BY hour DESC LIMIT 1"
    )
    hour = rows.value(conn, query, (monitor_id, before_ms // HOUR_MS))
    if hour is None:
        return None
    begin_ms = hour * HOUR_MS
    until_ms = min(begin_ms + HOUR_MS, before_ms) - 1
    checks = newest_first(conn, monitor_id, begin_ms, until_ms)
    return next((one.at_ms for one in checks if one.cause is None), None)


def of_monitor(
    conn: Connection, monitor_id: int, since_ms: int, until_ms: int, limit: int
) -> list[ResultRow]:
    raw = conn.execute(
        "SELECT monitor_id, at_ms, ms, cause FROM result WHERE at_ms BETWEEN ? AND ?"
        " AND monitor_id = ? ORDER BY at_ms DESC LIMIT ?",
        (since_ms, until_ms, monitor_id, limit),
    )
    found = [ResultRow(**dict(row)) for row in raw.fetchall()]
    # What is packed may not have been deleted yet: it is counted once.
    before_ms = found[-1].at_ms - 1 if found else until_ms
    older = newest_first(conn, monitor_id, since_ms, before_ms)
    return found + list(islice(older, limit - len(found)))


def fine_ms(conn: Connection, monitor_id: int, since_ms: int, before_ms: int) -> list[int]:
    """How long the successful checks took that are not packed yet, in no order."""
    query = (
        "SELECT ms FROM result WHERE at_ms >= ? AND at_ms < ? AND monitor_id = ? AND cause IS NULL"
    )
    return rows.numbers(conn, query, (since_ms, before_ms, monitor_id))


def first_of_monitor(conn: Connection, monitor_id: int, since_ms: int, until_ms: int) -> int | None:
    query = (
        "SELECT at_ms FROM result WHERE at_ms BETWEEN ? AND ? AND monitor_id = ?"
        " ORDER BY at_ms LIMIT 1"
    )
    at_ms: int | None = rows.value(conn, query, (since_ms, until_ms, monitor_id))
    return at_ms


def first_since(conn: Connection, since_ms: int) -> int | None:
    query = "SELECT min(at_ms) FROM result WHERE at_ms >= ?"
    at_ms: int | None = rows.value(conn, query, (since_ms,))
    return at_ms


def after(
    conn: Connection, key: tuple[int, int], until_ms: int, limit: int
) -> list[tuple[int, int, int, str | None]]:
    """The next rows (at, monitor, ms, cause) behind the row of that time and monitor."""
    found = conn.execute(
        "SELECT at_ms, monitor_id, ms, cause FROM result WHERE (at_ms, monitor_id) > (?, ?)"
        " AND at_ms < ? ORDER BY at_ms, monitor_id LIMIT ?",
        (*key, until_ms, limit),
    )
    return [tuple(row) for row in found.fetchall()]


def drop_before(conn: Connection, before_ms: int, limit: int) -> int:
    where = "at_ms < ? ORDER BY at_ms LIMIT ?"
    return rows.delete_slice(conn, "result", where, (before_ms, limit), key="at_ms, monitor_id")


class Packer:
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
    """The checks that a :class:`Packer` of that hour was given, oldest first.

    Bytes that no Packer wrote (a disk that lies) give nothing, and are logged.
    """
    with suppress(ValueError, LookupError, RuntimeError, StopIteration):
        checks = _unpacked(monitor_id, hour_ms, blob)
        if all(0 <= one.at_ms - hour_ms < HOUR_MS and one.ms < HOUR_MS for one in checks):
            return checks
    log.error("Packed checks unreadable", extra={"monitor": monitor_id, "hour": hour_ms})
    return []


def _unpacked(monitor_id: int, hour_ms: int, blob: bytes) -> list[ResultRow]:
    data = iter(blob)
    causes = [bytes(next(data) for _ in range(_take(data))).decode() for _ in range(_take(data))]
    checks: list[ResultRow] = []
    at_ms, step_ms = hour_ms, 0
    for first in data:
        surprise = _take(data, first)
        step_ms += surprise >> 1 ^ -(surprise & 1)
        at_ms += step_ms
        if not checks:
            step_ms = 0
        length = _take(data)
        cause = causes[_take(data)] if length & 1 else None
        checks.append(ResultRow(at_ms, monitor_id, length >> 1, cause))
    return checks


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


def save_packed(conn: Connection, monitor_id: int, hour: int, checks: bytes) -> None:
    row = {"monitor_id": monitor_id, "hour": hour, "checks": checks}
    rows.save(conn, "packed", "monitor_id, hour", row)


def newest_first(
    conn: Connection, monitor_id: int, since_ms: int, until_ms: int
) -> Iterator[ResultRow]:
    """Checks of one monitor in a span, both ends included; an hour is read when it is asked for."""
    hour: int = until_ms // HOUR_MS
    while True:
        row = conn.execute(
            "SELECT hour, checks FROM packed WHERE monitor_id = ? AND hour BETWEEN ? AND ?"
            " ORDER BY hour DESC LIMIT 1",
            (monitor_id, since_ms // HOUR_MS, hour),
        ).fetchone()
        if row is None:
            return
        checks = unpack(monitor_id, row["hour"] * HOUR_MS, row["checks"])
        yield from (one for one in reversed(checks) if since_ms <= one.at_ms <= until_ms)
        hour = row["hour"] - 1


def packed_fine_ms(conn: Connection, monitor_id: int, first: int, last: int) -> list[int]:
    """How long the successful checks of these hours took, in no order."""
    found = conn.execute(
        "SELECT hour, checks FROM packed WHERE monitor_id = ? AND hour BETWEEN ? AND ?",
        (monitor_id, first, last),
    ).fetchall()
    return [
        one.ms
        for row in found
        for one in unpack(monitor_id, row["hour"] * HOUR_MS, row["checks"])
        if one.cause is None
    ]
