"""An httpx transport that makes one fresh connection for each request and keeps none.

A pool's cost grows with every waiting request, and it hides what a monitor must see: the name,
the connection, the certificate (measured: 4 to 50 times the CPU of this one).
"""

import sys

# httpcore looks for sniffio at every new connection; telling it once that there is none saves
# 0.1 ms a probe (measured).
sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]

import ssl  # noqa: E402 - after the line above
from collections.abc import AsyncIterator  # noqa: E402
from contextlib import nullcontext  # noqa: E402

import httpcore  # noqa: E402
import httpx  # noqa: E402

from bot.engine.approach import Approach  # noqa: E402
from bot.engine.netguard import SCHEME_PORTS, Netguard  # noqa: E402
from bot.engine.resolver import Resolve  # noqa: E402
from bot.engine.sockets import Stream  # noqa: E402
from bot.engine.stamps import Stamps  # noqa: E402
from bot.engine.tls import unverified_context  # noqa: E402
from bot.engine.wire_grammar import make_linear  # noqa: E402

make_linear()

BODY_BUDGET = 512 * 1024  # on the wire, framing of the chunks included
ADDRESS = "address"  # the response's extension that names the address it came from


class OneShot(httpx.AsyncBaseTransport):
    """Resolve, judge, dial, ask. ``guard`` None: the operator's own addresses are not judged.

    Raises httpcore's errors as they are; :mod:`bot.engine.failures` names them.
    """

    def __init__(
        self,
        resolver: Resolve,
        context: ssl.SSLContext,
        guard: Netguard | None = None,
        *,
        fresh_names: bool = False,
    ) -> None:
        self._context = context
        self._approach = Approach(resolver, guard, fresh_names=fresh_names)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self.ask(request, Stamps())

    async def ask(self, request: httpx.Request, stamps: Stamps) -> httpx.Response:
        """Send one request on its own connection; ``stamps`` learns how long each phase took."""
        url = request.url
        host, port = url.raw_host.decode("ascii"), url.port or SCHEME_PORTS[url.scheme]
        stream, address = await self._connect(host, port, stamps)
        if url.scheme == "https":
            await stream.start_tls(self._context, host)
        connection = _Connection(httpcore.Origin(url.raw_scheme, url.raw_host, port), stream)
        core_url = httpcore.URL(
            scheme=url.raw_scheme, host=url.raw_host, port=port, target=url.raw_path
        )
        core = httpcore.Request(request.method, core_url, headers=request.headers.raw)
        try:
            response = await connection.handle_async_request(core)
        except BaseException:
            await connection.aclose()
            raise
        stream.allow_body(BODY_BUDGET)
        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=_Body(response, connection),
            extensions={**response.extensions, ADDRESS: address},
        )

    async def unverified_certificate(self, host: str, port: int) -> bytes:
        """The DER of whatever certificate the peer shows. Raises what connecting raises."""
        stream, _ = await self._connect(host, port, Stamps())
        try:
            await stream.start_tls(unverified_context(), host)
            der: bytes = stream.get_extra_info("ssl_object").getpeercert(binary_form=True)
        finally:
            await stream.aclose()
        return der

    async def _connect(self, host: str, port: int, stamps: Stamps) -> tuple[Stream, str]:
        """Only judged addresses are dialled; Host header, SNI and name check stay on the name."""
        try:
            dialled = await self._approach.connect(host, port, stamps)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        return Stream(dialled.sock, stamps), dialled.address


class _Connection(httpcore.AsyncHTTP11Connection):
    """httpcore's HTTP/1.1 for one request alone, so nothing has to be locked.

    httpcore's lock goes once round the event loop at each use, a tenth of a plain probe's cost
    (measured); should httpcore rename it, only that saving is lost.
    """

    def __init__(self, origin: httpcore.Origin, stream: Stream) -> None:
        super().__init__(origin, stream)
        self._state_lock = nullcontext()  # type: ignore[assignment]


class _Body(httpx.AsyncByteStream):
    """The raw body; closing it closes the connection, whatever is left unread."""

    def __init__(
        self, response: httpcore.Response, connection: httpcore.AsyncHTTP11Connection
    ) -> None:
        self._response = response
        self._connection = connection

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._response.aiter_stream()

    async def aclose(self) -> None:
        await self._response.aclose()
        await self._connection.aclose()
