"""The control API: how the page, and tests in other processes, play people, Discord and fate."""

import asyncio
import base64
import contextlib
import inspect
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from aiohttp import web

from sandbox.core import Core
from sandbox.errors import ApiError, Json, Refused
from sandbox.interactions.people import People
from sandbox.messages.store import Upload
from sandbox.world.admin import Admin
from sandbox.world.events import channel_list, role_list
from sandbox.world.permissions import in_guild
from sandbox.world.world import Guild

ACTIONS = tuple(name for name in vars(Admin) if not name.startswith("_"))
GATEWAY = ("drop", "refuse", "accept", "invalidate", "reconnect")
_NAMED = {f"{noun}_id": noun for noun in ("channel", "guild", "user", "role", "thread", "target")}
Taker = Callable[[Json], Awaitable[Any]]


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
        for socket in list(self._sockets):
            await socket.close()

    async def _write(self, socket: web.WebSocketResponse, news: "asyncio.Queue[Json]") -> None:
        with contextlib.suppress(ConnectionError):
            while not socket.closed:
                await socket.send_str(json.dumps(self._shown(await news.get())))

    def _shown(self, news: Json) -> Json:
        lapse = self._core.time_lapse
        return news if lapse is None else dict(lapse.shown(news, self._core.clock.now()))


class Control:
    """Every POST takes and gives JSON; 400 with ``error`` for what cannot be done."""

    def __init__(self, core: Core, people: People, admin: Admin, live: Live) -> None:
        self._core = core
        self._people = people
        self._admin = admin
        self._live = live

    def add_to(self, app: web.Application) -> None:
        app.router.add_get("/sandbox/state", self._state)
        app.router.add_get("/sandbox/record", self._record)
        app.router.add_get("/sandbox/live", self._live.serve)
        app.router.add_delete("/sandbox/faults", self._clear_faults)
        takers: dict[str, Taker] = {
            "interactions/command": self._command,
            "interactions/component": self._component,
            "interactions/modal": self._modal,
            "interactions/autocomplete": self._autocomplete,
            "faults": self._fault,
            "gateway": self._gateway,
            "world": self._change_world,
            "messages": self._say,
            "panel": self._panel,
        }
        for path, taker in takers.items():
            app.router.add_post(f"/sandbox/{path}", _taking(taker))

    async def _state(self, _request: web.Request) -> web.Response:
        return web.json_response(state(self._core))

    async def _record(self, _request: web.Request) -> web.Response:
        return web.json_response(self._core.record.as_json())

    async def _clear_faults(self, _request: web.Request) -> web.Response:
        self._core.faults.clear()
        return web.json_response({})

    async def _command(self, body: Json) -> Json:
        options = {name: _value(value) for name, value in (body.get("options") or {}).items()}
        answer = await self._people.command(
            body["user_id"], body["channel_id"], body["name"], options, **_at_once(body)
        )
        return asdict(answer)

    async def _component(self, body: Json) -> Json:
        answer = await self._people.press(
            body["user_id"],
            str(body["message_id"]),
            body["custom_id"],
            values=body.get("values"),
            **_at_once(body),
        )
        return asdict(answer)

    async def _modal(self, body: Json) -> Json:
        answer = await self._people.submit_modal(
            body["user_id"],
            str(body["interaction_id"]),
            body.get("values") or {},
            **_at_once(body),
        )
        return asdict(answer)

    async def _autocomplete(self, body: Json) -> Json:
        choices = await self._people.autocomplete(
            body["user_id"],
            body["channel_id"],
            body["name"],
            body["focused"],
            str(body.get("value", "")),
            options=body.get("options"),
            locale=_locale(body),
        )
        return {"choices": choices}

    async def _fault(self, body: Json) -> Json:
        self._core.faults.add(**body)
        return {}

    async def _gateway(self, body: Json) -> Json:
        action, *rest = body.pop("action"), *body.items()
        if action not in GATEWAY:
            raise LookupError(f"unknown action {action!r}: use one of {GATEWAY}")
        getattr(self._core.hub, action)(**dict(rest))
        return {}

    async def _change_world(self, body: Json) -> Json:
        """Any public method of :class:`Admin` by name; ``channel_id`` stands for ``channel``."""
        action = body.pop("action")
        if action not in ACTIONS:
            raise LookupError(f"unknown action {action!r}: use one of {ACTIONS}")
        method = getattr(self._admin, action)
        given = {_NAMED.get(key, key): value for key, value in body.items()}
        bound = inspect.signature(method).bind(**given)
        made = method(*bound.args, **bound.kwargs)
        return {} if made is None else {"id": made.id, "name": made.name}

    async def _say(self, body: Json) -> Json:
        said = self._people.say(body["user_id"], body["channel_id"], body["content"])
        return {"message": said}

    async def _panel(self, body: Json) -> Json:
        self._core.panel.turn(str(body["switch"]), on=bool(body["on"]))
        return {}


def _locale(body: Json) -> str:
    return str(body.get("locale") or "en-US")


def _at_once(body: Json) -> Json:
    """Whoever asks sees later changes by themselves: no deferred answer is waited for."""
    return {"locale": _locale(body), "settle_s": 0}


def _taking(taker: Taker) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Read JSON, answer JSON, and turn what a person may not do into a readable refusal."""

    async def take(request: web.Request) -> web.Response:
        try:
            return web.json_response(await taker(await request.json()))
        except (Refused, ApiError) as error:
            text = str(error)
        except (LookupError, TypeError, ValueError, json.JSONDecodeError) as error:
            text = f"{type(error).__name__}: {error}"
        return web.json_response({"status": "failed", "error": text}, status=400)

    return take


def _value(value: Any) -> Any:
    """An option's value; a file comes as ``{"filename", "content"}`` or ``{…, "data_base64"}``."""
    if not isinstance(value, dict):
        return value
    data = value.get("content", "").encode() or base64.b64decode(value.get("data_base64", ""))
    return Upload(str(value.get("filename", "file")), data, value.get("content_type"))


CLOSE_S = 0.5


def state(core: Core) -> Json:
    """``GET /sandbox/state``, and the first line of ``/sandbox/live``."""
    world = core.world
    return {
        "application": {
            "id": world.application.id,
            "name": world.application.name,
            "commands": core.registry.everything(),
        },
        "bot_online": core.hub.online,
        "guilds": [_guild(core, guild) for guild in world.guilds.values() if guild.present],
        "messages": {
            channel.id: [core.messages.view(s) for s in core.messages.in_channel(channel.id)]
            for channel in world.channels()
        },
        "ephemeral": [core.messages.private(stored) for stored in core.messages.ephemeral()],
        "panel": core.panel.as_json(),
        "time_lapse": core.time_lapse and core.time_lapse.as_json(),
    }


def _guild(core: Core, guild: Guild) -> Json:
    users = [
        {
            "id": member.user_id,
            "name": core.world.users[member.user_id].name,
            "permissions": str(int(in_guild(guild, member))),
            "roles": member.roles,
        }
        for member in guild.members.values()
        if not core.world.users[member.user_id].bot
    ]
    return {
        "id": guild.id,
        "name": guild.name,
        "channels": channel_list(guild),
        "roles": role_list(guild),
        "users": users,
    }
