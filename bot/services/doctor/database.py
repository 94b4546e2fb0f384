"""The database: may it be written, is it sound, does it fit this version, is there room?"""

import contextlib
import os
import shlex
import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from bot.db import db_errors, delivery_stats, guilds
from bot.db import storage_stats as table
from bot.db.backup import read_only
from bot.db.db_errors import Diagnosis
from bot.db.lock import is_held
from bot.db.migrate import is_foreign, newest
from bot.services.doctor import holdings
from bot.services.doctor import outbox as delivered
from bot.services.doctor.findings import Finding, Voice, broken, ok, warning
from bot.services.heartbeat import MISSED
from bot.words.escaping import plain
from bot.words.translator import translator_for

NAME = "Database"
LITTLE_SPACE = 200_000_000  # bytes: a year of 500 sites fits


def findings(database: Path) -> list[Finding]:
    """Nothing is written; a running Vigie is not disturbed."""
    lost = db_errors.lost(database)
    if lost is not None:
        return [_told(lost), _space(database.parent)]
    if not database.exists():
        return [_may_be_made(database), _space(_nearest(database))]
    found = [_access(database), _content(database), _use(database)]
    return [*(one for one in found if one is not None), _space(database.parent)]


def _may_be_made(database: Path) -> Finding:
    folder = _nearest(database)
    if not os.access(folder, os.W_OK | os.X_OK):
        return broken(NAME, f"{database} cannot be made: {folder} is not ours", _ours(folder))
    return ok(NAME, f"{database} will be made at the first start")


def _access(database: Path) -> Finding | None:
    """SQLite writes beside the file too."""
    for path in (database, database.parent):
        if not os.access(path, os.R_OK | os.W_OK):
            return broken(NAME, f"{path} cannot be written by this user", _ours(path))
    return None


def _ours(path: Path) -> str:
    """How a file becomes this user's."""
    if hasattr(os, "getuid"):
        return f"Type: sudo chown {os.getuid()} {shlex.quote(str(path))}"
    return f"Give {path} to the user Vigie runs as."


def _content(database: Path) -> Finding:
    try:
        with contextlib.closing(read_only(database)) as conn:
            verdict = conn.execute("PRAGMA quick_check(1)").fetchone()[0]
            version = conn.execute("PRAGMA user_version").fetchone()[0]
            foreign = is_foreign(conn)
    except sqlite3.Error as error:
        return _told(db_errors.of_error(error, database))
    if verdict != "ok":
        return _told(db_errors.damaged(database, verdict))
    if foreign:
        return broken(NAME, f"{database} is of another program", "Set VIGIE_DATABASE.")
    if version > newest():
        return broken(
            NAME,
            f"is of a newer Vigie (schema {version}, this one knows {newest()})",
            "Install that version again, or put back the copy made before its upgrade.",
        )
    size = database.stat().st_size / 1e6
    text = f"{database} is sound, schema {version}, {size:.1f} MB"
    if version < newest():
        text += f"; the next start makes it {newest()} and keeps a copy of before"
    return ok(NAME, text)


def _told(found: Diagnosis) -> Finding:
    return broken(
        NAME, f"{found.path} {found.wrong}", f"{found.remedy[0].upper()}{found.remedy[1:]}."
    )


def _use(database: Path) -> Finding:
    if is_held(database):
        return ok("Running", "a Vigie uses this database now")
    return ok("Running", "no Vigie uses this database now")


def _space(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    text = f"{free / 1e9:.1f} GB free at {folder}"
    if free < LITTLE_SPACE:
        return warning("Disk", text, "Make room: Vigie cannot store a change on a full disk.")
    return ok("Disk", text)


def _nearest(path: Path) -> Path:
    """The first folder above that exists."""
    return next(folder for folder in path.absolute().parents if folder.exists())


_QUOTE = 200


def stored(database: Path, now_ms: int) -> list[Finding]:
    """Nothing of a database that another finding calls damaged, newer, or not there yet."""
    voice = _voice(now_ms)
    try:
        with contextlib.closing(read_only(database)) as conn:
            if conn.execute("PRAGMA user_version").fetchone()[0] != newest():
                return []
            box = delivery_stats.look(conn, None, now_ms)
            kept = table.take(conn, now_ms)
            missed = guilds.get(conn, MISSED)
    except sqlite3.Error:
        return []
    return [
        delivered.finding(voice, box, now_ms),
        *([_unheard(missed)] if missed else []),
        ok("Stored", holdings.summary(voice, kept)),
    ]


def _unheard(missed: str) -> Finding:
    return warning(
        "Heartbeat",
        f"the newest one was not heard: {plain(missed, _QUOTE)}",
        "Look at VIGIE_HEARTBEAT_URL; it is heard when it ends at 2xx.",
    )


def _voice(now_ms: int) -> Voice:
    words = translator_for("en")
    return Voice(
        words=words,
        moment=lambda ms: f"{words.duration((now_ms - ms) / 1000)} ago",
        day=lambda ms: datetime.fromtimestamp(ms / 1000, UTC).date().isoformat(),
        command=lambda name: f"/{name}",
        quote=lambda text: f"“{plain(text, _QUOTE)}”",
    )
