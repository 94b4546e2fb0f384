"""Runs one check from the scheduler's call to the recorder: check, doubt ourselves, record."""

from dataclasses import replace

from bot.clock import Clock
from bot.engine.judge import decides, may_decide
from bot.engine.judge_state import Check, current_interval_s
from bot.engine.place_router import PlaceRouter, Sighting, Verdict
from bot.engine.process import StallDetector
from bot.engine.scheduler import EXTRA, Scheduler, Step
from bot.models import HOME, CheckResult, Kind, Monitor, SeenFrom
from bot.services.connectivity import ConnectivityMonitor, PlaceWatch
from bot.services.pushes import Pushes
from bot.services.recorder import Recorder
from bot.services.watchlist import Entry, Watchlist


def schedule(scheduler: Scheduler, monitor: Monitor, *, soon: bool = False) -> None:
    """Check it from now on, unless it is paused.

    ``soon``: what is under way counts no more, a round begins at once.
    """
    if not monitor.paused:
        scheduler.set(monitor.id, monitor.interval_s, soon=soon)


class CheckRunner:
    def __init__(
        self,
        clock: Clock,
        watchlist: Watchlist,
        places: PlaceRouter,
        connectivity: ConnectivityMonitor,
        recorder: Recorder,
        *,
        pushes: Pushes,
        place_watch: PlaceWatch,
        stalls: StallDetector,
    ) -> None:
        self._clock, self._watchlist, self._places = clock, watchlist, places
        self._connectivity, self._recorder, self._pushes = connectivity, recorder, pushes
        self._place_watch, self._stalls = place_watch, stalls

    async def __call__(self, key: int, slot_ms: int, number: int) -> Step:
        """Check monitor ``key``; returns what the monitor wants next."""
        entry = self._watchlist.find(key)
        if entry is None:
            return Step(confirm_s=None, interval_s=60.0)
        monitor = entry.monitor
        if monitor.is_push:
            return await self._pushes.look(entry)
        if number == EXTRA:
            sighting = await self._places.check(monitor)
        else:
            sighting = await self._look(entry, number)
        before = (monitor.target, monitor.place)
        if self._outdated(key, entry) or (entry.monitor.target, entry.monitor.place) != before:
            return Step(confirm_s=None, interval_s=entry.monitor.interval_s)
        if number == EXTRA:
            if sighting.result is not None and not self._is_inconclusive(sighting):
                self._recorder.record_extra(entry, sighting.result)
            return Step(None, current_interval_s(entry.judge_state, entry.policy))
        return await self.handle_result(entry, slot_ms, number, sighting)

    async def run_first_check(self, entry: Entry, slot_ms: int) -> tuple[Step, CheckResult | None]:
        """Begin the first round of a new monitor; also returns the result of its first check."""
        sighting = await self._look(entry, 0)
        return await self.handle_result(entry, slot_ms, 0, sighting), sighting.result

    async def _look(self, entry: Entry, number: int) -> Sighting:
        """The others are asked once in a round, beside its first check if that may decide."""
        asking = entry.asking if number else None
        ask = not number and may_decide(entry.judge_state)
        return await self._places.check(entry.monitor, ask=ask, asking=asking)

    async def handle_result(
        self, entry: Entry, slot_ms: int, number: int, sighting: Sighting
    ) -> Step:
        result, entry.asking, target = sighting.result, sighting.asking, entry.monitor.target
        needed = not _changes_nothing(entry)
        offline = not (result is None or result.ok or sighting.elsewhere or _is_ours(result)) and (
            await self._connectivity.is_our_outage(sighting.started, result.at_ms, needed=needed)
        )
        if result is None or self._is_inconclusive(sighting):
            self._recorder.discard_round(entry)
            return Step(None, current_interval_s(entry.judge_state, entry.policy))
        check = Check(slot_ms, number, result.cause, result.phases.total, result.at_ms)
        if not offline:
            check = await self._asked(entry, check, sighting)
            offline = await self._place_watch.blames_us(entry, check)
        if offline:
            if entry.discard_run():
                self._recorder.touch(entry)
            return Step(None, current_interval_s(entry.judge_state, entry.policy))
        if self._outdated(entry.monitor.id, entry) or entry.monitor.target != target:
            return Step(None, entry.monitor.interval_s)
        before = entry.judge_state
        decision = await self._recorder.record(entry, check, result)
        if decision.letter is not None:
            entry.asking = None
            if decision.letter not in "FQfq":
                entry.places = SeenFrom()
        if decision.letter in {"Q", "q"}:
            self._place_watch.count_spared(before, decision.state)
        return Step(decision.confirm_s, current_interval_s(entry.judge_state, entry.policy))

    async def _asked(self, entry: Entry, check: Check, sighting: Sighting) -> Check:
        """The check with what other places make of it, where that matters."""
        if sighting.asking is None or not decides(entry.judge_state, check, entry.policy):
            return check
        vote = await sighting.vote()
        if check.ok:
            return replace(check, may_close=vote.may_close)
        if vote:
            entry.places = SeenFrom((HOME, *vote.failing), vote.through, vote.silent)
        return replace(check, partly=vote.verdict is Verdict.PARTLY)

    def _is_inconclusive(self, sighting: Sighting) -> bool:
        """It ran into our own trouble: the process stood still, or was short of something."""
        ours = sighting.result is not None and _is_ours(sighting.result)
        return ours or self._stalls.stalled_since(sighting.started)

    def _outdated(self, key: int, entry: Entry) -> bool:
        """Removed, replaced or paused while the check was under way."""
        return self._watchlist.find(key) is not entry or entry.monitor.paused


def _is_ours(result: CheckResult) -> bool:
    return result.cause is not None and result.cause.is_ours


def _changes_nothing(entry: Entry) -> bool:
    """A failure of what is reported as down already, and has failed on in its last round."""
    reported = entry.incident is not None and not entry.incident.silenced
    return (
        reported
        and entry.judge_state.mode is Kind.DOWN
        and entry.judge_state.rounds[-1:].upper() == "F"
    )
