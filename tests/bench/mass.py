"""All sites of one server fail at once, and come back: what an incident costs beyond its checks.

Every part but the network and Discord, in a process of its own: the real scheduler, judge,
recorder, store and delivery on real time. Each message is laid out as for Discord and takes 100 ms.
"""

import asyncio
import contextlib
import gc
import itertools
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from bot.clock import SystemClock
from bot.config import Config
from bot.db import database, guilds, monitors
from bot.db.database import Connection, Database
from bot.discord.alert_card import laid_out
from bot.engine.netguard import Netguard
from bot.models import Cause, CheckResult, GuildSettings, Monitor, Phases, Reason, Target
from bot.services.delivery.messages import Alert
from bot.services.registry import Core
from bot.services.simulation import NullTransport
from tests.bench.tables import note, show

SIZES = ((100, 20), (1_000, 20), (3_000, 30), (10_000, 60))
CALM, CALM_S = 100, 5  # sites of another server, at this interval
REQUEST_S = 0.1
STEADY_S, SETTLED_S = 20.0, 5.0
NOTED_MS = 20
DOWN = Cause(Reason.HTTP, 503)
T = TypeVar("T")


class Switch:
    """A network in which the sites of the first server all fail, or none."""

    def __init__(self) -> None:
        self.failing = False
        self.checks = 0
        self.calm: dict[str, list[float]] = {}

    async def check(self, target: Target) -> CheckResult:
        self.checks += 1
        if target.url.startswith("https://calm"):
            self.calm.setdefault(target.url, []).append(time.monotonic())
        await asyncio.sleep(0)
        fails = self.failing and target.url.startswith("https://site")
        now_ms = round(time.time() * 1000)
        return CheckResult(now_ms, DOWN if fails else None, phases=Phases(total=20.0))

    async def is_online_since(self, started: float) -> bool:
        del started
        return True

    def late_ms(self) -> int:
        """How late the calm server's checks come, p99."""
        gaps = [b - a for times in self.calm.values() for a, b in itertools.pairwise(times)]
        late = sorted(abs(gap - CALM_S) for gap in gaps)
        return round(late[len(late) * 99 // 100] * 1000) if late else 0


@dataclass
class Paper(NullTransport):
    """Takes every message after a while, and counts the sites that it says are in trouble."""

    named: dict[int, frozenset[int]] = field(default_factory=dict)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    first: float | None = None
    messages: int = 0
    # By incident: ms from its first failed check to its opening, and from that to its being named.
    opened_ms: dict[int, int] = field(default_factory=dict)
    counted_ms: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()

    async def post(
        self, channel_id: int, alert: Alert, *, nonce: str, reply_to: int | None = None
    ) -> int:
        await self._take(alert)
        message_id = await super().post(channel_id, alert, nonce=nonce, reply_to=reply_to)
        self.messages += 1
        if reply_to is None:
            self.first = self.first or time.monotonic()
            self._name(message_id, alert)
        self.news.set()
        return message_id

    async def edit(self, channel_id: int, message_id: int, alert: Alert) -> None:
        del channel_id
        await self._take(alert)
        self._name(message_id, alert)

    async def _take(self, alert: Alert) -> None:
        await laid_out(alert)
        await asyncio.sleep(REQUEST_S)

    def _name(self, message_id: int, alert: Alert) -> None:
        self.named[message_id] = frozenset(one.monitor_id for one in alert.incidents if one.open)
        now_ms = round(time.time() * 1000)
        for one in alert.incidents:
            self.opened_ms.setdefault(one.id, one.opened_ms - one.since_ms)
            self.counted_ms.setdefault(one.id, now_ms - one.opened_ms)
        self.news.set()

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until something holds, looking after each message about a list."""
        while not true():
            self.news.clear()
            await self.news.wait()

    def count(self) -> int:
        return len(frozenset[int]().union(*self.named.values()))


class Holds:
    """Processor time that each work took of the database thread, over 20 ms, by name.

    Of the processor's: how long it lasts on a shared machine says more about the machine.
    """

    def __init__(self) -> None:
        self.found: dict[str, list[int]] = {}
        self._timed = database._timed
        database._timed = self.timed

    def timed(
        self, conn: Connection, work: Callable[[Connection], T], named: Callable[..., object]
    ) -> T:
        begun = time.thread_time()
        try:
            return self._timed(conn, work, named)
        finally:
            took_ms = round((time.thread_time() - begun) * 1000)
            if took_ms > NOTED_MS:
                name = getattr(named, "__qualname__", type(named).__name__)
                self.found.setdefault(name, []).append(took_ms)

    def take(self) -> int:
        """The longest, in ms, since the last time; all of them to stderr."""
        longest_ms = max((max(each) for each in self.found.values()), default=0)
        print({name: (len(each), max(each)) for name, each in self.found.items()}, file=sys.stderr)
        self.found.clear()
        return longest_ms


class Lag:
    """How late the loop turns."""

    def __init__(self) -> None:
        self.found: list[float] = []

    async def watch(self) -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            self.found.append(time.monotonic() - before - 0.01)

    def p99_ms(self) -> int:
        found = sorted(self.found)
        return round(found[len(found) * 99 // 100] * 1000) if found else 0


def _watch(conn: Connection, count: int, every_s: int) -> None:
    guilds.save(conn, GuildSettings(1, channel_id=1))
    guilds.save(conn, GuildSettings(2, channel_id=2))
    for number in range(count):
        target = Target(f"https://site{number}.example/")
        monitors.insert(conn, Monitor(0, 1, f"site {number}", target, every_s))
    for number in range(CALM):
        target = Target(f"https://calm{number}.example/")
        monitors.insert(conn, Monitor(0, 2, f"calm {number}", target, CALM_S))


@contextlib.asynccontextmanager
async def running(
    folder: Path, count: int, every_s: int
) -> AsyncIterator[tuple[Core, Switch, Paper]]:
    switch, paper, clock = Switch(), Paper(), SystemClock()
    db = await Database.open(folder / "mass.db")
    try:
        await db.write(lambda conn: _watch(conn, count, every_s))
        core = Core(
            Config(max_monitors=count),
            db,
            clock,
            checker=switch,
            guard=Netguard(),
            online_check=switch,
        )
        await core.load()
        core.monitors.start()
        core.delivery.attach(paper)
        gc.collect()
        gc.freeze()  # as the product does once it has loaded
        work = (core.scheduler.run, core.recorder.run, core.connectivity.run, core.delivery.run)
        parts = [asyncio.create_task(part()) for part in work]
        yield core, switch, paper
        await core.scheduler.stop(2)
        await core.delivery.stop(1)
        for part in parts:
            part.cancel()
        await asyncio.gather(*parts, return_exceptions=True)
    finally:
        await db.close()


async def measure(folder: Path, count: int, every_s: int, *, recover: bool) -> dict[str, float]:
    """One mass outage, to its end if that is wanted."""
    holds, lag = Holds(), Lag()
    async with running(folder, count, every_s) as (core, switch, paper):
        await asyncio.sleep(every_s + 2)
        switch.calm.clear()
        watching = asyncio.create_task(lag.watch())
        holds.take()
        switch.failing = True
        begun, used, checks = time.monotonic(), time.process_time(), switch.checks
        # The first post of a lone one: its deciding check comes after this.
        alone_s = min(60, 2 * every_s)
        async with asyncio.timeout(alone_s + every_s + 120):
            await paper.until(lambda: paper.count() == count)
        all_s = time.monotonic() - begun
        used, checks = time.process_time() - used, switch.checks - checks
        found = {
            "first_s": (paper.first or 0) - begun,
            "all_s": all_s,
            "open_late_ms": max(paper.opened_ms.values()) - alone_s * 1000,
            "counted_s": max(paper.counted_ms.values()) / 1000,
            "messages": paper.messages,
            "lag_p99_ms": lag.p99_ms(),
            "lag_max_ms": round(max(lag.found) * 1000),
            "held_ms": holds.take(),
            "late_ms": switch.late_ms(),
        }
        # What failing checks cost alone, once nothing changes any more.
        steady_used, steady_checks = time.process_time(), switch.checks
        await asyncio.sleep(max(STEADY_S, every_s))
        per_check = (time.process_time() - steady_used) / (switch.checks - steady_checks)
        found["ms_each"] = (used - checks * per_check) * 1000 / count
        if recover:
            found |= await _recovery(
                core, switch, paper, count=count, per_check=per_check, holds=holds, lag=lag
            )
        watching.cancel()
        return found


async def _recovery(
    core: Core,
    switch: Switch,
    paper: Paper,
    *,
    count: int,
    per_check: float,
    holds: Holds,
    lag: Lag,
) -> dict[str, float]:
    messages = paper.messages
    lag.found.clear()
    switch.calm.clear()
    switch.failing = False
    used, checks = time.process_time(), switch.checks
    await paper.until(
        lambda: paper.messages > messages and not (core.watchlist.in_trouble() or paper.count())
    )
    await asyncio.sleep(SETTLED_S)  # replies of more sites than one message takes
    used, checks = time.process_time() - used, switch.checks - checks
    return {
        "back_ms_each": (used - checks * per_check) * 1000 / count,
        "back_messages": paper.messages - messages,
        "back_lag_p99_ms": lag.p99_ms(),
        "back_held_ms": holds.take(),
        "back_late_ms": switch.late_ms(),
    }


def run(folder: Path) -> None:
    """The curve from 100 to 10,000 sites."""
    rows = []
    for count, every_s in SIZES:
        place = folder / f"mass-{count}"
        place.mkdir()
        arguments = [str(place), str(count), str(every_s), "recover"]
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.mass", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=True,
        )
        found = json.loads(done.stdout)
        rows.append((count, every_s, *(found[name] for name in COLUMNS)))
        note(f"{count:,} sites fail at once: CPU ms each", found["ms_each"], "≤ 3")
    show("All sites of a server at once", ("sites", "every s", *COLUMNS.values()), rows)


COLUMNS = {
    "first_s": "first post s",
    "all_s": "all named s",
    "open_late_ms": "latest opening ms",
    "counted_s": "counted after it s (< 20)",
    "messages": "messages",
    "ms_each": "CPU ms each (≤ 3)",
    "lag_p99_ms": "lag p99 ms (< 100)",
    "held_ms": "store held ms (< 50)",
    "late_ms": "others late p99 ms",
    "back_ms_each": "back: CPU ms each (≤ 3)",
    "back_messages": "messages",
    "back_lag_p99_ms": "lag p99 ms",
    "back_held_ms": "store held ms",
    "back_late_ms": "others late p99 ms",
}


if __name__ == "__main__":
    place_, count_, every_, *more = sys.argv[1:]
    print(
        json.dumps(
            asyncio.run(measure(Path(place_), int(count_), int(every_), recover="recover" in more))
        )
    )
