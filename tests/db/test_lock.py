"""One Vigie for one database, and a crash of the last one is reported."""

import asyncio
import fcntl
import logging
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from contextlib import closing
from pathlib import Path

import pytest

from bot.db import lock
from bot.db.database import Database
from bot.db.lock import instance_lock
from bot.errors import ConfigError, StoreError

HOLD = textwrap.dedent("""
    import sys, time
    from pathlib import Path
    from bot.db.lock import instance_lock
    with instance_lock(Path(sys.argv[1])):
        print("held", flush=True)
        time.sleep(60)
""")
CRASH = textwrap.dedent("""
    import asyncio, os, signal, sys
    from pathlib import Path
    from bot.db import guilds
    from bot.db.database import Database
    from bot.db.lock import instance_lock

    async def play(path):
        db = await Database.open(path)
        await db.write(lambda conn: guilds.put(conn, "newest", "change"))
        os.kill(os.getpid(), signal.SIGKILL)

    path = Path(sys.argv[1])
    with instance_lock(path):
        asyncio.run(play(path))
""")
ROOT = Path(__file__).parents[2]


def test_the_lock_is_free_before_and_after(tmp_path: Path) -> None:
    database = tmp_path / "new folder" / "v.db"
    for _ in range(2):
        with instance_lock(database):
            assert database.with_name("v.db.lock").stat().st_mode & 0o777 == 0o600
    assert not database.exists()


def test_a_second_vigie_is_refused_under_any_name_of_the_file(tmp_path: Path) -> None:
    database = tmp_path / "v.db"
    database.touch()
    other_name = tmp_path / "link.db"
    other_name.symlink_to(database)
    with instance_lock(database):
        for name in (database, other_name):
            with (
                pytest.raises(StoreError, match=rf"^Another Vigie .* \(process {os.getpid()}\)"),
                instance_lock(name),
            ):
                pytest.fail("two at once")
        with instance_lock(tmp_path / "another.db"):
            pass


def test_the_doctors_look_at_it_makes_no_start_fail(tmp_path: Path) -> None:
    database = tmp_path / "v.db"
    with instance_lock(database):
        pass
    looking = os.open(database.with_name("v.db.lock"), os.O_RDONLY)
    fcntl.flock(looking, fcntl.LOCK_SH)
    done = threading.Timer(0.1, os.close, (looking,))
    done.start()
    with instance_lock(database):
        assert lock.is_held(database)
    done.join()


def test_the_lock_is_free_at_once_after_kill_9(tmp_path: Path) -> None:
    database = tmp_path / "v.db"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(database)], stdout=subprocess.PIPE, cwd=ROOT
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StoreError, match=f"process {holder.pid}"), instance_lock(database):
            pytest.fail("two at once")
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with instance_lock(database):
            pass


def test_an_exception_inside_frees_the_lock(tmp_path: Path) -> None:
    with pytest.raises(KeyError), instance_lock(tmp_path / "v.db"):
        raise KeyError
    with instance_lock(tmp_path / "v.db"):
        pass


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(StoreError, match="Cannot write"),
        instance_lock(tmp_path / "file" / "v.db"),
    ):
        pytest.fail("nothing to hold")


def test_a_system_without_file_locks_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(lock, "_kernel_locks", lambda: None)
    with caplog.at_level(logging.WARNING), instance_lock(tmp_path / "v.db"):
        assert "no file locks" in caplog.text


@pytest.mark.parametrize("lost", [True, False])
def test_changes_that_vanished_after_a_crash_are_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, lost: bool
) -> None:
    """A deleted -wal leaves an older database that is sound: nothing else would show it."""
    database = tmp_path / "v.db"
    crashed = subprocess.run(
        [sys.executable, "-c", CRASH, str(database)], cwd=ROOT, check=False
    ).returncode
    assert crashed == -signal.SIGKILL
    wal = database.with_name("v.db-wal")
    assert wal.stat().st_size
    if lost:
        wal.unlink()
    for reported in (lost, False):
        caplog.clear()
        with caplog.at_level(logging.WARNING), instance_lock(database):
            assert ("v.db-wal is not there" in caplog.text) == reported


def test_an_orderly_end_and_a_restored_copy_give_no_such_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    database = tmp_path / "v.db"
    for _ in range(2):
        with caplog.at_level(logging.WARNING), instance_lock(database):
            asyncio.run(opened_and_closed(database))
    with closing(sqlite3.connect(database)) as conn:
        conn.execute("PRAGMA journal_mode = DELETE")
    database.with_name("v.db.lock").write_text("123\n")
    with caplog.at_level(logging.WARNING), instance_lock(database):
        assert "-wal" not in caplog.text


def test_a_refused_token_is_an_orderly_end_too(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    database = tmp_path / "v.db"

    async def refused() -> None:
        await opened_and_closed(database)
        raise ConfigError("token")

    with pytest.raises(ConfigError), instance_lock(database):
        asyncio.run(refused())
    with caplog.at_level(logging.WARNING), instance_lock(database):
        assert "-wal" not in caplog.text


async def opened_and_closed(database: Path) -> None:
    await (await Database.open(database)).close()
