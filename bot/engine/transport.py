"""An httpx transport that makes one fresh connection for each request and keeps none.

A pool's cost grows with every waiting request, and it hides what a monitor must see: the name,
the connection, the certificate (measured: 4 to 50 times the CPU of this one).
"""

import sys

# httpcore looks for sniffio at every new connection; telling it once that there is none saves
# 0.1 ms a probe (measured).
sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]

import ssl  # noqa: E402 - after the line above
import time  # noqa: E402
from collections.abc import AsyncIterator, Iterable  # noqa: E402

import httpcore  # noqa: E402
import httpx  # noqa: E402

from bot.engine.netguard import SCHEME_PORTS, Netguard  # noqa: E402
from bot.engine.resolver import Resolve  # noqa: E402
from bot.engine.sockets import Stamps, Stream, dial  # noqa: E402

STAMPS = "stamps"  # the request's extension that carries its Stamps


class OneShot(httpx.AsyncBaseTransport):
    """Resolve, judge, dial, ask. ``guard`` None: the operator's own addresses are not judged.

    Raises httpcore's errors as they are; :mod:`bot.engine.failures` names them.
    """

    def __init__(
        self, resolver: Resolve, context: ssl.SSLContext, guard: Netguard | None = None
    ) -> None:
        self._resolver = resolver
        self._context = context
        self._guard = guard

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        stamps = request.extensions.get(STAMPS) or Stamps()
        port = url.port or SCHEME_PORTS[url.scheme]
        backend = _Network(self._resolver, self._guard, stamps)
        connection = httpcore.AsyncHTTPConnection(
            httpcore.Origin(url.raw_scheme, url.raw_host, port),
            ssl_context=self._context,
            network_backend=backend,
        )
        core_url = httpcore.URL(
            scheme=url.raw_scheme, host=url.raw_host, port=port, target=url.raw_path
        )
        core = httpcore.Request(request.method, core_url, headers=request.headers.raw)
        try:
            response = await connection.handle_async_request(core)
        except BaseException:
            await connection.aclose()
            raise
        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=_Body(response, connection),
            extensions={**response.extensions, "address": backend.address},
        )


class _Network(httpcore.AsyncNetworkBackend):
    """Dials judged addresses only; the Host header, SNI and the name check stay on the name."""

    def __init__(self, resolver: Resolve, guard: Netguard | None, stamps: Stamps) -> None:
        self._resolver = resolver
        self._guard = guard
        self._stamps = stamps
        self.address: str | None = None

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> Stream:
        del timeout, local_address, socket_options
        stamps = self._stamps
        began = time.perf_counter()
        addresses = await self._resolver.addresses(host)
        resolved = time.perf_counter()
        stamps.dns_s = (stamps.dns_s or 0.0) + resolved - began
        if self._guard is not None:
            self._guard.judge_addresses(host, port, addresses)
        try:
            sock = await dial(addresses, port)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        stamps.ready_at = time.perf_counter()
        stamps.connect_s = (stamps.connect_s or 0.0) + stamps.ready_at - resolved
        self.address = sock.getpeername()[0]
        return Stream(sock, stamps)


class _Body(httpx.AsyncByteStream):
    """The raw body; closing it closes the connection, whatever is left unread."""

    def __init__(
        self, response: httpcore.Response, connection: httpcore.AsyncHTTPConnection
    ) -> None:
        self._response = response
        self._connection = connection

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._response.aiter_stream():
            yield part

    async def aclose(self) -> None:
        await self._response.aclose()
        await self._connection.aclose()
