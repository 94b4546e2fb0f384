"""Beginning, planning, listing and cancelling maintenance windows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, time, timedelta

from bot.clock import Clock
from bot.db import audit_log, guilds
from bot.db.database import Connection, Database
from bot.errors import NotFound, UserError
from bot.models import Monitor, Window
from bot.services.audit_log import FILE, IN_THE_FILE, Actor, AuditEvent
from bot.services.delivery import enqueue
from bot.services.delivery.messages import Notice
from bot.services.guilds import Guilds
from bot.services.recurrence import Occurrence, instant, next_occurrence, wall_time, zone_name
from bot.services.watchlist import Watchlist
from bot.words.escaping import plain

UTC = "UTC"
MAX_WINDOWS = 25  # of one server: as many as Discord offers choices, and one answer can show
REASON_LIMIT = 100
WEEKLY_LIMIT_S = 6 * 86_400
ONCE_LIMIT_S = 31 * 86_400
AHEAD = timedelta(days=731)


@dataclass(frozen=True, slots=True)
class NewWindow:
    """A window to plan. Exactly one of ``days`` and ``date``, one of ``ends`` and ``length_s``.

    ``timezone`` None: the one the server gave last.
    """

    days: tuple[int, ...]
    date: date | None
    begins: time
    ends: time | None = None
    length_s: int | None = None
    monitor_id: int | None = None
    timezone: str | None = None
    reason: str | None = None
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class WindowStatus:
    """A window, what it covers, when it is open (next).

    ``monitor`` None: those with the window's tag or, without one, all of the server.
    """

    window: Window
    monitor: Monitor | None
    occurrence: Occurrence
    now_ms: int

    @property
    def active(self) -> bool:
        return self.occurrence.contains(self.now_ms)


class Maintenance:
    def __init__(self, db: Database, clock: Clock, guilds: Guilds, watchlist: Watchlist) -> None:
        self._db, self._clock, self._guilds, self._watchlist = db, clock, guilds, watchlist

    async def start(
        self,
        guild_id: int,
        monitor_id: int | None,
        *,
        for_s: int,
        reason: str | None,
        by: int,
        tag: str | None = None,
    ) -> WindowStatus:
        """Maintenance from now on for ``for_s`` seconds. Raises UserError."""
        _check_length(for_s, ONCE_LIMIT_S)
        today, now = instant(self._clock.now_ms())
        wanted = NewWindow((), today, now, None, for_s, monitor_id, UTC, reason, tag)
        return await self._add(self.made(guild_id, wanted, by), AuditEvent.MAINTENANCE_STARTED)

    async def schedule(self, guild_id: int, wanted: NewWindow, by: int) -> WindowStatus:
        """Plan a window, once or weekly; the server remembers the zone. Raises UserError."""
        window = self.made(guild_id, wanted, by)
        self._check(window)
        others = self._watchlist.windows.of_guild(guild_id)
        if any(_times(one) == _times(window) for one in others):
            raise UserError("This maintenance is already planned.")
        planned = await self._add(window, AuditEvent.MAINTENANCE_PLANNED)
        await self._guilds.set_timezone(guild_id, window.timezone, by)
        return planned

    def compared(
        self, guild_id: int, wanted: Sequence[NewWindow], by: int
    ) -> tuple[list[Window], list[Window]]:
        """The windows of a file that are not planned yet, and those that it has no longer.

        What is over already is left out. Only the operator's file of sites gives up its own.
        """
        there = {
            _content(one): one
            for one in self._watchlist.windows.of_guild(guild_id)
            if one.from_file or by != FILE
        }
        made = [replace(self.made(guild_id, one, by), from_file=by == FILE) for one in wanted]
        known = [there.pop(_content(one), None) for one in made]
        new = [
            one
            for one, same in zip(made, known, strict=True)
            if same is None and not self._is_over(one)
        ]
        return new, list(there.values()) if by == FILE else []

    async def take(self, guild_id: int, wanted: Sequence[NewWindow], by: int) -> None:
        """The windows of a file. Raises UserError for what cannot be planned."""
        new, gone = self.compared(guild_id, wanted, by)
        for one in new:
            self._check(one)
            await self._add(one, AuditEvent.MAINTENANCE_PLANNED)
        known = {one.window.id for one in self.of_guild(guild_id)}
        for window_id in known.intersection(one.id for one in gone):
            await self.cancel(guild_id, window_id, by)

    def check(self, guild_id: int, wanted: NewWindow) -> None:
        """Raises UserError for a window that cannot be planned; one that is over is none."""
        made = self.made(guild_id, wanted, FILE)
        if not self._is_over(made):
            self._check(made)

    def _is_over(self, window: Window) -> bool:
        return window.date is not None and next_occurrence(window, self._clock.now_ms()) is None

    async def announce(self, window: WindowStatus, sentence: str) -> list[int]:
        """Queue a notice in each alert channel of what it covers; returns those."""
        guild_id = window.window.guild_id
        entries = self._watchlist.of_guild(guild_id)
        covered = (one for one in entries if window.window.covers(one.monitor))
        found = set(map(self._watchlist.alert_channel_of, covered))
        channels = sorted(one for one in found if one is not None)
        now_ms = self._clock.now_ms()

        def write(conn: Connection) -> None:
            for channel_id in channels:
                enqueue.notice(conn, guild_id, channel_id, Notice("notice", text=sentence), now_ms)

        await self._db.write(write)
        return channels

    def of_guild(self, guild_id: int) -> list[WindowStatus]:
        """The windows that are open or to come, in the order of their times; from memory."""
        now_ms = self._clock.now_ms()
        windows = self._watchlist.windows.of_guild(guild_id)
        found = (self._status(window, now_ms) for window in windows)
        live = [one for one in found if one is not None]
        return sorted(live, key=lambda one: (one.occurrence.from_ms, one.window.id))

    def beside(self, begun: WindowStatus) -> WindowStatus | None:
        """The open window, of several the last to end, that covers all that ``begun`` covers."""
        open_now = [
            one
            for one in self.of_guild(begun.window.guild_id)
            if one.active and one.window.id != begun.window.id and _covers_all_of(one.window, begun)
        ]
        return max(open_now, key=lambda one: one.occurrence.until_ms or 0, default=None)

    def find(self, guild_id: int, text: str) -> WindowStatus:
        """By id, as autocomplete gives it. Raises NotFound."""
        for one in self.of_guild(guild_id):
            if str(one.window.id) == text.strip():
                return one
        raise NotFound(
            "There is no such maintenance window here. Pick one from the list as you type."
        )

    async def cancel(self, guild_id: int, window_id: int, by: int) -> WindowStatus:
        """Cancel a window, or end it now. Raises NotFound."""
        found = self.find(guild_id, str(window_id))
        if found.window.from_file and by != FILE:
            raise UserError(IN_THE_FILE)
        now_ms, about = self._clock.now_ms(), (found.window.monitor_id, window_id)
        done = Actor(guild_id, by, now_ms).did(AuditEvent.MAINTENANCE_CANCELLED, *about)

        def write(conn: Connection) -> None:
            if guilds.end_windows(conn, guild_id, [window_id], now_ms):
                audit_log.insert(conn, [done])

        await self._db.write(write)
        self._watchlist.windows.drop(guild_id, [window_id])
        return found

    def made(self, guild_id: int, wanted: NewWindow, by: int) -> Window:
        """A window as it would be stored. Raises UserError for a monitor that is not here."""
        if wanted.monitor_id is not None:
            if wanted.tag is not None:
                raise UserError("Choose a site or a tag, not both.")
            self._watchlist.get(guild_id, wanted.monitor_id)
        zone = self._guilds.settings(guild_id).timezone
        if wanted.timezone:
            zone = zone_name(wanted.timezone)
        return Window(
            id=0,
            guild_id=guild_id,
            monitor_id=wanted.monitor_id,
            timezone=zone,
            days=wanted.days,
            date=wanted.date,
            begins=wanted.begins,
            ends=wanted.ends,
            length_s=wanted.length_s,
            reason=plain(wanted.reason or "", REASON_LIMIT) or None,
            created_by=by,
            created_ms=self._clock.now_ms(),
            tag=wanted.tag,
        )

    def _check(self, window: Window) -> None:
        now_ms = self._clock.now_ms()
        if window.length_s is not None:
            _check_length(window.length_s, WEEKLY_LIMIT_S if window.days else ONCE_LIMIT_S)
        if (
            window.date is not None
            and window.date - wall_time(now_ms, window.timezone).date() > AHEAD
        ):
            raise UserError("That is more than two years ahead. Please choose an earlier day.")
        occurrence = next_occurrence(window, now_ms)
        if occurrence is None:
            raise UserError("That time is over already. Please choose a later one.")
        if occurrence.until_ms is None:
            raise UserError(
                "That would be maintenance without end. Leave some time between two windows."
            )

    async def _add(self, window: Window, what: AuditEvent) -> WindowStatus:
        guild_id = window.guild_id
        actor = Actor(guild_id, window.created_by, window.created_ms)
        await self._purge(guild_id)
        if len(self._watchlist.windows.of_guild(guild_id)) >= MAX_WINDOWS:
            raise UserError(
                "This server already has {n} maintenance windows. Cancel one first.", n=MAX_WINDOWS
            )
        await self._guilds.ensure(guild_id)

        def write(conn: Connection) -> Window:
            stored = replace(window, id=guilds.add_window(conn, window))
            audit_log.insert(conn, [actor.did(what, stored.monitor_id, stored.id)])
            return stored

        stored = await self._db.write(write)
        self._watchlist.windows.add(stored)
        return self.find(guild_id, str(stored.id))

    async def _purge(self, guild_id: int) -> None:
        """Lay aside what is over, so that it costs neither memory nor room."""
        live = {one.window.id for one in self.of_guild(guild_id)}
        over = [w.id for w in self._watchlist.windows.of_guild(guild_id) if w.id not in live]
        if over:
            now_ms = self._clock.now_ms()
            await self._db.write(lambda conn: guilds.end_windows(conn, guild_id, over, now_ms))
            self._watchlist.windows.drop(guild_id, over)

    def _status(self, window: Window, now_ms: int) -> WindowStatus | None:
        """None when the window is over, or its monitor is no longer watched."""
        occurrence = self._watchlist.windows.occurrence(window, now_ms)
        if occurrence is None:
            return None
        if window.monitor_id is None:
            return WindowStatus(window, None, occurrence, now_ms)
        entry = self._watchlist.find(window.monitor_id)
        return None if entry is None else WindowStatus(window, entry.monitor, occurrence, now_ms)


def _content(window: Window) -> Window:
    """The window without what two equal ones may differ in."""
    return replace(window, id=0, created_by=0, created_ms=0, from_file=True)


def _times(window: Window) -> Window:
    """Of what, and when; whoever planned it, and why."""
    return replace(_content(window), reason=None)


def _covers_all_of(window: Window, begun: WindowStatus) -> bool:
    if begun.monitor is not None:
        return window.covers(begun.monitor)
    return window.monitor_id is None and window.tag in {None, begun.window.tag}


def _check_length(length_s: int, most_s: int) -> None:
    if length_s > most_s:
        raise UserError(
            "That is too long for one maintenance window: at most {n} days.", n=most_s // 86_400
        )
