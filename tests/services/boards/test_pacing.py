"""How often a board is edited: on change only, states at once, numbers rarely."""

from pathlib import Path

import pytest

from bot.db.boards import Board
from bot.errors import DeliveryAction, DeliveryError
from bot.services.boards.state import BoardSnapshot
from tests.services.boards.boards_fixture import WALL, boards_fixture, fine, refusing
from tests.services.delivery.delivery_fixture import always
from tests.services.services_fixture import CHANNEL, GUILD, PERSON, play


def test_a_board_is_posted_at_once_pinned_and_left_alone_while_nothing_changes(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with boards_fixture(tmp_path) as w:
            await w.services.watch("shop")
            await w.services.play({"shop": "O"})
            await w.create()
            assert w.transport.names == ["shop"]
            assert w.transport.pinned == list(w.transport.boards)
            for _ in range(50):
                await w.settle(60)
            assert w.transport.calls == ["post"]

    play(scenario())


def test_a_state_is_shown_at_once_and_the_next_one_fifteen_seconds_later(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with boards_fixture(tmp_path) as w:
            await w.services.watch("a")
            await w.create()
            await w.settle(15)
            w.rename("a", "b")
            await w.settle()
            assert w.transport.names == ["b"]
            w.rename("b", "c")
            await w.settle()
            await w.settle(14.9)
            assert w.transport.names == ["b"]
            w.rename("c", "d")
            await w.settle(0.2)
            assert w.transport.names == ["d"]
            assert w.transport.calls == ["post", "edit", "edit"]

    play(scenario())


def test_numbers_alone_are_edited_once_in_five_minutes(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with boards_fixture(tmp_path) as w:
            await w.services.watch("a")
            await w.create()
            for minute in range(30):
                w.took("a", 100 + 20 * minute)
                await w.settle(20)
            # Ten minutes: one edit after five, one after ten.
            assert w.transport.calls == ["post", "edit", "edit"]
            w.rename("a", "b")
            await w.settle(15)
            assert w.transport.calls == ["post", "edit", "edit", "edit"]

    play(scenario())


def test_a_response_time_that_hardly_moves_is_no_change(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with boards_fixture(tmp_path) as w:
            await w.services.watch("a")
            w.took("a", 182)
            await w.create()
            for ms in (178, 181.4, 184, 179):
                w.took("a", ms)
                await w.settle(600)
            assert w.transport.calls == ["post"]

    play(scenario())


def test_after_hours_without_discord_there_is_one_edit_with_the_newest_truth(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with boards_fixture(tmp_path) as w:
            await w.services.watch("a0")
            await w.create()
            w.transport.before = refusing(DeliveryAction.RETRY)
            for hour in range(12):
                w.rename(f"a{hour}", f"a{hour + 1}")
                await w.settle(900)
            checks = w.transport.calls.count("edit")
            assert checks <= 24, "it backs off"
            w.transport.before = fine
            for _ in range(4):
                await w.settle(100)
            assert w.transport.names == ["a12"]
            assert w.transport.calls.count("edit") == checks + 1

    play(scenario())


def test_a_time_that_discord_names_is_waited_for(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with boards_fixture(tmp_path) as w:
            await w.services.watch("a")
            await w.create()
            w.transport.before = refusing(DeliveryAction.WAIT)
            w.rename("a", "b")
            await w.settle(20)
            w.transport.before = fine
            await w.settle(29)
            assert w.transport.names == ["a"]
            await w.settle(2)
            assert w.transport.names == ["b"]

    play(scenario())


def test_a_limit_of_everything_holds_alerts_and_boards_alike(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with boards_fixture(tmp_path) as w:
            await w.services.watch("shop")
            await w.create()
            w.transport.before = refusing(DeliveryAction.PAUSE)
            w.rename("shop", "store")
            await w.settle(20)
            w.transport.before = fine
            throttle = w.services.delivery.throttle
            now_ms = int(w.services.clock.monotonic() * 1000)
            assert throttle.opens_at(CHANNEL) == now_ms + 30_000
            await w.settle(29)
            assert w.transport.names == ["shop"]
            await w.settle(2)
            assert w.transport.names == ["store"]

    play(scenario())


def test_a_clock_that_was_set_back_freezes_no_board(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with boards_fixture(tmp_path) as w:
            await w.services.watch("a")
            await w.create()
            w.transport.before = refusing(DeliveryAction.RETRY)
            w.rename("a", "b")
            await w.settle(20)
            w.transport.before = fine
            w.services.clock.set_wall(-3_600)
            await w.settle(20)
            assert w.transport.names == ["b"]

    play(scenario())


def test_alerts_of_a_channel_go_before_its_board(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with boards_fixture(tmp_path) as w:
            order: list[str] = []
            w.services.delivery.observers.append(lambda sent: order.append(sent.action))

            def note(call: str) -> None:
                order.append(f"board {call}")

            w.transport.before = note
            await w.services.watch("shop")
            await w.services.play({"shop": "O"})
            await w.create(CHANNEL)
            await w.settle(60)
            await w.services.play({"shop": "FF"})
            await w.settle()
            assert order == ["board post", "post", "board edit"]
            assert [one.state.value for one in next(iter(w.transport.boards.values())).sites] == [
                "down"
            ]

    play(scenario())


def test_what_fails_in_a_board_neither_stops_alerts_nor_other_boards(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with boards_fixture(tmp_path) as w:
            await w.services.watch("shop")
            await w.services.play({"shop": "O"})
            await w.create(CHANNEL)
            await w.create(WALL)

            def broken(call: str) -> Exception | None:
                return ValueError("a bug of ours") if call == "edit" else None

            w.transport.before = broken
            await w.settle(60)
            await w.services.play({"shop": "FF"})
            for _ in range(10):
                await w.settle(1)
            assert w.services.transport.texts() == ["🔴 DOWN · shop · HTTP 500 (4 of 4 checks)"]
            assert w.transport.calls.count("edit") < 20
            w.transport.before = fine
            await w.settle(20)
            assert {one.sites[0].state.value for one in w.transport.boards.values()} == {"down"}

    play(scenario())


def test_a_token_that_is_refused_stops_everything(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with boards_fixture(tmp_path) as w:
            heard: list[DeliveryError] = []
            w.services.delivery.on_token_refused = heard.append
            w.transport.before = refusing(DeliveryAction.TOKEN)
            w.services.transport.before = always(DeliveryAction.TOKEN)
            await w.create()
            await w.settle(60)
            assert len(heard) == 1
            assert w.transport.calls == ["post"]

    play(scenario())


def test_while_nothing_stirs_boards_are_hardly_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with boards_fixture(tmp_path) as w:
            await w.services.watch("a")
            await w.create()
            looks: list[int] = []
            publisher = w.boards.publisher
            build = publisher.snapshot

            def counted(board: Board) -> BoardSnapshot | None:
                looks.append(board.channel_id)
                return build(board)

            monkeypatch.setattr(publisher, "snapshot", counted)
            for _ in range(900):  # an hour
                await w.services.clock.advance(4)
                await publisher.look(everything=False)
            assert 100 <= len(looks) <= 121
            looks.clear()
            w.rename("a", "b")
            await publisher.look(everything=False)
            assert len(looks) == 1
            await w.services.guilds.set_language(GUILD, "fr", PERSON)
            await publisher.look(everything=False)
            assert len(looks) == 2

    play(scenario())
