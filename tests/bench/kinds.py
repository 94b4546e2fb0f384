"""The cost of one check of each kind of monitor: CPU and the time it takes, servers in another
process on the same machine.
"""

import asyncio
import json
import subprocess
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

from bot.clock import SystemClock
from bot.engine.kinds import Checkers
from bot.engine.netguard import Netguard
from bot.models import Target
from tests.bench.tables import show
from tests.engine.game_servers import udp_server
from tests.engine.line_servers import SILENCE, line_server
from tests.engine.sites import HOST, LOOPBACK, Names, serve, trusting_context
from tests.engine.test_game_checkers import JAVA, SOURCE, pong
from tests.engine.test_mail_checker import IMAP_TALK, SMTP_TALK

CHECKS, AT_ONCE = 1_000, 20


async def serving() -> None:
    """Run one server of each kind and print their addresses, until the input ends."""
    async with AsyncExitStack() as stack:
        web = await stack.enter_async_context(serve())
        secure = await stack.enter_async_context(serve(certificate="good"))
        smtp = await stack.enter_async_context(line_server(SMTP_TALK))
        imap = await stack.enter_async_context(line_server(IMAP_TALK))
        java = await stack.enter_async_context(line_server([JAVA, SILENCE]))
        bedrock = await stack.enter_async_context(udp_server(lambda ping: [pong(ping)]))
        source = await stack.enter_async_context(udp_server(lambda _: [SOURCE]))
        addresses = [
            f"http://{HOST}:{web.port}/",
            f"https://{HOST}:{secure.port}/",
            f"tcp://{HOST}:{web.port}",
            f"dns://{HOST}",
            f"ping://{HOST}",
            f"tls://{HOST}:{secure.port}",
            f"smtp://{HOST}:{smtp.port}",
            f"imap://{HOST}:{imap.port}",
            f"minecraft://{HOST}:{java.port}",
            f"bedrock://{HOST}:{bedrock.port}",
            f"a2s://{HOST}:{source.port}",
        ]
        print(json.dumps(addresses), flush=True)
        await asyncio.to_thread(sys.stdin.read)


async def cost(url: str) -> tuple[float, float, str]:
    """CPU milliseconds and wall milliseconds of a check, and what it saw."""
    checkers = Checkers(
        Netguard(allow_private=LOOPBACK),
        Names({HOST: ["127.0.0.1"]}),
        clock=SystemClock(),
        context=trusting_context(),
    )
    target = Target(url)
    first = await checkers.check(target)
    if first.cause is not None:
        return 0.0, 0.0, str(first.cause)
    turn = asyncio.Semaphore(AT_ONCE)
    took_ms: list[float] = []

    async def one() -> None:
        async with turn:
            took_ms.append((await checkers.check(target)).phases.total)

    before = time.process_time()
    await asyncio.gather(*(one() for _ in range(CHECKS)))
    used_ms = (time.process_time() - before) * 1000 / CHECKS
    return used_ms, sorted(took_ms)[CHECKS // 2], "up"


def run(folder: Path) -> None:
    del folder
    command = [sys.executable, "-m", "tests.bench.kinds"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        rows = []
        for url in json.loads(server.stdout.readline()):
            cpu_ms, took_ms, seen = asyncio.run(cost(url))
            rows.append((url.partition("://")[0], cpu_ms, took_ms, seen))
        server.stdin.close()
    show(
        f"One check of each kind, {CHECKS} of them, {AT_ONCE} at a time",
        ("", "CPU ms", "median ms", "seen"),
        rows,
    )


if __name__ == "__main__":
    asyncio.run(serving())
