"""The copy is whole, verified and of one moment; nothing is overwritten; it can be put back."""

import asyncio
import os
import sqlite3
import stat
import threading
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from bot.cli import backup
from bot.config import Config
from bot.db import guilds, settings
from bot.db.database import Connection, Database
from bot.models import GuildSettings


def made(path: Path, *, text: str = "x" * 3000, rows: int = 200) -> Path:
    async def play() -> None:
        db = await Database.open(path)
        try:
            await db.write(lambda conn: guilds.save(conn, GuildSettings(7)))
            await db.write(lambda conn: fill(conn, text, rows))
        finally:
            await db.close()

    asyncio.run(play())
    return path


def fill(conn: Connection, text: str, rows: int) -> None:
    for number in range(rows):
        settings.put(conn, f"k{number}", text)


def run(database: Path, target: Path, keep: int = 7) -> int:
    return backup.run(str(target), keep=keep, config=Config(database=database))


def rows(path: Path) -> int:
    with closing(sqlite3.connect(path)) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        return int(conn.execute("SELECT count(*) FROM setting").fetchone()[0])


def test_a_copy_is_whole_one_file_and_private(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = made(tmp_path / "v.db")
    target = tmp_path / "copy.db"
    assert run(database, target) == 0
    assert "verified" in capsys.readouterr().out
    assert rows(target) == 200
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    beside = {file.name for file in tmp_path.iterdir() if file.name.startswith("copy")}
    assert beside == {"copy.db"}


def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = made(tmp_path / "v.db", rows=1)
    target = tmp_path / "copy.db"
    target.write_text("precious")
    assert run(database, target) == 1
    assert run(database, database) == 1
    assert "overwrites nothing" in capsys.readouterr().err
    assert target.read_text() == "precious"
    assert rows(database) == 1


@pytest.mark.parametrize("target", ["missing/copy.db", "v.db/copy.db"])
def test_a_place_that_cannot_be_written_is_named(
    tmp_path: Path, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    database = made(tmp_path / "v.db", rows=1)
    assert run(database, tmp_path / target) == 1
    assert "Cannot write" in capsys.readouterr().err


def test_without_a_database_there_is_no_copy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path / "none.db", tmp_path / "copy.db") == 1
    assert "There is no database" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_database_leaves_no_copy_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = made(tmp_path / "v.db")
    with database.open("r+b") as file:
        file.seek(database.stat().st_size // 2)
        file.write(os.urandom(20_000))
    assert run(database, tmp_path / "copy.db") == 1
    assert capsys.readouterr().err.startswith("vigie: ")
    assert not (tmp_path / "copy.db").exists()
    assert not (tmp_path / "copy.db.part").exists()


def pair(number: int, conn: Connection) -> None:
    for name in ("one", "two"):
        settings.put(conn, f"{name}{number}", "y" * 500)


def test_a_copy_made_while_vigie_writes_is_of_one_moment(tmp_path: Path) -> None:
    """Two rows are always written together; the copy never has one alone."""
    database = made(tmp_path / "v.db", rows=1)
    done = threading.Event()
    began = threading.Event()

    async def write() -> None:
        db = await Database.open(database)
        number = 0
        try:
            while not done.is_set():
                number += 1
                await db.write(partial(pair, number))
                began.set()
        finally:
            await db.close()

    thread = threading.Thread(target=lambda: asyncio.run(write()))
    thread.start()
    try:
        assert began.wait(5)
        for number in range(5):
            assert run(database, tmp_path / f"copy{number}.db") == 0
    finally:
        done.set()
        thread.join()
    for number in range(5):
        assert rows(tmp_path / f"copy{number}.db") % 2 == 1


def test_a_folder_gets_dated_copies_and_keeps_the_newest(tmp_path: Path) -> None:
    database = made(tmp_path / "v.db", rows=1)
    folder = tmp_path / "backups"
    folder.mkdir()
    for day in range(1, 10):
        (folder / f"vigie-2026010{day}T030000Z.db").touch()
    (folder / "vigie-of-mine.db").touch()
    assert run(database, folder) == 0
    kept = sorted(file.name for file in folder.iterdir())
    assert len(kept) == 8
    assert kept[0] == "vigie-20260104T030000Z.db"
    assert kept[-1] == "vigie-of-mine.db"


def test_a_copy_can_be_put_back(tmp_path: Path) -> None:
    """The steps of docs/operation.md: stop, set the damaged files aside, copy, start."""
    database = made(tmp_path / "v.db")
    copy = tmp_path / "copy.db"
    assert run(database, copy) == 0
    database.write_bytes(b"damaged" * 1000)
    aside = tmp_path / "damaged"
    aside.mkdir()
    for file in tmp_path.glob("v.db*"):
        file.rename(aside / file.name)
    database.write_bytes(copy.read_bytes())

    async def play() -> None:
        db = await Database.open(database)
        try:
            assert await db.read(lambda conn: settings.get(conn, "k199")) == "x" * 3000
            found = await db.read(lambda conn: guilds.find(conn, 7))
            assert found is not None
        finally:
            await db.close()

    asyncio.run(play())
