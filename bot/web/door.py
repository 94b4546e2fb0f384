"""The HTTP door: which path leads where; beats. What it does not know is not found."""

import logging
import re
import sqlite3
from collections import Counter
from collections.abc import Mapping

from aiohttp import web

from bot.clock import Clock
from bot.config import ListenAddress
from bot.errors import StoreError
from bot.services.liveness import Health
from bot.services.pushes import BODY_LIMIT, Call, Pushes, Taken
from bot.services.registry import Core
from bot.services.status_pages import StatusPages
from bot.web.answers import Handler, answer, not_found, only
from bot.web.listener import Listener
from bot.web.metrics import Metrics
from bot.web.status_page import StatusPage

_REST = re.compile(r"(?P<secret>[0-9a-f]{32})(?:/(?P<word>start|fail|\d{1,3}))?/?", re.ASCII)
_LAST_STATUS = 255
_RETRY_AFTER_S = "15"


class Beats:
    """Answers the calls of jobs. What a job sends with its call is kept, up to a limit."""

    def __init__(self, pushes: Pushes) -> None:
        self._pushes = pushes

    async def __call__(self, request: web.BaseRequest, rest: str) -> web.StreamResponse:
        match = _REST.fullmatch(rest)
        what, status = (None, None) if match is None else _meaning(match["word"])
        if match is None or what is None:
            return not_found()
        if request.method not in {"GET", "HEAD", "POST", "PUT"}:
            return only("GET", "POST")
        body = await _body(request)
        try:
            taken = await self._pushes.call(match["secret"], what, status=status, body=body)
        except (sqlite3.Error, StoreError):
            return answer("not stored, try again\n", status=503)
        if taken is Taken.TOO_MANY:
            return answer("too many\n", status=429, headers={"Retry-After": _RETRY_AFTER_S})
        return answer("ok") if taken is Taken.OK else not_found()


def _meaning(word: str | None) -> tuple[Call | None, int | None]:
    """The kind of a call, and the exit status where it is one."""
    match word:
        case None | "0":
            return Call.FINE, None
        case "start":
            return Call.START, None
        case "fail":
            return Call.FAILED, None
        case _:
            status = int(word)
            if status == 0:
                return Call.FINE, None
            return (Call.FAILED, status) if status <= _LAST_STATUS else (None, None)


async def _body(request: web.BaseRequest) -> str:
    if request.headers.get("Expect", "").lower() == "100-continue":  # curl waits for it
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
    data = bytearray()
    while len(data) < BODY_LIMIT and (part := await request.content.read(BODY_LIMIT - len(data))):
        data += part
    return data.decode(errors="replace").replace("\0", "").strip()


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
        self._where, self._handlers = where, handlers
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
        core,
        clock,
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
