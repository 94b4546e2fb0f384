"""Follows other people's status pages: one message for each incident they report, kept true.

Each page is asked once a minute for all servers together. What stands there already when somebody
begins to follow is known, and never sent.
"""

import asyncio
import logging
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from bot.clock import Clock
from bot.db import audit_log
from bot.db import followed_pages as table
from bot.db.database import Connection, Database
from bot.db.followed_pages import FollowedPage, PageReport
from bot.engine.netguard import WEB, Netguard
from bot.engine.status_pages import NotAStatusPage, PageIncident, PageState, Unchanged
from bot.errors import NotFound, UserError
from bot.services.audit_log import Actor, AuditEvent
from bot.services.delivery import enqueue
from bot.services.guilds import Guilds, owned
from bot.words.escaping import plain

__all__ = ("Followed", "FollowedPage", "FollowedPages", "PageReport", "Pages")

log = logging.getLogger(__name__)

EVERY_S = 60.0
AT_ONCE = 64
MOST_PAGES = 20
_SHOWN, _SHOWN_LIMIT = 15, 40  # components in a refusal


class Pages(Protocol):
    """Reads pages; see :class:`bot.engine.status_pages.StatusPages`."""

    async def detect(self, url: str) -> tuple[str, PageState]: ...

    async def poll(self, url: str, kind: str) -> PageState: ...


@dataclass(frozen=True, slots=True)
class Followed:
    """A page that is followed now; ``new``: from now on. ``ongoing``: what it reports already."""

    page: FollowedPage
    new: bool
    ongoing: int = 0


class FollowedPages:
    """``pages`` reaches the network; without it nothing is asked. ``wake``: there is work."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        guilds: Guilds,
        guard: Netguard,
        *,
        pages: Pages | None,
        wake: Callable[[], None],
    ) -> None:
        self._db, self._clock, self._guilds, self._guard = db, clock, guilds, guard
        self._pages, self._wake = pages, wake
        self._followed: dict[int, FollowedPage] = {}

    async def load(self) -> None:
        found = await self._db.read(table.everywhere)
        self._followed = {one.id: one for one in found}

    def of_guild(self, guild_id: int) -> list[FollowedPage]:
        mine = [one for one in self._followed.values() if one.guild_id == guild_id]
        return sorted(mine, key=lambda one: (one.name.casefold(), one.id))

    async def follow(self, guild_id: int, url: str, components: str, by: int) -> Followed:
        """Follow a page from now on, or change which of its components count. Raises UserError."""
        address = self.address(url)
        self._guilds.check_owner(guild_id, owned("page", address), by)
        kind, state = await self._detect(address)
        chosen = _chosen(state, components)
        old = next((one for one in self.of_guild(guild_id) if one.url == address), None)
        if old is None and len(self.of_guild(guild_id)) >= MOST_PAGES:
            raise UserError("This server already follows {n} pages.", n=MOST_PAGES)
        now_ms = self._clock.now_ms()
        page = FollowedPage(0, guild_id, address, kind, state.name, chosen, None, by, now_ms)
        if old is not None:
            page = replace(old, kind=kind, name=state.name, components=chosen)
        ongoing = [one for one in state.incidents if _counts(page, one)]

        def write(conn: Connection) -> FollowedPage:
            stored = page if page.id else replace(page, id=table.insert(conn, page))
            table.save(conn, stored)
            known = table.reports_of(conn, stored.id)
            for one in ongoing:
                if one.id not in known:
                    table.add_report(
                        conn, replace(_report(stored, state, one, now_ms), silent=True)
                    )
            if old is None:
                done = Actor(guild_id, by, now_ms).did(AuditEvent.PAGE_FOLLOWED, None, address)
                audit_log.insert(conn, [done])
            return stored

        await self._guilds.ensure(guild_id)
        try:
            stored = await self._db.write(write)
        except sqlite3.IntegrityError as error:  # somebody else was faster
            raise UserError("Somebody has just started to follow this page.") from error
        self._followed[stored.id] = stored
        return Followed(stored, new=old is None, ongoing=len(ongoing))

    async def unfollow(self, guild_id: int, page_id: int, by: int) -> FollowedPage:
        """Raises NotFound."""
        page = self._followed.get(page_id)
        if page is None or page.guild_id != guild_id:
            raise NotFound("This page is not followed any more.")
        self._guilds.check_owner(guild_id, owned("page", page.url), by)
        now_ms = self._clock.now_ms()

        def write(conn: Connection) -> None:
            for report in table.reports_of(conn, page.id).values():
                if report.open:
                    _end(conn, replace(report, ended_ms=now_ms, unfollowed=True), page, now_ms)
            table.remove(conn, page, now_ms)
            done = Actor(guild_id, by, now_ms).did(AuditEvent.PAGE_UNFOLLOWED, None, page.url)
            audit_log.insert(conn, [done])

        await self._db.write(write)
        self._followed.pop(page.id, None)
        self._wake()
        return page

    async def run(self) -> None:
        while True:
            await self._clock.sleep(EVERY_S)
            await self.poll_all()

    async def poll_all(self) -> None:
        """Ask every page once, whoever follows it."""
        by_address: defaultdict[tuple[str, str], list[FollowedPage]] = defaultdict(list)
        for page in self._followed.values():
            by_address[page.url, page.kind].append(page)
        turn = asyncio.Semaphore(AT_ONCE)

        async def poll(url: str, kind: str, pages: Sequence[FollowedPage]) -> None:
            async with turn:
                await self._poll(url, kind, pages)

        await asyncio.gather(*(poll(*address, pages) for address, pages in by_address.items()))

    async def _poll(self, url: str, kind: str, pages: Sequence[FollowedPage]) -> None:
        """One page. What goes wrong costs this page its turn alone."""
        if self._pages is None:
            return
        try:
            state = await self._pages.poll(url, kind)
            await self._take(state, pages)
        except Unchanged:
            return
        except Exception as error:  # noqa: BLE001 - whatever a page answers
            log.info("Followed page not read: %r", error, extra={"page": url})

    async def _take(self, state: PageState, pages: Sequence[FollowedPage]) -> None:
        now_ms = self._clock.now_ms()
        live = [one for one in pages if self._followed.get(one.id) is one]
        channels = {
            one.id: one.channel_id or self._guilds.settings(one.guild_id).channel_id for one in live
        }

        def write(conn: Connection) -> None:
            for page in live:
                _compare(conn, page, state, channels[page.id], now_ms)

        await self._db.write(write)
        self._wake()

    def address(self, url: str) -> str:
        """Without query and end: only pages of the web. Raises AddressRefused."""
        checked = self._guard.check_url(url, WEB)
        return checked.partition("?")[0].rstrip("/")

    async def _detect(self, address: str) -> tuple[str, PageState]:
        if self._pages is None:
            raise UserError("That page does not answer now. Try again later.")
        try:
            return await self._pages.detect(address)
        except NotAStatusPage as error:
            raise UserError(
                "I find no status page there that I can read. I can read those of Statuspage,"
                " incident.io, Instatus and Better Stack."
            ) from error
        except UserError:
            raise
        except Exception as error:
            raise UserError("That page does not answer now. Try again later.") from error


def _chosen(state: PageState, text: str) -> tuple[str, ...]:
    """Ids of the components that were typed, by name or id. Raises UserError."""
    wanted = [plain(one, 100) for one in text.split(",")]
    wanted = [one for one in wanted if one]
    if wanted and not state.components:
        raise UserError(
            "{page} does not say which of its components an incident is about: leave out"
            " “components”.",
            page=state.name,
        )
    by_name = {name.casefold(): key for key, name in state.components.items()}
    found = []
    for one in wanted:
        key = by_name.get(one.casefold()) or (one if one in state.components else None)
        if key is None:
            names = [name[:_SHOWN_LIMIT] for name in list(state.components.values())[:_SHOWN]]
            raise UserError(
                "{page} has no component “{name}”. It has: {list}",
                page=state.name,
                name=one,
                list=", ".join(names),
            )
        found.append(key)
    return tuple(dict.fromkeys(found))


def _counts(page: FollowedPage, incident: PageIncident) -> bool:
    return not page.components or not incident.components.isdisjoint(page.components)


def _report(
    page: FollowedPage, state: PageState, incident: PageIncident, now_ms: int
) -> PageReport:
    began_ms = incident.since_ms
    return PageReport(
        *(0, "", page.guild_id, page.id, page.name, page.url, incident.id),
        *(incident.title, incident.status, incident.text, _named(state, incident)),
        since_ms=now_ms if began_ms is None else min(began_ms, now_ms),
        updated_ms=now_ms,
    )


def _named(state: PageState, incident: PageIncident) -> tuple[str, ...]:
    known = incident.components & state.components.keys()
    return tuple(sorted(state.components[one] for one in known))


def _compare(
    conn: Connection, page: FollowedPage, state: PageState, channel_id: int | None, now_ms: int
) -> None:
    """Store what is new, different or over on one page, and queue what follows from it."""
    known = table.reports_of(conn, page.id)
    for incident in state.incidents:
        before, report = known.get(incident.id), _report(page, state, incident, now_ms)
        if before is not None:
            _renew(conn, page, before, report, now_ms)
        elif _counts(page, incident):
            _begin(conn, page, report, channel_id, now_ms)
    there = {one.id for one in state.incidents}
    for report in known.values():
        if report.open and report.foreign_id not in there:
            _end(conn, replace(report, ended_ms=now_ms), page, now_ms)


def _begin(
    conn: Connection, page: FollowedPage, report: PageReport, channel_id: int | None, now_ms: int
) -> None:
    stored = table.add_report(conn, replace(report, silent=channel_id is None))
    if channel_id is not None:
        enqueue.page_report(conn, stored, channel_id, now_ms)
    _edit_dependents(conn, page, now_ms)


def _renew(
    conn: Connection, page: FollowedPage, before: PageReport, update: PageReport, now_ms: int
) -> None:
    """Its newest update; one that was over is open again."""
    newest = replace(
        before,
        page=update.page,
        title=update.title,
        status=update.status,
        text=update.text,
        components=update.components,
        ended_ms=None,
    )
    if newest == before:
        return
    table.save_report(conn, replace(newest, updated_ms=now_ms))
    urgent = (newest.title, newest.status, before.open) != (before.title, before.status, True)
    enqueue.page_report_changed(conn, newest, now_ms, urgent=urgent)
    if not before.open:
        _edit_dependents(conn, page, now_ms)


def _end(conn: Connection, report: PageReport, page: FollowedPage, now_ms: int) -> None:
    table.save_report(conn, report)
    enqueue.page_report_changed(conn, report, now_ms, urgent=True)
    _edit_dependents(conn, page, now_ms)


def _edit_dependents(conn: Connection, page: FollowedPage, now_ms: int) -> None:
    """Alerts of sites that depend on the page say what it reports."""
    for incident_id in table.incidents_of_dependents(conn, page):
        enqueue.edits(conn, incident_id, now_ms, urgent=False)
