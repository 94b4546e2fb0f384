"""One connection to the NATS server, made anew for as long as somebody wants it.

The client's own reconnecting is off: it keeps what could not be sent and sends it later, and waits
for a dead line to close before it says that it is lost. A fresh client each time has neither.
"""

import asyncio
import logging
import random
import socket
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from bot.errors import ConfigError
from bot.places.address import Server

log = logging.getLogger(__name__)

CONNECT_S = 5
PING_S, PINGS = 5, 2  # a line that is cut without a word is given up after 15 s
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 5.0
CLOSE_S = 2.0
NOBODY = "503"  # a message's status: nobody is subscribed to its subject
_REFUSED = "authorization violation"
_PERMISSIONS = "permissions violation"


class Refused(Exception):
    """The server does not take this user and secret."""


class Connection:
    """Keeps a connection to ``server``, under ``name`` in the server's own lists.

    ``begin`` subscribes and says hello on each new one; ``lost`` is called at once when it is gone.
    That the server permits a subject of ``optional`` is not expected.
    """

    def __init__(
        self,
        server: Server,
        name: str,
        begin: Callable[[Client], Awaitable[None]],
        lost: Callable[[], None],
        optional: Collection[str] = (),
    ) -> None:
        self._server, self._name, self._begin, self._lost = server, name, begin, lost
        self._ended = asyncio.Event()
        self.trouble: str | None = None  # why there is no connection, once that is known
        self._optional = optional
        self._overrun = False

    async def run(self) -> None:
        """Connect again and again until cancelled.

        Raises ConfigError, or Refused, when the very first answer of the server says so.
        """
        pause_s, connected_once = FIRST_PAUSE_S, False
        while True:
            try:
                await self._once()
                pause_s, connected_once = FIRST_PAUSE_S, True
            except (ConfigError, Refused) as error:
                self._report(str(error))
                if not connected_once:
                    raise
            except Exception as error:  # noqa: BLE001 - whatever answers there may be no NATS server
                self._report(str(error) or type(error).__name__)
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))  # noqa: S311 - spreads load
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def judge(self) -> None:
        """Raises ConfigError for a server that would be reached in the clear over a public network.

        A name that cannot be looked up now is judged when it is connected to.
        """
        with suppress(OSError):  # a TimeoutError is one
            await self._urls()

    async def _once(self) -> None:
        urls = await self._urls()
        client = Client()
        try:
            await self._connect(client, urls)
            self._ended.clear()  # of several addresses one may have failed
            await self._begin(client)
            log.info("Connected to NATS at %s", self._server)
            self.trouble = None
            if client.is_connected:
                await self._ended.wait()
            self._report("the connection is lost")
        finally:
            self._lost()
            await self._close(client)

    async def _connect(self, client: Client, urls: list[str]) -> None:
        """Raises Refused, OSError, or an error of the client's."""
        try:
            async with asyncio.timeout(CONNECT_S):
                await client.connect(
                    urls,
                    name=self._name,
                    user=self._server.user or None,
                    password=self._server.password or None,
                    error_cb=self._heard_error,
                    closed_cb=self._heard_end,
                    allow_reconnect=False,
                    max_reconnect_attempts=1,
                    reconnect_time_wait=0,
                    connect_timeout=CONNECT_S,
                    ping_interval=PING_S,
                    max_outstanding_pings=PINGS,
                )
        except nats.errors.NoServersError as error:
            raise client.last_error or error from None
        except nats.errors.Error as error:
            if _REFUSED in str(error).lower():
                raise Refused(f"{self._server} does not take this user and secret.") from error
            raise

    async def _urls(self) -> list[str]:
        """Where to connect. Without TLS: to the very addresses that were judged."""
        server = self._server
        if server.tls or server.literal:
            return [server.url(server.host)]
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_S):
            found = await loop.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(address[0]) for *_, address in found))
        server.require_private(addresses)
        return [server.url(address) for address in addresses]

    async def _heard_error(self, error: Exception) -> None:
        text = str(error)
        if _PERMISSIONS in text.lower():
            usual = any(f'"{subject.lower()}"' in text.lower() for subject in self._optional)
            log.log(logging.DEBUG if usual else logging.WARNING, "NATS refuses: %s", text)
        elif isinstance(error, nats.errors.SlowConsumerError):
            if not self._overrun:
                log.warning("NATS brings more than can be read, some is lost: %s", error.subject)
            self._overrun = True
        elif isinstance(error, OSError | nats.errors.Error):
            self._ended.set()
        else:
            log.error("A message could not be handled", exc_info=error)

    async def _heard_end(self) -> None:
        self._ended.set()

    async def _close(self, client: Client) -> None:
        """A dead line may take what is still to be sent for ever."""
        try:
            async with asyncio.timeout(CLOSE_S):
                await client.close()
        except (OSError, nats.errors.Error, TimeoutError) as error:
            log.debug("Closing: %r", error)

    def _report(self, text: str) -> None:
        """Once for each reason, not at every check."""
        if text != self.trouble:
            self.trouble = text
            log.warning("No connection to NATS at %s: %s", self._server, text)


def is_nobody(message: Msg) -> bool:
    """True when the server itself answers that nobody is there to be asked."""
    return not message.data and (message.headers or {}).get("Status") == NOBODY
