"""What may happen to a board: deleted, refused, forgotten, torn apart by a crash."""

import asyncio
from collections.abc import Collection
from pathlib import Path

import pytest

from bot.db import outbox
from bot.errors import DeliveryAction, NotFound, UserError
from bot.services.boards import publisher
from bot.services.boards.boards import MAX_BOARDS
from bot.services.boards.state import BoardSnapshot
from bot.services.delivery import dispatcher
from bot.services.delivery.messages import ChannelAccess, ContactPoints, Notice
from tests.fakes import FakeClock
from tests.harness import until
from tests.services.boards.boards_fixture import (
    WALL,
    BoardsFixture,
    FixtureBoardTransport,
    boards_fixture,
    fine,
    refusing,
)
from tests.services.delivery.delivery_fixture import PRIVATE
from tests.services.services_fixture import CHANNEL, GUILD, OTHER_GUILD, PERSON, play

HOUR_S = 3_600


async def deleted(w: BoardsFixture) -> None:
    """A moderator deletes the board, and the next edit finds out."""
    w.transport.delete_all()
    name = w.services.monitors.of_guild(GUILD)[0].name
    w.rename(name, f"{name}!")
    await w.settle(20)


async def asked(w: BoardsFixture) -> list[tuple[int, str]]:
    rows = await w.services.db.read(
        lambda conn: conn.execute(
            "SELECT channel_id, payload FROM notification WHERE kind = 'notice'"
        ).fetchall()
    )
    return [(row["channel_id"], Notice.parse(row["payload"]).text) for row in rows]


def test_a_deleted_board_is_made_again_once_and_then_people_are_asked_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with boards_fixture(tmp_path) as w:
            await w.services.guilds.set_alerts(GUILD, channel_id=CHANNEL, by=PERSON)
            await w.services.watch("shop")
            await w.create()
            await deleted(w)
            assert w.transport.names == ["shop!"]
            assert w.transport.calls == ["post", "edit", "post"]
            await deleted(w)
            await w.settle(HOUR_S)
            assert w.transport.boards == {}
            assert w.services.transport.texts() == ["en-US: the board in 200?"]
            [row] = await w.rows()
            assert row.asked_ms is not None
            assert w.transport.calls == ["post", "edit", "post", "edit"]
        async with boards_fixture(tmp_path, clock=w.services.clock, transport=w.transport) as again:
            await again.settle(HOUR_S)
            assert again.transport.boards == {}
            assert again.services.transport.texts() == []
            made = await again.boards.create(GUILD, WALL, PERSON)
            assert made.fresh
            await again.settle()
            assert again.transport.names == ["shop"]
            [row] = await again.rows()
            assert (row.asked_ms, row.recreated_ms) == (None, None)

    play(scenario())


def test_without_an_alert_channel_whoever_made_the_board_is_asked(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with boards_fixture(tmp_path) as w:
            w.services.transport.known_contact_points[GUILD] = ContactPoints("Harbour", None, 99)
            await w.services.watch("shop")
            await w.create()
            await deleted(w)
            await deleted(w)
            assert await asked(w) == [(-GUILD, "en-US: the board in 200?")]
            [message] = w.services.transport.messages.values()
            assert message.channel_id == PRIVATE + PERSON
            assert message.alert.content == "Harbour · en-US: the board in 200?"

    play(scenario())


def test_a_channel_that_refuses_is_left_alone_until_something_changes_there(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with boards_fixture(tmp_path) as w:
            await w.services.watch("shop")
            await w.create()
            w.transport.before = refusing(DeliveryAction.CHANNEL_BLOCKED, 50013)
            w.services.transport.rights[WALL] = ChannelAccess(allowed=False)
            w.rename("shop", "store")
            for _ in range(100):
                await w.settle(300)
                w.boards.retry(GUILD)
            assert w.transport.calls == ["post", "edit"], "not tried while the gateway says no"
            w.transport.before = fine
            w.services.transport.rights[WALL] = ChannelAccess(allowed=True)
            await w.settle()
            w.boards.retry(GUILD, WALL + 1)
            w.boards.retry(GUILD, WALL)
            await w.settle()
            assert w.transport.names == ["store"]
            parked = await w.services.delivery.problems(GUILD)
            assert parked.channels == (), "alerts find out by themselves"

    play(scenario())


def test_a_sleeping_thread_is_edited_when_it_wakes(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with boards_fixture(tmp_path) as w:
            await w.services.watch("shop")
            await w.create()
            w.transport.before = refusing(DeliveryAction.ARCHIVED, 50083)
            w.rename("shop", "store")
            await w.settle(20)
            await w.settle(HOUR_S)
            assert w.transport.calls == ["post", "edit"]
            w.transport.before = fine
            w.boards.retry(GUILD)
            await w.settle()
            assert w.transport.names == ["store"]

    play(scenario())


def test_a_board_goes_with_its_channel_but_not_with_an_unknown_server(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with boards_fixture(tmp_path) as w:
            await w.services.watch("shop")
            await w.create(WALL)
            await w.create(WALL + 1)
            await w.create(WALL + 2)
            await w.boards.channel_deleted(WALL + 2)
            await w.boards.channel_deleted(WALL + 99)
            w.rename("shop", "store")
            w.transport.before = refusing(DeliveryAction.CHANNEL_GONE, 10004)
            w.services.transport.rights = {WALL: ChannelAccess(), WALL + 1: ChannelAccess()}
            await w.settle(20)
            await w.settle(20)
            assert len(await w.rows()) == 2
            w.transport.before = refusing(DeliveryAction.CHANNEL_GONE, 10003)
            w.boards.retry(GUILD, WALL)
            await w.settle()
            assert [row.channel_id for row in await w.rows()] == [WALL + 1]

    play(scenario())


def test_a_restart_goes_on_with_the_same_message(tmp_path: Path) -> None:
    async def scenario() -> None:
        clock = FakeClock()
        async with boards_fixture(tmp_path, clock=clock) as w:
            await w.services.watch("shop")
            await w.services.play({"shop": "O"})
            await w.create()
            await w.services.recorder.flush()
            message_id = next(iter(w.transport.boards))
        async with boards_fixture(tmp_path, clock=clock, transport=w.transport) as again:
            await again.settle(HOUR_S)
            assert again.transport.calls == ["post"], "it shows the truth already"
            again.rename("shop", "store")
        clock.jump(60)
        async with boards_fixture(tmp_path, clock=clock, transport=w.transport) as third:
            third.rename("shop", "store")
            await third.settle()
            assert third.transport.calls == ["post", "edit"]
            assert list(third.transport.boards) == [message_id]
            assert third.transport.names == ["store"]

    play(scenario())


class KilledError(BaseException):
    """The process dies here."""


@pytest.mark.parametrize("away_s", [5, 600])
@pytest.mark.parametrize("arrived", [True, False])
def test_a_kill_between_post_and_commit_leaves_one_board(
    tmp_path: Path, away_s: int, *, arrived: bool
) -> None:
    """Within the nonce's life by the nonce, later by looking into the channel."""

    def killed(call: str) -> None:
        if call == "post":
            raise KilledError

    async def scenario() -> None:
        clock = FakeClock()
        async with boards_fixture(tmp_path, clock=clock) as w:
            await w.services.watch("shop")
            setattr(w.transport, "after" if arrived else "before", killed)
            await w.boards.create(GUILD, WALL, PERSON)
            with pytest.raises(KilledError):
                await w.boards.publisher.step(WALL)
        w.transport.after = w.transport.before = fine
        clock.jump(away_s)
        async with boards_fixture(tmp_path, clock=clock, transport=w.transport) as again:
            for _ in range(3):
                await again.settle(20)
            assert len(again.transport.boards) == 1
            assert again.transport.names == ["shop"]
            [row] = await again.rows()
            assert row.message_id in again.transport.boards
            assert row.nonce is None

    play(scenario())


@pytest.mark.parametrize("gone_s", [1, 600])
def test_an_answer_that_was_lost_makes_no_second_board(tmp_path: Path, gone_s: int) -> None:
    async def scenario() -> None:
        async with boards_fixture(tmp_path) as w:
            await w.services.watch("shop")
            w.transport.after = refusing(DeliveryAction.RETRY, only="post")
            await w.create()
            w.transport.after = fine
            for _ in range(4):
                await w.settle(gone_s)
            assert len(w.transport.boards) == 1

    play(scenario())


@pytest.mark.parametrize("gone_s", [1, 600])
def test_what_changed_while_an_answer_was_lost_is_shown(tmp_path: Path, gone_s: int) -> None:
    async def scenario() -> None:
        async with boards_fixture(tmp_path) as w:
            await w.services.watch("shop")
            w.transport.after = refusing(DeliveryAction.RETRY, only="post")
            await w.create()
            assert w.transport.names == ["shop"]
            await w.services.watch("bakery")
            w.transport.after = fine
            for _ in range(4):
                await w.settle(gone_s)
            assert len(w.transport.boards) == 1
            assert w.transport.names == ["bakery", "shop"]

    play(scenario())


def test_where_the_history_cannot_be_read_the_board_is_posted(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with boards_fixture(tmp_path) as w:
            await w.services.watch("shop")
            w.transport.before = refusing(DeliveryAction.RETRY, only="post")
            await w.create()
            w.transport.before = refusing(DeliveryAction.CHANNEL_BLOCKED, only="find")
            await w.settle(HOUR_S)
            assert w.transport.names == ["shop"]
            assert len(w.transport.nonces) == 1

    play(scenario())


def test_a_board_deleted_before_its_answer_arrived_counts_as_deleted(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with boards_fixture(tmp_path) as w:
            await w.services.watch("shop")
            w.transport.after = refusing(DeliveryAction.RETRY, only="post")
            await w.create()
            w.transport.after = fine
            w.transport.delete_all()
            await w.settle(20)
            assert w.transport.names == ["shop"]
            [row] = await w.rows()
            assert row.recreated_ms is not None

    play(scenario())


def test_a_removed_board_takes_its_message_along_however_late(tmp_path: Path) -> None:
    async def scenario() -> None:
        clock = FakeClock()
        async with boards_fixture(tmp_path, clock=clock) as w:
            await w.services.watch("shop")
            await w.create()
            w.transport.before = refusing(DeliveryAction.RETRY)
            await w.boards.remove(GUILD, WALL, PERSON)
            await w.settle()
            with pytest.raises(NotFound):
                await w.boards.remove(GUILD, WALL, PERSON)
            assert w.boards.find(GUILD, WALL) is None
        w.transport.before = fine
        async with boards_fixture(tmp_path, clock=clock, transport=w.transport) as again:
            await again.settle(20)
            assert again.transport.boards == {}
            assert await again.rows() == []

    play(scenario())


@pytest.mark.parametrize(
    "action",
    [
        DeliveryAction.MESSAGE_GONE,
        DeliveryAction.CHANNEL_BLOCKED,
        DeliveryAction.CHANNEL_GONE,
        DeliveryAction.ARCHIVED,
    ],
)
def test_a_removed_board_whose_message_is_out_of_reach_is_forgotten(
    tmp_path: Path, action: DeliveryAction
) -> None:
    async def scenario() -> None:
        async with boards_fixture(tmp_path) as w:
            await w.create()
            w.transport.before = refusing(action)
            await w.boards.remove(GUILD, WALL, PERSON)
            await w.settle()
            assert await w.rows() == []

    play(scenario())


def test_a_board_removed_while_its_post_was_in_doubt_is_found_and_deleted(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with boards_fixture(tmp_path) as w:
            w.transport.after = refusing(DeliveryAction.RETRY, only="post")
            await w.create()
            assert len(w.transport.boards) == 1
            await w.boards.remove(GUILD, WALL, PERSON)
            w.transport.after = fine
            await w.settle(20)
            assert w.transport.boards == {}
            assert await w.rows() == []

    play(scenario())


def test_a_board_wanted_again_before_it_went_stays(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with boards_fixture(tmp_path) as w:
            await w.create()
            message_id = next(iter(w.transport.boards))
            w.transport.before = refusing(DeliveryAction.RETRY)
            await w.boards.remove(GUILD, WALL, PERSON)
            await w.settle()
            made = await w.boards.create(GUILD, WALL, PERSON)
            assert made.fresh
            w.transport.before = fine
            await w.settle(20)
            assert list(w.transport.boards) == [message_id]
            assert await w.boards.message_of(WALL, 0) == message_id

    play(scenario())


def test_two_people_at_once_make_one_board(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with boards_fixture(tmp_path) as w:
            makes = [w.boards.create(GUILD, WALL, person) for person in (PERSON, PERSON + 1)]
            made = await asyncio.gather(*makes)
            await w.settle()
            assert sorted(one.fresh for one in made) == [False, True]
            assert w.transport.calls == ["post"]
            assert len(await w.rows()) == 1

    play(scenario())


def test_a_server_has_a_limited_number_of_boards(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with boards_fixture(tmp_path) as w:
            for number in range(MAX_BOARDS):
                await w.boards.create(GUILD, WALL + number, PERSON)
            with pytest.raises(UserError, match="already has 25 boards"):
                await w.boards.create(GUILD, WALL + MAX_BOARDS, PERSON)
            await w.boards.create(OTHER_GUILD, WALL + MAX_BOARDS, PERSON)
            with pytest.raises(NotFound):
                await w.boards.remove(OTHER_GUILD, WALL, PERSON)

    play(scenario())


def test_a_server_that_was_left_is_not_bothered_and_finds_its_board_on_return(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with boards_fixture(tmp_path) as w:
            await w.services.watch("shop")
            await w.create()
            w.boards.guild_left(GUILD)
            await w.services.guilds.left(GUILD)
            w.rename("shop", "store")
            await w.settle(HOUR_S)
            assert w.transport.calls == ["post"]
        async with boards_fixture(tmp_path, clock=w.services.clock, transport=w.transport) as again:
            await again.settle(HOUR_S)
            assert again.transport.calls == ["post"]
            await again.services.guilds.seen(GUILD, "fr")
            await again.services.watchlist.load_guild(GUILD)
            await again.boards.guild_back(GUILD)
            await again.settle()
            assert again.transport.calls == ["post", "edit"]
            assert next(iter(again.transport.boards.values())).language == "fr"

    play(scenario())


def test_a_board_shows_only_what_all_its_readers_may_know(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with boards_fixture(tmp_path) as w:
            await w.services.watch("shop")
            await w.services.watch("foreign", OTHER_GUILD)
            await w.create()
            assert w.transport.names == ["shop"]
            w.transport.hidden = {CHANNEL}
            await w.settle(20)
            assert w.transport.names == []
            assert len(w.boards.left_out(GUILD, WALL)) == 1
            await w.create(CHANNEL)
            shown = {
                w.transport.channels[m]: len(snapshot.sites)
                for m, snapshot in w.transport.boards.items()
            }
            assert shown == {WALL: 0, CHANNEL: 1}

    play(scenario())


def test_without_the_gateway_nothing_is_shown_or_changed(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with boards_fixture(tmp_path) as w:
            await w.services.watch("shop")
            w.transport.knows = False
            await w.create()
            await w.settle(60)
            assert w.transport.calls == []
            w.transport.knows = True
            await w.settle()
            assert w.transport.calls == ["post"]

    play(scenario())


class Stalled(FixtureBoardTransport):
    """Discord takes a board's edits and never answers."""

    async def edit(self, *_: object) -> None:
        self.calls.append("edit")
        await asyncio.sleep(60)


def test_a_board_that_discord_never_answers_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with boards_fixture(tmp_path, transport=Stalled(FakeClock())) as w:
            await w.services.watch("shop")
            await w.services.play({"shop": "O"})
            await w.create(CHANNEL)
            await w.settle(60)
            w.rename("shop", "store")
            await w.settle()
            assert w.transport.calls == ["post", "edit"]
            w.rename("store", "shop")
            await w.services.play({"shop": "FF"})
            assert len(w.services.transport.texts()) == 1
            assert not w.services.delivery.throttle.breaker.down

    monkeypatch.setattr(publisher, "REQUEST_S", 0.02)
    play(scenario())


def test_an_alert_does_not_wait_for_the_board_of_its_channel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with boards_fixture(tmp_path, transport=Stalled(FakeClock())) as w:
            await w.services.guilds.set_alerts(GUILD, channel_id=CHANNEL, by=PERSON)
            await w.services.watch("shop")
            await w.services.play({"shop": "O"})
            await w.create(CHANNEL)
            await w.settle(60)
            w.rename("shop", "store")
            await w.boards.publisher.look()
            running = asyncio.create_task(w.services.delivery.run())
            await until(lambda: w.transport.calls == ["post", "edit"])
            async with asyncio.timeout(18):  # Discord had 20 s for the board
                for _ in range(2):
                    await w.services.round("store", "F", w.services.clock.now_ms())
                    await w.services.clock.advance(60)
                await until(lambda: len(w.services.transport.texts()) == 1)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    monkeypatch.setattr(dispatcher, "ASIDE_S", 0.02)
    play(scenario())


def test_the_keeper_looks_by_itself_and_at_once_when_there_are_news(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with boards_fixture(tmp_path) as w:
            w.services.clock.settle = lambda: w.services.db.read(lambda _: None)
            tasks = [
                asyncio.create_task(part) for part in (w.boards.run(), w.services.delivery.run())
            ]
            await w.boards.create(GUILD, WALL, PERSON)
            await w.services.clock.advance(1)
            assert await w.boards.message_of(WALL, 1) is not None
            await w.services.watch("shop")
            await w.services.clock.advance(20)
            assert w.transport.names == ["shop"]
            await w.services.clock.advance(20)
            w.rename("shop", "store")
            w.services.delivery.wake()
            await w.services.clock.advance(1.5)
            assert w.transport.names == ["store"]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    play(scenario())


def test_a_board_is_not_in_the_outbox(tmp_path: Path) -> None:
    """So it can never stand before an alert there, nor be reported twice by it."""

    async def scenario() -> None:
        async with boards_fixture(tmp_path) as w:
            await w.create()
            rows = await w.services.db.read(lambda conn: outbox.active(conn, WALL))
            assert rows == []

    play(scenario())


def test_while_vigie_is_offline_itself_its_boards_say_so(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with boards_fixture(tmp_path) as w:
            await w.services.watch("shop")
            await w.services.play({"shop": "O"})
            await w.create()
            await w.settle(60)
            w.services.online_check.online = False
            offline_ms = w.services.clock.now_ms()
            await w.services.play({"shop": "F"})
            await w.settle()
            [snapshot] = w.transport.boards.values()
            assert snapshot.offline_ms == offline_ms
            assert [one.state.value for one in snapshot.sites] == ["up"]
            w.services.online_check.online = True
            await w.services.connectivity.recheck()
            await w.settle(60)
            [snapshot] = w.transport.boards.values()
            assert snapshot.offline_ms is None

    play(scenario())


def test_who_asks_for_a_board_that_was_deleted_unnoticed_gets_a_new_one(tmp_path: Path) -> None:
    """However often: they say themselves that it is wanted."""

    async def scenario() -> None:
        async with boards_fixture(tmp_path) as w:
            await w.services.watch("shop")
            await w.create()
            for _ in range(3):
                w.transport.delete_all()
                made = await w.boards.create(GUILD, WALL, PERSON)
                await w.services.delivery.deliver_due()
                assert not made.fresh
                assert await w.boards.message_of(WALL, 1) in w.transport.boards
            assert await asked(w) == []
            [row] = await w.rows()
            assert row.recreated_ms is None
            w.transport.calls.clear()
            await w.settle(HOUR_S)
            assert w.transport.calls == []

    play(scenario())


def test_boards_alone_do_not_decide_that_discord_is_down(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with boards_fixture(tmp_path) as w:
            await w.services.watch("shop")
            for number in range(6):
                await w.create(WALL + number)
            w.transport.before = refusing(DeliveryAction.RETRY)
            w.rename("shop", "store")
            for _ in range(20):
                await w.settle(10)
            assert not w.services.delivery.throttle.breaker.down
            breaker = w.services.delivery.throttle.breaker
            for channel_id in range(5):
                breaker.failed(channel_id, int(w.services.clock.monotonic() * 1000))
            assert breaker.down
            w.transport.calls.clear()
            await w.settle(5)
            assert w.transport.calls == []
            w.transport.before = fine
            await w.settle(30)
            await w.settle(300)
            assert breaker.down_since_ms is None
            assert {snapshot.sites[0].monitor.name for snapshot in w.transport.boards.values()} == {
                "store"
            }

    play(scenario())


def test_a_removal_right_after_a_post_wakes_delivery(tmp_path: Path) -> None:
    """A look while the post is under way finds it due; so is the removal, and that is news."""

    walls: list[BoardsFixture] = []

    class Slow(FixtureBoardTransport):
        async def post(self, channel_id: int, snapshot: BoardSnapshot, *, nonce: str) -> int:
            await walls[0].boards.publisher.look()
            return await super().post(channel_id, snapshot, nonce=nonce)

    async def scenario() -> None:
        async with boards_fixture(tmp_path, transport=Slow(FakeClock())) as w:
            walls.append(w)
            woken: list[int] = []
            await w.boards.create(GUILD, WALL, PERSON)
            assert await w.boards.publisher.step(WALL)
            w.services.delivery.look_again = lambda: woken.append(1)  # type: ignore[method-assign]
            await w.boards.remove(GUILD, WALL, PERSON)
            assert woken == [1]

    play(scenario())


def test_a_bug_in_one_board_stops_neither_the_others_nor_the_alerts(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Puzzled(FixtureBoardTransport):
        def seen_by_readers(
            self, guild_id: int, channel_id: int, others: Collection[int]
        ) -> frozenset[int] | None:
            if channel_id == WALL:
                raise AttributeError("a bug")
            return super().seen_by_readers(guild_id, channel_id, others)

    async def scenario() -> None:
        async with boards_fixture(tmp_path, transport=Puzzled(FakeClock())) as w:
            await w.services.watch("shop")
            await w.create(WALL)
            await w.create(WALL + 1)
            await w.settle(20)
            assert list(w.transport.channels.values()) == [WALL + 1]
            assert await w.boards.publisher.step(WALL) is None
            assert not w.services.delivery.throttle.breaker.down

    play(scenario())
    assert "Board could not be built" in caplog.text


def test_a_board_of_a_tag_shows_its_sites_alone_also_after_a_restart(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with boards_fixture(tmp_path) as w:
            shop = await w.services.watch("shop")
            await w.services.watch("blog")
            await w.services.monitors.change(GUILD, shop.id, {"tags": "eu"}, PERSON)
            await w.boards.create(GUILD, WALL, PERSON, "eu")
            await w.services.delivery.deliver_due()
            assert w.transport.names == ["shop"]
            assert w.boards.left_out(GUILD, WALL) == []
            assert [one.tag for one in await w.rows()] == ["eu"]
        async with boards_fixture(tmp_path) as w:
            await w.boards.load()
            await w.create()
            await w.settle(HOUR_S)
            assert w.transport.names == ["blog", "shop"]
            assert [one.tag for one in await w.rows()] == [None]

    play(scenario())
