"""Database updates after an attempt to send, one function per outcome, each in a transaction."""

import json

from bot.db import blocked_channels, outbox, posts
from bot.db.database import Connection
from bot.db.outbox import Work
from bot.errors import DeliveryAction, DeliveryError
from bot.models import Incident
from bot.services.delivery import enqueue
from bot.services.delivery.attempts import Outcome
from bot.services.delivery.messages import Alert, Notice, OutgoingMessage
from bot.services.delivery.planning import MessageKind
from bot.services.delivery.rendering import ROLES
from bot.services.delivery.throttle import BLOCKED_MS


def delivered(
    conn: Connection, message: OutgoingMessage, alert: Alert, message_id: int | None, now_ms: int
) -> None:
    """Discord took the message. ``message_id`` None: earlier, and a human has deleted it since."""
    blocked_channels.unblock(conn, message.channel_id)
    blocked_channels.mark_unreachable(conn, message.guild_id, None)
    _drop_openings(conn, message)
    if message.edits:
        outbox.drop(conn, [row.id for row in message.of(Work.EDIT)])
    outbox.finish(conn, message.ids, "sent", message_id=message_id)
    if message.post is None:
        return
    if message_id is None:
        _mark_gone(conn, message, now_ms)
        return
    if not message.edits:
        posts.posted(conn, message.post.id, message_id, alert.role_ids)
    if message.kind is not MessageKind.LATE:
        _queue_pings(conn, message, {*message.post.pinged, *alert.role_ids}, now_ms)
    if alert.plain and not message.edits:
        enqueue.edit(conn, message.post, now_ms, urgent=True)


def _drop_openings(conn: Connection, message: OutgoingMessage) -> None:
    """An outage that is posted with its end needs no opening any more."""
    if message.kind in {MessageKind.LATE, MessageKind.DIGEST}:
        rows = (outbox.of_incident(conn, one, Work.OPEN) for one in message.about)
        unsent = [row.id for row in rows if row is not None and row.state == "pending"]
        outbox.finish(conn, unsent, "superseded")


def _queue_pings(conn: Connection, message: OutgoingMessage, called: set[int], now_ms: int) -> None:
    """Roles that a post has not called get further messages: an edit pings nobody."""
    post = message.own_post
    late = [one for one in message.incidents if one.open and one.role_id not in {None, *called}]
    if not late:
        return
    posts.ping(conn, post.id, {one.role_id for one in late if one.role_id is not None})
    waiting = outbox.waiting(conn, post.id, Work.PING)
    before = [] if waiting is None else json.loads(waiting.payload or "[]")
    if waiting is not None and len(before) + len(late) <= ROLES:
        outbox.rewrite(conn, waiting.id, json.dumps([*before, *(one.id for one in late)]))
        return
    for ids in _by_roles(late):
        outbox.add(
            conn,
            guild_id=message.guild_id,
            channel_id=message.channel_id,
            kind=Work.PING,
            post_id=post.id,
            payload=json.dumps(ids),
            now_ms=now_ms,
        )


def _by_roles(late: list[Incident]) -> list[list[int]]:
    """Incidents' ids, those with the same role together, as many roles as one message calls."""
    of_role: dict[int | None, list[int]] = {}
    for one in late:
        of_role.setdefault(one.role_id, []).append(one.id)
    groups = list(of_role.values())
    parts = (groups[at : at + ROLES] for at in range(0, len(groups), ROLES))
    return [[number for group in part for number in group] for part in parts]


def note(
    conn: Connection,
    message: OutgoingMessage,
    outcome: Outcome,
    error: DeliveryError,
    *,
    now_ms: int,
    until_ms: int = 0,
) -> None:
    """Discord did not take it. What it may have taken keeps its nonce."""
    text, is_first = str(error), message.earlier is None
    match outcome:
        case Outcome.BROKEN:
            return
        case Outcome.MESSAGE_DELETED:  # openings that were to join it need a post of their own
            edit_rejected(conn, message, text)
            _mark_gone(conn, message, now_ms)
        case Outcome.GUILD_UNREACHABLE:  # nobody can be reached, and status says so
            outbox.failed(conn, message.ids, text)
            outbox.finish(conn, message.ids, "dead")
            blocked_channels.mark_unreachable(conn, message.guild_id, now_ms)
        case Outcome.NEVER_SENT:  # the thread sleeps
            asleep_ms = now_ms + BLOCKED_MS if message.edits_notice else 0
            requeue(conn, message, text, not_before_ms=asleep_ms)
        case Outcome.NOT_SENT | Outcome.CHANNEL_REFUSED if is_first:
            requeue(conn, message, text)
        case _ if message.kind is MessageKind.EDIT:  # it can wait in line
            requeue(conn, message, text)
        case _:
            outbox.failed(conn, message.ids, text)
    if outcome is Outcome.CHANNEL_REFUSED:
        place = message.guild_id, message.channel_id
        channel_lost(conn, *place, error.action, now_ms, until_ms=until_ms)


def requeue(
    conn: Connection, message: OutgoingMessage, error: str, *, not_before_ms: int = 0
) -> None:
    """Discord certainly has not taken it: the rows wait again and may be grouped anew."""
    if message.edits:
        _leave_list(conn, message, error)
    if message.post is not None:
        # Of two waiting edits the one that was under way stays: it shows the newest truth.
        outbox.drop_edits(conn, message.post.id)
    is_new = message.kind in {MessageKind.OPEN, MessageKind.LATE, MessageKind.PAGE_REPORT}
    outbox.release(conn, message.ids, error, keep_post=not is_new, not_before_ms=not_before_ms)
    if is_new:
        posts.forget(conn, message.own_post.id)
    elif message.kind is MessageKind.JOIN:
        enqueue.edit(conn, message.own_post, message.read_ms, urgent=True)


def _leave_list(conn: Connection, message: OutgoingMessage, error: str) -> None:
    opens = message.of(Work.OPEN)
    if not opens:
        return
    leaving = [row.incident_id for row in opens if row.incident_id is not None]
    posts.unlink(conn, message.own_post.id, leaving)
    outbox.release(conn, [row.id for row in opens], error, keep_post=False)


def channel_lost(
    conn: Connection,
    guild_id: int,
    channel_id: int,
    reason: DeliveryAction,
    now_ms: int,
    *,
    until_ms: int,
) -> None:
    """Block a channel, move its work, and notify the server, of each channel once a day."""
    blocked_channels.block(conn, guild_id, channel_id, now_ms, until_ms=until_ms, reason=reason)
    blocked_channels.move(
        conn, channel_id, blocked_channels.current_channel(conn, guild_id, channel_id, now_ms)
    )
    if blocked_channels.may_be_noticed(conn, guild_id, channel_id, now_ms):
        gone = reason is DeliveryAction.CHANNEL_GONE
        lost = Notice("lost", channel_id=channel_id, gone=gone)
        enqueue.notice(conn, guild_id, -guild_id, lost, now_ms)


def edit_rejected(conn: Connection, message: OutgoingMessage, error: str) -> None:
    """Discord takes no such edit: the next change retries, and openings get their own post."""
    _leave_list(conn, message, error)
    kind = Work.NOTICE if message.edits_notice else Work.EDIT
    outbox.drop(conn, [row.id for row in message.of(kind)])


def failed_permanently(conn: Connection, message: OutgoingMessage, error: str, now_ms: int) -> None:
    outbox.failed(conn, message.ids, error)
    _drop_openings(conn, message)
    outbox.finish(conn, message.ids, "dead")
    _mark_gone(conn, message, now_ms)


def _mark_gone(conn: Connection, message: OutgoingMessage, now_ms: int) -> None:
    if message.post is not None:
        posts.gone(conn, message.post.id, now_ms)
