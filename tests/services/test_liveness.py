"""Time in which nothing was watched is a gap: switched off, suspended, clock set. The heartbeat."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.app import App
from bot.config import Config
from bot.db import rollups
from bot.db.database import Database
from bot.services.liveness import GapWatch
from tests.engine.sites import serve
from tests.fakes import FakeClock
from tests.services.delivery.delivery_fixture import FixtureClock, FixtureTransport
from tests.services.services_fixture import play


@dataclass
class Played:
    gap_watch: GapWatch
    db: Database
    clock: FakeClock
    steps_ms: list[int] = field(default_factory=list)
    resets: list[int] = field(default_factory=list)

    async def gaps(self) -> list[int]:
        """Lengths of all gaps in seconds."""
        now_ms = self.clock.now_ms()
        found = await self.db.read(lambda conn: rollups.gaps_between(conn, 0, now_ms))
        return [(until - begin) // 1000 for begin, until in found]


@asynccontextmanager
async def played(path: Path, clock: FakeClock) -> AsyncIterator[Played]:
    db = await Database.open(path / "vigie.db")
    try:
        steps: list[int] = []
        resets: list[int] = []
        gap_watch = GapWatch(
            db,
            clock,
            resync=lambda: steps.pop() if steps else 0,
            after_gap=lambda: resets.append(1),
        )
        yield Played(gap_watch, db, clock, steps, resets)
    finally:
        await db.close()


def test_a_long_time_switched_off_is_a_gap(tmp_path: Path) -> None:
    async def scenario() -> None:
        clock = FakeClock()
        async with played(tmp_path, clock) as p:
            assert not await p.gap_watch.begin()
            await p.gap_watch.stamp()
        clock.jump(3_600)
        async with played(tmp_path, clock) as p:
            assert await p.gap_watch.begin()
            assert await p.gaps() == [3_600]

    play(scenario())


def test_a_quick_restart_is_no_gap(tmp_path: Path) -> None:
    async def scenario() -> None:
        clock = FakeClock()
        async with played(tmp_path, clock) as p:
            await p.gap_watch.begin()
        clock.jump(90)
        async with played(tmp_path, clock) as p:
            assert not await p.gap_watch.begin()
            assert await p.gaps() == []

    play(scenario())


def test_a_suspended_machine_leaves_a_gap_and_its_failures_count_no_more(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with played(tmp_path, FakeClock()) as p:
            await p.gap_watch.begin()
            p.steps_ms.append(1_800_000)
            await p.gap_watch.stamp()
            assert await p.gaps() == [1_800]
            assert p.resets == [1]

    play(scenario())


def test_a_clock_set_back_is_no_gap(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with played(tmp_path, FakeClock()) as p:
            await p.gap_watch.begin()
            p.steps_ms.append(-3_600_000)
            await p.gap_watch.stamp()
            assert await p.gaps() == []
            assert p.resets == []

    play(scenario())


@contextlib.asynccontextmanager
async def beating(path: Path, beats: list[int], *, broken: bool = False) -> AsyncIterator[Played]:
    """A gap_watch that runs and calls a heartbeat; ``broken``: its store takes nothing."""
    db = await Database.open(path / "vigie.db")
    clock = FakeClock(settle=lambda: db.read(lambda conn: conn.in_transaction))

    async def beat() -> None:
        beats.append(clock.now_ms())

    gap_watch = GapWatch(db, clock, resync=lambda: 0, after_gap=lambda: None, heartbeat=beat)
    if broken:
        await db.read(lambda conn: conn.execute("PRAGMA query_only = ON").fetchall())
    running = asyncio.create_task(gap_watch.run())
    try:
        yield Played(gap_watch, db, clock)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await db.close()


def test_the_heartbeat_comes_once_a_minute(tmp_path: Path) -> None:
    async def scenario() -> None:
        beats: list[int] = []
        async with beating(tmp_path, beats) as p:
            begin_ms = p.clock.now_ms()
            await p.clock.advance(299)
            assert [(beat - begin_ms) // 1000 for beat in beats] == [30, 90, 150, 210, 270]

    play(scenario())


def test_a_vigie_whose_disk_takes_nothing_is_not_healthy(tmp_path: Path) -> None:
    """The switch at the other end goes off, which is its purpose."""

    async def scenario() -> None:
        beats: list[int] = []
        async with beating(tmp_path, beats, broken=True) as p:
            await p.clock.advance(299)
            assert beats == []

    play(scenario())


def test_the_heartbeat_is_sent_after_the_first_login(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        db = await Database.open(tmp_path / "vigie.db")
        try:
            async with serve() as switch:
                url = switch.url("/beat?key=1")
                app = App(Config(heartbeat_url=url, canaries=()), db)
                await app.heartbeat.send()
                assert switch.visits == [], "not before the first login: it could notify nobody"
                app._attach(FixtureTransport(FixtureClock()))
                await app.heartbeat.send()
                assert len(switch.visits) == 1
            with caplog.at_level(logging.WARNING):
                await app.heartbeat.send()
            assert "The heartbeat failed: refused" in caplog.text
            assert url not in caplog.text
            await app.engine.resolver.close()
        finally:
            await db.close()

    play(scenario())
