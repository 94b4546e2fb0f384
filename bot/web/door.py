"""The HTTP door: which path leads where. Everything it does not know is not found."""

import logging
from collections import Counter
from collections.abc import Mapping

from aiohttp import web

from bot.clock import Clock
from bot.config import ListenAddress
from bot.services.liveness import Health
from bot.services.numbers import numbers
from bot.services.registry import Core
from bot.services.status_pages import StatusPages
from bot.web.answers import Handler, answer, not_found, only
from bot.web.beats import Beats
from bot.web.listener import Listener
from bot.web.metrics import Metrics
from bot.web.status_page import StatusPage

log = logging.getLogger(__name__)

STOP_S = 3.0
Requests = Counter[tuple[str, int]]


class Door:
    """``handlers`` by the first part of the path; each gets the rest of it.

    ``requests`` are counted by that part and their status.
    """

    def __init__(
        self,
        where: ListenAddress,
        handlers: Mapping[str, Handler],
        requests: Requests | None = None,
    ) -> None:
        self._where = where
        self._handlers = handlers
        self._requests = Requests() if requests is None else requests
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
        given = not_found() if handler is None else await handler(request, rest)
        self._requests["other" if handler is None else first, given.status] += 1
        return given


def door(
    core: Core, clock: Clock, where: ListenAddress, health: Health, pages: StatusPages
) -> Door:
    """The door of an installation, with all that stands behind it."""
    requests = Requests()
    metrics = Metrics(
        lambda: numbers(core, clock),
        health,
        requests,
        token=core.config.metrics_token,
        is_loopback=where.is_loopback,
    )
    behind: dict[str, Handler] = {
        "healthz": Healthz(health),
        "beat": Beats(core.pushes),
        "metrics": metrics,
        "status": StatusPage(pages),
    }
    return Door(where, behind, requests)


class Healthz:
    """``/healthz``: 200, or 503 with the reason."""

    def __init__(self, health: Health) -> None:
        self._health = health

    async def __call__(self, request: web.BaseRequest, rest: str) -> web.StreamResponse:
        if rest or request.rel_url.raw_path != "/healthz":
            return not_found()
        if request.method not in {"GET", "HEAD"}:
            return only("GET", "HEAD")
        problem = await self._health.problem()
        return answer("ok\n") if problem is None else answer(f"{problem}\n", status=503)
