"""Runs one check from the scheduler's call to the recorder: check, doubt ourselves, record."""

from bot.clock import Clock
from bot.engine.check_queue import CheckQueue
from bot.engine.rules import Check, current_interval_s
from bot.engine.scheduler import EXTRA, Scheduler, Step
from bot.engine.stall_detector import StallDetector
from bot.models import CheckResult, Kind, Monitor
from bot.services.connectivity import ConnectivityMonitor
from bot.services.recorder import Recorder
from bot.services.watchlist import Entry, Watchlist


def schedule(scheduler: Scheduler, monitor: Monitor, *, soon: bool = False) -> None:
    """Check it from now on, unless it is paused.

    ``soon``: what is under way counts no more, a round begins at once.
    """
    if not monitor.paused:
        scheduler.set(monitor.id, monitor.interval_s, soon=soon)


class CheckRunner:
    """Runs every check of every monitor for the scheduler."""

    def __init__(
        self,
        clock: Clock,
        watchlist: Watchlist,
        checks: CheckQueue,
        connectivity: ConnectivityMonitor,
        recorder: Recorder,
        *,
        stalls: StallDetector | None = None,
    ) -> None:
        self._clock = clock
        self._watchlist = watchlist
        self._checks = checks
        self._stalls = stalls or StallDetector(clock)
        self._connectivity = connectivity
        self._recorder = recorder

    async def __call__(self, key: int, slot_ms: int, number: int) -> Step:
        """Check monitor ``key``; returns what the monitor wants next."""
        entry = self._watchlist.find(key)
        if entry is None:
            return Step(confirm_s=None, interval_s=60.0)
        target = entry.monitor.target
        checked = await self._checks.check(target, entry.monitor.guild_id)
        if self._outdated(key, entry) or entry.monitor.target is not target:
            return Step(confirm_s=None, interval_s=entry.monitor.interval_s)
        if number == EXTRA:
            if not self._is_inconclusive(checked.started, checked.result):
                self._recorder.record_extra(entry, checked.result)
            return Step(None, current_interval_s(entry.judge_state, entry.policy))
        return await self.handle_result(entry, slot_ms, number, checked.started, checked.result)

    async def run_first_check(self, entry: Entry, slot_ms: int) -> tuple[Step, CheckResult]:
        """Begin the first round of a new monitor; also returns the result of its first check."""
        checked = await self._checks.check(entry.monitor.target, entry.monitor.guild_id)
        return await self.handle_result(
            entry, slot_ms, 0, checked.started, checked.result
        ), checked.result

    async def handle_result(
        self, entry: Entry, slot_ms: int, number: int, started: float, result: CheckResult
    ) -> Step:
        """Record a result, wherever it was made, unless it says nothing of the site."""
        needed = not _is_known_down(entry)
        offline = not (result.ok or _is_ours(result)) and await self._connectivity.is_our_outage(
            started, result.at_ms, needed=needed
        )
        if self._is_inconclusive(started, result):
            self._recorder.discard_round(entry)
            return Step(None, current_interval_s(entry.judge_state, entry.policy))
        if offline:
            if entry.discard_run():
                self._recorder.touch(entry)
            return Step(None, current_interval_s(entry.judge_state, entry.policy))
        if self._outdated(entry.monitor.id, entry):
            return Step(None, entry.monitor.interval_s)
        check = Check(slot_ms, number, result.cause, result.phases.total, result.at_ms)
        decision = await self._recorder.record(entry, check, result)
        return Step(decision.confirm_s, current_interval_s(entry.judge_state, entry.policy))

    def _is_inconclusive(self, started: float, result: CheckResult) -> bool:
        """The process stood still during the check, or was short of something."""
        return _is_ours(result) or self._stalls.stalled_since(started)

    def _outdated(self, key: int, entry: Entry) -> bool:
        """Removed, replaced or paused while the check was under way."""
        return self._watchlist.find(key) is not entry or entry.monitor.paused


def _is_ours(result: CheckResult) -> bool:
    return result.cause is not None and result.cause.is_ours


def _is_known_down(entry: Entry) -> bool:
    """Reported as down, and its last round failed too: one more failure changes nothing."""
    incident, state = entry.incident, entry.judge_state
    reported = incident is not None and not incident.silenced
    return reported and state.mode is Kind.DOWN and state.rounds[-1:].upper() == "F"
