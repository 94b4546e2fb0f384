"""The listening socket and its connections, each of them bounded: strangers may be behind them.

So many connections at most, so much of a head, so long for a request, so many requests a second.
When there is no room, the connection that has been silent longest makes it: slow clients push out
each other, never somebody who asks and listens.
"""

import asyncio
import contextlib
import logging
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from bot.config import ListenAddress
from bot.web.answers import answer

log = logging.getLogger(__name__)

MOST_CONNECTIONS = 500
BACKLOG = 1_024
HEAD_LIMIT = 16_384  # of a request, all lines together
LINE_LIMIT = 4_096
MOST_HEADERS = 60
REQUEST_S = 10.0  # from its first byte to the last of its answer
IDLE_S = 75.0  # between two requests: longer than the minute that proxies keep a connection
LINGER_S = 1.0  # what nobody reads of a body is taken in for so long
READ_SIZE = 16_384
PER_SECOND, BURST = 2_000, 500  # requests, and connections; what is more waits
LOOK_S = 1.0
FIRST_OF_OURS = 500  # status
MOST_AT_ONCE = 64
_PAUSE_S = 0.5
_SHORTAGE_NOTED_S = 60.0

Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

# Heads that cannot be read are quoted in its records, and there are secrets in paths.
_SILENT = logging.getLogger("bot.web.wire")
_SILENT.disabled = True


class Pace:
    """Lets ``per_second`` through, ``burst`` of them at once; who comes later waits."""

    def __init__(self, per_second: float, burst: int) -> None:
        self._step_s = 1 / per_second
        self._ahead_s = burst / per_second
        self._next = 0.0

    async def turn(self) -> None:
        now = time.monotonic()
        self._next = max(self._next, now - self._ahead_s) + self._step_s
        if self._next > now:
            await asyncio.sleep(self._next - now)


class _Connection(web.RequestHandler):
    """aiohttp's, that knows since when its request has been under way."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.since = time.monotonic()
        self._is_asking = True  # from its first byte, or the connection's beginning, to the answer
        self._head = 0
        self.is_aborted = False
        self._wire: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._wire = transport
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if not self.is_busy:
            self._is_asking, self.since = True, time.monotonic()
        super().data_received(data)
        waits_for_head = self._waiter is not None and not self._waiter.done()
        self._head = self._head + len(data) if waits_for_head else 0
        if self._head > HEAD_LIMIT:
            self.abort()

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        if not request.content.is_eof():
            resp.force_close()
        done = await super().finish_response(request, resp, start_time)
        self._is_asking = bool(self._messages)
        if not self.is_busy:
            self.since = time.monotonic()
        return done

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Nothing that was sent is repeated, in the answer or in the log."""
        del request, message
        if is_ours := status >= FIRST_OF_OURS:
            log.error("Request failed by a bug", exc_info=exc)
        refusal = answer("error\n" if is_ours else "bad request\n", status=status)
        refusal.force_close()
        return refusal

    @property
    def is_busy(self) -> bool:
        """Something of a request, or of its answer, is still to come through."""
        unsent = self._wire is not None and self._wire.get_write_buffer_size() > 0
        return self._is_asking or unsent

    def abort(self) -> None:
        """Close at once; what has not been sent is dropped."""
        if self._wire is not None:
            self._wire.abort()
            self.is_aborted = True


class _Server(web.Server):
    def __call__(self) -> web.RequestHandler:
        return _Connection(
            self,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=IDLE_S,
            logger=_SILENT,
            access_log=None,
            max_line_size=LINE_LIMIT,
            max_field_size=LINE_LIMIT,
            max_headers=MOST_HEADERS,
            lingering_time=LINGER_S,
            read_bufsize=READ_SIZE,
            auto_decompress=False,
        )

    def living(self) -> list[_Connection]:
        mine = (one for one in self.connections if isinstance(one, _Connection))
        return [one for one in mine if not one.is_aborted]


class Listener:
    """Accepts connections from :meth:`start` to :meth:`stop`, and has requests answered."""

    def __init__(self, where: ListenAddress, answer: Answer, most: int = MOST_CONNECTIONS) -> None:
        self._where, self._answer, self._most = where, answer, most
        self._pace = Pace(PER_SECOND, BURST)
        self._accepts = Pace(PER_SECOND, BURST)
        self._socket: socket.socket | None = None
        self._server: _Server | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._shortage_noted = float("-inf")
        self.port = where.port

    @property
    def connections(self) -> int:
        return len(self._server.living()) if self._server is not None else 0

    def start(self) -> None:
        """Listen. Raises ConfigError when the address cannot be had."""
        self._socket = self._where.listen(BACKLOG)
        self.port = self._socket.getsockname()[1]
        self._server = _Server(self._in_turn)
        self._tasks = [
            asyncio.create_task(self._accept(self._socket, self._server), name="door"),
            asyncio.create_task(self._watch(self._server), name="door watch"),
        ]

    async def stop(self, timeout_s: float) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._socket is not None:
            self._socket.close()
        if self._server is not None:
            self._server.pre_shutdown()
            await self._server.shutdown(timeout_s)

    async def _in_turn(self, request: web.BaseRequest) -> web.StreamResponse:
        await self._pace.turn()
        return await self._answer(request)

    async def _accept(self, listening: socket.socket, server: _Server) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted = [(await loop.sock_accept(listening))[0], *_more(listening)]
            except OSError as error:
                self._note_shortage(error)
                await asyncio.sleep(_PAUSE_S)
                continue
            await self._connect(accepted, server)

    async def _connect(self, accepted: list[socket.socket], server: _Server) -> None:
        loop = asyncio.get_running_loop()
        try:
            while accepted:
                await self._accepts.turn()
                self._make_room(server)
                with contextlib.suppress(OSError):  # it is gone already
                    await loop.connect_accepted_socket(server, accepted.pop(0))
        finally:
            for one in accepted:
                one.close()

    def _make_room(self, server: _Server) -> None:
        """Of those that have been silent longest, who asks nothing goes first."""
        if len(server.connections) < self._most:
            return
        living = server.living()
        if len(living) >= self._most:
            min(living, key=lambda one: (one.is_busy, one.since)).abort()

    async def _watch(self, server: _Server) -> None:
        """Close the connections whose requests take too long."""
        while True:
            await asyncio.sleep(LOOK_S)
            late = time.monotonic() - REQUEST_S
            for one in server.living():
                if one.is_busy and one.since < late:
                    one.abort()

    def _note_shortage(self, error: OSError) -> None:
        now = time.monotonic()
        if now - self._shortage_noted >= _SHORTAGE_NOTED_S:
            self._shortage_noted = now
            log.warning("No connection can be accepted, trying again: %s", error.strerror)


def _more(listening: socket.socket) -> list[socket.socket]:
    found: list[socket.socket] = []
    with contextlib.suppress(OSError):
        while len(found) < MOST_AT_ONCE:
            found.append(listening.accept()[0])
            found[-1].setblocking(False)
    return found
