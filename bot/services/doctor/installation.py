"""The machine, the settings, the database and its backups, as ``vigie doctor`` sees them."""

import contextlib
import os
import platform
import re
import shlex
import shutil
import sqlite3
import sys
from dataclasses import replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from bot.config import Config, require_private, require_token
from bot.db import files, guilds, stats
from bot.db.files import Diagnosis, quick_check, read_only, version_of
from bot.db.lock import is_held
from bot.db.migrate import is_foreign, newest
from bot.engine import process
from bot.engine.kinds.ping import may_ping
from bot.errors import ConfigError
from bot.services.doctor import findings
from bot.services.doctor.findings import LITTLE_SPACE, Finding, broken, ok, quote, warning
from bot.services.liveness import MISSED
from bot.words.translator import translator_for

NEEDED = (3, 11)
# Two connections that write can damage a WAL file before it (sqlite.org/wal.html#walresetbug).
SOUND_SQLITE = (3, 51, 3)
HEAVIEST = 5  # so many servers are listed
OLD_BACKUP_H = 36.0  # a night was missed
_BACKUP_REMEDY = (
    "See why: journalctl -u vigie-backup, or docker compose logs backup. At once:"
    " vigie backup FOLDER/"
)


def machine(config: Config) -> list[Finding]:
    return [
        _python(),
        _sqlite(sqlite3.sqlite_version_info),
        _open_files(config),
        *(
            warning("Settings", remark, "Correct its name, or remove it.")
            for remark in config.remarks
        ),
        _secrets(),
        _token(config),
        *_second_way(config),
    ]


def _second_way(config: Config) -> list[Finding]:
    if not config.fallback_urls:
        return []
    if find_spec("apprise") is None:
        remedy = "Type: pip install 'vigie[fallback]'"
        return [broken("Second way out", "Apprise is not installed", remedy)]
    return [ok("Second way out", "is set, for when Discord takes no alerts")]


def _python() -> Finding:
    version = platform.python_version()
    if sys.version_info < NEEDED:
        return broken("Python", version, "Install Python 3.11 or newer.")
    return ok("Python", version)


def _sqlite(version: tuple[int, ...]) -> Finding:
    """Vigie keeps to one connection, so the fault of older versions is no reason to warn."""
    text = ".".join(map(str, version))
    if version < SOUND_SQLITE:
        text += " (before 3.51.3: let no other program write to the database while Vigie runs)"
    return ok("SQLite", text)


def _open_files(config: Config) -> Finding:
    """The limit of this shell; a unit or a container has its own."""
    limit = process.allow_many()
    checks = process.checks_at_once(limit, config.concurrency)
    if limit >= process.OPEN_FILES:
        return ok("Open files", f"{limit} may be open")
    text = f"{limit} may be open: at most {checks} checks run at once"
    if limit >= process.ENOUGH:
        return ok("Open files", text)
    return warning(
        "Open files",
        text,
        "Raise the hard limit: LimitNOFILE=65536 in the unit, ulimits in the compose file, or"
        " ulimit -n.",
    )


def _secrets() -> Finding:
    try:
        require_private()
    except ConfigError as error:
        return broken(".env", "other users can read it", str(error))
    return ok(".env", "nobody else can read it, or there is none")


def _token(config: Config) -> Finding:
    try:
        token = require_token(config)
    except ConfigError as error:
        return broken("Token", "not usable", str(error))
    if token.count(".") != 2:  # noqa: PLR2004 - Discord's have three parts
        return warning(
            "Token",
            "does not look like a bot token of Discord",
            "Copy it again: Developer Portal, page Bot, Reset Token. (A server that is only"
            " compatible with Discord may have others.)",
        )
    return ok("Token", "is set and looks like one")


def database(file: Path) -> list[Finding]:
    """Nothing is written; a running Vigie is not disturbed."""
    lost = files.lost(file)
    if lost is not None:
        return [_diagnosed(lost), _space(file.parent)]
    if not file.exists():
        return [_may_be_made(file), _space(_nearest(file))]
    access = _access(file)
    used = "a" if is_held(file) else "no"
    return [
        *([access] if access is not None else []),
        _content(file),
        ok("Running", f"{used} Vigie uses this database now"),
        _space(file.parent),
    ]


def _may_be_made(database: Path) -> Finding:
    folder = _nearest(database)
    if not os.access(folder, os.W_OK | os.X_OK):
        return broken("Database", f"{database} cannot be made: {folder} is not ours", _ours(folder))
    return ok("Database", f"{database} will be made at the first start")


def _access(database: Path) -> Finding | None:
    """SQLite writes beside the file too."""
    for path in (database, database.parent):
        if not os.access(path, os.R_OK | os.W_OK):
            return broken("Database", f"{path} cannot be written by this user", _ours(path))
    return None


def _ours(path: Path) -> str:
    if hasattr(os, "getuid"):
        return f"Type: sudo chown {os.getuid()} {shlex.quote(str(path))}"
    return f"Give {path} to the user Vigie runs as."


def _content(database: Path) -> Finding:
    try:
        with contextlib.closing(read_only(database)) as conn:
            verdict, version = quick_check(conn), version_of(conn)
            foreign = is_foreign(conn)
    except sqlite3.Error as error:
        return _diagnosed(files.of_error(error, database))
    if verdict != "ok":
        return _diagnosed(files.damaged(database, verdict))
    if foreign:
        return broken("Database", f"{database} is of another program", "Set VIGIE_DATABASE.")
    if version > newest():
        return broken(
            "Database",
            f"is of a newer Vigie (schema {version}, this one knows {newest()})",
            "Install that version again, or put back the copy made before its upgrade.",
        )
    size = database.stat().st_size / 1e6
    text = f"{database} is sound, schema {version}, {size:.1f} MB"
    if version < newest():
        text += f"; the next start makes it {newest()} and keeps a copy of before"
    return ok("Database", text)


def _diagnosed(found: Diagnosis) -> Finding:
    return broken(
        "Database", f"{found.path} {found.wrong}", f"{found.remedy[0].upper()}{found.remedy[1:]}."
    )


def _space(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    text = f"{free / 1e9:.1f} GB free at {folder}"
    if free < LITTLE_SPACE:
        return warning("Disk", text, "Make room: Vigie cannot store a change on a full disk.")
    return ok("Disk", text)


def _nearest(path: Path) -> Path:
    return next(folder for folder in path.absolute().parents if folder.exists())


def backups(database: Path, now_s: float) -> list[Finding]:
    """Looks where the units and the compose file put them, beside the database."""
    folder = database.parent / files.FOLDER
    try:
        found = files.copies_in(folder)
    except OSError as error:
        return [
            warning("Backup", f"{folder} cannot be read ({error.strerror})", "Check who owns it.")
        ]
    if not folder.is_dir():
        text = f"none in {folder}: docs/operation.md, “Backup”, turns nightly ones on"
        return [ok("Backup", text)]
    made = files.made_at(found[-1]) if found else None
    if made is None:
        return [warning("Backup", f"{folder} has none yet", _BACKUP_REMEDY)]
    hours = max(0.0, now_s - made.timestamp()) / 3600
    text = f"the newest of {len(found)} is {_age(hours)} old: {found[-1]}"
    return [
        ok("Backup", text) if hours <= OLD_BACKUP_H else warning("Backup", text, _BACKUP_REMEDY)
    ]


def _age(hours: float) -> str:
    if hours < 2:  # noqa: PLR2004 - no plural to care for
        return "not two hours"
    return f"{hours:.0f} hours" if hours <= OLD_BACKUP_H else f"{hours / 24:.0f} days"


def stored(file: Path, now_ms: int) -> list[Finding]:
    """Nothing of a database that another finding calls damaged, newer, or not there yet."""
    words = translator_for("en")
    try:
        with contextlib.closing(read_only(file)) as conn:
            if version_of(conn) != newest():
                return []
            outbox = stats.outbox(conn, None, now_ms)
            kept = stats.storage(conn, now_ms)
            missed = guilds.get(conn, MISSED)
            heaviest = stats.heaviest(conn, HEAVIEST)
            pinged = stats.pinged(conn)
    except sqlite3.Error:
        return []
    found = [findings.delivery(words, "/{}".format, outbox, now_ms)]
    if missed:
        found.append(
            warning(
                "Heartbeat",
                f"the latest one failed: {quote(missed)}",
                "Check VIGIE_HEARTBEAT_URL: it has to answer with 2xx.",
            )
        )
    found.append(ok("Stored", findings.stored_summary(words, kept)))
    if pinged:
        found.append(_ping(pinged))
    if len(heaviest) > 1:
        listed = (
            f"{one} ({sites} sites, {checks} checks a minute)" for one, sites, checks in heaviest
        )
        found.append(ok("Heaviest servers", "; ".join(listed)))
    return [replace(one, text=_in_shell(one.text, now_ms)) for one in found]


def _ping(sites: int) -> Finding:
    """Asked of the user who runs this, who may not be the one Vigie runs as."""
    if may_ping():
        return ok("Ping", f"allowed; ping:// sites: {sites}")
    remedy = 'Type: sudo sysctl net.ipv4.ping_group_range="0 2147483647"'
    return warning("Ping", f"this user may not ping; ping:// sites: {sites}", remedy)


def _in_shell(text: str, now_ms: int) -> str:
    """Moments and quotations, written for Discord, as a terminal shows them."""

    def moment(match: re.Match[str]) -> str:
        at_s = int(match[1])
        if match[2] == "D":
            return datetime.fromtimestamp(at_s, UTC).date().isoformat()
        return f"{translator_for('en').duration(now_ms / 1000 - at_s)} ago"

    return re.sub(r"`([^`]*)`", r"“\1”", re.sub(r"<t:(\d+):(\w)>", moment, text))
