"""The HTTP door: which path leads where. Everything it does not know is not found."""

import logging
from collections.abc import Mapping

from aiohttp import web

from bot.config import ListenAddress
from bot.services.liveness import Health
from bot.services.pushes import Pushes
from bot.web.answers import Handler, answer, not_found, only
from bot.web.beats import Beats
from bot.web.listener import Listener

log = logging.getLogger(__name__)

STOP_S = 3.0


class Door:
    """``handlers`` by the first part of the path; each gets the rest of it."""

    def __init__(self, where: ListenAddress, handlers: Mapping[str, Handler]) -> None:
        self._where = where
        self._handlers = handlers
        self.listener = Listener(where, self.answer)

    def start(self) -> None:
        """Raises ConfigError when the address cannot be had."""
        self.listener.start()
        log.info("Listening on %s, port %d", self._where.address, self.listener.port)

    async def stop(self) -> None:
        await self.listener.stop(STOP_S)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Paths count letter by letter: nothing is unescaped, and ``..`` is a name like any."""
        path = request.rel_url.raw_path
        first, _, rest = path.removeprefix("/").partition("/")
        handler = self._handlers.get(first) if path.startswith("/") else None
        return not_found() if handler is None else await handler(request, rest)


def handlers(health: Health, pushes: Pushes) -> dict[str, Handler]:
    """What stands behind the door."""

    async def healthz(request: web.BaseRequest, rest: str) -> web.StreamResponse:
        if rest or request.rel_url.raw_path != "/healthz":
            return not_found()
        if request.method not in {"GET", "HEAD"}:
            return only("GET", "HEAD")
        problem = await health.problem()
        return answer("ok\n") if problem is None else answer(f"{problem}\n", status=503)

    return {"healthz": healthz, "beat": Beats(pushes)}
