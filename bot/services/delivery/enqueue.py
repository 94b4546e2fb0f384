"""What the recorder puts into the outbox, inside its own transaction.

A state change and its notification are committed together or not at all (the outbox pattern of
healthchecks' Flip). Nothing here decides what is said: words are found when a message is sent.
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
# Edits of a list of more sites than this are so far apart for each of them, at most so far.
LISTED_FROM, LISTED_APART_MS, LISTED_CAP_MS = 20, 5, 10_000


def opening(conn: Connection, incident: Incident, now_ms: int, *, wait_s: float) -> None:
    """Tell of a new incident after ``wait_s`` seconds (0, or some to wait for company).

    What waits has company, so its message is a list that latecomers join by edit, however few
    were ready at first.

    It is told once, in its channel, or in the server's second one while that refuses us.
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
        payload=outbox.COMPANY if wait_s else None,
        now_ms=now_ms,
        not_before_ms=now_ms + round(wait_s * 1000),
    )


def escalation(conn: Connection, incident: Incident, now_ms: int) -> None:
    """Tell that an incident is now down for good. Once, and only of one that is being told."""
    told = _opening(conn, incident.id)
    if told is None:
        return
    _beside(conn, told, Work.ESCALATE, now_ms)
    edits(conn, incident.id, now_ms, urgent=True)


def edits(conn: Connection, incident_id: int, now_ms: int, *, urgent: bool) -> None:
    """Have every message of an incident say the newest truth.

    ``urgent`` (a word changes) at once, a long list's within seconds, else 30 s or more after the
    message's last edit.
    An incident that has no message yet needs no edit: its opening will tell the newest truth.
    """
    for post in posts.of_incident(conn, incident_id):
        edit(conn, post, now_ms, urgent=urgent)


def edit(conn: Connection, post: Post, now_ms: int, *, urgent: bool) -> None:
    """Queue the edit of one message that stands, or renew the edit that waits."""
    if post.gone:
        return
    waiting = outbox.waiting(conn, post.id, Work.EDIT)
    if waiting is not None and waiting.urgent:
        return  # it will tell the newest truth
    apart_ms = _urgent_apart_ms(conn, post) if urgent else NUMBERS_APART_MS
    last_ms = min(now_ms, post.edited_ms or post.created_ms)
    not_before_ms = max(now_ms, last_ms + apart_ms)
    if waiting is not None:
        outbox.queue_edit(
            conn, waiting.id, urgent=urgent, now_ms=now_ms, not_before_ms=not_before_ms
        )
        return
    outbox.add(
        conn,
        guild_id=post.guild_id,
        channel_id=post.channel_id,
        kind=Work.EDIT,
        post_id=post.id,
        payload="urgent" if urgent else None,
        now_ms=now_ms,
        not_before_ms=not_before_ms,
    )


def _urgent_apart_ms(conn: Connection, post: Post) -> int:
    """A long list that changes site by site is edited as often as that costs little."""
    if post.edited_ms is None:
        return 0
    listed = posts.count_incidents(conn, post.id)
    return min(listed * LISTED_APART_MS, LISTED_CAP_MS) if listed > LISTED_FROM else 0


def all_clears(
    conn: Connection, incidents: Sequence[Incident], now_ms: int, *, announce: bool
) -> None:
    """Tell that incidents are over; those closed in one call share one reply.

    ``announce=False`` (the monitor was removed or paused): its messages are edited, nothing is
    posted, and an opening that was not sent yet never will be.
    """
    touched: dict[int, Post] = {}
    for incident in incidents:
        told = _opening(conn, incident.id)
        if told is None:
            continue
        if announce:
            _beside(conn, told, Work.CLOSE, now_ms)
        elif told.state == "pending":
            outbox.finish(conn, [told.id], "superseded")
        touched |= {post.id: post for post in posts.of_incident(conn, incident.id)}
    for post in touched.values():
        edit(conn, post, now_ms, urgent=True)


def notice(conn: Connection, guild_id: int, channel_id: int, payload: Notice, now_ms: int) -> None:
    """Post something that belongs to no incident."""
    outbox.add(
        conn,
        guild_id=guild_id,
        channel_id=channel_id,
        kind=Work.NOTICE,
        payload=payload.dump(),
        now_ms=now_ms,
    )


def offline_notice(since_ms: int, until_ms: int) -> Notice:
    """The note that Vigie itself was offline."""
    return Notice("blind", seconds=(until_ms - since_ms) / 1000)


def reminder(conn: Connection, incident_id: int, now_ms: int) -> None:
    """Say once more that an incident goes on; pointless reminders are dropped when sent."""
    told = _opening(conn, incident_id)
    if told is not None:
        _beside(conn, told, Work.REMINDER, now_ms)


def _opening(conn: Connection, incident_id: int) -> Notification | None:
    """Where and whether it is told. Under maintenance or mute there is nothing to take back."""
    row = outbox.of_incident(conn, incident_id, Work.OPEN)
    return None if row is None or row.state == "superseded" else row


def _beside(conn: Connection, opening: Notification, kind: Work, now_ms: int) -> None:
    """Queue something in the channel in which the incident was, or is to be, opened."""
    outbox.add(
        conn,
        guild_id=opening.guild_id,
        channel_id=opening.channel_id,
        kind=kind,
        incident_id=opening.incident_id,
        now_ms=now_ms,
    )
