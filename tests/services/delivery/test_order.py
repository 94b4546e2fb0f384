"""Openings, edits, escalations and all-clears: what is sent, and in which order."""

from bot.errors import DeliveryAction
from bot.models import Ending, Kind
from tests.services.delivery.delivery_fixture import CHANNEL, DeliveryFixture, only, play, times


def test_an_opening_is_one_post_with_its_role() -> None:
    async def scene(here: DeliveryFixture) -> None:
        await here.open("Shop", role_id=7)
        assert await here.deliver() == 1
        [message] = here.transport.of()
        assert message.alert.content == "🔴 DOWN · Shop · HTTP 503 (3 of 3 checks)"
        assert message.alert.role_ids == (7,)
        assert not message.alert.plain
        assert not message.alert.silent
        assert await here.deliver() == 0

    play(scene)


def test_whom_a_message_called_it_names_at_every_edit() -> None:
    """Else people who were called find nothing that called them."""

    async def scene(here: DeliveryFixture) -> None:
        incident = await here.open("Shop", role_id=7)
        await here.deliver()
        await here.change(incident, urgent=True)
        await here.deliver()
        [message] = here.transport.of()
        assert (message.edits, message.alert.role_ids) == (1, (7,))
        await here.close(incident)
        await here.deliver()
        original, reply = here.transport.of()
        assert original.alert.content.startswith("🟢 RESOLVED · Shop")
        assert original.alert.role_ids == (7,)
        assert reply.alert.role_ids == ()

    play(scene)


def test_an_incident_without_an_alert_channel_queues_nothing() -> None:
    async def scene(here: DeliveryFixture) -> None:
        incident = await here.open("Shop", None)
        await here.change(incident, urgent=True)
        await here.escalate(incident)
        await here.close(incident)
        assert await here.rows() == []

    play(scene)


def test_a_recovery_edits_the_original_and_replies_once_silently() -> None:
    async def scene(here: DeliveryFixture) -> None:
        incident = await here.open("Shop")
        await here.deliver()
        here.clock.forward(600)
        await here.close(incident)
        assert await here.deliver() == 2
        original, reply = here.transport.of()
        assert [call.action for call in here.transport.calls] == ["post", "edit", "reply"]
        assert original.alert.content == "🟢 RESOLVED · Shop · lasted 11 min"
        assert original.alert.kind == "up"
        assert original.alert.delayed_ms is None
        assert not original.alert.plain
        assert reply.reply_to == original.id
        assert reply.alert.content == "🟢 UP · Shop · back after 11 min"
        assert reply.alert.silent
        assert reply.alert.plain
        assert [sent.action for sent in here.sent] == ["post", "edit", "reply"]

    play(scene)


def test_people_who_asked_are_mentioned_at_most_sixty_and_with_a_push() -> None:
    async def scene(here: DeliveryFixture) -> None:
        incident = await here.open("Shop")
        await here.deliver()
        await here.follow(incident, range(1000, 1070))
        await here.close(incident)
        await here.deliver()
        reply = here.transport.of()[-1]
        assert reply.alert.user_ids == tuple(range(1000, 1060))
        assert not reply.alert.silent

    play(scene)


def test_an_outage_that_ended_before_it_could_be_reported_is_one_late_post() -> None:
    async def scene(here: DeliveryFixture) -> None:
        incident = await here.open("Shop", role_id=7)
        begun = here.clock.now_ms()
        here.transport.before = times(1, DeliveryAction.WAIT, after_s=300)
        assert await here.deliver() == 0
        here.clock.forward(240)
        await here.close(incident)
        assert await here.deliver(60) == 1
        [message] = here.transport.of()
        assert message.reply_to is None
        assert message.alert.content == "🟢 UP · Shop · back after 5 min"
        assert message.alert.delayed_ms == (begun, here.clock.now_ms())
        assert message.alert.role_ids == ()
        assert await here.rows() == [("open", "superseded"), ("close", "sent")]

    play(scene)


def test_an_outage_that_ended_while_it_waited_for_company_is_not_called_late() -> None:
    async def scene(here: DeliveryFixture) -> None:
        incident = await here.open("Shop", wait_s=60)
        here.clock.forward(5)
        await here.close(incident)
        assert await here.deliver() == 1
        assert here.transport.of()[0].alert.delayed_ms is None

    play(scene)


def test_an_opening_sent_ten_minutes_late_says_so_and_says_the_present() -> None:
    async def scene(here: DeliveryFixture) -> None:
        incident = await here.open("Shop")
        begun = here.clock.now_ms()
        here.transport.before = times(1, DeliveryAction.WAIT, after_s=600)
        await here.deliver()
        await here.change(incident, urgent=True, kind=Kind.UNSTABLE)
        await here.deliver(600)
        [message] = here.transport.of()
        assert message.alert.kind == "unstable"
        assert message.alert.content == "🟡 UNSTABLE · Shop · about 1 in 4 tries gets through"
        assert message.alert.delayed_ms == (begun, here.clock.now_ms())
        assert here.transport.count("edit") == 0

    play(scene)


def test_a_removed_monitor_is_edited_without_a_reply_and_its_unsent_opening_is_dropped() -> None:
    async def scene(here: DeliveryFixture) -> None:
        reported = await here.open("Shop")
        await here.deliver()
        unsent = await here.open("Blog", wait_s=60)
        await here.close(reported, unsent, announce=False, ending=Ending.REMOVED)
        await here.deliver(120)
        [message] = here.transport.of()
        assert message.alert.content == "⚪ NO LONGER WATCHED · Shop"
        assert await here.rows() == [("open", "sent"), ("open", "superseded")]

    play(scene)


def test_an_incident_that_was_never_announced_is_never_closed() -> None:
    async def scene(here: DeliveryFixture) -> None:
        muted = await here.insert("Shop")
        await here.close(muted)
        assert await here.deliver() == 0
        assert await here.rows() == []

    play(scene)


def test_what_was_given_up_before_it_was_reported_is_never_spoken_of_again() -> None:
    async def scene(here: DeliveryFixture) -> None:
        removed = await here.open("Shop", wait_s=60)
        await here.close(removed, announce=False, ending=Ending.REMOVED)
        await here.escalate(removed)
        await here.close(removed)
        assert await here.rows() == [("open", "superseded")]

    play(scene)


def test_now_down_for_good_is_one_reply_and_an_edit() -> None:
    async def scene(here: DeliveryFixture) -> None:
        incident = await here.open("Shop", kind=Kind.UNSTABLE, role_id=7)
        await here.deliver()
        await here.escalate(incident)
        await here.escalate(incident)
        assert await here.deliver() == 2
        original, reply = here.transport.of()
        assert original.alert.kind == "down"
        assert reply.alert.content == "🔴 DOWN · Shop · completely down now: HTTP 503"
        assert reply.alert.plain
        assert reply.alert.kind == "down"
        assert reply.reply_to == original.id
        assert reply.alert.role_ids == ()

    play(scene)


def test_an_escalation_before_its_opening_was_sent_is_reported_by_the_opening() -> None:
    async def scene(here: DeliveryFixture) -> None:
        incident = await here.open("Shop", kind=Kind.UNSTABLE, wait_s=60)
        await here.escalate(incident)
        assert await here.deliver() == 0
        assert await here.deliver(60) == 1
        assert here.transport.of()[0].alert.kind == "down"
        assert await here.rows() == [("open", "sent"), ("escalate", "superseded")]

    play(scene)


def test_an_escalation_whose_incident_is_over_is_not_sent() -> None:
    async def scene(here: DeliveryFixture) -> None:
        incident = await here.open("Shop", kind=Kind.UNSTABLE)
        await here.deliver()
        await here.escalate(incident)
        await here.close(incident)
        await here.deliver()
        assert [message.alert.kind for message in here.transport.of()] == ["up", "up"]

    play(scene)


def test_edits_of_numbers_are_thirty_seconds_apart_and_only_the_last_is_sent() -> None:
    async def scene(here: DeliveryFixture) -> None:
        incident = await here.open("Shop")
        await here.deliver()
        for _ in range(5):
            here.clock.forward(5)
            await here.change(incident, urgent=False)
            await here.deliver()
        assert here.transport.count("edit") == 0
        await here.deliver(5)
        assert here.transport.count("edit") == 1
        assert here.transport.of()[0].alert.content == "🔴 DOWN · Shop · HTTP 503 (8 of 8 checks)"
        await here.change(incident, urgent=False)
        assert await here.deliver(29) == 0
        assert await here.deliver(1) == 1

    play(scene)


def test_an_edit_that_changes_the_state_word_goes_at_once_and_takes_the_numbers_along() -> None:
    async def scene(here: DeliveryFixture) -> None:
        incident = await here.open("Shop")
        await here.deliver()
        await here.change(incident, urgent=False)
        await here.change(incident, urgent=True, kind=Kind.UNSTABLE)
        await here.change(incident, urgent=False)
        assert await here.deliver() == 1
        assert here.transport.of()[0].alert.kind == "unstable"
        assert await here.deliver(60) == 0

    play(scene)


def test_an_all_clear_goes_before_the_edit_of_numbers() -> None:
    async def scene(here: DeliveryFixture) -> None:
        first = await here.open("a")
        await here.deliver()
        second = await here.open("b")
        await here.deliver(30)
        await here.change(first, urgent=False)
        await here.close(second)
        assert await here.deliver() == 3
        one, two, _ = here.transport.of()
        assert [call.message_id for call in here.transport.calls[2:]] == [two.id, None, one.id]

    play(scene)


def test_a_monitor_that_is_removed_while_its_alert_is_in_doubt_is_edited_all_the_same() -> None:
    async def scene(here: DeliveryFixture) -> None:
        incident = await here.open("Shop")
        here.transport.after = times(1, DeliveryAction.RETRY)
        await here.deliver()
        await here.close(incident, announce=False, ending=Ending.REMOVED)
        await here.deliver(10)
        assert here.transport.texts() == ["⚪ NO LONGER WATCHED · Shop"]

    play(scene)


def test_an_edit_of_a_message_that_is_not_sent_yet_is_none() -> None:
    async def scene(here: DeliveryFixture) -> None:
        incident = await here.open("Shop", wait_s=60)
        await here.change(incident, urgent=True)
        assert await here.rows() == [("open", "pending")]
        await here.deliver(60)
        assert here.transport.count("edit") == 0

    play(scene)


def test_a_change_while_the_message_is_on_its_way_is_edited_in_afterwards() -> None:
    async def scene(here: DeliveryFixture) -> None:
        incident = await here.open("Shop")
        here.transport.after = only("post", times(1, DeliveryAction.RETRY))
        assert await here.deliver() == 0
        await here.change(incident, urgent=True, kind=Kind.UNSTABLE)
        await here.deliver(10)
        [message] = here.transport.of()
        assert message.alert.kind == "unstable"
        assert message.edits == 1

    play(scene)


def test_a_message_that_a_human_deleted_is_not_posted_again_and_its_reply_stands_alone() -> None:
    async def scene(here: DeliveryFixture) -> None:
        incident = await here.open("Shop")
        await here.deliver()
        here.transport.messages.clear()
        await here.change(incident, urgent=True)
        await here.deliver()
        await here.change(incident, urgent=True)
        await here.close(incident)
        await here.deliver(60)
        assert here.transport.count("edit") == 1
        [reply] = here.transport.of()
        assert reply.reply_to is None
        assert reply.alert.content.startswith("🟢 UP · Shop")

    play(scene)


def test_a_message_deleted_between_a_lost_answer_and_the_retry_counts_as_sent() -> None:
    async def scene(here: DeliveryFixture) -> None:
        incident = await here.open("Shop")
        here.transport.after = times(1, DeliveryAction.RETRY)
        await here.deliver()
        await here.change(incident, urgent=True)
        here.transport.messages.clear()
        await here.deliver(10)
        assert here.transport.of() == []
        await here.change(incident, urgent=True)
        assert await here.rows() == [("open", "sent")]
        await here.close(incident)
        await here.deliver(60)
        assert [message.reply_to for message in here.transport.of(CHANNEL)] == [None]

    play(scene)
