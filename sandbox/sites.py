"""A few local web sites to watch; one of them lives through the night of 8 November 2016.

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
    """A site's fate over time: which moment it is, and which try of the round asks."""

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
    """All sites on one port of 127.0.0.1, kept apart by their path."""

    def __init__(self, speed: float) -> None:
        self.night = Story(election_night(), speed)
        # One single failed visit: nobody is to hear of it.
        self.blip = Story([Moment(("ok",), 30)] * 40 + [Moment(("http_503", "ok"), 30)], speed)
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/immigration", lambda request: _visit(request, self.night))
        app.router.add_get("/bakery", lambda request: _visit(request, self.blip))
        app.router.add_get("/{steady:library|canary}", _fine)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"

    def begin(self) -> None:
        """Begin the night."""
        self.night.begin()
        self.blip.begin()

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()


async def _visit(request: web.Request, story: Story) -> web.StreamResponse:
    fate, ms = story.fate()
    await asyncio.sleep(ms / 1000)
    if fate.startswith("http_"):
        return web.Response(status=int(fate.removeprefix("http_")), text="Internal server error")
    if fate != "ok" and request.transport is not None:
        request.transport.abort()
    return await _fine(request)


async def _fine(_request: web.Request) -> web.Response:
    return web.Response(text="All is well.")
