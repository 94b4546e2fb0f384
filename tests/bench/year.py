"""A year of 500 sites at 60 s: how large it is, how fast it answers, what the hourly job costs.

The checks of a year are 263 million, so the database is filled with what they leave behind: a week
packed, 90 days of hours, a year of days, incidents and changes. The jobs are the real ones.
"""

import asyncio
import gc
import os
import random
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bot.clock import DAY_MS, HOUR_MS
from bot.config import Config
from bot.db import audit_log, guilds, incidents, monitors, results, rollups
from bot.db import database as database_module
from bot.db.audit_log import AuditEntry
from bot.db.database import Connection, Database
from bot.db.files import back_up
from bot.db.rollups import Rollup
from bot.models import GuildSettings, Incident, Kind, Monitor, Target
from bot.services.history.period_report import History, Period
from tests.bench.origins import Origins
from tests.bench.product import seed
from tests.bench.storage import an_hour, pack, size
from tests.bench.tables import note, show
from tests.fakes import FakeClock
from tests.harness import Harness
from tests.services.services_fixture import ServicesFixture

SITES, SMALL, START_SITES = 500, 50, 2_000
LARGE_GUILD, SMALL_GUILD = 1, 2
# Noon: the hour before last is due, yesterday is counted.
NOW_MS = 1_700_000_000_000 // DAY_MS * DAY_MS + 12 * HOUR_MS
HOUR, DAY = NOW_MS // HOUR_MS, NOW_MS // DAY_MS
INCIDENTS_A_SITE = 25
HOLD_MS = 50
MILLION = 1_000_000


def watch_sites(conn: Connection) -> None:
    """450 in one server and 50 in another; both become one later."""
    for guild_id in (LARGE_GUILD, SMALL_GUILD):
        guilds.save(conn, GuildSettings(guild_id, channel_id=guild_id))
    for n in range(SITES):
        guild_id = SMALL_GUILD if n < SMALL else LARGE_GUILD
        target = Target(f"https://{n}.example/")
        monitors.insert(conn, Monitor(0, guild_id, f"site {n}", target, 60, created_ms=0))


def fill_year(
    conn: Connection, mine: Sequence[Monitor], dice: random.Random, now_ms: int = NOW_MS
) -> None:
    now_hour, now_day = now_ms // HOUR_MS, now_ms // DAY_MS
    blobs = [pack(an_hour(n, 0, dice), 0) for n in range(1, 101)]
    for one in mine:
        for hour in range(now_hour - 7 * 24, now_hour - 2):
            results.save_packed(conn, one.id, hour, blobs[(one.id + hour) % 100])
        for hour in range(now_hour - 90 * 24, now_hour - 2):
            rollups.save_hour(conn, Rollup(one.id, hour, 60, 60, 148, 290, 3600, 0, 0, 3550))
        for day in range(now_day - 365, now_day):
            rollups.save_day(conn, Rollup(one.id, day, 1440, 1439, 148, 290, 86_400, 60, 0))
        _live_through(conn, one, dice, now_ms)
    guilds.put(conn, rollups.ROLLED_HOUR, str(now_hour - 2))
    guilds.put(conn, rollups.ROLLED_DAY, str(now_day))


def _live_through(conn: Connection, one: Monitor, dice: random.Random, now_ms: int) -> None:
    """A year's incidents of one site, each acknowledged and followed, and what people changed."""
    for _ in range(INCIDENTS_A_SITE):
        since_ms = now_ms - dice.randrange(DAY_MS, 365 * DAY_MS)
        end_ms = since_ms + dice.randrange(120_000, 4 * HOUR_MS)
        opened = incidents.insert(
            conn,
            Incident(
                *(0, "", one.guild_id, one.id, one.name, "", 60, Kind.DOWN, None),
                since_ms=since_ms,
                opened_ms=since_ms + 60_000,
            ),
        )
        if since_ms > now_ms - 7 * DAY_MS:
            incidents.follow(conn, opened.id, dice.randrange(MILLION), "tell_me", since_ms)
        incidents.update(conn, replace(opened, resolved_ms=end_ms, ended_ms=end_ms))
    audit_log.insert(
        conn,
        [
            AuditEntry(one.guild_id, 7, "slow_ms", now_ms - n * 30 * DAY_MS, one.id, "500", "900")
            for n in range(12)
        ],
    )


class Holds:
    """How long each piece of work held the connection, measured in the database thread."""

    def __init__(self) -> None:
        self.ms: list[tuple[float, float, str]] = []  # the wall's, the processor's, by what

    @contextmanager
    def measured(self) -> Iterator[None]:
        whole = database_module._timed

        def timed(conn: Connection, work: Callable[..., object], named: object) -> object:
            wall, processor = time.perf_counter(), time.thread_time()
            try:
                return whole(conn, work, named)  # type: ignore[arg-type]
            finally:
                wall, processor = time.perf_counter() - wall, time.thread_time() - processor
                name = getattr(named, "__qualname__", "").replace(".<locals>", "")
                self.ms.append((wall * 1000, processor * 1000, name))

        database_module._timed = timed  # type: ignore[assignment]
        try:
            yield
        finally:
            database_module._timed = whole


Row = tuple[str, float, float, str]


async def asked(name: str, ask: Callable[[], Awaitable[object]], bar: str) -> Row:
    """Median and worst of eleven; the first, which fills SQLite's cache, is one of them."""
    times = []
    for _ in range(11):
        begin = time.perf_counter()
        await ask()
        times.append((time.perf_counter() - begin) * 1000)
    return name, statistics.median(times), max(times), bar


Job = tuple[str, float, int, float, float, str]


async def done(name: str, work: Callable[[], Awaitable[object]]) -> Job:
    """Seconds a job takes, in how many pieces; the longest hold of the connection, and by what.

    And the most of the processor that any piece took: a shared disk can hold up the quickest.
    """
    holds = Holds()
    begin = time.perf_counter()
    with holds.measured():
        await work()
    took_s = time.perf_counter() - begin
    longest_ms, _, by = max(holds.ms)
    most_ms = max(processor_ms for _, processor_ms, _ in holds.ms)
    return name, took_s, len(holds.ms), longest_ms, most_ms, by


async def loaded(db: Database) -> ServicesFixture:
    """As the product starts: what was loaded is kept out of later collections of garbage."""
    made = ServicesFixture(db, FakeClock(NOW_MS), Config())
    await made.load()
    gc.collect()
    gc.freeze()
    return made


def of_days(count: int) -> int:
    return NOW_MS - count * DAY_MS


async def overview(s: ServicesFixture, guild_id: int) -> None:
    """What ``/status`` asks for its first page."""
    found = s.status.overview(guild_id)
    page = {one.monitor.id for one in found[:10]}
    await s.status.uptimes(guild_id, of_days(30), page)


async def answers(db: Database) -> list[Row]:
    small = await loaded(db)
    rows = [await asked("/status, 50 sites", lambda: overview(small, SMALL_GUILD), "≤ 20")]
    await db.write(lambda conn: move_all(conn, LARGE_GUILD))
    s = await loaded(db)
    mine = [one.monitor for one in s.status.overview(LARGE_GUILD)]
    one, hundred = mine[250], {monitor.id for monitor in mine[:100]}

    async def uptimes(count_of_days: int, only: set[int] | None) -> None:
        await s.status.uptimes(LARGE_GUILD, of_days(count_of_days), only)

    past = History(db, s.clock, s.watchlist)

    async def history(period: Period) -> None:
        await past.report(LARGE_GUILD, one.id, period)

    async def recent(monitor_id: int | None, count_of_days: int) -> None:
        await s.incidents.recent(LARGE_GUILD, monitor_id, of_days(count_of_days), 200)

    report = s.status.report
    rows += [
        await asked("/status, 500 sites", lambda: overview(s, LARGE_GUILD), "≤ 20"),
        await asked("/status monitor", lambda: report(LARGE_GUILD, one.id), "≤ 50"),
        await asked("/history 7d, without the drawing", lambda: history(Period.WEEK), "≤ 50"),
        await asked("/history 90d, without the drawing", lambda: history(Period.QUARTER), "≤ 50"),
        await asked("/incidents, all sites, 7 days", lambda: recent(None, 7), "≤ 50"),
        await asked("/incidents monitor, a year", lambda: recent(one.id, 365), "≤ 50"),
        await asked("uptime of 100 sites, 90 days", lambda: uptimes(90, hundred), "≤ 50"),
        await asked("uptime of 500 sites, 90 days", lambda: uptimes(90, None), "≤ 100"),
    ]
    return rows


def move_all(conn: Connection, guild_id: int) -> None:
    for table in ("monitor", "incident", "change"):
        conn.execute(f"UPDATE {table} SET guild_id = ?", (guild_id,))


def deliver_much(conn: Connection) -> None:
    """Twenty thousand delivered messages that are old enough to be forgotten."""
    conn.executemany(
        "INSERT INTO notification (guild_id, channel_id, kind, state, created_ms, not_before_ms)"
        " VALUES (?, ?, 'notice', 'sent', 0, 0)",
        [(LARGE_GUILD, LARGE_GUILD)] * 20_000,
    )


async def jobs(db: Database, dice: random.Random) -> list[Job]:
    s = await loaded(db)
    mine = [one.monitor for one in s.status.overview(LARGE_GUILD)]

    async def an_hour_later() -> None:
        rows = [row for one in mine for row in an_hour(one.id, HOUR - 2, dice)]
        for begin in range(0, len(rows), 1000):
            part = rows[begin : begin + 1000]
            await db.write(lambda conn: results.append(conn, part))  # noqa: B023 - used at once
        await s.clock.advance(3600)

    await an_hour_later()
    found = [await done("an hour: pack and count", s.retention.roll)]
    await db.write(lambda conn: guilds.put(conn, rollups.ROLLED_DAY, str(DAY - 1)))
    found.append(await done("a day: count it from its tries", s.retention.roll))
    await s.clock.advance(86_400)
    found.append(await done("forget a day of tries and hours", s.retention.sweep))
    await db.write(deliver_much)
    found.append(await done("forget 20,000 delivered messages", s.retention.sweep))
    await s.guilds.left(LARGE_GUILD)
    await s.clock.advance(31 * 86_400)
    found.append(await done("forget a server with all 500 sites", s.retention.sweep))
    return found


async def opening(path: Path) -> float:
    """Opening it, the check of every page included."""
    begin = time.perf_counter()
    db = await Database.open(path)
    took_s = time.perf_counter() - begin
    await db.close()
    return took_s


async def start(folder: Path) -> None:
    """From the start to the first check and to the first answer, with the file not in memory."""
    rows, now_ms = [], round(time.time() * 1000)
    with Origins(500) as origins:
        async with Harness(folder / "start") as h:
            await seed(h, origins.urls(START_SITES), 60)
            db = await Database.open(h.database)
            try:
                mine = await db.read(all_monitors)
                for at in range(0, len(mine), 10):
                    part = mine[at : at + 10]
                    dice = random.Random(at)
                    await db.write(lambda conn: fill_year(conn, part, dice, now_ms))  # noqa: B023 - used at once
                megabytes = await db.read(size) / MILLION
            finally:
                await db.close()
            for kind in ("cold", "cached"):
                if kind == "cold":
                    forget(h.database)
                seen = origins.seen()
                began = time.monotonic()
                starting = asyncio.create_task(h.bot.start())
                while origins.seen().visits == seen.visits:  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.02)
                first_s = time.monotonic() - began
                await starting
                online_s = time.monotonic() - began
                await h.command("status")
                answered_s = time.monotonic() - began
                rows.append((kind, megabytes, first_s, online_s, answered_s, "≤ 1.5 s"))
                note(
                    f"start with {megabytes:.0f} MB, file {kind}: first check, s", first_s, "≤ 1.5"
                )
                await h.bot.kill()
            h.expected.unsent = True
    show(
        f"Start with a year of {START_SITES:,} sites behind it, seconds",
        ("file", "MB", "first check", "online", "/status answered", "bar of the first"),
        rows,
    )


def all_monitors(conn: Connection) -> list[Monitor]:
    return monitors.load(conn, monitors.all_watched(conn))


def forget(file: Path) -> None:
    """Out of the system's memory: it is read from the disk again."""
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
        os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


async def measure(folder: Path) -> None:
    dice = random.Random(2016)
    path = folder / "year.db"
    db = await Database.open(path)
    try:
        await db.write(watch_sites)
        mine = await db.read(all_monitors)
        for at in range(0, len(mine), 10):
            part = mine[at : at + 10]
            await db.write(lambda conn: fill_year(conn, part, dice))  # noqa: B023 - used at once
        megabytes = await db.read(size) / MILLION
    finally:
        await db.close()
    opening_s = await opening(path)
    began = time.perf_counter()
    back_up(path, folder / "copy.db")
    backup_s = time.perf_counter() - began
    show(
        "A year of 500 sites at 60 s",
        ("", "measured"),
        [
            ("database, MB", megabytes),
            ("opening it with its check, s", opening_s),
            ("a verified backup, s", backup_s),
        ],
    )
    db = await Database.open(path)
    try:
        show("Questions to it", ("", "median ms", "worst ms", "bar"), await answers(db))
        show(
            f"Jobs on it (no piece may hold the database longer than {HOLD_MS} ms)",
            ("", "s", "pieces", "longest hold, ms", "most CPU, ms", "by"),
            await jobs(db, dice),
        )
    finally:
        await db.close()


def run(folder: Path) -> None:
    asyncio.run(measure(folder))
