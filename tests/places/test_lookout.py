"""The process that only checks: what it refuses, what it weighs, and whom the bot believes."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from bot.clock import SystemClock
from bot.engine.place_router import NoVote, Verdict, vote
from bot.errors import ConfigError
from bot.models import Target
from bot.places import messages
from bot.places.address import read_server
from bot.places.link import Link
from tests.bench.product import memory_of
from tests.engine.sites import Visit, answer, serve
from tests.places.rig import (
    ROOT,
    LookoutProcess,
    NatsServer,
    checked,
    linked,
    lookouts,
    present,
    settled,
    until,
    until_present,
    vigie,
    wait_until,
)

FINE = {"v": 1, "cause": None, "status": 200, "phases": [1, 1, 1, 1, 4]}
DOWN = FINE | {"cause": "timeout:10", "status": None}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["a.b", "nats://127.0.0.1"], "names no place"),
        (["paris", "http://127.0.0.1"], "use an address such as"),
        (["paris", "nats://93.184.216.34"], "use tls://"),
        (["paris", "nats://paris:hush@127.0.0.1"], "others can read the command line"),
        (["paris", "tls://watch.example.org"], "VIGIE_LOOKOUT_SECRET is not set"),
        (["paris", "nats://10.8.0.1"], "VIGIE_LOOKOUT_SECRET is not set"),
    ],
)
def test_what_is_refused_ends_with_78_and_one_sentence(
    tmp_path: Path, arguments: list[str], words: str
) -> None:
    done = vigie("lookout", *arguments, folder=tmp_path)
    assert done.returncode == 78
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert "hush" not in done.stderr


def test_a_name_that_leads_to_a_public_address_is_refused_without_tls(tmp_path: Path) -> None:
    code = (
        "import asyncio, sys\n"
        "from bot.cli import lookout\n"
        "from bot.config import Config\n"
        "real = asyncio.BaseEventLoop.getaddrinfo\n"
        "async def public(self, host, port, **more):\n"
        "    return [(2, 1, 6, '', ('93.184.216.34', port))]\n"
        "asyncio.BaseEventLoop.getaddrinfo = public\n"
        "sys.exit(lookout.run('paris', 'nats://broker', Config(lookout_secret='x')))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, "use tls://" in done.stderr) == (78, True), done.stderr


@pytest.mark.parametrize(
    ("address", "refused"), [("93.184.216.34", True), ("10.8.0.1", False), (None, False)]
)
def test_the_bot_refuses_a_public_server_before_it_starts(
    monkeypatch: pytest.MonkeyPatch, address: str | None, refused: bool
) -> None:
    async def found(*_: object, **__: object) -> list[tuple[object, ...]]:
        if address is None:
            raise OSError(-2, "Name or service not known")
        return [(2, 1, 6, "", (address, 4222))]

    async def scenario() -> None:
        link = Link(read_server("nats://broker", "VIGIE_NATS_URL"), SystemClock())
        with pytest.raises(ConfigError) if refused else nullcontext():
            await link.judge()

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", found)
    asyncio.run(scenario())


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_it_stays_small_and_ends_orderly(tmp_path: Path) -> None:
    async def scenario() -> None:
        with NatsServer(tmp_path) as nats, LookoutProcess("paris", nats.url, tmp_path) as paris:
            async with linked(nats.url) as link, serve(answer(b"x" * 2_000)) as site:
                await until_present(link, "paris")
                for _ in range(20):
                    await asyncio.gather(*(link.ask_all(Target(site.url())) for _ in range(10)))
            assert paris.process is not None
            assert memory_of(paris.process.pid) < 45
            paris.send(signal.SIGTERM)
            assert paris.wait() == 0
            assert "Traceback" not in paris.log.read_text("utf-8")

    asyncio.run(scenario())


def test_what_it_loads_is_neither_discord_nor_a_database() -> None:
    code = "import sys; import bot.cli.lookout; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert "nats" in loaded
    assert not {"discord", "aiosqlite", "sqlite3", "bot.db", "bot.services"} & {*loaded}


def test_without_its_setting_nothing_of_places_is_loaded() -> None:
    code = "import sys; import bot.__main__, bot.cli.run, bot.cli.doctor; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"nats", "bcrypt", "bot.places.link"} & {*loaded}


def test_many_questions_at_once_are_not_all_taken(tmp_path: Path) -> None:
    async def stay(visit: Visit) -> None:
        await visit.stay()

    async def scenario() -> None:
        with NatsServer(tmp_path) as nats:
            paris = LookoutProcess("paris", nats.url, tmp_path, VIGIE_CONCURRENCY="3")
            async with linked(nats.url) as link, serve(stay) as site:
                with paris:
                    await until_present(link, "paris")
                    targets = [Target(site.url(f"/{n}")) for n in range(5)]
                    asked = [asyncio.create_task(link.ask_one("paris", t, 1.0)) for t in targets]
                    whys = [(await one).why for one in asked]
                    assert whys == [None, None, None, NoVote.BUSY, NoVote.BUSY]

    asyncio.run(scenario())


@asynccontextmanager
async def liar(url: str, name: str, *said: object, hello: object = None) -> AsyncIterator[Client]:
    """A lookout of another make: says hello, and answers every question with each of ``said``."""
    client = Client()
    await client.connect(url, allow_reconnect=False)

    async def lie(message: Msg) -> None:
        for one in said:
            data = one if isinstance(one, bytes) else json.dumps(one).encode()
            await message.respond(data)

    await client.subscribe(messages.ask(name), cb=lie)
    await client.subscribe(messages.CHECKS, queue=messages.GROUP, cb=lie)
    greeting = {"v": 1, "release": "6.6.6"} if hello is None else hello
    await client.publish(messages.hello(name), json.dumps(greeting).encode())
    await settled(client)
    try:
        yield client
    finally:
        await client.close()


def test_a_lying_lookout_neither_raises_an_alarm_nor_hides_what_most_others_see(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        with NatsServer(tmp_path) as nats, lookouts(nats.url, tmp_path, "a", "b"):
            async with linked(nats.url) as link, serve() as good, serve(b"no http") as bad:
                await until_present(link, "a", "b")
                async with liar(nats.url, "liar", DOWN):
                    await until_present(link, "a", "b", "liar")
                    found = vote(await link.ask_all(Target(good.url())))
                    assert found.failing == ("liar",)
                    assert found.verdict is Verdict.PARTLY, "no alarm, even if home failed too"
                    assert found.may_close
                async with liar(nats.url, "liar", FINE):
                    found = vote(await link.ask_all(Target(bad.url())))
                    assert found.through == ("liar",)
                    assert found.verdict is Verdict.AGREED, "what most others see is not hidden"

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ((FINE | {"v": 2},), NoVote.VERSION),
        ((b"\x00\xff",), NoVote.GARBLED),
        ((b"[" * 3_999,), NoVote.GARBLED),
        ((b"x" * 900_000,), NoVote.GARBLED),
        (({"v": 1, "no": "offline"},), NoVote.OFFLINE),
        ((), NoVote.SILENT),
    ],
)
def test_what_cannot_be_read_does_not_vote(
    tmp_path: Path, said: tuple[object, ...], why: NoVote
) -> None:
    async def scenario() -> None:
        with NatsServer(tmp_path) as nats:
            async with linked(nats.url) as link:
                await until(lambda: link.connected)
                async with liar(nats.url, "x", *said):
                    await until_present(link, "x")
                    deadline_s = 0.1 if why is NoVote.SILENT else 10.0
                    [answer] = await link.ask_all(Target("http://127.0.0.1/"), deadline_s)
                    assert (answer.result, answer.why) == (None, why)
                    assert await checked(link, Target("http://127.0.0.1/"), deadline_s) is None

    asyncio.run(scenario())


@pytest.mark.parametrize(("home_s", "theirs_ms"), [(10.0, 9_500), (2.0, 1_500), (0.4, 200)])
def test_others_have_less_time_than_home_for_their_answers_are_on_the_way(
    tmp_path: Path, home_s: float, theirs_ms: int
) -> None:
    async def scenario() -> None:
        asked: list[int] = []

        async def note(message: Msg) -> None:
            asked.append(json.loads(message.data)["deadline_ms"])

        with NatsServer(tmp_path) as nats:
            async with linked(nats.url) as link:
                await until(lambda: link.connected)
                async with liar(nats.url, "x", DOWN) as client:
                    await client.subscribe(messages.ask("x"), cb=note)
                    await settled(client)
                    await until_present(link, "x")
                    await link.ask_all(Target("http://127.0.0.1/"), home_s)
                    await until(lambda: bool(asked))
        assert asked == [theirs_ms]

    asyncio.run(scenario())


def test_only_the_first_of_many_answers_counts(tmp_path: Path) -> None:
    async def scenario() -> None:
        with NatsServer(tmp_path) as nats:
            async with linked(nats.url) as link:
                await until(lambda: link.connected)
                async with liar(nats.url, "x", DOWN, *[FINE] * 500):
                    await until_present(link, "x")
                    for _ in range(20):
                        assert vote(await link.ask_all(Target("http://127.0.0.1/"))).failing

    asyncio.run(scenario())


def test_a_lookout_of_another_version_is_listed_and_not_asked(tmp_path: Path) -> None:
    async def scenario() -> None:
        with NatsServer(tmp_path) as nats:
            async with linked(nats.url) as link:
                await until(lambda: link.connected)
                newer = {"v": 2, "release": "9.0.0", "more": {"x": 1}}
                async with liar(nats.url, "future", FINE, hello=newer):
                    await until_present(link, "future")
                    [answer] = await link.ask_all(Target("http://127.0.0.1/"))
                    assert answer.why is NoVote.VERSION
                    assert [(p.release, p.protocol) for p in link.places] == [("9.0.0", 2)]

    asyncio.run(scenario())


def test_an_option_a_lookout_does_not_know_is_no_vote_instead_of_a_wrong_one(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        with NatsServer(tmp_path) as nats, LookoutProcess("paris", nats.url, tmp_path):
            client = Client()
            await client.connect(nats.url, allow_reconnect=False)
            newer = {"v": 1, "url": "http://127.0.0.1/", "deadline_ms": 1000, "newest": "x"}
            async with linked(nats.url) as link:
                await until_present(link, "paris")
                for asked in (newer, newer | {"v": 2}, ["?"]):
                    data = json.dumps(asked).encode()
                    reply = await client.request(messages.ask("paris"), data, timeout=5)
                    assert json.loads(reply.data) == {"v": 1, "no": "version"}
            await client.close()

    asyncio.run(scenario())


def test_strange_hellos_are_no_places(tmp_path: Path) -> None:
    async def scenario() -> None:
        with NatsServer(tmp_path) as nats:
            async with linked(nats.url) as link:
                await until(lambda: link.connected)
                client = Client()
                await client.connect(nats.url, allow_reconnect=False, skip_subject_validation=True)
                for subject in ("vigie.hello.-", "vigie.hello.a_", "vigie.hello.\u202ex"):
                    await client.publish(subject, b'{"v":1,"release":"1"}')
                await client.publish(messages.hello("odd"), b"[" * 3_000)
                for number in range(200):
                    await client.publish(messages.hello(f"p{number}"), b'{"v":1,"release":"1"}')
                await until(lambda: len(link.places) == 100)
                await asyncio.sleep(0.2)
                assert len(present(link)) == 100, "no flood of names fills the memory"
                await client.close()

    asyncio.run(scenario())


def test_a_server_that_is_away_is_named_once_not_at_every_attempt(tmp_path: Path) -> None:
    nats = NatsServer(tmp_path)
    with LookoutProcess("paris", nats.url, tmp_path) as paris:
        wait_until(lambda: "No connection to NATS" in paris.log.read_text("utf-8"))
        with nats:
            wait_until(lambda: "Connected to NATS" in paris.log.read_text("utf-8"))
        wait_until(lambda: "the connection is lost" in paris.log.read_text("utf-8"))
        lines = paris.log.read_text("utf-8").splitlines()
        assert len(lines) <= 5, lines
