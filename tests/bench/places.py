"""What a check costs the bot when another place makes it, against making it over TLS itself.

The bot's part runs in a process of its own that measures its CPU; lookouts are processes too. Two
cores do not carry the sites, the lookouts and the bot at once, so above ``REAL_RATE`` lookouts
answer without checking: that changes nothing for the bot.

``python -m tests.bench.places ask home|remote WHERE RATE`` and ``… answer NAME NATS_URL`` are those
processes.
"""

import asyncio
import ipaddress
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import quantiles

from bot.clock import SystemClock
from bot.config import child_environment
from bot.engine.kinds import Checkers
from bot.engine.kinds.base import Checker
from bot.engine.netguard import Netguard
from bot.engine.resolver import Resolver
from bot.models import Cause, CheckResult, Phases, Reason, Target
from bot.places.address import read_server
from bot.places.link import RemoteChecker
from bot.places.lookout import Lookout, PlaceCheckers
from tests.bench.origins import Origins, certificate
from tests.bench.product import MEASURED_S as WHOLE_S
from tests.bench.product import load
from tests.bench.rivals import process_cpu_s
from tests.bench.tables import note, show
from tests.places.rig import LookoutProcess, NatsServer, linked, lookouts, until

RATES = (100, 250, 500, 1_000, 1_667, 2_000)
REAL_RATE = 100
MEASURED_S, WARM_UP_S, TICK_S = 3.0, 0.5, 0.01
LOOKOUTS = ("a", "b")

Check = Callable[[Target], Awaitable[CheckResult]]


async def drive(check: Check, targets: Sequence[Target], rate: float) -> dict[str, float]:
    """So many checks a second, evenly; what each costs and takes, and how many had no result.

    What the driving itself costs is measured first, with checks that do nothing, and taken off.
    """
    took: list[float | None] = []
    running: set[asyncio.Task[None]] = set()

    async def one(check: Check, target: Target) -> None:
        began = time.perf_counter()
        found = await check(target)
        took.append(time.perf_counter() - began if found.ok else None)

    async def run(check: Check, seconds: float) -> float:
        """CPU seconds."""
        took.clear()
        began, started, cpu_s = time.perf_counter(), 0, time.process_time()
        while (now := time.perf_counter() - began) < seconds:
            for number in range(started, int(now * rate)):
                task = asyncio.create_task(one(check, targets[number % len(targets)]))
                running.add(task)
                task.add_done_callback(running.discard)
            started = int(now * rate)
            await asyncio.sleep(TICK_S)
        await asyncio.gather(*running)
        return time.process_time() - cpu_s

    driving_s = await run(Ready().check, MEASURED_S)
    await run(check, WARM_UP_S)
    cpu_s = await run(check, MEASURED_S) - driving_s
    answered = [seconds for seconds in took if seconds is not None]
    return {
        "missed": len(took) - len(answered),
        "ms": cpu_s * 1000 / len(took),
        "cpu": cpu_s / MEASURED_S * 100,
        "p99_ms": quantiles(answered, n=100)[98] * 1000,
    }


async def ask(how: str, where: str, rate: float) -> None:
    targets = [Target(url) for url in sys.stdin.readline().split()]
    if how == "home":
        clock = SystemClock()
        guard = Netguard(allow_private=(ipaddress.ip_network("127.0.0.0/8"),))
        found = await drive(Checkers(guard, Resolver(clock), clock=clock).check, targets, rate)
    else:
        async with linked(where) as link:
            await until(lambda: len(link.places) == len(LOOKOUTS))
            found = await drive(RemoteChecker(link, Unreached()).check, targets, rate)
    print(json.dumps(found), flush=True)


class Unreached(Checker):
    """Stands for home: whatever comes here had no answer from a lookout."""

    async def check(self, _: Target) -> CheckResult:
        return CheckResult(0, Cause(Reason.OTHER))


class Ready(Checker):
    """Everything is fine, at once: what a lookout says that does not check."""

    async def check(self, target: Target) -> CheckResult:
        phases = Phases(0.2, 12.5, 24.8, 61.3, 61.9)
        ends_ms = 1_900_000_000_000
        return CheckResult(0, None, 200, phases, ends_ms, target.url.partition("://")[2][:9])


async def answer(name: str, url: str) -> None:
    server = read_server(url, "NATS_URL")
    await Lookout(
        name, server, PlaceCheckers(Ready(), Ready()), SystemClock(), at_once=10_000
    ).run()


Ask = Callable[[str, str, float], dict[str, float]]


def asking(urls: Sequence[str], pem: Path) -> Ask:
    """Runs of the bot's part, each in a fresh process."""

    def measured(how: str, where: str, rate: float) -> dict[str, float]:
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.places", "ask", how, where, str(rate)],
            input=" ".join(urls) + "\n",
            env=child_environment(SSL_CERT_FILE=str(pem)),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        found: dict[str, float] = json.loads(done.stdout)
        return found

    return measured


def run(folder: Path) -> None:
    pem = certificate(folder)
    with Origins(100, certificate=pem) as origins, NatsServer(folder) as nats:
        ask = asking(origins.urls(1_000), pem)
        home = ask("home", "-", REAL_RATE)
        rows = [_row("at home, over TLS", REAL_RATE, home, home, 0.0)]
        with ExitStack() as stack:
            for name in LOOKOUTS:
                one = LookoutProcess(name, nats.url, folder, SSL_CERT_FILE=str(pem))
                stack.enter_context(one)
            rows.append(_remote("by two lookouts", REAL_RATE, home, nats, ask))
        with ExitStack() as stack:
            for name in LOOKOUTS:
                command = [sys.executable, "-m", "tests.bench.places", "answer", name, nats.url]
                stack.enter_context(_Process(command))
            title = "answered, not checked"
            rows += [_remote(title, rate, home, nats, ask) for rate in RATES]
    show(
        "CPU of the bot for each check made elsewhere (bar: a quarter of its own check over TLS)",
        ("", "checks/s", "ms CPU", "of its own", "% of a core", "server %", "p99 ms", "no result"),
        rows,
    )

    asyncio.run(_whole(folder, pem))


async def _whole(folder: Path, pem: Path) -> None:
    """The whole bot, checking by itself and having its checks made."""
    tls = {"SSL_CERT_FILE": str(pem)}
    with (
        Origins(200, certificate=pem) as origins,
        NatsServer(folder) as nats,
        lookouts(nats.url, folder, *LOOKOUTS, **tls),
    ):
        remote = tls | {"VIGIE_NATS_URL": nats.url, "VIGIE_PROBE": "remote"}
        ways = {"at home": tls, "by two lookouts": remote}
        found = {w: await load(folder / w, origins, 1_000, 10, **more) for w, more in ways.items()}
    rows = [(way, one.checks / WHOLE_S, one.cpu_s, one.memory_mb) for way, one in found.items()]
    at_home_s, elsewhere_s = (one.cpu_s for one in found.values())
    note(
        "a check made by lookouts ÷ one at home over TLS, CPU of the bot",
        elsewhere_s / at_home_s,
        "≤ 0.25",
    )
    show(
        "The whole bot, 1,000 sites over TLS at 10 s",
        ("checks", "a second", "CPU s per 1,000", "MB"),
        rows,
    )


def _remote(
    title: str, rate: float, home: dict[str, float], nats: NatsServer, ask: Ask
) -> tuple[object, ...]:
    assert nats.process is not None
    server_s = process_cpu_s(nats.process.pid)
    found = ask("remote", nats.url, rate)
    server_s = process_cpu_s(nats.process.pid) - server_s
    return _row(title, rate, found, home, server_s / (MEASURED_S + WARM_UP_S) * 100)


def _row(
    title: str, rate: float, found: dict[str, float], home: dict[str, float], server: float
) -> tuple[object, ...]:
    share = found["ms"] / home["ms"]
    return title, rate, found["ms"], share, found["cpu"], server, found["p99_ms"], found["missed"]


class _Process(subprocess.Popen[bytes]):
    """Ended with its block."""

    def __exit__(self, *_: object) -> None:
        self.kill()
        self.wait()


if __name__ == "__main__":
    if sys.argv[1] == "ask":
        asyncio.run(ask(sys.argv[2], sys.argv[3], float(sys.argv[4])))
    else:
        asyncio.run(answer(*sys.argv[2:]))
