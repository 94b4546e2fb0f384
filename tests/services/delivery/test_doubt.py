"""What Discord may have taken, and what it certainly has not."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

from bot.db import posts, stats
from bot.db.database import Connection
from bot.errors import DeliveryAction, DeliveryError
from bot.models import Kind
from bot.services.delivery import attempts
from bot.services.delivery.messages import Alert
from tests.services.delivery.delivery_fixture import (
    CHANNEL,
    GUILD,
    Call,
    DeliveryFixture,
    FixtureTransport,
    Trouble,
    always,
    delivery_fixture,
    only,
    play,
    times,
)


def one_after_the_other(*troubles: Trouble) -> Trouble:
    """Each request meets the next trouble; after the last one all is well."""
    left = list(troubles)
    return lambda call: left.pop(0)(call) if left else None


def test_a_rate_limit_after_a_lost_answer_still_makes_no_second_message() -> None:
    async def scene(here: DeliveryFixture) -> None:
        await here.open("a")
        here.transport.after = times(1, DeliveryAction.RETRY)
        await here.deliver()
        here.transport.before = times(1, DeliveryAction.WAIT, after_s=30)
        await here.deliver(10)
        await here.open("b")
        await here.deliver(30)
        assert [len(one.alert.incidents) for one in here.transport.of()] == [1, 1]
        assert len(here.transport.nonces) == 2

    play(scene)


def test_an_edit_whose_answer_was_lost_lets_an_opening_pass() -> None:
    async def scene(here: DeliveryFixture) -> None:
        first = await here.open("a")
        await here.deliver()
        await here.change(first, urgent=True, kind=Kind.UNSTABLE)
        here.transport.before = times(1, DeliveryAction.RETRY)
        await here.deliver()
        await here.open("b")
        await here.deliver(10)
        assert [call.action for call in here.transport.calls] == ["post", "edit", "post", "edit"]
        assert here.transport.of()[0].alert.kind == "unstable"

    play(scene)


def test_an_edit_that_is_refused_twice_is_given_up_and_the_next_change_checks_again() -> None:
    async def scene(here: DeliveryFixture) -> None:
        incident = await here.open("a")
        await here.deliver()
        here.transport.before = times(2, DeliveryAction.REFUSED)
        await here.change(incident, urgent=True)
        await here.deliver()
        assert await here.rows() == [("open", "sent")]
        await here.change(incident, urgent=True)
        assert await here.deliver() == 1
        assert here.transport.of()[0].edits == 1

    play(scene)


def test_two_changes_while_an_edit_is_under_way_are_one_more_edit() -> None:
    async def scene(here: DeliveryFixture) -> None:
        incident = await here.open("a")
        await here.deliver()
        await here.change(incident, urgent=True)
        here.transport.before = one_after_the_other(always(DeliveryAction.RETRY))
        await here.deliver()
        await here.change(incident, urgent=True)
        await here.change(incident, urgent=False)
        assert await here.rows() == [("open", "sent"), ("edit", "pending")]
        await here.deliver(10)
        assert here.transport.of()[0].edits == 1

    play(scene)


def test_a_late_answer_after_forty_five_seconds_counts_as_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Hanging(FixtureTransport):
        async def post(
            self, channel_id: int, alert: Alert, *, nonce: str, reply_to: int | None = None
        ) -> int:
            message_id = await super().post(channel_id, alert, nonce=nonce, reply_to=reply_to)
            if len(self.calls) == 1:
                await asyncio.Event().wait()
            return message_id

    monkeypatch.setattr(attempts, "SEND_TIMEOUT_S", 0.1)

    async def scene(here: DeliveryFixture) -> None:
        here.transport = Hanging(here.clock)
        here.restart()
        await here.open("a")
        assert await here.deliver() == 0
        assert await here.rows() == [("open", "sending")]
        assert await here.deliver(10) == 1
        assert len(here.transport.of()) == 1

    play(scene)


def test_a_limit_of_everything_holds_all_channels() -> None:
    async def scene(here: DeliveryFixture) -> None:
        here.transport.before = times(1, DeliveryAction.PAUSE, after_s=30)
        await here.open("a", CHANNEL)
        await here.open("b", CHANNEL + 1)
        await here.deliver()
        assert await here.deliver(29.999) == 0
        assert len(here.transport.calls) == 1
        assert await here.deliver(0.001) == 2

    play(scene)


def test_a_limit_without_a_time_is_not_asked_again_in_the_same_instant() -> None:
    async def scene(here: DeliveryFixture) -> None:
        here.transport.before = always(DeliveryAction.WAIT)
        await here.open("a")
        await here.deliver()
        assert len(here.transport.calls) == 1

    play(scene)


def test_a_sleeping_thread_is_woken_by_the_next_message_and_then_edited() -> None:
    async def scene(here: DeliveryFixture) -> None:
        first = await here.open("a")
        await here.deliver()
        here.transport.before = only("edit", times(1, DeliveryAction.ARCHIVED))
        await here.change(first, urgent=True, kind=Kind.UNSTABLE)
        await here.deliver()
        assert await here.deliver(3600) == 0
        assert here.transport.count("edit") == 1
        await here.open("b")
        assert await here.deliver() == 2
        assert here.transport.of()[0].alert.kind == "unstable"

    play(scene)


def test_a_latecomer_to_a_list_in_a_sleeping_thread_is_posted() -> None:
    async def scene(here: DeliveryFixture) -> None:
        for name in ("a", "b", "c"):
            await here.open(name)
        await here.deliver()
        here.transport.before = only("edit", times(1, DeliveryAction.ARCHIVED))
        await here.open("d")
        await here.deliver()
        assert here.transport.texts()[-1].startswith("🔴 DOWN · d")
        assert [len(one.alert.incidents) for one in here.transport.of()] == [3, 1]

    play(scene)


def test_a_post_that_a_thread_does_not_take_is_tried_again() -> None:
    async def scene(here: DeliveryFixture) -> None:
        here.transport.before = times(1, DeliveryAction.ARCHIVED)
        await here.open("a")
        assert await here.deliver() == 0
        assert await here.deliver(10) == 1

    play(scene)


def test_what_the_servers_own_rules_block_waits_alone_and_is_tried_with_its_card_again() -> None:
    """Its people can change the rule of their AutoMod."""

    async def scene(here: DeliveryFixture) -> None:
        def rule(call: Call) -> DeliveryError | None:
            bad = "badword" in call.alert.content or "badword" in str(call.alert.incidents)
            return DeliveryError("blocked", DeliveryAction.REFUSED, code=200000) if bad else None

        here.transport.before = rule
        await here.open("badword", role_id=9)
        await here.deliver()
        assert [(call.alert.plain, call.alert.role_ids) for call in here.transport.calls] == [
            (False, (9,)),
            (True, (9,)),
            (True, ()),
        ]
        await here.open("shop")
        assert await here.deliver(1) == 1
        assert ("open", "pending") in await here.rows()
        here.transport.before = lambda _: None
        assert await here.deliver(3600) == 1
        assert [one.alert.plain for one in here.transport.of()] == [False, False]

    play(scene)


@pytest.mark.parametrize("joins", [False, True])
def test_one_blocked_site_does_not_keep_those_it_fell_with_from_being_reported(
    *, joins: bool
) -> None:
    async def scene(here: DeliveryFixture) -> None:
        def rule(call: Call) -> DeliveryError | None:
            bad = "badword" in str(call.alert.incidents)
            return DeliveryError("blocked", DeliveryAction.REFUSED, code=200000) if bad else None

        here.transport.before = rule
        for name in ("a", "b", "c"):
            await here.open(name)
        if joins:
            await here.deliver()
        await here.open("badword")
        await here.deliver(1)
        reported = {one.name for message in here.transport.of() for one in message.alert.incidents}
        assert reported == {"a", "b", "c"}
        await here.open("d")
        await here.deliver(1)
        reported = {one.name for message in here.transport.of() for one in message.alert.incidents}
        assert reported == {"a", "b", "c", "d"}

    play(scene)


def test_a_card_that_ends_in_an_error_of_discords_own_is_sent_as_a_line_and_edited_later() -> None:
    """Some payloads make Discord answer 500 for ever."""

    async def scene(here: DeliveryFixture) -> None:
        here.transport.before = lambda call: (
            None if call.alert.plain else DeliveryError("500", DeliveryAction.RETRY, status=500)
        )
        await here.open("a")
        await here.deliver()
        assert await here.deliver(10) == 1
        assert len(here.transport.of()) == 1

    play(scene)


@pytest.mark.parametrize("number", range(1, 30))
def test_a_post_that_arrived_is_found_whatever_form_the_next_attempt_would_have(
    number: int,
) -> None:
    """Also when its line says something else by now."""

    async def scene(here: DeliveryFixture) -> None:
        incident = await here.open("a")
        here.transport.after = times(1, DeliveryAction.RETRY)
        await here.deliver()
        here.transport.before = lambda _: DeliveryError("away", DeliveryAction.RETRY, status=500)
        for _ in range(number):
            await here.deliver(300)
        await here.change(incident, urgent=True, kind=Kind.UNSTABLE)
        here.transport.before = lambda _: None
        await here.deliver(300)
        await here.deliver(300)
        assert [one.alert.kind for one in here.transport.of()] == ["unstable"]

    play(scene)


def test_a_card_that_cannot_be_made_is_sent_as_a_line(caplog: pytest.LogCaptureFixture) -> None:
    async def scene(here: DeliveryFixture) -> None:
        here.transport.before = lambda call: None if call.alert.plain else KeyError("title")
        await here.open("a")
        with caplog.at_level(logging.ERROR):
            await here.deliver()
            await here.deliver(10)
        assert "could not be made or sent" in caplog.text
        assert [one.alert.plain for one in here.transport.of()] == [True]

    play(scene)


def test_the_log_says_how_late_each_message_was_and_where_it_went(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scene(here: DeliveryFixture) -> None:
        await here.open("a", wait_s=60)
        await here.open("b", wait_s=100)
        with caplog.at_level(logging.INFO):
            await here.deliver(160)
        [reported] = [one for one in caplog.records if one.levelno == logging.INFO]
        assert reported.getMessage() == "Discord accepted message 100.0 s after it was due"
        assert (
            reported.__dict__.items()
            >= {
                "guild": GUILD,
                "channel": CHANNEL,
                "nonce": here.transport.calls[0].nonce,
            }.items()
        )

    play(scene)


@pytest.mark.parametrize(
    "action",
    [DeliveryAction.RETRY, DeliveryAction.WAIT, DeliveryAction.HALT, DeliveryAction.REFUSED],
)
def test_why_a_message_is_not_out_can_be_read_in_the_outbox(action: DeliveryAction) -> None:
    async def scene(here: DeliveryFixture) -> None:
        here.transport.before = always(action)
        await here.open("a")
        await here.deliver()
        seen = await here.db.read(lambda conn: stats.outbox(conn, GUILD, here.clock.now_ms()))
        assert seen.error == "ordered"

    play(scene)


class Meanwhile(FixtureTransport):
    """Something happens while the first request is under way."""

    happens: Callable[[], Awaitable[None]] | None = None

    async def _arrive(self, call: Call) -> None:
        happens, self.happens = self.happens, None
        if happens is not None:
            await happens()
        await super()._arrive(call)


@pytest.mark.parametrize("action", [DeliveryAction.RETRY, DeliveryAction.WAIT])
def test_a_change_while_a_message_is_under_way_that_fails_is_reported_all_the_same(
    action: DeliveryAction,
) -> None:
    async def scene(here: DeliveryFixture) -> None:
        here.transport = transport = Meanwhile(here.clock)
        here.restart()
        incident = await here.open("a")
        for kind in (Kind.UNSTABLE, Kind.DOWN):  # a post first, then an edit of it
            transport.happens = partial(here.change, incident, urgent=True, kind=kind)
            transport.before = times(1, action, after_s=5)
            assert await here.deliver(60) == 0
            await here.deliver(60)
            await here.deliver(60)
            assert [one.alert.kind for one in transport.of()] == [kind.value]
            await here.change(incident, urgent=True)

    play(scene)


@pytest.mark.parametrize("late", [False, True])
def test_what_is_planned_anew_leaves_no_second_post_behind(*, late: bool) -> None:
    async def scene(here: DeliveryFixture) -> None:
        incident = await here.open("a", wait_s=60)
        if late:
            await here.close(incident)
        here.transport.before = times(2, DeliveryAction.WAIT, after_s=30)
        for _ in range(3):
            await here.deliver(60)
        reported = await here.db.read(lambda conn: posts.of_incident(conn, incident.id))
        assert [post.message_id for post in reported] == [one.id for one in here.transport.of()]

    play(scene)


def test_the_late_post_of_an_outage_gets_its_card_after_a_refusal_too() -> None:
    async def scene(here: DeliveryFixture) -> None:
        await here.close(await here.open("a", wait_s=60))
        here.transport.before = times(1, DeliveryAction.REFUSED)
        assert await here.deliver() == 2
        assert [call.action for call in here.transport.calls] == ["post", "post", "edit"]
        assert not here.transport.of()[0].alert.plain

    play(scene)


def test_what_was_certainly_not_taken_needs_no_edit() -> None:
    async def scene(here: DeliveryFixture) -> None:
        here.transport = transport = Meanwhile(here.clock)
        here.restart()
        incident = await here.open("a")
        transport.happens = partial(here.change, incident, urgent=True)
        transport.before = times(1, DeliveryAction.WAIT, after_s=30)
        await here.deliver()
        assert await here.rows() == [("open", "pending")]
        await here.change(incident, urgent=True, kind=Kind.UNSTABLE)
        assert await here.rows() == [("open", "pending")]

    play(scene)


def test_a_lost_answer_is_looked_for_though_the_clock_was_set_back() -> None:
    """By then Discord has forgotten the nonce, however short ago our clock says it was."""

    async def scene(here: DeliveryFixture) -> None:
        await here.open("a")
        here.transport.after = times(1, DeliveryAction.RETRY)
        await here.deliver()
        here.clock.forward(-3600)
        here.restart()
        await here.deliver(130)
        assert [call.action for call in here.transport.calls] == ["post", "find"]
        assert await here.rows() == [("open", "sent")]

    play(scene)


def test_each_message_of_each_database_has_a_nonce_of_its_own() -> None:
    async def nonces() -> list[str]:
        async with delivery_fixture() as here:
            for number in range(40):
                await here.open(f"site {number}", CHANNEL + number)
            await here.deliver()
            return [call.nonce for call in here.transport.calls]

    first, second = asyncio.run(nonces()), asyncio.run(nonces())
    assert len({*first, *second}) == 80
    assert all(len(nonce) <= 25 for nonce in first)


def test_a_backup_that_is_put_back_takes_no_message_for_one_sent_before(tmp_path: Path) -> None:
    async def scene(here: DeliveryFixture) -> None:
        await here.open("bank")
        await here.deliver()
        here.restart()

        def forget(conn: Connection) -> None:  # as the copy from before the alert
            conn.executescript(
                "DELETE FROM notification; DELETE FROM post_incident; DELETE FROM post;"
                "DELETE FROM incident_stage; DELETE FROM incident;"
                "DELETE FROM sqlite_sequence WHERE name = 'notification'"
            )

        await here.db.write(forget)
        await here.open("shop")
        await here.deliver()
        assert len(here.transport.of()) == 2

    play(scene, tmp_path)


def test_a_message_that_died_unsent_has_the_same_nonce_in_the_next_process() -> None:
    async def scene(here: DeliveryFixture) -> None:
        def die(_: Call) -> Exception:
            raise asyncio.CancelledError

        await here.open("a")
        here.transport.before = die
        with pytest.raises(asyncio.CancelledError):
            await here.deliver()
        here.transport.before = lambda _: None
        here.restart()
        await here.open("b")
        await here.deliver()
        first, again, other = (call.nonce for call in here.transport.calls)
        assert first == again != other

    play(scene)
