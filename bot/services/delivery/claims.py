"""Taking the next message of a channel: its rows are marked as on their way before it is sent.

Runs inside one write transaction; what the message says is read in the same one, so a later change
of the truth always finds the message's post and queues an edit of it.
"""

import json
import secrets
import string
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from bot.db import incidents as incident_rows
from bot.db import notifications, posts, settings
from bot.db.database import Connection
from bot.db.notifications import Notification, Work
from bot.db.posts import Post
from bot.models import Incident
from bot.services.delivery import plan
from bot.services.delivery.messages import MENTIONS, Notice
from bot.services.delivery.plan import Batch, Verb

# Openings that come later than this are marked as delayed (discord.md §3.2).
LATE_MS = 600_000
_DIGITS = string.digits + string.ascii_lowercase


@dataclass(frozen=True, slots=True)
class Flight:
    """One message on its way, with the truth of the moment.

    ``doubt``: an earlier attempt may have reached Discord, so the rows are bound to this nonce.
    ``since_ms``: set when the message comes late: when it should have been sent.
    """

    batch: Batch
    guild_id: int
    channel_id: int
    nonce: str
    read_ms: int
    doubt: bool
    attempts: int
    first_try_ms: int
    incidents: tuple[Incident, ...] = ()
    post: Post | None = None
    reply_to: int | None = None
    listeners: tuple[int, ...] = ()
    notice: Notice | None = None
    since_ms: int | None = None

    @property
    def verb(self) -> Verb:
        return self.batch.verb

    @property
    def ids(self) -> list[int]:
        return [row.id for row in self.batch.rows]

    @property
    def opens(self) -> list[Notification]:
        return [row for row in self.batch.rows if row.kind is Work.OPEN]


def claim(conn: Connection, channel_id: int, now_ms: int, *, edits: bool) -> Flight | None:
    """Mark the next message of a channel as on its way and read what it has to say.

    None: nothing is due. ``edits``: whether Discord accepts edits in this channel now.
    """
    while True:
        rows = notifications.active(conn, channel_id)
        batch = plan.half_sent(rows)
        doubt = batch is not None
        if batch is None:
            batch = plan.choose(_desk(conn, channel_id, rows, now_ms, edits=edits))
        if batch is None:
            return None
        batch = _mark(conn, batch, now_ms)
        flight = _read(conn, batch, now_ms, doubt=doubt)
        if flight is not None:
            return flight


def _desk(
    conn: Connection, channel_id: int, rows: list[Notification], now_ms: int, *, edits: bool
) -> plan.Desk:
    group = None
    if any(row.kind is Work.OPEN for row in rows):
        since_ms = now_ms - plan.JOIN_WITHIN_MS
        group = posts.newest_list(conn, channel_id, since_ms, plan.LIST_FROM)
    return plan.Desk(rows, now_ms, group, edits)


def _mark(conn: Connection, batch: Batch, now_ms: int) -> Batch:
    """Write the claim down; the batch comes back with its leader and its post."""
    if not batch.leader:
        batch = _with_post(conn, batch, now_ms)
    notifications.finish(conn, [row.id for row in batch.moot], "superseded")
    ids = [row.id for row in batch.rows]
    notifications.claim(conn, ids, batch.leader, batch.post_id, now_ms)
    return batch


def _with_post(conn: Connection, batch: Batch, now_ms: int) -> Batch:
    first = batch.rows[0]
    told = [row.incident_id for row in batch.rows if row.incident_id is not None]
    match batch.verb:
        case Verb.OPEN | Verb.LATE:
            post_id = posts.create(conn, first.guild_id, first.channel_id, told, now_ms)
            return replace(batch, post_id=post_id, leader=first.id)
        case Verb.JOIN if batch.post_id is not None:
            edit = _edit_row(conn, batch.post_id, first, now_ms)
            posts.link(conn, batch.post_id, told)
            return replace(batch, rows=(*batch.rows, edit), leader=edit.id)
        case _:
            return replace(batch, leader=first.id)


def _edit_row(conn: Connection, post_id: int, like: Notification, now_ms: int) -> Notification:
    """The waiting edit of a post; made when there is none."""
    notifications.add(
        conn,
        guild_id=like.guild_id,
        channel_id=like.channel_id,
        kind=Work.EDIT,
        post_id=post_id,
        payload="urgent",
        now_ms=now_ms,
    )
    waiting = notifications.waiting_edit(conn, post_id)
    if waiting is None:
        raise LookupError(f"the edit of post {post_id} is not in the outbox")
    return waiting


def _read(conn: Connection, batch: Batch, now_ms: int, *, doubt: bool) -> Flight | None:
    """What the message has to say; None when the truth made it pointless (its rows are ended)."""
    first = batch.rows[0]
    flight = Flight(
        batch=batch,
        guild_id=first.guild_id,
        channel_id=first.channel_id,
        nonce=_nonce(conn, batch.leader),
        read_ms=now_ms,
        doubt=doubt,
        attempts=max(row.attempts for row in batch.rows) + 1,
        first_try_ms=min(row.first_try_ms or now_ms for row in batch.rows),
    )
    match batch.verb:
        case Verb.OPEN | Verb.LATE | Verb.JOIN | Verb.EDIT:
            return _of_post(conn, flight)
        case Verb.NOTICE:
            return replace(flight, notice=Notice.parse(first.payload or "{}"))
        case _:
            return _of_incidents(conn, flight)


def _of_post(conn: Connection, flight: Flight) -> Flight | None:
    post = None if flight.batch.post_id is None else posts.get(conn, flight.batch.post_id)
    is_edit = flight.verb in {Verb.JOIN, Verb.EDIT}
    if post is None or (is_edit and (post.gone or post.message_id is None)):
        _astray(conn, flight)
        return None
    if is_edit:
        notifications.drop_edits(conn, post.id)  # this one tells the newest truth
    told = tuple(incident_rows.of_post(conn, post.id))
    return replace(
        flight,
        post=post,
        incidents=told,
        listeners=_listeners(conn, told) if flight.verb is Verb.LATE else (),
        since_ms=None if is_edit else _late_since(conn, flight, told),
    )


def _astray(conn: Connection, flight: Flight) -> None:
    """The post is no more: nothing to edit, and everything else of the batch starts anew."""
    edits = [row.id for row in flight.batch.rows if row.kind is Work.EDIT]
    others = [row.id for row in flight.batch.rows if row.kind is not Work.EDIT]
    notifications.drop(conn, edits)
    notifications.release(conn, others, "the post is gone", keep_post=False)


def _of_incidents(conn: Connection, flight: Flight) -> Flight | None:
    first = flight.batch.rows[0]
    ids = [row.incident_id for row in flight.batch.rows if row.incident_id is not None]
    told = incident_rows.load(conn, json.loads(first.payload or "[]") or ids)
    if flight.verb is not Verb.CLOSE:
        told = [incident for incident in told if incident.open]
    if not told:
        notifications.finish(conn, flight.ids, "superseded")
        return None
    return replace(
        flight,
        incidents=tuple(told),
        reply_to=_original(conn, told),
        listeners=_listeners(conn, told) if flight.verb is Verb.CLOSE else (),
    )


def _original(conn: Connection, told: Iterable[Incident]) -> int | None:
    """The standing message that tells of most of these incidents, the newest of equals."""
    standing: Counter[tuple[int, int]] = Counter(
        (post.id, post.message_id)
        for incident in told
        for post in posts.of_incident(conn, incident.id)
        if post.message_id is not None and not post.gone
    )
    if not standing:
        return None
    return max(standing.items(), key=lambda item: (item[1], item[0]))[0][1]


def _listeners(conn: Connection, told: Iterable[Incident]) -> tuple[int, ...]:
    """Who asked to be told of the end, each once, as many as one message mentions."""
    asked = dict.fromkeys(
        user for one in told for user in incident_rows.followers(conn, one.id, "tell_me")
    )
    return tuple(asked)[:MENTIONS]


def _late_since(conn: Connection, flight: Flight, told: Iterable[Incident]) -> int | None:
    """When a late message should have been sent; an opening that only waited is not late."""
    if flight.verb is Verb.OPEN:
        since_ms = min(row.created_ms for row in flight.batch.rows)
        return since_ms if flight.read_ms - since_ms >= LATE_MS else None
    rows = (notifications.of_incident(conn, incident.id, Work.OPEN) for incident in told)
    due = [row.created_ms for row in rows if row and row.not_before_ms <= flight.read_ms]
    return min(due, default=None)


def _nonce(conn: Connection, number: int) -> str:
    """Fixed for the life of a row and of no other row, in no other database: ≤ 25 characters."""
    salt = settings.get(conn, "nonce_salt")
    if salt is None:
        salt = "".join(secrets.choice(_DIGITS) for _ in range(4))
        settings.put(conn, "nonce_salt", salt)
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return salt + digits
