"""Where a check is made, and when the others are asked."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bot.clock import SystemClock
from bot.engine.check_queue import CheckQueue
from bot.engine.place_router import NoVote, PlaceRouter, Verdict, Vote
from bot.models import HOME, Monitor, Target
from bot.places.link import Link, RemoteChecker
from tests.engine.sites import OK, Site, Visit, make_checker, serve
from tests.places.rig import NatsServer, linked, lookouts, until_present


@dataclass
class Setting:
    """A site that answers home and others as set; home is whoever comes without a lookout."""

    nats: NatsServer
    link: Link
    site: Site
    checker: PlaceRouter
    monitor: Monitor


@asynccontextmanager
async def setting(
    folder: Path, answers: list[bytes], *names: str, remote: bool = False
) -> AsyncIterator[Setting]:
    """The site's answers in the order of the visits; the last one stays."""

    async def behave(visit: Visit) -> None:
        await visit.send(answers.pop(0) if len(answers) > 1 else answers[0])

    with NatsServer(folder) as nats, lookouts(nats.url, folder, *names):
        async with linked(nats.url) as link, serve(behave) as site:
            await until_present(link, *names)
            home = make_checker()
            clock = SystemClock()
            calm = CheckQueue(RemoteChecker(link, home), clock) if remote else None
            checker = PlaceRouter(clock, CheckQueue(home, clock), link, calm)
            yield Setting(nats, link, site, checker, monitor_of(site))


def monitor_of(site: Site) -> Monitor:
    return Monitor(1, 1, "shop", Target(site.url()), 60)


BAD = b"no http at all\r\n\r\n"


def test_without_other_places_home_checks_and_nobody_is_asked() -> None:
    async def scenario() -> None:
        async with serve(BAD) as site:
            checker = PlaceRouter(SystemClock(), CheckQueue(make_checker(), SystemClock()))
            for place in (None, HOME):
                sighting = await checker.check(replace(monitor_of(site), place=place), ask=True)
                assert sighting.result is not None
                assert sighting.asking is None
                assert await sighting.vote() == Vote()
            assert len(site.visits) == 2
            away = await checker.check(replace(monitor_of(site), place="paris"))
            assert (away.result, away.why) == (None, NoVote.AWAY), "home may not reach it at all"

    asyncio.run(scenario())


def test_a_calm_success_asks_nobody(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with setting(tmp_path, [OK], "paris") as at:
            sighting = await at.checker.check(at.monitor)
            assert (sighting.asking, len(at.site.visits)) == (None, 1)

    asyncio.run(scenario())


def test_a_failure_asks_the_others_once_beside_the_confirming_checks(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with setting(tmp_path, [BAD], "oslo", "paris") as at:
            first = await at.checker.check(at.monitor)
            second = await at.checker.check(at.monitor, asking=first.asking)
            third = await at.checker.check(at.monitor, asking=second.asking)
            found = await third.vote()
            assert (found.verdict, found.failing) == (Verdict.AGREED, ("oslo", "paris"))
            assert len(at.site.visits) == 5, "three checks at home, one elsewhere each"

    asyncio.run(scenario())


def test_in_doubt_the_others_are_asked_beside_the_check_itself(tmp_path: Path) -> None:
    async def scenario() -> None:
        async def together(visit: Visit) -> None:
            while len(site.visits) < 3:  # noqa: ASYNC110 - nobody is answered before all are here
                await asyncio.sleep(0.01)
            await visit.send(OK)

        async with setting(tmp_path, [OK], "oslo", "paris") as at, serve(together) as site:
            sighting = await at.checker.check(monitor_of(site), ask=True)
            assert sighting.result is not None
            assert sighting.result.ok
            assert (await sighting.vote()).through == ("oslo", "paris")

    asyncio.run(scenario())


def test_what_belongs_to_one_place_is_checked_there_alone(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with setting(tmp_path, [BAD], "oslo", "paris") as at:
            sighting = await at.checker.check(replace(at.monitor, place="paris"), ask=True)
            assert sighting.result is not None
            assert not sighting.result.ok
            assert (sighting.asking, len(at.site.visits)) == (None, 1)
            away = await at.checker.check(replace(at.monitor, place="sydney"))
            assert (away.result, away.why) == (None, NoVote.AWAY), "no result, no failure"
            own = await at.checker.check(replace(at.monitor, place=HOME), ask=True)
            assert own.result is not None
            assert own.asking is None
            assert len(at.site.visits) == 2

    asyncio.run(scenario())


def test_with_a_dead_server_home_is_alone_at_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with setting(tmp_path, [BAD], "paris") as at:
            at.nats.kill()
            began = time.monotonic()
            sighting = await at.checker.check(at.monitor, ask=True)
            found = await sighting.vote()
            assert (found.verdict, found.silent) == (Verdict.ALONE, ("paris",))
            assert time.monotonic() - began < 7, "its deadline is ten"

    asyncio.run(scenario())


def test_calm_monitors_are_left_to_lookouts_and_doubted_ones_are_not(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with setting(tmp_path, [OK], "paris", remote=True) as at:
            calm = await at.checker.check(at.monitor)
            assert calm.result is not None
            assert calm.asking is None
            headers = [visit.headers for visit in at.site.visits]
            assert len(headers) == 1
            doubted = await at.checker.check(at.monitor, ask=True)
            assert (await doubted.vote()).through == ("paris",)
            assert len(at.site.visits) == 3, "home and paris"

    asyncio.run(scenario())


def test_a_test_from_a_place_is_made_once_within_five_seconds(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with setting(tmp_path, [OK], "paris") as at:
            there = replace(at.monitor, place="paris")
            both = await asyncio.gather(*(at.checker.test(there) for _ in range(3)))
            again = await at.checker.test(there)
            assert len(at.site.visits) == 1
            assert {id(one) for one in (*both, again)} == {id(again)}
            await at.checker.test(at.monitor)
            assert len(at.site.visits) == 2, "home is another place"

    asyncio.run(scenario())
