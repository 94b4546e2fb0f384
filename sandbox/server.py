"""The one port of a sandbox: API, gateway, page, files and control."""

import secrets
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from sandbox.control_api import Control, Live
from sandbox.core import Core
from sandbox.gateway.socket import GatewaySocket
from sandbox.interactions.people import People
from sandbox.rest.call import MAX_REQUEST
from sandbox.rest.pipeline import Served
from sandbox.rest.routes import add_api
from sandbox.world.admin import Admin

HOST = "127.0.0.1"
LOCAL = ("127.0.0.1", "localhost", "::1")
PAGE = Path(__file__).parent / "page"
SHUTDOWN_S = 0.5


class Server:
    """Listens on 127.0.0.1 alone. May be stopped and started again: the world stays."""

    def __init__(self, core: Core, people: People, admin: Admin, key: str = "") -> None:
        self._core = core
        self._key = key
        self._live = Live(core)
        self._control = Control(core, people, admin, self._live)
        self._runner: web.AppRunner | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def page_url(self) -> str:
        """With the key, where one is asked for."""
        return f"{self.url}/?key={self._key}" if self._key else f"{self.url}/"

    async def start(self, port: int) -> None:
        """Listen; port 0 takes a free one. OSError when the port is taken."""
        app = web.Application(client_max_size=MAX_REQUEST + 1, middlewares=[self._own_page_only])
        add_api(app, self._core)
        app.router.add_get("/gateway", self._gateway)
        app.router.add_get("/gateway/", self._gateway)
        self._control.add_to(app)
        app.router.add_get("/attachments/{channel_id}/{attachment_id}/{name}", self._attachment)
        app.router.add_get("/{path:.*}", self._page)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_S)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self._core.attachments.base_url = self.url
        self._core.hub.url = f"ws://{HOST}:{self.port}/gateway"

    async def stop(self) -> None:
        if self._runner is None:
            return
        self._core.faults.clear()
        self._core.hub.drop()
        await self._live.close()
        await self._runner.cleanup()
        self._runner = None

    async def _gateway(self, request: web.Request) -> web.StreamResponse:
        if self._core.hub.refusing:
            return web.Response(status=503)
        return await GatewaySocket(self._core).serve(request)

    async def _attachment(self, request: web.Request) -> web.Response:
        upload = self._core.attachments.files.get(request.match_info["attachment_id"])
        if upload is None:
            raise web.HTTPNotFound
        headers = {"Content-Type": upload.content_type or "application/octet-stream"}
        return web.Response(body=upload.data, headers=headers)

    async def _page(self, request: web.Request) -> web.StreamResponse:
        wanted = request.match_info["path"].removeprefix("page/") or "index.html"
        try:
            path = (PAGE / wanted).resolve()
            is_ours = path.is_relative_to(PAGE) and path.is_file()
        except (OSError, ValueError):  # too long, or a NUL
            is_ours = False
        if not is_ours:
            raise web.HTTPNotFound(text="404: nothing there")
        response = web.FileResponse(path, headers={"Cache-Control": "no-store"})
        if self._key and self._is_key(request.query.get("key")):
            response.set_cookie(self._cookie, self._key, httponly=True, samesite="Strict")
        return response

    @property
    def _cookie(self) -> str:
        """Cookies know no ports, and several demos may run."""
        return f"vigie-sandbox-{self.port}"

    def _is_key(self, shown: str | None) -> bool:
        return secrets.compare_digest((shown or "").encode(errors="replace"), self._key.encode())

    @web.middleware
    async def _own_page_only(self, request: web.Request, handler: Served) -> web.StreamResponse:
        """Foreign web pages may not play with a sandbox that runs on the reader's machine.

        The port is not compared: the page may be looked at through a tunnel.
        """
        own = urlsplit(f"//{request.host}")
        origin = urlsplit(request.headers.get("Origin", f"//{own.netloc}"))
        if own.hostname not in LOCAL or origin.netloc != own.netloc:
            raise web.HTTPForbidden(text="403: this is not the sandbox's own page")
        if self._key and request.path.startswith("/sandbox/"):
            # Other users of the machine reach the port too: only the printed address has the key.
            shown = request.cookies.get(self._cookie) or request.query.get("key")
            if not self._is_key(shown):
                raise web.HTTPForbidden(text="403: open the address that the demo has printed")
        return await handler(request)
