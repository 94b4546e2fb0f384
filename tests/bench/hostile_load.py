"""Healthy sites beside hostile ones: are they checked on time, and is nobody reported about them?

The bot is a process of its own; each hostile site does what it does at every check, without end.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle, islice, pairwise
from pathlib import Path

from bot.db import monitors
from bot.db.database import Connection, Database
from bot.models import Monitor, Target
from tests.bench.origins import Origins
from tests.bench.product import seed
from tests.bench.tables import show
from tests.engine import hostile, hostile_tls
from tests.harness import Harness

HEALTHY, HOSTILE, EVERY_S, MINUTES = 1_950, 50, 20, 10
ASK_EVERY_S = 5.0


@contextmanager
def _server(*command: str) -> Iterator[int]:
    """A hostile server; its port."""
    with subprocess.Popen(
        [sys.executable, "-m", *command], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


async def _watch_hostile(h: Harness, urls: list[str]) -> None:
    guild_id = int(h.sandbox.world.guild("Harbour").id)

    def write(conn: Connection) -> None:
        for number, url in enumerate(urls):
            target = Target(url, contains="needle")  # so that bodies are read
            monitors.insert(conn, Monitor(0, guild_id, f"hostile {number}", target, EVERY_S))

    db = await Database.open(h.database)
    try:
        await db.write(write)
    finally:
        await db.close()


async def measure(folder: Path, minutes: float) -> list[tuple[object, ...]]:
    with ExitStack() as stack, Origins(500) as origins:
        port = stack.enter_context(_server("tests.engine.hostile"))
        urls = [f"http://127.0.0.1:{port}/{act.__name__}" for act in hostile.ACTS]
        for act in hostile_tls.ACTS:
            secure = stack.enter_context(_server("tests.engine.hostile_tls", act.__name__))
            urls.append(f"https://127.0.0.1:{secure}/")
        async with Harness(folder / "hostile", settings=None) as h:
            await seed(h, origins.urls(HEALTHY), EVERY_S)
            await _watch_hostile(
                h, [f"{u}?{n}" for n, u in enumerate(islice(cycle(urls), HOSTILE))]
            )
            await h.bot.start()
            answers_ms = await _ask(h, minutes * 60)
            late_ms = _lateness(h)
            reported = [text for text in h.texts() if "site " in text]
            h.expected.unsent = True
    return [
        ("checks of healthy sites", len(late_ms), ""),
        ("late, median ms", late_ms[len(late_ms) // 2], ""),
        ("late, p99 ms", late_ms[len(late_ms) * 99 // 100], "≤ 100"),
        ("posts that name a healthy site", len(reported), "0"),
        ("/status answered, of", f"{len(answers_ms)}", "all"),
        ("/status, slowest ms", max(answers_ms), "< 3,000"),
    ]


async def _ask(h: Harness, seconds: float) -> list[int]:
    """Milliseconds of each ``/status`` until the time is over."""
    took = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        answer = await h.command("status")
        assert answer.status != "failed", answer
        took.append(round((time.monotonic() - began) * 1000))
        await asyncio.sleep(ASK_EVERY_S)
    return took


def _lateness(h: Harness) -> list[int]:
    """By how much the time between two checks of a healthy site was off, sorted."""
    with h.store() as conn:
        rows = conn.execute(
            "SELECT monitor_id, at_ms FROM result JOIN monitor ON monitor.id = monitor_id"
            " WHERE name LIKE 'site %' ORDER BY monitor_id, at_ms"
        ).fetchall()
    pairs = pairwise(rows)
    return sorted(abs(b[1] - a[1] - EVERY_S * 1000) for a, b in pairs if a[0] == b[0])


def run(folder: Path, minutes: float = MINUTES) -> None:
    rows = asyncio.run(measure(folder, minutes))
    show(
        f"{HEALTHY} healthy sites beside {HOSTILE} hostile ones, {minutes} minutes",
        ("", "", "bar"),
        rows,
    )
