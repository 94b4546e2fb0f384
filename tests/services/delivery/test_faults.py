"""What delivery does when Discord does not take a message."""

import asyncio
import logging
from functools import partial
from pathlib import Path

import pytest

from bot.clock import DAY_MS
from bot.db.database import Connection
from bot.errors import DeliveryAction, DeliveryError
from bot.services.delivery import enqueue
from bot.services.delivery.messages import ChannelAccess, Notice
from tests.services.delivery.delivery_fixture import (
    CHANNEL,
    GUILD,
    START_MS,
    Call,
    DeliveryFixture,
    always,
    in_channel,
    only,
    play,
    times,
)

HOUR = 3600


def _put(notice: Notice, conn: Connection) -> None:
    enqueue.notice(conn, GUILD, CHANNEL, notice, START_MS)


def test_a_clock_set_back_delays_neither_waiting_rows_nor_retries() -> None:
    async def scene(here: DeliveryFixture) -> None:
        here.transport.before = times(1, DeliveryAction.WAIT, after_s=30)
        await here.open("a")
        await here.deliver()
        await here.open("b", wait_s=60)
        here.clock.set_back_ms = HOUR * 1000
        assert await here.deliver(29) == 0
        assert await here.deliver(1) == 1
        assert len(here.transport.of()[0].alert.incidents) == 2

    play(scene)


def test_an_answer_lost_on_the_way_makes_no_second_message() -> None:
    async def scene(here: DeliveryFixture) -> None:
        incident = await here.open("Shop")
        here.transport.after = times(3, DeliveryAction.RETRY)
        for _ in range(5):
            await here.deliver(10)
        assert len(here.transport.of()) == 1
        assert len({call.nonce for call in here.transport.calls if call.action == "post"}) == 1
        await here.close(incident)
        await here.deliver()
        assert len(here.transport.of()) == 2

    play(scene)


def test_a_process_that_dies_between_sending_and_committing_resends_the_same_nonce() -> None:
    async def scene(here: DeliveryFixture) -> None:
        def die(_: Call) -> Exception:
            raise asyncio.CancelledError

        incident = await here.open("Shop")
        here.transport.after = die
        try:
            await here.deliver()
        except asyncio.CancelledError:
            here.transport.after = lambda _: None
        assert await here.rows() == [("open", "sending")]
        here.restart()
        await here.close(incident)
        assert await here.deliver(1) == 3
        assert [message.reply_to is None for message in here.transport.of()] == [True, False]

    play(scene)


def test_a_file_store_keeps_half_sent_work_over_a_restart(tmp_path: Path) -> None:
    async def scene(here: DeliveryFixture) -> None:
        here.transport.before = always(DeliveryAction.RETRY)
        await here.open("Shop")
        await here.deliver()
        here.transport.before = lambda _: None
        here.restart()
        assert await here.deliver() == 1

    play(scene, tmp_path)


def test_a_fresh_row_is_tried_at_least_every_ten_seconds_for_two_minutes() -> None:
    async def scene(here: DeliveryFixture) -> None:
        here.transport.before = always(DeliveryAction.RETRY)
        await here.open("Shop")
        for _ in range(120):
            await here.deliver(1)
        assert 12 <= len(here.transport.calls) <= 60
        for _ in range(120):
            await here.deliver(30)
        assert len(here.transport.calls) <= 60 + 120
        before = len(here.transport.calls)
        await here.deliver(300)
        assert len(here.transport.calls) == before + 1

    play(scene)


def test_a_long_rate_limit_in_one_channel_leaves_the_others_alone() -> None:
    async def scene(here: DeliveryFixture) -> None:
        here.transport.before = in_channel(CHANNEL, times(1, DeliveryAction.WAIT, after_s=1163))
        await here.open("a", CHANNEL)
        await here.open("b", CHANNEL + 1)
        assert await here.deliver() == 1
        assert await here.deliver(1162) == 0
        assert len(here.transport.calls) == 2
        assert await here.deliver(1) == 1

    play(scene)


def test_a_rate_limit_on_edits_does_not_delay_openings() -> None:
    async def scene(here: DeliveryFixture) -> None:
        first = await here.open("a")
        await here.deliver()
        here.transport.before = only("edit", times(1, DeliveryAction.WAIT, after_s=1163))
        await here.change(first, urgent=True)
        assert await here.deliver() == 0
        await here.open("b")
        assert await here.deliver() == 1
        assert await here.deliver(1100) == 0
        assert await here.deliver(63) == 1
        assert here.transport.of()[0].edits == 1

    play(scene)


def test_an_edge_that_refuses_us_stops_everything_for_ten_minutes_then_twenty() -> None:
    async def scene(here: DeliveryFixture) -> None:
        here.transport.before = times(2, DeliveryAction.HALT)
        await here.open("a", CHANNEL)
        await here.open("b", CHANNEL + 1)
        await here.deliver()
        assert len(here.transport.calls) == 1
        await here.deliver(599)
        assert len(here.transport.calls) == 1
        await here.deliver(1)
        assert len(here.transport.calls) == 2
        await here.deliver(1199)
        assert len(here.transport.calls) == 2
        assert await here.deliver(1) == 2

    play(scene)


def test_when_discord_is_down_one_message_at_a_time_is_tried_and_then_all_go() -> None:
    async def scene(here: DeliveryFixture) -> None:
        here.transport.before = always(DeliveryAction.RETRY)
        for number in range(20):
            await here.open(f"site {number}", CHANNEL + number)
        await here.deliver()
        assert len(here.transport.calls) == 5
        await here.deliver(9)
        assert len(here.transport.calls) == 5
        await here.deliver(1)
        assert len(here.transport.calls) == 6
        for _ in range(11):
            await here.deliver(10)
        assert len(here.transport.calls) == 17
        await here.deliver(29)
        assert len(here.transport.calls) == 17
        here.transport.before = lambda _: None
        assert await here.deliver(1) == 20

    play(scene)


def test_trouble_in_two_channels_is_not_discord_being_down() -> None:
    async def scene(here: DeliveryFixture) -> None:
        here.transport.before = lambda call: (
            DeliveryError("x", DeliveryAction.RETRY) if call.channel_id < CHANNEL + 2 else None
        )
        await here.open("a", CHANNEL)
        await here.open("b", CHANNEL + 1)
        for _ in range(20):
            await here.deliver(5)
        assert not here.delivery.throttle.breaker.down
        await here.open("c", CHANNEL + 2)
        await here.deliver()
        assert len(here.transport.of(CHANNEL + 2)) == 1

    play(scene)


@pytest.mark.parametrize("action", [DeliveryAction.CHANNEL_GONE, DeliveryAction.CHANNEL_BLOCKED])
def test_a_channel_the_gateway_knows_nothing_of_is_left_alone_after_the_second_refusal(
    action: DeliveryAction,
) -> None:
    async def scene(here: DeliveryFixture) -> None:
        here.transport.rights[CHANNEL] = ChannelAccess()
        here.transport.before = always(action)
        await here.open("a")
        await here.deliver()
        assert (await here.delivery.problems(GUILD)).channels == ()
        await here.deliver(1)
        assert len((await here.delivery.problems(GUILD)).channels) == 1
        await here.open("b")
        for _ in range(5):
            await here.deliver(HOUR)
        assert len(here.transport.calls) == 2
        await here.deliver(HOUR)
        assert len(here.transport.calls) == 3
        here.restart()
        await here.deliver()
        assert len(here.transport.calls) == 3

    play(scene)


@pytest.mark.parametrize(
    "action", [DeliveryAction.CHANNEL_GONE, DeliveryAction.CHANNEL_BLOCKED, DeliveryAction.TOKEN]
)
def test_while_the_gateway_shows_channel_and_rights_refusals_are_not_believed_for_ten_minutes(
    action: DeliveryAction,
) -> None:
    async def scene(here: DeliveryFixture) -> None:
        here.transport.rights[CHANNEL] = ChannelAccess(allowed=True)
        here.transport.before = lambda call: (
            DeliveryError("no", action, status=401) if call.action == "post" else None
        )
        await here.open("a")
        for _ in range(120):
            await here.deliver(1)
        assert 12 <= len(here.transport.calls) <= 60
        for _ in range(47):
            await here.deliver(10)
        assert (await here.delivery.problems(GUILD)).channels == ()
        assert ("notice", "pending") not in await here.rows()
        assert here.refused == []
        for _ in range(12):
            await here.deliver(30)
        assert len((await here.delivery.problems(GUILD)).channels) == 1

    play(scene)


def test_one_refusal_of_a_channel_that_the_gateway_shows_delays_its_alert_by_a_second() -> None:
    async def scene(here: DeliveryFixture) -> None:
        here.transport.rights[CHANNEL] = ChannelAccess(allowed=True)
        here.transport.before = times(1, DeliveryAction.CHANNEL_GONE)
        await here.open("a")
        assert await here.deliver() == 0
        assert await here.deliver(1) == 1
        assert await here.rows() == [("open", "sent")]

    play(scene)


def test_after_a_timeout_of_the_bot_the_channel_is_tried_at_once_though_no_event_comes() -> None:
    async def scene(here: DeliveryFixture) -> None:
        until_ms = here.clock.now_ms() + 60_000
        here.transport.rights[CHANNEL] = ChannelAccess(allowed=False, until_ms=until_ms)
        here.transport.before = times(1, DeliveryAction.CHANNEL_BLOCKED)
        await here.open("a")
        await here.deliver()
        here.transport.rights[CHANNEL] = ChannelAccess(allowed=True)
        assert await here.deliver(59) == 0
        assert await here.deliver(1) == 1

    play(scene)


def test_a_parked_channel_is_not_tried_while_the_gateway_says_no() -> None:
    async def scene(here: DeliveryFixture) -> None:
        here.transport.before = always(DeliveryAction.CHANNEL_BLOCKED)
        await here.open("a")
        await here.deliver()
        for _ in range(60):
            await here.delivery.rights_changed(GUILD)
            await here.deliver(1)
        await here.deliver(7 * HOUR)
        assert here.transport.count("post") == 1
        here.restart()
        await here.deliver(7 * HOUR)
        assert here.transport.count("post") == 1

    play(scene)


@pytest.mark.parametrize("knows", [ChannelAccess(allowed=True), ChannelAccess(), None])
def test_fifty_refused_channels_and_a_role_toggled_each_second_cost_few_requests(
    knows: ChannelAccess | None,
) -> None:
    """None: the gateway takes turns: allowed, refused …"""

    async def scene(here: DeliveryFixture) -> None:
        here.transport.before = always(DeliveryAction.CHANNEL_BLOCKED)
        for number in range(50):
            await here.open(f"site {number}", CHANNEL + number)
        for second in range(600):
            allowed = second % 2 == 0
            for number in range(50):
                here.transport.rights[CHANNEL + number] = knows or ChannelAccess(allowed=allowed)
            await here.delivery.rights_changed(GUILD)
            await here.deliver(1)
        posts = [call for call in here.transport.calls if call.channel_id < 10_000]
        assert 50 <= len(posts) < 200
        tried = {call.channel_id for call in posts[60:]}
        assert len(tried) >= 45  # in turn

    play(scene)


def test_a_thousand_invalid_requests_end_all_retries_and_the_doctor_hears_of_it() -> None:
    async def scene(here: DeliveryFixture) -> None:
        here.transport.rights[CHANNEL] = ChannelAccess(allowed=True)
        here.transport.before = in_channel(CHANNEL, always(DeliveryAction.CHANNEL_BLOCKED))
        await here.open("a")
        await here.deliver()
        for _ in range(1000):
            here.delivery.invalid_request()
        await here.open("b", CHANNEL + 1)
        await here.deliver(599)
        assert (here.transport.count("post"), here.transport.count("post", CHANNEL + 1)) == (1, 1)
        held_ms = (await here.delivery.problems(GUILD)).held_ms
        assert held_ms is not None
        assert held_ms - here.clock.now_ms() == 1000
        await here.deliver(1)
        assert here.transport.count("post") == 2
        assert (await here.delivery.problems(GUILD)).held_ms is None

    play(scene)


def test_a_permission_that_comes_back_wakes_a_parked_channel_and_nothing_is_lost() -> None:
    async def scene(here: DeliveryFixture) -> None:
        here.transport.before = times(1, DeliveryAction.CHANNEL_BLOCKED)
        gone = await here.open("a")
        await here.open("b")
        await here.deliver()
        await here.close(gone)
        assert await here.deliver() == 0
        here.transport.allow()
        await here.delivery.rights_changed(GUILD, [CHANNEL])
        assert await here.deliver() == 2
        assert [text[:8] for text in here.transport.texts()] == ["🔴 DOWN ·", "🟢 UP · a"[:8]]

    play(scene)


def test_a_refused_message_is_sent_once_more_as_a_short_line_and_then_gets_its_card() -> None:
    async def scene(here: DeliveryFixture) -> None:
        here.transport.before = times(1, DeliveryAction.REFUSED)
        await here.open("Shop")
        assert await here.deliver() == 2
        rich, plain, again = here.transport.calls
        assert (rich.alert.plain, plain.alert.plain) == (False, True)
        assert rich.nonce == plain.nonce
        assert len(plain.alert.content) <= 500
        assert again.action == "edit"
        assert len(here.transport.of()) == 1

    play(scene)


def test_a_message_refused_twice_is_dead_and_holds_nothing_up() -> None:
    async def scene(here: DeliveryFixture) -> None:
        here.transport.before = times(2, DeliveryAction.REFUSED)
        bad = await here.open("bad")
        await here.deliver()
        await here.change(bad, urgent=True)
        assert await here.rows() == [("open", "dead")]
        await here.open("good")
        await here.close(bad)
        assert await here.deliver() == 2
        assert [message.reply_to for message in here.transport.of()] == [None, None]

    play(scene)


def test_a_refused_token_stops_everything_and_says_the_supervisor() -> None:
    async def scene(here: DeliveryFixture) -> None:
        here.transport.before = always(DeliveryAction.TOKEN)
        await here.open("a", CHANNEL)
        await here.open("b", CHANNEL + 1)
        await here.deliver()
        assert await here.deliver(HOUR) == 0
        assert len(here.transport.calls) == 1
        assert [error.action for error in here.refused] == [DeliveryAction.TOKEN]
        assert set(await here.rows()) == {("open", "pending")}

    play(scene)


def test_a_bug_of_ours_in_one_channel_is_logged_and_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scene(here: DeliveryFixture) -> None:
        bugs = [KeyError("title"), KeyError("title")]
        here.transport.before = in_channel(CHANNEL, lambda _: bugs.pop() if bugs else None)
        await here.open("a", CHANNEL)
        await here.open("b", CHANNEL + 1)
        with caplog.at_level(logging.ERROR):
            assert await here.deliver() == 1
        assert "KeyError" in caplog.text
        for _ in range(3):
            await here.deliver(10)
        assert len(here.transport.of()) == 1
        assert not here.delivery.throttle.breaker.down

    play(scene)


def test_without_a_transport_nothing_is_claimed() -> None:
    async def scene(here: DeliveryFixture) -> None:
        await here.open("a")
        here.restart()._transport = None
        assert await here.deliver() == 0
        assert await here.rows() == [("open", "pending")]
        here.delivery.attach(here.transport)
        assert await here.deliver() == 1

    play(scene)


def test_a_blind_note_is_one_post_that_says_from_when_to_when() -> None:
    async def scene(here: DeliveryFixture) -> None:
        now_ms = here.clock.now_ms()
        note = enqueue.offline_notice(now_ms - 720_000, now_ms)
        assert note.seconds == 720
        await here.db.write(lambda conn: enqueue.notice(conn, GUILD, CHANNEL, note, now_ms))
        assert await here.deliver() == 1
        [message] = here.transport.of()
        assert message.alert.kind == "blind"
        assert message.alert.content == "⚪ BLIND · I was offline for 12 min"
        assert message.alert.incidents == ()
        begin, end = now_ms // 1000 - 720, now_ms // 1000
        assert message.alert.note == (
            f"I could not see anything from <t:{begin}:t> to <t:{end}:t>;"
            " outages in that time are unknown."
        )

    play(scene)


def test_a_note_that_discord_takes_no_embed_of_is_its_line_alone() -> None:
    async def scene(here: DeliveryFixture) -> None:
        now_ms = here.clock.now_ms()
        note = enqueue.offline_notice(now_ms - 720_000, now_ms)
        await here.db.write(lambda conn: enqueue.notice(conn, GUILD, CHANNEL, note, now_ms))
        here.transport.before = lambda call: (
            DeliveryError("no embeds here", DeliveryAction.REFUSED) if call.alert.note else None
        )
        await here.deliver()
        assert here.transport.texts() == ["⚪ BLIND · I was offline for 12 min"]

    play(scene)


WARNED = "📜 CERTIFICATE · Shop · expires in 7 days"


def test_a_renewed_certificate_strikes_what_was_said_of_the_old_one() -> None:
    async def scene(here: DeliveryFixture) -> None:
        ends_ms, renewed_ms = here.clock.now_ms() + 7 * DAY_MS, here.clock.now_ms() + 90 * DAY_MS
        await here.db.write(partial(_put, _warning(ends_ms)))
        assert await here.deliver() == 1
        [message] = here.transport.of()
        assert message.alert.role_ids == (55,)
        assert f"<t:{ends_ms // 1000}:f>" in message.alert.note
        here.clock.forward(86_400)
        await here.db.write(partial(_renew, renewed_ms, here.clock.now_ms()))
        assert await here.deliver() == 1
        assert here.transport.of() == [message], "the same message, edited"
        assert message.alert.content == f"~~{WARNED}~~"
        assert list(message.alert.role_ids) == []
        assert message.alert.note == f"Renewed: valid until <t:{renewed_ms // 1000}:f>."
        assert await here.rows() == [("notice", "sent"), ("notice", "sent")]
        await here.db.write(partial(_renew, renewed_ms, here.clock.now_ms()))
        assert await here.deliver() == 1, "the warning says the newest date; its edit is no warning"

    play(scene)


def test_a_warning_that_was_not_sent_before_the_renewal_never_is() -> None:
    async def scene(here: DeliveryFixture) -> None:
        await here.db.write(partial(_put, _warning(here.clock.now_ms())))
        await here.db.write(partial(_renew, 1, here.clock.now_ms()))
        assert await here.deliver() == 0
        assert await here.rows() == [("notice", "superseded")]

    play(scene)


def test_a_warning_of_another_monitor_or_server_stays() -> None:
    async def scene(here: DeliveryFixture) -> None:
        await here.db.write(partial(_put, _warning(here.clock.now_ms())))
        for guild_id, monitor_id in ((GUILD, 8), (GUILD + 1, 7)):
            work = partial(
                enqueue.certificate_renewed,
                guild_id=guild_id,
                monitor_id=monitor_id,
                ends_ms=1,
                now_ms=1,
            )
            await here.db.write(work)
        assert await here.deliver() == 1
        assert here.transport.texts() == [WARNED]

    play(scene)


@pytest.mark.parametrize(
    "action",
    [DeliveryAction.MESSAGE_GONE, DeliveryAction.ARCHIVED, DeliveryAction.REFUSED],
)
def test_a_warning_that_can_be_edited_no_more_stops_nothing(action: DeliveryAction) -> None:
    async def scene(here: DeliveryFixture) -> None:
        await here.db.write(partial(_put, _warning(here.clock.now_ms())))
        assert await here.deliver() == 1
        here.transport.before = lambda call: (
            DeliveryError("no", action) if call.action == "edit" else None
        )
        await here.db.write(partial(_renew, 1, here.clock.now_ms()))
        await here.deliver()
        await here.db.write(partial(_put, Notice("notice", text="Hello")))
        await here.deliver()
        assert here.transport.texts() == [WARNED, "Hello"]

    play(scene)


def _warning(ends_ms: int) -> Notice:
    return Notice("certificate", name="Shop", days=7, until_ms=ends_ms, monitor_id=7, role_id=55)


def _renew(ends_ms: int, now_ms: int, conn: Connection) -> None:
    enqueue.certificate_renewed(conn, GUILD, 7, ends_ms, now_ms)


def test_other_notices_say_what_they_were_given() -> None:
    async def scene(here: DeliveryFixture) -> None:
        for notice in (
            Notice("certificate", name="Shop", days=7),
            Notice("notice", text="Hello there"),
        ):
            await here.db.write(partial(_put, notice))
        assert await here.deliver() == 2
        assert here.transport.texts() == [
            "📜 CERTIFICATE · Shop · expires in 7 days",
            "Hello there",
        ]
        assert [one.alert.kind for one in here.transport.of()] == ["certificate", "notice"]
        assert all(one.alert.plain for one in here.transport.of())

    play(scene)
