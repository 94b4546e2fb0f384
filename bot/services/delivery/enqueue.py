"""Adds rows to the outbox, inside the recorder's own transaction.

A state change and its notification are committed together or not at all (the outbox pattern of
healthchecks' Flip). Nothing here decides on words: they are found when a message is sent.
"""

from collections.abc import Sequence
from dataclasses import replace

from bot.db import blocked_channels, guilds, outbox, posts
from bot.db import incidents as incidents_table
from bot.db.database import Connection
from bot.db.followed_pages import PageReport
from bot.db.outbox import Notification, Work
from bot.db.posts import Post
from bot.models import Incident
from bot.services.delivery.messages import Notice

SHARED_WAIT_S = 60  # so long sites of one post wait for each other to say that they answer
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
    conn: Connection,
    incidents: Sequence[Incident],
    now_ms: int,
    *,
    announce: bool,
    together_ms: int | None = None,
) -> None:
    """Queue that incidents are over; those closed in one call share one reply.

    ``announce=False`` (the monitor was removed or paused): its messages are edited, nothing is
    posted, and an opening that was not sent yet never will be. ``together_ms``: when the reply is
    due that several calls share.
    """
    touched: dict[int, Post] = {}
    for incident in incidents:
        opened = _opening_row(conn, incident.id)
        if opened is None:
            continue
        drop_answers(conn, incident.id)
        if announce and not _all_know(conn, incident):
            _add_beside(conn, opened, Work.CLOSE, now_ms, together_ms)
        if not announce and opened.state == "pending":
            outbox.finish(conn, [opened.id], "superseded")
        touched |= {post.id: post for post in posts.of_incident(conn, incident.id)}
    for post in touched.values():
        edit(conn, post, now_ms, urgent=True)


def is_awaited(conn: Connection, incident_id: int) -> bool:
    """Somebody asked to be notified when it is back, and nobody was yet."""
    if not incidents_table.followers(conn, incident_id, "tell_me"):
        return False
    return outbox.of_incident(conn, incident_id, Work.ANSWERS) is None


def answers_again(conn: Connection, incident: Incident, now_ms: int) -> None:
    """Queue "answers again": once, for those who asked; sites of one post wait for each other."""
    opened = _opening_row(conn, incident.id)
    if opened is None:
        return
    shared = len(incidents_table.sharing_post(conn, incident.id)) > 1
    wait_s = min(incident.interval_s, SHARED_WAIT_S) if shared else 0
    _add_beside(conn, opened, Work.ANSWERS, now_ms, not_before_ms=now_ms + wait_s * 1000)


def drop_answers(conn: Connection, incident_id: int) -> None:
    """It failed again, or its all-clear comes: what waits to say that it answers is forgotten."""
    row = outbox.of_incident(conn, incident_id, Work.ANSWERS)
    if row is not None and row.state == "pending":
        outbox.drop(conn, [row.id])


def _notified_ms(conn: Connection, incident: Incident) -> int:
    """When people were notified that it answers, and it has done so since then; else 0."""
    row = outbox.of_incident(conn, incident.id, Work.ANSWERS)
    if row is None or row.state != "sent":
        return 0
    at_ms = row.last_try_ms or row.created_ms
    works_since_ms = incident.ended_ms or incident.answering_since_ms
    return at_ms if works_since_ms is not None and at_ms >= works_since_ms else 0


def _all_know(conn: Connection, incident: Incident) -> bool:
    """The one reply was sent already, and nobody has asked since: the all-clear is an edit."""
    at_ms = _notified_ms(conn, incident)
    return at_ms > 0 and not incidents_table.followers(conn, incident.id, "tell_me", at_ms)


def not_notified(conn: Connection, incident_id: int) -> list[int]:
    """The users who asked to be notified of an incident, but for those who were."""
    asked = incidents_table.followers(conn, incident_id, "tell_me")
    if not asked:
        return []
    (incident,) = incidents_table.load(conn, [incident_id])
    at_ms = _notified_ms(conn, incident)
    return incidents_table.followers(conn, incident_id, "tell_me", at_ms) if at_ms else asked


def notice(conn: Connection, guild_id: int, channel_id: int, payload: Notice, now_ms: int) -> None:
    outbox.add(
        conn,
        guild_id=guild_id,
        channel_id=channel_id,
        kind=Work.NOTICE,
        payload=payload.dump(),
        now_ms=now_ms,
    )


def certificate_renewed(
    conn: Connection, guild_id: int, monitor_id: int, ends_ms: int, now_ms: int
) -> None:
    """Have the warnings of a certificate say that it was renewed; those not sent yet never are."""
    for row_id, channel_id, message_id, payload in outbox.certificate_warnings(
        conn, guild_id, monitor_id
    ):
        if message_id is None:
            outbox.finish(conn, [row_id], "superseded")
            continue
        warned = Notice.parse(payload)
        if not warned.renewed_ms:
            renewed = replace(warned, renewed_ms=ends_ms, message_id=message_id, role_id=None)
            notice(conn, guild_id, channel_id, renewed, now_ms)


def page_report(conn: Connection, found: PageReport, channel_id: int, now_ms: int) -> None:
    """Queue the message about something new that a followed page reports."""
    outbox.add(
        conn,
        guild_id=found.guild_id,
        channel_id=blocked_channels.current_channel(conn, found.guild_id, channel_id, now_ms),
        kind=Work.PAGE_REPORT,
        payload=str(found.id),
        now_ms=now_ms,
    )


def page_report_changed(conn: Connection, found: PageReport, now_ms: int, *, urgent: bool) -> None:
    """Queue the edit of its message; one that waits still shows the newest truth anyway."""
    post = None if found.post_id is None else posts.get(conn, found.post_id)
    if post is not None:
        edit(conn, post, now_ms, urgent=urgent)


def offline_notice(since_ms: int, until_ms: int) -> Notice:
    return Notice("blind", seconds=(until_ms - since_ms) / 1000, until_ms=until_ms)


def reminder(conn: Connection, incident_id: int, now_ms: int) -> None:
    """Queue "still down"; pointless reminders are dropped when they are due."""
    opened = _opening_row(conn, incident_id)
    if opened is not None:
        _add_beside(conn, opened, Work.REMINDER, now_ms)


def call(conn: Connection, incident_id: int, now_ms: int) -> None:
    """Queue that nobody has acknowledged it: once, where the server wants it."""
    opened = _opening_row(conn, incident_id)
    settings = None if opened is None else guilds.find(conn, opened.guild_id)
    if opened is None or settings is None:
        return
    outbox.add(
        conn,
        guild_id=opened.guild_id,
        channel_id=settings.escalate_channel_id or opened.channel_id,
        kind=Work.CALL,
        incident_id=incident_id,
        now_ms=now_ms,
    )


def _opening_row(conn: Connection, incident_id: int) -> Notification | None:
    """The opening of an incident, None when there is none: while silenced it gets none."""
    row = outbox.of_incident(conn, incident_id, Work.OPEN)
    return None if row is None or row.state == "superseded" else row


def _add_beside(
    conn: Connection,
    opening: Notification,
    kind: Work,
    now_ms: int,
    not_before_ms: int | None = None,
) -> None:
    """Queue something in the channel in which the incident was, or is to be, opened."""
    outbox.add(
        conn,
        guild_id=opening.guild_id,
        channel_id=opening.channel_id,
        kind=kind,
        incident_id=opening.incident_id,
        now_ms=now_ms,
        not_before_ms=not_before_ms,
    )
