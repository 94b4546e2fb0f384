"""Whether we are online: asked at the moment of failure, once for all who fail."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.clock import SystemClock
from bot.engine import process
from bot.engine.network import VALID_S, ConnectivityChecker
from bot.engine.resolver import Resolver
from tests.engine.nameserver import nameserver
from tests.engine.sites import Names, Site, Visit, answer, free_port, serve
from tests.fakes import FakeClock


def nobody() -> str:
    return f"http://127.0.0.1:{free_port()}"


def make(
    *urls: str,
    api_url: str | None = None,
    clock: FakeClock | None = None,
    names: Names | None = None,
    deadline_s: float = 60.0,
) -> tuple[ConnectivityChecker, FakeClock]:
    clock = clock or FakeClock()
    canaries = ConnectivityChecker(
        urls, api_url or nobody(), clock=clock, resolver=names or Names(), deadline_s=deadline_s
    )
    return canaries, clock


async def stay(visit: Visit) -> None:
    await visit.stay()


@pytest.mark.parametrize("status", ["204 No Content", "403 Forbidden", "500 Oh", "302 Found"])
def test_any_answer_in_http_means_online(status: str) -> None:
    async def scenario() -> None:
        async with serve(answer(status=status)) as canary:
            canaries, clock = make(canary.url())
            assert await canaries.is_online_since(clock.monotonic())

    asyncio.run(scenario())


def test_the_first_answer_wins_and_nobody_waits_for_the_silent() -> None:
    async def scenario() -> None:
        async with serve(stay) as silent, serve() as canary:
            canaries, clock = make(nobody(), silent.url(), canary.url())
            began = time.perf_counter()
            assert await canaries.is_online_since(clock.monotonic())
            assert time.perf_counter() - began < 30

    asyncio.run(scenario())


def test_when_all_are_silent_we_are_offline() -> None:
    async def scenario() -> None:
        async with serve(stay) as silent, serve(b"SSH-2.0-x\r\n\r\n") as other:
            canaries, clock = make(nobody(), silent.url(), other.url(), deadline_s=0.3)
            assert not await canaries.is_online_since(clock.monotonic())

    asyncio.run(scenario())


def test_discord_speaks_when_the_canaries_are_silent_or_none_is_set() -> None:
    async def scenario() -> None:
        async with serve(answer(status="401 Unauthorized")) as api:
            for urls in ((), (nobody(),)):
                canaries, clock = make(*urls, api_url=api.url("/api/v10"))
                assert await canaries.is_online_since(clock.monotonic())
            assert [visit.path for visit in api.visits] == ["/api/v10/gateway"] * 2

    asyncio.run(scenario())


def test_discord_is_not_asked_while_a_canary_answers() -> None:
    async def scenario() -> None:
        async with serve() as api, serve() as canary:
            canaries, clock = make(canary.url(), api_url=api.url("/api/v10"))
            assert await canaries.is_online_since(clock.monotonic())
            assert not api.visits

    asyncio.run(scenario())


def test_the_silence_of_discord_is_remembered_for_five_seconds() -> None:
    async def scenario() -> None:
        async with serve(stay) as api:
            canaries, clock = make(api_url=api.url(""), deadline_s=0.3)
            assert not await canaries.is_online_since(clock.monotonic())
            clock.jump(4)
            assert not await canaries.is_online_since(clock.monotonic())
            assert len(api.visits) == 1
            clock.jump(2)
            assert not await canaries.is_online_since(clock.monotonic())
            assert len(api.visits) == 2

    asyncio.run(scenario())


def test_all_who_fail_at_once_share_one_question() -> None:
    async def scenario() -> None:
        async with serve() as canary:
            canaries, clock = make(canary.url())
            asked = [canaries.is_online_since(clock.monotonic()) for _ in range(100)]
            assert all(await asyncio.gather(*asked))
            assert len(canary.visits) == 1

    asyncio.run(scenario())


def test_an_answer_asked_for_before_the_try_began_proves_nothing() -> None:
    async def scenario() -> None:
        async with serve() as canary:
            canaries, clock = make(canary.url())
            assert await canaries.is_online_since(clock.monotonic())
            clock.jump(1)
            assert await canaries.is_online_since(clock.monotonic())
            assert len(canary.visits) == 2

    asyncio.run(scenario())


def test_a_question_under_way_is_not_enough_for_a_later_try() -> None:
    async def scenario() -> None:
        async def slowly(visit: Visit) -> None:
            await asyncio.sleep(0.05)
            await visit.send(answer())

        async with serve(slowly) as canary:
            canaries, clock = make(canary.url())
            first = asyncio.ensure_future(canaries.is_online_since(clock.monotonic()))
            await asyncio.sleep(0.02)
            clock.jump(1)
            assert await canaries.is_online_since(clock.monotonic())
            assert await first
            assert len(canary.visits) == 2

    asyncio.run(scenario())


def test_an_answer_speaks_for_the_next_seconds_only() -> None:
    async def scenario() -> None:
        async with serve() as canary:
            canaries, clock = make(canary.url())
            began = clock.monotonic()
            assert await canaries.is_online_since(began)
            clock.jump(VALID_S - 0.1)
            assert await canaries.is_online_since(began)
            assert len(canary.visits) == 1
        clock.jump(0.2)
        assert not await canaries.is_online_since(began)

    asyncio.run(scenario())


def test_one_who_gives_up_does_not_end_the_question_of_the_others() -> None:
    async def scenario() -> None:
        async def slowly(visit: Visit) -> None:
            await asyncio.sleep(0.05)
            await visit.send(answer())

        async with serve(slowly) as canary:
            canaries, clock = make(canary.url())
            hasty = asyncio.ensure_future(canaries.is_online_since(clock.monotonic()))
            patient = asyncio.ensure_future(canaries.is_online_since(clock.monotonic()))
            await asyncio.sleep(0.02)
            hasty.cancel()
            assert await patient

    asyncio.run(scenario())


def test_names_are_looked_up_anew() -> None:
    async def scenario() -> None:
        async with serve() as canary:
            names = Names({"canary.example.net": ["127.0.0.1"]})
            canaries, clock = make(canary.url("/", "canary.example.net"), names=names)
            assert await canaries.is_online_since(clock.monotonic())
            assert names.fresh == 1

    asyncio.run(scenario())


def test_a_dead_name_server_is_our_own_offline() -> None:
    async def scenario() -> None:
        async with serve() as canary, nameserver() as server:
            clock = SystemClock()
            resolver = Resolver(clock, [server.where], look_up_s=0.2)
            url = canary.url("/", "canary.example.net")
            canaries = ConnectivityChecker(
                [url], nobody(), clock=clock, resolver=resolver, context=None, deadline_s=0.5
            )
            assert await canaries.is_online_since(clock.monotonic())
            server.silent = True
            assert not await canaries.is_online_since(clock.monotonic())
            await resolver.close()

    asyncio.run(scenario())


@asynccontextmanager
async def three() -> AsyncIterator[list[Site]]:
    async with serve() as one, serve() as two, serve() as three:
        yield [one, two, three]


def test_one_host_is_asked_at_a_time_each_in_turn() -> None:
    async def scenario() -> None:
        async with three() as hosts:
            canaries, clock = make(*(host.url() for host in hosts))
            for _ in range(6):
                assert await canaries.is_online_since(clock.monotonic())
                clock.jump(1)
            assert [len(host.visits) for host in hosts] == [2, 2, 2]

    asyncio.run(scenario())


def test_failures_one_after_the_other_share_one_round_a_second() -> None:
    async def scenario() -> None:
        async with three() as hosts:
            canaries, clock = make(*(host.url() for host in hosts))
            asked = list[asyncio.Task[bool]]()
            for _ in range(200):  # fifty failures a second for four seconds
                asked.append(asyncio.ensure_future(canaries.is_online_since(clock.monotonic())))
                await asyncio.sleep(0.001)
                await clock.advance(0.02)
            await clock.advance(2)
            assert all(await asyncio.gather(*asked))
            assert sum(len(host.visits) for host in hosts) <= 6

    asyncio.run(scenario())


def test_a_slow_host_is_not_waited_for_alone() -> None:
    async def scenario() -> None:
        async def late(visit: Visit) -> None:
            await asyncio.sleep(0.25)
            await visit.send(answer())

        for behave, deadline_s in ((late, 60), (stay, 0.3)):
            async with serve(behave) as slow, serve(stay) as silent:
                canaries, clock = make(slow.url(), silent.url(), nobody(), deadline_s=deadline_s)
                began = time.perf_counter()
                assert await canaries.is_online_since(clock.monotonic()) is (behave is late)
                assert time.perf_counter() - began < 30

    asyncio.run(scenario())


def test_without_descriptors_we_are_short_of_them_and_not_offline(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with serve() as host:
            canaries, clock = make(host.url())
            room = [False, False, True]
            monkeypatch.setattr(process, "has_room", lambda _count: room.pop(0))
            asked = asyncio.ensure_future(canaries.is_online_since(clock.monotonic()))
            await clock.advance(2.5)
            assert await asked
            assert (len(host.visits), room) == (1, [])
            monkeypatch.setattr(process, "has_room", lambda _count: False)
            asked = asyncio.ensure_future(canaries.is_online_since(clock.monotonic()))
            await clock.advance(30)
            assert await asked

    asyncio.run(scenario())
    assert "ulimit -n" in caplog.text


def test_a_url_that_is_none_is_a_silent_canary() -> None:
    async def scenario() -> None:
        canaries, clock = make("", "no url", "ftp://example.com/", "http://[", api_url="x")
        assert not await canaries.is_online_since(clock.monotonic())

    asyncio.run(scenario())


class Counted(ConnectivityChecker):
    """Fails instead of asking itself for ever: a spinning loop would stop even a time limit."""

    looks = 0

    def _is_known_online(self, started: float) -> bool:
        self.looks += 1
        assert self.looks < 50, "online_since spins without waiting"
        return super()._is_known_online(started)


def test_a_try_that_fails_in_the_very_turn_of_an_answer_asks_again_and_does_not_spin() -> None:
    async def late(canaries: Counted, started: float) -> bool:
        while canaries._asking is None or not canaries._asking.done():  # noqa: ASYNC110 - every turn
            await asyncio.sleep(0)
        return await canaries.is_online_since(started)

    async def scenario() -> None:
        gate = asyncio.Event()

        async def slow(visit: Visit) -> None:
            await gate.wait()
            await visit.send(answer())

        async with serve(slow) as canary:
            clock = SystemClock()
            canaries = Counted((canary.url(),), nobody(), clock=clock, resolver=Names())
            first = asyncio.ensure_future(canaries.is_online_since(clock.monotonic()))
            await asyncio.sleep(0.05)
            second = asyncio.ensure_future(late(canaries, clock.monotonic()))
            await asyncio.sleep(0.01)
            gate.set()
            assert all(await asyncio.gather(first, second))

    asyncio.run(scenario())
