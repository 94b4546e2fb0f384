"""Taking the next message of a channel: its rows are marked as on their way before it is sent.

Runs inside one write transaction; what the message says is read in the same one, so a later change
of the truth always finds the message's post and queues an edit of it.
"""

import json
import secrets
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from bot.clock import HOUR_MS
from bot.db import blocked_channels, incidents, outbox, posts
from bot.db import incidents as incident_rows
from bot.db.blocked_channels import Home
from bot.db.database import Connection
from bot.db.outbox import Notification, Work
from bot.db.posts import Post
from bot.models import Incident
from bot.services.delivery import planning
from bot.services.delivery.messages import MENTIONS, Notice
from bot.services.delivery.planning import Batch, Verb


@dataclass(frozen=True, slots=True)
class Flight:
    """One message on its way, with the truth of the moment.

    ``doubt``: an earlier attempt may have reached Discord, so the rows are bound to this nonce
    (``nonce_known`` False: that attempt had another one, which is not known any more).
    ``since_ms``: set when the message comes late: when it should have been sent.
    ``homes``: the channels that its incidents are meant for. ``noted``: messages that arrived of
    late, as far as is known.
    """

    batch: Batch
    guild_id: int
    channel_id: int
    read_ms: int
    doubt: bool
    attempts: int
    due_ms: int
    first_try_ms: int
    last_try_ms: int  # before this one; 0: there was none
    nonce_known: bool = True
    homes: Mapping[int, Home] = field(default_factory=dict)
    noted: frozenset[int] = frozenset()
    incidents: tuple[Incident, ...] = ()
    post: Post | None = None
    reply_to: int | None = None
    listeners: tuple[int, ...] = ()
    notice: Notice | None = None
    since_ms: int | None = None

    @property
    def names(self) -> dict[str, object]:
        """Whose it is and where it goes: fields for the log."""
        return {"guild": self.guild_id, "channel": self.channel_id, "nonce": self.nonce}

    @property
    def nonce(self) -> str:
        return self.batch.nonce

    @property
    def said(self) -> tuple[str, ...]:
        """The lines it was sent with before."""
        return next((row.said for row in self.batch.rows if row.id == self.batch.leader), ())

    @property
    def verb(self) -> Verb:
        return self.batch.verb

    @property
    def ids(self) -> list[int]:
        return [row.id for row in self.batch.rows]

    @property
    def edits(self) -> bool:
        """Whether it changes a message that stands, instead of sending a new one."""
        return self.verb in {Verb.JOIN, Verb.EDIT}

    @property
    def to_server(self) -> bool:
        """Whether it may reach the server anywhere: its channel is a server's id, negative."""
        return self.channel_id < 0

    @property
    def own_post(self) -> Post:
        """The post of an opening or an edit. Raises LookupError: this message has none."""
        if self.post is None:
            raise LookupError(f"a message without a post: {self.batch}")
        return self.post

    def of(self, kind: Work) -> list[Notification]:
        return [row for row in self.batch.rows if row.kind is kind]


# What reading a damaged row raises, or one whose words a newer version wrote.
_UNREADABLE = (ValueError, TypeError, LookupError)


def claim(
    conn: Connection,
    channel_id: int,
    now_ms: int,
    *,
    edits: bool,
    alone: Collection[int] = (),
) -> Flight | None:
    """Mark the next message of a channel as on its way and read what it has to say.

    None: nothing is due. ``edits``: whether Discord accepts edits in this channel now.
    ``alone``: openings that share no message, by their rows.
    """
    if blocked_channels.is_parked(conn, channel_id, now_ms):
        return None
    while True:
        rows = outbox.active(conn, channel_id)
        batch = _half_sent(conn, rows)
        doubt = batch is not None
        if batch is None:
            batch = planning.choose(_desk(conn, channel_id, rows, now_ms, edits=edits, alone=alone))
        if batch is None:
            return None
        flight = _taken(conn, batch, now_ms, doubt=doubt)
        if flight is not None:
            return flight


def new_nonce() -> str:
    """At most 25 characters. Random, so no message of any database ever has another's."""
    return secrets.token_urlsafe(15)


def _half_sent(conn: Connection, rows: list[Notification]) -> Batch | None:
    """What was under way; a step that this version does not know is planned anew."""
    try:
        return planning.half_sent(rows)
    except _UNREADABLE:
        ids = [row.id for row in rows if row.state == "sending"]
        outbox.release(conn, ids, "unknown step", keep_post=False)
        return None


def _taken(conn: Connection, batch: Batch, now_ms: int, *, doubt: bool) -> Flight | None:
    """Claim a message; None: it has become pointless, or cannot be read and is set aside."""
    conn.execute("SAVEPOINT taking")
    try:
        batch = _mark(conn, batch, now_ms)
        flight = read(conn, batch, now_ms, doubt=doubt)
    except _UNREADABLE as error:
        conn.execute("ROLLBACK TO taking")
        _set_aside(conn, batch, repr(error), now_ms)
        flight = None
    conn.execute("RELEASE taking")
    return flight


def _set_aside(conn: Connection, batch: Batch, error: str, now_ms: int) -> None:
    """Give up the rows whose incident cannot be read; all of them when each alone can.

    Openings that were to join a list that cannot be read get a post of their own.
    """
    bad = [row for row in batch.rows if not _is_readable(conn, row)]
    if batch.verb is Verb.JOIN and batch.post_id is not None and not bad:
        posts.gone(conn, batch.post_id, now_ms)
        return
    outbox.set_aside(conn, [row.id for row in bad or batch.rows], error)


def _is_readable(conn: Connection, row: Notification) -> bool:
    if row.incident_id is None:
        return True
    try:
        return bool(incidents.load(conn, [row.incident_id]))
    except _UNREADABLE:
        return False


def _desk(
    conn: Connection,
    channel_id: int,
    rows: list[Notification],
    now_ms: int,
    *,
    edits: bool,
    alone: Collection[int],
) -> planning.Desk:
    group = None
    opening = [row.incident_id for row in rows if row.kind is Work.OPEN]
    if opening:
        since_ms = now_ms - planning.JOIN_WITHIN_MS
        group = posts.newest_list(conn, channel_id, since_ms, planning.LIST_FROM)
    # Who was told there that a site is back hears of its relapse by a post: an edit is silent.
    if group is not None and posts.names_monitors_of(conn, group.id, opening):
        group = None
    return planning.Desk(rows, now_ms, group, edits, frozenset(alone))


def _mark(conn: Connection, batch: Batch, now_ms: int) -> Batch:
    """Write the claim down; the batch comes back with its leader and its post."""
    if not batch.leader:
        batch = _with_post(conn, batch, now_ms)
    nonce = next((row.nonce for row in batch.rows if row.nonce is not None), None) or new_nonce()
    outbox.finish(conn, [row.id for row in batch.moot], "superseded")
    ids = [row.id for row in batch.rows]
    outbox.claim(
        conn,
        ids,
        now_ms,
        batch=batch.leader,
        verb=batch.verb.name,
        post_id=batch.post_id,
        nonce=nonce,
    )
    return replace(batch, nonce=nonce)


def _with_post(conn: Connection, batch: Batch, now_ms: int) -> Batch:
    first = batch.rows[0]
    told = [row.incident_id for row in batch.rows if row.incident_id is not None]
    post_id = batch.post_id
    if batch.verb in {Verb.OPEN, Verb.LATE}:
        post_id = posts.create(conn, first.guild_id, first.channel_id, told, now_ms)
    elif batch.verb is Verb.JOIN and post_id is not None:
        posts.link(conn, post_id, told)
    return replace(batch, post_id=post_id, leader=first.id)


# Our clock may be wrong: messages noted so long before an attempt are looked at as well.
_NOTED_MS = HOUR_MS


def read(conn: Connection, batch: Batch, now_ms: int, *, doubt: bool) -> Flight | None:
    """What the message has to say; None when the truth made it pointless (its rows are ended)."""
    first = batch.rows[0]
    flight = Flight(
        batch=batch,
        guild_id=first.guild_id,
        channel_id=first.channel_id,
        read_ms=now_ms,
        doubt=doubt,
        attempts=max(row.attempts for row in batch.rows) + 1,
        due_ms=min(row.not_before_ms for row in batch.rows),
        first_try_ms=min(row.first_try_ms or now_ms for row in batch.rows),
        last_try_ms=first.last_try_ms or 0,
        nonce_known=any(row.nonce is not None for row in batch.rows),
    )
    told = _told(conn, flight)
    if told is None:
        return None
    if doubt and not told.edits:
        since_ms = min(flight.first_try_ms, now_ms) - _NOTED_MS
        noted = outbox.message_ids(conn, flight.guild_id, flight.channel_id, since_ms)
        told = replace(told, noted=noted)
    return replace(told, homes=blocked_channels.homes(conn, (one.id for one in told.incidents)))


def _told(conn: Connection, flight: Flight) -> Flight | None:
    batch = flight.batch
    match batch.verb:
        case Verb.OPEN | Verb.LATE | Verb.JOIN | Verb.EDIT:
            return _of_post(conn, flight)
        case Verb.NOTICE:
            return _of_notice(conn, flight)
        case _:
            return _of_incidents(conn, flight)


def _of_post(conn: Connection, flight: Flight) -> Flight | None:
    post = None if flight.batch.post_id is None else posts.get(conn, flight.batch.post_id)
    if post is None or (flight.edits and (post.gone or post.message_id is None)):
        _astray(conn, flight)
        return None
    if flight.edits:
        outbox.drop_edits(conn, post.id)  # this one tells the newest truth
    told = tuple(incident_rows.of_post(conn, post.id))
    return replace(
        flight,
        post=post,
        incidents=told,
        listeners=_listeners(conn, told) if flight.verb is Verb.LATE else (),
        since_ms=None if flight.edits else _late_since(conn, flight, told),
    )


def _astray(conn: Connection, flight: Flight) -> None:
    """The post is no more: nothing to edit, and everything else of the batch starts anew."""
    outbox.drop(conn, [row.id for row in flight.of(Work.EDIT)])
    outbox.release(conn, flight.ids, "the post is gone", keep_post=False)


def _of_notice(conn: Connection, flight: Flight) -> Flight | None:
    """A notice that a channel is lost also says what people there are missing."""
    row = flight.batch.rows[0]
    notice = Notice.parse(row.payload or "{}").at(flight.read_ms - row.created_ms)
    if notice is None:
        outbox.finish(conn, flight.ids, "superseded")
        return None
    told = incident_rows.open_in_channel(conn, notice.channel_id)
    return replace(flight, notice=notice, incidents=tuple(told))


def _of_incidents(conn: Connection, flight: Flight) -> Flight | None:
    told = _wanted(conn, flight)
    if not told:
        outbox.finish(conn, flight.ids, "superseded")
        return None
    over = flight.verb in {Verb.CLOSE, Verb.DIGEST}
    is_digest = flight.verb is Verb.DIGEST
    return replace(
        flight,
        incidents=tuple(told),
        reply_to=None if is_digest else _original(conn, flight.channel_id, told),
        listeners=_listeners(conn, told) if over else (),
        since_ms=_silent_since(conn, flight) if is_digest else None,
    )


def _wanted(conn: Connection, flight: Flight) -> list[Incident]:
    """What the message is about, without what became pointless while it waited."""
    first = flight.batch.rows[0]
    # Each once: in a long silence several reminders of one incident may have come together.
    rows = flight.batch.rows
    ids = dict.fromkeys(row.incident_id for row in rows if row.incident_id is not None)
    told = incident_rows.load(conn, json.loads(first.payload or "[]") or ids)
    match flight.verb:
        case Verb.CLOSE | Verb.DIGEST:
            return told
        case Verb.REMIND:
            wanted = incidents.still_wanted(conn, ids, flight.read_ms)
            return [incident for incident in told if incident.id in wanted]
        case _:
            return [incident for incident in told if incident.open]


def _silent_since(conn: Connection, flight: Flight) -> int:
    """When the oldest of what a digest sums up should have been told."""
    closes = [row for row in flight.batch.rows if row.incident_id is not None]
    opens = (outbox.of_incident(conn, row.incident_id or 0, Work.OPEN) for row in closes)
    waiting = [row for row in opens if row is not None and row.state == "pending"]
    return min(row.created_ms for row in (*closes, *waiting))


def _original(conn: Connection, channel_id: int, told: Iterable[Incident]) -> int | None:
    """The channel's message that tells of most of these incidents, the newest of equals."""
    standing: Counter[tuple[int, int]] = Counter(
        (post.id, post.message_id)
        for incident in told
        for post in posts.of_incident(conn, incident.id)
        if post.message_id is not None and not post.gone and post.channel_id == channel_id
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
        return since_ms if flight.read_ms - since_ms >= planning.STALE_MS else None
    rows = (outbox.of_incident(conn, incident.id, Work.OPEN) for incident in told)
    due = [row.created_ms for row in rows if row and row.not_before_ms <= flight.read_ms]
    return min(due, default=None)
