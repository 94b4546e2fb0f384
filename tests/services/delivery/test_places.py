"""Where a server is reported when its alert channel is lost, and how that channel comes back."""

from bot.db import guilds, stats
from bot.db.database import Connection
from bot.errors import DeliveryAction, DeliveryError
from bot.models import GuildSettings
from bot.services.delivery import enqueue
from bot.services.delivery.messages import ContactPoints, Notice
from tests.services.delivery.delivery_fixture import (
    CHANNEL,
    GUILD,
    PRIVATE,
    Call,
    DeliveryFixture,
    Trouble,
    in_channel,
    only,
    play,
    times,
)

SECOND, SYSTEM, CHOOSER, OWNER = 150, 160, 7, 8
HOUR, DAY = 3600, 86_400


async def _settle(
    here: DeliveryFixture, *, second: int | None = SECOND, chooser: int | None = CHOOSER
) -> None:
    settings = GuildSettings(GUILD, channel_id=CHANNEL, fallback_channel_id=second, set_by=chooser)
    await here.db.write(lambda conn: guilds.save(conn, settings))
    here.transport.known_contact_points[GUILD] = ContactPoints("Harbour", SYSTEM, OWNER)


def _refused_by(*places: int, action: DeliveryAction = DeliveryAction.CHANNEL_BLOCKED) -> Trouble:
    return lambda call: (
        DeliveryError("no", action) if call.channel_id in places and call.action != "edit" else None
    )


def _reported(here: DeliveryFixture) -> list[int]:
    """The channels in which a notice arrived."""
    return [
        one.channel_id for one in here.transport.messages.values() if one.alert.kind == "notice"
    ]


def test_a_lost_channel_is_reported_of_in_the_first_place_that_takes_it() -> None:
    async def scene(here: DeliveryFixture) -> None:
        await _settle(here)
        lost: list[int] = []
        for broken in (CHANNEL, SECOND, SYSTEM, CHOOSER, OWNER):
            lost.append(broken if broken >= CHANNEL else PRIVATE + broken)
            here.transport.before = _refused_by(*lost, *range(CHANNEL, CHANNEL + 10))
            await here.open(f"after {broken}", CHANNEL + len(lost))
            await here.deliver(DAY)
        named = {
            one.channel_id: one.alert.content.startswith("Harbour · 🔕 NOT HEARD")
            for one in here.transport.messages.values()
            if one.alert.kind == "notice"
        }
        places = [SECOND, SYSTEM, PRIVATE + CHOOSER, PRIVATE + OWNER]
        assert list(named.items()) == list(zip(places, [False, False, True, True], strict=True))
        assert (await here.delivery.problems(GUILD)).unreachable_ms == here.clock.now_ms()

    play(scene)


def test_a_place_is_asked_for_only_when_the_ones_before_refused() -> None:
    async def scene(here: DeliveryFixture) -> None:
        await _settle(here)
        here.transport.before = in_channel(CHANNEL, times(1, DeliveryAction.CHANNEL_BLOCKED))
        await here.open("a")
        await here.deliver()
        assert _reported(here) == [SECOND]
        assert here.transport.count("private", CHOOSER) == 0
        assert here.transport.of(SYSTEM) == []

    play(scene)


def test_no_place_is_tried_twice() -> None:
    async def scene(here: DeliveryFixture) -> None:
        await _settle(here, chooser=OWNER)
        here.transport.known_contact_points[GUILD] = ContactPoints("Harbour", SECOND, OWNER)
        here.transport.before = _refused_by(CHANNEL, SECOND, PRIVATE + OWNER)
        await here.open("a")
        await here.deliver()
        notices = [call for call in here.transport.calls if call.alert.kind == "notice"]
        of_first = [call.channel_id for call in notices if f"<#{CHANNEL}>" in call.alert.content]
        assert of_first == [SECOND, PRIVATE + OWNER]
        of_second = [call.channel_id for call in notices if f"<#{SECOND}>" in call.alert.content]
        assert of_second == [PRIVATE + OWNER], "it was lost as well, meanwhile"
        assert here.transport.count("private", OWNER) == 2

    play(scene)


def test_the_lost_channel_itself_is_not_reported() -> None:
    async def scene(here: DeliveryFixture) -> None:
        await _settle(here, second=None)
        here.transport.known_contact_points[GUILD] = ContactPoints("Harbour", CHANNEL, OWNER)
        here.transport.before = in_channel(CHANNEL, times(1, DeliveryAction.CHANNEL_BLOCKED))
        await here.open("a")
        await here.deliver()
        assert here.transport.count("post", CHANNEL) == 1
        assert _reported(here) == [PRIVATE + CHOOSER]

    play(scene)


def test_whom_a_notice_concerns_is_reported_before_who_chose_the_channel() -> None:
    async def scene(here: DeliveryFixture) -> None:
        await _settle(here, second=None)
        here.transport.known_contact_points[GUILD] = ContactPoints(None, None, OWNER)
        notice = Notice("notice", text="It did not work.", user_id=9)
        await here.db.write(lambda conn: enqueue.notice(conn, GUILD, -GUILD, notice, 0))
        assert await here.deliver() == 1
        assert here.transport.texts(PRIVATE + 9) == ["It did not work."]

    play(scene)


def test_a_server_without_settings_is_reported_through_its_owner() -> None:
    async def scene(here: DeliveryFixture) -> None:
        here.transport.known_contact_points[GUILD] = ContactPoints("Harbour", None, OWNER)
        here.transport.before = _refused_by(CHANNEL)
        await here.open("a")
        await here.deliver()
        assert _reported(here) == [PRIVATE + OWNER]

    play(scene)


def test_a_place_that_is_only_away_is_waited_for_and_reported_once() -> None:
    async def scene(here: DeliveryFixture) -> None:
        await _settle(here, second=None)
        blocked = _refused_by(CHANNEL, SYSTEM)
        away = only("private", times(1, DeliveryAction.RETRY))
        here.transport.before = lambda call: blocked(call) or away(call)
        await here.open("a")
        await here.deliver()
        assert _reported(here) == []
        here.transport.after = in_channel(PRIVATE + CHOOSER, times(1, DeliveryAction.RETRY))
        await here.deliver(10)
        await here.deliver(10)
        assert _reported(here) == [PRIVATE + CHOOSER]

    play(scene)


def test_who_takes_no_private_messages_is_passed_over() -> None:
    async def scene(here: DeliveryFixture) -> None:
        def refuse(call: Call) -> Exception | None:
            closed = call.action == "private" and call.channel_id == CHOOSER
            return DeliveryError("no", DeliveryAction.CHANNEL_GONE) if closed else blocked(call)

        blocked = _refused_by(CHANNEL, SYSTEM)
        await _settle(here, second=None)
        here.transport.before = refuse
        await here.open("a")
        await here.deliver()
        assert _reported(here) == [PRIVATE + OWNER]

    play(scene)


def test_of_each_lost_channel_a_server_hears_once_a_day_and_what_it_misses() -> None:
    async def scene(here: DeliveryFixture) -> None:
        await _settle(here, second=None)
        here.transport.before = _refused_by(*range(CHANNEL, CHANNEL + 10))
        await here.open("a", CHANNEL)
        await here.deliver()
        assert _reported(here) == [SYSTEM]
        notice = here.transport.of(SYSTEM)[0].alert
        assert notice.content.startswith("🔕 NOT HEARD · I can no longer post in <#100>.")
        assert notice.content.endswith("In trouble now: a")
        assert notice.plain
        await here.open("a2", CHANNEL)
        await here.deliver(DAY - 1)
        assert _reported(here) == [SYSTEM], "of this one it knows"
        await here.open("b", CHANNEL + 1)
        await here.deliver()
        second = here.transport.of(SYSTEM)[1].alert.content
        assert second.startswith("🔕 NOT HEARD · I can no longer post in <#101>.")
        assert second.endswith("In trouble now: b")
        await here.deliver(DAY // 2)
        assert len(_reported(here)) == 3, "the day after it hears of the first one again"

    play(scene)


def test_a_server_that_loses_all_its_channels_at_once_is_not_flooded() -> None:
    async def scene(here: DeliveryFixture) -> None:
        await _settle(here, second=None)
        here.transport.before = _refused_by(*range(CHANNEL, CHANNEL + 10))
        for number in range(10):
            await here.open(f"site {number}", CHANNEL + number)
        await here.deliver()
        assert _reported(here) == [SYSTEM] * 5
        await here.deliver(3600)
        assert _reported(here) == [SYSTEM] * 5

    play(scene)


def test_a_server_that_heard_nothing_is_heard_of_again_with_the_first_message() -> None:
    async def scene(here: DeliveryFixture) -> None:
        here.transport.before = _refused_by(CHANNEL)
        await here.open("a")
        await here.deliver()
        begun = here.clock.now_ms()
        await here.open("b", CHANNEL + 1)
        assert (await here.delivery.problems(GUILD)).unreachable_ms == begun
        await here.deliver(1)
        assert (await here.delivery.problems(GUILD)).unreachable_ms is None
        assert ("notice", "dead") in await here.rows()

    play(scene)


def test_a_notice_that_reaches_nobody_is_given_up_and_the_outbox_says_why() -> None:
    async def scene(here: DeliveryFixture) -> None:
        now_ms = here.clock.now_ms()
        notice = Notice("notice", text="Hello")
        await here.db.write(lambda conn: enqueue.notice(conn, GUILD, -GUILD, notice, now_ms))
        await here.deliver()
        seen = await here.db.read(lambda conn: stats.outbox(conn, GUILD, now_ms))
        assert (seen.dead, seen.error) == (1, "nobody of the server can be reached")

    play(scene)


def test_while_a_channel_is_lost_its_alerts_go_to_the_second_one_with_their_ends() -> None:
    async def scene(here: DeliveryFixture) -> None:
        await _settle(here)
        here.transport.before = in_channel(CHANNEL, times(1, DeliveryAction.CHANNEL_GONE))
        first = await here.open("a")
        await here.deliver()
        second = await here.open("b")
        await here.close(first, second)
        await here.deliver()
        assert sorted(text.split(" · ")[0] for text in here.transport.texts(SECOND)) == [
            "🔕 NOT HEARD",
            "🟢 RESOLVED",
            "🟢 UP",
            "🟢 UP",
        ]
        assert here.transport.of(CHANNEL) == []
        [parked] = (await here.delivery.problems(GUILD)).channels
        assert parked.channel_id == CHANNEL
        assert parked.until_ms - parked.since_ms == 6 * HOUR * 1000

    play(scene)


def test_a_channel_that_takes_alerts_again_after_six_hours_is_no_trouble_any_more() -> None:
    async def scene(here: DeliveryFixture) -> None:
        await _settle(here, second=None)
        here.transport.before = in_channel(CHANNEL, times(1, DeliveryAction.CHANNEL_BLOCKED))
        await here.open("a")
        await here.deliver()
        assert _reported(here) == [SYSTEM]
        here.transport.allow()  # and no event says of it
        assert await here.deliver(6 * HOUR - 1) == 0
        assert await here.deliver(1) == 1
        assert here.transport.texts(CHANNEL)[0].startswith("🔴 DOWN · a")
        assert (await here.delivery.problems(GUILD)).channels == ()

    play(scene)


def test_a_deletion_that_discord_says_of_matters_only_where_alerts_go() -> None:
    async def scene(here: DeliveryFixture) -> None:
        await _settle(here)
        await here.delivery.channel_deleted(GUILD, CHANNEL + 1)
        assert await here.rows() == []
        await here.delivery.channel_deleted(GUILD, CHANNEL)
        await here.deliver()
        await here.open("a")
        await here.deliver()
        assert here.transport.count("post", CHANNEL) == 0
        assert here.transport.texts(SECOND)[0].startswith("🔕 NOT HEARD · <#100> is gone")
        assert here.transport.texts(SECOND)[1].startswith("🔴 DOWN · a")

    play(scene)


def test_what_was_reported_in_a_channel_that_is_lost_since_is_not_reported_in_the_second_one() -> (
    None
):
    async def scene(here: DeliveryFixture) -> None:
        await _settle(here)
        incident = await here.open("a")
        await here.deliver()
        await here.delivery.channel_deleted(GUILD, CHANNEL)
        await here.db.write(lambda conn: enqueue.opening(conn, incident, 0, wait_s=0))
        await here.deliver()
        assert [kind for kind, _ in await here.rows()] == ["open", "notice"]

    play(scene)


def test_a_channel_that_was_chosen_gets_what_lost_ones_were_never_reported() -> None:
    async def scene(here: DeliveryFixture) -> None:
        here.transport.before = times(1, DeliveryAction.CHANNEL_GONE)
        await here.open("a")
        await here.deliver()
        await here.delivery.channel_chosen(GUILD, SECOND)
        await here.deliver()
        assert here.transport.texts(SECOND)[0].startswith("🔴 DOWN · a")

    play(scene)


def test_a_lost_channel_that_is_chosen_again_is_tried_at_once() -> None:
    async def scene(here: DeliveryFixture) -> None:
        here.transport.before = times(1, DeliveryAction.CHANNEL_BLOCKED)
        await here.open("a")
        await here.deliver()
        here.transport.allow()
        await here.delivery.channel_chosen(GUILD, CHANNEL)
        assert await here.deliver() == 1

    play(scene)


def test_a_server_that_vigie_is_in_again_is_tried_at_once() -> None:
    async def scene(here: DeliveryFixture) -> None:
        here.transport.before = times(1, DeliveryAction.CHANNEL_BLOCKED)
        await here.open("a")
        await here.deliver()
        await here.delivery.rights_changed(GUILD + 1)
        assert here.transport.of() == []
        await here.deliver()
        assert here.transport.of() == []
        here.transport.allow()
        await here.delivery.rights_changed(GUILD)
        assert await here.deliver() == 1
        assert (await here.delivery.problems(GUILD)).channels == ()

    play(scene)


def test_the_work_of_a_server_that_vigie_left_rests() -> None:
    async def scene(here: DeliveryFixture) -> None:
        await here.open("a")

        def leave(conn: Connection) -> None:
            guilds.mark_left(conn, GUILD, here.clock.now_ms())

        await here.db.write(leave)
        assert await here.deliver() == 0
        assert await here.rows() == [("open", "pending")]

    play(scene)
