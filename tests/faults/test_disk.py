"""The disk is full, read-only, or has lost part of the database (rows 21 to 23)."""

import asyncio
import contextlib
import resource
import sqlite3
from pathlib import Path

import pytest

from tests.harness import Harness, running, until

LARGE = 1 << 40


@pytest.mark.process
def test_a_full_disk_delays_a_flip_and_probes_go_on(tmp_path: Path) -> None:
    """RLIMIT_FSIZE plays the disk: no file of the bot may grow."""

    async def scenario() -> None:
        async with running(tmp_path, "shop") as h:
            site = h.sites["shop"]
            await site.visited(2)
            process = h.bot.process
            assert process is not None
            limit = resource.RLIMIT_FSIZE
            resource.prlimit(process.pid, limit, (4096, LARGE))
            try:
                site.fail()
                before = site.visits
                await site.visited(5)
                assert h.bot.running
                assert h.posts() == []
                assert site.visits > before
            finally:
                resource.prlimit(process.pid, limit, (LARGE, LARGE))
            await h.wait_post("DOWN · shop")

    asyncio.run(scenario())


@pytest.mark.process
@pytest.mark.parametrize("damage", ["truncated", "garbled"])
def test_a_database_that_cannot_be_used_ends_the_start_with_78_and_stays_as_it_is(
    tmp_path: Path, damage: str
) -> None:
    async def scenario() -> None:
        async with Harness(tmp_path) as h:
            await h.seed("shop")
            whole = h.database.read_bytes()
            h.database.write_bytes(_damaged(whole, damage))
            left = h.database.read_bytes()
            await h.bot.start(online=False)
            assert await h.bot.wait_exit() == 78
            assert h.bot.log.startswith("vigie: The database ")
            assert "vigie.db" in h.bot.log
            assert "Traceback" not in h.bot.log
            # SQLite itself counts openings in the file's first 100 bytes.
            assert h.database.read_bytes()[100:] == left[100:]
            assert h.sandbox.record.requests == []
            h.database.write_bytes(whole)

    asyncio.run(scenario())


def _damaged(whole: bytes, how: str) -> bytes:
    if how == "truncated":
        return whole[: len(whole) // 2]
    return whole[:4096] + bytes(b ^ 0x55 for b in whole[4096:8192]) + whole[8192:]


@pytest.mark.process
def test_a_deleted_wal_leaves_an_older_but_whole_database(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(tmp_path, "shop") as h:
            await h.sites["shop"].visited(1)
            await h.bot.kill()
            for name in ("vigie.db-wal", "vigie.db-shm"):
                (tmp_path / name).unlink(missing_ok=True)
            await h.bot.start(online=False)
            await h.outage("shop")
            await until(lambda: not h.waiting())

    asyncio.run(scenario())


def _fill(file: Path) -> bytes:
    """As large as a year's history; returns all of it."""
    with contextlib.closing(sqlite3.connect(file)) as conn:
        conn.execute("CREATE TABLE history (text)")
        conn.executemany("INSERT INTO history VALUES (?)", (("x" * 4000,) for _ in range(8_000)))
        conn.commit()
    return file.read_bytes()


@pytest.mark.process
def test_a_large_database_is_checked_while_sites_are(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Harness(tmp_path) as h:
            await h.seed("shop")
            await asyncio.to_thread(_fill, h.database)
            await h.bot.start()
            await h.outage("shop")
            await h.recovery("shop")

    asyncio.run(scenario())


@pytest.mark.process
def test_a_large_database_that_is_damaged_ends_the_bot_and_stays_as_it_is(tmp_path: Path) -> None:
    """Sites may have been checked meanwhile; a second start does not come that far."""

    async def scenario() -> None:
        async with Harness(tmp_path) as h:
            await h.seed("shop")
            whole = await asyncio.to_thread(_fill, h.database)
            middle = len(whole) // 2 // 4096 * 4096
            left = whole[:middle] + b"\x55" * 4096 + whole[middle + 4096 :]
            h.database.write_bytes(left)
            h.sites["shop"].fail()
            asked: list[int] = []
            for _ in range(2):
                await h.bot.start(online=False)
                assert await h.bot.wait_exit() == 78
                assert "is damaged or no database" in h.bot.log
                assert h.database.read_bytes()[100:] == left[100:]
                assert h.posts() == []
                asked.append(len(h.sandbox.record.requests))
            assert asked[0] == asked[1], "nobody logs in to Discord again and again"
            h.database.write_bytes(whole)

    asyncio.run(scenario())
