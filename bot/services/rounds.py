"""One try from the scheduler's call to the recorder: probe, doubt ourselves, judge, write."""

from bot.clock import Clock
from bot.engine.prober import Prober
from bot.engine.probes import host_of
from bot.engine.rules import Try, rhythm_s
from bot.engine.scheduler import Scheduler, Step
from bot.models import CheckResult, Kind, Monitor
from bot.services.blindness import Blindness
from bot.services.recorder import Recorder
from bot.services.watchlist import Entry, Watchlist


def schedule(scheduler: Scheduler, monitor: Monitor, *, soon: bool = False) -> None:
    """Check it from now on, unless it is paused.

    ``soon``: what is under way counts no more, a round begins at once.
    """
    if not monitor.paused:
        scheduler.set(monitor.id, host_of(monitor.target.url), monitor.interval_s, soon=soon)


class Rounds:
    """What the scheduler runs for each try of each monitor."""

    def __init__(
        self,
        clock: Clock,
        watchlist: Watchlist,
        prober: Prober,
        blindness: Blindness,
        recorder: Recorder,
    ) -> None:
        self._clock = clock
        self._watchlist = watchlist
        self._prober = prober
        self._blindness = blindness
        self._recorder = recorder

    async def __call__(self, key: int, slot_ms: int, number: int) -> Step:
        """Run one try of monitor ``key``; tells the scheduler what the monitor wants next."""
        entry = self._watchlist.find(key)
        if entry is None:
            return Step(confirm_s=None, interval_s=60.0)
        target = entry.monitor.target
        started = self._clock.monotonic()
        result = await self._prober.probe(target)
        if self._outdated(key, entry) or entry.monitor.target is not target:
            return Step(confirm_s=None, interval_s=entry.monitor.interval_s)
        return await self.saw(entry, slot_ms, number, started, result)

    async def saw(
        self, entry: Entry, slot_ms: int, number: int, started: float, result: CheckResult
    ) -> Step:
        """Take what a try saw, wherever it was made."""
        if result.cause is not None and result.cause.is_ours:
            return Step(None, rhythm_s(entry.memory, entry.policy))
        needed = not _changes_nothing(entry)
        if not result.ok and await self._blindness.blames_us(started, result.at_ms, needed=needed):
            if entry.lose_sight():
                self._recorder.touch(entry)
            return Step(None, rhythm_s(entry.memory, entry.policy))
        if self._outdated(entry.monitor.id, entry):
            return Step(None, entry.monitor.interval_s)
        attempt = Try(slot_ms, number, result.cause, result.phases.total)
        verdict = await self._recorder.take(entry, attempt, result)
        return Step(verdict.confirm_s, rhythm_s(entry.memory, entry.policy))

    def _outdated(self, key: int, entry: Entry) -> bool:
        """Removed, replaced or paused while the try was under way."""
        return self._watchlist.find(key) is not entry or entry.monitor.paused


def _changes_nothing(entry: Entry) -> bool:
    """A failure of what is told as down already, and has failed on in its last round."""
    told = entry.incident is not None and not entry.incident.withheld
    return told and entry.memory.mode is Kind.DOWN and entry.memory.rounds[-1:].upper() == "F"
