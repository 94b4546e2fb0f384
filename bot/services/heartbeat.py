"""Is Vigie doing its work? The heartbeat is sent only while checks end and alerts leave."""

from bot.clock import Clock
from bot.db import delivery_stats, guilds
from bot.db.database import Database
from bot.services.watchlist import Watchlist

# A round lasts half a minute at most, and Discord's short troubles are nobody's alarm.
NO_CHECK_MS, UNSENT_MS = 300_000, 600_000
MISSED_ROUNDS = 5


MISSED = "heartbeat_missed"  # the setting: why the newest heartbeat was not heard; empty: it was


class Heartbeat:
    """Looks, and keeps for the doctor what became of the newest heartbeat."""

    def __init__(self, db: Database, clock: Clock, watchlist: Watchlist) -> None:
        self._db = db
        self._clock = clock
        self._watchlist = watchlist
        self._began_ms = clock.now_ms()
        self._noted: str | None = None

    async def trouble(self) -> str | None:
        """Why Vigie must not call itself healthy, for the log; None: all is well."""
        now_ms = self._clock.now_ms()
        watched = [one for one in self._watchlist.all() if not one.monitor.paused]
        if watched:
            newest_ms = max((one.latest.at_ms for one in watched if one.latest), default=0)
            rhythm_ms = min(one.monitor.interval_s for one in watched) * 1000
            idle_ms = now_ms - max(newest_ms, self._began_ms)
            if idle_ms > max(NO_CHECK_MS, MISSED_ROUNDS * rhythm_ms):
                return f"no check has ended for {idle_ms // 1000} s"
        oldest_ms = await self._db.read(lambda conn: delivery_stats.unsent_since(conn, now_ms))
        if oldest_ms is not None and now_ms - oldest_ms > UNSENT_MS:
            return f"an alert has waited for {(now_ms - oldest_ms) // 1000} s"
        return None

    async def note_heartbeat(self, missed: str | None) -> None:
        """Written when it changes alone."""
        text = missed or ""
        if text != self._noted:
            await self._db.write(lambda conn: guilds.put(conn, MISSED, text))
            self._noted = text
