"""Adds, changes, removes and finds monitors."""

import sqlite3
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial

from bot.clock import Clock
from bot.config import Config
from bot.db import audit_log
from bot.db import monitors as table
from bot.db.database import Connection, Database
from bot.db.followed_pages import FollowedPage
from bot.engine.kinds.push import PUSH
from bot.engine.netguard import Netguard
from bot.engine.place_router import PlaceRouter
from bot.engine.scheduler import Scheduler, Step
from bot.errors import NotFound, UserError
from bot.models import HOME, PUSH_URL, CheckResult, Ending, Monitor
from bot.services.audit_log import FILE, IN_THE_FILE, Actor, AuditEvent
from bot.services.check_runner import CheckRunner, schedule
from bot.services.guilds import Guilds
from bot.services.monitor_options import NAME_LIMIT, SECRETS, Typed
from bot.services.monitor_rules import (
    NO_SUCH_SITE,
    Added,
    Edited,
    MonitorIndex,
    MonitorRules,
    NameTaken,
)
from bot.services.option_types import ALL_PLACES
from bot.services.pushes import Pushes
from bot.services.recorder import Recorder
from bot.services.watchlist import Entry, Watchlist
from bot.words.escaping import plain
from bot.words.translator import N_

NUDGES_APART_MS = 5_000
TAG_VALUE = "tag:"  # before a tag, where else the id of a monitor stands
ID_DIGITS = 18  # of the longest id there can be
NO_SUCH_TAG = N_("No site here has the tag #{tag}.")


def tag_of(text: str) -> str:
    """The tag that is meant by ``tag:shop`` or ``#shop``."""
    return text.strip().removeprefix(TAG_VALUE).removeprefix("#").casefold()


def is_tag(known: Collection[str], text: str) -> bool:
    """A monitor may be called ``#shop`` as well: it is meant where no such tag is known."""
    name = text.strip()
    return name.startswith(TAG_VALUE) or (name.startswith("#") and tag_of(name) in known)


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
        place_router: PlaceRouter,
        check_runner: CheckRunner,
        pushes: Pushes,
        followed: Callable[[int], Sequence[FollowedPage]],
    ) -> None:
        self._db, self.clock, self._guilds, self._watchlist = db, clock, guilds, watchlist
        self._recorder, self._scheduler = recorder, scheduler
        self.rules = MonitorRules(config, netguard)
        self._place_router, self._check_runner = place_router, check_runner
        self._pushes, self._followed = pushes, followed

    def __len__(self) -> int:
        return sum(1 for _ in self._watchlist.all())

    def start(self) -> None:
        for entry in self._watchlist.all():
            schedule(self._scheduler, entry.monitor)

    def of_guild(self, guild_id: int) -> list[Monitor]:
        """A server's monitors sorted by name, from memory."""
        return [entry.monitor for entry in self._watchlist.of_guild(guild_id)]

    def get(self, guild_id: int, monitor_id: int) -> Monitor:
        """Raises NotFound for an id of another server as for one that never was."""
        return self._watchlist.get(guild_id, monitor_id).monitor

    def find(self, guild_id: int, text: str) -> Monitor:
        """By id, as autocomplete gives it, or by name without case. Raises NotFound."""
        text = text.strip()
        if text.isascii() and text.isdigit() and len(text) <= ID_DIGITS:
            entry = self._watchlist.find(int(text))
            if entry is not None and entry.monitor.guild_id == guild_id:
                return entry.monitor
        key, mine = table.name_key(text), self.of_guild(guild_id)
        if not mine:
            raise NotFound(
                "I watch nothing called “{name}” here. Nothing is watched yet.",
                name=plain(text, NAME_LIMIT),
            )
        for monitor in mine:
            if table.name_key(monitor.name) == key:
                return monitor
        raise NotFound(NO_SUCH_SITE, name=plain(text, NAME_LIMIT))

    def matching(self, guild_id: int, text: str) -> list[Monitor]:
        """Those with a tag (``tag:shop``, ``#shop``), else the one :meth:`find` finds.

        Raises NotFound.
        """
        mine, tag = self.of_guild(guild_id), tag_of(text)
        if not is_tag({one for monitor in mine for one in monitor.tags}, text):
            return [self.find(guild_id, text)]
        if found := [one for one in mine if tag in one.tags]:
            return found
        raise NotFound(NO_SUCH_TAG, tag=plain(tag, NAME_LIMIT))

    async def add(self, guild_id: int, typed: Typed, by: int) -> Added:
        """Start watching at once; the check that is shown is the first of its first round.

        Raises UserError when the address, an option or the name cannot be taken.
        """
        mine = self.index(guild_id)
        draft = self.draft(guild_id, typed, mine)
        if draft.is_push:
            raise UserError(PUSH.rules.form)
        twin = mine.at(draft.target.url)
        (monitor,) = await self._store(guild_id, [draft], by, AuditEvent.ADDED)
        entry = self._watchlist.add(monitor)
        first: list[CheckResult | None] = []

        async def begin(slot_ms: int) -> Step:
            step, result = await self._check_runner.run_first_check(entry, slot_ms)
            first.append(result)
            return step

        await self._scheduler.begin(monitor.id, monitor.interval_s, begin)
        if not first or first[0] is None:
            raise RuntimeError("the first check ended by a bug, which is logged")
        if twin is None and not first[0].ok:
            twin = mine.at(draft.target.url.replace("https://", "http://", 1))
        return Added(entry.monitor, first[0], twin)

    async def add_push(self, guild_id: int, typed: Typed, by: int) -> tuple[Monitor, str]:
        """Wait for the beats of a job from now on; also returns its secret address, this once.

        Raises UserError.
        """
        self._pushes.require_door()
        draft = self.draft(guild_id, {**typed, "url": PUSH_URL}, self.index(guild_id))
        (monitor,) = await self.keep(guild_id, [draft], by)
        return monitor, await self.new_address(monitor)

    async def new_address(self, monitor: Monitor) -> str:
        """The secret address of a push monitor that was just added. Raises UserError."""
        return await self._pushes.renew(monitor)

    async def renew_address(self, guild_id: int, monitor_id: int, by: int) -> tuple[Monitor, str]:
        """A push monitor's new secret address; the old one is not found from now on.

        Raises UserError.
        """
        monitor = self.get(guild_id, monitor_id)
        if not monitor.is_push:
            raise UserError("{name} is not a push monitor.", name=plain(monitor.name, NAME_LIMIT))
        return monitor, await self._pushes.renew(monitor, by)

    def index(self, guild_id: int) -> MonitorIndex:
        return MonitorIndex(self.of_guild(guild_id), self._followed(guild_id))

    def draft(self, guild_id: int, typed: Typed, mine: MonitorIndex) -> Monitor:
        """A monitor that might be watched beside ``mine``. Raises UserError."""
        return self.rules.new(guild_id, typed, mine, self.clock.now_ms())

    async def keep(
        self, guild_id: int, drafts: Sequence[Monitor], by: int, what: AuditEvent = AuditEvent.ADDED
    ) -> list[Monitor]:
        """Watch drafts from now on: all, or none when a name or the room is gone (UserError)."""
        kept = await self._store(guild_id, drafts, by, what)
        for monitor in kept:
            schedule(self._scheduler, self._watchlist.add(monitor).monitor)
        return kept

    async def _store(
        self, guild_id: int, drafts: Sequence[Monitor], by: int, what: AuditEvent
    ) -> list[Monitor]:
        await self._guilds.ensure(guild_id)
        actor = Actor(guild_id, by, self.clock.now_ms())

        def write(conn: Connection) -> list[Monitor]:
            # Counted here: others may have been added since the drafts were checked.
            self.rules.check_room(table.count(conn, guild_id) + len(drafts))
            stored = [replace(one, id=table.insert(conn, one)) for one in drafts]
            for one in stored:
                if one.paused:
                    table.save_pause(conn, one)
            added = ((one.id, None if one.is_push else one.target.url) for one in stored)
            audit_log.insert(conn, [actor.did(what, *one) for one in added])
            return stored

        try:
            return await self._db.write(write)
        except sqlite3.IntegrityError as error:
            raise NameTaken(", ".join(one.name for one in drafts)) from error

    async def remove(self, guild_id: int, monitor_id: int, by: int) -> Monitor:
        """Stop watching for good. A post of it in trouble is edited to "no longer watched"."""
        async with self._watchlist.changing:
            entry = self._watchlist.get(guild_id, monitor_id)
            check_owner(entry.monitor, by)
            now_ms = self.clock.now_ms()
            done = Actor(guild_id, by, now_ms).did(AuditEvent.REMOVED, monitor_id)

            children = [
                one
                for one in self._watchlist.of_guild(guild_id)
                if one.monitor.depends_on == monitor_id
            ]

            def write(conn: Connection) -> None:
                table.remove(conn, guild_id, monitor_id, now_ms, secrets=SECRETS)
                for one in children:
                    table.save_settings(conn, replace(one.monitor, depends_on=None))
                audit_log.insert(conn, [done])

            await self._recorder.end_incident(entry, Ending.REMOVED, write)
            for one in children:
                one.monitor = replace(one.monitor, depends_on=None)
            self._scheduler.remove(monitor_id)
            self._watchlist.remove(monitor_id)
            self._pushes.forget(entry.monitor)
        await self._db.empty_log()
        return entry.monitor

    async def edit(self, guild_id: int, monitor_id: int, change: Typed, by: int) -> Edited:
        """:meth:`change`, and one check of a changed target to show what it looks like."""
        edited = await self.change(guild_id, monitor_id, change, by)
        if edited.after.target == edited.before.target:
            return edited
        return replace(edited, first=(await self._place_router.check(edited.after)).result)

    async def change(self, guild_id: int, monitor_id: int, change: Typed, by: int) -> Edited:
        """Take new settings at once. Another address is judged anew, its open alert is closed.

        Raises UserError when one of them cannot be taken; then nothing has changed.
        """
        async with self._watchlist.changing:  # the second of two changes what the first left
            entry = self._watchlist.get(guild_id, monitor_id)
            before = entry.monitor
            check_owner(before, by)
            if change.get("places") not in {None, ALL_PLACES, before.place}:
                self._check_place(change["places"])
            renamed = change.get("name", before.name) != before.name
            looks_up = renamed or change.get("depends_on") is not None
            mine = self.index(guild_id) if looks_up else MonitorIndex()
            after = self.rules.changed(before, change, mine)
            if after == before:
                return Edited(before, before)
            await self._save_settings(entry, after, by)
            moved = after.target.url != before.target.url
            schedule(self._scheduler, entry.monitor, soon=moved)
        elsewhere = entry.incident is not None and before.channel_id != after.channel_id
        return Edited(before, after, alert_elsewhere=elsewhere)

    async def _save_settings(self, entry: Entry, after: Monitor, by: int) -> None:
        actor = Actor(after.guild_id, by, self.clock.now_ms())
        done = actor.edited(entry.monitor, after, partial(self.name_of, after.guild_id))

        def write(conn: Connection) -> None:
            table.save_settings(conn, after)
            audit_log.insert(conn, done)

        try:
            if after.target.url == entry.monitor.target.url:
                await self._db.write(write)
            else:
                await self._recorder.end_incident(entry, Ending.REMOVED, write)
                entry.latest, entry.last_ok_ms, entry.round_results = None, None, ()
        except sqlite3.IntegrityError as error:
            raise NameTaken(after.name) from error
        entry.monitor, entry.watched_since_ms = after, self.clock.now_ms()

    def name_of(self, guild_id: int, monitor_id: int) -> str:
        """Of a monitor or, by a negative id, of a followed page."""
        for page in self._followed(guild_id):
            if page.id == -monitor_id:
                return page.name
        entry = self._watchlist.find(monitor_id)
        return "?" if entry is None else entry.monitor.name

    async def test(
        self, guild_id: int, monitor_id: int, place: str | None = None
    ) -> tuple[Monitor, CheckResult]:
        """Check once and change nothing, from ``place`` if one is given. Raises UserError."""
        monitor = self.get(guild_id, monitor_id)
        if monitor.is_push:
            raise UserError(
                "There is nothing to check: {name} waits for the beats of a job.",
                name=plain(monitor.name, NAME_LIMIT),
            )
        asked = monitor
        if place not in {None, ALL_PLACES}:
            self._check_place(place or "")
            asked = replace(monitor, place=place)
        result = await self._place_router.test(asked)
        if result is None:
            raise UserError("{place} gives no answer just now.", place=plain(asked.place or "", 40))
        return monitor, result

    @property
    def places(self) -> list[str]:
        """The names of all places that are known, home first."""
        others = self._place_router.others
        return [] if others is None else [HOME, *(one.name for one in others.status())]

    def _check_place(self, name: str) -> None:
        if name not in self.places:
            raise UserError(
                "There is no place called “{name}”; there are {places}.",
                name=plain(name, 40),
                places=", ".join(self.places),
            )

    def nudge(self, guild_id: int, monitor_id: int) -> None:
        """Check early, unless it was looked at just now: a crowd is no load. Raises NotFound."""
        latest = self._watchlist.get(guild_id, monitor_id).latest
        if latest is None or self.clock.now_ms() - latest.at_ms >= NUDGES_APART_MS:
            self._scheduler.check_now(monitor_id)

    async def set_from_file(self, guild_id: int, ids: Collection[int]) -> None:
        """These monitors of a server stand in the operator's file of sites, all others do not."""
        async with self._watchlist.changing:
            changed = [
                (one, replace(one.monitor, from_file=one.monitor.id in ids))
                for one in self._watchlist.of_guild(guild_id)
                if bool(one.monitor.from_file) != (one.monitor.id in ids)
            ]

            def write(conn: Connection) -> None:
                for _, after in changed:
                    table.save_settings(conn, after)

            await self._db.write(write)
            for entry, after in changed:
                entry.monitor = after

    async def guild_left(self, guild_id: int) -> None:
        """A server removed Vigie: its monitors rest, its data is kept for a while."""
        for entry in self._watchlist.of_guild(guild_id):
            self._scheduler.remove(entry.monitor.id)
            self._watchlist.remove(entry.monitor.id)

    async def guild_back(self, guild_id: int) -> None:
        for entry in await self._watchlist.load_guild(guild_id):
            schedule(self._scheduler, entry.monitor)


def check_owner(monitor: Monitor, by: int | None = None) -> None:
    """Refuse a person's change (UserError) of what the operator's file of sites gives."""
    if monitor.from_file and by != FILE:
        raise UserError(IN_THE_FILE)
