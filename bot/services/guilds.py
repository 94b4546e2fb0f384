"""Settings of each server, in memory and written through to the store; tests of its alerts."""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from bot.clock import Clock
from bot.db import audit_log, stats
from bot.db import guilds as table
from bot.db.database import Connection, Database
from bot.db.stats import LastTest
from bot.errors import UserError
from bot.models import GuildSettings, Monitor, TagAlerts
from bot.services.audit_log import FILE, IN_THE_FILE, Actor
from bot.services.delivery import enqueue
from bot.services.delivery.dispatcher import Dispatcher
from bot.services.delivery.messages import Notice

__all__ = ("AlertTest", "Guilds", "KeyValueStore", "LastTest", "owned")

log = logging.getLogger(__name__)

MAX_TAGGED = 25  # of one server
ESCALATE_S = (60, 7 * 86_400)
_WAITING = {"pending", "sending"}  # states of a test alert
_LOOK_S = 0.1


def owned(kind: str, *about: object) -> str:
    """How the settings note something that the file of sites gives and that is no field of theirs.

    ``report:weekly:shop``, ``page:https://status.example``, ``board:123``.
    """
    return ":".join(map(str, (kind, *about)))


class Guilds:
    """Settings of the servers Vigie is in. Reading never waits: autocomplete depends on it."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock
        self._settings: dict[int, GuildSettings] = {}
        self._lock = asyncio.Lock()

    async def load(self) -> None:
        self._settings = {s.id: s for s in await self._db.read(table.all_present)}

    def settings(self, guild_id: int) -> GuildSettings:
        return self._settings.get(guild_id) or GuildSettings(guild_id)

    def tag_alerts(self, monitor: Monitor) -> Iterator[TagAlerts]:
        """Settings of its tags, in their order: the first that has a channel or role counts."""
        found = {one.tag: one for one in self.settings(monitor.guild_id).tag_alerts}
        return (found[tag] for tag in monitor.tags if tag in found)

    def known(self) -> list[GuildSettings]:
        return list(self._settings.values())

    def language(self, guild_id: int) -> str:
        """The language of posts: the server's choice, else its Discord locale."""
        settings = self.settings(guild_id)
        return settings.language or settings.guild_locale

    async def seen(self, guild_id: int, locale: str) -> None:
        """Vigie is in this server; a returning one gets its old choices back."""
        await self._change(guild_id, guild_locale=locale)

    async def left(self, guild_id: int) -> None:
        async with self._lock:
            self._settings.pop(guild_id, None)
            now_ms = self._clock.now_ms()
            await self._db.write(lambda conn: table.mark_left(conn, guild_id, now_ms))

    async def set_alerts(
        self,
        guild_id: int,
        *,
        by: int,
        channel_id: int | None = None,
        role_id: int | None = None,
        fallback_channel_id: int | None = None,
        reminder_h: int | None = None,
        reminder_ping: bool | None = None,
    ) -> GuildSettings:
        """Choose where alerts go. None keeps what there is, 0 takes a role or a channel away.

        Raises UserError for a second channel that is the first one.
        """
        first = channel_id or self.settings(guild_id).channel_id
        second = fallback_channel_id or self.settings(guild_id).fallback_channel_id
        if fallback_channel_id and fallback_channel_id == first:
            raise UserError("The second channel must differ from the first.")
        if second is not None and second == first:
            fallback_channel_id = 0  # the second one became the first
        chosen = {
            "channel_id": channel_id,
            "set_by": by if channel_id else None,
            "role_id": role_id,
            "fallback_channel_id": fallback_channel_id,
        }
        kept = {name: value or None for name, value in chosen.items() if value is not None}
        if reminder_h is not None:
            kept |= {"reminder_h": reminder_h, "reminder_ping": int(bool(reminder_ping))}
        return await self._change(guild_id, by, **kept)

    async def set_tag_alerts(
        self, guild_id: int, tag: str, *, by: int, channel_id: int | None, role_id: int | None
    ) -> GuildSettings:
        """Where alerts of this tag go; None leaves a part as it was, 0 takes it away."""
        before = self.settings(guild_id).tag_alerts
        old = next((one for one in before if one.tag == tag), TagAlerts(tag))
        chosen = (
            old.channel_id if channel_id is None else channel_id or None,
            old.role_id if role_id is None else role_id or None,
        )
        others = [one for one in before if one.tag != tag]
        if any(chosen):
            others.append(TagAlerts(tag, *chosen))
        if len(others) > MAX_TAGGED:
            raise UserError("At most {n} tags can have a channel of their own.", n=MAX_TAGGED)
        after = tuple(sorted(others, key=lambda one: one.tag))
        return await self._change(guild_id, by, tag_alerts=after)

    async def ensure_channel(
        self, guild_id: int, here: int | None, own: int | None, *, by: int
    ) -> tuple[int | None, bool]:
        """Where alerts of a monitor go, with its ``own`` channel or without; True: from now on.

        Where none was chosen yet, alerts of the server go to the channel ``here``, if it is given.
        """
        channel_id = own or self.settings(guild_id).channel_id
        if channel_id is not None or here is None:
            return channel_id, False
        await self.set_alerts(guild_id, channel_id=here, by=by)
        return here, True

    async def set_escalation(
        self, guild_id: int, *, by: int, after_s: int, role_id: int, channel_id: int | None
    ) -> GuildSettings:
        """Call a role when nobody acknowledges an incident for ``after_s`` seconds; 0: never.

        Raises UserError for less than a minute and more than a week.
        """
        if after_s and not ESCALATE_S[0] <= after_s <= ESCALATE_S[1]:
            raise UserError("Choose a time from 1 minute to 7 days, such as 15m or 2h.")
        return await self._change(
            guild_id,
            by,
            escalate_s=after_s,
            escalate_role_id=role_id if after_s else None,
            escalate_channel_id=channel_id if after_s else None,
        )

    async def set_language(self, guild_id: int, language: str | None, by: int) -> GuildSettings:
        """Choose the language of posts; None follows the server's own on Discord."""
        return await self._change(guild_id, by, language=language)

    async def set_timezone(self, guild_id: int, timezone: str, by: int) -> None:
        """Remember the zone a server's people mean when they name none."""
        if "timezone" in self.settings(guild_id).file_keys:
            return
        await self._change(guild_id, by, timezone=timezone)

    async def take(self, guild_id: int, chosen: Mapping[str, Any], by: int) -> GuildSettings:
        """Settings by the names of their fields, as a file has them.

        What the operator's file gave before, and does no longer, stays.
        """
        return await self._change(guild_id, by, **chosen)

    def check_owner(self, guild_id: int, key: str, by: int) -> None:
        """Raises UserError for what the operator's file of sites gives."""
        if by != FILE and key in self.settings(guild_id).file_keys:
            raise UserError(IN_THE_FILE)

    async def set_managers(self, guild_id: int, role_id: int | None, by: int) -> None:
        """Let a role do what else takes Manage Server, as far as Vigie decides; None: nobody."""
        await self._change(guild_id, by, manager_role_id=role_id)

    async def set_page(self, guild_id: int, by: int, *, on: bool) -> None:
        await self._change(guild_id, by, page=on)

    async def ensure(self, guild_id: int) -> None:
        if guild_id not in self._settings:
            await self._change(guild_id)

    async def _change(self, guild_id: int, by: int | None = None, **chosen: Any) -> GuildSettings:
        """One change after the other: two at once would undo each other's. ``by`` None: nobody."""
        async with self._lock:
            known = self._settings.get(guild_id)
            stored = known or await self._db.read(lambda conn: table.find(conn, guild_id))
            before = stored or GuildSettings(guild_id)
            after = replace(before, **chosen)
            fields = [name for name in before.file_keys if ":" not in name]
            given = any(getattr(before, n) != getattr(after, n) for n in fields)
            if given and by not in {None, FILE}:
                raise UserError(IN_THE_FILE)
            actor = None if by is None else Actor(guild_id, by, self._clock.now_ms())
            rows = [] if actor is None else actor.chose(before, after)

            def write(conn: Connection) -> None:
                table.save(conn, after)
                audit_log.insert(conn, rows)

            if after != known:
                await self._db.write(write)
                self._settings[guild_id] = after
            return after


class KeyValueStore:
    """Small texts that outlive the process: the hash of the registered commands and the like."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._later: set[asyncio.Task[None]] = set()

    async def load(self, key: str) -> str | None:
        return await self._db.read(lambda conn: table.get(conn, key))

    async def save(self, key: str, value: str) -> None:
        """Saved at once, or as soon as the file has been checked: no login waits for that."""
        saving = asyncio.create_task(self._db.write(lambda conn: table.put(conn, key, value)))
        if self._db.may_write:
            await saving
            return
        self._later.add(saving)
        saving.add_done_callback(self._saved)

    def _saved(self, saving: asyncio.Task[None]) -> None:
        self._later.discard(saving)
        if not saving.cancelled() and saving.exception() is not None:
            log.error("A setting was not stored: %s", saving.exception())


class AlertTest:
    def __init__(self, db: Database, clock: Clock, guilds: Guilds, delivery: Dispatcher) -> None:
        self._db, self._clock, self._guilds, self._delivery = db, clock, guilds, delivery

    async def send(self, guild_id: int, ping: int | None = None) -> int | None:
        """Queue a test alert; returns the channel it goes to, None when none was chosen.

        ``ping``: a user whom it mentions, as a real one mentions a role.
        """
        channel_id = self._guilds.settings(guild_id).channel_id
        if channel_id is None:
            return None
        now_ms, notice = self._clock.now_ms(), Notice("test", user_id=ping)
        await self._db.write(
            lambda conn: enqueue.notice(conn, guild_id, channel_id, notice, now_ms)
        )
        self._delivery.wake()
        return channel_id

    async def last(self, guild_id: int) -> LastTest | None:
        return await self._db.read(lambda conn: stats.last_test(conn, guild_id))

    async def wait_until_done(self, guild_id: int, wait_s: float) -> None:
        """Wait until the newest test alert arrived or was given up, ``wait_s`` seconds at most."""
        until = self._clock.monotonic() + wait_s
        while self._clock.monotonic() < until:
            found = await self.last(guild_id)
            if found is None or found.state not in _WAITING:
                return
            await self._clock.sleep(_LOOK_S)
