"""Pauses and mutes: people begin and end them, or their time is over.

None of them changes a state. What a mute or a maintenance window silenced is sent afterwards if it
still goes on.
"""

from collections.abc import Sequence
from dataclasses import replace

from bot.clock import Clock
from bot.db import audit_log
from bot.db import monitors as table
from bot.db.database import Connection, Database
from bot.engine.scheduler import Scheduler
from bot.errors import UserError
from bot.models import Ending, Monitor
from bot.services.audit_log import Actor, AuditEvent
from bot.services.check_runner import schedule
from bot.services.delivery import enqueue
from bot.services.recorder import Recorder
from bot.services.watchlist import Entry, Watchlist

EXPIRE_EVERY_S = 1.0
MUTE_LIMIT_S = 30 * 86_400


class Silences:
    """Pause, resume, mute and unmute; each names its server and raises NotFound beyond it."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        watchlist: Watchlist,
        scheduler: Scheduler,
        recorder: Recorder,
    ) -> None:
        self._db, self._clock, self._watchlist = db, clock, watchlist
        self._scheduler, self._recorder = scheduler, recorder

    async def run(self) -> None:
        while True:
            await self._clock.sleep(EXPIRE_EVERY_S)
            await self.expire_due()

    async def expire_due(self) -> None:
        """End what is over now, and send what nothing silences any more."""
        async with self._watchlist.changing:
            await self._end_due()
        await self._recorder.notify_unsilenced()

    async def pause(
        self,
        guild_id: int,
        monitor_id: int,
        *,
        by: int,
        for_s: int | None = None,
        until_ms: int | None = None,
    ) -> Monitor:
        """Stop checking until resumed, until then or for ``for_s`` seconds.

        Of what is paused already only the end changes: it has not been watched since.
        """
        async with self._watchlist.changing:
            entry = self._watchlist.get(guild_id, monitor_id)
            now_ms = self._clock.now_ms()
            resume_ms = until_ms if for_s is None else now_ms + for_s * 1000
            done = Actor(guild_id, by, now_ms).did(AuditEvent.PAUSED, monitor_id, resume_ms)
            since_ms = entry.monitor.paused_ms or now_ms
            paused = replace(entry.monitor, paused_ms=since_ms, resume_ms=resume_ms)

            def write(conn: Connection) -> None:
                table.save_pause(conn, paused)
                audit_log.insert(conn, [done])

            await self._recorder.end_incident(entry, Ending.PAUSED, write)
            # Only now: a store that refused must leave it watched.
            entry.monitor = paused
            self._watchlist.timed[monitor_id] = entry
            self._scheduler.remove(monitor_id)
            return paused

    async def resume(self, guild_id: int, monitor_id: int, by: int) -> tuple[Monitor, bool]:
        """Check again, judged anew. False when it was not paused: then nothing has changed."""
        async with self._watchlist.changing:
            entry = self._watchlist.get(guild_id, monitor_id)
            was_paused = entry.monitor.paused
            if was_paused:
                actor = Actor(guild_id, by, self._clock.now_ms())
                await self._resume(entry, actor)
            return entry.monitor, was_paused

    async def mute(
        self, guild_id: int, monitor_ids: Sequence[int], *, by: int, for_s: int
    ) -> list[Monitor]:
        """No new alert of these for ``for_s`` seconds from now, however long they were muted.

        Raises UserError beyond the limit: a mute that nobody remembers hides an outage.
        """
        if for_s > MUTE_LIMIT_S:
            raise UserError(
                "That is too long for a mute: at most {n} days.", n=MUTE_LIMIT_S // 86_400
            )
        async with self._watchlist.changing:
            actor = Actor(guild_id, by, self._clock.now_ms())
            entries = [self._watchlist.get(guild_id, one) for one in monitor_ids]
            return await self._mute(actor, entries, actor.at_ms + for_s * 1000)

    async def unmute(self, guild_id: int, monitor_id: int, by: int) -> tuple[Monitor, bool]:
        """Alerts again, at once. False when it was not muted: then nothing has changed."""
        async with self._watchlist.changing:
            entry = self._watchlist.get(guild_id, monitor_id)
            if entry.monitor.muted_until_ms is None:
                return entry.monitor, False
            actor = Actor(guild_id, by, self._clock.now_ms())
            (monitor,) = await self._mute(actor, [entry], None)
        await self._recorder.notify_unsilenced()
        return monitor, True

    async def _mute(
        self, actor: Actor | None, entries: Sequence[Entry], until_ms: int | None
    ) -> list[Monitor]:
        """``actor`` None: nobody's doing, the mute was over."""
        what = AuditEvent.UNMUTED if until_ms is None else AuditEvent.MUTED
        muted = [replace(entry.monitor, muted_until_ms=until_ms) for entry in entries]
        now_ms = self._clock.now_ms()
        open_now = {one.monitor.id: [one.incident.id] if one.incident else [] for one in entries}

        def write(conn: Connection) -> None:
            for one in muted:
                table.save_mute(conn, one)
                for incident_id in open_now[one.id]:  # its alert says until when
                    enqueue.edits(conn, incident_id, now_ms, urgent=True)
                if actor is not None:
                    audit_log.insert(conn, [actor.did(what, one.id, until_ms)])

        await self._db.write(write)
        for entry, one in zip(entries, muted, strict=True):
            entry.monitor = one
            self._watchlist.timed[one.id] = entry
        self._recorder.wake()
        return muted

    async def _end_due(self) -> None:
        now_ms, timed = self._clock.now_ms(), self._watchlist.timed
        for entry in list(timed.values()):
            if entry.monitor.resume_ms is not None and entry.monitor.resume_ms <= now_ms:
                await self._resume(entry, None)
        unmuted = [
            entry
            for entry in timed.values()
            if entry.monitor.muted_until_ms is not None and entry.monitor.muted_until_ms <= now_ms
        ]
        if unmuted:
            await self._mute(None, unmuted, None)
        for monitor in [entry.monitor for entry in timed.values()]:
            if monitor.resume_ms is None and monitor.muted_until_ms is None:
                timed.pop(monitor.id, None)

    async def _resume(self, entry: Entry, actor: Actor | None) -> None:
        """``actor`` None: nobody's doing, the pause was over."""
        resumed = replace(entry.monitor, paused_ms=None, resume_ms=None)

        def write(conn: Connection) -> None:
            table.save_pause(conn, resumed)
            if actor is not None:
                audit_log.insert(conn, [actor.did(AuditEvent.RESUMED, resumed.id)])

        await self._db.write(write)
        entry.monitor, entry.watched_since_ms = resumed, self._clock.now_ms()
        schedule(self._scheduler, resumed)
