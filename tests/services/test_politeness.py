"""A host notices no crowd: each server asks it two things at a time, equal ones once for all."""

import asyncio
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from bot.models import CheckResult, Phases, State, Target
from tests.fakes import FakeClock
from tests.services.services_fixture import (
    GUILD,
    HTTP_500,
    OTHER_GUILD,
    PERSON,
    ServicesFixture,
    play,
    services_fixture,
)

BUSY = ("https://busy.example/", "https://busy.example/other?x=1", "tcp://busy.example:443")
ELSEWHERE = ("http://busy.example/", "https://busy.example:8443/", "https://calm.example/")
TAKES_S = 18.0


class SlowProber:
    """Every try takes long; counts those under way by host and port."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.now: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.checks_made: Counter[str] = Counter()
        self.counting = False

    async def check(self, target: Target) -> CheckResult:
        if self.counting:
            place = "busy:443" if target.url in BUSY else target.url
            self.now[place] += 1
            self.checks_made[target.url] += 1
            self.most[place] = max(self.most[place], self.now[place])
            await self._clock.sleep(TAKES_S)
            self.now[place] -= 1
        return CheckResult(self._clock.now_ms(), None, phases=Phases(total=1.0))


async def watch(here: ServicesFixture, guild_id: int) -> None:
    for number, url in enumerate((*BUSY, *ELSEWHERE)):
        await here.monitors.add(guild_id, {"url": url, "name": f"site {number}"}, PERSON)


def test_each_of_two_servers_has_two_places_at_one_host(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as here:
            prober = SlowProber(here.clock)
            here.checks._checker = prober
            for guild_id in (GUILD, OTHER_GUILD):
                await watch(here, guild_id)
            here.clock.settle = lambda: here.db.read(lambda _conn: None)
            prober.counting = True
            running = asyncio.create_task(here.scheduler.run())
            await here.clock.advance(180)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        assert 2 <= prober.most["busy:443"] <= 4
        assert max(count for place, count in prober.most.items() if place != "busy:443") <= 2
        # Both servers' monitors are served, none is starved by the other's.
        assert all(count >= 2 for count in prober.checks_made.values()), prober.checks_made
        assert set(prober.checks_made) == {*BUSY, *ELSEWHERE}

    play(scenario())


@pytest.mark.parametrize(("every_s", "most"), [(60, 3), (300, 3), (30, 6)])
def test_a_site_that_recovers_is_asked_three_times_a_round_at_most(
    tmp_path: Path, every_s: int, most: int
) -> None:
    """Rounds come every minute at most, or as often as people chose."""

    async def scenario() -> None:
        async with services_fixture(tmp_path) as here:
            new = {"url": "https://shop.example/", "name": "shop", "every": every_s}
            monitor = (await here.monitors.add(GUILD, new, PERSON)).monitor
            here.clock.settle = lambda: here.db.read(lambda _conn: None)
            running = asyncio.create_task(here.scheduler.run())
            here.prober.causes[monitor.target.url] = HTTP_500
            await here.clock.advance(600)
            here.prober.causes.clear()
            here.entry("shop").judge_state = replace(here.entry("shop").judge_state, hold=60)
            asked = []
            for _ in range(12):
                before = len(here.prober.probed)
                await here.clock.advance(60)
                asked.append(len(here.prober.probed) - before)
            assert here.status.one(GUILD, monitor.id).state is State.RECOVERING
            assert max(asked) == most, asked
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    play(scenario())


def test_tests_in_a_row_ask_a_site_no_more_than_every_five_seconds(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as here:
            prober = SlowProber(here.clock)
            here.checks._checker = prober
            monitor = (await here.monitors.add(GUILD, {"url": BUSY[0]}, PERSON)).monitor
            prober.counting = True
            tests = []
            for _ in range(round(TAKES_S) + 5):
                tests.append(asyncio.create_task(here.monitors.test(GUILD, monitor.id)))
                await here.clock.advance(1)
            assert prober.checks_made[BUSY[0]] == 1, "all share the first, for five seconds more"
            assert len({id(result) for _, result in await asyncio.gather(*tests)}) == 1
            await here.clock.advance(1)
            again = asyncio.create_task(here.monitors.test(GUILD, monitor.id))
            await here.clock.advance(TAKES_S)
            await again
            assert prober.checks_made[BUSY[0]] == 2
            # A result of other settings is none of these.
            change = {"contains": "open"}
            await here.monitors.change(GUILD, monitor.id, change, PERSON)
            other = asyncio.create_task(here.monitors.test(GUILD, monitor.id))
            await here.clock.advance(TAKES_S)
            await other
            assert prober.checks_made[BUSY[0]] == 3

    play(scenario())
