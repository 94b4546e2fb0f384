"""Whatever dies when: the link comes back by itself, and nobody waits for what is not there."""

import asyncio
import os
import random
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from bot.clock import DAY_MS, SystemClock
from bot.engine.place_router import NoVote, Verdict, vote
from bot.models import Target
from bot.places.address import read_server
from bot.places.link import Link
from bot.places.lookout import HELLO_S, Lookout, PlaceCheckers
from tests.engine.sites import Visit, free_port, make_checker, serve
from tests.places.rig import (
    READY_S,
    ROOT,
    LookoutProcess,
    NatsServer,
    checked,
    linked,
    lookouts,
    present,
    until,
    until_present,
)

QUESTIONS = 1_000
Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def stay(visit: Visit) -> None:
    await visit.stay()


def test_a_server_that_dies_takes_all_votes_at_once_and_comes_back(tmp_path: Path) -> None:
    async def scenario() -> None:
        with NatsServer(tmp_path) as nats, lookouts(nats.url, tmp_path, "a", "b"):
            async with linked(nats.url) as link, serve(stay) as site:
                await until_present(link, "a", "b")
                asked = asyncio.create_task(link.ask_all(Target(site.url())))
                await asyncio.sleep(0.3)
                nats.kill()
                began = time.monotonic()
                found = vote(await asked)
                assert time.monotonic() - began < 7, "its deadline is ten"
                assert (found.verdict, found.silent) == (Verdict.ALONE, ("a", "b"))
                assert not link.connected
                answers = await link.ask_all(Target(site.url()))
                assert [answer.why for answer in answers] == [NoVote.AWAY, NoVote.AWAY]
                assert await checked(link, Target(site.url())) is None
                await asyncio.sleep(1.0)
                nats.start()
                await until_present(link, "a", "b")

    asyncio.run(scenario())


def test_a_server_that_is_not_there_at_start_is_waited_for(tmp_path: Path) -> None:
    async def scenario() -> None:
        nats = NatsServer(tmp_path)
        with LookoutProcess("a", nats.url, tmp_path) as lookout:
            async with linked(nats.url) as link, serve() as site:
                await asyncio.sleep(1.5)
                assert await link.ask_all(Target(site.url())) == [], "home alone"
                assert lookout.process is not None
                assert lookout.process.poll() is None
                with nats:
                    await until_present(link, "a")
                    [answer] = await link.ask_all(Target(site.url()))
                    assert answer.result is not None

    asyncio.run(scenario())


def open_files() -> int:
    listed = Path("/proc/self/fd")
    return len(list(listed.iterdir())) if listed.exists() else 0


def test_a_server_that_is_away_for_long_costs_nothing_but_attempts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("bot.places.connection.FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr("bot.places.connection.LONGEST_PAUSE_S", 0.005)

    async def scenario() -> None:
        nats = NatsServer(tmp_path)
        async with linked(nats.url) as link:
            await asyncio.sleep(0.2)
            before = open_files()
            await asyncio.sleep(1.5)
            assert open_files() <= before + 2
            assert caplog.text.count("No connection to NATS") == 1, "said once"
            with nats:
                await until(lambda: link.connected)

    asyncio.run(scenario())


ASKS_FOR_EVER = """
import asyncio, sys
from bot.models import Target
from tests.places.rig import linked, until_present
async def main():
    async with linked(sys.argv[1]) as link:
        await until_present(link, "a")
        asking = asyncio.ensure_future(link.ask_all(Target(sys.argv[2])))
        await asyncio.sleep(0.3)
        print("asking", flush=True)
        await asking
asyncio.run(main())
"""


def test_a_bot_killed_in_the_middle_of_a_question_leaves_all_well(tmp_path: Path) -> None:
    async def scenario() -> None:
        with NatsServer(tmp_path) as nats, LookoutProcess("a", nats.url, tmp_path) as lookout:
            async with serve(stay) as silent, serve() as site:
                command = [sys.executable, "-c", ASKS_FOR_EVER, nats.url, silent.url()]
                bot = await asyncio.create_subprocess_exec(
                    *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE
                )
                assert bot.stdout is not None
                assert await bot.stdout.readline() == b"asking\n"
                bot.kill()
                await bot.wait()
                async with linked(nats.url) as link:
                    await until_present(link, "a")
                    [answer] = await link.ask_all(Target(site.url()))
                    assert answer.result is not None
                    assert answer.result.ok
                assert lookout.process is not None
                assert lookout.process.poll() is None
                assert "Traceback" not in lookout.log.read_text("utf-8")

    asyncio.run(scenario())


def test_the_bots_end_leaves_lookouts_idle_and_a_new_bot_finds_them_at_once(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        with NatsServer(tmp_path) as nats, lookouts(nats.url, tmp_path, "a", "b"):
            async with linked(nats.url) as link:
                await until_present(link, "a", "b")
            began = time.monotonic()
            async with linked(nats.url) as link:
                await until_present(link, "a", "b")
                assert time.monotonic() - began < HELLO_S, "asked, not waited for"

    asyncio.run(scenario())


def test_a_lookout_killed_and_started_again_votes_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        with NatsServer(tmp_path) as nats, LookoutProcess("a", nats.url, tmp_path) as lookout:
            async with linked(nats.url) as link, serve() as site:
                await until_present(link, "a")
                lookout.kill()
                async with asyncio.timeout(READY_S):  # the server may be slow to notice
                    while present(link):
                        [answer] = await link.ask_all(Target(site.url()), deadline_s=1.0)
                assert answer.why is NoVote.AWAY, "the server says at once that nobody is there"
                lookout.start()
                await until_present(link, "a")
                [answer] = await link.ask_all(Target(site.url()))
                assert answer.result is not None

    asyncio.run(scenario())


def test_a_frozen_server_is_given_up_and_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No reset comes from a line that is cut: the client's own pings notice."""
    monkeypatch.setattr("bot.places.connection.PING_S", 0.5)

    async def scenario() -> None:
        with NatsServer(tmp_path) as nats, LookoutProcess("a", nats.url, tmp_path):
            async with linked(nats.url) as link, serve() as site:
                await until_present(link, "a")
                assert nats.process is not None
                os.kill(nats.process.pid, signal.SIGSTOP)
                began = time.monotonic()
                [answer] = await link.ask_all(Target(site.url()), deadline_s=0.5)
                assert answer.why is NoVote.SILENT
                assert time.monotonic() - began < 10
                await until(lambda: not link.connected)
                os.kill(nats.process.pid, signal.SIGCONT)
                await until_present(link, "a")

    asyncio.run(scenario())


@pytest.mark.parametrize("seed", range(3))
def test_random_kills_never_break_a_question(tmp_path: Path, seed: int) -> None:
    """Each question ends in time with a vote or without one, and all is well afterwards."""
    dice = random.Random(seed)

    async def strike(nats: NatsServer, started: list[LookoutProcess]) -> None:
        victims: list[NatsServer | LookoutProcess] = [nats, *started]
        for _ in range(6):
            await asyncio.sleep(dice.uniform(0.1, 0.6))
            victim = dice.choice(victims)
            victim.kill()
            await asyncio.sleep(dice.uniform(0.0, 0.4))
            await asyncio.to_thread(victim.start)

    async def ask(link: Link, url: str, results: list[float]) -> None:
        while True:
            began = time.monotonic()
            found = vote(await link.ask_all(Target(url), deadline_s=0.5))
            assert not found.failing, "the site is fine, whatever else is not"
            results.append(time.monotonic() - began)
            await asyncio.sleep(0.02)

    async def scenario() -> None:
        found: tuple[str, ...] = ()
        with NatsServer(tmp_path) as nats, lookouts(nats.url, tmp_path, "a", "b", "c") as started:
            async with linked(nats.url) as link, serve() as site:
                await until_present(link, "a", "b", "c")
                took: list[float] = []
                asking = asyncio.create_task(ask(link, site.url(), took))
                await strike(nats, started)
                assert not asking.done()
                asking.cancel()
                assert len(took) > 5
                assert max(took) < 10, "their deadline is half a second"
                async with asyncio.timeout(READY_S):
                    while found != ("a", "b", "c"):
                        await asyncio.sleep(0.1)
                        found = vote(await link.ask_all(Target(site.url()))).through

    asyncio.run(scenario())


def test_a_thousand_questions_with_half_the_places_dead(tmp_path: Path) -> None:
    """As when a mass outage is in doubt: everybody gets a vote, nobody waits for the dead."""

    async def scenario() -> None:
        names = ("a", "b", "c", "d")
        with NatsServer(tmp_path) as nats, lookouts(nats.url, tmp_path, *names) as started:
            async with linked(nats.url) as link:
                await until_present(link, *names)
                started[0].kill()
                started[1].send(signal.SIGSTOP)
                closed = f"http://127.0.0.1:{free_port()}"
                began = time.monotonic()
                targets = [Target(f"{closed}/{n}") for n in range(QUESTIONS)]
                questions = [link.ask_all(target, deadline_s=60.0) for target in targets]
                votes = [vote(answers) for answers in await asyncio.gather(*questions)]
                assert {(v.verdict, v.failing) for v in votes} == {(Verdict.AGREED, ("c", "d"))}
                assert time.monotonic() - began < 50
                assert link.waiting == 0, "nothing of it is kept"

    asyncio.run(scenario())


async def http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    writer.close()


async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()


async def broken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b'INFO {"version": 7, "max_payload": "x", "connect_urls": 5}\r\n-ERR\r\n')
    writer.close()


@pytest.mark.parametrize("behave", [http, endless, broken])
def test_what_is_no_nats_server_does_not_end_the_link(tmp_path: Path, behave: Behaviour) -> None:
    async def scenario() -> None:
        nats = NatsServer(tmp_path)
        strange = await asyncio.start_server(behave, "127.0.0.1", nats.port)
        async with linked(nats.url) as link:
            await asyncio.sleep(1.0)
            assert not link.connected
            strange.close()
            with nats:
                await until(lambda: link.connected)

    asyncio.run(scenario())


class OtherClock(SystemClock):
    """A machine whose clock was never set, and that woke up long before ours."""

    def now_ms(self) -> int:
        return super().now_ms() - 10 * 365 * DAY_MS

    def monotonic(self) -> float:
        return super().monotonic() + 10_000_000


def test_another_machines_clock_changes_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        with NatsServer(tmp_path) as nats:
            probe = make_checker()
            server = read_server(nats.url, "NATS_URL")
            lookout = Lookout("paris", server, PlaceCheckers(probe, probe), OtherClock())
            running = asyncio.create_task(lookout.run())
            async with linked(nats.url) as link, serve() as site:
                await until_present(link, "paris")
                before_ms = SystemClock().now_ms()
                [answer] = await link.ask_all(Target(site.url()))
                assert answer.result is not None
                assert before_ms <= answer.result.at_ms <= SystemClock().now_ms()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    asyncio.run(scenario())


def test_a_bot_that_is_refused_says_so_and_comes_in_once_it_is_let(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.places.link.RETRY_S", 0.2)

    async def scenario() -> None:
        nats = NatsServer(tmp_path, rest="authorization { user: vigie, password: other }\n")
        with nats:
            async with linked(nats.url.replace("://", "://vigie:hush@")) as link, serve() as site:
                await until(lambda: link.trouble is not None)
                assert "does not take this user and secret" in (link.trouble or "")
                assert "hush" not in (link.trouble or "")
                assert await link.ask_all(Target(site.url())) == []
                text = nats.file.read_text("utf-8").replace("other", "hush")
                nats.file.write_text(text, "utf-8")
                nats.reload()
                await until(lambda: link.connected)
                assert link.trouble is None

    asyncio.run(scenario())
