"""The HTTP door under load, beside monitors whose checks must stay on time: beats, and the page.

1,000 beats a second for a minute over 12,000 secrets, each of which is answered and stored; then
one page as often as the door gives it. The bot is a process of its own; what it costs is its CPU.
"""

import asyncio
import hashlib
import json
import socket
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from bot.db import guilds, monitors
from bot.db.database import Connection, Database
from bot.models import PUSH_URL, GuildSettings, Monitor, Target
from tests.bench.rivals import process_cpu_s
from tests.bench.tables import show
from tests.harness import Harness

SECRETS, RATE, LOAD_S = 12_000, 1_000, 60.0
SITES, EVERY_S = 200, 10
CLIENTS, PAGE_S = 100, 10.0


def run(folder: Path) -> None:
    asyncio.run(_run(folder))


async def _run(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with Harness(
        folder / "door", VIGIE_LISTEN=f"127.0.0.1:{port}", VIGIE_LOG_LEVEL="WARNING"
    ) as h:
        guild_id = int(h.sandbox.world.guild("Harbour").id)
        other = h.sandbox.admin.add_guild("Jobs", ["general"])
        site = await h.sites.open("site")
        alerts = int(h.sandbox.channel("alerts").id)
        await _fill(h.database, GuildSettings(guild_id, alerts, page=True), int(other.id), site.url)
        await h.bot.start()
        assert h.bot.process is not None
        pid = h.bot.process.pid
        await asyncio.sleep(EVERY_S)
        show(
            f"Beats: {RATE:,} a second for {LOAD_S:.0f} s over {SECRETS:,} secrets",
            ("what", "measured", "bar"),
            [*await _beats(port, pid), ("stored of them", *_stored(h.database))],
        )
        show(
            f"Status page of {SITES} sites",
            ("what", "requests a second", "CPU of a request, ms"),
            [await _pages(port, pid, guild_id, path) for path in ("", ".json", "/badge/1")],
        )
        h.expected.unsent = True


async def _fill(database: Path, settings: GuildSettings, other_id: int, url: str) -> None:
    def write(conn: Connection) -> None:
        guilds.save(conn, settings)
        for number in range(SITES):
            name, address = f"site {number}", Target(f"{url}{number}")
            monitors.insert(conn, Monitor(0, settings.id, name, address, EVERY_S))
        # Of another server, so that the page has no thousands of jobs.
        guilds.save(conn, replace(settings, id=other_id, page=False))
        for number in range(SECRETS):
            job = Monitor(0, other_id, f"job {number}", Target(PUSH_URL), 60, grace_s=600)
            token = hashlib.sha256(_secret(number).encode()).digest()
            monitors.save_token(conn, monitors.insert(conn, job), token)

    db = await Database.open(database)
    try:
        await db.write(write)
    finally:
        await db.close()


def _secret(number: int) -> str:
    return f"{number:032x}"


async def _ask(port: int, paths: Callable[[], str | None], seen: Counter[int]) -> None:
    """One kept connection that asks for one path after the other."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while (path := paths()) is not None:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.partition(b":")[2])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length")
        )
        await reader.readexactly(length)
        seen[int(head[9:12])] += 1
    writer.close()


async def _beats(port: int, pid: int) -> list[tuple[object, ...]]:
    """Every client takes its share of each second; who is behind hurries."""
    seen: Counter[int] = Counter()
    total, sent = round(RATE * LOAD_S), 0
    began, cpu = time.monotonic(), process_cpu_s(pid)
    took: list[float] = []

    async def client() -> None:
        nonlocal sent
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while sent < total:
            number, sent = sent, sent + 1
            await asyncio.sleep(max(0.0, began + number / RATE - time.monotonic()))
            asked = time.monotonic()
            path = f"/beat/{_secret(number % SECRETS)}"
            writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(2 if b" 200 " in head[:16] else 9)
            seen[int(head[9:12])] += 1
            took.append(time.monotonic() - asked)
        writer.close()

    late = asyncio.create_task(_lateness(port))
    await asyncio.gather(*(client() for _ in range(4 * CLIENTS)))
    seconds, spent = time.monotonic() - began, process_cpu_s(pid) - cpu
    late.cancel()
    worst, usual = await late
    took.sort()
    return [
        ("answered with 200", seen[200], total),
        ("answered with anything else", sum(seen.values()) - seen[200], 0),
        ("beats a second", total / seconds, RATE),
        ("an answer takes, median, ms", took[len(took) // 2] * 1000, "-"),
        ("99 % within, ms", took[len(took) * 99 // 100] * 1000, "-"),
        ("CPU of a beat, ms", spent / total * 1000, "-"),
        ("checks begin late, 95 % within, ms", usual * 1000, "-"),
        ("the latest of all, ms", worst * 1000, 1_000),
    ]


async def _lateness(port: int) -> tuple[float, float]:
    """The worst of what /metrics says in all that time: the latest check, and 95 % of them."""
    worst = usual = 0.0
    try:
        while True:
            await asyncio.sleep(2)
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            text = (await reader.read()).partition(b"\r\n\r\n")[2].decode()
            writer.close()
            for family in text_string_to_metric_families(text):
                for sample in family.samples:
                    if sample.name == "vigie_check_delay_seconds":
                        if sample.labels["quantile"] == "1.0":
                            worst = max(worst, sample.value)
                        elif sample.labels["quantile"] == "0.95":
                            usual = max(usual, sample.value)
    except asyncio.CancelledError:
        return worst, usual


def _stored(database: Path) -> tuple[int, int]:
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as conn:
        row = conn.execute("SELECT count(*) FROM push WHERE beat_ms IS NOT NULL").fetchone()
    return int(row[0]), SECRETS


async def _pages(port: int, pid: int, guild_id: int, rest: str) -> tuple[object, ...]:
    seen: Counter[int] = Counter()
    until, cpu = time.monotonic() + PAGE_S, process_cpu_s(pid)

    def path() -> str | None:
        return f"/status/{guild_id}{rest}" if time.monotonic() < until else None

    await asyncio.gather(*(_ask(port, path, seen) for _ in range(20)))
    total, spent = sum(seen.values()), process_cpu_s(pid) - cpu
    name = f"{rest or 'HTML'} ({json.dumps(dict(seen))})"
    return name, total / PAGE_S, spent / total * 1000
