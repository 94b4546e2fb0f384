"""Keeps our own outages apart from those of sites: no failure counts meanwhile.

Vigie is offline, or its own line is at fault, by what other places see.
"""

import logging
from collections.abc import Callable

from bot.clock import DAY_MS, Clock
from bot.db import guilds, rollups
from bot.db.database import Connection, Database
from bot.engine.judge_state import LAST_CONFIRM, Check, JudgeState
from bot.engine.network import OnlineCheck
from bot.engine.place_router import Others, is_own_line
from bot.engine.process import StallDetector
from bot.services.delivery import enqueue
from bot.services.delivery.messages import Notice
from bot.services.watchlist import Entry, Watchlist

log = logging.getLogger(__name__)

RECHECK_S = 5.0
NOTE_AFTER_MS = 120_000  # shorter trouble of our own is recorded, not posted


class ConnectivityMonitor:
    """Knows since when Vigie is offline; posts one note when it is back after a long time.

    ``channels`` gives the server and channel of everyone who is to have the note.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        channels: Callable[[], set[tuple[int, int]]],
        online_check: OnlineCheck,
        wake: Callable[[], None],
        *,
        stalls: StallDetector,
    ) -> None:
        self._db, self._clock, self._channels = db, clock, channels
        self._online_check, self._wake, self._stalls = online_check, wake, stalls
        self._since_ms: int | None = None
        self.on_back_online: Callable[[int, int], None] | None = None  # from, until

    async def load(self, off_since_ms: int | None = None) -> None:
        """A process that ended while offline goes on where it was.

        ``off_since_ms``: it was switched off for long, and nobody knows how long it would have
        been offline: that ends there, and what follows is the time it was off.
        """
        self._since_ms = await self._db.read(
            lambda conn: guilds.number(conn, rollups.OFFLINE_SINCE)
        )
        if self._since_ms is not None and off_since_ms is not None:
            await self._back_online(max(self._since_ms, off_since_ms))

    @property
    def offline_since_ms(self) -> int | None:
        return self._since_ms

    async def is_online(self) -> bool:
        return await self._online_check.is_online_since(self._clock.monotonic())

    async def is_our_outage(self, started: float, failed_ms: int, *, needed: bool = True) -> bool:
        """True when a check that failed (begun at ``started``) must not count: we were offline.

        ``needed`` False: the failure changes nothing, so what is known already is enough.
        """
        if not needed:
            return self._since_ms is not None
        asked = self._clock.monotonic()
        if await self._online_check.is_online_since(started):
            await self._back_online(self._clock.now_ms())
            return False
        if self._stalls.stalled_since(asked):
            return True  # no answer while the process stood still proves nothing
        if self._since_ms is None:
            self._since_ms = failed_ms
            await self._db.write(
                lambda conn: guilds.put(conn, rollups.OFFLINE_SINCE, str(failed_ms))
            )
            log.warning("Offline: no connectivity check answers, failures are not counted")
        return True

    async def run(self) -> None:
        while True:
            await self._clock.sleep(RECHECK_S)
            try:
                await self.recheck()
            except Exception:
                log.exception("The end of the time offline could not be recorded, retrying")

    async def recheck(self) -> None:
        if self._since_ms is not None and await self.is_online():
            await self._back_online(self._clock.now_ms())

    async def _back_online(self, until_ms: int) -> None:
        """The time offline is a gap; if it was long, each alert channel gets one note."""
        since_ms = self._since_ms
        if since_ms is None:
            return
        self._since_ms = None
        now_ms = self._clock.now_ms()
        noted = self._channels() if until_ms - since_ms >= NOTE_AFTER_MS else set()

        def write(conn: Connection) -> None:
            rollups.add_gap(conn, since_ms, until_ms)
            guilds.put(conn, rollups.OFFLINE_SINCE, "")
            for guild_id, channel_id in sorted(noted):
                enqueue.notice(
                    conn, guild_id, channel_id, enqueue.offline_notice(since_ms, until_ms), now_ms
                )

        try:
            await self._db.write(write)
        except BaseException:
            self._since_ms = since_ms
            raise
        log.warning("Online again after %d s", (until_ms - since_ms) // 1000)
        if self.on_back_online is not None:
            self.on_back_online(since_ms, until_ms)
        self._wake()


LOOK_S = 60.0
MISSING_S = 600.0
NOTED = "place_note_ms"  # the setting that holds when the last note about missing places was made


class PlaceWatch:
    """While half of all monitors fail from home alone, such failures do not count."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        watchlist: Watchlist,
        wake: Callable[[], None],
        others: Others | None = None,
    ) -> None:
        self._db, self._clock, self._watchlist, self._wake = db, clock, watchlist, wake
        self.others = others
        self._partly: set[int] = set()  # monitors whose newest round failed from home alone
        self._watched = 0
        self._since_ms: int | None = None
        self._noted = False
        self.spared = 0  # outages since the start that home alone would have reported

    async def load(self) -> None:
        """Go on where the process before this one ended."""
        since_ms = await self._db.read(lambda conn: guilds.number(conn, rollups.OWN_LINE_SINCE))
        self._since_ms = since_ms
        # Whether it was reported is not stored: rather once too few than twice.
        self._noted = since_ms is not None

    @property
    def since_ms(self) -> int | None:
        """Since when our own line is at fault; None: it is not."""
        return self._since_ms

    async def blames_us(self, entry: Entry, check: Check) -> bool:
        """True when this failure must not count: it and half of all others are of home alone."""
        if not check.partly:
            if check.ok or check.number == LAST_CONFIRM:
                self._partly.discard(entry.monitor.id)
            return False
        self._partly.add(entry.monitor.id)
        if self._since_ms is None and self._is_ours():
            self._since_ms, self._noted = check.began_ms, False
            since = str(self._since_ms)
            await self._db.write(lambda conn: guilds.put(conn, rollups.OWN_LINE_SINCE, since))
            log.warning("Own line: many sites answer other places but not this one")
        return self._since_ms is not None

    def count_spared(self, before: JudgeState, after: JudgeState) -> None:
        """Count an outage that home alone would have reported: in the second failed round."""
        run = len(after.rounds) - len(after.rounds.rstrip("FQfq"))
        if before.mode is None and run == 2:  # noqa: PLR2004 - the second
            self.spared += 1

    async def run(self) -> None:
        while True:
            await self._clock.sleep(LOOK_S)
            try:
                await self.look()
                await self.note_missing()
            except Exception:
                log.exception("What the places say could not be recorded; tried again")

    async def look(self) -> None:
        """Report once that our own line is at fault, and record when it is no longer."""
        since_ms, now_ms = self._since_ms, self._clock.now_ms()
        ours = self._count()
        if since_ms is None:
            return
        if not ours:
            await self._end(since_ms, now_ms)
        elif not self._noted and now_ms - since_ms >= NOTE_AFTER_MS:
            await self._db.write(lambda conn: self._notify(conn, Notice("own_line"), now_ms))
            self._noted = True
            self._wake()

    async def note_missing(self) -> None:
        """Once a day: which places have not been heard of for ten minutes."""
        found = [] if self.others is None else self.others.status()
        missing = [one.name for one in found if not one.present and one.heard_s > MISSING_S]
        if not missing:
            return
        now_ms = self._clock.now_ms()
        noted_ms = await self._db.read(lambda conn: guilds.number(conn, NOTED))
        if noted_ms is not None and now_ms - noted_ms < DAY_MS:
            return
        notice = Notice("places", name=" ".join(missing))

        def write(conn: Connection) -> None:
            self._notify(conn, notice, now_ms)
            guilds.put(conn, NOTED, str(now_ms))

        await self._db.write(write)
        log.warning("Places that have not been heard of: %s", notice.name)
        self._wake()

    def _is_ours(self) -> bool:
        """All monitors are counted once a minute, or when it looks like it."""
        return is_own_line(len(self._partly), self._watched) and self._count()

    def _count(self) -> bool:
        watched = {e.monitor.id for e in self._watchlist.all() if not e.monitor.paused}
        self._partly &= watched
        self._watched = len(watched)
        return is_own_line(len(self._partly), self._watched)

    def _notify(self, conn: Connection, notice: Notice, now_ms: int) -> None:
        for guild_id, channel_id in sorted(self._watchlist.alert_channels()):
            enqueue.notice(conn, guild_id, channel_id, notice, now_ms)

    async def _end(self, since_ms: int, now_ms: int) -> None:
        def write(conn: Connection) -> None:
            rollups.add_gap(conn, since_ms, now_ms)
            guilds.put(conn, rollups.OWN_LINE_SINCE, "")

        await self._db.write(write)
        self._since_ms = None
        log.warning("Own line: sites answer here again after %d s", (now_ms - since_ms) // 1000)
