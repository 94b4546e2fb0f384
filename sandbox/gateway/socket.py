"""One WebSocket of the gateway: compression, and the client's half of the protocol."""

import asyncio
import contextlib
import json
import zlib
from collections import deque
from collections.abc import Callable

from aiohttp import WSMsgType, web

from sandbox.core import Core
from sandbox.errors import Json
from sandbox.gateway.hub import OP_INVALID_SESSION
from sandbox.gateway.session import HIGHEST_INTENT, Intent, Session, members_chunk
from sandbox.settings import PRIVILEGED_INTENTS

# As over a real network: discord.py 2.7.1 misreads an acknowledgement that overtakes its own clock.
ACK_DELAY_S = 0.02
OP_HEARTBEAT, OP_IDENTIFY, OP_PRESENCE, OP_VOICE, OP_RESUME, OP_MEMBERS = 1, 2, 3, 4, 6, 8
OP_HELLO, OP_ACK = 10, 11
UNKNOWN_OPCODE, DECODE_ERROR, NOT_AUTHENTICATED, AUTHENTICATION_FAILED = 4001, 4002, 4003, 4004
ALREADY_AUTHENTICATED, INVALID_SEQ, RATE_LIMITED, INVALID_SHARD = 4005, 4007, 4008, 4010
INVALID_INTENTS, DISALLOWED_INTENTS = 4013, 4014
HEARTBEAT_INTERVAL_MS = 41_250
MAX_FRAME = 4096
CLOSE_S = 1.0
MAX_FRAMES, FRAMES_WINDOW_S = 120, 60.0
FORGETTING_CLOSES = frozenset({1000, 1001})


class GatewaySocket:
    """Serves one connection until it ends; implements ``Line`` for its session."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._hub = core.hub
        self._out: asyncio.Queue[Json | int | None] = asyncio.Queue()
        self._session: Session | None = None
        self._frames: deque[float] = deque()
        self._zlib: zlib._Compress | None = None
        self._ended_here = False

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Speak the protocol on an upgraded request until one side ends it."""
        socket = web.WebSocketResponse(compress=False, max_msg_size=0, timeout=CLOSE_S)
        await socket.prepare(request)
        if request.query.get("compress") == "zlib-stream":
            self._zlib = zlib.compressobj()
        self._hub.connections += 1
        self._frame(OP_HELLO, {"heartbeat_interval": HEARTBEAT_INTERVAL_MS})
        writer = asyncio.create_task(self._write(socket, request), name="gateway writer")
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._receive(message.data)
        finally:
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writer
            if self._session is not None:
                forget = not self._ended_here and socket.close_code in FORGETTING_CLOSES
                self._hub.detach(self._session, self, forget=forget)
        return socket

    def put(self, payload: Json) -> None:
        self._out.put_nowait(payload)

    def close(self, code: int | None) -> None:
        """Close after everything queued so far; without a code the line is cut."""
        self._ended_here = True
        self._out.put_nowait(code)

    async def _write(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        with contextlib.suppress(ConnectionError):
            while isinstance(item := await self._out.get(), dict):
                await self._send(socket, item)
            if isinstance(item, int):
                await socket.close(code=item)
            elif request.transport is not None:
                request.transport.abort()

    async def _send(self, socket: web.WebSocketResponse, payload: Json) -> None:
        text = json.dumps(payload, separators=(",", ":"))
        if self._zlib is None:
            await socket.send_str(text)
            return
        data = self._zlib.compress(text.encode()) + self._zlib.flush(zlib.Z_SYNC_FLUSH)
        await socket.send_bytes(data)

    def _frame(self, op: int, data: object = None) -> None:
        self.put({"op": op, "d": data, "s": None, "t": None})

    def _receive(self, text: str) -> None:
        if self._too_many():
            self.close(RATE_LIMITED)
            return
        try:
            frame = json.loads(text)
            op, data = int(frame["op"]), frame.get("d")
        except (ValueError, KeyError, TypeError):
            self.close(DECODE_ERROR)
            return
        if len(text.encode()) > MAX_FRAME:
            self.close(DECODE_ERROR)
        elif op == OP_HEARTBEAT:
            asyncio.get_running_loop().call_later(ACK_DELAY_S, self._frame, OP_ACK)
        elif op in (handlers := self._handlers()):
            handlers[op](data if isinstance(data, dict) else {})
        else:
            self.close(UNKNOWN_OPCODE)

    def _too_many(self) -> bool:
        now = self._core.clock.now()
        self._frames.append(now)
        while self._frames[0] < now - FRAMES_WINDOW_S:
            self._frames.popleft()
        return len(self._frames) > MAX_FRAMES

    def _handlers(self) -> dict[int, Callable[[Json], None]]:
        return {
            OP_IDENTIFY: self._identify,
            OP_RESUME: self._resume,
            OP_MEMBERS: self._members,
            OP_PRESENCE: self._ignore,
            OP_VOICE: self._ignore,
        }

    def _identify(self, data: Json) -> None:
        intents, shard = data.get("intents"), _shard(data.get("shard") or [0, 1])
        if self._session is not None:
            self.close(ALREADY_AUTHENTICATED)
        elif data.get("token") != self._core.token or not self._hub.starts_left:
            self.close(AUTHENTICATION_FAILED)
        elif not isinstance(intents, int) or not 0 <= intents < HIGHEST_INTENT << 1:
            self.close(INVALID_INTENTS)
        elif intents & PRIVILEGED_INTENTS & ~self._core.settings.granted_intents:
            self.close(DISALLOWED_INTENTS)
        elif shard is None:
            self.close(INVALID_SHARD)
        elif shard[0] in self._hub.refused_shards:
            self.close(None)
        else:
            self._session = self._hub.open(intents, shard, self)

    def _resume(self, data: Json) -> None:
        session = self._hub.sessions.get(str(data.get("session_id")))
        if self._session is not None:
            self.close(ALREADY_AUTHENTICATED)
        elif data.get("token") != self._core.token:
            self.close(AUTHENTICATION_FAILED)
        elif session is None:
            self._frame(OP_INVALID_SESSION, data=False)
        elif session.shard[0] in self._hub.refused_shards:
            self.close(None)
        elif not isinstance(data.get("seq"), int) or data["seq"] > session.seq:
            self.close(INVALID_SEQ)
        elif not session.remembers(data["seq"]):
            self._frame(OP_INVALID_SESSION, data=False)
        else:
            self._session, session.line = session, self
            self._hub.resumes += 1
            session.replay(data["seq"])
            session.push("RESUMED", {})
            self._hub.announce_online()

    def _members(self, data: Json) -> None:
        if self._session is None:
            self.close(NOT_AUTHENTICATED)
            return
        guild = self._core.world.guilds.get(str(data.get("guild_id")))
        if guild is not None and self._session.intents & Intent.GUILDS:
            chunk = members_chunk(self._core.world, guild, data, self._session)
            self._session.push("GUILD_MEMBERS_CHUNK", chunk)

    def _ignore(self, _data: Json) -> None:
        """Presence and voice: taken after IDENTIFY, and of no effect here."""
        if self._session is None:
            self.close(NOT_AUTHENTICATED)


def _shard(value: object) -> tuple[int, int] | None:
    """``[index, count]`` of an IDENTIFY, or None when it makes no sense."""
    match value:
        case [int(index), int(count)] if 0 <= index < count:
            return index, count
    return None
