"""Taking the next message of a channel: its rows are marked as on their way before it is sent.

Runs inside one write transaction; what the message says is read in the same one, so a later change
of the truth always finds the message's post and queues an edit of it.
"""

from dataclasses import replace

from bot.db import notifications, parking, posts
from bot.db.database import Connection
from bot.db.notifications import Notification, Work
from bot.services.delivery import plan
from bot.services.delivery.flight import Flight
from bot.services.delivery.plan import Batch, Verb
from bot.services.delivery.reading import read


def claim(conn: Connection, channel_id: int, now_ms: int, *, edits: bool) -> Flight | None:
    """Mark the next message of a channel as on its way and read what it has to say.

    None: nothing is due. ``edits``: whether Discord accepts edits in this channel now.
    """
    if parking.is_parked(conn, channel_id, now_ms):
        return None
    while True:
        rows = notifications.active(conn, channel_id)
        batch = plan.half_sent(rows)
        doubt = batch is not None
        if batch is None:
            batch = plan.choose(_desk(conn, channel_id, rows, now_ms, edits=edits))
        if batch is None:
            return None
        batch = _mark(conn, batch, now_ms)
        flight = read(conn, batch, now_ms, doubt=doubt)
        if flight is not None:
            return flight


def _desk(
    conn: Connection, channel_id: int, rows: list[Notification], now_ms: int, *, edits: bool
) -> plan.Desk:
    group = None
    opening = [row.incident_id for row in rows if row.kind is Work.OPEN]
    if opening:
        since_ms = now_ms - plan.JOIN_WITHIN_MS
        group = posts.newest_list(conn, channel_id, since_ms, plan.LIST_FROM)
    # Who was told there that a site is back hears of its relapse by a post: an edit is silent.
    if group is not None and posts.names_monitors_of(conn, group.id, opening):
        group = None
    return plan.Desk(rows, now_ms, group, edits)


def _mark(conn: Connection, batch: Batch, now_ms: int) -> Batch:
    """Write the claim down; the batch comes back with its leader and its post."""
    if not batch.leader:
        batch = _with_post(conn, batch, now_ms)
    notifications.finish(conn, [row.id for row in batch.moot], "superseded")
    ids = [row.id for row in batch.rows]
    notifications.claim(
        conn, ids, now_ms, batch=batch.leader, verb=batch.verb.name, post_id=batch.post_id
    )
    return batch


def _with_post(conn: Connection, batch: Batch, now_ms: int) -> Batch:
    first = batch.rows[0]
    told = [row.incident_id for row in batch.rows if row.incident_id is not None]
    post_id = batch.post_id
    if batch.verb in {Verb.OPEN, Verb.LATE}:
        post_id = posts.create(conn, first.guild_id, first.channel_id, told, now_ms)
    elif batch.verb is Verb.JOIN and post_id is not None:
        posts.link(conn, post_id, told)
    return replace(batch, post_id=post_id, leader=first.id)
