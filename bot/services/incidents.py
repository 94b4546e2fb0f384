"""Acknowledges, follows and looks up incidents; queues reminders of those nobody acknowledged."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from bot.clock import Clock
from bot.db import audit_log, results
from bot.db import incidents as table
from bot.db.database import Connection, Database
from bot.db.results import ResultRow
from bot.errors import NotFound
from bot.models import Incident
from bot.services.audit_log import Actor, AuditEvent
from bot.services.delivery import enqueue
from bot.services.delivery.dispatcher import Dispatcher
from bot.services.incident_updates import answers_for_long
from bot.services.watchlist import Watchlist, acknowledged_as
from bot.words.translator import N_

UNKNOWN_ALERT = N_("I no longer know this alert.")


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """All incidents of the message; ``first`` is False when they were acknowledged before."""

    incidents: tuple[Incident, ...]
    first: bool


@dataclass(frozen=True, slots=True)
class FollowResult:
    """``new`` is False when the person follows it already; ``count`` is of all people."""

    new: bool
    count: int


class Incidents:
    """Incidents of one server at a time: every query carries the server's id."""

    def __init__(
        self, db: Database, clock: Clock, watchlist: Watchlist, delivery: Dispatcher
    ) -> None:
        self._db, self._clock, self._watchlist, self._delivery = db, clock, watchlist, delivery

    async def by_public_id(self, guild_id: int, public_id: str) -> Incident:
        """Raises NotFound."""
        found = await self._db.read(lambda conn: table.by_public_id(conn, guild_id, public_id))
        if found is None:
            raise NotFound(UNKNOWN_ALERT)
        return self._newest(found)

    def _newest(self, stored: Incident) -> Incident:
        """With the numbers of the last check: they are stored when a message changes by them."""
        entry = self._watchlist.find(stored.monitor_id)
        current = None if entry is None else entry.incident
        if current is None or current.id != stored.id or not stored.open:
            return stored
        return replace(stored, **{column: getattr(current, column) for column in table.LIVE})

    async def of_message(self, guild_id: int, message_id: int) -> list[Incident]:
        return await self._db.read(lambda conn: table.of_message(conn, guild_id, message_id))

    async def together(self, guild_id: int, public_id: str) -> list[Incident]:
        """All incidents that share a message with this one, itself included. Raises NotFound."""
        incident = await self.by_public_id(guild_id, public_id)
        return await self._db.read(
            lambda conn: table.load(conn, table.sharing_post(conn, incident.id))
        )

    async def recent(
        self, guild_id: int, monitor_id: int | None, since_ms: int, limit: int
    ) -> list[Incident]:
        """Newest first; open ones whatever their age."""
        return await self._db.read(
            lambda conn: table.recent(conn, guild_id, monitor_id, since_ms, limit)
        )

    async def checks(self, guild_id: int, public_id: str, limit: int) -> list[ResultRow]:
        """The checks inside an incident, newest first."""
        incident = await self.by_public_id(guild_id, public_id)
        until_ms = incident.resolved_ms or self._clock.now_ms()
        await self._db.settle()
        return await self._db.read(
            lambda conn: results.of_monitor(
                conn, incident.monitor_id, incident.since_ms, until_ms, limit
            )
        )

    async def acknowledge(
        self, guild_id: int, public_id: str, user_id: int, *, take_over: bool = False
    ) -> Acknowledged:
        """Acknowledge this incident and all others of its message. Raises NotFound.

        ``take_over``: also those that somebody else has.
        """
        return await self._assign(guild_id, public_id, user_id, take_over=take_over)

    async def release(self, guild_id: int, public_id: str, user_id: int) -> Acknowledged:
        """Give back what this person acknowledged of the message. Raises NotFound."""
        return await self._assign(guild_id, public_id, user_id, give_back=True)

    async def _assign(
        self,
        guild_id: int,
        public_id: str,
        user_id: int,
        *,
        take_over: bool = False,
        give_back: bool = False,
    ) -> Acknowledged:
        incident = await self.by_public_id(guild_id, public_id)
        now_ms = self._clock.now_ms()
        actor = Actor(guild_id, user_id, now_ms)
        event = AuditEvent.RELEASED if give_back else AuditEvent.ACKNOWLEDGED
        holders = {user_id} if give_back else {None}

        def write(conn: Connection) -> tuple[bool, list[Incident]]:
            ids = table.sharing_post(conn, incident.id)
            together = [one for one in table.load(conn, ids) if one.open]
            others = take_over and {one.acknowledged_by for one in together} - {user_id}
            meant = [one for one in together if one.acknowledged_by in (others or holders)]
            if not meant:
                return False, table.load(conn, ids)
            by, at_ms = (None, None) if give_back else (user_id, now_ms)
            table.acknowledge(conn, [one.id for one in meant], by, at_ms)
            audit_log.insert(
                conn, (actor.did(event, one.monitor_id, one.public_id) for one in meant)
            )
            enqueue.edits(conn, incident.id, now_ms, urgent=True)
            return True, table.load(conn, ids)

        first, all_of_it = await self._db.write(write)
        for one in all_of_it:
            entry = self._watchlist.find(one.monitor_id)
            if entry is not None and entry.incident is not None and entry.incident.id == one.id:
                entry.incident = acknowledged_as(entry.incident, one)
        self._delivery.wake()
        return Acknowledged(tuple(all_of_it), first=first)

    async def follow(self, guild_id: int, public_id: str, user_id: int, wish: str) -> FollowResult:
        """Store "Tell me when it is back" or "Me too" of one person. Raises NotFound."""
        return await self._follow(guild_id, public_id, user_id, wish, follows=True)

    async def unfollow(
        self, guild_id: int, public_id: str, user_id: int, wish: str
    ) -> FollowResult:
        return await self._follow(guild_id, public_id, user_id, wish, follows=False)

    def _answers_for_long(self, incident: Incident) -> bool:
        entry = self._watchlist.find(incident.monitor_id)
        return entry is not None and incident.recovering and answers_for_long(entry)

    async def _follow(
        self, guild_id: int, public_id: str, user_id: int, wish: str, *, follows: bool
    ) -> FollowResult:
        incident = await self.by_public_id(guild_id, public_id)
        now_ms = self._clock.now_ms()

        def write(conn: Connection) -> FollowResult:
            new = follows and table.follow(conn, incident.id, user_id, wish, now_ms)
            if not follows:
                table.unfollow(conn, incident.id, user_id, wish)
            if wish == "me_too" and (new or not follows):
                enqueue.edits(conn, incident.id, now_ms, urgent=False)
            if new and wish == "tell_me" and self._answers_for_long(incident):
                enqueue.answers_again(conn, incident, now_ms)
            return FollowResult(new, len(table.followers(conn, incident.id, wish)))

        followed = await self._db.write(write)
        self._delivery.wake()
        return followed


LOOK_S = 60.0


class Reminders:
    """``wake`` is called when a reminder waits to be sent.

    ``silenced_incidents`` gives the ids of incidents that are silenced now.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        wake: Callable[[], None],
        silenced_incidents: Callable[[], set[int]],
    ) -> None:
        self._db, self._clock, self._wake = db, clock, wake
        self._silenced_incidents = silenced_incidents

    async def run(self) -> None:
        while True:
            await self._clock.sleep(LOOK_S)
            await self.remind()

    async def remind(self) -> int:
        now_ms = self._clock.now_ms()
        called = await self._queue(table.to_escalate, enqueue.call, now_ms)
        return called + await self._queue(table.due, enqueue.reminder, now_ms)

    async def _queue(
        self,
        find: Callable[[Connection, int], list[int]],
        add: Callable[[Connection, int, int], None],
        now_ms: int,
    ) -> int:
        due = await self._db.read(lambda conn: find(conn, now_ms))
        silenced = self._silenced_incidents() if due else set()
        found = [incident_id for incident_id in due if incident_id not in silenced]
        if not found:
            return 0

        def write(conn: Connection) -> None:
            for incident_id in found:
                add(conn, incident_id, now_ms)

        await self._db.write(write)
        self._wake()
        return len(found)
