"""Adds rows to the outbox, inside the recorder's own transaction.

A state change and its notification are committed together or not at all (the outbox pattern of
healthchecks' Flip). Nothing here decides on words: they are found when a message is sent.
"""

from collections.abc import Sequence

from bot.db import blocked_channels, outbox, posts
from bot.db.database import Connection
from bot.db.outbox import Notification, Work
from bot.db.posts import Post
from bot.models import Incident
from bot.services.delivery.messages import Notice

# Edits that change numbers alone keep this distance on one message.
NUMBERS_APART_MS = 30_000


def opening(conn: Connection, incident: Incident, now_ms: int, *, wait_s: float) -> None:
    """Queue the post of a new incident, due after ``wait_s`` seconds (to be grouped, if not 0).

    What waits is grouped: its message is a list that latecomers join by edit, however few were
    ready at first. Once, in its channel, or in the server's second one while that refuses us.
    """
    if incident.channel_id is None or outbox.of_incident(conn, incident.id, Work.OPEN):
        return
    outbox.add(
        conn,
        guild_id=incident.guild_id,
        channel_id=blocked_channels.current_channel(
            conn, incident.guild_id, incident.channel_id, now_ms
        ),
        kind=Work.OPEN,
        incident_id=incident.id,
        payload=outbox.GROUPED if wait_s else None,
        now_ms=now_ms,
        not_before_ms=now_ms + round(wait_s * 1000),
    )


def escalation(conn: Connection, incident: Incident, now_ms: int) -> None:
    """Queue "now down for good": once, and only of an incident that has an opening."""
    opened = _opening_row(conn, incident.id)
    if opened is None:
        return
    _add_beside(conn, opened, Work.ESCALATE, now_ms)
    edits(conn, incident.id, now_ms, urgent=True)


def edits(conn: Connection, incident_id: int, now_ms: int, *, urgent: bool) -> None:
    """Queue an edit of every message of an incident.

    ``urgent`` (a word changes) at once, else 30 s or more after the message's last edit.
    An incident that has no message yet needs no edit: its opening shows the newest truth.
    """
    for post in posts.of_incident(conn, incident_id):
        edit(conn, post, now_ms, urgent=urgent)


def edit(conn: Connection, post: Post, now_ms: int, *, urgent: bool) -> None:
    """Queue the edit of one message that stands, or renew the edit that waits."""
    if post.gone:
        return
    apart_ms = 0 if urgent else NUMBERS_APART_MS
    last_ms = min(now_ms, post.edited_ms or post.created_ms)
    outbox.queue_edit(
        conn,
        guild_id=post.guild_id,
        channel_id=post.channel_id,
        post_id=post.id,
        urgent=urgent,
        now_ms=now_ms,
        not_before_ms=max(now_ms, last_ms + apart_ms),
    )


def all_clears(
    conn: Connection, incidents: Sequence[Incident], now_ms: int, *, announce: bool
) -> None:
    """Queue that incidents are over; those closed in one call share one reply.

    ``announce=False`` (the monitor was removed or paused): its messages are edited, nothing is
    posted, and an opening that was not sent yet never will be.
    """
    touched: dict[int, Post] = {}
    for incident in incidents:
        opened = _opening_row(conn, incident.id)
        if opened is None:
            continue
        if announce:
            _add_beside(conn, opened, Work.CLOSE, now_ms)
        elif opened.state == "pending":
            outbox.finish(conn, [opened.id], "superseded")
        touched |= {post.id: post for post in posts.of_incident(conn, incident.id)}
    for post in touched.values():
        edit(conn, post, now_ms, urgent=True)


def notice(conn: Connection, guild_id: int, channel_id: int, payload: Notice, now_ms: int) -> None:
    outbox.add(
        conn,
        guild_id=guild_id,
        channel_id=channel_id,
        kind=Work.NOTICE,
        payload=payload.dump(),
        now_ms=now_ms,
    )


def offline_notice(since_ms: int, until_ms: int) -> Notice:
    return Notice("blind", seconds=(until_ms - since_ms) / 1000)


def reminder(conn: Connection, incident_id: int, now_ms: int) -> None:
    """Queue "still down"; pointless reminders are dropped when they are due."""
    opened = _opening_row(conn, incident_id)
    if opened is not None:
        _add_beside(conn, opened, Work.REMINDER, now_ms)


def _opening_row(conn: Connection, incident_id: int) -> Notification | None:
    """The opening of an incident, None when there is none: while silenced it gets none."""
    row = outbox.of_incident(conn, incident_id, Work.OPEN)
    return None if row is None or row.state == "superseded" else row


def _add_beside(conn: Connection, opening: Notification, kind: Work, now_ms: int) -> None:
    """Queue something in the channel in which the incident was, or is to be, opened."""
    outbox.add(
        conn,
        guild_id=opening.guild_id,
        channel_id=opening.channel_id,
        kind=kind,
        incident_id=opening.incident_id,
        now_ms=now_ms,
    )
