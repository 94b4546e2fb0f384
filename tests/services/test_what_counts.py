"""What counts and what does not: standstills, crowds, first checks, lost memories, dead sites."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.db import guilds, incidents, monitors, outbox, rollups
from bot.db.database import Connection
from bot.db.outbox import Work
from bot.engine.check_queue import CheckQueue
from bot.engine.judge_state import LAST_CONFIRM, JudgeState
from bot.engine.process import StallDetector
from bot.engine.scheduler import EXTRA
from bot.models import Cause, CheckResult, Incident, Kind, Phases, Reason, State, Target
from bot.services.incident_updates import OPENING_S
from bot.services.liveness import GapWatch
from bot.services.recorder import WORDING_APART_MS
from bot.services.watchlist import Entry
from tests.fakes import FakeClock
from tests.services.services_fixture import (
    CHANNEL,
    GUILD,
    HTTP_500,
    OTHER_GUILD,
    PERSON,
    ServicesFixture,
    play,
    services_fixture,
)

TIMEOUT = Cause(Reason.TIMEOUT, 10)
FORBIDDEN = Cause(Reason.HTTP, 403)


@asynccontextmanager
async def watched_over(path: Path) -> AsyncIterator[tuple[ServicesFixture, StallDetector]]:
    """Services whose checks know of standstills."""
    async with services_fixture(path) as s:
        stalls = s.stalls
        measuring = asyncio.ensure_future(stalls.run())
        await s.clock.advance(1)
        yield s, stalls
        measuring.cancel()
        await asyncio.gather(measuring, return_exceptions=True)


class Frozen:
    """A prober in whose checks the process stands still: sound sites time out."""

    def __init__(self, clock: FakeClock, seconds: float) -> None:
        self.clock = clock
        self.seconds = seconds

    async def check(self, target: Target) -> CheckResult:
        del target
        at_ms = self.clock.now_ms()
        self.clock.jump(self.seconds)
        cause = TIMEOUT if self.seconds >= 1 else None
        return CheckResult(at_ms, cause, phases=Phases(total=self.seconds * 1000))


def test_a_check_in_which_we_stood_still_says_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with watched_over(tmp_path) as (s, _):
            monitor = await s.watch("shop")
            await s.play({"shop": "OOO"})
            await s.recorder.flush()
            before, judge_state = await stored(s), s.entry("shop").judge_state
            s.checks._checker = Frozen(s.clock, 11)
            for _ in range(10):
                step = await s.check_runner(monitor.id, s.clock.now_ms(), 0)
                assert step.confirm_s is None, "no confirm check: the round says nothing"
                await s.clock.advance(60)
            await s.recorder.flush()
            assert await stored(s) == before
            assert s.entry("shop").judge_state == judge_state
            assert s.entry("shop").incident is None

    play(scenario())


def test_a_confirm_check_in_which_we_stood_still_ends_its_round_unheard(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with watched_over(tmp_path) as (s, _):
            monitor = await s.watch("shop")
            await s.play({"shop": "OOO"})
            rounds = s.entry("shop").judge_state.rounds
            s.prober.causes[monitor.target.url] = HTTP_500
            step = await s.check_runner(monitor.id, s.clock.now_ms(), 0)
            assert step.confirm_s is not None
            s.checks._checker = Frozen(s.clock, 1.5)
            step = await s.check_runner(monitor.id, s.clock.now_ms(), 1)
            assert step.confirm_s is None
            judge_state = s.entry("shop").judge_state
            assert (judge_state.rounds, judge_state.failed_checks) == (rounds, 0)

    play(scenario())


def test_the_silence_of_connectivity_checks_in_a_standstill_proves_nothing(tmp_path: Path) -> None:
    class Silent:
        def __init__(self, clock: FakeClock) -> None:
            self.clock = clock

        async def is_online_since(self, started: float) -> bool:
            del started
            self.clock.jump(5)
            return False

    async def scenario() -> None:
        async with watched_over(tmp_path) as (s, _):
            monitor = await s.watch("shop")
            s.connectivity._online_check = Silent(s.clock)
            s.prober.causes[monitor.target.url] = HTTP_500
            for _ in range(5):
                await s.check_runner(monitor.id, s.clock.now_ms(), 0)
                await s.clock.advance(60)
            assert s.connectivity.offline_since_ms is None
            assert s.entry("shop").incident is None

    play(scenario())


async def stored(s: ServicesFixture) -> int:
    found = await s.db.read(lambda conn: conn.execute("SELECT count(*) FROM result").fetchone())
    return int(found[0])


async def gaps_s(s: ServicesFixture) -> list[int]:
    found = await s.db.read(lambda conn: rollups.gaps_between(conn, 0, s.clock.now_ms()))
    return [(until - begin) // 1000 for begin, until in found]


def test_half_an_hour_frozen_between_two_failures_is_a_gap_and_no_outage(tmp_path: Path) -> None:
    """Both clocks moved together: SIGSTOP, ``docker pause``."""

    async def scenario() -> None:
        async with watched_over(tmp_path) as (s, stalls):

            def after_gap() -> None:
                for entry in s.watchlist.after_gap():
                    s.recorder.touch(entry)

            pulse = GapWatch(s.db, s.clock, resync=lambda: 0, after_gap=after_gap)
            stalls.on_long_stall = pulse.stood_still
            await pulse.begin()
            monitor = await s.watch("shop")
            await s.play({"shop": "OOOF"})
            s.clock.jump(1800)
            s.prober.causes[monitor.target.url] = HTTP_500
            await s.check_runner(monitor.id, s.clock.now_ms(), 0)
            assert s.entry("shop").incident is None
            await pulse.stamp()
            assert await gaps_s(s) == [1800]
            await s.clock.advance(60)
            await s.play({"shop": "FF"})
            incident = s.entry("shop").incident
            assert incident is not None
            assert s.clock.now_ms() - incident.since_ms <= 121_000, "not since before the gap"

    play(scenario())


def test_a_sleep_that_two_of_us_notice_is_one_gap(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            steps = [1_800_000]
            pulse = GapWatch(
                s.db,
                s.clock,
                resync=lambda: steps.pop() if steps else 0,
                after_gap=lambda: None,
            )
            await pulse.begin()
            await pulse.stamp()
            pulse.stood_still(1800)
            await pulse.stamp()
            assert await gaps_s(s) == [1800]

    play(scenario())


def test_time_switched_off_while_offline_is_not_reported_as_time_offline(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.guilds.ensure(GUILD)
            s.online_check.online = False
            await s.play({"shop": "FFFFFF"})
            since_ms = s.connectivity.offline_since_ms
            assert since_ms is not None
            off_ms = s.clock.now_ms()
        clock = FakeClock(off_ms + 3 * 86_400_000)
        async with services_fixture(tmp_path, clock=clock) as s:
            await s.connectivity.load(off_ms)
            assert s.connectivity.offline_since_ms is None
            rows = await s.db.read(lambda conn: outbox.active(conn, CHANNEL))
            (note,) = [row for row in rows if row.kind is Work.NOTICE]
            assert f'"seconds": {(off_ms - since_ms) / 1000}' in (note.payload or "")
            assert await s.db.read(lambda conn: guilds.number(conn, rollups.OFFLINE_SINCE)) is None

    play(scenario())


def test_no_all_clear_while_the_new_round_of_that_site_is_failing(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            a, b = await s.watch("a"), await s.watch("b")
            await s.play({"a": "FFF", "b": "FFF"})
            # a is due one round before b, and waits for it.
            slot_ms = s.clock.now_ms()
            await s.round("a", "O", slot_ms)
            await s.round("b", "F", slot_ms)
            await s.clock.advance(60)
            for letters in ("OO", "OO"):
                slot_ms = s.clock.now_ms()
                await s.round("b", letters[1], slot_ms)
                await s.round("a", letters[0], slot_ms)
                await s.delivery.deliver_due()
                await s.clock.advance(50)
            assert s.entry("a").incident is not None
            assert s.entry("b").incident is not None
            s.prober.causes[a.target.url] = HTTP_500
            await s.check_runner(a.id, s.clock.now_ms(), 0)
            assert s.entry("a").judge_state.failed_checks == 1
            await s.round("b", "O", s.clock.now_ms())
            assert s.entry("b").incident is None
            assert s.entry("a").incident is not None, "its first check fails again"
            for number in range(1, LAST_CONFIRM + 1):
                await s.check_runner(a.id, s.clock.now_ms(), number)
            assert s.entry("a").incident is not None
            del b

    play(scenario())


async def waits_s(s: ServicesFixture, name: str) -> float:
    incident = s.entry(name).incident
    assert incident is not None
    row = await s.db.read(lambda conn: outbox.of_incident(conn, incident.id, Work.OPEN))
    assert row is not None
    return (row.not_before_ms - row.created_ms) / 1000


@pytest.mark.parametrize("dead", [0, 1, 2, 5])
def test_sites_that_are_long_dead_delay_nobody(tmp_path: Path, dead: int) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            names = [f"dead{n}" for n in range(dead)]
            for name in (*names, "shop"):
                await s.watch(name)
            await s.play(dict.fromkeys(names, "F" * 20) or {"shop": "O"})
            await s.play({"shop": "FF", **dict.fromkeys(names, "FF")})
            assert await waits_s(s, "shop") == 0

    play(scenario())


def test_three_that_fail_together_wait_for_each_other_ten_seconds_at_most(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            names = [f"site{n}" for n in range(5)]
            for name in names:
                await s.watch(name)
            await s.play(dict.fromkeys(names, "F"))
            slot_ms = s.clock.now_ms()
            for name in names:
                s.prober.causes[s.monitors.find(GUILD, name).target.url] = HTTP_500
            # Spread over the minute, as the timetable has them.
            for index, name in enumerate(names):
                await s.check_runner(s.monitors.find(GUILD, name).id, slot_ms + index * 7_000, 0)
                await s.delivery.deliver_due()
                await s.clock.advance(5)
                await s.delivery.deliver_due()
                await s.clock.advance(2)
            assert await waits_s(s, "site0") == OPENING_S <= 10
            assert len(s.transport.messages) == 1, "one list, which grows by edit"
            (message,) = s.transport.messages.values()
            assert len(message.alert.incidents) == len(names)

    play(scenario())


def test_a_lost_memory_leaves_no_incident_open_for_ever(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            monitor = await s.watch("shop")
            await s.play({"shop": "OFFF"})
            assert s.entry("shop").incident is not None
            await s.db.write(lambda conn: monitors.save_judge_state(conn, monitor.id, "{broken"))
        async with services_fixture(tmp_path, clock=s.clock) as s:
            entry = s.entry("shop")
            assert entry.judge_state.monitor_state is State.DOWN
            await s.play({"shop": "F"})
            assert s.entry("shop").incident is not None
            await s.play({"shop": "OOO"})
            assert s.entry("shop").incident is None
            assert s.entry("shop").judge_state.monitor_state is State.UP
            found = await s.db.read(lambda conn: incidents.open_of(conn, range(9)))
            assert found == []

    play(scenario())


@pytest.mark.parametrize("kind", list(Kind))
def test_an_incident_of_any_kind_ends_though_its_memory_was_lost(
    tmp_path: Path, kind: Kind
) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            monitor = await s.watch("shop")
            await s.play({"shop": "OFFF"})
            incident = s.entry("shop").incident
            assert incident is not None
            changed = replace(incident, kind=kind)
            await s.db.write(lambda conn: incidents.update(conn, changed))
            await s.db.write(lambda conn: monitors.save_judge_state(conn, monitor.id, "7"))
        async with services_fixture(tmp_path, clock=s.clock) as s:
            await s.play({"shop": "O" * 12})
            assert s.entry("shop").incident is None

    play(scenario())


def test_a_memory_of_an_incident_that_is_not_there_is_judged_anew(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            monitor = await s.watch("shop")
            odd = JudgeState(has_been_up=True, mode=Kind.DOWN, kind=Kind.DOWN, hold=3)
            await s.db.write(lambda conn: monitors.save_judge_state(conn, monitor.id, odd.dump()))
        async with services_fixture(tmp_path, clock=s.clock) as s:
            assert s.entry("shop").judge_state.monitor_state is State.UNKNOWN
            await s.play({"shop": "OFF"})
            assert s.entry("shop").incident is not None

    play(scenario())


def test_a_stop_in_the_middle_of_a_commit_loses_no_memory(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            monitor = await s.watch("shop")
            await s.play({"shop": "OF"})
            s.prober.causes[monitor.target.url] = HTTP_500
            check = asyncio.ensure_future(s.check_runner(monitor.id, s.clock.now_ms(), 0))
            async with asyncio.timeout(60):
                while not s.recorder._under_way:  # noqa: ASYNC110 - a moment of the product's
                    await asyncio.sleep(0)
            check.cancel()
            await asyncio.gather(check, return_exceptions=True)
            assert check.cancelled()
            s.recorder.touch(s.entry("shop"))
            await s.recorder.flush()
        async with services_fixture(tmp_path, clock=s.clock) as s:
            assert s.entry("shop").incident is not None
            assert s.entry("shop").judge_state.mode is Kind.DOWN
            await s.play({"shop": "FOOO"})
            assert s.entry("shop").incident is None

    play(scenario())


def test_an_extra_check_of_a_crowd_counts_for_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            monitor = await s.watch("shop")
            await s.play({"shop": "OFFF"})
            judge_state = s.entry("shop").judge_state
            s.prober.causes.clear()
            for _ in range(300):
                await s.check_runner(monitor.id, s.clock.now_ms(), EXTRA)
                await s.clock.advance(1)
            entry = s.entry("shop")
            assert entry.judge_state == judge_state
            assert entry.incident is not None
            assert entry.latest is not None
            assert entry.latest.ok, "but people see it"

    play(scenario())


def test_the_first_check_of_a_new_monitor_is_the_first_of_its_first_round(tmp_path: Path) -> None:
    """A daily monitor of a dead site was reported hours later."""

    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            s.clock.settle = lambda: s.db.read(lambda conn: conn.in_transaction)
            running = asyncio.ensure_future(s.scheduler.run())
            s.prober.causes["https://dead.example/"] = HTTP_500
            new = {"url": "https://dead.example/", "every": 86_400, "channel": CHANNEL}
            added = await s.monitors.add(GUILD, new, PERSON)
            assert not added.first.ok
            assert s.monitors.find(GUILD, "dead.example") == added.monitor
            entry = s.watchlist.get(GUILD, added.monitor.id)
            assert entry.judge_state.failed_checks == 1
            await s.clock.advance(95)
            assert entry.incident is not None, "told within a minute, as every later outage"
            assert len(s.prober.probed) >= 4
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    play(scenario())


def test_an_acknowledgement_during_a_commit_is_kept(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            monitor = await s.watch("shop")
            await s.play({"shop": "OFFF"})
            incident = s.entry("shop").incident
            assert incident is not None
            s.prober.causes[monitor.target.url] = TIMEOUT  # another cause: the message changes
            both = await asyncio.gather(
                s.check_runner(monitor.id, s.clock.now_ms(), 0),
                s.incidents.acknowledge(GUILD, incident.public_id, PERSON),
            )
            assert both[1].first
            now = s.entry("shop").incident
            assert now is not None
            assert now.acknowledged_by == PERSON

    play(scenario())


def test_two_words_for_one_state_hurry_once_in_ten_minutes(tmp_path: Path) -> None:
    def edits(s: ServicesFixture, entry: Entry, after: Incident) -> Callable[[Connection], None]:
        say, now_ms = s.recorder._edit(entry, after), s.clock.now_ms()
        return lambda conn: say(conn, after, now_ms)

    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.play({"shop": "OFFF"})
            entry = s.entry("shop")
            hurried = []
            for minute in range(60):
                assert entry.incident is not None
                kind = Kind.BLOCKED if minute % 2 == 0 else Kind.DOWN
                after = replace(entry.incident, kind=kind)
                await s.db.write(edits(s, entry, after))
                entry.incident = after
                rows = await s.db.read(lambda conn: outbox.active(conn, CHANNEL))
                hurried += [row for row in rows if row.kind is Work.EDIT and row.urgent]
                await s.delivery.deliver_due()
                await s.clock.advance(60)
            assert len({row.id for row in hurried}) <= 60 * 60_000 // WORDING_APART_MS

    play(scenario())


def test_one_servers_openings_do_not_wait_for_anothers(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            theirs = await s.watch("theirs", OTHER_GUILD)
            async with s.recorder._locks[GUILD]:
                s.prober.causes[theirs.target.url] = HTTP_500
                for _ in range(2):
                    for number in range(3):
                        await asyncio.wait_for(
                            s.check_runner(theirs.id, s.clock.now_ms(), number), timeout=60
                        )
                    await s.clock.advance(60)
            entry = s.watchlist.get(OTHER_GUILD, theirs.id)
            assert entry.incident is not None

    play(scenario())


def test_many_openings_cost_the_same_each(tmp_path: Path) -> None:
    """Company is counted as it comes, never by looking at all who are watched."""

    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            looked = 0

            class Counting(dict[int, Entry]):
                def values(self) -> Any:
                    nonlocal looked
                    looked += len(self)
                    return super().values()

            names = [f"site{n}" for n in range(40)]
            for name in names:
                await s.watch(name)
            s.watchlist._entries = Counting(s.watchlist._entries)
            await s.play(dict.fromkeys(names, "OFF"))
            assert all(s.entry(name).incident is not None for name in names[:3])
            assert looked == 0

    play(scenario())


def test_checks_pass_through_the_hosts_whoever_asks(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            assert isinstance(s.monitors._place_router._home, CheckQueue)
            monitor = await s.watch("shop")
            before = len(s.prober.probed)
            found = await asyncio.gather(*(s.monitors.test(GUILD, monitor.id) for _ in range(30)))
            assert len({id(result) for _, result in found}) <= 30
            assert len(s.prober.probed) > before

    play(scenario())


def test_an_outage_is_since_the_check_that_failed_not_since_its_place_in_the_timetable(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            shop = await s.watch("shop")
            await s.play({"shop": "OOO"})
            s.prober.causes[shop.target.url] = HTTP_500
            slot_ms = s.clock.now_ms()
            await s.clock.advance(45)  # it waited for its turn
            failed_ms = s.clock.now_ms()
            for number in range(3):
                await s.check_runner(shop.id, slot_ms, number)
            await s.clock.advance(15)
            await s.check_runner(shop.id, slot_ms + 60_000, 0)
            incident = s.entry("shop").incident
            assert incident is not None
            assert failed_ms <= incident.since_ms < failed_ms + 1_000

    play(scenario())


def test_no_connectivity_check_is_made_for_a_failure_that_changes_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            shop = await s.watch("shop")
            await s.play({"shop": "OOOFFF"})
            asked: list[float] = []

            class Counting:
                async def is_online_since(self, started: float) -> bool:
                    asked.append(started)
                    return True

            s.connectivity._online_check = Counting()
            for _ in range(5):
                await s.round("shop", "F", s.clock.now_ms())
                await s.clock.advance(60)
            assert asked == []
            await s.round("shop", "P", s.clock.now_ms())  # some success: this may change a word
            s.prober.causes[shop.target.url] = HTTP_500
            await s.clock.advance(60)
            await s.check_runner(shop.id, s.clock.now_ms(), 0)
            assert asked

    play(scenario())
