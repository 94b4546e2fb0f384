"""Names only the system knows: mDNS (``.local``), search domains, other sources of nsswitch.

c-ares asks name servers and the hosts file alone, so in a home lab it would call a living host
dead. Threads of their own: a dead name holds one for 10 s (measured), never one of the others'.
"""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import partial

THREADS = 4
TIMEOUT_S = 3.0


class SystemNames:
    """The system's own ``getaddrinfo``; threads are started when first needed."""

    def __init__(self) -> None:
        self._threads: ThreadPoolExecutor | None = None

    async def addresses(self, host: str) -> tuple[str, ...]:
        """All addresses of ``host``, none when the system has none in time."""
        if self._threads is None:
            self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="names")
        ask = partial(socket.getaddrinfo, host, None, type=socket.SOCK_STREAM)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                found = await asyncio.get_running_loop().run_in_executor(self._threads, ask)
        except (OSError, UnicodeError):  # TimeoutError is an OSError
            return ()
        return tuple(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))

    def close(self) -> None:
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
