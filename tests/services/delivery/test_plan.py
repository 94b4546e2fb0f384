"""Which message a channel gets next: the pure rules, over rows that are written down here."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import count

from bot.db.outbox import Notification, Work
from bot.services.delivery import planning
from bot.services.delivery.planning import Batch, ChannelQueue, MessageKind

NOW = 1_700_000_000_000
MINUTE = 60_000
_ids = count(1)


def row(kind: Work, incident_id: int | None = None, *, ago_ms: int = 0) -> Notification:
    """A row that was due so long ago; from the future when it is negative."""
    return Notification(
        id=next(_ids),
        guild_id=1,
        channel_id=100,
        kind=kind,
        incident_id=incident_id,
        post_id=None,
        payload=None,
        state="pending",
        lead_id=None,
        message_kind=None,
        attempts=0,
        created_ms=NOW - max(ago_ms, 0),
        not_before_ms=NOW - ago_ms,
        first_try_ms=None,
        last_try_ms=None,
    )


def sending(lead_id: int) -> Notification:
    """An opening that is being edited into the seventh post."""
    return replace(
        row(Work.OPEN, 1), state="sending", lead_id=lead_id, message_kind="JOIN", post_id=7
    )


def choose(*rows: Notification, edits: bool = True) -> Batch | None:
    return planning.choose(ChannelQueue(rows, NOW, None, edits))


def verb(*rows: Notification) -> MessageKind | None:
    batch = choose(*rows)
    return None if batch is None else batch.kind


def in_order(rows: Sequence[Notification]) -> list[MessageKind]:
    """What is sent until nothing is left."""
    verbs = []
    while (batch := choose(*rows)) is not None:
        verbs.append(batch.kind)
        rows = [one for one in rows if one not in batch.rows]
    return verbs


def test_with_everything_due_what_people_wait_for_goes_first() -> None:
    rows = [
        row(Work.EDIT),
        row(Work.REMINDER, 1),
        row(Work.NOTICE),
        row(Work.CLOSE, 2),
        replace(row(Work.EDIT), payload="urgent"),
        row(Work.ESCALATE, 3),
        row(Work.PING),
        row(Work.OPEN, 4),
    ]
    assert in_order(rows) == [
        MessageKind.OPEN,
        MessageKind.PING,
        MessageKind.ESCALATE,
        MessageKind.EDIT,
        MessageKind.CLOSE,
        MessageKind.NOTICE,
        MessageKind.REMIND,
        MessageKind.EDIT,
    ]


def test_the_digest_goes_before_the_openings_of_what_still_goes_on() -> None:
    pair = [row(Work.OPEN, 1, ago_ms=20 * MINUTE), row(Work.CLOSE, 1)]
    batch = choose(row(Work.OPEN, 2), *pair)
    assert batch is not None
    assert batch.kind is MessageKind.DIGEST
    assert batch.rows == (pair[1],)


def test_a_pair_is_a_digest_when_its_opening_is_ten_minutes_late() -> None:
    close = row(Work.CLOSE, 1)
    assert verb(row(Work.OPEN, 1, ago_ms=10 * MINUTE), close) is MessageKind.DIGEST
    assert verb(row(Work.OPEN, 1, ago_ms=10 * MINUTE - 1), close) is MessageKind.LATE


def test_all_clears_alone_are_a_digest_from_three_on() -> None:
    late = [row(Work.CLOSE, number, ago_ms=10 * MINUTE) for number in range(3)]
    assert verb(*late) is MessageKind.DIGEST
    assert verb(*late[:2]) is MessageKind.CLOSE
    assert verb(*(row(Work.CLOSE, number) for number in range(3))) is MessageKind.CLOSE


def test_the_oldest_of_several_decides_whether_a_digest_is_due() -> None:
    late = row(Work.CLOSE, 1, ago_ms=10 * MINUTE)
    assert verb(late, row(Work.CLOSE, 2), row(Work.CLOSE, 3)) is MessageKind.DIGEST


def test_openings_due_within_the_same_minute_share_a_post_and_later_ones_do_not() -> None:
    due, soon = row(Work.OPEN, 1), row(Work.OPEN, 2, ago_ms=-MINUTE)
    later = row(Work.OPEN, 3, ago_ms=-MINUTE - 1)
    batch = choose(due, soon, later)
    assert batch is not None
    assert batch.rows == (due, soon)
    assert choose(soon, later) is None


def test_an_opening_takes_the_escalations_of_its_own_incidents_along() -> None:
    own, other = row(Work.ESCALATE, 1), row(Work.ESCALATE, 2)
    batch = choose(row(Work.OPEN, 1), own, other)
    assert batch is not None
    assert batch.superseded == (own,)


def test_all_reminders_that_are_due_are_one_message() -> None:
    due = (row(Work.REMINDER, 1), row(Work.REMINDER, 2))
    batch = choose(*due, row(Work.REMINDER, 3, ago_ms=-1))
    assert batch is not None
    assert batch.rows == due


def test_while_edits_are_refused_the_rest_goes_on() -> None:
    urgent = replace(row(Work.EDIT), payload="urgent")
    batch = choose(urgent, row(Work.NOTICE), edits=False)
    assert batch is not None
    assert batch.kind is MessageKind.NOTICE
    assert choose(urgent, edits=False) is None


def test_what_is_half_sent_is_the_oldest_message_with_all_its_rows() -> None:
    first, second, third = sending(5), sending(9), sending(5)
    batch = planning.half_sent([second, first, third, row(Work.OPEN, 2)])
    assert batch == Batch(MessageKind.JOIN, (first, third), post_id=7)


def test_an_empty_desk_plans_nothing() -> None:
    assert choose() is None
    assert planning.half_sent([]) is None
