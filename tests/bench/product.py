"""The whole product as its own process, the stand-in for Discord in this one, sites in a third."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bot.config import child_environment
from bot.db import guilds, monitors
from bot.db.database import Connection, Database
from bot.engine.judge_state import CALM, JudgeState
from bot.models import GuildSettings, Monitor, Target
from tests.bench.origins import Origins, certificate
from tests.bench.rivals import blackbox, process_cpu_s, rival
from tests.bench.tables import note, show
from tests.harness import Harness

RAW, HTTPX, BLACKBOX = "raw sockets", "httpx as it comes", "blackbox_exporter, its probes alone"
BARS = {"plain": "≤ 0.35", "TLS": "≤ 1.20"}
WARM_UP_S, MEASURED_S = 2.0, 15.0  # warm: each site was visited once, and these seconds more


@dataclass(frozen=True)
class Load:
    """What one run of the bot cost."""

    cpu_s: float  # per 1,000 checks
    memory_mb: float
    first_check_s: float
    checks: int


async def seed(h: Harness, urls: Sequence[str], every_s: int) -> None:
    """Watch these addresses, written into the database while no bot runs.

    Their state is that of a quiet day: the last sixty rounds were good.
    """
    calm = JudgeState(rounds=CALM, has_been_up=True).dump()
    guild = h.sandbox.world.guild("Harbour")
    channel_id = int(h.sandbox.channel("alerts").id)

    def write(conn: Connection) -> None:
        guilds.save(conn, GuildSettings(int(guild.id), channel_id=channel_id))
        for number, url in enumerate(urls):
            monitor = Monitor(0, int(guild.id), f"site {number}", Target(url), every_s)
            monitors.save_judge_state(conn, monitors.insert(conn, monitor), calm)

    db = await Database.open(h.database)
    try:
        await db.write(write)
    finally:
        await db.close()


@asynccontextmanager
async def loaded(
    folder: Path, origins: Origins, count: int, every_s: int, **environment: str
) -> AsyncIterator[tuple[Harness, float]]:
    """A bot that watches ``count`` sites, and when it was started."""
    async with Harness(folder, settings=None, **environment) as h:
        await seed(h, origins.urls(count), every_s)
        started = time.monotonic()
        await h.bot.start()
        yield h, started


async def load(
    folder: Path, origins: Origins, count: int, every_s: int, **environment: str
) -> Load:
    async with loaded(folder, origins, count, every_s, **environment) as (h, started):
        assert h.bot.process is not None
        pid = h.bot.process.pid
        await asyncio.sleep(every_s + WARM_UP_S)
        visits, cpu_s = origins.seen().visits, process_cpu_s(pid)
        await asyncio.sleep(MEASURED_S)
        seen = origins.seen()
        checks = seen.visits - visits
        used_s = process_cpu_s(pid) - cpu_s
        return Load(used_s * 1000 / checks, memory_of(pid), seen.first - started, checks)


def memory_of(pid: int) -> float:
    """Resident megabytes."""
    lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


async def cost(folder: Path) -> None:
    """CPU per 1,000 checks, every way in the same run, plain and over TLS."""
    found: dict[str, list[float]] = {}
    for kind, pem in (("plain", None), ("TLS", certificate(folder))):
        environment = {} if pem is None else {"SSL_CERT_FILE": str(pem)}
        child = child_environment(**environment)
        with Origins(200, certificate=pem) as origins:
            urls = origins.urls(200)
            many = await load(folder / kind, origins, 1_000, 10, **environment)
            few = await load(folder / f"{kind} few", origins, 100, 20, **environment)
            alone = {
                name: await asyncio.to_thread(rival, how, urls, child)
                for name, how in (("its check alone", "check"), (RAW, "raw"), (HTTPX, "httpx"))
            }
            blackbox_s = await asyncio.to_thread(blackbox, folder, urls, child)
        measured = {"Vigie, 1,000 sites at 10 s": many.cpu_s, "Vigie, 100 sites at 20 s": few.cpu_s}
        measured |= alone | ({} if blackbox_s is None else {BLACKBOX: blackbox_s})
        for name, cpu_s in measured.items():
            found.setdefault(name, []).extend((cpu_s, cpu_s / alone[RAW]))
        note(f"CPU of a check, everything included ÷ raw sockets, {kind}", many.cpu_s / alone[RAW])
        note(f"the same ÷ plain httpx alone, {kind}", many.cpu_s / alone[HTTPX])
        if blackbox_s is not None:
            note(f"the same ÷ blackbox_exporter alone, {kind}", many.cpu_s / blackbox_s)
        note(f"{kind}, CPU s per 1,000 checks", many.cpu_s, BARS[kind])
        note(f"100 sites at 20 s, {kind}, % of a core", few.cpu_s * few.checks / MEASURED_S / 10)
    show(
        "CPU seconds per 1,000 checks, and how many times that of raw sockets",
        ("", "plain", "× raw", "TLS", "× raw"),
        [(name, *values) for name, values in found.items()],
    )


async def memory(folder: Path) -> None:
    """Resident memory, cost and first check as the number of sites grows."""
    rows = []
    bars = {
        100: "≤ 80 MB",
        1_000: "first check < 2 s",
        5_000: "≤ 120 MB",
        10_000: "cost does not grow",
    }
    for count, every_s in ((100, 1), (1_000, 10), (5_000, 40), (10_000, 60)):
        with Origins(min(count, 1_000)) as origins:
            found = await load(folder / f"memory{count}", origins, count, every_s)
        rows.append((count, found.memory_mb, found.cpu_s, found.first_check_s, bars[count]))
        note(f"memory with {count:,} sites, MB", found.memory_mb)
    show(
        "As the number of sites grows, about 100 to 170 checks a second",
        ("sites", "MB resident", "CPU s / 1,000", "start to first check, s", "bar"),
        rows,
    )


async def soak(folder: Path) -> None:
    """Resident memory over ten minutes of some 250 checks a second."""
    with Origins(500) as origins:
        async with loaded(folder / "soak", origins, 500, 2) as (h, started):
            assert h.bot.process is not None
            rows = []
            for minute in (1, 2, 4, 6, 8, 10):
                await asyncio.sleep(started + minute * 60 - time.monotonic())
                found = origins.seen().visits, memory_of(h.bot.process.pid)
                rows.append((f"after {minute} min", *found))
    show("Memory over time, 500 sites at 2 s", ("", "checks", "MB resident"), rows)


async def latency(folder: Path) -> None:
    """From the commit of an opening to the message at Discord; and a mass outage."""
    names = [f"site{n}" for n in range(5)]
    many = [f"many{n}" for n in range(100)]
    delays_ms = []
    async with Harness(folder / "latency") as h:
        await h.seed(*names, *many)
        await h.bot.start()
        for name in names:
            await h.sites[name].visited(2)
            post = await h.outage(name)
            with h.store() as conn:
                opened_ms = conn.execute("SELECT max(opened_ms) FROM incident").fetchone()[0]
            delays_ms.append(posted_ms(int(post["id"])) - opened_ms)
            await h.recovery(name)
        before = len(h.posts())
        for name in many:
            h.sites[name].fail()
        began = time.monotonic()
        await h.wait_post(f"{len(many)} down: ", seconds=90)
        took_s = time.monotonic() - began
        posts = len(h.posts()) - before
        h.expected.unsent = True  # it ends in the middle of the outage
    show(
        "From a decision to the channel (sites at 1 s)",
        ("", "", "bar"),
        [
            ("opening committed → posted, median ms", float(median(delays_ms)), ""),
            ("the slowest of five, ms", float(max(delays_ms)), ""),
            ("100 sites fail at once: posts", posts, "≤ 2"),
            ("until one post names them all, s", took_s, ""),
        ],
    )


def posted_ms(message_id: int) -> int:
    """The time inside a Discord id."""
    return (message_id >> 22) + 1_420_070_400_000
