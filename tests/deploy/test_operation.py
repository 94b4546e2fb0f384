"""docs/operation.md is taken at its word: what it says to type is typed here."""

import asyncio
import os
import re
import shlex
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from bot.__main__ import _parser
from bot.cli import backup
from bot.config import Config
from bot.db import guilds
from bot.db.database import Database
from bot.db.migrate import newest
from bot.errors import StoreError
from tests.db.test_upgrades import migrations_of, old_database, steps_until

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operation.md").read_text("utf-8")
COMPOSE = (ROOT / "deploy" / "compose.yaml").read_text("utf-8")
STATE, VOLUME = "/var/lib/private/vigie", "/data"


def section(title: str) -> str:
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def blocks(title: str) -> list[str]:
    """The commands of a section, block by block."""
    return re.findall(r"^```\n(.*?)^```", section(title), re.MULTILINE | re.DOTALL)


@pytest.fixture
def systemctl(tmp_path: Path) -> Path:
    """A folder with a ``systemctl`` that notes what it is asked; returns its notes."""
    folder = tmp_path / "bin"
    folder.mkdir()
    notes = tmp_path / "systemctl.log"
    file = folder / "systemctl"
    file.write_text(f'#!/bin/sh\necho "$@" >> {shlex.quote(str(notes))}\n')
    file.chmod(0o755)
    return notes


def typed(commands: str, systemctl: Path, place: str, state: Path) -> list[str]:
    """Run the commands with ``state`` for the folder they name; what systemctl was asked."""
    assert f"cd {place}" in commands
    shell = subprocess.run(
        ["/bin/bash", "-euc", commands.replace(place, str(state))],
        env=os.environ | {"PATH": f"{systemctl.parent / 'bin'}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert shell.returncode == 0, shell.stderr
    return systemctl.read_text().splitlines() if systemctl.exists() else []


async def put(path: Path, value: str) -> None:
    db = await Database.open(path)
    try:
        await db.write(lambda conn: guilds.put(conn, "told", value))
    finally:
        await db.close()


async def value(path: Path) -> str | None:
    db = await Database.open(path)
    try:
        return await db.read(lambda conn: guilds.get(conn, "told"))
    finally:
        await db.close()


def two_nights(state: Path) -> Path:
    """A database with two nightly copies, damaged since."""
    state.mkdir()
    database = state / "vigie.db"
    for night in ("first", "second"):
        asyncio.run(put(database, night))
        config = Config(database=database)
        assert backup.run(f"{state}/backups/", keep=7, daily=False, config=config) == 0
        for copy in (state / "backups").glob("vigie-2*Z.db"):
            if night == "first":
                copy.rename(copy.with_name("vigie-20260101T033000Z.db"))
    asyncio.run(put(database, "lost"))
    database.write_bytes(database.read_bytes()[:50_000])
    (state / "vigie.db-wal").write_bytes(b"of the damaged one")
    with pytest.raises(StoreError, match=r"put back the newest backup \(.*/vigie-2.*Z\.db\)"):
        asyncio.run(value(database))
    return database


def restored(state: Path, database: Path) -> None:
    assert asyncio.run(value(database)) == "second"
    assert database.stat().st_mode & 0o777 == 0o600
    assert (state / "damaged" / "vigie.db").stat().st_size == 50_000
    assert (state / "damaged" / "vigie.db-wal").exists()


def test_restore_under_systemd_as_it_is_written(tmp_path: Path, systemctl: Path) -> None:
    state = tmp_path / "state"
    database = two_nights(state)
    asked = typed(blocks("Restore")[0], systemctl, STATE, state)
    assert asked == ["stop vigie", "start vigie"]
    restored(state, database)


def test_restore_with_docker_as_it_is_written(tmp_path: Path, systemctl: Path) -> None:
    state = tmp_path / "state"
    database = two_nights(state)
    inside = re.search(r"sh vigie -c '(.*?)'", blocks("Restore")[1], re.DOTALL)
    assert inside
    typed(inside[1], systemctl, VOLUME, state)
    restored(state, database)


def test_rollback_after_a_change_of_the_schema_as_it_is_written(
    tmp_path: Path, systemctl: Path
) -> None:
    state = tmp_path / "state"
    state.mkdir()
    database = state / "vigie.db"
    old = steps_until(tmp_path / "migrations", newest() - 1)
    old_database(database, old)

    async def of_old_version() -> str | None:
        with migrations_of(old):
            db = await Database.open(database)
        try:
            await db.write(lambda conn: guilds.put(conn, "told", guilds.get(conn, "told") or "old"))
            return await db.read(lambda conn: guilds.get(conn, "told"))
        finally:
            await db.close()

    assert asyncio.run(of_old_version()) == "old"
    asyncio.run(put(database, "new"))
    with pytest.raises(StoreError, match=r"vigie\.before-\d+\.db") as refused:
        asyncio.run(of_old_version())
    named = re.search(r"vigie\.before-\d+\.db", str(refused.value))
    assert named
    written = re.sub(r"vigie\.before-\d+\.db", named[0], blocks("Rollback")[1])
    assert typed(written, systemctl, STATE, state) == ["stop vigie", "start vigie"]
    assert asyncio.run(of_old_version()) == "old"
    with closing(sqlite3.connect(state / "newer" / "vigie.db")) as conn:
        assert conn.execute("SELECT value FROM setting WHERE key = 'told'").fetchone() == ("new",)


def vigie_commands() -> list[str]:
    """Every command line of Vigie that is written on the page, in a unit or the compose file."""
    text = PAGE.replace("FILE  ", "copy.db").replace("FOLDER/", "folder/")
    found = re.findall(r"^(?:\S*/)?vigie (backup [^#\n`]+)", text, re.MULTILINE)
    found += re.findall(r"\.venv/bin/vigie ([a-z][^`'\n|]*)", text)
    found += re.findall(r"python -m bot ([a-z][^`\n|]*)", text)
    for unit in ("vigie.service", "vigie-backup.service"):
        lines = (ROOT / "deploy" / unit).read_text("utf-8")
        found += re.findall(r"^ExecStart=\S+/vigie (.+)$", lines, re.MULTILINE)
    [daily] = re.findall(r"^    command: \[(.+)\]$", COMPOSE, re.MULTILINE)
    return [*found, daily.replace('"', "").replace(",", "")]


@pytest.mark.parametrize("line", vigie_commands())
def test_every_command_line_that_is_written_down_is_understood(line: str) -> None:
    options = _parser().parse_args(shlex.split(line.rstrip(".")))
    assert options.command in {"run", "backup", "doctor"}
    if options.command == "backup" and options.file.endswith("/"):
        assert (options.keep or backup.KEPT) == 7, "seven stay, wherever it is turned on"


def test_nightly_copies_are_on_for_systemd_and_docker() -> None:
    """Both put them where the doctor and the message about a damaged database look."""
    unit = (ROOT / "deploy" / "vigie-backup.service").read_text("utf-8")
    assert "vigie backup --keep 7 %S/vigie/backups/" in unit
    assert "VIGIE_DATABASE=%S/vigie/vigie.db" in unit
    assert "Persistent=yes" in (ROOT / "deploy" / "vigie-backup.timer").read_text("utf-8")
    assert "enable --now vigie vigie-backup.timer" in PAGE
    assert '["backup", "--daily", "--keep", "7", "/data/backups/"]' in COMPOSE
    assert "VIGIE_DATABASE=/data/vigie.db" in (ROOT / "deploy" / "Dockerfile").read_text("utf-8")


def test_a_container_comes_back_after_the_machine_was_restarted() -> None:
    """``on-failure`` would not: an orderly stop ends with 0."""
    assert re.findall(r"^  restart: (.+)$", COMPOSE, re.MULTILINE) == ["unless-stopped"]
    assert COMPOSE.count("<<: *vigie") == 2
    assert "stop_grace_period: 40s" in COMPOSE
    assert "read_only: true" in COMPOSE
