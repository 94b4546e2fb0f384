"""Pipeline of every API request: record, faults, token, rate limits, body, handler, errors."""

import json
import logging
import secrets
import socket
import struct
import traceback
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from aiohttp import web

from sandbox.core import Core
from sandbox.errors import ApiError
from sandbox.faults import Fault
from sandbox.ratelimits import VIA, too_many
from sandbox.record import Entry
from sandbox.rest.call import Call, Reply, read_body

PREFIX = "/api/v10"
CLOUDFLARE = "<html><body><h1>Error 1015</h1><p>You are being rate limited</p></body></html>"
MAJOR = ("channel_id", "guild_id", "application_id", "interaction_id")
log = logging.getLogger(__name__)

Handler = Callable[[Call], Reply]
Served = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Pipeline:
    def __init__(self, core: Core) -> None:
        self._core = core

    def serve(self, handler: Handler, *, open_to_all: bool = False) -> Served:
        """Wrap a handler. ``open_to_all``: no bot token needed, and no global limit."""

        async def served(request: web.Request) -> web.StreamResponse:
            path = request.path.removeprefix(PREFIX)
            entry = self._core.record.begin(request.method, path)
            fault = self._core.faults.take(request.method, path)
            if fault is not None:
                entry.fault = fault.name
            if fault is not None and not fault.after:
                return await self._go_wrong(request, fault, entry)
            response = await self._carry_out(request, handler, entry, open_to_all=open_to_all)
            if fault is not None:
                return await self._go_wrong(request, fault, entry)
            entry.status = response.status
            self._core.changes.stir()
            return response

        return served

    async def unknown(self, request: web.Request) -> web.StreamResponse:
        """Any route the sandbox does not have: loud, named and recorded."""
        path = request.path.removeprefix(PREFIX)
        entry = self._core.record.begin(request.method, path)
        entry.status, entry.error = 404, "unknown route"
        log.error("No route in the sandbox: %s %s", request.method, request.path)
        text = f"404: Not Found (the sandbox has no route {request.method} {request.path})"
        return respond(404, {"message": text, "code": 0})

    async def _carry_out(
        self, request: web.Request, handler: Handler, entry: Entry, *, open_to_all: bool
    ) -> web.Response:
        call = Call(self._core, dict(request.match_info), dict(request.query), entry)
        headers: dict[str, str] = {}
        try:
            if not open_to_all:
                self._check_token(request)
                self._core.limits.count_global()
            headers = self._count(request)
            await read_body(request, call)
            reply = handler(call)
        except ApiError as error:
            entry.code = error.code
            entry.error = json.dumps(error.body)
            return respond(error.status, error.body, {**headers, **error.headers})
        except Exception as error:
            log.exception("Sandbox failed on %s %s", request.method, request.path)
            self._core.record.bugs.append(traceback.format_exc())
            entry.error = f"sandbox bug: {error!r}"
            return respond(500, {"message": entry.error, "code": 0}, headers)
        entry.accepted = True
        return respond(reply.status, reply.body, headers)

    def _check_token(self, request: web.Request) -> None:
        given = request.headers.get("Authorization", "").encode()
        if not secrets.compare_digest(given, f"Bot {self._core.token}".encode()):
            raise ApiError(401, "401: Unauthorized")

    def _count(self, request: web.Request) -> dict[str, str]:
        resource = request.match_info.route.resource
        route = (resource.canonical if resource else "").removeprefix(PREFIX)
        major = [request.match_info.get(key, "") for key in (*MAJOR, "token")]
        return self._core.limits.count(request.method, route, "/".join(major))

    async def _go_wrong(
        self, request: web.Request, fault: Fault, entry: Entry
    ) -> web.StreamResponse:
        ending = fault.ending
        self._core.changes.stir()
        if ending == "429":
            error = too_many(fault.retry_after, scope=fault.scope, code=fault.code)
            entry.status, entry.code = 429, fault.code
            return respond(429, error.body, error.headers)
        if ending == "cloudflare":
            entry.status = 429
            after = {"Retry-After": str(int(fault.retry_after) or 1)}
            return web.Response(
                status=429, text=CLOUDFLARE, content_type="text/html", headers=after
            )
        if ending == "blocked":
            entry.status = 403
            return web.Response(status=403, text=CLOUDFLARE, content_type="text/html")
        if ending.isdigit():
            entry.status = int(ending)
            text = f"{ending}: {HTTPStatus(entry.status).phrase}"
            return respond(entry.status, {"message": text, "code": fault.code})
        if ending == "stall":
            await self._core.faults.released.wait()
        cut(request, reset=ending != "close")
        return web.Response(status=503)


def cut(request: web.Request, *, reset: bool) -> None:
    """End the connection: with a TCP reset, or as if the server had gone away quietly."""
    transport = request.transport
    if transport is None:
        return
    line = transport.get_extra_info("socket")
    if reset and line is not None:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def respond(status: int, body: object, headers: dict[str, str] | None = None) -> web.Response:
    """An answer whose Content-Type is exactly ``application/json``: discord.py compares it."""
    found = {"Via": VIA, **(headers or {})}
    if status == 204:  # noqa: PLR2004 - No Content
        return web.Response(status=status, headers=found)
    found["Content-Type"] = "application/json"
    return web.Response(status=status, body=json.dumps(body).encode(), headers=found)
