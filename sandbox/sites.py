"""The demo's local web sites; one of them lives through the night of 8 November 2016.

``election_night.jsonl`` is that night cut to 150 rounds: calm, a ramp, hours of waves in which
about one visit in four gets through, and the end.
"""

import asyncio
import json
import time
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

NIGHT = Path(__file__).parent / "election_night.jsonl"
ROUND_S = 1.0
# Checks that come later than this after a round's first one begin the next round.
SAME_ROUND_S = 0.85
# Hosts under .localhost are this machine by themselves (RFC 6761).
BAKERY, IMMIGRATION, LIBRARY = "bakery", "immigration", "library"
# They stand behind one server, which fails once.
TOWN = ("choir", "cinema", "forum", "museum", "school", "wiki")
NAMES = {
    BAKERY: "Bakery",
    IMMIGRATION: "Immigration Canada",
    LIBRARY: "Town library",
    **{host: f"Town {host}" for host in TOWN},
}
REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Moment:
    """Fate of one round: of its first check and of two confirming ones."""

    fates: tuple[str, ...]
    ms: int


def election_night() -> list[Moment]:
    """The project's own cut of the night, one moment a round."""
    rows = [json.loads(line) for line in NIGHT.read_text(encoding="utf-8").splitlines()]
    return [Moment((row["outcome"], *row["retry"]), row["ms"]) for row in rows]


@dataclass(slots=True)
class Story:
    """A site's fate over time: which moment it is, and which check of the round asks."""

    moments: list[Moment]
    speed: float = 1.0
    begun: float | None = None
    _round_at: float = field(default=-10.0, init=False)
    _checks: int = field(default=0, init=False)

    def begin(self) -> None:
        self.begun = time.monotonic()

    @property
    def left_s(self) -> float:
        """Seconds until it is over; the whole length before it has begun."""
        noted_s = 0.0 if self.begun is None else time.monotonic() - self.begun
        return max(0.0, len(self.moments) * ROUND_S / self.speed - noted_s)

    def fate(self) -> tuple[str, int]:
        """Answer to the next visit, and the milliseconds it takes."""
        now = time.monotonic()
        if now - self._round_at > SAME_ROUND_S:
            self._round_at, self._checks = now, 0
        index = self._index()
        if self.begun is None or index >= len(self.moments):
            return "ok", 40
        moment = self.moments[index]
        fate = moment.fates[min(self._checks, len(moment.fates) - 1)]
        self._checks += 1
        return fate, moment.ms

    def _index(self) -> int:
        if self.begun is None:
            return 0
        return int((time.monotonic() - self.begun) / ROUND_S * self.speed)


class Sites:
    """All sites on one port of this machine, kept apart by the host that is asked for."""

    def __init__(self, speed: float) -> None:
        self.night = Story(election_night(), speed)
        self.broken: set[str] = set()
        self.unplugged = False
        self._runner: web.AppRunner | None = None
        self._port = 0

    def url(self, host: str) -> str:
        return f"http://{host}.localhost:{self._port}/"

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/", self._visit)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = self._runner.addresses[0][1]

    def turn(self, hosts: set[str], *, broken: bool) -> None:
        self.broken = self.broken | hosts if broken else self.broken - hosts

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _visit(self, request: web.Request) -> web.StreamResponse:
        host = request.host.partition(".")[0]
        fate, ms = self.night.fate() if host == IMMIGRATION else ("ok", 20 + len(host) * 7)
        if host in self.broken:
            fate = "http_502" if host == BAKERY else "http_503"
        await asyncio.sleep(ms / 1000)
        if self.unplugged or (fate != "ok" and not fate.startswith("http_")):
            if request.transport is not None:
                request.transport.abort()
        elif fate != "ok":
            return web.Response(status=int(fate.removeprefix("http_")), text="It does not work.")
        return web.Response(text="All is well.")
