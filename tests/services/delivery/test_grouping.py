"""Who shares a message with whom."""

import pytest

from bot.errors import DeliveryAction, DeliveryError
from bot.models import Incident, Kind
from tests.services.delivery.delivery_fixture import (
    CHANNEL,
    Call,
    DeliveryFixture,
    only,
    play,
    times,
)


async def _three(here: DeliveryFixture, role_id: int | None = 7) -> list[Incident]:
    three = [await here.open(name, role_id=role_id) for name in ("a", "b", "c")]
    await here.deliver()
    return three


def test_openings_due_together_share_a_post_and_each_role_is_called_once() -> None:
    async def scene(here: DeliveryFixture) -> None:
        for name, role in (("a", 7), ("b", 8), ("c", 7)):
            await here.open(name, role_id=role)
        assert await here.deliver() == 1
        [message] = here.transport.of()
        assert message.alert.content == "🔴 3 down: a, b, c"
        assert [one.name for one in message.alert.incidents] == ["a", "b", "c"]
        assert message.alert.role_ids == (7, 8)

    play(scene)


def test_waiting_openings_go_with_the_first_that_is_due() -> None:
    async def scene(here: DeliveryFixture) -> None:
        await here.open("a", wait_s=60)
        here.clock.forward(40)
        await here.open("b", wait_s=60)
        assert await here.deliver(19) == 0
        assert await here.deliver(1) == 1
        assert len(here.transport.of()[0].alert.incidents) == 2

    play(scene)


def test_a_latecomer_to_a_list_joins_it_by_an_edit() -> None:
    async def scene(here: DeliveryFixture) -> None:
        await _three(here)
        here.clock.forward(300)
        await here.open("d", role_id=7, wait_s=60)
        assert await here.deliver() == 0
        assert await here.deliver(60) == 1
        [message] = here.transport.of()
        assert [one.name for one in message.alert.incidents] == ["a", "b", "c", "d"]
        assert message.alert.content == "🔴 4 down: a, b, c, d"
        assert message.alert.role_ids == (7,), "it stays in the line, and an edit calls nobody"
        assert set(await here.rows()) == {("open", "sent")}

    play(scene)


def test_a_latecomer_with_another_role_gets_one_extra_post() -> None:
    async def scene(here: DeliveryFixture) -> None:
        await _three(here)
        await here.open("d", role_id=8)
        await here.open("e", role_id=8)
        assert await here.deliver() == 2
        await here.open("f", role_id=8)
        assert await here.deliver() == 1
        extra = here.transport.of()[1:]
        assert [message.alert.role_ids for message in extra] == [(8,)]
        assert extra[0].alert.content == "🔴 2 down: d, e"
        assert extra[0].alert.plain
        assert extra[0].reply_to == here.transport.of()[0].id

    play(scene)


def test_a_list_of_two_is_not_joined() -> None:
    async def scene(here: DeliveryFixture) -> None:
        await here.open("a")
        await here.open("b")
        await here.deliver()
        await here.open("c")
        await here.deliver()
        assert len(here.transport.of()) == 2

    play(scene)


@pytest.mark.parametrize(("after_s", "messages"), [(600, 1), (600.001, 2)])
def test_a_list_is_joined_for_ten_minutes(after_s: float, messages: int) -> None:
    async def scene(here: DeliveryFixture) -> None:
        await _three(here)
        here.clock.forward(after_s)
        await here.open("d")
        await here.deliver()
        assert len(here.transport.of()) == messages

    play(scene)


def test_a_list_is_not_joined_by_a_site_whose_end_it_has_reported() -> None:
    """An edit is silent: who was reported that it is back hears of its relapse by a post."""

    async def scene(here: DeliveryFixture) -> None:
        first, *_ = await _three(here)
        await here.close(first)
        await here.deliver()
        relapse = await here.reopen(first)
        assert await here.deliver() == 1
        assert here.transport.of()[-1].alert.incidents[0].id == relapse.id
        assert here.transport.of()[-1].reply_to is None

    play(scene)


def test_a_latecomer_that_escalated_meanwhile_joins_once() -> None:
    async def scene(here: DeliveryFixture) -> None:
        await _three(here)
        late = await here.open("d", role_id=7, kind=Kind.UNSTABLE, wait_s=60)
        await here.escalate(late)
        assert await here.deliver(60) == 1
        assert len(here.transport.of()) == 1
        assert ("escalate", "superseded") in await here.rows()

    play(scene)


def test_latecomers_of_several_edits_share_the_extra_post() -> None:
    async def scene(here: DeliveryFixture) -> None:
        await _three(here)
        here.transport.before = only("reply", times(1, DeliveryAction.WAIT, after_s=30))
        await here.open("d", role_id=8)
        await here.deliver()
        await here.open("e", role_id=9)
        assert await here.deliver(30) == 2
        _, extra = here.transport.of()
        assert extra.alert.role_ids == (8, 9)
        assert [one.name for one in extra.alert.incidents] == ["d", "e"]

    play(scene)


def test_nobody_is_called_for_a_latecomer_that_is_over() -> None:
    async def scene(here: DeliveryFixture) -> None:
        await _three(here)
        here.transport.before = only("reply", times(1, DeliveryAction.WAIT, after_s=30))
        late = await here.open("d", role_id=8)
        await here.deliver()
        await here.close(late)
        await here.deliver(30)
        assert [one.alert.role_ids for one in here.transport.of()[1:]] == [()]
        assert ("ping", "superseded") in await here.rows()

    play(scene)


def test_a_latecomer_that_is_over_when_the_edit_arrives_calls_nobody() -> None:
    async def scene(here: DeliveryFixture) -> None:
        await _three(here)
        here.transport.after = only("edit", times(1, DeliveryAction.RETRY))
        late = await here.open("d", role_id=8)
        await here.deliver()
        await here.close(late)
        await here.deliver(10)
        assert "ping" not in {kind for kind, _ in await here.rows()}
        assert [one.alert.role_ids for one in here.transport.of()[1:]] == [()]

    play(scene)


def test_all_clears_of_equal_messages_answer_the_newest() -> None:
    async def scene(here: DeliveryFixture) -> None:
        both = [await here.open("a")]
        await here.deliver()
        both.append(await here.open("b"))
        await here.deliver()
        await here.close(*both)
        await here.deliver()
        assert here.transport.of()[-1].reply_to == here.transport.of()[1].id

    play(scene)


def test_a_list_whose_incidents_are_all_over_is_not_joined() -> None:
    async def scene(here: DeliveryFixture) -> None:
        await here.close(*await _three(here))
        await here.deliver()
        await here.open("d")
        await here.deliver()
        assert here.transport.texts()[-1].startswith("🔴 DOWN · d")

    play(scene)


def test_a_list_in_another_channel_is_not_joined() -> None:
    async def scene(here: DeliveryFixture) -> None:
        await _three(here)
        await here.open("d", CHANNEL + 1)
        await here.deliver()
        assert len(here.transport.of(CHANNEL + 1)) == 1

    play(scene)


def test_a_latecomer_to_a_deleted_list_gets_its_own_post() -> None:
    async def scene(here: DeliveryFixture) -> None:
        await _three(here)
        here.transport.messages.clear()
        await here.open("d", role_id=8)
        await here.deliver()
        [message] = here.transport.of()
        assert [one.name for one in message.alert.incidents] == ["d"]
        assert message.alert.role_ids == (8,)

    play(scene)


def test_a_latecomer_whose_edit_must_wait_is_posted_instead() -> None:
    async def scene(here: DeliveryFixture) -> None:
        await _three(here)
        here.transport.before = only("edit", times(1, DeliveryAction.WAIT, after_s=1163))
        await here.open("d")
        await here.deliver()
        assert here.transport.texts()[-1].startswith("🔴 DOWN · d")

    play(scene)


def test_a_latecomers_edit_takes_the_changes_along_that_wait() -> None:
    async def scene(here: DeliveryFixture) -> None:
        first, *_ = await _three(here)
        await here.change(first, urgent=True, kind=Kind.UNSTABLE)
        await here.open("d", role_id=7)
        assert await here.deliver() == 1
        assert here.transport.of()[0].alert.content.startswith("🔴 3 down, 1 unstable: b, c, d, a")
        assert here.transport.count("edit") == 1

    play(scene)


def test_a_list_that_a_latecomer_could_not_join_still_gets_its_own_changes() -> None:
    async def scene(here: DeliveryFixture) -> None:
        first, *_ = await _three(here)
        here.transport.before = only("edit", times(1, DeliveryAction.WAIT, after_s=5))
        await here.change(first, urgent=True, kind=Kind.UNSTABLE)
        await here.open("d")
        assert await here.deliver() == 1
        assert await here.deliver(5) == 1
        group = here.transport.of()[0]
        assert group.alert.content.startswith("🔴 2 down, 1 unstable: b, c, a")
        assert [one.name for one in group.alert.incidents] == ["a", "b", "c"]

    play(scene)


def test_a_join_in_doubt_that_is_reported_to_wait_waits() -> None:
    async def scene(here: DeliveryFixture) -> None:
        await _three(here)
        here.transport.after = only("edit", times(1, DeliveryAction.RETRY))
        await here.open("d", role_id=7)
        await here.deliver()
        here.transport.before = only("edit", times(1, DeliveryAction.WAIT, after_s=30))
        assert await here.deliver(10) == 0
        assert await here.deliver(29) == 0
        assert here.transport.count("edit") == 2
        assert await here.deliver(1) == 1
        assert len(here.transport.of()) == 1

    play(scene)


def test_a_join_whose_answer_was_lost_is_finished_after_a_restart() -> None:
    async def scene(here: DeliveryFixture) -> None:
        await _three(here)
        here.transport.after = only("edit", times(1, DeliveryAction.RETRY))
        late = await here.open("d", role_id=7)
        await here.deliver()
        here.restart()
        await here.deliver()
        assert len(here.transport.of()) == 1
        await here.close(late)
        await here.deliver()
        assert here.transport.of()[-1].reply_to == here.transport.of()[0].id

    play(scene)


def test_all_clears_due_together_share_one_reply_to_the_message_most_of_them_are_in() -> None:
    async def scene(here: DeliveryFixture) -> None:
        three = await _three(here)
        here.clock.forward(700)
        alone = await here.open("d")
        await here.deliver()
        group, single = here.transport.of()
        await here.close(*three, alone)
        assert await here.deliver(60) == 3
        reply = here.transport.of()[-1]
        assert reply.reply_to == group.id
        assert reply.alert.content == "🟢 UP · 4 sites are back: a, b, c, d"
        assert group.alert.content == "🟢 RESOLVED · 3 sites"
        assert single.edits == 1

    play(scene)


def test_a_list_shrinks_as_its_sites_come_back() -> None:
    async def scene(here: DeliveryFixture) -> None:
        first, second, _ = await _three(here)
        await here.close(first)
        await here.deliver()
        assert here.transport.of()[0].alert.content == "🔴 2 of 3 still down: b, c"
        await here.close(second)
        await here.deliver()
        assert here.transport.of()[0].alert.content.startswith("🔴 1 of 3 still down: c")
        assert len(here.transport.of()[0].alert.incidents) == 3

    play(scene)


def test_a_lost_group_post_does_not_take_latecomers_into_its_nonce() -> None:
    async def scene(here: DeliveryFixture) -> None:
        here.transport.after = times(1, DeliveryAction.RETRY)
        await _three(here)
        await here.open("d", role_id=7)
        await here.deliver(10)
        [message] = here.transport.of()
        assert [one.name for one in message.alert.incidents] == ["a", "b", "c", "d"]
        assert message.edits == 1

    play(scene)


def test_openings_that_discord_certainly_did_not_take_are_grouped_anew() -> None:
    async def scene(here: DeliveryFixture) -> None:
        here.transport.before = times(1, DeliveryAction.WAIT, after_s=30)
        await here.open("a")
        await here.deliver()
        await here.open("b")
        await here.deliver(30)
        [message] = here.transport.of()
        assert len(message.alert.incidents) == 2

    play(scene)


def test_a_refused_list_edit_sends_the_latecomer_on_its_own() -> None:
    async def scene(here: DeliveryFixture) -> None:
        def refuse(call: Call) -> DeliveryError | None:
            return DeliveryError("no", DeliveryAction.REFUSED) if call.action == "edit" else None

        await _three(here)
        here.transport.before = refuse
        await here.open("d")
        await here.deliver()
        assert here.transport.texts()[-1].startswith("🔴 DOWN · d")

    play(scene)
