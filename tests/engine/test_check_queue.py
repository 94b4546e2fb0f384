"""Few checks at a time to one host for each server, equal ones once, and all reported in time."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from statistics import median

import pytest

from bot.engine.check_queue import AT_A_TIME, PER_SECOND, WIDEST, CheckQueue
from bot.engine.connector import COUNT_CONNECTION, before_connect
from bot.engine.judge import judge
from bot.engine.judge_state import Check, Event, JudgeState, Policy, current_interval_s
from bot.engine.scheduler import Scheduler, Step
from bot.models import Cause, CheckResult, Phases, Reason, Target
from tests.fakes import FakeClock

HANGS = Cause(Reason.TIMEOUT, 10)
HTTP_500 = Cause(Reason.HTTP, 500)
HERE, THERE = 1, 2


@dataclass
class Sites:
    """A prober: how long each address takes, and what comes of it. Connects where it is bid."""

    clock: FakeClock
    takes_s: Callable[[str], float] = lambda _: 0.0
    cause: Callable[[str], Cause | None] = lambda _: None
    leads_to: Callable[[str], list[str]] = lambda _: []
    begun: list[tuple[float, str]] = field(default_factory=list)
    now: Counter[str] = field(default_factory=Counter)
    most: Counter[str] = field(default_factory=Counter)

    async def check(self, target: Target) -> CheckResult:
        began, at_ms, url = self.clock.monotonic(), self.clock.now_ms(), target.url
        try:
            for address in self.leads_to(url):
                before_connect(address, 443)
        except Exception:  # noqa: BLE001 - as probes do: whatever happens is a result
            return CheckResult(at_ms, Cause(Reason.RESET))
        host = url.split("/")[2]
        self.begun.append((began, url))
        self.now[host] += 1
        self.most[host] = max(self.most[host], self.now[host])
        try:
            await self.clock.sleep(self.takes_s(url))
        finally:
            self.now[host] -= 1
        took_ms = (self.clock.monotonic() - began) * 1000
        return CheckResult(at_ms, self.cause(url), phases=Phases(total=took_ms))


@dataclass
class Watched:
    """One monitor as the services run it: check, judge, and when it was reported."""

    url: str
    server: int
    judge_state: JudgeState = field(default_factory=JudgeState)
    first_failed: float | None = None
    reported: float | None = None
    rounds: list[float] = field(default_factory=list)


class Watch:
    """The runner of a scheduler over real checks and the real judge."""

    def __init__(self, clock: FakeClock, checks: CheckQueue) -> None:
        self.clock = clock
        self.checks = checks
        self.monitors: dict[int, Watched] = {}
        self.policy = Policy(60.0)

    async def __call__(self, key: int, slot_ms: int, number: int) -> Step:
        one = self.monitors[key]
        checked = await self.checks.check(Target(one.url), one.server)
        result = checked.result
        if number == 0:
            one.rounds.append(checked.started)
        if not result.ok and one.first_failed is None:
            one.first_failed = checked.started
        check = Check(slot_ms, number, result.cause, result.phases.total, result.at_ms)
        decision = judge(one.judge_state, check, self.policy)
        one.judge_state = decision.state
        if decision.event is Event.OPENED:
            one.reported = self.clock.monotonic()
            assert one.judge_state.since_ms is not None
        return Step(decision.confirm_s, current_interval_s(one.judge_state, self.policy))


@asynccontextmanager
async def watching(
    clock: FakeClock, sites: Sites, *, slots: int = 0
) -> AsyncIterator[tuple[Scheduler, Watch]]:
    checks = CheckQueue(sites, clock, limit=slots)
    watch = Watch(clock, checks)
    scheduler = Scheduler(watch, clock, waits=checks.waits_for_turn)
    running = asyncio.create_task(scheduler.run())
    await clock.run_ready()
    try:
        yield scheduler, watch
    finally:
        await scheduler.stop(1)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def add(scheduler: Scheduler, watch: Watch, key: int, url: str, server: int = HERE) -> Watched:
    one = watch.monitors[key] = Watched(url, server)
    scheduler.set(key, 60)
    return one


def run(scenario: Callable[[FakeClock], Awaitable[None]]) -> None:
    clock = FakeClock()

    async def play() -> None:
        await scenario(clock)

    asyncio.run(play())


@pytest.mark.parametrize("count", [1, 50, 100, 300])
@pytest.mark.parametrize("shape", ["one path", "paths", "names", "servers", "servers and paths"])
def test_a_host_that_hangs_is_reported_in_the_same_minute_by_all_who_watch_it(
    count: int, shape: str
) -> None:
    """From a sound day: all of them up, then the host hangs for everybody."""

    async def scenario(clock: FakeClock) -> None:
        hangs = False
        sites = Sites(
            clock,
            lambda _: 10.0 if hangs else 0.1,
            lambda _: HANGS if hangs else None,
            lambda _: ["192.0.2.80"],
        )
        async with watching(clock, sites) as (scheduler, watch):
            for key in range(1, count + 1):
                path = f"page{key}" if "paths" in shape else ""
                name = f"n{key}." if shape == "names" else ""
                server = key if "servers" in shape else HERE
                add(scheduler, watch, key, f"https://{name}popular.example/{path}", server)
            await clock.advance(130)
            hangs = True
            began = clock.monotonic()
            await clock.advance(240)
            delays = []
            for one in watch.monitors.values():
                assert one.reported is not None, "never told"
                assert one.first_failed is not None
                delays.append(one.reported - one.first_failed)
                assert one.judge_state.since_ms is not None
                since_s = (one.judge_state.since_ms - clock.now_ms()) / 1000 + clock.monotonic()
                assert since_s >= began - 1, "told as older than the failure"
            print(f"{count} {shape}: median {median(delays):.1f} s, last {max(delays):.1f} s")
            assert max(delays) <= 75
            limit = WIDEST if "servers" not in shape else count * AT_A_TIME
            assert sites.most["popular.example"] <= limit

    run(scenario)


def test_one_hanging_path_keeps_no_other_path_of_its_host_waiting_for_long() -> None:
    async def scenario(clock: FakeClock) -> None:
        sites = Sites(
            clock,
            lambda url: 10.0 if "bad" in url else 0.05,
            lambda url: HANGS if "bad" in url else None,
        )
        async with watching(clock, sites) as (scheduler, watch):
            for key in range(1, 51):
                kind = "bad" if key % 2 else "good"
                add(scheduler, watch, key, f"https://proxy.example/{kind}{key}")
            await clock.advance(300)
            for one in watch.monitors.values():
                if "good" in one.url:
                    assert one.judge_state.mode is None, "no path inherits another's verdict"
                    assert len(one.rounds) >= 4
                else:
                    assert one.reported is not None
                    assert one.first_failed is not None
                    assert one.reported - one.first_failed <= 90

    run(scenario)


def test_slow_pages_of_one_server_never_delay_another_servers_monitor() -> None:
    async def scenario(clock: FakeClock) -> None:
        sites = Sites(clock, lambda url: 9.5 if "slow" in url else 0.05)
        async with watching(clock, sites) as (scheduler, watch):
            for key in range(1, 11):
                add(scheduler, watch, key, f"https://host.example/slow{key}")
            theirs = add(scheduler, watch, 99, "https://host.example/", THERE)
            same = add(scheduler, watch, 98, "https://host.example/slow3", THERE)
            await clock.advance(600)
            for one in (theirs, same):
                assert [round(b - a) for a, b in zip(one.rounds, one.rounds[1:], strict=False)] == (
                    [60] * (len(one.rounds) - 1)
                )
                assert len(one.rounds) >= 9
            assert sites.most["host.example"] <= 2 * AT_A_TIME

    run(scenario)


def test_at_most_two_at_a_time_visit_a_host_that_answers() -> None:
    async def scenario(clock: FakeClock) -> None:
        sites = Sites(clock, lambda _: 4.0, lambda _: HTTP_500)
        async with watching(clock, sites) as (scheduler, watch):
            for key in range(1, 11):
                add(scheduler, watch, key, f"https://busy.example/{key}")
            add(scheduler, watch, 11, "https://busy.example:8443/")
            await clock.advance(300)
            assert sites.most["busy.example"] == AT_A_TIME
            assert sites.most["busy.example:8443"] == 1
            assert watch.checks.longest_wait(HERE, 600) is not None
            assert watch.checks.longest_wait(THERE, 600) is None

    run(scenario)


def test_a_host_narrows_at_the_first_answer() -> None:
    async def scenario(clock: FakeClock) -> None:
        hangs = True
        sites = Sites(clock, lambda _: 10.0 if hangs else 3.0, lambda _: HANGS if hangs else None)
        checks = CheckQueue(sites, clock)
        asked = [
            asyncio.ensure_future(checks.check(Target(f"https://h.example/{n}"), HERE))
            for n in range(30)
        ]
        await clock.advance(9)
        assert sites.now["h.example"] == 2
        await clock.advance(2)
        assert sites.now["h.example"] == 28
        hangs = False
        await clock.advance(30)
        assert all(one.done() for one in asked)
        sites.most.clear()
        asked += [
            asyncio.ensure_future(checks.check(Target(f"https://h.example/{n}"), HERE))
            for n in range(10)
        ]
        await clock.advance(20)
        assert sites.most["h.example"] == 2
        assert all(one.done() for one in asked)

    run(scenario)


def test_equal_checks_of_one_moment_are_made_once_over_all_servers() -> None:
    async def scenario(clock: FakeClock) -> None:
        sites = Sites(clock, lambda _: 3.0)
        checks = CheckQueue(sites, clock)
        equal = Target("https://a.example/")
        other = Target("https://a.example/", contains="hello")
        first = [asyncio.ensure_future(checks.check(equal, server)) for server in range(50)]
        await clock.advance(0.5)
        first += [asyncio.ensure_future(checks.check(equal, server)) for server in range(50)]
        differs = asyncio.ensure_future(checks.check(other, HERE))
        await clock.advance(1)
        later = asyncio.ensure_future(checks.check(equal, 7))
        await clock.advance(10)
        assert len({id(one.result().result) for one in first}) == 1
        assert differs.result().result is not first[0].result().result
        assert later.result().result is not first[0].result().result, "of another moment"
        assert later.result().started - first[0].result().started == 1.5
        assert len(sites.begun) == 3
        again = await _done(clock, checks.check(equal, 7))
        assert again is not later.result().result, "what is over is never handed on"

    run(scenario)


async def _done(clock: FakeClock, work: Awaitable[object]) -> object:
    task = asyncio.ensure_future(work)
    await clock.advance(20)
    return task.result()


def test_equal_checks_that_wait_in_a_host_take_one_place() -> None:
    async def scenario(clock: FakeClock) -> None:
        sites = Sites(clock, lambda _: 4.0)
        checks = CheckQueue(sites, clock)
        targets = [Target(f"https://a.example/{n}") for n in (1, 2, 3, 3, 3, 3)]
        asked = [asyncio.ensure_future(checks.check(target, HERE)) for target in targets]
        await clock.advance(8.5)
        assert all(one.done() for one in asked)
        assert len(sites.begun) == 3
        assert asked[5].result().started - asked[0].result().started == 4

    run(scenario)


def test_who_asks_no_more_takes_nobody_with_it() -> None:
    async def scenario(clock: FakeClock) -> None:
        sites = Sites(clock, lambda _: 4.0)
        checks = CheckQueue(sites, clock)
        equal = Target("https://a.example/")
        asked = [asyncio.ensure_future(checks.check(equal, HERE)) for _ in range(5)]
        await clock.advance(0.5)
        asked[0].cancel()  # the one that makes it
        asked[1].cancel()  # one that shares it
        await clock.advance(10)
        assert [one.cancelled() for one in asked] == [True, True, False, False, False]
        assert len(sites.begun) == 2
        assert not checks._hosts._hosts
        assert not checks._begun
        assert not checks._of_guild

    run(scenario)


@pytest.mark.parametrize("give_up_at_s", [0.5, 2.5])
def test_places_come_back_whoever_gives_up(give_up_at_s: float) -> None:
    async def scenario(clock: FakeClock) -> None:
        sites = Sites(clock, lambda _: 2.0, leads_to=lambda _: ["192.0.2.1"])
        checks = CheckQueue(sites, clock, limit=3)
        asked = [
            asyncio.ensure_future(checks.check(Target(f"https://h{n % 4}.example/{n}"), HERE))
            for n in range(40)
        ]
        await clock.advance(give_up_at_s)
        for one in asked[::2]:
            one.cancel()
        await clock.advance(120)
        assert all(one.done() for one in asked)
        assert checks._slots._value == 3
        assert not checks._hosts._hosts
        assert not checks._limits.endpoints._hosts

    run(scenario)


def test_a_busy_host_holds_no_slot_of_others() -> None:
    async def scenario(clock: FakeClock) -> None:
        sites = Sites(clock, lambda _: 10.0)
        checks = CheckQueue(sites, clock, limit=3)
        busy = [
            asyncio.ensure_future(checks.check(Target(f"https://busy.example/{n}"), HERE))
            for n in range(10)
        ]
        free = asyncio.ensure_future(checks.check(Target("https://free.example/"), HERE))
        await clock.advance(0)
        assert [url for _, url in sites.begun] == [
            "https://busy.example/0",
            "https://busy.example/1",
            "https://free.example/",
        ]
        await clock.advance(60)
        assert free.done()
        assert all(one.done() for one in busy)

    run(scenario)


def test_a_limit_of_slots_is_kept_and_passed_on_in_order() -> None:
    async def scenario(clock: FakeClock) -> None:
        sites = Sites(clock, lambda _: 3.0)
        checks = CheckQueue(sites, clock, limit=2)
        asked = [
            asyncio.ensure_future(checks.check(Target(f"https://h{n}.example/"), HERE))
            for n in range(5)
        ]
        await clock.advance(7)
        start = sites.begun[0][0]
        assert [(at - start, url[9]) for at, url in sites.begun] == [
            (0, "0"), (0, "1"), (3, "2"), (3, "3"), (6, "4"),
        ]  # fmt: skip
        await clock.advance(7)
        assert all(one.done() for one in asked)

    run(scenario)


def test_monitors_removed_while_they_wait_for_their_host_make_way() -> None:
    async def scenario(clock: FakeClock) -> None:
        sites = Sites(clock, lambda _: 5.0)
        async with watching(clock, sites) as (scheduler, watch):
            for key in range(1, 1001):
                watch.monitors[key] = Watched(f"https://a.example/{key}", HERE)
                scheduler.set(key, 60, soon=True)
            await clock.advance(1)
            for key in range(3, 1000):
                scheduler.remove(key)
            await clock.advance(5)
            assert sorted(int(url.rpartition("/")[2]) for _, url in sites.begun) == [1, 2, 1000]
            assert scheduler.stats.errors == 0

    run(scenario)


def test_a_monitor_that_moves_to_a_free_host_stops_waiting_for_the_busy_one() -> None:
    async def scenario(clock: FakeClock) -> None:
        sites = Sites(clock, lambda _: 50.0)
        async with watching(clock, sites) as (scheduler, watch):
            for key in (1, 2, 3):
                watch.monitors[key] = Watched(f"https://busy.example/{key}", HERE)
                scheduler.set(key, 60, soon=True)
            await clock.advance(1)
            watch.monitors[3] = Watched("https://free.example/", HERE)
            scheduler.set(3, 60, soon=True)
            await clock.advance(1)
            assert sites.begun[-1][1] == "https://free.example/"

    run(scenario)


def test_many_names_of_one_address_share_its_places_in_one_server_and_wait_without_blame() -> None:
    async def scenario(clock: FakeClock) -> None:
        sites = Sites(clock, lambda _: 3.0, leads_to=lambda _: ["192.0.2.9"])
        checks = CheckQueue(sites, clock)
        names = [Target(f"https://n{n}.wild.example/") for n in range(20)]
        mine = [asyncio.ensure_future(checks.check(one, HERE)) for one in names]
        theirs = [asyncio.ensure_future(checks.check(names[0], THERE)) for _ in range(2)]
        await clock.advance(0.1)
        assert sum(sites.now.values()) == 2
        await clock.advance(2.9 + 0.1)
        assert all(one.done() for one in theirs)
        await clock.advance(40)
        assert all(one.result().result.ok for one in mine)
        assert max(one.result().result.phases.total for one in mine) < 3_100
        starts = [one.result().started for one in mine]
        assert max(starts) - min(starts) == pytest.approx(27)

    run(scenario)


def test_redirects_of_many_hosts_to_one_are_counted_where_they_lead() -> None:
    async def scenario(clock: FakeClock) -> None:
        def way(url: str) -> list[str]:
            return [f"192.0.2.{url.split('.', 1)[0][9:]}", "198.51.100.1"]

        sites = Sites(clock, lambda _: 3.0, leads_to=way)
        checks = CheckQueue(sites, clock)
        asked = [
            asyncio.ensure_future(checks.check(Target(f"https://h{n}.example/"), HERE))
            for n in range(1, 11)
        ]
        await clock.advance(0.1)
        assert sum(sites.now.values()) == 2
        await clock.advance(30)
        assert all(one.result().result.ok for one in asked)

    run(scenario)


def test_an_address_gets_so_many_connections_a_second_over_all_servers() -> None:
    async def scenario(clock: FakeClock) -> None:
        sites = Sites(clock, lambda _: 0.01, leads_to=lambda _: ["93.184.215.14"])
        checks = CheckQueue(sites, clock)
        asked = [
            asyncio.ensure_future(checks.check(Target(f"https://h{n}.example/"), n))
            for n in range(1000)
        ]
        start = clock.monotonic()
        await clock.advance(20)
        assert all(one.result().result.ok for one in asked), "waiting is no failure"
        per_second = Counter(int(at - start) for at, _ in sites.begun)
        assert per_second[1] <= PER_SECOND + 1
        assert max(per_second.values()) <= 2 * PER_SECOND
        assert sum(per_second[second] for second in range(5)) >= 1000 - PER_SECOND

    run(scenario)


def test_what_belongs_to_no_check_is_not_counted() -> None:
    assert COUNT_CONNECTION.get() is None
    for _ in range(10_000):
        before_connect("192.0.2.1", 443)
