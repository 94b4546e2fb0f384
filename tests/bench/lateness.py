"""How late checks start, with every part of the product but Discord, in a process of its own."""

import asyncio
import ipaddress
import json
import subprocess
import sys
from pathlib import Path

from bot.app import App
from bot.config import Config
from bot.db import guilds, monitors
from bot.db.database import Connection, Database
from bot.engine import process
from bot.models import GuildSettings, Monitor, Target
from tests.bench.origins import Origins
from tests.bench.rivals import cpu_s
from tests.bench.tables import note, show

# Sites that hang do so from the start: their confirm checks and the deadline of 10 s are in it.
WARM_UP_S, MEASURED_S = 25.0, 20.0
LOCAL = (ipaddress.ip_network("127.0.0.0/8"),)


async def measure(folder: Path, count: int, hang: int) -> tuple[int, int, float, int]:
    """Lateness (median, p99, ms), share of one core, and the most checks under way."""
    process.allow_many()
    with Origins(500) as origins, Origins(500, hang=500) as hanging:
        urls = [*origins.urls(count - hang), *hanging.urls(hang)]
        config = Config(
            database=folder / "late.db",
            allow_private=LOCAL,
            canaries=(origins.urls(1)[0],),
        )
        db = await Database.open(config.database)
        try:
            await db.write(lambda conn: _watch(conn, urls))
            app = App(config, db)
            await app.start()
            parts = [
                asyncio.create_task(part())
                for part in (app.scheduler.run, app.recorder.run, app.connectivity.run)
            ]
            await asyncio.sleep(WARM_UP_S)
            late, before, most = app.scheduler.stats.late, cpu_s(), 0
            found: list[int] = []
            for _ in range(round(MEASURED_S)):
                late.clear()
                await asyncio.sleep(1)
                found += late
                most = max(most, app.scheduler.stats.running)
            share = (cpu_s() - before) / MEASURED_S
            for part in parts:
                part.cancel()
            await app.scheduler.stop(2)
            await app.engine.resolver.close()
        finally:
            await db.close()
    found.sort()
    return found[len(found) // 2], found[len(found) * 99 // 100], share, most


def _watch(conn: Connection, urls: list[str]) -> None:
    guilds.save(conn, GuildSettings(1, channel_id=1))
    for number, url in enumerate(urls):
        monitors.insert(conn, Monitor(0, 1, f"site {number}", Target(url), 60))


def run(folder: Path) -> None:
    rows = []
    for count, hang in ((1_000, 0), (1_000, 100), (10_000, 0), (10_000, 1_000)):
        place = folder / f"late-{count}-{hang}"
        place.mkdir()
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.lateness", str(place), str(count), str(hang)],
            stdout=subprocess.PIPE,
            check=True,
        )
        median, p99, share, most = json.loads(done.stdout)
        rows.append((count, hang, median, p99, share * 100, most, "p99 ≤ 100 ms"))
        note(f"{count:,} sites at 60 s, {hang:,} hang: late at p99, ms", p99, "≤ 100")
    show(
        "Lateness of checks at 60 s",
        ("sites", "of them hang", "median ms", "p99 ms", "CPU %", "most under way", "bar"),
        rows,
    )


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(Path(sys.argv[1]), *map(int, sys.argv[2:])))))
