"""Writes down what the judge decided: state, incident and notification in one transaction.

Plain results are batched about once a second; whatever somebody must be told of is committed at
once. Memory moves on only after its commit, so a full disk delays a flip instead of losing it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from bot.clock import Clock
from bot.db import incidents, monitors, results
from bot.db.database import Connection, Database
from bot.engine.judge import judge
from bot.engine.memory import Memory, forget
from bot.engine.rules import Event, Try, Verdict, clear
from bot.models import CheckResult, Ending, Incident
from bot.services import incident_log, verdicts
from bot.services.batch import Batch
from bot.services.certificates import Certificates
from bot.services.delivery import queue
from bot.services.gathering import opening_wait_s, released
from bot.services.watchlist import Entry, Watchlist
from bot.services.withheld import as_told, overdue


class Recorder:
    """The only writer of memories and incidents. ``wake`` is called after work for Discord."""

    def __init__(
        self, db: Database, clock: Clock, watchlist: Watchlist, wake: Callable[[], None]
    ) -> None:
        self._db = db
        self._clock = clock
        self._watchlist = watchlist
        self._wake = wake
        self._lock = asyncio.Lock()  # grouping looks at several monitors at once
        self._batch = Batch(db, clock, watchlist, self._lock)
        self._certificates = Certificates(db, clock, watchlist, wake)

    async def take(self, entry: Entry, attempt: Try, result: CheckResult) -> Verdict:
        """Judge one try and write down what follows."""
        verdict = judge(entry.memory, attempt, entry.policy)
        self._note(entry, attempt, result)
        if verdict.event is None:
            self._move(entry, verdict)
        else:
            async with self._lock:
                # Judged again: a neighbour's all-clear may have carried this one with it meanwhile.
                verdict = judge(entry.memory, attempt, entry.policy)
                await self._happened(entry, verdict, attempt, result)
        await self._certificates.saw(entry, result)
        return verdict

    async def end(self, entry: Entry, ending: Ending, work: Callable[[Connection], None]) -> None:
        """Close what is open without an all-clear, together with ``work`` (a pause, a removal)."""
        async with self._lock:
            now_ms = self._clock.now_ms()
            incident = entry.incident
            over = incident and verdicts.ended(incident, entry.memory, now_ms, ending)
            memory = forget(entry.memory)

            def write(conn: Connection) -> None:
                work(conn)
                monitors.save_memory(conn, entry.monitor.id, memory.dump())
                if over is not None:
                    incidents.update(conn, over)
                    queue.closed(conn, [over], now_ms, announce=False)

            await self._db.write(write)
            entry.incident, entry.memory, entry.due_ms = None, memory, None
        if over is not None:
            incident_log.note(f"ended: {ending}", over)
        self._wake()

    async def tell_withheld(self) -> None:
        """What an overlay kept quiet and none covers any more is told, if it is still bad."""
        async with self._lock:
            now_ms = self._clock.now_ms()
            found = overdue(self._watchlist, now_ms)
            if not found:
                return

            def write(conn: Connection) -> None:
                for one in found:
                    one.write(conn, now_ms)

            await self._db.write(write)
            for one in found:
                one.settle()
        self._wake()

    def touch(self, entry: Entry) -> None:
        """The entry's memory was changed by others: store it with the next batch."""
        self._batch.touch(entry)

    async def run(self) -> None:
        """Flush about once a second until cancelled."""
        await self._batch.run()

    async def flush(self) -> None:
        """Write the waiting results and changed memories in one transaction."""
        await self._batch.flush()

    def _note(self, entry: Entry, attempt: Try, result: CheckResult) -> None:
        self._batch.note(entry, result)
        entry.tries = (*(entry.tries if attempt.number else ()), result)
        entry.latest, entry.seen = result, True
        entry.address = result.address or entry.address
        entry.certificate_ms = result.certificate_expires_ms or entry.certificate_ms
        if result.ok:
            entry.last_ok_ms = result.at_ms

    def _move(self, entry: Entry, verdict: Verdict) -> None:
        if verdict.memory is not entry.memory:
            entry.memory = verdict.memory
            self._batch.touch(entry)

    async def _happened(
        self, entry: Entry, verdict: Verdict, attempt: Try, result: CheckResult
    ) -> None:
        if verdict.event is None:
            self._move(entry, verdict)
            return
        if entry.incident is None:  # else an opening goes on with it: its memory was lost
            await self._open(entry, verdict, attempt, result)
            return
        incident = verdicts.moved(entry.incident, verdict.memory, attempt, result)
        if verdict.event is Event.ESCALATED:
            await self._escalate(entry, verdict, incident)
        elif verdicts.face(incident) != verdicts.face(entry.incident):
            await self._tell(entry, verdict, incident, _edited(entry.incident, incident))
        else:
            self._move(entry, verdict)
            entry.incident = incident
        if verdict.event is Event.DUE:
            await self._gather(entry)
        else:
            entry.due_ms = None

    async def _open(
        self, entry: Entry, verdict: Verdict, attempt: Try, result: CheckResult
    ) -> None:
        now_ms = self._clock.now_ms()
        if entry.last_ok_ms is None:
            monitor_id = entry.monitor.id
            entry.last_ok_ms = await self._db.read(
                lambda conn: results.last_fine_ms(conn, monitor_id, now_ms)
            )
        channel_id = self._watchlist.channel_of(entry)
        withheld = channel_id is None or self._watchlist.silenced(entry, now_ms)
        incident = verdicts.opened(
            entry,
            verdict.memory,
            attempt,
            result,
            now_ms=now_ms,
            channel_id=channel_id,
            role_id=self._watchlist.role_of(entry),
            withheld=withheld,
        )
        waits_s = 0.0 if withheld else opening_wait_s(entry, self._watchlist, now_ms)

        def write(conn: Connection) -> Incident:
            incidents.end_forgotten(conn, entry.monitor.id, now_ms)
            stored = incidents.insert(conn, incident)
            monitors.save_memory(conn, entry.monitor.id, verdict.memory.dump())
            if not withheld:
                queue.opened(conn, stored, now_ms, wait_s=waits_s)
            return stored

        entry.incident = await self._db.write(write)
        entry.memory = verdict.memory
        incident_log.note(f"opened: {entry.incident.cause}", entry.incident)
        self._wake()

    async def _escalate(self, entry: Entry, verdict: Verdict, incident: Incident) -> None:
        """Down for good is told by a post; under an overlay by an edit until that has ended."""
        if not self._watchlist.silenced(entry, self._clock.now_ms()):
            await self._tell(entry, verdict, incident, queue.escalated)
            return
        before, quiet = entry.incident or incident, replace(incident, withheld=True)
        await self._tell(entry, verdict, quiet, _edited(before, quiet))

    async def _tell(
        self,
        entry: Entry,
        verdict: Verdict,
        incident: Incident,
        say: Callable[[Connection, Incident, int], None],
    ) -> None:
        """Store the moved incident and queue what has to be said of it."""
        now_ms = self._clock.now_ms()

        def write(conn: Connection) -> tuple[Incident, Memory]:
            told, memory = as_told(conn, incident, verdict.memory)
            incidents.update(conn, told)
            monitors.save_memory(conn, entry.monitor.id, memory.dump())
            say(conn, told, now_ms)
            return told, memory

        before, (told, entry.memory) = entry.incident, await self._db.write(write)
        entry.incident = told
        if before is None or before.kind is not told.kind:
            incident_log.note("changed", told)
        self._wake()

    async def _gather(self, entry: Entry) -> None:
        """Give the all-clears of the channel that are due, unless they wait for company."""
        now_ms = self._clock.now_ms()
        entry.due_ms = entry.due_ms or now_ms
        ready = released(self._watchlist.sharing_channel(entry), now_ms)
        over = [
            (e, verdicts.ended(e.incident, e.memory, now_ms, Ending.RESOLVED), clear(e.memory))
            for e in ready
            if e.incident is not None
        ]
        if not over:
            return

        def write(conn: Connection) -> None:
            for e, incident, memory in over:
                incidents.update(conn, incident)
                monitors.save_memory(conn, e.monitor.id, memory.dump())
            queue.closed(conn, [incident for _, incident, _ in over], now_ms, announce=True)

        await self._db.write(write)
        for e, incident, memory in over:
            incident_log.note(f"ended: {Ending.RESOLVED}", incident)
            e.incident, e.memory, e.due_ms = None, memory, None
        self._wake()


def _edited(before: Incident, after: Incident) -> Callable[[Connection, Incident, int], None]:
    """An edit; the state word and "answering since" go at once, numbers may wait."""
    urgent = (before.kind, before.answering_since_ms) != (after.kind, after.answering_since_ms)

    def say(conn: Connection, incident: Incident, now_ms: int) -> None:
        queue.changed(conn, incident.id, now_ms, urgent=urgent)

    return say
