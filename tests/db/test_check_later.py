"""A large file is only read until every page has been checked, and never written to if damaged."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bot.db import database
from bot.db.database import FOUND_DAMAGED, Connection, Database
from bot.db.migrate import newest
from bot.errors import StoreError
from tests.db.rows import no_thread_left

MANY = 500
PAGE = 4096


@pytest.fixture(autouse=True)
def _every_file_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "CHECKED_AT_ONCE_BYTES", PAGE)


def put(key: str) -> Callable[[Connection], None]:
    def work(conn: Connection) -> None:
        conn.execute("INSERT INTO setting (key, value) VALUES (?, '')", (key,))

    return work


def count(conn: Connection) -> int:
    return int(conn.execute("SELECT count(*) FROM setting").fetchone()[0])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    async def fill() -> None:
        db = await Database.open(tmp_path / "v.db")
        await db.write(lambda conn: [put(f"{n:0500}")(conn) for n in range(MANY)])
        await db.close()

    asyncio.run(fill())
    return tmp_path / "v.db"


def play(path: Path, scenario: Callable[[Database], Awaitable[object]]) -> None:
    async def run() -> None:
        db = await Database.open(path, check_later=True)
        try:
            await scenario(db)
        finally:
            await db.close()

    with no_thread_left():
        asyncio.run(run())


def damage(path: Path) -> bytes:
    """The pages in its middle are lost; what is left of it."""
    whole = path.read_bytes()
    middle = len(whole) // 2 // PAGE * PAGE
    path.write_bytes(whole[:middle] + b"\x55" * PAGE + whole[middle + PAGE :])
    return path.read_bytes()


def test_it_is_read_at_once_and_written_to_when_it_is_found_sound(path: Path) -> None:
    async def scenario(db: Database) -> None:
        before = db.may_write
        assert await db.read(count) == MANY
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            await db.read(put("a"))
        await asyncio.gather(db.write(put("a")), db.write(put("b")))
        assert (before, db.may_write) == (False, True)
        assert await db.read(count) == MANY + 2
        await db.checked()

    play(path, scenario)


def test_nobody_who_reads_waits_for_what_waits_to_be_written(path: Path) -> None:
    async def scenario(db: Database) -> None:
        async def flush() -> None:
            await db.write(put("late"))

        db.write_waiting = flush
        await db.settle()
        assert not db.may_write
        await db.checked()
        await db.settle()
        assert await db.read(count) == MANY + 1

    play(path, scenario)


def test_a_damaged_one_is_never_written_to(path: Path) -> None:
    left = damage(path)

    async def scenario(db: Database) -> None:
        for work in (db.checked, lambda: db.write(put("a")), db.empty_log, db.checked):
            with pytest.raises(StoreError, match="is damaged or no database"):
                await work()
        assert not db.may_write

    play(path, scenario)
    assert path.read_bytes() == left


def test_whoever_reads_a_damaged_page_first_learns_what_is_wrong(path: Path) -> None:
    left = damage(path)

    async def scenario(db: Database) -> None:
        with pytest.raises(StoreError, match="is damaged or no database"):
            await db.read(lambda conn: conn.execute("SELECT * FROM setting").fetchall())

    play(path, scenario)
    assert path.read_bytes() == left


def test_the_next_start_checks_before_it_reads_until_all_is_well(path: Path) -> None:
    whole = path.read_bytes()
    left = damage(path)

    async def found(db: Database) -> None:
        with pytest.raises(StoreError):
            await db.checked()

    async def fine(db: Database) -> None:
        assert db.may_write

    play(path, found)
    with pytest.raises(StoreError, match="is damaged"):
        play(path, found)
    assert path.read_bytes() == left
    path.write_bytes(whole)
    play(path, fine)
    assert not path.with_name(path.name + FOUND_DAMAGED).exists()


def test_the_end_does_not_wait_for_the_check(path: Path) -> None:
    async def scenario(db: Database) -> None:
        waiting = asyncio.create_task(db.write(put("a")))
        await asyncio.sleep(0)
        waiting.cancel()

    play(path, scenario)
    play(path, lambda db: db.read(count))


def test_an_older_schema_is_checked_before_it_is_upgraded(path: Path) -> None:
    conn = sqlite3.connect(path)
    conn.execute(f"PRAGMA user_version = {newest() + 1}")
    conn.close()

    async def scenario(db: Database) -> None:
        raise AssertionError("it is of a newer Vigie")

    with pytest.raises(StoreError, match="newer Vigie"):
        play(path, scenario)


def test_what_a_crash_left_beside_it_is_read_and_kept(path: Path, tmp_path: Path) -> None:
    """The write-ahead log of a process that was killed."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT * FROM setting").fetchone()

    async def more(db: Database) -> None:
        await db.write(put("newest"))

    play(path, more)
    copy = tmp_path / "crashed"
    copy.mkdir()
    for name in ("v.db", "v.db-wal"):
        (copy / name).write_bytes(path.with_name(name).read_bytes())
    other.close()

    async def scenario(db: Database) -> None:
        assert not db.may_write
        assert await db.read(count) == MANY + 1
        await db.write(put("later"))
        assert await db.read(count) == MANY + 2

    play(copy / "v.db", scenario)
