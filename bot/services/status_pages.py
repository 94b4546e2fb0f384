"""The public status page of a server: what anybody in the world may know, and nothing else.

Only sites whose alerts everybody in the server may see, or that are public; of those their names,
states and times. No address, no cause, nothing that people wrote but the names.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.clock import DAY_MS, Clock
from bot.db import incidents
from bot.db.database import Database
from bot.errors import UserError, VigieError
from bot.models import Game, Incident
from bot.services.guilds import Guilds
from bot.services.history.uptime import Level, Uptime, by_day, joined
from bot.services.maintenance import Maintenance
from bot.services.status import MonitorStatus, Status, game_of, incident_outline, state_of
from bot.words.escaping import plain

DAYS = 90
FRESH_S, HISTORY_S = 2.0, 60.0
MOST_SITES, MOST_INCIDENTS = 200, 50
MOST_PAGES = 200  # kept at once
_NAME_LIMIT = 80


class NotKnownYet(VigieError):
    """Vigie has just started: Discord has not said yet who sees what."""


class PublicView(Protocol):
    def open_to_all(self, guild_id: int, channels: Collection[int]) -> frozenset[int] | None:
        """Those of the channels that every member of the server sees; None: not known now."""

    def server_name(self, guild_id: int) -> str | None: ...


@dataclass(frozen=True, slots=True)
class PageSite:
    """``days``: how each of the last 90 was, the oldest first. ``uptime`` is of all of them.

    ``game``: what a game server that is up says of itself.
    """

    id: int
    name: str
    state: str
    since_ms: int | None
    in_maintenance: bool
    days: tuple[Level, ...]
    uptime: Uptime
    game: Game | None = None


@dataclass(frozen=True, slots=True)
class PageWork:
    """Planned work; no ``sites``: on all of them."""

    sites: tuple[str, ...]
    from_ms: int
    until_ms: int | None


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Page:
    """The page at one moment. ``more``: sites beyond the limit. Open incidents come first."""

    guild_id: int
    name: str
    timezone: str
    at_ms: int
    offline_ms: int | None
    sites: tuple[PageSite, ...]
    more: int
    incidents: tuple[Incident, ...]
    work: tuple[PageWork, ...]


@dataclass(slots=True)
class _Kept:
    """Of one server: the newest page, and what is slow to read."""

    page: Page | None = None
    page_at: float = float("-inf")
    days: Mapping[int, Sequence[Uptime]] = field(default_factory=dict)
    past: Sequence[Incident] = ()
    history_at: float = float("-inf")
    open_to: frozenset[int] | None = None
    name: str = ""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class StatusPages:
    """The pages of the servers that have switched theirs on."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        guilds: Guilds,
        status: Status,
        maintenance: Maintenance,
        address: str | None,
        offline_ms: Callable[[], int | None],
    ) -> None:
        """``address``: of the door; None: there is none. ``offline_ms``: since when Vigie is."""
        self._db, self._clock, self._guilds, self._status = db, clock, guilds, status
        self._maintenance, self._address, self._offline_ms = maintenance, address, offline_ms
        self._view: PublicView | None = None
        self._kept: OrderedDict[int, _Kept] = OrderedDict()

    def attach(self, view: PublicView) -> None:
        self._view = view

    def url(self, guild_id: int) -> str:
        return f"{self._address or ''}/status/{guild_id}"

    async def switch(self, guild_id: int, by: int, *, on: bool) -> None:
        """Show the page to everybody, or to nobody. Raises UserError when there is no door."""
        if on and self._address is None:
            raise UserError(
                "A status page needs my web server: ask the bot's operator to set VIGIE_LISTEN."
            )
        await self._guilds.set_page(guild_id, by, on=on)
        self._kept.pop(guild_id, None)

    async def page(self, guild_id: int) -> Page | None:
        """None for a server without a page, as for one that never was. Raises NotKnownYet."""
        if not self._guilds.settings(guild_id).page:
            self._kept.pop(guild_id, None)
            return None
        kept = self._kept.setdefault(guild_id, _Kept())
        self._kept.move_to_end(guild_id)
        while len(self._kept) > MOST_PAGES:
            self._kept.popitem(last=False)
        if self._is_stale(kept):
            async with kept.lock:
                if self._is_stale(kept):
                    kept.page = await self._build(guild_id, kept)
                    kept.page_at = self._clock.monotonic()
        return kept.page

    def hidden(self, guild_id: int) -> int:
        """How many sites the page leaves out. Raises NotKnownYet."""
        everything = self._status.overview(guild_id)
        return len(everything) - len(self._shown(guild_id, _Kept()))

    def _is_stale(self, kept: _Kept) -> bool:
        return self._clock.monotonic() - kept.page_at >= FRESH_S

    def _shown(self, guild_id: int, kept: _Kept) -> list[MonitorStatus]:
        """What Discord said last counts while it says nothing."""
        found = self._status.overview(guild_id)
        channels = {one.channel_id for one in found if one.channel_id is not None}
        said = None if self._view is None else self._view.open_to_all(guild_id, channels)
        if self._view is not None and (name := self._view.server_name(guild_id)):
            kept.name = name
        kept.open_to = kept.open_to if said is None else said
        if kept.open_to is None:
            raise NotKnownYet("Discord has not said yet who sees what.")
        open_to = {None, *kept.open_to}
        return [one for one in found if one.monitor.public or one.channel_id in open_to]

    async def _build(self, guild_id: int, kept: _Kept) -> Page:
        shown = self._shown(guild_id, kept)
        sites = shown[:MOST_SITES]
        if self._clock.monotonic() - kept.history_at >= HISTORY_S:
            await self._read_history(guild_id, kept, sites)
        ids = {one.monitor.id for one in shown}
        now = {one.incident.id: one.incident for one in shown if one.incident is not None}
        past = (one for one in kept.past if one.monitor_id in ids and not one.open)
        listed = [*now.values(), *(one for one in past if one.id not in now)][:MOST_INCIDENTS]
        return Page(
            guild_id=guild_id,
            name=plain(kept.name, _NAME_LIMIT),
            timezone=self._guilds.settings(guild_id).timezone,
            at_ms=self._clock.now_ms(),
            offline_ms=self._offline_ms(),
            sites=tuple(_site(one, kept.days.get(one.monitor.id, ())) for one in sites),
            more=len(shown) - len(sites),
            incidents=tuple(incident_outline(one) for one in listed),
            work=tuple(self._work(guild_id, shown)),
        )

    async def _read_history(
        self, guild_id: int, kept: _Kept, sites: Sequence[MonitorStatus]
    ) -> None:
        """In short turns: nobody waits for the store because somebody looks at a page."""
        kept.history_at = self._clock.monotonic()
        now_ms = self._clock.now_ms()
        first = now_ms // DAY_MS - DAYS + 1
        await self._db.settle()
        days: dict[int, Sequence[Uptime]] = {}
        for one in sites:
            monitor = one.monitor
            days[monitor.id] = await self._db.read(
                lambda conn, monitor=monitor: by_day(conn, monitor, first, now_ms)  # type: ignore[misc]
            )
        kept.days = days
        since_ms = now_ms - DAYS * DAY_MS
        kept.past = await self._db.read(
            lambda conn: incidents.recent(conn, guild_id, None, since_ms, 10 * MOST_INCIDENTS)
        )

    def _work(self, guild_id: int, shown: Sequence[MonitorStatus]) -> Iterator[PageWork]:
        for found in self._maintenance.of_guild(guild_id):
            window, occurrence = found.window, found.occurrence
            on_all = window.monitor_id is None and window.tag is None
            sites = tuple(
                plain(one.monitor.name, _NAME_LIMIT)
                for one in shown
                if window.monitor_id == one.monitor.id or window.tag in one.monitor.tags
            )
            if on_all or sites:
                yield PageWork(() if on_all else sites, occurrence.from_ms, occurrence.until_ms)


def _site(status: MonitorStatus, days: Sequence[Uptime]) -> PageSite:
    incident, monitor = status.incident, status.monitor
    return PageSite(
        id=monitor.id,
        name=plain(monitor.name, _NAME_LIMIT),
        state=state_of(status),
        since_ms=incident.since_ms if incident is not None else monitor.paused_ms,
        in_maintenance=status.maintenance is not None,
        days=tuple(one.level for one in days),
        uptime=joined(days),
        game=None if monitor.paused else game_of(status.latest),
    )
