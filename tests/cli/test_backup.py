"""The copy is whole, verified and of one moment; nothing is overwritten; it can be put back."""

import asyncio
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.cli import backup
from bot.config import Config
from bot.db import files, guilds
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
        guilds.put(conn, f"k{number}", text)


def run(database: Path, target: Path, keep: int | None = None) -> int:
    return backup.run(str(target), keep=keep, daily=False, config=Config(database=database))


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
    assert list(tmp_path.glob("*.part")) == []


def pair(number: int, conn: Connection) -> None:
    for name in ("one", "two"):
        guilds.put(conn, f"{name}{number}", "y" * 500)


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
        (folder / f"vigie-2026010{day}T030000Z.db").write_text("a copy")
    (folder / "vigie-of-mine.db").touch()
    assert run(database, folder) == 0
    kept = sorted(file.name for file in folder.iterdir())
    assert len(kept) == 8
    assert kept[0] == "vigie-20260104T030000Z.db"
    assert kept[-1] == "vigie-of-mine.db"


def test_a_folder_that_is_named_with_its_slash_is_made(tmp_path: Path) -> None:
    database = made(tmp_path / "v.db", rows=1)
    folder = tmp_path / "data" / "backups"
    assert backup.run(f"{folder}/", keep=7, daily=False, config=Config(database=database)) == 0
    [copy] = folder.iterdir()
    assert files.made_at(copy) is not None
    assert folder.stat().st_mode & 0o777 == 0o700


def test_only_what_is_a_whole_copy_counts_as_one(tmp_path: Path) -> None:
    """Not an empty file, not what an interrupted backup left; a stale rest of one goes."""
    database = made(tmp_path / "v.db", rows=1)
    stale = tmp_path / "vigie-20200101T000000Z.db.part"
    fresh = files.dated_copy(tmp_path, datetime.now(UTC) - timedelta(hours=1)).with_suffix(
        ".db.part"
    )
    newer = tmp_path / "vigie-20200101T000000Z.db.0123456789abcdef.part"
    for name in (stale, newer, fresh, tmp_path / "vigie-20200101T000001Z.db"):
        name.touch()
    whole = tmp_path / "vigie-20200101T000002Z.db"
    whole.write_text("a copy")
    assert run(database, tmp_path, keep=2) == 0
    assert not stale.exists()
    assert not newer.exists()
    assert fresh.exists()
    assert whole.exists()
    assert len(files.copies_in(tmp_path)) == 2


def test_a_copy_that_is_not_sound_never_bears_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The database may be read without an error and still be damaged: an index lies, say."""
    database = made(tmp_path / "v.db")
    whole = database.read_bytes()
    middle = len(whole) // 2 // 4096 * 4096
    database.write_bytes(whole[:middle] + b"\x55" * 4096 + whole[middle + 4096 :])
    folder = tmp_path / "backups"
    folder.mkdir()
    older = folder / "vigie-20200101T000002Z.db"
    older.write_text("a copy")
    assert run(database, folder, keep=1) == 1
    reported = capsys.readouterr().err
    assert "The copy is not sound" in reported
    assert reported.count("\n") == 1
    assert list(folder.iterdir()) == [older], "nothing new, and nothing older was given up for it"


def test_a_file_that_comes_in_between_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = made(tmp_path / "v.db", rows=1)
    target = tmp_path / "copy.db"
    verify = files._verify

    def slowly(file: Path, version: int) -> None:
        verify(file, version)
        target.write_text("precious")

    monkeypatch.setattr(files, "_verify", slowly)
    assert run(database, target) == 1
    assert target.read_text() == "precious"


def test_a_link_that_somebody_planted_is_neither_followed_nor_harmed(tmp_path: Path) -> None:
    database = made(tmp_path / "v.db", rows=1)
    victim = tmp_path / "victim"
    for planted in ("copy.db.part", "again.db.part"):
        (tmp_path / planted).symlink_to(victim)
    for name in ("copy.db", "again.db"):
        assert run(database, tmp_path / name) == 0
    assert not victim.exists()
    with closing(sqlite3.connect(database)) as conn:
        files.write_copy(conn, tmp_path / "copy.db.part")
    assert not victim.exists()
    assert not (tmp_path / "copy.db.part").is_symlink()


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="descriptors have no names here")
def test_nothing_is_written_into_a_file_that_took_the_copy_s_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    database = made(tmp_path / "v.db", rows=1)
    theirs = tmp_path / "theirs"
    theirs.touch()
    open_new = os.open

    def exchanged(path: Path, flags: int, mode: int = 0o777) -> int:
        handle = open_new(path, flags, mode)
        if str(path).endswith(files.PART):
            Path(path).unlink()
            Path(path).symlink_to(theirs)
        return handle

    monkeypatch.setattr(os, "open", exchanged)
    assert run(database, tmp_path / "copy.db") == 1
    assert "Cannot write" in capsys.readouterr().err
    assert theirs.stat().st_size == 0
    assert not (tmp_path / "copy.db").exists()


@pytest.mark.parametrize("text", ["", "no database at all " * 300])
def test_what_is_no_database_is_not_copied(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    database = tmp_path / "v.db"
    database.write_text(text)
    assert run(database, tmp_path / "copy.db") == 1
    assert "put back the newest backup" in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["v.db"]


class Days:
    """A clock that runs only while the program sleeps, until a number of days are over."""

    def __init__(self, days: float) -> None:
        self.now_s = time.time()
        self._end_s = self.now_s + days * backup.DAY_S

    def now(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now_s += seconds
        if self.now_s > self._end_s:
            raise InterruptedError


def live(folder: Path, database: Path, days: Days) -> None:
    with pytest.raises(InterruptedError):
        backup.every_day(folder, 7, Config(database=database), now=days.now, sleep=days.sleep)


def test_a_copy_a_day_and_seven_of_them(tmp_path: Path) -> None:
    database = made(tmp_path / "v.db", rows=1)
    folder = tmp_path / "backups"
    days = Days(10.5)
    live(folder, database, days)
    found = files.copies_in(folder)
    assert len(found) == 7
    made_at = [at for at in map(files.made_at, found) if at is not None]
    apart = [(b - a).total_seconds() for a, b in pairwise(made_at)]
    assert all(abs(seconds - backup.DAY_S) < 2 for seconds in apart)
    assert days.now_s - made_at[-1].timestamp() < backup.DAY_S


def test_starting_it_again_and_again_makes_no_more_copies(tmp_path: Path) -> None:
    database = made(tmp_path / "v.db", rows=1)
    folder = tmp_path / "backups"
    for _ in range(5):
        live(folder, database, Days(0.2))
    assert len(files.copies_in(folder)) == 1


def test_a_copy_from_a_wrong_future_stops_nothing(tmp_path: Path) -> None:
    database = made(tmp_path / "v.db", rows=1)
    future = tmp_path / "vigie-29990101T000000Z.db"
    future.write_text("a copy")
    live(tmp_path, database, Days(2.5))
    assert len(files.copies_in(tmp_path)) == 4


def test_a_failed_copy_is_tried_again_within_the_hour(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = tmp_path / "v.db"
    folder = tmp_path / "backups"
    days = Days(0.2)

    def sleep(seconds: float) -> None:
        days.sleep(seconds)
        if days.now_s - began > 3 * 3600 and not database.exists():
            made(database, rows=1)

    began = days.now_s
    with pytest.raises(InterruptedError):
        backup.every_day(folder, 7, Config(database=database), now=days.now, sleep=sleep)
    assert capsys.readouterr().err.count("There is no database") == 3
    assert len(files.copies_in(folder)) == 1


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--keep", "3", "copy.db"], "--keep counts copies in a folder: write copy.db/ if"),
        (["--keep", "3", "v.db"], "--keep counts copies in a folder"),
        (["--daily", "copy.db"], "--daily makes its copies in a folder, and copy.db looks like"),
        (["--daily", "--keep", "3", "notes"], "and notes looks like a file"),
    ],
)
def test_an_option_that_a_single_file_cannot_follow_is_refused_in_one_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    why: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VIGIE_DATABASE", "v.db")
    made(Path("v.db"), rows=1)
    Path("notes").touch()
    assert main(["backup", *options]) == 2
    reported = capsys.readouterr()
    assert why in reported.err
    assert reported.err.count("\n") == 1
    assert sorted(file.name for file in tmp_path.iterdir()) == ["notes", "v.db"]


def test_a_folder_may_be_called_like_a_database(tmp_path: Path) -> None:
    database = made(tmp_path / "v.db", rows=1)
    folder = tmp_path / "old.db"
    folder.mkdir()
    assert run(database, folder, keep=1) == 0
    assert len(files.copies_in(folder)) == 1


def test_daily_is_reported_to_stop_and_needs_a_place(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert main(["backup", "--daily", str(tmp_path / "file" / "backups")]) == 78
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "backup", "--daily", tmp_path / "backups"],
        cwd=Path(__file__).parents[2],
    )
    with process:
        until = time.monotonic() + 20
        while not (tmp_path / "backups").is_dir():
            assert time.monotonic() < until
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
