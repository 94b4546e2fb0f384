"""The database's content as whoever runs this may know it: what waits to be told, what is kept."""

import contextlib
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from bot.db import delivery_stats, settings
from bot.db import storage_stats as table
from bot.db.backup import read_only
from bot.db.migrate import newest
from bot.services.doctor import holdings
from bot.services.doctor import outbox as delivered
from bot.services.doctor.findings import Finding, ok, warning
from bot.services.doctor.voice import Voice
from bot.services.heartbeat import MISSED
from bot.words.escaping import plain
from bot.words.translator import translator_for

_QUOTE = 200


def findings(database: Path, now_ms: int) -> list[Finding]:
    """Nothing of a database that another finding calls damaged, newer, or not there yet."""
    voice = _voice(now_ms)
    try:
        with contextlib.closing(read_only(database)) as conn:
            if conn.execute("PRAGMA user_version").fetchone()[0] != newest():
                return []
            box = delivery_stats.look(conn, None, now_ms)
            kept = table.take(conn, now_ms)
            missed = settings.get(conn, MISSED)
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
