"""The one way to a host, for whatever wants to connect: a name, judged addresses, a connection."""

import time

from bot.engine.dialling import Dialled, dial
from bot.engine.netguard import Netguard
from bot.engine.resolver import Resolve
from bot.engine.stamps import PhaseTimer


class Approach:
    """Resolves once, judges every address, dials a judged one.

    ``guard`` None: the operator's own addresses are not judged. ``fresh_names``: no cache is asked.
    """

    def __init__(
        self, resolver: Resolve, guard: Netguard | None, *, fresh_names: bool = False
    ) -> None:
        self._resolver = resolver
        self._guard = guard
        self._fresh_names = fresh_names

    async def connect(
        self, host: str, port: int, stamps: PhaseTimer, scheme: str = "https"
    ) -> Dialled:
        """Raises NameFailed, AddressRefused, or the OSError that tells most."""
        began = time.perf_counter()
        addresses = await self._resolver.addresses(host, fresh=self._fresh_names)
        # Judged before the time is noted: a name that leads inside looks like one that is none.
        if self._guard is not None:
            self._guard.judge_addresses(host, port, addresses, scheme)
        resolved = stamps.resolved(began)
        dialled = await dial(addresses, port)
        stamps.connected(resolved)
        return dialled
