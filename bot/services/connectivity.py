"""Are *we* offline? Asked at the moment of a failure; while blind nothing counts against a site."""

import logging
from collections.abc import Callable
from typing import Protocol

from bot.clock import Clock
from bot.db import gaps, guilds
from bot.db.database import Connection, Database
from bot.engine.stall_detector import StallDetector
from bot.services.delivery import enqueue

log = logging.getLogger(__name__)

POLL_S = 5.0
TOLD_AFTER_MS = 120_000  # shorter blindness is recorded, not told


class Eyes(Protocol):
    """Whoever can tell whether this machine is online."""

    async def is_online_since(self, started: float) -> bool:
        """Whether any canary answered after that moment of monotonic time."""
        ...


class ConnectivityMonitor:
    """The overlay "blind": when it began, when it ended, and the one note afterwards.

    ``channels`` gives the server and channel of everyone who is to have the note.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        channels: Callable[[], set[tuple[int, int]]],
        eyes: Eyes,
        wake: Callable[[], None],
        *,
        stalls: StallDetector | None = None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._channels = channels
        self._eyes = eyes
        self._wake = wake
        self._stalls = stalls or StallDetector(clock)
        self._since_ms: int | None = None

    async def load(self, off_since_ms: int | None = None) -> None:
        """A process that ended while blind goes on where it was.

        ``off_since_ms``: it was switched off for long, and nobody knows how long it would have
        been blind: the blindness ends there, and what follows is the time it was off.
        """
        self._since_ms = await self._db.read(lambda conn: guilds.number(conn, gaps.BLIND_SINCE))
        if self._since_ms is not None and off_since_ms is not None:
            await self._end(max(self._since_ms, off_since_ms))

    @property
    def since_ms(self) -> int | None:
        """Since when Vigie is blind; None while it sees."""
        return self._since_ms

    async def sees(self) -> bool:
        """Whether anything answers now; asking changes nothing."""
        return await self._eyes.is_online_since(self._clock.monotonic())

    async def blames_us(self, started: float, failed_ms: int, *, needed: bool = True) -> bool:
        """Whether a try that failed (begun at ``started``) must not count: we were offline.

        ``needed`` False: the failure changes nothing, so what is known already is enough.
        """
        if not needed:
            return self._since_ms is not None
        asked = self._clock.monotonic()
        if await self._eyes.is_online_since(started):
            await self._see()
            return False
        if self._stalls.stalled_since(asked):
            return True  # a silence in which we stood still proves nothing
        if self._since_ms is None:
            self._since_ms = failed_ms
            await self._db.write(lambda conn: guilds.put(conn, gaps.BLIND_SINCE, str(failed_ms)))
            log.warning("Blind: no canary answers, so no failure counts until one does")
        return True

    async def run(self) -> None:
        """While blind, look for the first answer of any canary, until cancelled."""
        while True:
            await self._clock.sleep(POLL_S)
            try:
                await self.look()
            except Exception:
                log.exception("The end of blindness could not be recorded; tried again")

    async def look(self) -> None:
        """While blind, ask the canaries once more."""
        if self._since_ms is not None and await self._eyes.is_online_since(self._clock.monotonic()):
            await self._see()

    async def _see(self) -> None:
        if self._since_ms is not None:
            await self._end(self._clock.now_ms())

    async def _end(self, until_ms: int) -> None:
        """Blindness ends: the time is a gap; if it was long, each alert channel gets one note."""
        since_ms = self._since_ms
        if since_ms is None:
            return
        self._since_ms = None
        now_ms = self._clock.now_ms()
        channels = self._channels()
        told = until_ms - since_ms >= TOLD_AFTER_MS

        def write(conn: Connection) -> None:
            gaps.add(conn, since_ms, until_ms, gaps.BLIND)
            guilds.put(conn, gaps.BLIND_SINCE, "")
            for guild_id, channel_id in sorted(channels) if told else ():
                enqueue.notice(
                    conn, guild_id, channel_id, enqueue.offline_notice(since_ms, until_ms), now_ms
                )

        try:
            await self._db.write(write)
        except BaseException:
            self._since_ms = since_ms
            raise
        log.warning("Seeing again after %d s", (until_ms - since_ms) // 1000)
        self._wake()
