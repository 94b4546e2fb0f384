"""SQL of statistics of the outbox: what waits, what arrived, what was given up."""

from dataclasses import dataclass

from bot.clock import DAY_MS
from bot.db import incidents, rows
from bot.db.database import Connection
from bot.models import Incident

# Messages of what ended so long ago are edited no more, and rows about it are of no use.
KEPT_MS = 7 * DAY_MS


@dataclass(frozen=True, slots=True)
class OutboxStats:
    """``waiting``: rows that are due, or failed, and not taken yet, the oldest from ``oldest_ms``.

    ``refused``: those of them whose channel refuses us now.

    ``sent_ms``: when Discord last took a message. ``dead``: messages given up within a week.
    ``error`` is what Discord said to the newest row that waits or was given up.
    """

    waiting: int
    oldest_ms: int | None
    sent_ms: int | None
    dead: int
    error: str | None
    refused: int = 0


@dataclass(frozen=True, slots=True)
class LastTest:
    """The newest test alert: ``state`` is that of its row, ``at_ms`` when it was asked for."""

    state: str
    at_ms: int


# The partial indexes are only used by queries that repeat their condition word for word.
_WAITING = (
    "FROM notification n JOIN guild g ON g.id = n.guild_id AND g.left_ms IS NULL"
    " WHERE n.state IN ('pending', 'sending')"
    " AND (n.not_before_ms <= :now OR n.attempts > 0)"
    " AND (:guild IS NULL OR n.guild_id = :guild)"
)


def read(conn: Connection, guild_id: int | None, now_ms: int) -> OutboxStats:
    """The outbox of one server; None: of all that Vigie has not left."""
    values = {"guild": guild_id, "now": now_ms, "since": now_ms - KEPT_MS}
    waiting, oldest_ms, refused = conn.execute(
        "SELECT count(*), min(n.created_ms), total(EXISTS (SELECT 1 FROM blocked_channel p"
        f" WHERE p.channel_id = n.channel_id AND p.until_ms > :now)) {_WAITING}",
        values,
    ).fetchone()
    # A server at a time: the index then names the newest of each at once.
    (sent_ms,) = conn.execute(
        "SELECT max((SELECT max(n.last_try_ms) FROM notification n WHERE n.state = 'sent'"
        " AND n.guild_id = g.id)) FROM guild g WHERE :guild IS NULL OR g.id = :guild",
        values,
    ).fetchone()
    dead, newest_id = conn.execute(
        "SELECT count(*), max(id) FROM notification WHERE state = 'dead'"
        " AND (:guild IS NULL OR guild_id = :guild) AND created_ms >= :since",
        values,
    ).fetchone()
    row = conn.execute(
        f"SELECT n.last_error {_WAITING} AND n.last_error IS NOT NULL ORDER BY n.id DESC LIMIT 1",
        values,
    ).fetchone()
    if row is None and newest_id is not None:
        row = conn.execute(
            "SELECT last_error FROM notification WHERE id = ?", (newest_id,)
        ).fetchone()
    error = None if row is None else row[0]
    return OutboxStats(waiting, oldest_ms, sent_ms, dead, error, int(refused))


def last_test(conn: Connection, guild_id: int) -> LastTest | None:
    """A server's newest test alert, as long as it is remembered."""
    row = conn.execute(
        "SELECT state, created_ms FROM notification WHERE guild_id = ? AND kind = 'notice'"
        """ AND payload LIKE '{"kind": "test"%' ORDER BY id DESC LIMIT 1""",
        (guild_id,),
    ).fetchone()
    return None if row is None else LastTest(row[0], row[1])


_UNSENT = (
    "FROM notification n JOIN guild g ON g.id = n.guild_id AND g.left_ms IS NULL"
    " WHERE n.state IN ('pending', 'sending') AND n.kind = 'open' AND n.not_before_ms <= ?1"
    " AND NOT EXISTS (SELECT 1 FROM blocked_channel p"
    " WHERE p.channel_id = n.channel_id AND p.until_ms > ?1)"
)


def unsent_openings(conn: Connection, now_ms: int, most: int) -> tuple[int, list[Incident]]:
    """How many incidents wait that could be sent, and the oldest of them."""
    count = rows.value(conn, f"SELECT count(*) {_UNSENT}", (now_ms,))
    query = f"SELECT n.incident_id {_UNSENT} ORDER BY n.id LIMIT ?2"
    ids = [row["incident_id"] for row in conn.execute(query, (now_ms, most)).fetchall()]
    return count, incidents.load(conn, ids)


def unsent_since(conn: Connection, now_ms: int) -> int | None:
    """Since when the oldest opening waits that could be sent: those of refused channels do not."""
    oldest_ms: int | None = rows.value(conn, f"SELECT min(n.created_ms) {_UNSENT}", (now_ms,))
    return oldest_ms
