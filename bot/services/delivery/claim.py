"""Claims the next message of a channel: marks its rows as on their way and loads its content.

Runs inside one write transaction; what the message says is read in the same one, so a later change
of the truth always finds the message's post and queues an edit of it.
"""

import json
import secrets
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from bot.clock import DAY_MS, HOUR_MS
from bot.db import blocked_channels, followed_pages, guilds, incidents, outbox, posts
from bot.db.database import Connection
from bot.db.outbox import Notification, Work
from bot.db.posts import Post
from bot.models import GuildSettings, Incident
from bot.services.delivery import enqueue, planning
from bot.services.delivery.messages import MENTIONS, EarlierAttempts, Notice, OutgoingMessage
from bot.services.delivery.planning import Batch, ChannelQueue, MessageKind

# Sites of a list that are read at once, and rows of each kind that are looked at: more would hold
# the store for everybody else.
SLICE, MOST = 250, 1_000
# What reading a damaged row raises, or one whose words a newer version wrote.
_UNREADABLE = (ValueError, TypeError, LookupError)


def claim(
    conn: Connection,
    channel_id: int,
    now_ms: int,
    *,
    edits: bool,
    rests: bool = False,
    alone: Collection[int] = (),
) -> OutgoingMessage | None:
    """Mark the next message of a channel as on its way and read what it has to say.

    None: nothing is due. ``edits``: Discord accepts edits in this channel now. ``rests``: its list
    is so long that it is not edited now. ``alone``: openings that share no message, by their rows.
    """
    if blocked_channels.is_blocked(conn, channel_id, now_ms):
        return None
    while True:
        rows = _rows(conn, channel_id)
        half_sent = _half_sent(conn, rows)
        batch = half_sent or planning.choose(
            ChannelQueue(
                rows, now_ms, _open_list(conn, rows, now_ms), edits, frozenset(alone), rests
            )
        )
        if batch is None:
            return None
        message = _claim_batch(conn, batch, now_ms, half_sent=half_sent is not None)
        if message is not None:
            return message


def _rows(conn: Connection, channel_id: int) -> list[Notification]:
    """Of more openings than one message takes, those that come later hold back what ends them."""
    rows = outbox.active(conn, channel_id, MOST)
    shown = {row.incident_id for row in rows if row.kind is Work.OPEN}
    if len(shown) < MOST:
        return rows
    return [
        row
        for row in rows
        if row.kind not in {Work.CLOSE, Work.ESCALATE}
        or row.incident_id in shown
        or not _is_unsent(conn, row.incident_id)
    ]


def _is_unsent(conn: Connection, incident_id: int | None) -> bool:
    opening = None if incident_id is None else outbox.of_incident(conn, incident_id, Work.OPEN)
    return opening is not None and opening.state == "pending"


def new_nonce() -> str:
    """At most 25 characters. Random, so no message of any database ever has another's."""
    return secrets.token_urlsafe(15)


def _half_sent(conn: Connection, rows: list[Notification]) -> Batch | None:
    """The message that was under way; one that this version does not know is planned anew."""
    try:
        return planning.half_sent(rows)
    except _UNREADABLE:
        ids = [row.id for row in rows if row.state == "sending"]
        outbox.release(conn, ids, "unknown step", keep_post=False)
        return None


def _open_list(conn: Connection, rows: list[Notification], now_ms: int) -> Post | None:
    opening = [row for row in rows if row.kind is Work.OPEN]
    if not opening:
        return None
    since_ms = now_ms - planning.JOIN_WITHIN_MS
    group = posts.newest_list(conn, opening[0].channel_id, since_ms, planning.LIST_FROM)
    # After an all-clear in that list a relapse needs a post: an edit is silent.
    ids = [row.incident_id for row in opening]
    return None if group is None or posts.names_monitors_of(conn, group.id, ids) else group


def _claim_batch(
    conn: Connection, batch: Batch, now_ms: int, *, half_sent: bool
) -> OutgoingMessage | None:
    """Claim a message; None: it has become pointless, or cannot be read and is set aside."""
    conn.execute("SAVEPOINT taking")
    try:
        message = _read(conn, _mark_claimed(conn, batch, now_ms, half_sent=half_sent))
    except _UNREADABLE as error:
        conn.execute("ROLLBACK TO taking")
        _set_aside(conn, batch, repr(error), now_ms)
        message = None
    conn.execute("RELEASE taking")
    return message


def _set_aside(conn: Connection, batch: Batch, error: str, now_ms: int) -> None:
    """Give up the rows whose incident cannot be read; all of them when each alone can.

    Openings that were to join a list that cannot be read get a post of their own.
    """
    bad = [row for row in batch.rows if not _is_readable(conn, row)]
    if batch.kind is MessageKind.JOIN and batch.post_id is not None and not bad:
        posts.gone(conn, batch.post_id, now_ms)
        return
    outbox.set_aside(conn, [row.id for row in bad or batch.rows], error)


def _is_readable(conn: Connection, row: Notification) -> bool:
    try:
        return row.incident_id is None or bool(incidents.load(conn, [row.incident_id]))
    except _UNREADABLE:
        return False


def _mark_claimed(
    conn: Connection, batch: Batch, now_ms: int, *, half_sent: bool
) -> OutgoingMessage:
    """Write the claim down; the message comes back with its leading row, post and nonce."""
    rows = batch.rows
    if not half_sent:
        batch = _with_post(conn, batch, now_ms)
    known = next((row.nonce for row in rows if row.nonce is not None), None)
    message = OutgoingMessage(
        batch,
        known or new_nonce(),
        now_ms,
        EarlierAttempts(
            min(row.first_try_ms or now_ms for row in rows),
            rows[0].last_try_ms or 0,
            nonce_known=known is not None,
        )
        if half_sent
        else None,
    )
    outbox.finish(conn, [row.id for row in batch.superseded], "superseded")
    outbox.claim(
        conn,
        message.ids,
        now_ms,
        lead_id=message.lead.id,
        message_kind=batch.kind.name,
        post_id=batch.post_id,
        nonce=message.nonce,
    )
    return message


def _with_post(conn: Connection, batch: Batch, now_ms: int) -> Batch:
    first = batch.rows[0]
    ids = [row.incident_id for row in batch.rows if row.incident_id is not None]
    post_id = batch.post_id
    if batch.kind in {MessageKind.OPEN, MessageKind.LATE, MessageKind.PAGE_REPORT}:
        post_id = posts.create(conn, first.guild_id, first.channel_id, ids, now_ms)
    elif batch.kind is MessageKind.JOIN and post_id is not None:
        posts.link(conn, post_id, ids)
    if batch.kind is MessageKind.PAGE_REPORT and post_id is not None:
        followed_pages.link_post(conn, int(first.payload or 0), post_id)
    return replace(batch, post_id=post_id)


# Our clock may be wrong: messages sent so long before an attempt are looked at as well.
_CLOCK_ERROR_MS = HOUR_MS


def _read(conn: Connection, message: OutgoingMessage) -> OutgoingMessage | None:
    """Load the content of a message; None: it has become pointless (its rows are ended)."""
    match message.kind:
        case MessageKind.OPEN | MessageKind.LATE | MessageKind.JOIN | MessageKind.EDIT:
            loaded = _load_post(conn, message)
        case MessageKind.PAGE_REPORT:
            loaded = _load_report(conn, message)
        case MessageKind.NOTICE:
            loaded = _load_notice(conn, message)
        case _:
            loaded = _load_incidents(conn, message)
    if loaded is None:
        return None
    if message.earlier is not None and not loaded.edits:
        since_ms = min(message.earlier.first_ms, message.read_ms) - _CLOCK_ERROR_MS
        known_ids = outbox.message_ids(conn, message.guild_id, message.channel_id, since_ms)
        loaded = replace(loaded, known_ids=known_ids)
    return _with_homes(conn, replace(loaded, incidents=()), loaded.incidents)


def _load_post(conn: Connection, message: OutgoingMessage) -> OutgoingMessage | None:
    post = None if message.batch.post_id is None else posts.get(conn, message.batch.post_id)
    if post is None or (message.edits and (post.gone or post.message_id is None)):
        # Nothing is there to edit, and everything else of the batch starts anew.
        outbox.drop(conn, [row.id for row in message.of(Work.EDIT)])
        outbox.release(conn, message.ids, "the post is gone", keep_post=False)
        return None
    if message.edits:
        outbox.drop_edits(conn, post.id)  # this one shows the newest truth
        posts.edited(conn, post.id, message.read_ms)
    is_late = message.kind is MessageKind.LATE
    found = incidents.of_post(conn, post.id, limit=SLICE)
    return replace(
        message,
        post=post,
        listed=posts.count_incidents(conn, post.id),
        incidents=tuple(found),
        report=None if found else followed_pages.report_of_post(conn, post.id),
        observed=followed_pages.observed(conn, post.guild_id, (one.id for one in found)),
        subscribers=_subscribers(conn, message) if is_late else (),
        since_ms=_late_since(conn, message),
    )


def _load_report(conn: Connection, message: OutgoingMessage) -> OutgoingMessage | None:
    """What came and went while it waited is news to nobody."""
    loaded = _load_post(conn, message)
    if loaded is None:
        return None
    report = loaded.report
    if (report is None or not report.open) and message.earlier is None:
        outbox.release(conn, message.ids, "over", keep_post=False)
        posts.forget(conn, loaded.own_post.id)
        outbox.finish(conn, message.ids, "superseded")
        return None
    return loaded


def with_more_listed(conn: Connection, message: OutgoingMessage) -> OutgoingMessage:
    """The message with more sites of its list; it comes back as it was when that is all.

    Whatever changed since the claim has queued an edit of this list.
    """
    post, shown = message.own_post, message.incidents
    more = incidents.of_post(conn, post.id, shown[-1].id if shown else 0, SLICE)
    return message if not more else _with_homes(conn, message, more)


def _with_homes(
    conn: Connection, message: OutgoingMessage, more: Sequence[Incident]
) -> OutgoingMessage:
    moved = (one.id for one in more if one.channel_id != message.channel_id)
    homes = {**message.home_channels, **blocked_channels.home_channels(conn, moved)}
    return replace(message, incidents=(*message.incidents, *more), home_channels=homes)


def _load_notice(conn: Connection, message: OutgoingMessage) -> OutgoingMessage | None:
    """A notice that a channel is lost also says what people there are missing."""
    notice = Notice.parse(message.lead.payload or "{}")
    notice_now = notice.at(message.read_ms - message.lead.created_ms)
    if notice_now is None:
        outbox.finish(conn, message.ids, "superseded")
        return None
    loaded = incidents.open_in_channel(conn, notice.channel_id)
    return replace(message, notice=notice_now, incidents=tuple(loaded))


def _load_incidents(conn: Connection, message: OutgoingMessage) -> OutgoingMessage | None:
    loaded = _still_wanted(conn, message)
    if not loaded:
        outbox.finish(conn, message.ids, "superseded")
        return None
    is_awaited = message.kind in {MessageKind.ANSWERS, MessageKind.CLOSE, MessageKind.DIGEST}
    is_reply = message.kind is not MessageKind.DIGEST
    return replace(
        message,
        incidents=tuple(loaded),
        reply_to=posts.to_reply_to(conn, message.channel_id, (one.id for one in loaded))
        if is_reply
        else None,
        subscribers=_subscribers(conn, message) if is_awaited else (),
        **_called(conn, message),
        fell_again=_fell_again(conn, message, loaded),
        since_ms=_late_since(conn, message),
    )


def _still_wanted(conn: Connection, message: OutgoingMessage) -> list[Incident]:
    """Incidents of the message, without those it is pointless for by now."""
    ids = message.about
    loaded = incidents.load(conn, json.loads(message.lead.payload or "[]") or ids)
    match message.kind:
        case MessageKind.CLOSE | MessageKind.DIGEST:
            return loaded
        case MessageKind.REMIND | MessageKind.CALL:
            wanted = incidents.still_wanted(conn, ids, message.read_ms)
            return [one for one in loaded if one.id in wanted and not one.recovering]
        case MessageKind.ANSWERS:
            return [incident for incident in loaded if incident.recovering]
        case _:
            return [incident for incident in loaded if incident.open]


def _subscribers(conn: Connection, message: OutgoingMessage) -> tuple[int, ...]:
    """Users who asked for it and were not notified yet, as many as one message mentions."""
    followed = incidents.followed(conn, message.about, "tell_me")
    asked = dict.fromkeys(user for one in followed for user in enqueue.not_notified(conn, one))
    return tuple(asked)[:MENTIONS]


def _called(conn: Connection, message: OutgoingMessage) -> dict[str, Any]:
    """Whom a call or a reminder is for, as the server has it now."""
    if message.kind not in {MessageKind.CALL, MessageKind.REMIND}:
        return {}
    settings = guilds.find(conn, message.guild_id) or GuildSettings(message.guild_id)
    if message.kind is MessageKind.REMIND:
        return {"pings": settings.reminder_ping}
    return {"role_id": settings.escalate_role_id}


def _fell_again(conn: Connection, message: OutgoingMessage, loaded: Sequence[Incident]) -> int:
    """How often the one site that answers again has failed again within a day."""
    if message.kind is not MessageKind.ANSWERS or len(loaded) != 1:
        return 0
    one, since_ms = loaded[0], message.read_ms - DAY_MS
    return incidents.fell_again(conn, one.guild_id, one.monitor_id, since_ms)


def _late_since(conn: Connection, message: OutgoingMessage) -> int | None:
    """When a late message should have been sent; an opening that only waited is not late."""
    created = [row.created_ms for row in message.batch.rows]
    match message.kind:
        case MessageKind.OPEN:
            return min(created) if message.read_ms - min(created) >= planning.STALE_MS else None
        case MessageKind.LATE | MessageKind.DIGEST:
            rows = (outbox.of_incident(conn, one, Work.OPEN) for one in message.about)
            due = [row for row in rows if row and row.not_before_ms <= message.read_ms]
            unsent = [row.created_ms for row in due if row.state == "pending"]
            closes = created if message.kind is MessageKind.DIGEST else []
            return min([*unsent, *closes], default=None)
        case _:
            return None
