"""SQL of the outbox: one row is one piece of work for Discord."""

import json
import logging
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bot.db import rows
from bot.db.database import Connection

log = logging.getLogger(__name__)

GROUPED = "company"  # payload of an opening that waited for others
# The partial index of waiting work is only used by queries that repeat its condition word for word.
_ACTIVE = "state IN ('pending', 'sending')"
_LISTED = "id IN (SELECT value FROM json_each(?))"


class Work(StrEnum):
    OPEN = "open"
    PING = "ping"  # a latecomer's role, called once after its incident was edited into a list
    ESCALATE = "escalate"
    EDIT = "edit"
    ANSWERS = "answers"  # for those who asked: it answers again, though the all-clear is held
    CLOSE = "close"
    REMINDER = "reminder"
    CALL = "call"  # nobody has acknowledged it: another role is called
    NOTICE = "notice"
    PAGE_REPORT = "page_report"  # of a followed page; payload: its id


@dataclass(frozen=True, slots=True)
class Notification:
    """One row of the outbox. ``sending`` means that Discord may have the message already."""

    id: int
    guild_id: int
    channel_id: int
    kind: Work
    incident_id: int | None
    post_id: int | None
    payload: str | None
    state: str
    lead_id: int | None
    message_kind: str | None
    attempts: int
    created_ms: int
    not_before_ms: int
    first_try_ms: int | None
    last_try_ms: int | None
    nonce: str | None = None
    sent_lines: tuple[str, ...] = ()  # of the leading row: the lines it was sent with

    @property
    def urgent(self) -> bool:
        """Of an edit: it changes a word, not only numbers."""
        return self.payload == "urgent"


def add(
    conn: Connection,
    *,
    guild_id: int,
    channel_id: int,
    kind: Work,
    now_ms: int,
    not_before_ms: int | None = None,
    incident_id: int | None = None,
    post_id: int | None = None,
    payload: str | None = None,
) -> bool:
    """Queue one row; False when the incident has had this kind in this channel before."""
    cursor = conn.execute(
        "INSERT INTO notification (guild_id, channel_id, kind, incident_id, post_id, payload,"
        " created_ms, not_before_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (
            guild_id,
            channel_id,
            kind,
            incident_id,
            post_id,
            payload,
            now_ms,
            now_ms if not_before_ms is None else not_before_ms,
        ),
    )
    return cursor.rowcount == 1


NEVER_MS = 2**62


@dataclass(frozen=True, slots=True)
class Due:
    """A channel's waiting work: when the first is due, and whether an opening is due by then.

    ``others_ms``: when the first is due that is neither opening nor edit. ``blocked``: the channel
    was refused lately; when it is tried again is part of both times.
    """

    at_ms: int
    others_ms: int
    guild_id: int = 0
    opening: bool = False
    blocked: bool = False


def active(conn: Connection, channel_id: int, most: int = 1_000) -> list[Notification]:
    """The waiting and half-sent rows of one channel, oldest first; ``most`` of each kind.

    A row that cannot be read is set aside: the others of its channel must not wait for it.
    """
    found = conn.execute(
        "SELECT * FROM notification WHERE id IN (SELECT id FROM (SELECT id, row_number() OVER"
        f" (PARTITION BY kind, state ORDER BY id) AS place FROM notification WHERE channel_id = ?"
        f" AND {_ACTIVE}) WHERE place <= ?) ORDER BY id",
        (channel_id, most),
    )
    read = []
    for row in found.fetchall():
        try:
            read.append(_notification(row))
        except (ValueError, TypeError) as error:
            set_aside(conn, [row["id"]], repr(error))
    return read


def set_aside(conn: Connection, ids: Iterable[int], error: str) -> None:
    """Give up rows that this version cannot read."""
    ids = list(ids)
    log.error("Rows %s of the outbox cannot be read and are set aside: %s", ids, error)
    failed(conn, ids, f"unreadable: {error}")
    finish(conn, ids, "dead")


# A row from the future is due: the clock was set back, and its waiting time with it. So is a
# channel that was blocked in the future.
_ROW_MS = "iif(n.state = 'sending' OR n.created_ms > :now, 0, n.not_before_ms)"
_IS_DUE = "(n.not_before_ms <= :now OR n.created_ms > :now)"
_DUE = (
    "SELECT d.*, iif(p.since_ms > :now, 0, p.until_ms) AS parked_ms FROM (SELECT n.channel_id,"
    f" n.guild_id, min({_ROW_MS}) AS row_ms, max(n.kind = 'open' AND {_IS_DUE}) AS opening,"
    f" min(iif(n.state = 'pending' AND n.kind IN ('open', 'edit'), {NEVER_MS}, {_ROW_MS}))"
    " AS others_ms FROM notification n WHERE n.state IN ('pending', 'sending') {where}"
    " AND n.guild_id NOT IN (SELECT id FROM guild WHERE left_ms IS NOT NULL)"
    " GROUP BY n.channel_id) d"
    " LEFT JOIN blocked_channel p ON p.channel_id = d.channel_id"
)


def due_by_channel(
    conn: Connection, now_ms: int, channel_ids: Iterable[int] | None = None
) -> dict[int, Due]:
    """When each channel with waiting work has its first due row; half-sent work is due at once.

    ``channel_ids``: of these alone. Servers that Vigie has left are passed over; their rows wait
    for its return.
    """
    if channel_ids is None:
        found = conn.execute(_DUE.format(where=""), {"now": now_ms}).fetchall()
    else:
        query = _DUE.format(where="AND n.channel_id = :channel")
        values = {"now": now_ms}
        asked = (conn.execute(query, values | {"channel": one}) for one in channel_ids)
        found = [row for one in asked for row in one.fetchall()]
    found.sort(key=lambda row: row["row_ms"])
    return {
        row["channel_id"]: Due(
            max(row["row_ms"], row["parked_ms"] or 0),
            max(row["others_ms"], row["parked_ms"] or 0),
            row["guild_id"],
            bool(row["opening"]),
            row["parked_ms"] is not None,
        )
        for row in found
    }


def of_incident(conn: Connection, incident_id: int, kind: Work) -> Notification | None:
    """The one row of a kind (open, escalate, answers, close) that an incident has, in any state."""
    query = (
        "SELECT * FROM notification WHERE incident_id = ? AND kind = ?"
        " AND kind IN ('open', 'escalate', 'answers', 'close')"
    )
    return rows.first(conn, _notification, query, (incident_id, kind))


def waiting(conn: Connection, post_id: int, kind: Work) -> Notification | None:
    """The work of this kind (edit or ping) that waits for a post."""
    # The kind stands in the text: only so is the partial index of waiting edits used.
    query = (
        f"SELECT * FROM notification WHERE post_id = ? AND kind = '{kind}' AND state = 'pending'"
    )
    return rows.first(conn, _notification, query, (post_id,))


def queue_edit(
    conn: Connection,
    *,
    guild_id: int,
    channel_id: int,
    post_id: int,
    urgent: bool,
    now_ms: int,
    not_before_ms: int,
) -> None:
    """Queue the edit of a post, or renew the one that waits: urgency and the earlier time win.

    One that is urgent already shows the newest truth when it is sent.
    """
    conn.execute(
        "INSERT INTO notification (guild_id, channel_id, kind, post_id, payload, created_ms,"
        " not_before_ms) VALUES (?, ?, 'edit', ?, ?, ?, ?)"
        " ON CONFLICT (post_id) WHERE kind = 'edit' AND state = 'pending' DO UPDATE SET"
        " created_ms = excluded.created_ms, payload = excluded.payload,"
        " not_before_ms = min(not_before_ms, excluded.not_before_ms) WHERE payload IS NULL",
        (guild_id, channel_id, post_id, "urgent" if urgent else None, now_ms, not_before_ms),
    )


def rewrite(conn: Connection, notification_id: int, payload: str) -> None:
    conn.execute("UPDATE notification SET payload = ? WHERE id = ?", (payload, notification_id))


def claim(
    conn: Connection,
    ids: Iterable[int],
    now_ms: int,
    *,
    lead_id: int,
    message_kind: str,
    post_id: int | None,
    nonce: str,
) -> None:
    """Mark rows as one message on its way, with this nonce."""
    conn.execute(
        "UPDATE notification SET state = 'sending', lead_id = ?, message_kind = ?, nonce = ?,"
        " post_id = coalesce(?, post_id), attempts = attempts + 1,"
        f" first_try_ms = coalesce(first_try_ms, ?), last_try_ms = ? WHERE {_LISTED} AND {_ACTIVE}",
        (lead_id, message_kind, nonce, post_id, now_ms, now_ms, rows.listed(ids)),
    )


def note_lines(conn: Connection, lead_id: int, lines: Iterable[str]) -> None:
    sent = json.dumps(list(lines), ensure_ascii=False)
    conn.execute("UPDATE notification SET sent_lines = ? WHERE id = ?", (sent, lead_id))


def certificate_warnings(
    conn: Connection, guild_id: int, monitor_id: int
) -> list[tuple[int, int, int | None, str]]:
    """Row, channel, message and payload of a monitor's warnings that wait or were sent of late."""
    found = [
        conn.execute(
            "SELECT id, channel_id, message_id, payload FROM notification"
            f" WHERE guild_id = ? AND state = '{state}' AND kind = 'notice'"
            " AND iif(json_valid(payload), payload ->> 'kind', '') = 'certificate'"
            " AND payload ->> 'monitor_id' = ? AND (state = 'pending' OR message_id IS NOT NULL)",
            (guild_id, monitor_id),
        )
        for state in ("pending", "sent")
    ]
    return [tuple(row) for rows_ in found for row in rows_.fetchall()]


def message_ids(conn: Connection, guild_id: int, channel_id: int, since_ms: int) -> frozenset[int]:
    """Messages that are known to have arrived, sent since then."""
    found = conn.execute(
        "SELECT message_id FROM notification WHERE state = 'sent' AND guild_id = :guild"
        " AND last_try_ms >= :since UNION SELECT message_id FROM post"
        " WHERE channel_id = :channel AND created_ms >= :since",
        {"guild": guild_id, "channel": channel_id, "since": since_ms},
    )
    return frozenset(row[0] for row in found.fetchall() if row[0] is not None)


def release(
    conn: Connection, ids: Iterable[int], error: str, *, keep_post: bool, not_before_ms: int = 0
) -> None:
    """Discord certainly has not taken these rows: they wait again, free to be grouped anew."""
    conn.execute(
        "UPDATE notification SET state = 'pending', lead_id = NULL, message_kind = NULL,"
        " nonce = NULL, sent_lines = NULL, first_try_ms = NULL, last_error = ?,"
        " post_id = iif(?, post_id, NULL), not_before_ms = max(not_before_ms, ?)"
        f" WHERE {_LISTED} AND state = 'sending'",
        (error, keep_post, not_before_ms, rows.listed(ids)),
    )


def failed(conn: Connection, ids: Iterable[int], error: str) -> None:
    """Note why; the rows stay half-sent."""
    query = f"UPDATE notification SET last_error = ? WHERE {_LISTED}"
    conn.execute(query, (error, rows.listed(ids)))


def finish(
    conn: Connection, ids: Iterable[int], state: str, *, message_id: int | None = None
) -> None:
    """End rows as ``sent``, ``dead`` or ``superseded``; whoever ended one before wins."""
    conn.execute(
        "UPDATE notification SET state = ?, message_id = coalesce(?, message_id)"
        f" WHERE {_LISTED} AND {_ACTIVE}",
        (state, message_id, rows.listed(ids)),
    )


def drop(conn: Connection, ids: Iterable[int]) -> None:
    """Forget rows that leave no trace worth keeping: edits that were made or are superseded."""
    conn.execute(f"DELETE FROM notification WHERE {_LISTED}", (rows.listed(ids),))


def drop_edits(conn: Connection, post_id: int) -> None:
    conn.execute(
        "DELETE FROM notification WHERE post_id = ? AND kind = 'edit' AND state = 'pending'",
        (post_id,),
    )


def _notification(row: sqlite3.Row) -> Notification:
    sent = tuple(map(str, json.loads(row["sent_lines"] or "[]")))
    return rows.read(row, Notification, kind=Work(row["kind"]), sent_lines=sent)
