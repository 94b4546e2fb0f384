"""Counts connections where they are made, whatever name or redirect led there.

For each server two checks at a time visit one address and port, and over all servers an address
gets so many connections a second. A check that has to wait for either is begun anew afterwards, so
that its deadline and its times are those of the site alone. What belongs to no check (connectivity
checks, Discord) is not counted.
"""

from contextvars import ContextVar
from functools import lru_cache
from ipaddress import ip_address

from bot.clock import Clock
from bot.engine.host_limits import Lanes

# A content network has thousands of sites behind one address; a stranger must not be flooded.
PER_SECOND = 200
PER_SECOND_INSIDE = 1_000  # the operator's own networks
IDLE_BUCKETS = 4_096

Place = tuple[int, str, int]  # server, address, port


class Busy(Exception):
    """The connection was not made: its check waits for its turn."""


class Limits:
    """Places by server, address and port; a bucket of connections for each address."""

    def __init__(self, clock: Clock) -> None:
        self.places: Lanes[Place] = Lanes()
        self._clock = clock
        # When the newest connection of an address is due, if they come evenly (GCRA).
        self._due: dict[str, float] = {}

    def book(self, address: str) -> float:
        """Take a connection of this address; returns in how many seconds it may be made."""
        now = self._clock.monotonic()
        if len(self._due) > IDLE_BUCKETS:
            self._due = {one: due for one, due in self._due.items() if due > now}
        due = max(self._due.get(address, 0.0), now)
        self._due[address] = due + 1 / _rate(address)
        return max(0.0, due - now - 1.0)  # a second's worth may come at once


class Visit:
    """The connections of one check, from its first to its end."""

    def __init__(self, limits: Limits, clock: Clock, server: int) -> None:
        self._limits = limits
        self._clock = clock
        self._server = server
        self._held: set[Place] = set()
        self._booked: set[str] = set()  # waited for, and not used yet
        self._full: Place | None = None
        self._early_s = 0.0
        self._early: str | None = None

    def connect(self, address: str, port: int) -> None:
        """Count a connection that is about to be made. Raises Busy when it has to wait."""
        place = (self._server, address, port)
        if place not in self._held:
            if not self._limits.places.try_enter(place):
                self._full = place
                raise Busy
            self._held.add(place)
        if address in self._booked:
            self._booked.discard(address)
            return
        wait_s = self._limits.book(address)
        if wait_s > 0:
            self._early, self._early_s = address, wait_s
            raise Busy

    @property
    def has_to_wait(self) -> bool:
        """Some connection was not made."""
        return self._full is not None or self._early is not None

    async def wait(self) -> None:
        """Until what was refused may be made; other places are given back meanwhile."""
        full, early, wait_s = self._full, self._early, self._early_s
        self._full = self._early = None
        if full is not None:
            self.end(answered=None)
            await self._limits.places.enter(full)
            self._held.add(full)
        if early is not None:
            self._booked.add(early)
            await self._clock.sleep(wait_s)

    def end(self, *, answered: bool | None) -> None:
        """Give all places back."""
        held, self._held = self._held, set()
        for place in held:
            self._limits.places.leave(place, answered=answered)


CURRENT: ContextVar[Visit | None] = ContextVar("CURRENT", default=None)


def connecting(address: str, port: int) -> None:
    """A socket is about to connect. Raises Busy when the check it belongs to has to wait."""
    visit = CURRENT.get()
    if visit is not None:
        visit.connect(address, port)


@lru_cache(maxsize=IDLE_BUCKETS)
def _rate(address: str) -> int:
    return PER_SECOND if ip_address(address.partition("%")[0]).is_global else PER_SECOND_INSIDE
