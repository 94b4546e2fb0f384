"""Chooses the next message of a channel: pure rules over the rows of its outbox.

Order: after a long silence its digest; then openings (they are what people wait for), a latecomer's
ping, escalations, edits that change a word, all-clears, what followed pages report, notices,
reminders, and last the edits of mere numbers. A half-sent message comes before all of them, because
only its nonce knows whether it exists.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from bot.db.outbox import Notification, Work
from bot.db.posts import Post

# Openings due within the same minute share a post.
GROUP_WITHIN_MS = 60_000
# A post that lists so many is a group post, and latecomers join it for so long.
LIST_FROM = 3
JOIN_WITHIN_MS = 600_000
# What could not be sent for so long is sent as news of the past.
STALE_MS = 600_000
DIGEST_FROM = 3


class MessageKind(Enum):
    """The message that a batch of rows becomes."""

    OPEN = auto()  # post openings
    JOIN = auto()  # edit openings into a list that stands
    PING = auto()  # call the role of a latecomer
    ESCALATE = auto()  # reply: now down for good
    EDIT = auto()
    ANSWERS = auto()  # reply: answers again, for those who asked
    CLOSE = auto()  # reply: all clear
    LATE = auto()  # post an outage that was over before it could be sent
    DIGEST = auto()  # post one summary of all that came and went during a long silence
    REMIND = auto()  # reply: still down
    CALL = auto()  # reply: nobody has acknowledged it, with another role
    NOTICE = auto()
    PAGE_REPORT = auto()  # post what a followed page reports


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that become one message, the leading one first; ``superseded``: made pointless by it."""

    kind: MessageKind
    rows: tuple[Notification, ...]
    post_id: int | None = None
    superseded: tuple[Notification, ...] = ()


@dataclass(frozen=True, slots=True)
class ChannelQueue:
    """Waiting rows of one channel at one moment."""

    rows: Sequence[Notification]
    now_ms: int
    group: Post | None  # the list that latecomers may still join
    edits: bool  # Discord accepts edits in this channel now
    alone: frozenset[int] = frozenset()  # openings that share no message: together it was refused
    rests: bool = False  # the list is so long that it is not edited now

    @property
    def unsent(self) -> set[int | None]:
        """The incidents whose opening waits."""
        return {row.incident_id for row in self.of(Work.OPEN)}

    def due(self, kind: Work) -> tuple[Notification, ...]:
        return tuple(row for row in self.of(kind) if self.is_due(row))

    def is_due(self, row: Notification, ahead_ms: int = 0) -> bool:
        """A row from the future is due too: the clock was set back."""
        return row.not_before_ms <= self.now_ms + ahead_ms or row.created_ms > self.now_ms

    def of(self, kind: Work) -> tuple[Notification, ...]:
        return tuple(row for row in self.rows if row.kind is kind)


def choose(queue: ChannelQueue) -> Batch | None:
    """The next message of a channel without half-sent rows; None: nothing is due."""
    rules: tuple[Callable[[ChannelQueue], Batch | None], ...] = (
        _digest,
        _opening,
        lambda queue: _first(MessageKind.PING, queue.due(Work.PING)),
        _escalation,
        lambda queue: _edit(queue, urgent=True),
        _answers,
        _recovery,
        lambda queue: _first(MessageKind.PAGE_REPORT, queue.due(Work.PAGE_REPORT)),
        lambda queue: _first(MessageKind.NOTICE, queue.due(Work.NOTICE)),
        lambda queue: _together(MessageKind.CALL, queue.due(Work.CALL)),
        lambda queue: _together(MessageKind.REMIND, queue.due(Work.REMINDER)),
        lambda queue: _edit(queue, urgent=False),
    )
    return next((batch for rule in rules if (batch := rule(queue)) is not None), None)


def half_sent(rows: Sequence[Notification]) -> Batch | None:
    """The message that was under way when an attempt failed or the process died."""
    lead_id = min((row.lead_id for row in rows if row.lead_id is not None), default=None)
    if lead_id is None:
        return None
    members = tuple(row for row in rows if row.lead_id == lead_id)
    kind = MessageKind[members[0].message_kind or ""]
    return Batch(kind, members, members[0].post_id)


def _digest(queue: ChannelQueue) -> Batch | None:
    """After a long silence: one summary of all that is over. What is not follows as an opening."""
    over = queue.due(Work.CLOSE)
    unsent = {row.incident_id: row for row in queue.of(Work.OPEN)}
    pairs = [unsent[row.incident_id] for row in over if row.incident_id in unsent]
    if not pairs and len(over) < DIGEST_FROM:
        return None
    oldest_ms = min(row.not_before_ms for row in (*over, *pairs))
    if queue.now_ms - oldest_ms < STALE_MS:
        return None
    return Batch(MessageKind.DIGEST, over)


def _opening(queue: ChannelQueue) -> Batch | None:
    """All openings that are due, and those that wait for company no longer than a minute."""
    over = {row.incident_id for row in queue.due(Work.CLOSE)}
    opens = [row for row in queue.of(Work.OPEN) if row.incident_id not in over]
    if not any(queue.is_due(row) for row in opens):
        return None
    if queue.group is not None and queue.rests:
        return None
    rows = tuple(row for row in opens if queue.is_due(row, GROUP_WITHIN_MS))
    single = next((row for row in rows if row.id in queue.alone), None)
    if single is not None:
        rows = (single,)
    opened = {row.incident_id for row in rows}
    superseded = tuple(row for row in queue.of(Work.ESCALATE) if row.incident_id in opened)
    if single is None and queue.group is not None and queue.edits:
        return Batch(MessageKind.JOIN, rows, queue.group.id, superseded=superseded)
    return Batch(MessageKind.OPEN, rows, superseded=superseded)


def _escalation(queue: ChannelQueue) -> Batch | None:
    """Not before its opening: that one, sent later, shows the newest truth anyway."""
    unsent, due = queue.unsent, queue.due(Work.ESCALATE)
    return _first(MessageKind.ESCALATE, [row for row in due if row.incident_id not in unsent])


def _answers(queue: ChannelQueue) -> Batch | None:
    """As soon as one is due, all of them."""
    if not queue.due(Work.ANSWERS):
        return None
    unsent, rows = queue.unsent, queue.of(Work.ANSWERS)
    ready = tuple(row for row in rows if row.incident_id not in unsent)
    return _together(MessageKind.ANSWERS, ready)


def _recovery(queue: ChannelQueue) -> Batch | None:
    """All-clears that are due share one reply; those of outages not sent yet share one post."""
    unsent, due = queue.unsent, queue.due(Work.CLOSE)
    opened = tuple(row for row in due if row.incident_id not in unsent)
    return _together(MessageKind.CLOSE, opened) or _together(MessageKind.LATE, due)


def _edit(queue: ChannelQueue, *, urgent: bool) -> Batch | None:
    if not queue.edits or queue.rests:
        return None
    return _first(MessageKind.EDIT, [row for row in queue.due(Work.EDIT) if row.urgent is urgent])


def _together(kind: MessageKind, rows: tuple[Notification, ...]) -> Batch | None:
    return Batch(kind, rows) if rows else None


def _first(kind: MessageKind, rows: Sequence[Notification]) -> Batch | None:
    return Batch(kind, (rows[0],), rows[0].post_id) if rows else None
