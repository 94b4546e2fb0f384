import asyncio
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from bot.db import opening
from bot.db.database import IN_MEMORY, Connection, Database
from bot.errors import StoreError


def run(path: Path | str, scenario: Callable[[Database], Awaitable[None]]) -> None:
    async def play() -> None:
        db = await Database.open(path)
        try:
            await scenario(db)
        finally:
            await db.close()

    asyncio.run(play())


def put(key: str) -> Callable[[Connection], None]:
    def work(conn: Connection) -> None:
        conn.execute("INSERT INTO setting (key, value) VALUES (?, '')", (key,))

    return work


def keys(conn: Connection) -> list[str]:
    return [row["key"] for row in conn.execute("SELECT key FROM setting ORDER BY key")]


def pragma(name: str) -> Callable[[Connection], object]:
    return lambda conn: conn.execute(f"PRAGMA {name}").fetchone()[0]


def refused(path: Path) -> str:
    async def play() -> None:
        db = await Database.open(path)
        await db.close()

    threads = threading.active_count()
    with pytest.raises(StoreError) as caught:
        asyncio.run(play())
    assert threading.active_count() == threads, "a failed opening leaves no thread behind"
    return str(caught.value)


@contextmanager
def without_privilege() -> Iterator[None]:
    """As an ordinary user: root may write what is read-only."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_new_database_is_private_and_has_every_pragma(tmp_path: Path) -> None:
    path = tmp_path / "data" / "vigie.db"

    async def scenario(db: Database) -> None:
        wanted = {
            "journal_mode": "wal",
            "synchronous": 2,
            "foreign_keys": 1,
            "busy_timeout": 5000,
            "journal_size_limit": 1_048_576,
            "trusted_schema": 0,
            "auto_vacuum": 2,
        }
        assert {name: await db.read(pragma(name)) for name in wanted} == wanted
        assert await db.read(pragma("user_version")) >= 1  # type: ignore[operator]

    run(path, scenario)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [p.name for p in path.parent.iterdir()] == ["vigie.db"], "closing tidies up"


def test_the_files_of_a_running_database_are_private_too(tmp_path: Path) -> None:
    async def scenario(db: Database) -> None:
        await db.write(put("a"))
        assert modes() == dict.fromkeys(("v.db", "v.db-wal", "v.db-shm"), 0o600)

    def modes() -> dict[str, int]:
        return {p.name: p.stat().st_mode & 0o777 for p in tmp_path.iterdir()}

    run(tmp_path / "v.db", scenario)


def test_what_is_written_is_there_after_a_restart(tmp_path: Path) -> None:
    async def writing(db: Database) -> None:
        await db.write(put("a"))

    async def reading(db: Database) -> None:
        assert await db.read(keys) == ["a"]

    run(tmp_path / "v.db", writing)
    run(tmp_path / "v.db", reading)


def test_in_memory_works_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    async def scenario(db: Database) -> None:
        await db.write(put("a"))
        assert await db.read(keys) == ["a"]

    run(Path(IN_MEMORY), scenario)
    assert list(tmp_path.iterdir()) == []


def test_an_exception_rolls_the_whole_transaction_back(tmp_path: Path) -> None:
    async def scenario(db: Database) -> None:
        def work(conn: Connection) -> None:
            put("a")(conn)
            raise KeyError("bug")

        with pytest.raises(KeyError):
            await db.write(work)
        with pytest.raises(sqlite3.IntegrityError):
            await db.write(lambda conn: [put("b")(conn), put("b")(conn)])
        await db.write(put("c"))
        assert await db.read(keys) == ["c"]
        assert not await db.read(lambda conn: conn.in_transaction)

    run(tmp_path / "v.db", scenario)


def test_write_returns_what_the_work_returns(tmp_path: Path) -> None:
    async def scenario(db: Database) -> None:
        assert await db.write(lambda conn: conn.execute("SELECT 7").fetchone()[0]) == 7

    run(tmp_path / "v.db", scenario)


@pytest.mark.parametrize("turns", range(6))
def test_cancelling_the_caller_neither_opens_nor_undoes_a_transaction(
    tmp_path: Path, turns: int
) -> None:
    async def scenario(db: Database) -> None:
        begun = threading.Event()

        def work(conn: Connection) -> None:
            put("a")(conn)
            begun.set()
            time.sleep(0.02)
            put("b")(conn)

        task = asyncio.create_task(db.write(work))
        for _ in range(turns):
            await asyncio.sleep(0)
        if turns == 5:
            await asyncio.to_thread(begun.wait)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert not await db.read(lambda conn: conn.in_transaction)
        assert await db.read(keys) == ([] if turns == 0 else ["a", "b"])
        await db.write(put("c"))

    run(tmp_path / "v.db", scenario)


def test_many_writers_at_once_never_mix(tmp_path: Path) -> None:
    async def scenario(db: Database) -> None:
        def work(number: int, conn: Connection) -> None:
            put(f"{number:03}a")(conn)
            if number % 3 == 0:
                raise ValueError(number)
            put(f"{number:03}b")(conn)

        results = await asyncio.gather(
            *(db.write(lambda conn, n=n: work(n, conn)) for n in range(60)),  # type: ignore[misc]
            return_exceptions=True,
        )
        assert sum(isinstance(result, ValueError) for result in results) == 20
        assert len(await db.read(keys)) == 80

    run(tmp_path / "v.db", scenario)


def test_close_waits_for_queued_work_and_may_be_called_again(tmp_path: Path) -> None:
    async def play() -> None:
        db = await Database.open(tmp_path / "v.db")
        writes = [asyncio.create_task(db.write(put(str(n)))) for n in range(20)]
        await asyncio.sleep(0)
        await db.close()
        await db.close()
        await asyncio.gather(*writes)
        with pytest.raises(StoreError, match="closed"):
            await db.read(keys)

    threads = threading.active_count()
    asyncio.run(play())
    assert threading.active_count() == threads
    with closing(sqlite3.connect(tmp_path / "v.db")) as conn:
        assert conn.execute("SELECT count(*) FROM setting").fetchone()[0] == 20


def test_a_cancelled_close_still_ends_the_thread(tmp_path: Path) -> None:
    async def play() -> None:
        db = await Database.open(tmp_path / "v.db")
        closing_ = asyncio.create_task(db.close())
        await asyncio.sleep(0)
        closing_.cancel()
        with suppress(asyncio.CancelledError):
            await closing_

    threads = threading.active_count()
    asyncio.run(play())
    assert threading.active_count() == threads


def test_a_cancelled_opening_leaves_nothing_behind(tmp_path: Path) -> None:
    async def play() -> None:
        task = asyncio.create_task(Database.open(tmp_path / "v.db"))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    threads = threading.active_count()
    asyncio.run(play())
    assert threading.active_count() == threads
    assert not (tmp_path / "v.db-wal").exists()


def test_slow_work_is_named_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def dawdle(conn: Connection) -> None:
        conn.execute("SELECT 1")
        time.sleep(0.06)

    async def scenario(db: Database) -> None:
        await db.write(put("quick"))
        await db.write(dawdle)

    with caplog.at_level(logging.DEBUG, logger="bot.db"):
        run(tmp_path / "v.db", scenario)
    assert [r for r in caplog.records if "dawdle" in r.getMessage()]
    assert not [r for r in caplog.records if "put" in r.getMessage()]


def test_something_else_than_a_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "v.db"
    path.write_bytes(b"no database at all, but long enough to look at" * 100)
    before = path.read_bytes()
    assert "is damaged or no database" in refused(path)
    assert path.read_bytes() == before


def test_a_damaged_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "v.db"

    async def fill(db: Database) -> None:
        await db.write(lambda conn: [put(f"{n:0500}")(conn) for n in range(500)])

    run(path, fill)
    whole = path.read_bytes()
    half = len(whole) // 2
    path.write_bytes(whole[:half] + b"\xff" * 8192 + whole[half + 8192 :])
    assert "is damaged or no database" in refused(path)
    path.write_bytes(whole[: half // 4096 * 4096])
    assert "is damaged or no database" in refused(path)


def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "v.db"
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("CREATE TABLE bookmark (url TEXT)")
    assert "of another program" in refused(path)
    with closing(sqlite3.connect(path)) as conn:
        assert [row[0] for row in conn.execute("SELECT name FROM sqlite_schema")] == ["bookmark"]


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "v.db"
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("PRAGMA user_version = 9999")
    assert "of a newer Vigie (schema 9999" in refused(path)


def test_a_folder_in_the_databases_place_is_refused(tmp_path: Path) -> None:
    assert "cannot be opened" in refused(tmp_path)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "Cannot create the database" in refused(tmp_path / "file" / "v.db")


def test_a_read_only_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "v.db"

    async def nothing(db: Database) -> None:
        await db.read(keys)

    run(path, nothing)
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(0o755)
    path.chmod(0o444)
    with without_privilege():
        assert "is read-only for this user" in refused(path)


def test_a_database_another_program_writes_to_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "BUSY_MS", 50)
    path = tmp_path / "v.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("BEGIN IMMEDIATE")
        assert "is in use by another program" in refused(path)


def test_a_full_disk_loses_nothing_and_the_database_goes_on(tmp_path: Path) -> None:
    async def scenario(db: Database) -> None:
        pages = await db.read(pragma("page_count"))
        await db.read(lambda conn: conn.execute(f"PRAGMA max_page_count = {pages}").fetchone())

        def much(conn: Connection) -> None:
            for number in range(1000):
                put(f"{number:0500}")(conn)

        with pytest.raises(sqlite3.OperationalError, match="full"):
            await db.write(much)
        assert not await db.read(lambda conn: conn.in_transaction)
        assert await db.read(keys) == []
        await db.read(lambda conn: conn.execute("PRAGMA max_page_count = 1000000").fetchone())
        await db.write(much)
        assert len(await db.read(keys)) == 1000

    run(tmp_path / "v.db", scenario)
