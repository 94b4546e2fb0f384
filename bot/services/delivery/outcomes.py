"""What becomes of a message's rows once Discord has answered. Each function is one transaction."""

import json
from functools import partial

from bot.db import blocked_channels, outbox, posts
from bot.db.database import Connection
from bot.db.outbox import Work
from bot.errors import DeliveryError, Remedy
from bot.models import Incident
from bot.services.delivery import enqueue
from bot.services.delivery.claim import Flight
from bot.services.delivery.messages import Alert, Notice
from bot.services.delivery.planning import Verb
from bot.services.delivery.rendering import ROLES


def accepted(
    conn: Connection, flight: Flight, alert: Alert, message_id: int | None, now_ms: int
) -> None:
    """Discord took the message. None: it had taken it before and a human deleted it since."""
    blocked_channels.unpark(conn, flight.channel_id)
    blocked_channels.set_unheard(conn, flight.guild_id, None)
    if flight.edits:
        _edited(conn, flight, now_ms)
        return
    _spare_openings(conn, flight)
    if flight.verb in {Verb.OPEN, Verb.LATE}:
        _stands(conn, flight, alert, message_id, now_ms)
    outbox.finish(conn, flight.ids, "sent", message_id=message_id)


def _stands(
    conn: Connection, flight: Flight, alert: Alert, message_id: int | None, now_ms: int
) -> None:
    """A post stands in the channel, or did."""
    post = flight.own_post
    if message_id is None:
        _deleted(conn, flight, now_ms)
        return
    posts.posted(conn, post.id, message_id, alert.role_ids)
    if flight.verb is Verb.OPEN:
        _call_roles(conn, flight, {*post.pinged, *alert.role_ids}, now_ms)
    if alert.plain:
        enqueue.want_edit(conn, post, now_ms, urgent=True)


def _spare_openings(conn: Connection, flight: Flight) -> None:
    """An outage that is told with its end needs no opening any more."""
    if flight.verb in {Verb.LATE, Verb.DIGEST}:
        rows = (outbox.of_incident(conn, one.id, Work.OPEN) for one in flight.incidents)
        unsent = [row.id for row in rows if row is not None and row.state == "pending"]
        outbox.finish(conn, unsent, "superseded")


def _edited(conn: Connection, flight: Flight, now_ms: int) -> None:
    post = flight.own_post
    posts.edited(conn, post.id, now_ms)
    joined = [row.id for row in flight.of(Work.OPEN)]
    outbox.finish(conn, joined, "sent", message_id=post.message_id)
    outbox.drop(conn, [row.id for row in flight.of(Work.EDIT)])
    _call_roles(conn, flight, set(post.pinged), now_ms)


def _call_roles(conn: Connection, flight: Flight, called: set[int], now_ms: int) -> None:
    """Roles that a post has not called get further ones: an edit pings nobody, and one message
    calls so many at most.
    """
    post = flight.own_post
    wanted = [one for one in flight.incidents if one.open and one.role_id is not None]
    late = [one for one in wanted if one.role_id not in called]
    if not late:
        return
    posts.ping(conn, post.id, {one.role_id for one in late if one.role_id is not None})
    waiting = outbox.waiting(conn, post.id, Work.PING)
    before = [] if waiting is None else json.loads(waiting.payload or "[]")
    if waiting is not None and len(before) + len(late) <= ROLES:
        outbox.rewrite(conn, waiting.id, json.dumps([*before, *(one.id for one in late)]))
        return
    for told in _by_roles(late):
        outbox.add(
            conn,
            guild_id=flight.guild_id,
            channel_id=flight.channel_id,
            kind=Work.PING,
            post_id=post.id,
            payload=json.dumps(told),
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


def doubtful(conn: Connection, flight: Flight, error: str) -> None:
    """Discord may have taken it. A new message keeps its nonce; a mere edit can wait in line."""
    if flight.verb is Verb.EDIT:
        released(conn, flight, error)
    else:
        outbox.failed(conn, flight.ids, error)


def not_taken(conn: Connection, flight: Flight, error: str) -> None:
    """The attempt left nothing behind; an earlier one may have, and then the nonce stays."""
    (doubtful if flight.doubt else released)(conn, flight, error)


def released(conn: Connection, flight: Flight, error: str, *, not_before_ms: int = 0) -> None:
    """Discord certainly has not taken it: the rows wait again and may be grouped anew."""
    release = partial(outbox.release, conn, flight.ids, error, not_before_ms=not_before_ms)
    match flight.verb:
        case Verb.OPEN | Verb.LATE:
            release(keep_post=False)
            outbox.drop_edits(conn, flight.own_post.id)
            posts.forget(conn, flight.own_post.id)
        case Verb.JOIN | Verb.EDIT:
            _part(conn, flight, error)
            # Of two waiting edits the one that was under way stays: its truth is found when sent.
            outbox.drop_edits(conn, flight.own_post.id)
    release(keep_post=True)
    if flight.verb is Verb.JOIN:
        enqueue.want_edit(conn, flight.own_post, flight.read_ms, urgent=True)


def _part(conn: Connection, flight: Flight, error: str) -> None:
    """Openings leave the list they were to join."""
    opens = flight.of(Work.OPEN)
    leaving = [row.incident_id for row in opens if row.incident_id is not None]
    posts.unlink(conn, flight.own_post.id, leaving)
    outbox.release(conn, [row.id for row in opens], error, keep_post=False)


def unheard(conn: Connection, flight: Flight, error: str, now_ms: int) -> None:
    """Nobody of the server can be told: the channel stays broken, and status says so."""
    outbox.failed(conn, flight.ids, error)
    outbox.finish(conn, flight.ids, "dead")
    blocked_channels.set_unheard(conn, flight.guild_id, now_ms)


def refused(
    conn: Connection, flight: Flight, error: DeliveryError, now_ms: int, *, until_ms: int
) -> None:
    """The channel is gone or refuses us: its work waits, or moves to the server's second channel.

    Once a day the server is told, wherever it can still be reached.
    """
    not_taken(conn, flight, str(error))
    lose(conn, flight.guild_id, flight.channel_id, error.remedy, now_ms, until_ms=until_ms)


def lose(
    conn: Connection, guild_id: int, channel_id: int, reason: Remedy, now_ms: int, *, until_ms: int
) -> None:
    """Park a channel and see to it that its people hear of that."""
    blocked_channels.park(conn, guild_id, channel_id, now_ms, until_ms=until_ms, reason=reason)
    blocked_channels.move(
        conn, channel_id, blocked_channels.substitute(conn, guild_id, channel_id, now_ms)
    )
    if blocked_channels.may_notice(conn, guild_id, now_ms):
        gone = reason is Remedy.CHANNEL_GONE
        lost = Notice("lost", channel_id=channel_id, gone=gone)
        enqueue.notice(conn, guild_id, -guild_id, lost, now_ms)


def parted(conn: Connection, flight: Flight, error: str) -> None:
    """Discord takes no such edit: the next change tries again, and openings get their own post."""
    _part(conn, flight, error)
    outbox.drop(conn, [row.id for row in flight.of(Work.EDIT)])


def dead(conn: Connection, flight: Flight, error: str, now_ms: int) -> None:
    """Discord will never take it, not even as a bare line."""
    outbox.failed(conn, flight.ids, error)
    _spare_openings(conn, flight)
    outbox.finish(conn, flight.ids, "dead")
    _deleted(conn, flight, now_ms)


def lost(conn: Connection, flight: Flight, error: str, now_ms: int) -> None:
    """The message to edit is gone; openings that were to join it need a post of their own."""
    _part(conn, flight, error)
    outbox.drop(conn, [row.id for row in flight.of(Work.EDIT)])
    _deleted(conn, flight, now_ms)


def _deleted(conn: Connection, flight: Flight, now_ms: int) -> None:
    if flight.post is not None:
        posts.gone(conn, flight.post.id, now_ms)
