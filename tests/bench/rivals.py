"""The same visits, each way in a fresh process: raw sockets, httpx as it comes, our check alone.

``python -m tests.bench.rivals raw|httpx|check COUNT URL…`` prints the CPU seconds it took.
"""

import asyncio
import ipaddress
import resource
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx

from bot.clock import SystemClock
from bot.engine.kinds.http import HttpChecker
from bot.engine.netguard import Netguard
from bot.engine.tls import client_context
from bot.models import Target
from tests.engine.sites import Names, free_port

ONCE = 50
BLACKBOX = ("blackbox_exporter", "prometheus-blackbox-exporter")
MODULES = "modules: {web: {prober: http, http: {preferred_ip_protocol: ip4}}}\n"
Visit = Callable[[str], Awaitable[int]]


async def _ready(sock: socket.socket, *, write: bool = False) -> None:
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    (loop.add_writer if write else loop.add_reader)(sock, future.set_result, None)
    try:
        await future
    finally:
        (loop.remove_writer if write else loop.remove_reader)(sock)


async def _whole(sock: socket.socket, action: Callable[[], bytes | None]) -> bytes | None:
    while True:
        try:
            return action()
        except (ssl.SSLWantReadError, BlockingIOError):
            await _ready(sock)
        except ssl.SSLWantWriteError:
            await _ready(sock, write=True)


def raw(context: ssl.SSLContext) -> Visit:
    """Non-blocking sockets and the least parsing: what the machine can do from Python."""

    async def visit(url: str) -> int:
        parts = urlsplit(url)
        sock = socket.socket()
        sock.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(sock, (parts.hostname, parts.port))
            if parts.scheme == "https":
                tls = context.wrap_socket(
                    sock, server_hostname=parts.hostname, do_handshake_on_connect=False
                )
                sock = tls
                await _whole(tls, tls.do_handshake)
            head = f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n"
            sock.send(head.encode())
            data = b""
            while part := await _whole(sock, lambda: sock.recv(65536)):
                data += part
            return int(data[9:12])
        finally:
            sock.close()

    return visit


def check() -> Visit:
    """One HTTP check as Vigie makes it, without what comes before and after."""
    loopback = ipaddress.ip_network("127.0.0.0/8")
    checker = HttpChecker(
        Netguard(allow_private=(loopback,)), Names(), clock=SystemClock(), context=client_context()
    )
    target = cache(Target)

    async def visit(url: str) -> int:
        return (await checker.check(target(url))).status or 0

    return visit


async def measure(kind: str, count: int, urls: Sequence[str]) -> float:
    context = ssl.create_default_context()
    limits = httpx.Limits()
    async with httpx.AsyncClient(verify=context, trust_env=False, limits=limits) as client:

        async def plain(url: str) -> int:
            return (await client.get(url, headers={"Connection": "close"})).status_code

        visit = {"raw": raw(context), "httpx": plain, "check": check()}[kind]
        gate = asyncio.Semaphore(ONCE)

        async def one(number: int) -> None:
            async with gate:
                assert await visit(urls[number % len(urls)]) == 200

        await asyncio.gather(*map(one, range(ONCE)))
        before = cpu_s()
        await asyncio.gather(*map(one, range(count)))
        return cpu_s() - before


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def rival(kind: str, urls: Sequence[str], environment: dict[str, str], count: int = 2000) -> float:
    """CPU seconds per 1,000 visits, measured in a process of its own."""
    found = subprocess.run(
        [sys.executable, "-m", "tests.bench.rivals", kind, str(count), *urls],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(found.stdout) * 1000 / count


def blackbox(
    folder: Path, urls: Sequence[str], environment: dict[str, str], count: int = 2000
) -> float | None:
    """The same of an installed blackbox_exporter, which is asked for each visit over HTTP."""
    binary = next(filter(None, map(shutil.which, BLACKBOX)), None)
    if binary is None:
        return None
    modules, port = folder / "blackbox.yml", free_port()
    modules.write_text(MODULES, "utf-8")
    command = [binary, f"--config.file={modules}", f"--web.listen-address=127.0.0.1:{port}"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            return asyncio.run(_probed(process.pid, port, urls, count)) * 1000 / count
        finally:
            process.kill()


async def _probed(pid: int, port: int, urls: Sequence[str], count: int) -> float:
    """CPU seconds of that process for so many visits."""
    gate = asyncio.Semaphore(ONCE)

    async def one(number: int) -> None:
        target = quote(urls[number % len(urls)], safe="")
        async with gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            request = f"GET /probe?module=web&target={target} HTTP/1.0\r\n\r\n"
            writer.write(request.encode())
            assert b"probe_success 1" in await reader.read(), target
            writer.close()

    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            await asyncio.gather(*map(one, range(ONCE)))
            break
        except OSError:  # it has not begun to listen
            await asyncio.sleep(0.1)
    before = process_cpu_s(pid)
    await asyncio.gather(*map(one, range(count)))
    return process_cpu_s(pid) - before


def process_cpu_s(pid: int) -> float:
    """User and system seconds of a process, all its threads, to the nanosecond."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text("ascii").split()[0]) for task in tasks) / 1e9


if __name__ == "__main__":
    print(asyncio.run(measure(sys.argv[1], int(sys.argv[2]), sys.argv[3:])))
