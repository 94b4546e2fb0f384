"""SQL of other people's status pages: which server follows which, and what they report."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from bot.db import rows
from bot.db.database import Connection

_ID_LENGTH = 7  # one character longer than those of incidents, so that none is both
_OPEN = "p.removed_ms IS NULL AND r.ended_ms IS NULL"


@dataclass(frozen=True, slots=True)
class FollowedPage:
    """Somebody else's status page that a server follows.

    ``kind``: its format (bot/engine/status_pages.py). ``components``: ids; none means all of it.
    ``channel_id`` None: the server's alert channel.
    """

    id: int
    guild_id: int
    url: str
    kind: str
    name: str
    components: tuple[str, ...] = ()
    channel_id: int | None = None
    created_by: int = 0
    created_ms: int = 0


@dataclass(frozen=True, slots=True)
class PageReport:
    """One incident that a followed page reports, as its newest update has it.

    ``page`` is the page's name; all texts are plain and short. ``silent``: it was there already
    when the page was followed, or there was no channel: it is never sent. ``unfollowed``: it ended
    with the page's being followed, not by itself.
    """

    id: int
    public_id: str
    guild_id: int
    page_id: int
    page: str
    url: str
    foreign_id: str
    title: str
    status: str
    text: str
    components: tuple[str, ...]
    since_ms: int
    updated_ms: int
    ended_ms: int | None = None
    post_id: int | None = None
    silent: bool = False
    unfollowed: bool = False

    @property
    def open(self) -> bool:
        return self.ended_ms is None


def insert(conn: Connection, page: FollowedPage) -> int:
    """Returns the new id; raises sqlite3.IntegrityError when the server follows that page."""
    return rows.insert(conn, "followed_page", _columns(page))


def save(conn: Connection, page: FollowedPage) -> None:
    rows.update(conn, "followed_page", _columns(page), id=page.id, guild_id=page.guild_id)


def remove(conn: Connection, page: FollowedPage, now_ms: int) -> None:
    rows.update(conn, "followed_page", {"removed_ms": now_ms}, id=page.id, guild_id=page.guild_id)


def everywhere(conn: Connection) -> list[FollowedPage]:
    query = (
        "SELECT * FROM followed_page WHERE removed_ms IS NULL AND guild_id IN"
        " (SELECT id FROM guild WHERE left_ms IS NULL) ORDER BY id"
    )
    return rows.select(conn, _page, query)


def add_report(conn: Connection, report: PageReport) -> PageReport:
    """Store a new report (its ``id`` and ``public_id`` are ignored); returns it with both set."""
    public_id = rows.new_public_id(conn, "page_report", _ID_LENGTH)
    number = rows.insert(conn, "page_report", _written(report) | {"public_id": public_id})
    found = report_by_id(conn, number)
    if found is None:
        raise LookupError(number)
    return found


def save_report(conn: Connection, report: PageReport) -> None:
    rows.update(conn, "page_report", _written(report), id=report.id)


def reports_of(conn: Connection, page_id: int) -> dict[str, PageReport]:
    """Everything that a page has reported, by the page's own ids, as long as it is kept."""
    found = rows.select(conn, _report, "SELECT * FROM page_report WHERE page_id = ?", (page_id,))
    return {one.foreign_id: one for one in found}


def report_by_id(conn: Connection, report_id: int) -> PageReport | None:
    return rows.first(conn, _report, "SELECT * FROM page_report WHERE id = ?", (report_id,))


def report_of_post(conn: Connection, post_id: int) -> PageReport | None:
    return rows.first(conn, _report, "SELECT * FROM page_report WHERE post_id = ?", (post_id,))


def link_post(conn: Connection, report_id: int, post_id: int) -> None:
    rows.update(conn, "page_report", {"post_id": post_id}, id=report_id)


def observed(conn: Connection, guild_id: int, incident_ids: Iterable[int]) -> dict[str, int]:
    """Pages that report something which these incidents' sites depend on, and since when."""
    query = (
        "SELECT p.name, min(r.since_ms) FROM incident i JOIN monitor m ON m.id = i.monitor_id"
        " JOIN followed_page p ON p.id = -m.depends_on AND p.guild_id = m.guild_id"
        " JOIN page_report r ON r.page_id = p.id"
        " WHERE i.id IN (SELECT value FROM json_each(?)) AND i.guild_id = ?"
        f" AND i.resolved_ms IS NULL AND {_OPEN} GROUP BY p.name"
    )
    return dict(conn.execute(query, (rows.listed(incident_ids), guild_id)).fetchall())


def incidents_of_dependents(conn: Connection, page: FollowedPage) -> list[int]:
    query = (
        "SELECT i.id FROM incident i JOIN monitor m ON m.id = i.monitor_id"
        " WHERE m.depends_on = ? AND m.guild_id = ? AND i.resolved_ms IS NULL"
    )
    return rows.numbers(conn, query, (-page.id, page.guild_id))


def prune_reports(conn: Connection, before_ms: int, slice_: int) -> int:
    """Delete a slice of reports that ended before then; returns how many."""
    return rows.delete_slice(conn, "page_report", "ended_ms < ? LIMIT ?", (before_ms, slice_))


def _columns(page: FollowedPage) -> dict[str, object]:
    found = asdict(page)
    del found["id"]
    return {**found, "components": json.dumps(page.components)}


def _written(report: PageReport) -> dict[str, object]:
    """What changes while it lives, and what it begins with."""
    found = asdict(report)
    del found["id"], found["public_id"], found["post_id"]
    return {**found, "components": json.dumps(report.components)}


def _page(row: sqlite3.Row) -> FollowedPage:
    return rows.read(row, FollowedPage, components=tuple(json.loads(row["components"])))


def _report(row: sqlite3.Row) -> PageReport:
    return rows.read(
        row,
        PageReport,
        components=tuple(json.loads(row["components"])),
        silent=bool(row["silent"]),
        unfollowed=bool(row["unfollowed"]),
    )
