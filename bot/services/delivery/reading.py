"""What a message has to say, read from the truth inside the transaction that claims it."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from bot.clock import HOUR_MS
from bot.db import blocked_channels, outbox, posts, reminders
from bot.db import incidents as incident_rows
from bot.db.database import Connection
from bot.db.outbox import Work
from bot.models import Incident
from bot.services.delivery import planning
from bot.services.delivery.flight import Flight
from bot.services.delivery.messages import MENTIONS, Notice
from bot.services.delivery.planning import Batch, Verb

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
            wanted = reminders.still_wanted(conn, ids, flight.read_ms)
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
