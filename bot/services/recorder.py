"""Stores what the judge decided: state, incident and notification in one transaction.

Plain results are batched for five seconds, or until somebody wants to read them; what is to be
sent is committed at once. The judge state in memory moves on only after its commit, so a full disk
delays an opening instead of losing it.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from bot.clock import Clock
from bot.db import incidents, monitors, results
from bot.db.database import Connection, Database
from bot.engine.judge_state import (
    Check,
    Decision,
    Event,
    after_recovery,
    judged_anew,
    without_round,
)
from bot.models import CheckResult, Ending, Incident, Kind
from bot.services.certificates import Certificates
from bot.services.delivery import enqueue
from bot.services.incident_updates import (
    NOTIFIED_AFTER_ROUNDS,
    Change,
    Grouping,
    answers_for_long,
    close_incident,
    open_incident,
    unsilenced,
    update_incident,
    visible_state,
    without_unsent_down,
)
from bot.services.result_batch import ResultBatch
from bot.services.watchlist import Entry, Watchlist, acknowledged_as

log = logging.getLogger(__name__)

# Between two words for one state (down, refused) an edit need not hurry again for so long.
WORDING_APART_MS = 600_000
# So many all-clears are written in one transaction: more would hold the store for others.
CLOSED_AT_ONCE = 200

T = TypeVar("T")
Notify = Callable[[Connection, Incident, int], None]


class Recorder:
    """The only writer of judge states and incidents. ``wake`` is called after work for Discord.

    Within a server one change of state is written at a time: grouping looks at several monitors.
    What has begun is ended, commit and memory, whoever is cancelled meanwhile.
    """

    def __init__(
        self, db: Database, clock: Clock, watchlist: Watchlist, wake: Callable[[], None]
    ) -> None:
        self._db, self._clock, self._watchlist, self.wake = db, clock, watchlist, wake
        self._locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._under_way: set[asyncio.Task[Any]] = set()
        self._grouping = Grouping(watchlist)
        self._batch = ResultBatch(db, clock, watchlist)
        db.write_waiting = self._batch.flush
        self._certificates = Certificates(db, clock, watchlist, wake, self._batch)

    def load(self) -> None:
        """Group what the watchlist has read back."""
        self._grouping.load()

    async def record(self, entry: Entry, check: Check, result: CheckResult) -> Decision:
        """Judge one check and store what follows."""
        decision = entry.judge(check)
        self._remember(entry, check, result)
        if decision.event is None:
            self._advance(entry, decision)
        else:
            decision = await self._unbroken(self._record_event(entry, check, result))
        await self._certificates.handle_result(entry, result)
        return decision

    def record_extra(self, entry: Entry, result: CheckResult) -> None:
        """Keep a check that belongs to no round: it is shown and stored, not judged."""
        self._batch.add(entry, result)
        entry.latest = result

    def note(self, entry: Entry, result: CheckResult) -> None:
        """Keep that it was watched at that time; nothing else has changed."""
        self._batch.add(entry, result)

    def discard_round(self, entry: Entry) -> None:
        """A check says nothing of its site: neither does the round it belongs to."""
        before, entry.judge_state = entry.judge_state, without_round(entry.judge_state)
        if entry.judge_state is not before:
            self.touch(entry)
            self._grouping.note(entry)

    async def end_incident(
        self, entry: Entry, ending: Ending, work: Callable[[Connection], None]
    ) -> None:
        """Close what is open without an all-clear, together with ``work`` (a pause, a removal)."""
        await self._unbroken(self._end_incident(entry, ending, work))

    async def notify_unsilenced(self) -> None:
        """Send what was silenced and is so no longer, if it still goes on."""
        found = unsilenced(self._watchlist, self._clock.now_ms())
        for guild_id in {one.incident.guild_id for one in found}:
            await self._unbroken(self._notify_unsilenced(guild_id))

    def touch(self, entry: Entry) -> None:
        """Others changed the entry's judge state: store it with the next batch."""
        self._batch.touch(entry)

    async def run(self) -> None:
        """Flush every few seconds until cancelled."""
        await self._batch.run()

    async def flush(self) -> None:
        """Write the waiting results and changed judge states in one transaction."""
        if self._under_way:
            await asyncio.wait(self._under_way)
        await self._batch.flush()

    def _remember(self, entry: Entry, check: Check, result: CheckResult) -> None:
        self._batch.add(entry, result)
        entry.round_results = (*(entry.round_results if check.number else ()), result)
        entry.latest, entry.checked_since_gap = result, True
        entry.address = result.address or entry.address
        entry.certificate_ms = result.certificate_expires_ms or entry.certificate_ms
        if result.ok:
            entry.last_ok_ms = result.at_ms

    def _advance(self, entry: Entry, decision: Decision) -> None:
        if decision.state is not entry.judge_state:
            entry.judge_state = decision.state
            self._batch.touch(entry)
            self._grouping.note(entry)

    async def _unbroken(self, work: Coroutine[Any, Any, T]) -> T:
        task = asyncio.ensure_future(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await asyncio.shield(task)

    async def _commit(
        self, entries: Sequence[Entry], write: Callable[[Connection], Sequence[Change]]
    ) -> None:
        """Run one transaction, then set in memory what it changed."""
        with self._batch.held(entries):
            for change in await self._db.write(write):
                state = change.newest_state()
                self._watchlist.set_incident(change.entry, change.incident, state)
                self._grouping.note(change.entry)
        self.wake()

    async def _record_event(self, entry: Entry, check: Check, result: CheckResult) -> Decision:
        async with self._locks[entry.monitor.guild_id]:
            # Judged again: another site's all-clear may have closed this incident meanwhile.
            decision = entry.judge(check)
            if decision.event is None:
                self._advance(entry, decision)
            elif entry.incident is None:
                await self._open(entry, decision, check, result)
            elif decision.event is not Event.MAY_RECOVER or not await self._recover(
                entry, decision, entry.incident, check, result
            ):
                await self._update(entry, decision, entry.incident, check, result)
            if decision.event not in {None, Event.MAY_RECOVER}:
                entry.due_ms = None
            if decision.event is Event.UPDATED:
                await self._notify_followers(entry)
            return decision

    async def _notify_followers(self, entry: Entry) -> None:
        """Whoever asked is notified after ten good rounds, however long the all-clear is held.

        Whoever asks later is by that; looking every ten rounds makes up for a store that failed.
        """
        incident, now_ms = entry.incident, self._clock.now_ms()
        due = answers_for_long(entry) and entry.judge_state.good % NOTIFIED_AFTER_ROUNDS == 0
        if incident is None or not due:
            return
        if await self._db.read(lambda conn: enqueue.is_awaited(conn, incident.id)):
            await self._db.write(lambda conn: enqueue.answers_again(conn, incident, now_ms))
            self.wake()

    async def _recover(
        self, entry: Entry, decision: Decision, before: Incident, check: Check, result: CheckResult
    ) -> bool:
        """The all-clear is due. True: it was given, so nothing is to be said in between."""
        self._advance(entry, decision)
        entry.incident = update_incident(entry, before, decision.state, check, result)
        await self._resolve_due(entry)
        given = entry.incident is None
        if not given:
            entry.incident = acknowledged_as(before, entry.incident)
        return given

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
        silenced = channel_id is None or self._watchlist.holds_back(entry, now_ms)
        incident = open_incident(
            entry,
            decision.state,
            check,
            result,
            now_ms=now_ms,
            channel_id=channel_id,
            role_id=self._watchlist.role_of(entry),
            silenced=silenced,
        )
        wait_s = 0.0 if silenced else self._grouping.opening_wait_s(entry, now_ms)

        def write(conn: Connection) -> Sequence[Change]:
            incidents.close_unreadable(conn, entry.monitor.id, now_ms)
            change = Change(entry, incidents.insert(conn, incident), decision.state)
            change.write(conn)
            if not silenced:
                enqueue.opening(conn, change.incident, now_ms, wait_s=wait_s)
            self._edit_ancestors(conn, entry, now_ms)
            return [change]

        await self._commit([entry], write)
        _log(f"opened: {incident.cause}", entry.incident or incident)

    async def _update(
        self, entry: Entry, decision: Decision, before: Incident, check: Check, result: CheckResult
    ) -> None:
        incident = update_incident(entry, before, decision.state, check, result)
        notify: Notify = enqueue.escalation
        if decision.event is not Event.ESCALATED:
            if visible_state(incident) == visible_state(before):
                self._advance(entry, decision)
                entry.incident = incident
                return
            notify = self._edit(entry, incident)
        elif self._watchlist.silenced(entry, self._clock.now_ms()):
            # Down for good is a new message; while silenced an edit, and the message afterwards.
            incident = replace(incident, silenced=True)
            notify = self._edit(entry, incident)
        now_ms = self._clock.now_ms()

        def write(conn: Connection) -> Sequence[Change]:
            state = without_unsent_down(conn, incident, decision.state)
            change = Change(entry, incident, state)
            change.write(conn)
            if not incident.recovering:
                enqueue.drop_answers(conn, incident.id)
            notify(conn, incident, now_ms)
            return [change]

        await self._commit([entry], write)
        if before.kind is not incident.kind:
            _log("changed", incident)

    def _edit(self, entry: Entry, after: Incident) -> Notify:
        """An edit; a new state, RECOVERING and "answering since" go at once, numbers may wait.

        Two words for one state, down and refused, hurry once in ten minutes.
        """
        before, now_ms = entry.incident or after, self._clock.now_ms()
        urgent = before.answering_since_ms != after.answering_since_ms
        urgent = urgent or before.recovering is not after.recovering
        if before.kind is not after.kind:
            recent = entry.worded_ms is not None and now_ms - entry.worded_ms < WORDING_APART_MS
            if not (recent and Kind.BLOCKED in {before.kind, after.kind}):
                urgent, entry.worded_ms = True, now_ms

        def notify(conn: Connection, incident: Incident, now_ms: int) -> None:
            enqueue.edits(conn, incident.id, now_ms, urgent=urgent)

        return notify

    def _edit_ancestors(self, conn: Connection, entry: Entry, now_ms: int) -> None:
        """Posts of what it depends on say how many sites are down behind it."""
        for one in self._watchlist.ancestors(entry):
            if one.incident is not None:
                enqueue.edits(conn, one.incident.id, now_ms, urgent=False)

    async def _resolve_due(self, entry: Entry) -> None:
        """Give the all-clears of the channel that are due, unless they wait for company."""
        now_ms = self._clock.now_ms()
        entry.due_ms = entry.due_ms or now_ms
        due = self._grouping.released(entry, now_ms)
        if entry.monitor.is_push and entry not in due:
            due = [entry]  # its next beat may be a day away
        # Many are written in parts, and announced together when all of them are.
        together_ms = now_ms + len(due) if len(due) > CLOSED_AT_ONCE else now_ms
        for at in range(0, len(due), CLOSED_AT_ONCE):
            await self._resolve(due[at : at + CLOSED_AT_ONCE], now_ms, together_ms)

    async def _resolve(self, due: Sequence[Entry], now_ms: int, together_ms: int) -> None:
        """Of those that are due still: a part before may have taken its time."""
        over = [
            Change(
                one,
                close_incident(one.incident, one.judge_state, now_ms, Ending.RESOLVED),
                after_recovery(one.judge_state),
            )
            for one in due
            if one.incident is not None and self._grouping.is_due(one)
        ]

        def write(conn: Connection) -> Sequence[Change]:
            for change in over:
                change.write(conn)
                self._edit_ancestors(conn, change.entry, now_ms)
            closed = [one.incident for one in over]
            enqueue.all_clears(conn, closed, now_ms, announce=True, together_ms=together_ms)
            return over

        await self._commit([change.entry for change in over], write)
        for change in over:
            _log(f"ended: {Ending.RESOLVED}", change.incident)

    async def _end_incident(
        self, entry: Entry, ending: Ending, work: Callable[[Connection], None]
    ) -> None:
        async with self._locks[entry.monitor.guild_id]:
            now_ms, incident = self._clock.now_ms(), entry.incident
            state = judged_anew(entry.judge_state)
            over = None
            if incident is not None:
                closed = close_incident(incident, entry.judge_state, now_ms, ending)
                over = Change(entry, closed, state)

            def write(conn: Connection) -> Sequence[Change]:
                work(conn)
                if over is None:
                    monitors.save_judge_state(conn, entry.monitor.id, state.dump())
                    return []
                over.write(conn)
                enqueue.all_clears(conn, [over.incident], now_ms, announce=False)
                self._edit_ancestors(conn, entry, now_ms)
                return [over]

            await self._commit([entry], write)
            if over is None:
                self._watchlist.set_incident(entry, None, state)
                self._grouping.note(entry)
            else:
                _log(f"ended: {ending}", over.incident)

    async def _notify_unsilenced(self, guild_id: int) -> None:
        async with self._locks[guild_id]:
            now_ms = self._clock.now_ms()
            every = unsilenced(self._watchlist, now_ms)
            found = [one for one in every if one.incident.guild_id == guild_id]

            def write(conn: Connection) -> Sequence[Change]:
                for change in found:
                    change.write(conn)
                    change.notify(conn, now_ms)
                    self._edit_ancestors(conn, change.entry, now_ms)
                return found

            if found:
                await self._commit([change.entry for change in found], write)


def _log(event: str, incident: Incident) -> None:
    log.info(
        "Incident %s",
        event,
        extra={
            "kind": incident.kind,
            "incident": incident.public_id,
            "monitor": incident.monitor_id,
            "guild": incident.guild_id,
        },
    )
