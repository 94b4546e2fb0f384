"""Keeps our own outages apart from those of sites: while Vigie is offline, no failure counts."""

import logging
from collections.abc import Callable

from bot.clock import Clock
from bot.db import guilds, rollups
from bot.db.database import Connection, Database
from bot.engine.network import OnlineCheck
from bot.engine.stall_detector import StallDetector
from bot.services.delivery import enqueue

log = logging.getLogger(__name__)

RECHECK_S = 5.0
NOTE_AFTER_MS = 120_000  # shorter times offline are recorded, not posted


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
        stalls: StallDetector | None = None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._channels = channels
        self._online_check = online_check
        self._wake = wake
        self._stalls = stalls or StallDetector(clock)
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
        """Check now; nothing is recorded."""
        return await self._online_check.is_online_since(self._clock.monotonic())

    async def is_our_outage(self, started: float, failed_ms: int, *, needed: bool = True) -> bool:
        """Whether a check that failed (begun at ``started``) must not count: we were offline.

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
