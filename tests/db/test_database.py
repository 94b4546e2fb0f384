"""The one connection: private, whole, in order, and never held for long."""

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

from bot.__main__ import main
from bot.db import database
from bot.db.database import IN_MEMORY, Connection, Database
from bot.errors import StoreError
from tests.db.rows import no_thread_left


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

    with no_thread_left(), pytest.raises(StoreError) as caught:
        asyncio.run(play())
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

    with no_thread_left():
        asyncio.run(play())
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

    with no_thread_left():
        asyncio.run(play())


def test_a_cancelled_opening_leaves_nothing_behind(tmp_path: Path) -> None:
    async def play() -> None:
        task = asyncio.create_task(Database.open(tmp_path / "v.db"))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with no_thread_left():
        asyncio.run(play())
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


@pytest.mark.parametrize("damage", ["half", "within a page", "one page", "first page", "text"])
def test_what_is_damaged_is_reported_in_one_line_and_left_as_it_is_to_the_byte(
    tmp_path: Path, damage: str
) -> None:
    path = filled(tmp_path / "v.db")
    whole = path.read_bytes()
    middle = len(whole) // 2 // 4096 * 4096
    path.write_bytes(
        {
            "half": whole[:middle],
            "within a page": whole[: middle + 777],
            "one page": whole[:middle] + b"\x55" * 4096 + whole[middle + 4096 :],
            "first page": bytes(4096) + whole[4096:],
            "text": b"dear diary\n",
        }[damage]
    )
    left = path.read_bytes()
    backup = tmp_path / "backups" / "vigie-20260102T030000Z.db"
    backup.parent.mkdir()
    backup.write_bytes(whole)
    reported = refused(path)
    assert reported.startswith(f"The database {path} is damaged or no database (")
    assert reported.endswith(
        f"; nothing was changed: put back the newest backup ({backup}) as docs/operation.md,"
        " “Restore”, says, or move the file away to start empty."
    )
    assert "\n" not in reported
    assert "***" not in reported
    assert path.read_bytes() == left


def test_the_newest_changes_beside_a_damaged_database_are_left_too(tmp_path: Path) -> None:
    """They may be what is left to save."""
    path = filled(tmp_path / "v.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM setting").fetchone()

        async def more(db: Database) -> None:
            await db.write(put("newest"))

        run(path, more)
        wal = path.with_name("v.db-wal").read_bytes()
        copy = tmp_path / "crashed"
        copy.mkdir()
        whole = path.read_bytes()
        middle = len(whole) // 2 // 4096 * 4096
        for name, content in (
            ("v.db", whole[:middle] + b"\x55" * 4096 + whole[middle + 4096 :]),
            ("v.db-wal", wal),
        ):
            (copy / name).write_bytes(content)
    left = {name: (copy / name).read_bytes() for name in ("v.db", "v.db-wal")}
    assert len(left["v.db-wal"]) > 4096
    assert "is damaged" in refused(copy / "v.db")
    assert {name: (copy / name).read_bytes() for name in left} == left
    (copy / "v.db").write_bytes(whole)

    async def look(db: Database) -> None:
        assert "newest" in await db.read(keys)

    run(copy / "v.db", look)


def filled(path: Path) -> Path:
    async def fill(db: Database) -> None:
        await db.write(lambda conn: [put(f"{n:0500}")(conn) for n in range(500)])

    run(path, fill)
    return path


@pytest.mark.parametrize("beside", [True, False])
def test_an_empty_file_is_no_first_start(tmp_path: Path, beside: bool) -> None:
    path = tmp_path / "v.db"
    path.touch()
    if beside:
        path.with_name("v.db-wal").write_bytes(b"x" * 5000)
    assert "is empty (0 bytes), and Vigie never leaves it so: put back" in refused(path)
    assert path.stat().st_size == 0


def test_a_database_that_is_gone_but_for_its_newest_changes_is_not_made_anew(
    tmp_path: Path,
) -> None:
    path = tmp_path / "v.db"
    wal = tmp_path / "v.db-wal"
    wal.write_bytes(b"changes")
    assert "is gone, but v.db-wal with its newest changes is there" in refused(path)
    assert not path.exists()
    assert wal.read_bytes() == b"changes", "SQLite alone would have deleted it"


def test_a_new_database_is_never_made_in_silence(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "v.db"
    with caplog.at_level(logging.INFO, logger="bot.db"):
        filled(path)
    assert f"Made a new, empty database: {path}" in caplog.text
    backup = tmp_path / "backups" / "vigie-20260102T030000Z.db"
    backup.parent.mkdir()
    path.rename(backup)
    caplog.clear()
    with caplog.at_level(logging.WARNING, logger="bot.db"):
        filled(path)
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().endswith(f"though there is a backup: {backup}")


def test_a_first_start_that_is_cut_short_leaves_no_half_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "v.db"
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "schema.sql").write_text("CREATE TABLE a (x) STRICT;", "utf-8")

    async def play() -> None:
        await Database.open(path)

    with monkeypatch.context() as patch:
        patch.setattr("bot.db.migrate.FOLDER", folder)
        with pytest.raises(StoreError):
            asyncio.run(play())
    assert not path.exists()
    (tmp_path / "v.db.part").write_bytes(b"left behind by kill -9")
    filled(path)
    assert {file.name for file in tmp_path.iterdir()} == {"v.db", "migrations"}


def test_a_large_database_is_opened_without_waiting_for_the_whole_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = filled(tmp_path / "v.db")
    monkeypatch.setattr(database, "CHECKED_BYTES", 4096)
    with caplog.at_level(logging.INFO, logger="bot.db"):
        filled_already: list[str] = []

        async def look(db: Database) -> None:
            filled_already.extend(await db.read(keys))

        run(path, look)
    assert len(filled_already) == 500
    assert "is large" in caplog.text
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert "is damaged" in refused(path), "SQLite itself misses the second half"


def test_a_link_to_a_place_that_is_empty_leads_there(tmp_path: Path) -> None:
    real = tmp_path / "disk" / "v.db"
    link = tmp_path / "v.db"
    link.symlink_to(real)
    filled(link)
    assert link.is_symlink()
    assert real.stat().st_size


def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "v.db"
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("CREATE TABLE bookmark (url TEXT)")
    before = path.read_bytes()
    assert "of another program" in refused(path)
    assert path.read_bytes() == before


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "v.db"
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("PRAGMA user_version = 9999")
    assert "of a newer Vigie (schema 9999" in refused(path)


def test_a_folder_in_the_databases_place_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path) == (
        f"The database {tmp_path} is a folder: set VIGIE_DATABASE to a file in it."
    )


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
    monkeypatch.setattr(database, "BUSY_MS", 50)
    path = tmp_path / "v.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("BEGIN IMMEDIATE")
        assert "is in use by another program" in refused(path)


def test_a_start_that_another_program_hinders_ends_with_1_for_it_may_succeed_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(database, "BUSY_MS", 50)
    monkeypatch.setenv("DISCORD_TOKEN", "x.y.z")
    monkeypatch.setenv("VIGIE_DATABASE", str(tmp_path / "v.db"))
    monkeypatch.chdir(tmp_path)
    with closing(sqlite3.connect(tmp_path / "v.db", isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("BEGIN IMMEDIATE")
        assert main(["run"]) == 1
    assert "is in use by another program" in capsys.readouterr().err


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


def test_a_folder_that_may_not_be_written_is_refused(tmp_path: Path) -> None:
    """SQLite writes beside the file."""
    folder = tmp_path / "data"
    folder.mkdir()
    path = filled(folder / "v.db")
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(0o755)
    path.chmod(0o666)
    folder.chmod(0o555)
    with without_privilege():
        reported = refused(path)
    folder.chmod(0o755)
    assert "cannot be opened" in reported or "is read-only for this user" in reported
    assert "owns its folder" in reported or "its folder" in reported
