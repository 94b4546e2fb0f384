"""The second way out: notifies the operator when Discord cannot take alerts, and when it is over.

Of an opening that could not be sent for five minutes, or of a refused token; once for each such
time, also when Vigie starts again meanwhile. Refused channels do not count: their
servers are notified within Discord.
"""

import asyncio
import json
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from bot.clock import Clock
from bot.config import child_environment
from bot.db import guilds, stats
from bot.db.database import Database
from bot.errors import ConfigError
from bot.models import Incident
from bot.services import second_way_child as child
from bot.words import alert_lines
from bot.words.translator import SOURCE, translator_for

log = logging.getLogger(__name__)

LOOK_S, AGAIN_S = 15.0, 60.0
UNSENT_MS = 300_000
SHOWN = 10
SEND_S = 15.0  # less than stopping may take
_SINCE = "second_way_since_ms"  # the setting: of the outage that the operator was notified of
_STOPPED = "second_way_stopped"  # the setting: why Vigie stopped, of which the operator knows
_COMMAND = (sys.executable, "-m", "bot.services.second_way_child")
TITLE, OVER_TITLE = "Vigie cannot reach Discord", "Vigie reaches Discord again"


class SecondWay:
    """``urls`` are Apprise's; ``logged_in``: Discord has accepted the token of this start.

    English, as all that only the operator reads.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        urls: tuple[str, ...],
        logged_in: Callable[[], bool] = lambda: True,
    ) -> None:
        self._db, self._logged_in, self._clock, self._urls = db, logged_in, clock, urls

    async def check(self) -> None:
        """Raises ConfigError for addresses that Apprise does not know, or when it is missing."""
        status = await self._run({"urls": self._urls})
        if status == child.MISSING:
            raise ConfigError("VIGIE_FALLBACK_URL needs Apprise: pip install 'vigie[fallback]'.")
        if status == child.UNKNOWN:
            raise ConfigError(
                "VIGIE_FALLBACK_URL holds an address that Apprise does not know. Examples:"
                " mailto://user:password@example.org, ntfy://topic."
            )

    async def run(self) -> None:
        pause_s = LOOK_S
        while True:
            await self._clock.sleep(pause_s)
            pause_s = LOOK_S if await self.look() else AGAIN_S

    async def look(self) -> bool:
        """Notify the operator if there is something new; False: that failed, try again later."""
        now_ms = self._clock.now_ms()
        since_ms = await self._db.read(lambda conn: stats.unsent_since(conn, now_ms))
        notified_ms = await self._db.read(lambda conn: guilds.number(conn, _SINCE))
        waits = since_ms is not None and now_ms - since_ms >= UNSENT_MS
        if waits and notified_ms is None:
            return await self._notify(TITLE, await self._digest(now_ms), _SINCE, str(since_ms))
        if since_ms is None and notified_ms is not None:
            text = f"Discord could not take alerts since {_time(notified_ms)}. They are sent now."
            return await self._notify(OVER_TITLE, text, _SINCE, "")
        stopped = await self._db.read(lambda conn: guilds.get(conn, _STOPPED))
        if stopped and self._logged_in():
            return await self._notify(OVER_TITLE, "It accepts the token.", _STOPPED, "")
        return True

    async def refused(self, error: Exception) -> None:
        """Discord refuses the token: Vigie ends, and this is its last message."""
        now_ms = self._clock.now_ms()
        if await self._db.read(lambda conn: guilds.get(conn, _STOPPED)) == str(error):
            return  # a supervisor starts it again and again
        text = f"{error}\n{await self._digest(now_ms)}"
        await self._notify("Vigie has stopped", text, _STOPPED, str(error))

    async def _digest(self, now_ms: int) -> str:
        count, found = await self._db.read(lambda conn: stats.unsent_openings(conn, now_ms, SHOWN))
        if not count:
            return "No alert waits."
        more = [f"+{count - len(found)} more"] * (count > len(found))
        noun = "alert waits" if count == 1 else "alerts wait"
        return "\n".join([f"{count} {noun} to be sent:", *map(_line, found), *more])

    async def _notify(self, title: str, body: str, setting: str, value: str) -> bool:
        """Send, and remember it in a setting; False: it could not be sent."""
        status = await self._run({"urls": self._urls, "title": title, "body": body})
        if status != child.DONE:
            log.error("The second way out failed (%d): %s", status, title)
            return False
        log.warning("Sent by the second way out: %s", title)
        await self._db.write(lambda conn: guilds.put(conn, setting, value))
        return True

    async def _run(self, given: dict[str, object]) -> int:
        """The exit status of the child; NOT_SENT when it hangs."""
        process = await asyncio.create_subprocess_exec(
            *_COMMAND,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env=child_environment(),
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(SEND_S):
                await process.communicate(json.dumps(given).encode())
        except TimeoutError:
            return child.NOT_SENT
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return process.returncode or 0


def _line(incident: Incident) -> str:
    line = alert_lines.opening(translator_for(SOURCE), incident)
    return f"{line} · since {_time(incident.since_ms)} · server {incident.guild_id}"


def _time(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%d %b %H:%M} UTC"
