"""The disk is full, read-only, or has lost part of the database (rows 21 to 23)."""

import asyncio
import resource
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
