"""What a message says: its kind, its line, whom it calls."""

import pytest

from bot.db import incidents
from bot.db.database import Connection
from bot.errors import DeliveryAction
from bot.models import Kind
from bot.services.delivery import enqueue
from bot.services.delivery.messages import Notice
from tests.services.delivery.delivery_fixture import CHANNEL, GUILD, DeliveryFixture, play, times


async def _notice(here: DeliveryFixture, notice: Notice) -> None:
    now_ms = here.clock.now_ms()
    await here.db.write(lambda conn: enqueue.notice(conn, GUILD, CHANNEL, notice, now_ms))


async def _remind(here: DeliveryFixture, *ids: int) -> None:
    now_ms = here.clock.now_ms()

    def write(conn: Connection) -> None:
        for incident_id in ids:
            enqueue.reminder(conn, incident_id, now_ms)

    await here.db.write(write)


@pytest.mark.parametrize(
    ("kinds", "kind", "line"),
    [
        ((Kind.SLOW,), "slow", "🟡 SLOW · 0"),
        ((Kind.BLOCKED,), "blocked", "🟡 REFUSED · 0"),
        ((Kind.SLOW, Kind.SLOW), "unstable", "🟡 2 slow: 0, 1"),
        ((Kind.UNSTABLE, Kind.DOWN), "down", "🔴 1 down, 1 unstable: 1, 0"),
    ],
)
def test_a_post_is_of_the_worst_kind_it_says_of(
    kinds: tuple[Kind, ...], kind: str, line: str
) -> None:
    async def scene(here: DeliveryFixture) -> None:
        for number, one in enumerate(kinds):
            await here.open(str(number), kind=one)
        await here.deliver()
        [message] = here.transport.of()
        assert message.alert.kind == kind
        assert message.alert.content.startswith(line)

    play(scene)


def test_a_list_is_of_the_kind_of_what_is_left() -> None:
    async def scene(here: DeliveryFixture) -> None:
        down, _ = await here.open("a"), await here.open("b", kind=Kind.SLOW)
        await here.deliver()
        await here.close(down)
        await here.deliver()
        assert here.transport.of()[0].alert.kind == "unstable"

    play(scene)


def test_only_roles_of_what_still_goes_on_are_called_each_once() -> None:
    async def scene(here: DeliveryFixture) -> None:
        over = await here.open("a", role_id=7, wait_s=60)
        for name, role_id in (("b", 8), ("c", 8), ("d", None), ("e", 9)):
            await here.open(name, role_id=role_id, wait_s=60)
        await here.close(over)
        await here.deliver()
        await here.deliver(60)
        assert [one.alert.role_ids for one in here.transport.of()] == [(), (8, 9)]

    play(scene)


def test_a_reminder_answers_the_alert_with_a_line_and_a_push() -> None:
    async def scene(here: DeliveryFixture) -> None:
        incident = await here.open("a", role_id=7)
        await here.deliver()
        here.clock.forward(3600)
        await _remind(here, incident.id)
        assert await here.deliver(30) == 1
        original, again = here.transport.of()
        assert again.reply_to == original.id
        assert again.alert.content == "🔴 STILL DOWN · a · for 1 h 1 min"
        assert again.alert.kind == "down"
        assert again.alert.plain
        assert not again.alert.silent
        assert again.alert.role_ids == ()

    play(scene)


def test_reminders_that_waited_are_one_line_about_what_still_goes_on() -> None:
    async def scene(here: DeliveryFixture) -> None:
        three = [await here.open(name) for name in ("a", "b", "c")]
        await here.deliver()
        here.clock.forward(3600)
        await _remind(here, *(one.id for one in three))
        here.clock.forward(3600)
        await _remind(here, three[0].id)
        await here.close(three[1])
        await here.deliver()
        assert here.transport.texts()[-1] == (
            "🔴 STILL IN TROUBLE · 2 down: a for 2 h 1 min, c for 2 h 1 min"
        )

    play(scene)


def test_a_reminder_counts_to_the_moment_it_was_due() -> None:
    async def scene(here: DeliveryFixture) -> None:
        incident = await here.open("a")
        await here.deliver()
        here.clock.forward(3600)
        await _remind(here, incident.id)
        here.clock.forward(7200)
        await _remind(here, incident.id)
        await here.deliver(1800)
        assert here.transport.texts()[1:] == ["🔴 STILL DOWN · a · for 3 h 1 min"]

    play(scene)


def test_nobody_is_reminded_of_what_was_never_reported_or_is_over() -> None:
    async def scene(here: DeliveryFixture) -> None:
        muted = await here.insert("a")
        reported = await here.open("b")
        await here.deliver()
        await _remind(here, muted.id, reported.id)
        await here.close(reported)
        await here.deliver()
        assert not [text for text in here.transport.texts() if "STILL" in text]
        assert ("reminder", "superseded") in await here.rows()

    play(scene)


def test_nobody_is_reminded_of_what_somebody_has_acknowledged_meanwhile() -> None:
    async def scene(here: DeliveryFixture) -> None:
        both = [await here.open(name) for name in ("a", "b")]
        await here.deliver()
        await _remind(here, *(one.id for one in both))
        await here.db.write(lambda conn: incidents.acknowledge(conn, [both[0].id], 7, 0))
        await here.deliver()
        assert here.transport.texts()[1:] == ["🔴 STILL DOWN · b · for 1 min"]

    play(scene)


def test_a_test_alert_has_a_card() -> None:
    async def scene(here: DeliveryFixture) -> None:
        await _notice(here, Notice("test"))
        await here.deliver()
        [message] = here.transport.of()
        assert message.alert.kind == "test"
        assert not message.alert.plain

    play(scene)


def test_what_remains_of_a_refused_message_is_at_most_five_hundred_characters() -> None:
    async def scene(here: DeliveryFixture) -> None:
        here.transport.before = times(1, DeliveryAction.REFUSED)
        await _notice(here, Notice("notice", text="x" * 501))
        await here.deliver()
        assert here.transport.texts() == ["x" * 499 + "…"]

    play(scene)


def test_an_incident_is_opened_once_however_often_it_is_reported() -> None:
    async def scene(here: DeliveryFixture) -> None:
        incident = await here.open("a")
        await here.db.write(
            lambda conn: enqueue.opening(conn, incident, here.clock.now_ms(), wait_s=0)
        )
        assert await here.rows() == [("open", "pending")]

    play(scene)


def test_all_clears_of_several_outages_that_were_never_reported_share_one_post() -> None:
    async def scene(here: DeliveryFixture) -> None:
        both = [await here.open(name, wait_s=60) for name in ("a", "b")]
        await here.close(*both)
        assert await here.deliver() == 1
        [late] = here.transport.of()
        assert late.alert.content == "🟢 UP · 2 sites are back: a, b"
        assert late.alert.kind == "up"
        assert not late.alert.plain

    play(scene)
