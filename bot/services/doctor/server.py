"""``/doctor``: all that can be said of one server without asking Discord about it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from bot.clock import DAY_MS, Clock
from bot.config import Config
from bot.db import rollups, stats
from bot.db.database import Database
from bot.db.stats import StorageStats
from bot.engine.check_queue import CheckQueue
from bot.engine.process import StallDetector
from bot.services.connectivity import ConnectivityMonitor, PlaceWatch
from bot.services.delivery.dispatcher import Dispatcher
from bot.services.doctor import findings
from bot.services.doctor.findings import Finding, Mention, broken, names, ok, warning
from bot.services.status import MonitorStatus, Status
from bot.words.phrases import stamp
from bot.words.translator import Translator

LONG_MS = 7 * DAY_MS
# A check lasts ten seconds at most, a round half a minute: rounds are missing, not late.
STALE_ROUNDS, STALE_MS = 5, 300_000


class Doctor:
    def __init__(
        self,
        db: Database,
        clock: Clock,
        config: Config,
        status: Status,
        delivery: Dispatcher,
        *,
        connectivity: ConnectivityMonitor,
        checks: CheckQueue,
        stalls: StallDetector,
        place_watch: PlaceWatch,
    ) -> None:
        self._db, self._clock, self._config, self._status = db, clock, config, status
        self._delivery, self._connectivity, self._checks = delivery, connectivity, checks
        self._stalls, self._place_watch = stalls, place_watch
        self._started_ms = clock.now_ms()

    async def examine(self, guild_id: int, words: Translator, mention: Mention) -> list[Finding]:
        """Findings of a server's monitors and messages, then of the machine's findings."""
        now_ms = self._clock.now_ms()
        outbox = await self._db.read(lambda conn: stats.outbox(conn, guild_id, now_ms))
        sites = Sites(words, mention, now_ms, await self._online_since_ms())
        maybe = (
            findings.blocked(words, self._delivery.throttle),
            findings.checking(words, self._checks, self._stalls, guild_id),
            await findings.connection(words, self._connectivity, len(self._config.canaries)),
            findings.places(words, self._place_watch, now_ms),
            findings.open_files(words),
            await findings.database(words, self._db, self._config.database),
            findings.version(words, self._started_ms),
        )
        return [
            *sites.findings(self._status.overview(guild_id), self._config.max_monitors),
            findings.delivery(words, mention, outbox, now_ms),
            *(one for one in maybe if one is not None),
        ]

    async def _online_since_ms(self) -> int | None:
        """Since when checks could be made without a gap; None: they count for nothing now."""
        if self._connectivity.offline_since_ms is not None:
            return None
        ended_ms = await self._db.read(rollups.last_gap_end_ms)
        return max(self._started_ms, ended_ms or 0)

    async def stored(self, guild_id: int) -> StorageStats:
        """Each count by itself, so that nobody waits for all of them."""
        count = partial(stats.count_stored, guild_id=guild_id, now_ms=self._clock.now_ms())
        counted = {name: await self._db.read(partial(count, name=name)) for name in stats.COUNTED}
        return StorageStats(**counted)


@dataclass(frozen=True, slots=True)
class Sites:
    """Is everything watched that people believe is watched? Room, pauses, mutes, long failures.

    ``online_since_ms``: since when checks could be made; None: we are offline.
    """

    words: Translator
    mention: Mention
    now_ms: int
    online_since_ms: int | None

    def findings(self, found: Sequence[MonitorStatus], limit: int) -> Iterator[Finding]:
        yield self._count(len(found), sum(not one.paused for one in found), limit)
        parts = (
            (self._unchecked, [one for one in found if self._is_stale(one)]),
            (self._paused, [one for one in found if one.paused]),
            (self._muted, [one for one in found if _muted_until(one) > self.now_ms]),
            (self._in_maintenance, [one for one in found if one.maintenance is not None]),
            (self._failing, [one for one in found if self._fails_long(one)]),
        )
        yield from (finding(some) for finding, some in parts if some)

    def _count(self, count: int, watched: int, limit: int) -> Finding:
        """What is paused takes room, but nobody watches it."""
        words = self.words
        name = words.text("Sites")
        if not count:
            fix = words.text("Start with {command}.", command=self.mention("watch add"))
            return warning(name, words.text("Nothing is watched yet."), fix)
        text = words.text(
            "{n} watched; up to {max} are possible",
            n=words.number(watched),
            max=words.number(limit),
        )
        if watched < count:
            text = words.text(
                "{n} watched, {paused} paused; up to {max} are possible",
                n=words.number(watched),
                paused=words.number(count - watched),
                max=words.number(limit),
            )
        if count < limit:
            return ok(name, text)
        fix = words.text(
            "{command} makes room; the bot's operator can raise VIGIE_MAX_MONITORS.",
            command=self.mention("watch remove"),
        )
        return warning(name, text, fix)

    def _unchecked(self, found: Sequence[MonitorStatus]) -> Finding:
        words = self.words
        text = words.text("{names}: not checked for far too long.", names=names(words, found))
        fix = words.text("That is a bug. Bot operator: see the log, and restart me.")
        return broken(words.text("Checks"), text, fix)

    def _is_stale(self, one: MonitorStatus) -> bool:
        """No round for several intervals, though nothing stood in the way."""
        if one.paused or self.online_since_ms is None:
            return False
        latest_ms = one.latest.at_ms if one.latest else 0
        last_ms = max(self.online_since_ms, one.monitor.created_ms, latest_ms)
        return self.now_ms - last_ms > max(STALE_MS, STALE_ROUNDS * one.monitor.interval_s * 1000)

    def _paused(self, found: Sequence[MonitorStatus]) -> Finding:
        words, now_ms = self.words, self.now_ms
        name = words.text("Paused")
        long = [one for one in found if now_ms - (one.monitor.paused_ms or now_ms) > LONG_MS]
        if not long:
            return ok(name, names(words, found))
        since = stamp(min(one.monitor.paused_ms or now_ms for one in long), "f")
        text = words.text("{names}, since {time}.", names=names(words, long), time=since)
        fix = words.text("{command} resumes the checks.", command=self.mention("watch resume"))
        return warning(name, text, fix)

    def _muted(self, found: Sequence[MonitorStatus]) -> Finding:
        """A mute of the same day is meant; one of a week is perhaps forgotten."""
        name = self.words.text("Muted")
        ends = [(one, _muted_until(one)) for one in found]
        long = [(one, until_ms) for one, until_ms in ends if until_ms - self.now_ms > DAY_MS]
        text = self._until(long or ends)
        if not long:
            return ok(name, text)
        fix = self.words.text("{command} with “off” ends it.", command=self.mention("mute"))
        return warning(name, text, fix)

    def _in_maintenance(self, found: Sequence[MonitorStatus]) -> Finding:
        ends = [(one, one.maintenance[1].until_ms or 0) for one in found if one.maintenance]
        return ok(self.words.text("In maintenance"), self._until(ends))

    def _until(self, ends: Sequence[tuple[MonitorStatus, int]]) -> str:
        """Of several that end apart, when the first does and when the last."""
        words, shown = self.words, names(self.words, [one for one, _ in ends])
        first, last = (stamp(limit(until_ms for _, until_ms in ends), "f") for limit in (min, max))
        if first == last:
            return words.text("{names}, until {time}.", names=shown, time=last)
        return words.text(
            "{names}: the first until {time}, the last until {end}.",
            names=shown,
            time=first,
            end=last,
        )

    def _failing(self, found: Sequence[MonitorStatus]) -> Finding:
        words = self.words
        text = words.text("{names}: in trouble for more than a week.", names=names(words, found))
        fix = words.text(
            "Still wanted? {edit} changes what is watched, {remove} ends it.",
            edit=self.mention("watch edit"),
            remove=self.mention("watch remove"),
        )
        return warning(words.text("Failing"), text, fix)

    def _fails_long(self, one: MonitorStatus) -> bool:
        incident = one.incident
        return incident is not None and not one.paused and self.now_ms - incident.since_ms > LONG_MS


def _muted_until(one: MonitorStatus) -> int:
    return one.monitor.muted_until_ms or 0
