"""What a try costs on the disk: raw as it comes, packed after some hours."""

import asyncio
import random
from pathlib import Path

from bot.clock import HOUR_MS
from bot.db import results, rollups
from bot.db.database import Connection, Database
from bot.db.results import Packer, ResultRow
from tests.bench.tables import show

SITES, MINUTES = 500, 60
HOUR = 1_700_000_000_000 // HOUR_MS


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
    db = await Database.open(folder / "results.db")
    count, kept = 100, 7 * 24
    blobs = [pack(an_hour(one, 0, dice), 0) for one in range(1, count + 1)]
    try:
        before = await db.read(size)
        for hour in range(2 * kept):

            def write(conn: Connection, hour: int = hour) -> None:
                for number, blob in enumerate(blobs):
                    results.save_packed(conn, number, hour, blob)
                    rollups.drop_old(conn, number, 0, hour - kept + 1)

            await db.write(write)
        return (await db.read(size) - before) / (count * kept * MINUTES)
    finally:
        await db.close()


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


def run(folder: Path) -> None:
    asyncio.run(measure(folder))
