"""What results cost on the disk, how fast a year of data answers, how long the hourly job takes."""

import asyncio
import random
import time
from collections.abc import Callable
from pathlib import Path

from bot.db import guilds, monitors, packed, results, rollups, settings
from bot.db.database import Connection, Database
from bot.db.packing import Packer, ResultRow
from bot.db.rollups import DAY_MS, HOUR_MS, Rollup
from bot.models import GuildSettings, Monitor, Target
from bot.services import retention
from bot.services.retention import Retention
from bot.services.uptimes import uptimes
from tests.bench.tables import show
from tests.fakes import FakeClock

SITES, MINUTES = 500, 60
NOW_MS = 1_700_000_000_000 // DAY_MS * DAY_MS + 12 * HOUR_MS
HOUR, DAY = NOW_MS // HOUR_MS, NOW_MS // DAY_MS
MILLION = 1_000_000


def size(conn: Connection) -> int:
    pages = conn.execute("PRAGMA page_count").fetchone()[0]
    free = conn.execute("PRAGMA freelist_count").fetchone()[0]
    return int((pages - free) * conn.execute("PRAGMA page_size").fetchone()[0])


def an_hour(monitor_id: int, hour: int, dice: random.Random) -> list[ResultRow]:
    """A try a minute with a scheduler's jitter, a site's latency and one failure in a thousand."""
    place = monitor_id * 7919 % 60_000
    return [
        ResultRow(
            hour * HOUR_MS + minute * 60_000 + place + dice.randrange(25),
            monitor_id,
            int(dice.lognormvariate(5, 0.4)),
            "timeout:10" if dice.random() < 0.001 else None,
        )
        for minute in range(MINUTES)
    ]


def pack(rows: list[ResultRow], hour: int) -> bytes:
    packer = Packer(hour * HOUR_MS)
    for row in rows:
        packer.add(row.at_ms, row.ms, row.cause)
    return packer.packed()


async def sites(db: Database, count: int) -> list[Monitor]:
    made = [
        Monitor(0, 1, f"site {n}", Target(f"https://{n}.example/"), 60, created_ms=0)
        for n in range(count)
    ]

    def write(conn: Connection) -> None:
        guilds.save(conn, GuildSettings(1))
        for monitor in made:
            monitors.insert(conn, monitor)

    await db.write(write)
    return await db.read(lambda conn: monitors.of_guild(conn, 1))


async def raw_bytes(folder: Path, dice: random.Random) -> float:
    """Bytes a raw try takes, stored as the recorder does: in time order, once a second."""
    db = await Database.open(folder / "raw.db")
    try:
        before = await db.read(size)
        rows = sorted(
            (row for one in range(1, SITES + 1) for row in an_hour(one, HOUR, dice)),
            key=lambda row: row.at_ms,
        )
        for begin in range(0, len(rows), 100):
            part = rows[begin : begin + 100]
            await db.write(lambda conn, part=part: results.append(conn, part))  # type: ignore[misc]
        return (await db.read(size) - before) / len(rows)
    finally:
        await db.close()


async def packed_bytes(folder: Path, dice: random.Random) -> float:
    """Bytes a packed try takes in the long run: hours come and go as the job makes them do."""
    db = await Database.open(folder / "packed.db")
    count, kept = 100, 7 * 24
    blobs = [pack(an_hour(one, 0, dice), 0) for one in range(1, count + 1)]
    try:
        before = await db.read(size)
        for hour in range(2 * kept):

            def write(conn: Connection, hour: int = hour) -> None:
                for number, blob in enumerate(blobs):
                    packed.save(conn, number, hour, blob)
                rollups.drop_old(conn, range(count), 0, hour - kept + 1)

            await db.write(write)
        return (await db.read(size) - before) / (count * kept * MINUTES)
    finally:
        await db.close()


def fill_year(conn: Connection, mine: list[Monitor], dice: random.Random) -> None:
    """What a year of 500 sites leaves: a week packed, 90 days of hours, a year of days."""
    blobs = [pack(an_hour(n, 0, dice), 0) for n in range(1, 101)]
    for one in mine:
        for hour in range(HOUR - 7 * 24, HOUR - 2):
            packed.save(conn, one.id, hour, blobs[(one.id + hour) % 100])
        for hour in range(HOUR - 90 * 24, HOUR - 2):
            rollups.save_hour(conn, Rollup(one.id, hour, 60, 60, 148, 290, 510, 3600, 0, 0, 3550))
        for day in range(DAY - 365, DAY):
            rollups.save_day(conn, Rollup(one.id, day, 1440, 1439, 148, 290, 910, 86_400, 60, 0))
    settings.put(conn, retention.ROLLED_HOUR, str(HOUR - 2))
    settings.put(conn, retention.ROLLED_DAY, str(DAY))


async def best_ms(db: Database, work: Callable[[Connection], object]) -> float:
    """The best of five: the machine is shared."""
    times = []
    for _ in range(5):
        begin = time.perf_counter()
        await db.read(work)
        times.append(time.perf_counter() - begin)
    return min(times) * 1000


async def job(db: Database, mine: list[Monitor], dice: random.Random) -> tuple[float, float]:
    """Seconds the hourly job takes for all sites, and its longest hold of the database in ms."""
    rows = [row for one in mine for row in an_hour(one.id, HOUR - 2, dice)]
    await db.write(lambda conn: results.append(conn, rows))
    clock = FakeClock(NOW_MS + HOUR_MS)
    holds: list[float] = []
    write, read = db.write, db.read

    def timed(call: Callable[..., object]) -> Callable[..., object]:
        async def run(work: object) -> object:
            begin = time.perf_counter()
            try:
                return await call(work)  # type: ignore[misc]
            finally:
                holds.append(time.perf_counter() - begin)

        return run

    db.write, db.read = timed(write), timed(read)  # type: ignore[method-assign,assignment]
    begin = time.perf_counter()
    job = Retention(db, clock)
    await job.roll()
    await job.sweep()
    return time.perf_counter() - begin, max(holds) * 1000


async def measure(folder: Path) -> None:
    dice = random.Random(2016)
    show(
        "Size",
        ("", "bytes a try", "MB a million", "bar"),
        [
            ("raw", raw := await raw_bytes(folder, dice), raw, "≤ 25"),
            ("packed", small := await packed_bytes(folder, dice), small, "≤ 8"),
        ],
    )
    db = await Database.open(folder / "year.db")
    try:
        mine = await sites(db, SITES)
        await db.write(lambda conn: fill_year(conn, mine, dice))
        since_ms = NOW_MS - 90 * DAY_MS
        one, hundred = mine[250], mine[:100]

        def up(some: list[Monitor]) -> Callable[[Connection], object]:
            return lambda conn: uptimes(conn, some, since_ms, NOW_MS)

        def hours(conn: Connection) -> object:
            return rollups.hours(conn, one.id, HOUR - 90 * 24, HOUR)

        def days(conn: Connection) -> object:
            return rollups.days(conn, one.id, DAY - 365, DAY)

        def week(conn: Connection) -> object:
            return list(packed.newest_first(conn, one.id, NOW_MS - 7 * DAY_MS, NOW_MS))

        rows = [
            ("uptime of 1 site, 90 days", await best_ms(db, up([one])), "≤ 10"),
            ("uptime of 100 sites, 90 days", await best_ms(db, up(hundred)), "≤ 10"),
            ("uptime of 500 sites, 90 days", await best_ms(db, up(mine)), "≤ 50"),
            ("one site's hours, 90 days", await best_ms(db, hours), "≤ 50"),
            ("one site's days, a year", await best_ms(db, days), "≤ 50"),
            ("one site's tries, 7 days", await best_ms(db, week), "≤ 50"),
        ]
        show("Queries on a year of 500 sites at 60 s", ("", "ms", "bar"), rows)
        megabytes = await db.read(size) / MILLION
        seconds, hold_ms = await job(db, mine, dice)
        show(
            "A year of 500 sites at 60 s",
            ("", "", "bar"),
            [
                ("database, MB", megabytes, ""),
                ("hourly job, s", seconds, ""),
                ("its longest hold of the database, ms", hold_ms, "≤ 50"),
            ],
        )
    finally:
        await db.close()


def run(folder: Path) -> None:
    asyncio.run(measure(folder))
