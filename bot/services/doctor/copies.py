"""The nightly copies: is there one of last night?"""

from pathlib import Path

from bot.db import backup_files
from bot.services.doctor.findings import Finding, ok, warning

NAME = "Backup"
OLD_H = 36.0  # a night was missed
_REMEDY = (
    "See why: journalctl -u vigie-backup, or docker compose logs backup. At once:"
    " vigie backup FOLDER/"
)


def findings(database: Path, now_s: float) -> list[Finding]:
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
