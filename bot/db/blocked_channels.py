"""SQL of blocked channels: they refuse us, so their work waits or moves elsewhere."""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.clock import DAY_MS
from bot.db import rows
from bot.db.database import Connection

_NOTICES_A_DAY = 5


@dataclass(frozen=True, slots=True)
class BlockedChannel:
    """A channel that is left alone. ``reason`` is the DeliveryAction that led to it."""

    channel_id: int
    since_ms: int
    until_ms: int
    reason: str


def block(
    conn: Connection, guild_id: int, channel_id: int, now_ms: int, *, until_ms: int, reason: str
) -> None:
    """Leave a channel alone until then; its rows wait."""
    row = {"channel_id": channel_id, "guild_id": guild_id, "since_ms": now_ms}
    changed = "until_ms = excluded.until_ms, reason = excluded.reason"
    more = f"ON CONFLICT (channel_id) DO UPDATE SET {changed}"
    rows.insert(conn, "blocked_channel", row | {"until_ms": until_ms, "reason": reason}, more)


def is_blocked(conn: Connection, channel_id: int, now_ms: int) -> bool:
    """A channel that was blocked in the future is not: the clock was set back since."""
    query = (
        "SELECT TRUE FROM blocked_channel WHERE channel_id = ? AND since_ms <= ?2 AND until_ms > ?2"
    )
    return bool(rows.value(conn, query, (channel_id, now_ms)))


def unblock(conn: Connection, *channel_ids: int) -> None:
    query = "DELETE FROM blocked_channel WHERE channel_id = ?"
    conn.executemany(query, [(channel_id,) for channel_id in channel_ids])


def of_guild(conn: Connection, guild_id: int) -> list[BlockedChannel]:
    query = "SELECT * FROM blocked_channel WHERE guild_id = ? ORDER BY since_ms, channel_id"
    return rows.select(conn, lambda row: rows.read(row, BlockedChannel), query, (guild_id,))


def current_channel(conn: Connection, guild_id: int, channel_id: int, now_ms: int) -> int:
    """The channel that alerts go to now: itself, or the server's second one while it is blocked."""
    query = (
        "SELECT g.fallback_channel_id FROM guild g WHERE g.id = ?1 AND EXISTS"
        " (SELECT 1 FROM blocked_channel p WHERE p.channel_id = ?2"
        " AND p.since_ms <= ?3 AND p.until_ms > ?3) AND NOT EXISTS"
        " (SELECT 1 FROM blocked_channel p WHERE p.channel_id = g.fallback_channel_id"
        " AND p.since_ms <= ?3 AND p.until_ms > ?3)"
    )
    return rows.value(conn, query, (guild_id, channel_id, now_ms)) or channel_id


def move(conn: Connection, channel_id: int, to_id: int, *, default_only: bool = False) -> int:
    """Move what was never sent in a channel to another; returns how many openings that are.

    An incident moves whole: an all-clear never leaves the channel of its opening.
    ``default_only``: of monitors that have no channel of their own.
    """
    moved = conn.execute(
        "UPDATE notification SET channel_id = ?1 WHERE channel_id = ?2 AND kind = 'open'"
        " AND state = 'pending' AND (NOT ?3 OR EXISTS (SELECT 1 FROM incident i JOIN monitor m"
        " ON m.id = i.monitor_id WHERE i.id = notification.incident_id AND m.channel_id IS NULL))",
        (to_id, channel_id, default_only),
    ).rowcount
    conn.execute(
        "UPDATE notification SET channel_id = ? WHERE channel_id = ? AND state = 'pending'"
        " AND kind IN ('escalate', 'close') AND EXISTS (SELECT 1 FROM notification o"
        " WHERE o.incident_id = notification.incident_id AND o.kind = 'open'"
        " AND o.channel_id = ?)",
        (to_id, channel_id, to_id),
    )
    conn.execute(
        "UPDATE notification SET channel_id = ? WHERE channel_id = ? AND state = 'pending'"
        " AND kind = 'page_report'",
        (to_id, channel_id),
    )
    return moved


@dataclass(frozen=True, slots=True)
class HomeChannel:
    """The channel an incident is meant for now. ``own``: of its monitor, not of the server."""

    channel_id: int | None
    own: bool


def home_channels(conn: Connection, incident_ids: Iterable[int]) -> dict[int, HomeChannel]:
    """Channels that incidents belong to, whatever channel they were posted in."""
    query = (
        "SELECT i.id, coalesce(m.channel_id, g.channel_id), m.channel_id IS NOT NULL"
        " FROM incident i JOIN monitor m ON m.id = i.monitor_id JOIN guild g ON g.id = i.guild_id"
        " WHERE i.id IN (SELECT value FROM json_each(?))"
    )
    found = conn.execute(query, (rows.listed(incident_ids),)).fetchall()
    return {one: HomeChannel(channel_id, bool(own)) for one, channel_id, own in found}


def is_used(conn: Connection, guild_id: int, channel_id: int) -> bool:
    """True: a server's alerts go to a channel, or wait for it."""
    query = (
        "SELECT TRUE FROM guild WHERE id = ?1 AND ?2 IN (channel_id, fallback_channel_id)"
        " UNION ALL SELECT TRUE FROM monitor WHERE guild_id = ?1 AND channel_id = ?2"
        " AND removed_ms IS NULL UNION ALL SELECT TRUE FROM notification WHERE channel_id = ?2"
        " AND state IN ('pending', 'sending') LIMIT 1"
    )
    return bool(rows.value(conn, query, (guild_id, channel_id)))


def may_be_noticed(conn: Connection, guild_id: int, channel_id: int, now_ms: int) -> bool:
    """True when a server is to hear of a lost channel: once a day of each, of few in all.

    A role that is taken away may close all channels at once. No server that Vigie left.
    """
    # Notices of lost channels wait under the server's id. A query for each partial index.
    queries = (
        "channel_id = -:guild AND state IN ('pending', 'sending')",
        "guild_id = :guild AND state = 'sent' AND last_try_ms >= :since",
        "guild_id = :guild AND state = 'dead'",
    )
    values = {"guild": guild_id, "since": now_ms - DAY_MS, "now": now_ms}
    noticed = [
        row[0]
        for query in queries
        for row in conn.execute(
            f"SELECT payload ->> 'channel_id' FROM notification WHERE {query} AND kind = 'notice'"
            " AND created_ms > :since AND created_ms <= :now"
            " AND iif(json_valid(payload), payload ->> 'kind', '') = 'lost'",
            values,
        ).fetchall()
    ]
    present = "SELECT TRUE FROM guild WHERE id = ? AND left_ms IS NULL"
    is_member = bool(rows.value(conn, present, (guild_id,)))
    return is_member and len(noticed) < _NOTICES_A_DAY and channel_id not in noticed


def mark_unreachable(conn: Connection, guild_id: int, since_ms: int | None) -> None:
    """Note since when nobody of a server can be reached; None: somebody can."""
    conn.execute(
        "UPDATE guild SET unheard_ms = iif(?1 IS NULL, NULL, coalesce(unheard_ms, ?1))"
        " WHERE id = ?2",
        (since_ms, guild_id),
    )


def unreachable_since(conn: Connection, guild_id: int) -> int | None:
    since_ms: int | None
    since_ms = rows.value(conn, "SELECT unheard_ms FROM guild WHERE id = ?", (guild_id,))
    return since_ms
