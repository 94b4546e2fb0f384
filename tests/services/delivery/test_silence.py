"""What is said when Discord could not be reached for long."""

import pytest

from bot.errors import DeliveryAction, DeliveryError
from tests.services.delivery.delivery_fixture import (
    CHANNEL,
    DeliveryFixture,
    always,
    only,
    play,
    times,
)

MINUTE = 60


async def _silent_for(here: DeliveryFixture, seconds: float) -> None:
    """Discord takes nothing, and has said for how long."""
    here.transport.before = times(1, DeliveryAction.WAIT, after_s=seconds)
    assert await here.deliver() == 0


def test_what_came_and_went_is_one_digest_and_what_goes_on_is_reported_after_it() -> None:
    async def scene(here: DeliveryFixture) -> None:
        begun = here.clock.now_ms()
        gone = [await here.open("a", role_id=7)]
        await _silent_for(here, 15 * MINUTE)
        here.clock.forward(60)
        gone.append(await here.open("b"))
        standing_ms = here.clock.now_ms()
        await here.open("c")
        await here.close(*gone)
        assert await here.deliver(14 * MINUTE) == 2
        digest, opening = here.transport.of()
        assert digest.alert.kind == "digest"
        assert digest.alert.content == (
            "📋 DIGEST · 2 incidents came and went while I could not post here"
        )
        assert [one.name for one in digest.alert.incidents] == ["a", "b"]
        assert digest.alert.delayed_ms == (begun, here.clock.now_ms())
        assert digest.reply_to is None
        assert digest.alert.silent
        assert not digest.alert.plain
        assert opening.alert.content.startswith("🔴 DOWN · c")
        assert opening.alert.delayed_ms == (standing_ms, here.clock.now_ms())
        assert sorted(await here.rows()) == [
            ("close", "sent"),
            ("close", "sent"),
            ("open", "sent"),
            ("open", "superseded"),
            ("open", "superseded"),
        ]

    play(scene)


def test_a_digest_of_outages_that_were_reported_counts_from_the_first_end() -> None:
    async def scene(here: DeliveryFixture) -> None:
        reported = [await here.open(name) for name in ("a", "b", "c")]
        await here.deliver()
        here.clock.forward(MINUTE)
        ended = here.clock.now_ms()
        await here.close(reported[0])
        here.transport.before = times(2, DeliveryAction.WAIT, after_s=10 * MINUTE)
        await here.deliver()
        here.clock.forward(MINUTE)
        await here.close(*reported[1:])
        await here.deliver(9 * MINUTE)
        digest = here.transport.of()[-1]
        assert digest.alert.kind == "digest"
        assert digest.alert.delayed_ms == (ended, here.clock.now_ms())
        assert digest.reply_to is None

    play(scene)


@pytest.mark.parametrize(("ended", "after_s"), [(False, 15 * MINUTE), (True, 5 * MINUTE)])
def test_what_is_reported_late_is_late_since_the_first_of_it(
    *, ended: bool, after_s: float
) -> None:
    async def scene(here: DeliveryFixture) -> None:
        begun = here.clock.now_ms()
        first = await here.open("a")
        await _silent_for(here, after_s)
        here.clock.forward(MINUTE)
        second = await here.open("b")
        if ended:
            await here.close(first, second)
        await here.deliver(after_s - MINUTE)
        [message] = here.transport.of()
        assert len(message.alert.incidents) == 2
        assert message.alert.delayed_ms == (begun, here.clock.now_ms())

    play(scene)


def test_who_asked_hears_of_the_end_by_the_digest_with_a_push() -> None:
    async def scene(here: DeliveryFixture) -> None:
        incident = await here.open("a")
        await here.follow(incident, [7])
        await _silent_for(here, 15 * MINUTE)
        await here.close(incident)
        await here.deliver(15 * MINUTE)
        [digest] = here.transport.of()
        assert digest.alert.user_ids == (7,)
        assert not digest.alert.silent

    play(scene)


def test_who_asked_hears_of_an_end_that_comes_with_its_outage() -> None:
    async def scene(here: DeliveryFixture) -> None:
        incident = await here.open("a")
        await here.follow(incident, [7])
        await _silent_for(here, 5 * MINUTE)
        await here.close(incident)
        await here.deliver(5 * MINUTE)
        [late] = here.transport.of()
        assert late.alert.user_ids == (7,)
        assert not late.alert.silent

    play(scene)


@pytest.mark.parametrize(("after_s", "late"), [(10 * MINUTE - 0.001, False), (10 * MINUTE, True)])
def test_an_opening_is_late_from_ten_minutes_on(after_s: float, *, late: bool) -> None:
    async def scene(here: DeliveryFixture) -> None:
        await here.open("a")
        await _silent_for(here, after_s)
        await here.deliver(after_s)
        assert (here.transport.of()[0].alert.delayed_ms is not None) is late

    play(scene)


@pytest.mark.parametrize("after_s", [15 * MINUTE, 5 * MINUTE])
def test_an_end_that_discord_will_never_take_leaves_nothing_behind(after_s: float) -> None:
    """Neither as a digest nor as a late post: the outage is not reported after its end."""

    async def scene(here: DeliveryFixture) -> None:
        incident = await here.open("a")
        await _silent_for(here, after_s)
        await here.close(incident)
        here.transport.before = always(DeliveryAction.REFUSED)
        await here.deliver(after_s)
        assert await here.rows() == [("open", "superseded"), ("close", "dead")]
        here.transport.before = lambda _: None
        assert await here.deliver(60) == 0

    play(scene)


def test_a_digest_whose_answer_was_lost_is_sent_again_as_it_was() -> None:
    async def scene(here: DeliveryFixture) -> None:
        incident = await here.open("a")
        await _silent_for(here, 15 * MINUTE)
        await here.close(incident)
        here.transport.after = times(1, DeliveryAction.RETRY)
        await here.deliver(15 * MINUTE)
        await here.open("b")
        await here.deliver(30)
        assert [one.alert.kind for one in here.transport.of()] == ["digest", "down"]
        assert [one.name for one in here.transport.of()[0].alert.incidents] == ["a"]

    play(scene)


def test_a_digest_that_discord_did_not_take_is_made_anew() -> None:
    async def scene(here: DeliveryFixture) -> None:
        first = await here.open("a")
        await _silent_for(here, 15 * MINUTE)
        await here.close(first)
        here.transport.before = times(1, DeliveryAction.WAIT, after_s=MINUTE)
        await here.deliver(15 * MINUTE)
        second = await here.open("b")
        await here.close(second)
        await here.deliver(MINUTE)
        [digest] = here.transport.of()
        assert [one.name for one in digest.alert.incidents] == ["a", "b"]

    play(scene)


def test_a_lost_answer_is_looked_for_in_the_channel_only_after_two_minutes() -> None:
    async def scene(here: DeliveryFixture) -> None:
        await here.open("a")
        here.transport.after = times(1, DeliveryAction.RETRY)
        await here.deliver()
        here.transport.before = lambda call: (
            DeliveryError("503", DeliveryAction.RETRY) if call.action == "post" else None
        )
        await here.deliver(120)
        assert here.transport.count("find") == 0
        await here.deliver(10)
        assert here.transport.count("find") == 1
        assert here.transport.count("post") == 2
        assert await here.rows() == [("open", "sent")]

    play(scene)


def test_a_message_is_not_looked_for_within_ten_seconds_of_its_last_try() -> None:
    """A request whose connection broke may still be at work on Discord's side."""

    async def scene(here: DeliveryFixture) -> None:
        await here.open("a")
        here.transport.before = times(2, DeliveryAction.RETRY)
        await here.deliver()
        await here.deliver(120)
        here.restart()
        await here.deliver(9.999)
        assert here.transport.count("find") == 0
        assert here.delivery.throttle.opens_at(CHANNEL) == here.clock.ms + 10_000
        await here.deliver(10)
        assert here.transport.count("find") == 1

    play(scene)


def test_what_never_arrived_is_planned_anew_with_all_that_came_since() -> None:
    async def scene(here: DeliveryFixture) -> None:
        await here.open("a")
        here.transport.before = times(1, DeliveryAction.RETRY)
        await here.deliver()
        await here.open("b")
        assert await here.deliver(120.001) == 1
        [message] = here.transport.of()
        assert [one.name for one in message.alert.incidents] == ["a", "b"]
        assert here.transport.count("find") == 1

    play(scene)


@pytest.mark.parametrize(
    "action",
    [DeliveryAction.CHANNEL_BLOCKED, DeliveryAction.CHANNEL_GONE, DeliveryAction.MESSAGE_GONE],
)
def test_where_nothing_can_be_read_the_message_is_sent_rather_than_never(
    action: DeliveryAction,
) -> None:
    async def scene(here: DeliveryFixture) -> None:
        await here.open("a")
        here.transport.before = times(1, DeliveryAction.RETRY)
        await here.deliver()
        here.transport.before = lambda call: (
            DeliveryError("no", action) if call.action == "find" else None
        )
        assert await here.deliver(121) == 1
        assert len(here.transport.of()) == 1

    play(scene)


def test_a_reply_whose_answer_was_lost_is_found_among_the_replies() -> None:
    async def scene(here: DeliveryFixture) -> None:
        incident = await here.open("a")
        await here.deliver()
        await here.close(incident)
        here.transport.after = only("reply", times(1, DeliveryAction.RETRY))
        await here.deliver()
        assert await here.deliver(121) == 1
        assert here.transport.count("reply") == 1
        assert len(here.transport.of()) == 2

    play(scene)


@pytest.mark.parametrize("ahead_ms", [5000, 300_000, 3_600_000])
def test_our_clock_may_have_been_ahead_of_discords(ahead_ms: int) -> None:
    async def scene(here: DeliveryFixture) -> None:
        here.clock.set_back_ms = -ahead_ms
        await here.open("a")
        here.transport.after = times(1, DeliveryAction.RETRY)
        await here.deliver()
        here.clock.set_back_ms = 0
        await here.deliver(130)
        assert here.transport.count("post") == 1

    play(scene)


def test_while_the_channel_cannot_be_asked_the_message_waits() -> None:
    async def scene(here: DeliveryFixture) -> None:
        await here.open("a")
        here.transport.before = times(2, DeliveryAction.RETRY)
        await here.deliver()
        assert await here.deliver(121) == 0
        assert [call.action for call in here.transport.calls] == ["post", "find"]
        assert await here.rows() == [("open", "sending")]

    play(scene)
