"""``/doctor``: all that can be said of one server without asking Discord about it."""

from bot.clock import Clock
from bot.config import Config
from bot.db import delivery_stats, gaps, storage_stats
from bot.db.database import Database
from bot.db.storage_stats import Holdings
from bot.engine.check_queue import CheckQueue
from bot.engine.stall_detector import StallDetector
from bot.services.connectivity import ConnectivityMonitor
from bot.services.delivery.dispatcher import Dispatcher
from bot.services.doctor import health, watching
from bot.services.doctor import outbox as delivered
from bot.services.doctor.findings import Finding, Voice
from bot.services.doctor.watching import Round
from bot.services.status import Status


class Doctor:
    """Looks and changes nothing."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        config: Config,
        status: Status,
        delivery: Dispatcher,
        *,
        blindness: ConnectivityMonitor,
        checks: CheckQueue,
        stalls: StallDetector,
    ) -> None:
        self._db = db
        self._clock = clock
        self._config = config
        self._status = status
        self._delivery = delivery
        self._blindness = blindness
        self._checks = checks
        self._stalls = stalls
        self._began_ms = clock.now_ms()

    async def examine(self, guild_id: int, voice: Voice) -> list[Finding]:
        """Findings of a server's monitors and messages, then of the machine's health."""
        now_ms = self._clock.now_ms()
        box = await self._db.read(lambda conn: delivery_stats.look(conn, guild_id, now_ms))
        blocked = delivered.blocked(voice, self._delivery.throttle)
        files = health.open_files(voice)
        held_up = health.checking(voice, self._checks, self._stalls, guild_id)
        return [
            *watching.findings(
                voice,
                self._status.overview(guild_id),
                self._config.max_monitors,
                Round(now_ms, await self._seeing_ms()),
            ),
            delivered.finding(voice, box, now_ms),
            *(one for one in (blocked, held_up) if one is not None),
            await health.sight(voice, self._blindness, len(self._config.canaries)),
            *([files] if files is not None else []),
            await health.database(voice, self._db, self._config.database),
            health.version(voice, self._began_ms),
        ]

    async def _seeing_ms(self) -> int | None:
        """Since when checks could be made without a gap; None: they count for nothing now."""
        if self._blindness.since_ms is not None:
            return None
        ended_ms = await self._db.read(gaps.last_end_ms)
        return max(self._began_ms, ended_ms or 0)

    async def stored(self, guild_id: int) -> Holdings:
        """What is stored of a server; each count by itself, so that nobody waits for all."""
        now_ms = self._clock.now_ms()
        counted = {
            name: await self._db.read(count)
            for name, count in storage_stats.counts(guild_id, now_ms).items()
        }
        first_ms = await self._db.read(lambda conn: storage_stats.first_ms(conn, guild_id))
        return Holdings(**counted, first_ms=first_ms)
