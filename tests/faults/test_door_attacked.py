"""The whole bot while its door is attacked: checks, alerts and honest callers go on as before."""

import asyncio
import contextlib
import secrets
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.engine import process
from tests.bench.product import memory_of
from tests.harness import Harness
from tests.web.rig import HERE, ask, request
from tests.web.test_door import free_port

pytestmark = pytest.mark.process

ATTACK_S = 8.0
GROWN_MB = 80


async def hold(port: int, first: bytes, over: asyncio.Event) -> None:
    """A client that never ends what it began, and comes back when it is thrown out."""
    while not over.is_set():
        await send(port, first)
        await asyncio.sleep(0.05)


async def flood(port: int, guild_id: int, over: asyncio.Event) -> None:
    """Guesses secrets, asks for what is not there, sends what is no request, without a pause."""
    keep = {"Connection": "keep-alive"}
    while not over.is_set():
        guessed = f"/beat/{secrets.token_hex(16)}/fail"
        asked = [request(guessed, "POST", fields=keep)]
        asked += [request(path, fields=keep) for path in (f"/status/{guild_id}", "/../.env")]
        await send(port, b"".join(3 * asked) + b"\x16\x03\x01" + b"X: y\r\n" * 50 + b"\r\n")
        await asyncio.sleep(0.01)


async def send(port: int, data: bytes) -> None:
    """Send it, and listen until somebody hangs up."""
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(60):
            reader, writer = await asyncio.open_connection(HERE, port)
            try:
                writer.write(data)
                await reader.read()
            finally:
                writer.close()


def test_checks_stay_on_time_and_honest_callers_get_through(tmp_path: Path) -> None:
    async def scenario() -> None:
        port = free_port()
        process.allow_many()
        async with Harness(tmp_path, VIGIE_LISTEN=f"{HERE}:{port}", VIGIE_LOG_LEVEL="DEBUG") as h:
            await h.bot.start()
            for name in ("shop", "blog", "wiki"):
                await h.watch(name)
            await h.command("board page on")
            answer = await h.command("watch push", name="job", every=3600)
            path = "/beat/" + answer.content.partition("/beat/")[2][:32]
            guild_id = int(h.sandbox.world.guild("Harbour").id)
            assert h.bot.process is not None
            before = memory_of(h.bot.process.pid)
            half = b"POST /beat/x HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf"
            over = asyncio.Event()  # a cancellation alone may come when an answer does
            attackers = [
                *(hold(port, b"GET /heal", over) for _ in range(250)),
                *(hold(port, half, over) for _ in range(250)),
                *(hold(port, b"", over) for _ in range(100)),
                *(flood(port, guild_id, over) for _ in range(20)),
            ]
            tasks = [asyncio.create_task(one) for one in attackers]
            try:
                await asyncio.sleep(ATTACK_S / 2)
                await h.outage("shop")
                assert (await ask(port, path)).text == "ok"
                for _ in range(10):
                    async with asyncio.timeout(60):
                        assert (await ask(port, "/healthz")).status == 200
                page = await ask(port, f"/status/{guild_id}")
                assert "shop" in page.text
                await asyncio.sleep(ATTACK_S / 2)
                grown = memory_of(h.bot.process.pid) - before
            finally:
                over.set()
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            await h.recovery("shop")
            text = (await ask(port, "/metrics")).text
            late = {
                sample.labels["quantile"]: sample.value
                for family in text_string_to_metric_families(text)
                for sample in family.samples
                if sample.name == "vigie_check_delay_seconds"
            }
            assert late["0.95"] < 1, "the machine may be busy, the rounds are a second apart"
            assert grown < GROWN_MB
            assert path.rpartition("/")[2] not in h.bot.log
            for line in h.bot.log.splitlines():
                assert " ERROR " not in line
                assert "/beat/" not in line

    asyncio.run(scenario())
