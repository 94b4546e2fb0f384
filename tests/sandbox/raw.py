"""Raw access to the sandbox: requests and gateway frames without any client library's manners."""

import asyncio
import contextlib
import json
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp

from sandbox import Sandbox, Settings

Json = dict[str, Any]


@dataclass
class Response:
    status: int
    body: Any
    headers: dict[str, str]

    @property
    def code(self) -> int:
        return int(self.body["code"])

    def complaints(self, *path: str | int) -> list[str]:
        """The codes of the form errors at one place."""
        node = self.body["errors"]
        for key in path:
            node = node[str(key)]
        return [one["code"] for one in node["_errors"]]


class Rest:
    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
        self.sandbox = sandbox
        self.session = session
        self.token = f"Bot {sandbox.token}"

    async def ask(self, method: str, path: str, body: object = None, **more: Any) -> Response:
        headers = {"Authorization": self.token, **more.pop("headers", {})}
        url = f"{self.sandbox.api_url}{path}"
        if body is not None:
            more["data"], headers["Content-Type"] = json.dumps(body), "application/json"
        async with self.session.request(method, url, headers=headers, **more) as response:
            data = await response.read()
            parsed = json.loads(data) if data[:1] in {b"{", b"["} else data.decode()
            return Response(response.status, parsed, dict(response.headers))

    def path(self, channel: str = "alerts") -> str:
        return f"/channels/{self.sandbox.channel(channel).id}/messages"

    async def send(self, body: object, channel: str = "alerts") -> Response:
        return await self.ask("POST", self.path(channel), body)

    async def put_commands(self, *commands: object) -> Response:
        return await self.ask(
            "PUT", f"/applications/{self.sandbox.world.application.id}/commands", list(commands)
        )


class Gateway:
    """A gateway client that shows its frames."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, *, packed: bool) -> None:
        self.socket = socket
        self.inflate = zlib.decompressobj() if packed else None
        self.seq: int | None = None

    async def next(self) -> Json:
        """The next frame; a closed socket is {"closed": code}."""
        message = await self.socket.receive(timeout=2)
        if message.type is aiohttp.WSMsgType.TEXT:
            frame = json.loads(message.data)
        elif message.type is aiohttp.WSMsgType.BINARY and self.inflate:
            assert message.data.endswith(b"\x00\x00\xff\xff")
            frame = json.loads(self.inflate.decompress(message.data))
        else:
            return {"closed": self.socket.close_code}
        self.seq = frame["s"] or self.seq
        return dict(frame)

    async def event(self, name: str) -> Json:
        """The data of the next event of this name."""
        while (frame := await self.next()).get("t") != name:
            assert "closed" not in frame
        return dict(frame["d"])

    async def send(self, op: int, data: object) -> None:
        await self.socket.send_str(json.dumps({"op": op, "d": data}))

    async def identify(self, token: str, intents: int = 1 | 1 << 9, **more: Any) -> None:
        properties = {"os": "linux", "browser": "raw", "device": "raw"}
        data = {"token": token, "intents": intents, "properties": properties}
        await self.send(2, {**data, **more})


Scenario = Callable[[Rest], Awaitable[None]]


@contextlib.asynccontextmanager
async def gateway(rest: Rest, *, packed: bool = False) -> AsyncIterator[Gateway]:
    """A connected socket that has heard Hello."""
    query = "v=10&encoding=json" + ("&compress=zlib-stream" if packed else "")
    url = f"{rest.sandbox.gateway.url}?{query}"
    async with rest.session.ws_connect(url, max_msg_size=0) as socket:
        line = Gateway(socket, packed=packed)
        assert (await line.next())["op"] == 10
        yield line


@contextlib.asynccontextmanager
async def online(rest: Rest, intents: int = 1 | 1 << 9) -> AsyncIterator[Gateway]:
    """An identified session that has heard of its server."""
    async with gateway(rest) as line:
        await line.identify(rest.sandbox.token, intents)
        await line.event("GUILD_CREATE")
        yield line


def with_rest(**settings: Any) -> Callable[[Scenario], Callable[[], None]]:
    """Make a test of a scenario with a fresh sandbox; rate limits are off unless asked for."""
    chosen = {"rate_limits": False, **settings}

    def decorate(scenario: Scenario) -> Callable[[], None]:
        async def run() -> None:
            settings = Settings(**chosen)
            async with Sandbox(settings=settings) as sandbox, aiohttp.ClientSession() as session:
                await scenario(Rest(sandbox, session))

        return named_like(scenario, lambda: asyncio.run(run()))

    return decorate


def named_like(scenario: Callable[..., Any], test: Callable[[], None]) -> Callable[[], None]:
    """Give a test its scenario's name, but not its parameters: pytest takes those for fixtures."""
    for name in ("__name__", "__qualname__", "__module__", "__doc__"):
        setattr(test, name, getattr(scenario, name))
    return test
