"""Taking the next message of a channel: its rows are marked as on their way before it is sent.

Runs inside one write transaction; what the message says is read in the same one, so a later change
of the truth always finds the message's post and queues an edit of it.
"""

import secrets
from collections.abc import Collection
from dataclasses import replace

from bot.db import blocked_channels, incidents, outbox, posts
from bot.db.database import Connection
from bot.db.outbox import Notification, Work
from bot.services.delivery import planning
from bot.services.delivery.flight import Flight
from bot.services.delivery.planning import Batch, Verb
from bot.services.delivery.reading import read

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
