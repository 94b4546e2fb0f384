"""What people do with monitors: add, remove, pause, resume, find."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from bot.clock import Clock
from bot.config import Config
from bot.db import monitors as table
from bot.db.database import Connection, Database
from bot.engine.netguard import Netguard
from bot.engine.prober import Prober
from bot.engine.probes import place
from bot.engine.scheduler import Scheduler
from bot.errors import NotFound, UserError
from bot.models import CheckResult, Ending, Monitor
from bot.services.guilds import Guilds
from bot.services.recorder import Recorder
from bot.services.target_options import target_of
from bot.services.watchlist import Entry, Watchlist
from bot.words.safe import plain

NAME_LIMIT = 80
MAX_INTERVAL_S = 86_400


@dataclass(frozen=True, slots=True)
class NewMonitor:
    """What somebody asks to be watched, as typed. ``every_s`` is in seconds."""

    url: str
    name: str | None = None
    every_s: int = 60
    channel_id: int | None = None
    role_id: int | None = None
    expect_status: str | None = None
    contains: str | None = None
    not_contains: str | None = None
    slow_ms: int | None = None
    method: str = "GET"
    headers: str | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """The new monitor and what its first probe saw."""

    monitor: Monitor
    first: CheckResult


class Monitors:
    """The monitors of all servers; every call names the server it acts for."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        config: Config,
        *,
        guilds: Guilds,
        watchlist: Watchlist,
        recorder: Recorder,
        scheduler: Scheduler,
        netguard: Netguard,
        prober: Prober,
    ) -> None:
        self._db = db
        self._clock = clock
        self._config = config
        self._guilds = guilds
        self._watchlist = watchlist
        self._recorder = recorder
        self._scheduler = scheduler
        self._netguard = netguard
        self._prober = prober

    def __len__(self) -> int:
        return sum(1 for _ in self._watchlist.all())

    def start(self) -> None:
        """Hand everything that is watched to the scheduler."""
        for entry in self._watchlist.all():
            self._schedule(entry)

    def of_guild(self, guild_id: int) -> list[Monitor]:
        """A server's monitors sorted by name, from memory."""
        return [entry.monitor for entry in self._watchlist.of_guild(guild_id)]

    def get(self, guild_id: int, monitor_id: int) -> Monitor:
        """Raises NotFound for an id of another server as for one that never was."""
        return self._watchlist.get(guild_id, monitor_id).monitor

    def find(self, guild_id: int, text: str) -> Monitor:
        """By id, as autocomplete gives it, or by name without case. Raises NotFound."""
        text = text.strip()
        if text.isascii() and text.isdigit():
            entry = self._watchlist.find(int(text))
            if entry is not None and entry.monitor.guild_id == guild_id:
                return entry.monitor
        key = table.name_key(text)
        for monitor in self.of_guild(guild_id):
            if table.name_key(monitor.name) == key:
                return monitor
        raise NotFound(
            "I watch nothing called “{name}” here. Pick one from the list as you type.",
            name=plain(text, NAME_LIMIT),
        )

    async def add(self, guild_id: int, wanted: NewMonitor, by: int) -> Added:
        """Start watching at once, and probe once to show what it looks like.

        Raises UserError when the address, an option or the name cannot be taken.
        """
        del by  # kept by the record of changes once there is one
        monitor = self._checked(guild_id, wanted)
        await self._guilds.ensure(guild_id)
        try:
            monitor_id = await self._db.write(lambda conn: table.insert(conn, monitor))
        except sqlite3.IntegrityError as error:
            raise self._name_taken(monitor.name) from error
        entry = self._watchlist.add(replace(monitor, id=monitor_id))
        self._schedule(entry)
        first = await self._prober.probe(monitor.target)
        entry.latest = entry.latest or first
        entry.last_ok_ms = entry.last_ok_ms or (first.at_ms if first.ok else None)
        return Added(entry.monitor, first)

    async def remove(self, guild_id: int, monitor_id: int, by: int) -> Monitor:
        """Stop watching for good. A post of it in trouble is edited to "no longer watched"."""
        del by
        entry = self._watchlist.get(guild_id, monitor_id)
        now_ms = self._clock.now_ms()
        self._scheduler.remove(monitor_id)
        await self._recorder.end(
            entry, Ending.REMOVED, lambda conn: table.remove(conn, guild_id, monitor_id, now_ms)
        )
        self._watchlist.remove(monitor_id)
        return entry.monitor

    async def pause(self, guild_id: int, monitor_id: int, *, by: int, for_s: int | None) -> Monitor:
        """Stop checking until resumed, or for ``for_s`` seconds."""
        del by
        entry = self._watchlist.get(guild_id, monitor_id)
        now_ms = self._clock.now_ms()
        resume_ms = None if for_s is None else now_ms + for_s * 1000
        self._scheduler.remove(monitor_id)
        paused = replace(entry.monitor, paused_ms=now_ms, resume_ms=resume_ms)
        await self._recorder.end(entry, Ending.PAUSED, _save(paused))
        entry.monitor = paused
        return paused

    async def resume(self, guild_id: int, monitor_id: int, by: int) -> Monitor:
        """Check again, judged anew. Resuming what is not paused changes nothing."""
        del by
        return await self._resume(self._watchlist.get(guild_id, monitor_id))

    async def resume_due(self) -> None:
        """End the pauses whose time has come."""
        now_ms = self._clock.now_ms()
        for entry in list(self._watchlist.all()):
            resume_ms = entry.monitor.resume_ms
            if resume_ms is not None and resume_ms <= now_ms:
                await self._resume(entry)

    async def guild_left(self, guild_id: int) -> None:
        """A server removed Vigie: its monitors rest, its data is kept for a while."""
        for entry in self._watchlist.of_guild(guild_id):
            self._scheduler.remove(entry.monitor.id)
            self._watchlist.remove(entry.monitor.id)

    async def guild_back(self, guild_id: int) -> None:
        """A server has Vigie again: go on where it was."""
        for entry in await self._watchlist.load_guild(guild_id):
            self._schedule(entry)

    async def _resume(self, entry: Entry) -> Monitor:
        if entry.monitor.paused:
            resumed = replace(entry.monitor, paused_ms=None, resume_ms=None)
            await self._db.write(_save(resumed))
            entry.monitor = resumed
            self._schedule(entry)
        return entry.monitor

    def _schedule(self, entry: Entry) -> None:
        monitor = entry.monitor
        if not monitor.paused:
            self._scheduler.set(monitor.id, place(monitor.target.url), monitor.interval_s)

    def _checked(self, guild_id: int, wanted: NewMonitor) -> Monitor:
        mine = self.of_guild(guild_id)
        if len(mine) >= self._config.max_monitors:
            raise UserError(
                "This server already watches {n} of {max} sites. Remove one first.",
                n=len(mine),
                max=self._config.max_monitors,
            )
        if not self._config.min_interval_s <= wanted.every_s <= MAX_INTERVAL_S:
            raise UserError(
                "“every” must be from {low} to {high} seconds.",
                low=self._config.min_interval_s,
                high=MAX_INTERVAL_S,
            )
        target = target_of(
            self._netguard.check_url(wanted.url.strip()),
            method=wanted.method,
            headers=wanted.headers,
            expect_status=wanted.expect_status,
            contains=wanted.contains,
            not_contains=wanted.not_contains,
        )
        name = plain(wanted.name or urlsplit(target.url).netloc, NAME_LIMIT)
        if any(table.name_key(name) == table.name_key(monitor.name) for monitor in mine):
            raise self._name_taken(name)
        return Monitor(
            id=0,
            guild_id=guild_id,
            name=name,
            target=target,
            interval_s=wanted.every_s,
            channel_id=wanted.channel_id,
            role_id=wanted.role_id,
            slow_ms=wanted.slow_ms,
            created_ms=self._clock.now_ms(),
        )

    @staticmethod
    def _name_taken(name: str) -> UserError:
        return UserError(
            "“{name}” is already watched here. Choose another name with the option “name”.",
            name=name,
        )


def _save(monitor: Monitor) -> Callable[[Connection], None]:
    return lambda conn: table.save_overlays(conn, monitor)
