"""The page's live line: the state at first, then every change as it happens."""

import asyncio
import contextlib
import json

from aiohttp import web

from sandbox.control.state import state
from sandbox.core import Core
from sandbox.errors import Json

CLOSE_S = 0.5


class Live:
    def __init__(self, core: Core) -> None:
        self._core = core
        self._sockets: set[web.WebSocketResponse] = set()

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One page that listens; what it says is ignored."""
        socket = web.WebSocketResponse(compress=False, timeout=CLOSE_S)
        await socket.prepare(request)
        news: asyncio.Queue[Json] = asyncio.Queue()
        news.put_nowait({"type": "state", **state(self._core)})
        self._core.changes.listen(news.put_nowait)
        self._sockets.add(socket)
        writer = asyncio.create_task(self._write(socket, news), name="live page")
        try:
            while not socket.closed:
                await socket.receive()
        finally:
            self._sockets.discard(socket)
            self._core.changes.forget(news.put_nowait)
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writer
        return socket

    async def close(self) -> None:
        """End every line, when the sandbox stops."""
        for socket in list(self._sockets):
            await socket.close()

    @staticmethod
    async def _write(socket: web.WebSocketResponse, news: "asyncio.Queue[Json]") -> None:
        with contextlib.suppress(ConnectionError):
            while not socket.closed:
                await socket.send_str(json.dumps(await news.get()))
