"""Names only the system knows: mDNS (``.local``), search domains, other sources of nsswitch.

c-ares asks name servers and the hosts file alone, so in a home lab it would call a living host
dead. Threads of their own: a dead name holds one for 10 s (measured), never one of the others'.
They are daemons, for nothing can cancel a look-up: the end of the process waits for none of them.
"""

import asyncio
import contextlib
import socket
import threading

THREADS = 4
TIMEOUT_S = 3.0

Answer = asyncio.Future[tuple[str, ...]]


class SystemNames:
    """The system's own ``getaddrinfo``, a few look-ups at a time."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(THREADS)

    async def addresses(self, host: str) -> tuple[str, ...]:
        """All addresses of ``host``, none when the system has none in time."""
        loop = asyncio.get_running_loop()
        answer: Answer = loop.create_future()
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._free.acquire()  # freed when the thread ends, in time or not
                look_up = threading.Thread(
                    target=self._ask, args=(host, loop, answer), name="names", daemon=True
                )
                look_up.start()
                return await answer
        except TimeoutError:
            return ()

    def _ask(self, host: str, loop: asyncio.AbstractEventLoop, answer: Answer) -> None:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            found = []
        addresses = tuple(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(self._done, answer, addresses)

    def _done(self, answer: Answer, addresses: tuple[str, ...]) -> None:
        self._free.release()
        if not answer.done():
            answer.set_result(addresses)
