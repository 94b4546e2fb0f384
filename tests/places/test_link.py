"""The bot asks, lookouts answer: a real server, real processes, real sites."""

import asyncio
import signal
import time
from pathlib import Path

import pytest

from bot import __version__
from bot.clock import SystemClock
from bot.engine.kinds.base import Checker
from bot.engine.place_router import NoVote, Verdict, vote
from bot.models import Cause, CheckResult, Reason, Target
from bot.places.address import read_server
from bot.places.link import LATE_S, PRESENT_S, RemoteChecker
from bot.places.lookout import Lookout, PlaceCheckers
from tests.engine.sites import OK, Visit, answer, free_port, make_checker, serve
from tests.fakes import FakeClock
from tests.places.rig import (
    SERVERS,
    LookoutProcess,
    NatsServer,
    checked,
    linked,
    lookouts,
    present,
    until,
    until_present,
)


async def stay(visit: Visit) -> None:
    await visit.stay()


@pytest.mark.parametrize("binary", SERVERS)
def test_every_place_is_asked_and_answers_once(tmp_path: Path, binary: str) -> None:
    if SERVERS[binary] is None:
        pytest.skip("Debian's nats-server is not installed")

    async def scenario() -> None:
        with NatsServer(tmp_path, binary=SERVERS[binary]) as nats:
            async with linked(nats.url) as link, serve(answer(status="503 Oh")) as site:
                with lookouts(nats.url, tmp_path, "paris", "oslo", "quebec"):
                    await until_present(link, "paris", "oslo", "quebec")
                    assert {place.release for place in link.places} == {__version__}
                    answers = await link.ask_all(Target(site.url()))
                    assert [(a.place, a.result and str(a.result.cause)) for a in answers] == [
                        ("oslo", "http:503"),
                        ("paris", "http:503"),
                        ("quebec", "http:503"),
                    ]
                    assert len(site.visits) == 3
                    assert vote(answers).verdict is Verdict.AGREED
                    one = await link.ask_one("paris", Target(site.url()))
                    assert one.result is not None
                    assert (one.result.status, one.result.address) == (503, "127.0.0.1")
                    assert len(site.visits) == 4
                    nobody = await link.ask_one("sydney", Target(site.url()))
                    assert nobody.why is NoVote.AWAY

    asyncio.run(scenario())


def test_a_lookout_says_goodbye_and_nobody_waits_for_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        with NatsServer(tmp_path) as nats, LookoutProcess("paris", nats.url, tmp_path) as paris:
            async with linked(nats.url) as link:
                await until_present(link, "paris")
                paris.send(signal.SIGTERM)
                await until(lambda: not present(link))
                assert await asyncio.to_thread(paris.wait) == 0
                [answer] = await link.ask_all(Target("http://127.0.0.1/"))
                assert answer.why is NoVote.AWAY, "known without asking"

    asyncio.run(scenario())


def test_a_place_that_was_not_heard_of_for_a_while_is_away_by_our_own_clock(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        clock = FakeClock()
        with NatsServer(tmp_path) as nats, LookoutProcess("paris", nats.url, tmp_path) as paris:
            async with linked(nats.url, clock=clock) as link:
                await until_present(link, "paris")
                paris.send(signal.SIGSTOP)
                clock.jump(PRESENT_S + 1)
                assert present(link) == []
                [answer] = await link.ask_all(Target("http://127.0.0.1/"))
                assert answer.why is NoVote.AWAY, "named as one that did not vote"
                clock.set_wall(-86_400)
                assert [place.name for place in link.places] == ["paris"]
                clock.jump(86_400)
                assert link.places == [], "a day later it is forgotten"

    asyncio.run(scenario())


def test_a_slow_place_does_not_hold_up_what_is_settled(tmp_path: Path) -> None:
    async def scenario() -> None:
        with NatsServer(tmp_path) as nats, lookouts(nats.url, tmp_path, "a", "b", "c") as started:
            async with linked(nats.url) as link, serve() as site:
                await until_present(link, "a", "b", "c")
                started[2].send(signal.SIGSTOP)
                began = time.monotonic()
                answers = await link.ask_all(Target(site.url()))
                assert time.monotonic() - began < 7, "its deadline is ten"
                found = vote(answers)
                assert (found.through, found.silent) == (("a", "b"), ("c",))

    asyncio.run(scenario())


def test_a_place_that_hangs_holds_no_alarm_back(tmp_path: Path) -> None:
    """Home has failed and waits: whoever hangs has its own deadline, or two seconds more."""

    async def scenario() -> None:
        with NatsServer(tmp_path) as nats, lookouts(nats.url, tmp_path, "a", "b", "c") as started:
            async with linked(nats.url) as link, serve() as site:
                await until_present(link, "a", "b", "c")
                started[1].send(signal.SIGSTOP)
                started[2].send(signal.SIGSTOP)
                closed = Target(f"http://127.0.0.1:{free_port()}/")
                waits = asyncio.Event()
                asking = asyncio.create_task(link.ask_all(closed, hurry=waits))
                await asyncio.sleep(1.0)
                assert not asking.done(), "two that may get through would change the verdict"
                waits.set()
                began = time.monotonic()
                found = vote(await asking)
                assert 1.5 < time.monotonic() - began < 7, "their deadline is ten"
                assert (found.failing, found.silent) == (("a",), ("b", "c"))
                began = time.monotonic()
                found = vote(await link.ask_all(Target(site.url()), deadline_s=3.0, hurry=waits))
                took_s = time.monotonic() - began
                assert 2.5 < took_s < 3.0 + LATE_S, "not later than home's own deadline"
                assert (found.through, found.silent) == (("a",), ("b", "c"))

    asyncio.run(scenario())


def test_half_of_them_dead_still_make_a_vote_within_the_deadline(tmp_path: Path) -> None:
    async def scenario() -> None:
        names = ("a", "b", "c", "d")
        with NatsServer(tmp_path) as nats, lookouts(nats.url, tmp_path, *names) as started:
            async with linked(nats.url) as link:
                await until_present(link, *names)
                started[0].kill()
                started[1].send(signal.SIGSTOP)
                began = time.monotonic()
                closed = Target(f"http://127.0.0.1:{free_port()}/")
                found = vote(await link.ask_all(closed, deadline_s=5.0))
                assert time.monotonic() - began < 5.0 + LATE_S
                assert (found.failing, found.silent) == (("c", "d"), ("a", "b"))
                assert found.verdict is Verdict.AGREED

    asyncio.run(scenario())


def test_a_hanging_site_is_a_timeout_there_after_the_deadline_that_was_asked(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        with NatsServer(tmp_path) as nats, LookoutProcess("paris", nats.url, tmp_path):
            async with linked(nats.url) as link, serve(stay) as site:
                await until_present(link, "paris")
                answer = await link.ask_one("paris", Target(site.url()), deadline_s=1.0)
                assert answer.result is not None
                assert answer.result.cause == Cause(Reason.TIMEOUT, 1)

    asyncio.run(scenario())


def test_a_place_that_is_offline_itself_does_not_vote(tmp_path: Path) -> None:
    async def scenario() -> None:
        gone = f"http://127.0.0.1:{free_port()}/"
        with NatsServer(tmp_path) as nats:
            paris = LookoutProcess("paris", nats.url, tmp_path, VIGIE_CANARIES=gone)
            async with serve() as canary, linked(nats.url) as link:
                oslo = LookoutProcess("oslo", nats.url, tmp_path, VIGIE_CANARIES=canary.url())
                with paris, oslo:
                    await until_present(link, "paris", "oslo")
                    answers = await link.ask_all(Target(gone))
                    found = vote(answers)
                    assert (found.failing, found.silent) == (("oslo",), ("paris",))
                    assert [a.why for a in answers if a.place == "paris"] == [NoVote.OFFLINE]
                    assert len(canary.visits) == 1
                    found = vote(await link.ask_all(Target(canary.url())))
                    assert found.through == ("oslo", "paris"), "what gets through needs no proof"

    asyncio.run(scenario())


def test_a_private_network_is_open_to_what_is_that_places_own(tmp_path: Path) -> None:
    """Home allows no private network, so people's names must not lead into paris' own."""

    async def scenario() -> None:
        with NatsServer(tmp_path) as nats, LookoutProcess("paris", nats.url, tmp_path):
            async with linked(nats.url, private=False) as link, serve() as site:
                await until_present(link, "paris")
                [answer] = await link.ask_all(Target(site.url()))
                assert answer.why is NoVote.CANNOT
                assert site.visits == []
                own = await link.ask_one("paris", Target(site.url()))
                assert own.result is not None
                assert own.result.ok

    asyncio.run(scenario())


def test_its_own_guard_refuses_what_its_operator_did_not_open(tmp_path: Path) -> None:
    async def scenario() -> None:
        with NatsServer(tmp_path) as nats:
            paris = LookoutProcess("paris", nats.url, tmp_path, VIGIE_ALLOW_PRIVATE="")
            async with linked(nats.url) as link, serve() as site:
                with paris:
                    await until_present(link, "paris")
                    for url in (site.url(), "http://169.254.169.254/", "ftp://example.com/"):
                        [answer] = await link.ask_all(Target(url))
                        assert answer.why is NoVote.CANNOT
                    assert site.visits == []

    asyncio.run(scenario())


class Barred(Checker):
    """A machine that lets nobody ping."""

    async def check(self, target: Target) -> CheckResult:  # noqa: ARG002 - it visits nothing
        return CheckResult(SystemClock().now_ms(), Cause(Reason.MAY_NOT_PING))


def test_a_place_whose_machine_may_not_ping_does_not_vote(tmp_path: Path) -> None:
    async def scenario() -> None:
        with NatsServer(tmp_path) as nats:
            checkers = PlaceCheckers(Barred(), Barred())
            paris = Lookout("paris", read_server(nats.url, "NATS_URL"), checkers, SystemClock())
            running = asyncio.create_task(paris.run())
            async with linked(nats.url) as link:
                await until_present(link, "paris")
                [answer] = await link.ask_all(Target("ping://example.com"))
                assert (answer.result, answer.why) == (None, NoVote.CANNOT)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    asyncio.run(scenario())


class Home(Checker):
    """Home's own checks, counted."""

    def __init__(self) -> None:
        self.asked = 0
        self._probe = make_checker(deadline_s=2.0)

    async def check(self, target: Target) -> CheckResult:
        self.asked += 1
        return await self._probe.check(target)


def test_scheduled_checks_are_shared_and_only_good_news_is_taken(tmp_path: Path) -> None:
    async def scenario() -> None:
        with NatsServer(tmp_path) as nats, lookouts(nats.url, tmp_path, "a", "b") as started:
            async with linked(nats.url) as link, serve(OK) as good, serve(b"no http") as bad:
                home = Home()
                remote = RemoteChecker(link, home)
                assert (await remote.check(Target(good.url()))).ok, "not even connected: at home"
                assert home.asked == 1
                await until_present(link, "a", "b")
                results = [await remote.check(Target(good.url())) for _ in range(40)]
                assert all(result.ok for result in results)
                assert (home.asked, len(good.visits)) == (1, 41), "each check is made once"
                result = await remote.check(Target(bad.url()))
                assert result.cause is not None
                assert (home.asked, len(bad.visits)) == (2, 2), "a failure is looked at from home"
                for one in started:
                    one.kill()
                assert (await remote.check(Target(good.url()))).ok
                assert home.asked == 3, "nobody there: home"

    asyncio.run(scenario())


def test_a_lookout_that_hangs_costs_a_few_seconds_and_no_more(tmp_path: Path) -> None:
    async def scenario() -> None:
        with NatsServer(tmp_path) as nats, LookoutProcess("a", nats.url, tmp_path) as only:
            async with linked(nats.url) as link, serve() as site, serve(stay) as silent:
                home = Home()
                remote = RemoteChecker(link, home, patience_s=0.3)
                await until_present(link, "a")
                only.send(signal.SIGSTOP)
                began = time.monotonic()
                assert (await remote.check(Target(site.url()))).ok
                assert 0.3 <= time.monotonic() - began < 7, "its deadline is ten"
                assert home.asked == 1
                only.send(signal.SIGCONT)
                result = await remote.check(Target(silent.url()))
                assert result.cause == Cause(Reason.TIMEOUT, 2), "home's own word, by its own time"
                assert home.asked == 2
                await until(lambda: link.waiting == 0)

    asyncio.run(scenario())


def test_a_slow_site_may_be_fine_elsewhere_first(tmp_path: Path) -> None:
    async def scenario() -> None:
        asked_home = asyncio.Event()

        class HangingHome(Checker):
            async def check(self, target: Target) -> CheckResult:  # noqa: ARG002 - it hangs
                asked_home.set()
                raise await asyncio.get_running_loop().create_future()

        async def slow(visit: Visit) -> None:
            await asked_home.wait()
            await visit.send(OK)

        with NatsServer(tmp_path) as nats, LookoutProcess("a", nats.url, tmp_path):
            async with linked(nats.url) as link, serve(slow) as site:
                remote = RemoteChecker(link, HangingHome(), patience_s=0.3)
                await until_present(link, "a")
                assert (await remote.check(Target(site.url()))).ok
                assert len(site.visits) == 1

    asyncio.run(scenario())


def test_a_lookout_that_dies_with_its_checks_costs_a_check_at_home(tmp_path: Path) -> None:
    async def scenario() -> None:
        with NatsServer(tmp_path) as nats, LookoutProcess("a", nats.url, tmp_path) as only:
            async with linked(nats.url) as link, serve() as site:
                await until_present(link, "a")
                only.send(signal.SIGSTOP)
                asked = asyncio.create_task(checked(link, Target(site.url()), 0.5))
                await asyncio.sleep(0.1)
                only.kill()
                assert await asked is None

    asyncio.run(scenario())
