"""Starts that follow each other too fast wait for the gateway, and for nothing else."""

import asyncio
import json

import pytest

from bot.discord.limits import SessionStarts
from tests.fakes import FakeClock


class Shelf:
    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    async def load(self, key: str) -> str | None:
        return self.kept.get(key)

    async def save(self, key: str, value: str) -> None:
        self.kept[key] = value


def test_ten_starts_in_ten_minutes_wait_for_nothing_and_the_next_one_waits() -> None:
    async def scenario() -> None:
        clock, shelf = FakeClock(), Shelf()
        for _ in range(10):
            starts = SessionStarts(shelf, clock)
            assert await starts.delay_s() == 0
            await starts.note(0)
            await clock.advance(2)
        assert await SessionStarts(shelf, clock).delay_s() == 88
        await clock.advance(600)
        assert await SessionStarts(shelf, clock).delay_s() == 0

    asyncio.run(scenario())


def test_a_crash_loop_of_a_day_leaves_the_token_alone() -> None:
    async def scenario() -> None:
        clock, shelf = FakeClock(), Shelf()
        starts, count, end_ms = SessionStarts(shelf, clock), 0, clock.now_ms() + 86_400_000
        while clock.now_ms() < end_ms:
            clock.jump(1 + await starts.delay_s())
            await starts.note(0)
            count += 1
        assert 100 < count < 950

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "damaged", ["", "[", "7", "null", '{"at": 1}', '["soon", null, [1]]', "[" * 100_000]
)
def test_a_damaged_memory_of_starts_stops_no_start(damaged: str) -> None:
    async def scenario() -> None:
        clock, shelf = FakeClock(), Shelf()
        shelf.kept["gateway_starts"] = damaged
        starts = SessionStarts(shelf, clock)
        assert await starts.delay_s() == 0
        await starts.note(0)
        assert shelf.kept["gateway_starts"] == f"[{clock.now_ms()}]"

    asyncio.run(scenario())


def test_the_shards_of_one_client_are_one_start_and_each_further_session_another() -> None:
    async def scenario() -> None:
        clock, shelf = FakeClock(), Shelf()
        starts = SessionStarts(shelf, clock)
        for shard_id in range(16):
            await starts.note(shard_id)
            await clock.advance(5)
        assert len(json.loads(shelf.kept["gateway_starts"])) == 1
        assert await SessionStarts(shelf, clock).delay_s() == 0
        for _ in range(2):  # all of them lose their sessions at once
            for shard_id in range(16):
                await starts.note(shard_id)
        assert len(json.loads(shelf.kept["gateway_starts"])) == 3
        for _ in range(9):  # one shard alone loses its own again and again
            await clock.advance(1)
            await starts.note(3)
        assert await starts.delay_s() > 0

    asyncio.run(scenario())


class FullDisk(Shelf):
    async def save(self, key: str, value: str) -> None:
        del key, value
        raise OSError(28, "No space left on device")


def test_a_full_disk_keeps_nobody_from_connecting_and_starts_are_counted_all_the_same() -> None:
    async def scenario() -> None:
        clock = FakeClock()
        starts = SessionStarts(FullDisk(), clock)
        for _ in range(10):
            assert await starts.delay_s() == 0
            await starts.note(0)
            await clock.advance(2)
        assert await starts.delay_s() == 88

    asyncio.run(scenario())
