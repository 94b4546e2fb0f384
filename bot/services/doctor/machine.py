"""Python, SQLite and the settings."""

import platform
import sqlite3
import sys
from pathlib import Path

from bot.config import Config, require_private, require_token
from bot.db import backup_files
from bot.engine import rlimits
from bot.errors import ConfigError
from bot.services.doctor.findings import Finding, broken, ok, warning

NEEDED = (3, 11)
# Two connections that write can damage a WAL file before it (sqlite.org/wal.html#walresetbug).
SOUND_SQLITE = (3, 51, 3)


def findings(config: Config) -> list[Finding]:
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
    ]


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
    limit = rlimits.allow_many()
    checks = rlimits.checks_at_once(limit, config.concurrency)
    if limit >= rlimits.OPEN_FILES:
        return ok("Open files", f"{limit} may be open")
    text = f"{limit} may be open: at most {checks} checks run at once"
    if limit >= rlimits.ENOUGH:
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


NAME = "Backup"
OLD_H = 36.0  # a night was missed
_REMEDY = (
    "See why: journalctl -u vigie-backup, or docker compose logs backup. At once:"
    " vigie backup FOLDER/"
)


def backups(database: Path, now_s: float) -> list[Finding]:
    """Looks where the units and the compose file put them, beside the database."""
    folder = database.parent / backup_files.FOLDER
    try:
        found = backup_files.all_in(folder)
    except OSError as error:
        return [warning(NAME, f"{folder} cannot be read ({error.strerror})", "Check who owns it.")]
    if not folder.is_dir():
        text = f"none in {folder}: docs/operation.md, “Backup”, turns nightly ones on"
        return [ok(NAME, text)]
    made = backup_files.made_at(found[-1]) if found else None
    if made is None:
        return [warning(NAME, f"{folder} has none yet", _REMEDY)]
    hours = max(0.0, now_s - made.timestamp()) / 3600
    text = f"the newest of {len(found)} is {_age(hours)} old: {found[-1]}"
    return [ok(NAME, text) if hours <= OLD_H else warning(NAME, text, _REMEDY)]


def _age(hours: float) -> str:
    if hours < 2:  # noqa: PLR2004 - no plural to care for
        return "not two hours"
    return f"{hours:.0f} hours" if hours <= OLD_H else f"{hours / 24:.0f} days"
