"""Writes down what the judge decided: state, incident and notification in one transaction.

Plain results are batched for five seconds, or until somebody wants to read them; what somebody must
be told of is committed at once. Memory moves on only after its commit, so a full disk delays a flip
instead of losing it.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, TypeVar

from bot.clock import Clock
from bot.db import incidents, monitors, results
from bot.db.database import Connection, Database
from bot.engine.judge import judge
from bot.engine.judge_state import JudgeState, judged_anew, without_round
from bot.engine.rules import Check, Decision, Event, after_recovery
from bot.models import CheckResult, Ending, Incident, Kind
from bot.services import incident_updates
from bot.services.certificates import Certificates
from bot.services.delivery import enqueue
from bot.services.grouping import Gathering
from bot.services.incident_updates import Overdue, as_told, overdue
from bot.services.result_batch import Batch
from bot.services.watchlist import Entry, Watchlist

# Between two words for one state (down, refused) an edit need not hurry again for so long.
WORDING_APART_MS = 600_000

T = TypeVar("T")


class Recorder:
    """The only writer of memories and incidents. ``wake`` is called after work for Discord.

    Within a server one change of state is written at a time: grouping looks at several monitors.
    What has begun is ended, commit and memory, whoever is cancelled meanwhile.
    """

    def __init__(
        self, db: Database, clock: Clock, watchlist: Watchlist, wake: Callable[[], None]
    ) -> None:
        self._db = db
        self._clock = clock
        self._watchlist = watchlist
        self._wake = wake
        self._locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._under_way: set[asyncio.Task[Any]] = set()
        self._gathering = Gathering(watchlist)
        self._batch = Batch(db, clock, watchlist)
        db.write_waiting = self._batch.flush
        self._certificates = Certificates(db, clock, watchlist, wake, self._batch)

    def load(self) -> None:
        """See how everything stands that the watchlist has read back."""
        self._gathering.load()

    async def record(self, entry: Entry, check: Check, result: CheckResult) -> Decision:
        """Judge one try and write down what follows."""
        decision = judge(entry.judge_state, check, entry.policy)
        self._note(entry, check, result)
        if decision.event is None:
            self._move(entry, decision)
        else:
            decision = await self._unbroken(self._happened(entry, check, result))
        await self._certificates.saw(entry, result)
        return decision

    def record_extra(self, entry: Entry, result: CheckResult) -> None:
        """Take a check that belongs to no round: it is shown and stored, not judged."""
        self._batch.note(entry, result)
        entry.latest = result

    def discard_round(self, entry: Entry) -> None:
        """A check says nothing of its site: neither does the round it belongs to."""
        before, entry.judge_state = entry.judge_state, without_round(entry.judge_state)
        if entry.judge_state is not before:
            self.touch(entry)
            self._gathering.note(entry)

    async def end_incident(
        self, entry: Entry, ending: Ending, work: Callable[[Connection], None]
    ) -> None:
        """Close what is open without an all-clear, together with ``work`` (a pause, a removal)."""
        await self._unbroken(self._end_incident(entry, ending, work))

    async def _end_incident(
        self, entry: Entry, ending: Ending, work: Callable[[Connection], None]
    ) -> None:
        async with self._locks[entry.monitor.guild_id]:
            now_ms = self._clock.now_ms()
            incident = entry.incident
            over = incident and incident_updates.ended(incident, entry.judge_state, now_ms, ending)
            judge_state = judged_anew(entry.judge_state)

            def write(conn: Connection) -> None:
                work(conn)
                monitors.save_memory(conn, entry.monitor.id, judge_state.dump())
                if over is not None:
                    incidents.update(conn, over)
                    enqueue.all_clears(conn, [over], now_ms, announce=False)

            with self._batch.held([entry]):
                await self._db.write(write)
                self._close(entry, judge_state)
        if over is not None:
            note(f"ended: {ending}", over)
        self._wake()

    async def notify_unsilenced(self) -> None:
        """What an overlay kept quiet and none covers any more is told, if it is still bad."""
        now_ms = self._clock.now_ms()
        for guild_id in {one.entry.monitor.guild_id for one in self._overdue(now_ms)}:
            await self._unbroken(self._notify_unsilenced(guild_id))

    async def _notify_unsilenced(self, guild_id: int) -> None:
        async with self._locks[guild_id]:
            now_ms = self._clock.now_ms()
            of_guild = (
                one for one in self._overdue(now_ms) if one.entry.monitor.guild_id == guild_id
            )
            found = list(of_guild)
            if not found:
                return

            def write(conn: Connection) -> None:
                for one in found:
                    one.write(conn, now_ms)

            with self._batch.held([one.entry for one in found]):
                await self._db.write(write)
                for one in found:
                    one.settle()
                    self._gathering.note(one.entry)
        self._wake()

    def _overdue(self, now_ms: int) -> list[Overdue]:
        return overdue(self._watchlist, now_ms)

    async def _unbroken(self, work: Coroutine[Any, Any, T]) -> T:
        task = asyncio.ensure_future(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await asyncio.shield(task)

    def touch(self, entry: Entry) -> None:
        """The entry's memory was changed by others: store it with the next batch."""
        self._batch.touch(entry)

    async def run(self) -> None:
        """Flush every few seconds until cancelled."""
        await self._batch.run()

    async def flush(self) -> None:
        """Write the waiting results and changed memories in one transaction."""
        if self._under_way:
            await asyncio.wait(self._under_way)
        await self._batch.flush()

    def _note(self, entry: Entry, check: Check, result: CheckResult) -> None:
        self._batch.note(entry, result)
        entry.tries = (*(entry.tries if check.number else ()), result)
        entry.latest, entry.seen = result, True
        entry.address = result.address or entry.address
        entry.certificate_ms = result.certificate_expires_ms or entry.certificate_ms
        if result.ok:
            entry.last_ok_ms = result.at_ms

    def _move(self, entry: Entry, decision: Decision) -> None:
        if decision.state is not entry.judge_state:
            entry.judge_state = decision.state
            self._batch.touch(entry)
            self._gathering.note(entry)

    def _close(self, entry: Entry, judge_state: JudgeState) -> None:
        """After the commit: no incident is open any more."""
        entry.incident, entry.judge_state = None, judge_state
        entry.due_ms = entry.worded_ms = None
        self._gathering.note(entry)

    async def _happened(self, entry: Entry, check: Check, result: CheckResult) -> Decision:
        async with self._locks[entry.monitor.guild_id]:
            # Judged again: a neighbour's all-clear may have carried this one with it meanwhile.
            decision = judge(entry.judge_state, check, entry.policy)
            if decision.event is None:
                self._move(entry, decision)
                return decision
            with self._batch.held([entry]):
                await self._write_down(entry, decision, check, result)
            self._gathering.note(entry)
            if decision.event is Event.MAY_RECOVER:
                await self._gather(entry)
            else:
                entry.due_ms = None
            return decision

    async def _write_down(
        self, entry: Entry, decision: Decision, check: Check, result: CheckResult
    ) -> None:
        if entry.incident is None:
            await self._open(entry, decision, check, result)
            return
        incident = incident_updates.moved(entry.incident, decision.state, check, result)
        if decision.event is Event.ESCALATED:
            await self._escalate(entry, decision, incident)
        elif incident_updates.face(incident) != incident_updates.face(entry.incident):
            await self._tell(entry, decision, incident, self._edited(entry, incident))
        else:
            self._move(entry, decision)
            entry.incident = incident

    async def _open(
        self, entry: Entry, decision: Decision, check: Check, result: CheckResult
    ) -> None:
        now_ms = self._clock.now_ms()
        if entry.last_ok_ms is None:
            monitor_id = entry.monitor.id
            entry.last_ok_ms = await self._db.read(
                lambda conn: results.last_fine_ms(conn, monitor_id, now_ms)
            )
        channel_id = self._watchlist.channel_of(entry)
        withheld = channel_id is None or self._watchlist.silenced(entry, now_ms)
        incident = incident_updates.opened(
            entry,
            decision.state,
            check,
            result,
            now_ms=now_ms,
            channel_id=channel_id,
            role_id=self._watchlist.role_of(entry),
            withheld=withheld,
        )
        waits_s = 0.0 if withheld else self._gathering.opening_wait_s(entry, now_ms)

        def write(conn: Connection) -> Incident:
            incidents.end_forgotten(conn, entry.monitor.id, now_ms)
            stored = incidents.insert(conn, incident)
            monitors.save_memory(conn, entry.monitor.id, decision.state.dump())
            if not withheld:
                enqueue.opening(conn, stored, now_ms, wait_s=waits_s)
            return stored

        entry.incident = await self._db.write(write)
        entry.judge_state = decision.state
        note(f"opened: {entry.incident.cause}", entry.incident)
        self._wake()

    async def _escalate(self, entry: Entry, decision: Decision, incident: Incident) -> None:
        """Down for good is told by a post; under an overlay by an edit until that has ended."""
        if not self._watchlist.silenced(entry, self._clock.now_ms()):
            await self._tell(entry, decision, incident, enqueue.escalation)
            return
        quiet = replace(incident, withheld=True)
        await self._tell(entry, decision, quiet, self._edited(entry, quiet))

    async def _tell(
        self,
        entry: Entry,
        decision: Decision,
        incident: Incident,
        say: Callable[[Connection, Incident, int], None],
    ) -> None:
        """Store the moved incident and queue what has to be said of it."""
        now_ms = self._clock.now_ms()

        def write(conn: Connection) -> tuple[Incident, JudgeState]:
            told, judge_state = as_told(conn, incident, decision.state)
            incidents.update(conn, told)
            monitors.save_memory(conn, entry.monitor.id, judge_state.dump())
            say(conn, told, now_ms)
            return told, judge_state

        told, entry.judge_state = await self._db.write(write)
        before = entry.incident  # read now: somebody may have acknowledged it meanwhile
        entry.incident = told if before is None else incident_updates.acknowledged_as(told, before)
        if before is None or before.kind is not told.kind:
            note("changed", told)
        self._wake()

    async def _gather(self, entry: Entry) -> None:
        """Give the all-clears of the channel that are due, unless they wait for company."""
        now_ms = self._clock.now_ms()
        entry.due_ms = entry.due_ms or now_ms
        ready = self._gathering.released(entry, now_ms)
        over = [
            (
                e,
                incident_updates.ended(e.incident, e.judge_state, now_ms, Ending.RESOLVED),
                after_recovery(e.judge_state),
            )
            for e in ready
            if e.incident is not None
        ]
        if not over:
            return

        def write(conn: Connection) -> None:
            for e, incident, judge_state in over:
                incidents.update(conn, incident)
                monitors.save_memory(conn, e.monitor.id, judge_state.dump())
            enqueue.all_clears(conn, [incident for _, incident, _ in over], now_ms, announce=True)

        with self._batch.held(ready):
            await self._db.write(write)
            for e, incident, judge_state in over:
                note(f"ended: {Ending.RESOLVED}", incident)
                self._close(e, judge_state)
        self._wake()

    def _edited(self, entry: Entry, after: Incident) -> Callable[[Connection, Incident, int], None]:
        """An edit; a new state and "answering since" go at once, numbers may wait.

        Two words for one state, down and refused, hurry once in ten minutes.
        """
        before, now_ms = entry.incident or after, self._clock.now_ms()
        urgent = before.answering_since_ms != after.answering_since_ms
        if before.kind is not after.kind:
            rests = entry.worded_ms is not None and now_ms - entry.worded_ms < WORDING_APART_MS
            if not (rests and Kind.BLOCKED in {before.kind, after.kind}):
                urgent, entry.worded_ms = True, now_ms

        def say(conn: Connection, incident: Incident, now_ms: int) -> None:
            enqueue.edits(conn, incident.id, now_ms, urgent=urgent)

        return say


log = logging.getLogger(__name__)


def note(what: str, incident: Incident) -> None:
    """``what`` happened to the incident, after it was committed."""
    log.info(
        "An incident %s",
        what,
        extra={
            "kind": incident.kind,
            "incident": incident.public_id,
            "monitor": incident.monitor_id,
            "guild": incident.guild_id,
        },
    )
