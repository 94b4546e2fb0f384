"""Test alerts: sent through the outbox as real ones, marked as tests."""

from bot.clock import Clock
from bot.db import stats
from bot.db.database import Database
from bot.db.stats import LastTest
from bot.services.delivery import enqueue
from bot.services.delivery.dispatcher import Dispatcher
from bot.services.delivery.messages import Notice
from bot.services.guilds import Guilds

__all__ = ("AlertTest", "LastTest")

_WAITING = {"pending", "sending"}
_LOOK_S = 0.1


class AlertTest:
    def __init__(self, db: Database, clock: Clock, guilds: Guilds, delivery: Dispatcher) -> None:
        self._db = db
        self._clock = clock
        self._guilds = guilds
        self._delivery = delivery

    async def send(self, guild_id: int, ping: int | None = None) -> int | None:
        """Queue a test alert; returns the channel it goes to, None when none was chosen.

        ``ping``: a user whom it mentions, as a real one mentions a role.
        """
        channel_id = self._guilds.settings(guild_id).channel_id
        if channel_id is None:
            return None
        now_ms = self._clock.now_ms()
        await self._db.write(
            lambda conn: enqueue.notice(
                conn, guild_id, channel_id, Notice("test", user_id=ping), now_ms
            )
        )
        self._delivery.wake()
        return channel_id

    async def last(self, guild_id: int) -> LastTest | None:
        """The newest test alert, if there was one within a week."""
        return await self._db.read(lambda conn: stats.last_test(conn, guild_id))

    async def wait_until_done(self, guild_id: int, wait_s: float) -> None:
        """Wait until the newest test alert arrived or was given up, ``wait_s`` seconds at most."""
        until = self._clock.monotonic() + wait_s
        while self._clock.monotonic() < until:
            found = await self.last(guild_id)
            if found is None or found.state not in _WAITING:
                return
            await self._clock.sleep(_LOOK_S)
