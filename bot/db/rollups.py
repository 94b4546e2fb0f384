"""SQL of what hours and days came to, and of the gaps in which nothing was watched."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields

from bot.clock import HOUR_MS
from bot.db import rows
from bot.db.database import Connection

HOURS = 24
ROLLED_HOUR, ROLLED_DAY = "rolled_hour", "rolled_day"  # settings: the next ones to count


@dataclass(frozen=True, slots=True)
class Rollup:
    """One monitor's hour or day; ``slot`` is the hour's or day's number since 1970, UTC.

    ``p50_ms`` and ``p95_ms`` are of the checks that succeeded. Of the time watched, ``down_s``
    was down and ``unstable_s`` unstable. ``last_s``: when in the hour the last check was.
    """

    monitor_id: int
    slot: int
    count: int
    ok: int
    p50_ms: int | None
    p95_ms: int | None
    watched_s: int
    down_s: int
    unstable_s: int
    last_s: int | None = None


@dataclass(frozen=True, slots=True)
class Sums:
    count: int = 0
    ok: int = 0
    watched_s: int = 0
    down_s: int = 0
    unstable_s: int = 0


def save_hour(conn: Connection, one: Rollup) -> None:
    row = asdict(one)
    rows.save(conn, "hourly", "monitor_id, hour", {"hour": row.pop("slot")} | row)


def save_day(conn: Connection, one: Rollup) -> None:
    row = asdict(one)
    del row["last_s"]
    rows.save(conn, "daily", "monitor_id, day", {"day": row.pop("slot")} | row)


def last_check_ms(conn: Connection, monitor_id: int, first: int, before: int) -> int | None:
    row = conn.execute(
        "SELECT hour, last_s FROM hourly WHERE monitor_id = ? AND hour >= ? AND hour < ?"
        " AND last_s IS NOT NULL ORDER BY hour DESC LIMIT 1",
        (monitor_id, first, before),
    ).fetchone()
    return None if row is None else int(row["hour"] * HOUR_MS + row["last_s"] * 1000)


def sums_of_day(conn: Connection, monitor_id: int, day: int) -> Sums | None:
    """The hours of a day added up; None when there are none."""
    row = conn.execute(
        f"SELECT {_SUMS} FROM hourly WHERE monitor_id = ? AND hour BETWEEN ? AND ?",
        (monitor_id, day * HOURS, day * HOURS + HOURS - 1),
    ).fetchone()
    return None if row["count"] is None else Sums(**dict(row))


_FIELDS = tuple(field.name for field in fields(Sums))
_SUMS = ", ".join(f"sum({name}) AS {name}" for name in _FIELDS)


def sums(
    conn: Connection, monitor_ids: Sequence[int], since_ms: int, rolled_day: int
) -> dict[int, Sums]:
    """Each monitor's hours and days since then added up, whole hours at the beginning.

    Days count from the first whole one until ``rolled_day``, hours before and after them; hours
    older than are kept leave their day out.
    """
    hour = since_ms // HOUR_MS
    first_day = min(-(-hour // HOURS), rolled_day)
    columns = ", ".join(_FIELDS)
    found: dict[int, Sums] = {}
    for monitor_id in monitor_ids:
        row = conn.execute(
            f"SELECT {_SUMS} FROM (SELECT {columns} FROM daily WHERE monitor_id = :id"
            " AND day >= :first AND day < :rolled"
            f" UNION ALL SELECT {columns} FROM hourly WHERE monitor_id = :id"
            " AND hour >= :hour AND hour < :first * 24"
            f" UNION ALL SELECT {columns} FROM hourly WHERE monitor_id = :id"
            " AND hour >= max(:rolled * 24, :hour))",
            {"id": monitor_id, "first": first_day, "rolled": rolled_day, "hour": hour},
        ).fetchone()
        if row["count"] is not None:
            found[monitor_id] = Sums(**dict(row))
    return found


def hours(conn: Connection, monitor_id: int, first: int, last: int) -> list[Rollup]:
    """One monitor's hours in a span, both ends included, oldest first; the empty are left out."""
    query = "SELECT *, hour AS slot FROM hourly WHERE monitor_id = ? AND hour BETWEEN ? AND ?"
    found = conn.execute(f"{query} ORDER BY hour", (monitor_id, first, last)).fetchall()
    return [rows.read(row, Rollup) for row in found]


def days(conn: Connection, monitor_id: int, first: int, last: int) -> list[Rollup]:
    """As :func:`hours`, by the day."""
    query = "SELECT *, day AS slot FROM daily WHERE monitor_id = ? AND day BETWEEN ? AND ?"
    found = conn.execute(f"{query} ORDER BY day", (monitor_id, first, last)).fetchall()
    return [rows.read(row, Rollup, last_s=None) for row in found]


def drop_old(conn: Connection, monitor_id: int, hour: int, packed_hour: int) -> None:
    """Delete a monitor's hours before ``hour``, its packed checks before ``packed_hour``."""
    for table, first in (("hourly", hour), ("players", hour), ("packed", packed_hour)):
        conn.execute(f"DELETE FROM {table} WHERE monitor_id = ? AND hour < ?", (monitor_id, first))


@dataclass(frozen=True, slots=True)
class Players:
    """How many played in one hour: of ``checks`` checks the sum, and the highest."""

    monitor_id: int
    hour: int
    checks: int
    players: int
    most: int

    def plus(self, other: "Players | None") -> "Players":
        if other is None:
            return self
        most = max(self.most, other.most)
        checks, players = self.checks + other.checks, self.players + other.players
        return Players(self.monitor_id, self.hour, checks, players, most)


def add_players(conn: Connection, counted: Iterable[Players]) -> None:
    """Add what was counted since to the hours there are."""
    conn.executemany(
        "INSERT INTO players (monitor_id, hour, checks, players, most) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (monitor_id, hour) DO UPDATE SET checks = checks + excluded.checks,"
        " players = players + excluded.players, most = max(most, excluded.most)",
        [(one.monitor_id, one.hour, one.checks, one.players, one.most) for one in counted],
    )


def players(conn: Connection, monitor_id: int, first: int, last: int) -> list[Players]:
    """Hours in order, both ends included."""
    query = "SELECT * FROM players WHERE monitor_id = ? AND hour BETWEEN ? AND ? ORDER BY hour"
    return [Players(**dict(row)) for row in conn.execute(query, (monitor_id, first, last))]


_SLICE = 500
OFFLINE_SINCE = "blind_since_ms"  # the setting of when Vigie went offline, while it is
OWN_LINE_SINCE = "own_line_since_ms"  # the same of trouble in our own line


def add_gap(conn: Connection, from_ms: int, until_ms: int) -> None:
    conn.execute("INSERT INTO gap (from_ms, until_ms) VALUES (?, ?)", (from_ms, until_ms))


def gaps_between(conn: Connection, from_ms: int, until_ms: int) -> list[tuple[int, int]]:
    """All gaps that touch a span, clipped to it, in time order; one that still lasts as well."""
    found = conn.execute(
        "SELECT max(from_ms, :from) AS a, min(until_ms, :until) AS b FROM"
        " (SELECT from_ms, until_ms FROM gap UNION ALL SELECT CAST(value AS INTEGER), :until"
        " FROM setting WHERE key IN (:offline, :own) AND value <> '')"
        " WHERE until_ms > :from AND from_ms < :until ORDER BY from_ms",
        {"from": from_ms, "until": until_ms, "offline": OFFLINE_SINCE, "own": OWN_LINE_SINCE},
    )
    return [(row["a"], row["b"]) for row in found.fetchall()]


def forget_gaps(conn: Connection, before_ms: int) -> int:
    """Delete a slice of the gaps that ended before then; returns how many went."""
    return rows.delete_slice(conn, "gap", "until_ms < ? LIMIT ?", (before_ms, _SLICE))


def last_gap_end_ms(conn: Connection) -> int | None:
    end_ms: int | None = rows.value(conn, "SELECT max(until_ms) FROM gap")
    return end_ms
