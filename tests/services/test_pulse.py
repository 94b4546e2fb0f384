"""Time in which nothing was watched is a gap: switched off, suspended, clock set."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bot.db import gaps
from bot.db.database import Database
from bot.services.pulse import Pulse
from tests.fakes import FakeClock
from tests.services.station import play


@dataclass
class Played:
    pulse: Pulse
    db: Database
    clock: FakeClock
    steps_ms: list[int] = field(default_factory=list)
    resets: list[int] = field(default_factory=list)

    async def gaps(self) -> list[int]:
        """Lengths of all gaps in seconds."""
        now_ms = self.clock.now_ms()
        found = await self.db.read(lambda conn: gaps.between(conn, 0, now_ms))
        return [(until - begin) // 1000 for begin, until in found]


@asynccontextmanager
async def played(path: Path, clock: FakeClock) -> AsyncIterator[Played]:
    db = await Database.open(path / "vigie.db")
    try:
        steps: list[int] = []
        resets: list[int] = []
        pulse = Pulse(
            db,
            clock,
            resync=lambda: steps.pop() if steps else 0,
            after_gap=lambda: resets.append(1),
        )
        yield Played(pulse, db, clock, steps, resets)
    finally:
        await db.close()


def test_a_long_time_switched_off_is_a_gap(tmp_path: Path) -> None:
    async def scenario() -> None:
        clock = FakeClock()
        async with played(tmp_path, clock) as p:
            assert not await p.pulse.begin()
            await p.pulse.stamp()
        clock.jump(3_600)
        async with played(tmp_path, clock) as p:
            assert await p.pulse.begin()
            assert await p.gaps() == [3_600]

    play(scenario())


def test_a_quick_restart_is_no_gap(tmp_path: Path) -> None:
    async def scenario() -> None:
        clock = FakeClock()
        async with played(tmp_path, clock) as p:
            await p.pulse.begin()
        clock.jump(90)
        async with played(tmp_path, clock) as p:
            assert not await p.pulse.begin()
            assert await p.gaps() == []

    play(scenario())


def test_a_suspended_machine_leaves_a_gap_and_its_failures_count_no_more(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with played(tmp_path, FakeClock()) as p:
            await p.pulse.begin()
            p.steps_ms.append(1_800_000)
            await p.pulse.stamp()
            assert await p.gaps() == [1_800]
            assert p.resets == [1]

    play(scenario())


def test_a_clock_set_back_is_no_gap(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with played(tmp_path, FakeClock()) as p:
            await p.pulse.begin()
            p.steps_ms.append(-3_600_000)
            await p.pulse.stamp()
            assert await p.gaps() == []
            assert p.resets == []

    play(scenario())
