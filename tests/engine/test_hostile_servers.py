"""Servers that mean harm get a verdict in time, cost less than 10 MB, and hold nobody else up."""

import asyncio
import gc
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.models import CheckResult, Reason, Target
from tests.engine import hostile
from tests.engine.sites import HOST, Names, make_checker

DEADLINE_S = 1.0
LONGEST_TURN_S = 0.05
MOST_BYTES = 10 * 1024 * 1024
ROOT = Path(__file__).parents[2]
UP = None
VERDICTS: dict[str, set[Reason | None]] = {
    "storm": {Reason.REDIRECTS},
    "slow_chunks": {UP},
    "members": {UP},
    "marks": {UP},
    "references": {UP},
    "early_one_by_one": {Reason.ENDLESS},
    "drip": {UP},
    "slow_header": {Reason.TIMEOUT},
    "bomb": {Reason.UNREADABLE},
    "huge": {UP},
    "header": {Reason.ENDLESS},
    "headers": {Reason.ENDLESS},
    "blanks": {Reason.MALFORMED},
    "chunks": {UP},
    "trailers": {UP},
    "chunk_name": {UP},
    "interim": {Reason.ENDLESS},
    "redirect": {Reason.REDIRECTS},
    "far_away": {Reason.BAD_REDIRECT},
    "charset": {UP},
    "stall": {Reason.TIMEOUT},
    "garbage": {Reason.NOT_HTTP},
    "garbage_in_http": {Reason.MALFORMED, Reason.ENDLESS},
    "reset": {Reason.RESET},
}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    command = [sys.executable, "-m", "tests.engine.hostile"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.kill()


def test_every_hostile_server_is_here() -> None:
    assert {act.__name__ for act in hostile.ACTS} == VERDICTS.keys()


async def visits(
    target: Target, times: int, deadline_s: float = DEADLINE_S
) -> tuple[list[CheckResult], float, float]:
    """What ``times`` checks at once saw, how long they took, the longest silence of the loop."""
    checker = make_checker(Names(default=["127.0.0.1"]), deadline_s=deadline_s)
    silence_s = 0.0

    async def beat() -> None:
        nonlocal silence_s
        while True:
            before = time.thread_time()  # a busy machine lets us wait too
            await asyncio.sleep(0.001)
            silence_s = max(silence_s, time.thread_time() - before)

    beating = asyncio.create_task(beat())
    began = time.monotonic()
    results = await asyncio.gather(*(checker.check(target) for _ in range(times)))
    took_s = time.monotonic() - began
    beating.cancel()
    return results, took_s, silence_s


@pytest.mark.parametrize("what", VERDICTS)
def test_it_gets_a_verdict_in_time_for_little_memory(what: str, port: int) -> None:
    target = Target(f"http://127.0.0.1:{port}/{what}", not_contains="never there")
    # A busy machine may need more than a second for what comes to an end by itself.
    waits = what == "drip" or Reason.TIMEOUT in VERDICTS[what]
    deadline_s = DEADLINE_S if waits else 10 * DEADLINE_S
    results, took_s, silence_s = asyncio.run(visits(target, 1, deadline_s))
    for _ in range(2):  # a busy machine is silent once, what is read is silent each time
        if silence_s > LONGEST_TURN_S:
            silence_s = min(silence_s, asyncio.run(visits(target, 1, deadline_s))[2])
    tracemalloc.start()
    try:
        measured, again_s, _ = asyncio.run(visits(target, 1, deadline_s))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    for result in (*results, *measured):
        reason = None if result.cause is None else result.cause.reason
        assert reason in VERDICTS[what], reason
    assert max(took_s, again_s) < deadline_s + 10.0
    assert silence_s < LONGEST_TURN_S
    assert peak < MOST_BYTES, f"{peak / 1e6:.1f} MB"


def test_a_stalled_handshake_gets_a_verdict_in_time(port: int) -> None:
    target = Target(f"https://{HOST}:{port}/")
    results, took_s, _ = asyncio.run(visits(target, 20))
    assert {one.cause and one.cause.reason for one in results} == {Reason.TIMEOUT}
    assert took_s < DEADLINE_S + 10.0


@pytest.mark.parametrize("what", ["charset", "far_away", "header", "garbage_in_http"])
def test_nothing_of_it_is_kept(what: str, port: int) -> None:
    """80 KB of fresh bytes with each answer: whoever remembered them would grow for ever."""
    target = Target(f"http://127.0.0.1:{port}/{what}", contains="x")

    async def kept() -> int:
        await visits(target, 5)
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(4):
            await visits(target, 15)
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before

    tracemalloc.start()
    try:
        grown = asyncio.run(kept())
    finally:
        tracemalloc.stop()
    assert grown < 1_000_000, f"{grown / 1e6:.1f} MB"
