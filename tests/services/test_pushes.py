"""Push monitors: what a beat means, when one is late, and what is nobody's fault."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.config import Config, ListenAddress
from bot.db.database import Database
from bot.errors import UserError
from bot.models import Cause, Monitor, Reason, State
from bot.services.bulk import BulkImport
from bot.services.explanation import AFTER_A_BEAT, EXPECTED, LAST_BEAT, NEXT_BEAT, NO_BEAT, Why
from bot.services.history.period_report import History, Period
from bot.services.pushes import Call, Taken
from bot.services.silences import Silences
from bot.services.transfer.files import export, read
from tests.fakes import FakeClock
from tests.services.services_fixture import (
    CHANNEL,
    GUILD,
    PERSON,
    ServicesFixture,
    play,
    services_fixture,
)

LISTENING = Config(
    listen=ListenAddress("127.0.0.1", 8080), public_url="https://door.example", min_interval_s=1
)


@dataclass
class Job:
    """One push monitor and its job."""

    s: ServicesFixture
    monitor: Monitor
    secret: str

    async def call(self, what: Call = Call.FINE, **more: Any) -> Taken:
        taken = await self.s.pushes.call(self.secret, what, **more)
        await self.s.delivery.deliver_due()
        return taken

    def state(self) -> State:
        return self.s.entry(self.monitor.name).judge_state.monitor_state

    def cause(self) -> Cause | None:
        incident = self.s.entry(self.monitor.name).incident
        return None if incident is None else incident.cause


async def job(s: ServicesFixture, name: str = "backup", **typed: Any) -> Job:
    given = {"name": name, "every": 60, "grace": 10, "channel": CHANNEL, **typed}
    monitor, address = await s.monitors.add_push(GUILD, given, PERSON)
    return Job(s, monitor, address.rpartition("/")[2])


@asynccontextmanager
async def running(
    path: Path, clock: FakeClock | None = None, config: Config = LISTENING
) -> AsyncIterator[ServicesFixture]:
    """The services with their scheduler at work; time moves by :func:`wait`."""
    async with services_fixture(path, clock=clock, config=config) as s:
        s.clock.settle = lambda: s.db.read(lambda _: None)
        s.monitors.start()
        working = asyncio.create_task(s.scheduler.run())
        try:
            yield s
        finally:
            s.clock.settle = None
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
            await s.scheduler.stop(0.0)
            await s.recorder.flush()


async def wait(s: ServicesFixture, seconds: float) -> None:
    await s.clock.advance(seconds)
    await s.delivery.deliver_due()


def said(s: ServicesFixture) -> list[str]:
    """Posts and replies, in their order."""
    return [c.alert.content for c in s.transport.calls if c.action in {"post", "reply"}]


def test_beats_in_time_are_silent_and_a_late_one_is_down_at_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(tmp_path) as s:
            one = await job(s)
            assert one.state() is State.UNKNOWN
            for _ in range(5):
                await wait(s, 60)
                assert await one.call() is Taken.OK
                assert one.state() is State.UP
            await wait(s, 69)
            assert (one.state(), said(s)) == (State.UP, [])
            await wait(s, 2)
            assert one.state() is State.DOWN
            assert said(s) == ["🔴 DOWN · backup · no beat for 1 min"]
            entry = s.entry("backup")
            assert entry.incident is not None
            assert entry.incident.opened_ms - entry.incident.since_ms in range(10_000, 11_500)
            await wait(s, 3_600)
            assert len(said(s)) == 1
            assert await one.call() is Taken.OK
            assert one.state() is State.UP
            assert said(s)[1:] == ["🟢 UP · backup · back after 1 h"]
            await wait(s, 60)
            assert await one.call() is Taken.OK

    play(scenario())


def test_a_job_that_never_calls_is_late_after_a_whole_period(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(tmp_path) as s:
            one = await job(s)
            await wait(s, 69)
            assert one.state() is State.UNKNOWN
            await wait(s, 2)
            assert said(s) == ["🔴 DOWN · backup · no beat for 1 min"]

    play(scenario())


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (None, "🔴 DOWN · backup · the job reports a failure"),
        (3, "🔴 DOWN · backup · exit status 3"),
    ],
)
def test_a_failure_opens_at_once_and_the_next_good_beat_closes(
    tmp_path: Path, status: int | None, line: str
) -> None:
    async def scenario() -> None:
        async with running(tmp_path) as s:
            one = await job(s)
            await one.call()
            await one.call(Call.FAILED, status=status, body="disk full\n" * 3)
            assert said(s) == [line]
            assert one.cause() == Cause(Reason.JOB_FAILED, status)
            assert (await s.pushes.body(GUILD, one.monitor.id) or ("",))[0] == "disk full\n" * 3
            await one.call(Call.FAILED, status=status)
            assert len(said(s)) == 1
            await wait(s, 30)
            await one.call()
            assert (one.state(), len(said(s))) == (State.UP, 2)
            assert [c.action for c in s.transport.calls].count("edit") == 1, "resolved, once"

    play(scenario())


def test_who_starts_has_the_grace_to_end(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(tmp_path) as s:
            one = await job(s, every=3_600, grace=300)
            await one.call()
            await wait(s, 3_600)
            await one.call(Call.START)
            await wait(s, 200)
            await one.call()
            latest = s.entry("backup").latest
            assert latest is not None
            assert latest.phases.total == 200_000
            await wait(s, 3_400)
            await one.call(Call.START)
            await wait(s, 100)
            await one.call(Call.START)
            await wait(s, 199)
            assert one.state() is State.UP
            await wait(s, 2)
            assert said(s) == ["🔴 DOWN · backup · started 5 min ago, not finished"]
            await one.call()
            assert one.state() is State.UP

    play(scenario())


def test_a_beat_a_little_early_moves_the_next_one_no_closer(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(tmp_path) as s:
            one = await job(s, every=3_600, grace=300)
            await one.call()
            await wait(s, 3_400)  # 200 s early
            await one.call()
            await wait(s, 3_600 + 200 + 290)
            assert one.state() is State.UP, "five minutes after the hour"
            await one.call()
            await wait(s, 600)  # far too early: a run by hand
            await one.call()
            await wait(s, 3_899)
            assert one.state() is State.UP
            await wait(s, 3)
            assert one.state() is State.DOWN

    play(scenario())


def test_after_a_restart_there_is_a_whole_period_and_the_grace(tmp_path: Path) -> None:
    async def scenario() -> None:
        clock = FakeClock()
        async with running(tmp_path, clock) as s:
            one = await job(s)
            await one.call()
            await wait(s, 65)
        clock.jump(30)
        async with running(tmp_path, clock) as s:
            await wait(s, 69)
            assert said(s) == []
            await wait(s, 2)
            assert len(said(s)) == 1
            assert said(s)[0].startswith("🔴 DOWN · backup · no beat for 3 min")
        async with running(tmp_path, clock) as s:
            again = Job(s, s.entry("backup").monitor, one.secret)
            assert again.state() is State.DOWN
            await again.call()
            assert said(s)[0].startswith("🟢 UP · backup")

    play(scenario())


def test_our_own_absence_is_not_the_jobs(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(tmp_path) as s:
            one = await job(s)
            await one.call()
            s.online_check.online = False
            await wait(s, 75)
            assert one.state() is State.UP
            assert s.connectivity.offline_since_ms is not None
            await wait(s, 100)
            s.online_check.online = True
            await s.connectivity.recheck()
            await wait(s, 69)
            assert (one.state(), said(s)) == (State.UP, []) or "BLIND" in said(s)[0]
            await wait(s, 2)
            assert one.state() is State.DOWN
            await one.call()
            await wait(s, 40)
            s.after_gap()
            await wait(s, 69)
            assert one.state() is State.UP
            await wait(s, 2)
            assert one.state() is State.DOWN

    play(scenario())


def test_time_offline_far_from_the_expected_beat_puts_nothing_off(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(tmp_path) as s:
            one = await job(s, every=86_400, grace=3_600)
            await one.call()
            await wait(s, 36_000)
            s.pushes._was_offline(s.clock.now_ms() - 600_000, s.clock.now_ms())
            await wait(s, 54_010)
            assert one.state() is State.DOWN

    play(scenario())


def test_what_comes_too_often_is_refused_and_not_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.services.pushes.GATHER_S", 0)

    async def scenario() -> None:
        async with running(tmp_path) as s:
            one = await job(s)
            assert [await one.call() for _ in range(7)].count(Taken.OK) == 5
            await wait(s, 12)
            assert [await one.call() for _ in range(2)] == [Taken.OK, Taken.TOO_MANY]
            assert await one.call(Call.FAILED) is Taken.TOO_MANY
            assert one.state() is State.UP
            quick = await job(s, "quick", every=1, grace=1)
            assert [await quick.call() for _ in range(200)].count(Taken.OK) == 180
            for _ in range(400):
                await wait(s, 1)
                await one.call()
                await quick.call()
            assert (one.state(), quick.state(), said(s)) == (State.UP, State.UP, [])

    play(scenario())


def test_pause_mute_and_settings_are_those_of_every_monitor(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(tmp_path) as s:
            one, by = await job(s), PERSON
            await one.call()
            await s.silences.pause(GUILD, one.monitor.id, by=by, for_s=None)
            await wait(s, 500)
            assert await one.call(Call.FAILED) is Taken.OK
            assert (one.state(), said(s)) == (State.UNKNOWN, [])
            await s.silences.resume(GUILD, one.monitor.id, by)
            await wait(s, 69)
            assert said(s) == []
            await s.silences.mute(GUILD, [one.monitor.id], by=by, for_s=600)
            await wait(s, 2)
            assert (one.state(), said(s)) == (State.DOWN, [])
            await one.call()
            assert (one.state(), said(s)) == (State.UP, [])
            await s.monitors.change(GUILD, one.monitor.id, {"every": 20, "grace": 5}, by)
            await wait(s, 24)
            assert one.state() is State.UP
            await wait(s, 2)
            assert one.state() is State.DOWN
            await s.silences.unmute(GUILD, one.monitor.id, by)
            await s.delivery.deliver_due()
            assert said(s) == ["🔴 DOWN · backup · no beat for 25 s"]

    play(scenario())


def test_a_new_address_ends_the_old_one(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(tmp_path) as s:
            one = await job(s)
            _, address = await s.monitors.renew_address(GUILD, one.monitor.id, PERSON)
            assert address.startswith("https://door.example/beat/")
            renewed = address.rpartition("/")[2]
            assert renewed != one.secret
            assert len(bytes.fromhex(renewed)) == 16
            assert await one.call() is Taken.UNKNOWN
            one.secret = renewed
            assert await one.call() is Taken.OK
            (logged, *_) = (await s.audit_log.page(GUILD, one.monitor.id, 0, 5)).rows
            assert (logged.field, logged.after) == ("push_address", None)
            shop = await s.watch("shop")
            with pytest.raises(UserError, match="shop is not a push monitor"):
                await s.monitors.renew_address(GUILD, shop.id, PERSON)
            await s.monitors.guild_left(GUILD)
            assert await one.call() is Taken.UNKNOWN
            await s.monitors.guild_back(GUILD)
            assert await one.call() is Taken.OK
            await s.monitors.remove(GUILD, one.monitor.id, PERSON)
            assert await one.call() is Taken.UNKNOWN
            assert await s.pushes.call("0" * 32, Call.FINE) is Taken.UNKNOWN

    play(scenario())


def test_secrets_are_stored_as_hashes_and_bodies_as_far_as_they_fit(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(tmp_path) as s:
            one = await job(s)
            await one.call(body="x" * 20_000)
            await one.call()
            text, at_ms = await s.pushes.body(GUILD, one.monitor.id) or ("", 0)
            assert (len(text), at_ms) == (10_000, s.clock.now_ms())
            assert await s.pushes.body(GUILD + 1, one.monitor.id) is None
            await s.db.empty_log()
            stored = await asyncio.to_thread(everything_in, tmp_path)
            assert one.secret.encode() not in stored
            assert hashlib.sha256(one.secret.encode()).digest() in stored

    play(scenario())


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())


def test_what_was_answered_is_stored(tmp_path: Path) -> None:
    """Kill -9 right after the answer: another connection sees all of it."""

    async def scenario() -> None:
        async with running(tmp_path) as s:
            some = [await job(s, f"job {n}") for n in range(20)]
            calls = [Call.START, Call.FINE, Call.FAILED]
            await asyncio.gather(
                *(one.s.pushes.call(one.secret, calls[n % 3]) for n, one in enumerate(some))
            )
            other = await Database.open(tmp_path / "vigie.db")
            try:
                rows = await other.read(
                    lambda c: c.execute("SELECT beat_ms, started_ms FROM push").fetchall()
                )
                opened = await other.read(
                    lambda c: c.execute("SELECT count(*) FROM incident").fetchone()[0]
                )
            finally:
                await other.close()
            now_ms = s.clock.now_ms()
            assert sorted(map(tuple, rows), key=str) == sorted(
                [((None, now_ms), (now_ms, None), (now_ms, None))[n % 3] for n in range(20)],
                key=str,
            )
            assert opened == 6

    play(scenario())


def test_without_a_door_nobody_can_call_and_nobody_is_late(tmp_path: Path) -> None:
    async def scenario() -> None:
        clock = FakeClock()
        async with running(tmp_path, clock) as s:
            await job(s)
        async with running(tmp_path, clock, Config()) as s:
            await wait(s, 10_000)
            assert s.entry("backup").incident is None
            with pytest.raises(UserError, match="set VIGIE_LISTEN"):
                await job(s, "another")

    play(scenario())


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        ({"every": 0}, "“every” must be from 1 to 2678400 seconds"),
        ({"every": 2_678_401}, "“every” must be from 1 to 2678400 seconds"),
        ({"grace": 9_999_999}, "“grace” must be from 1 to 2678400 seconds"),
        ({"name": "\u200b"}, "needs a name"),
        ({"slow_ms": 5}, "checks nothing: leave out slow_ms"),
        ({"contains": "x"}, "checks nothing: leave out contains"),
    ],
)
def test_what_a_push_monitor_cannot_have(
    tmp_path: Path, typed: dict[str, Any], refusal: str
) -> None:
    async def scenario() -> None:
        async with running(tmp_path) as s:
            with pytest.raises(UserError, match=refusal):
                await job(s, **typed)
            one = await job(s, every=604_800, grace=None)
            assert one.monitor.grace_s == 3_600
            shop = await s.watch("shop")
            for change in ({"every": 86_401}, {"grace": 5}, {"url": "push://"}):
                with pytest.raises(UserError):
                    await s.monitors.change(GUILD, shop.id, change, PERSON)
            with pytest.raises(UserError, match="/watch push"):
                await s.monitors.change(GUILD, one.monitor.id, {"url": "https://a.example"}, 7)
            with pytest.raises(UserError, match="/watch push"):
                await s.monitors.add(GUILD, {"url": "push://", "name": "x"}, PERSON)
            with pytest.raises(UserError, match="waits for the beats of a job"):
                await s.monitors.test(GUILD, one.monitor.id)
            assert await s.monitors.change(GUILD, one.monitor.id, {"every": 1_209_600}, 7)

    play(scenario())


def test_an_export_comes_back_with_a_new_address(tmp_path: Path) -> None:
    async def nothing(_done: int, _of: int) -> None:
        await asyncio.sleep(0)

    async def scenario() -> None:
        async with running(tmp_path) as s:
            one = await job(s, every=604_800, grace=7_200)
            file = export(s.monitors.of_guild(GUILD))
            assert one.secret.encode() not in file
            items = list(read(file).items)
            bulk = BulkImport(
                s.monitors, Silences(s.db, s.clock, s.watchlist, s.scheduler, s.recorder)
            )
            (same,) = await bulk.take(GUILD, items, by=PERSON, progress=nothing)
            assert same.state.value == "same"
            assert await one.call() is Taken.OK
            (added,) = await bulk.take(GUILD + 1, items, by=PERSON, progress=nothing)
            assert added.monitor is not None
            assert (added.monitor.interval_s, added.monitor.grace_s) == (604_800, 7_200)
            ((sentence, values),) = added.item.remarks
            assert sentence == "its job has to call a new address: {address}"
            secret = str(values["address"]).rpartition("/")[2]
            assert await s.pushes.call(secret, Call.FINE) is Taken.OK
            of_kuma = {"type": "push", "name": "job", "interval": 300}
            kuma = json.dumps({"version": "1.23", "monitorList": [of_kuma]}).encode()
            (taken,) = await bulk.take(GUILD, list(read(kuma).items), by=PERSON, progress=nothing)
            assert taken.monitor is not None
            assert (taken.monitor.is_push, taken.monitor.grace_s) == (True, 30)

    play(scenario())


def test_time_counts_as_watched_with_and_without_beats(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(tmp_path) as s:
            s.clock.settle = None
            one = await job(s, every=60, grace=3_600)
            began_ms = s.clock.now_ms()
            await one.call()
            for _ in range(60):
                await s.clock.advance(60)
                await asyncio.sleep(0.001)
            await s.recorder.flush()
            rows = await s.db.read(lambda c: c.execute("SELECT * FROM result").fetchall())
            assert len(rows) in range(55, 62), "each minute says that it is still in time"
            for _ in range(5):
                await s.clock.advance(60)
                await asyncio.sleep(0.02)
            assert one.state() is State.DOWN
            uptime = await s.uptime(one.monitor, began_ms)
            assert uptime.unwatched_s < 60
            assert uptime.down_s in range(3_600, 3_900), "since the beat was expected"

    play(scenario())


def test_history_has_the_run_times_of_jobs_that_say_when_they_start(tmp_path: Path) -> None:
    """Looks at a job every six hours, and beats without a start, say nothing of how long it ran."""

    async def scenario() -> None:
        async with running(tmp_path) as s:
            nightly = await job(s, "nightly", every=86_400, grace=3_600)
            silent = await job(s, "silent", every=86_400, grace=3_600)
            for _ in range(3):
                await nightly.call(Call.START)
                await wait(s, 1_500)
                await nightly.call()
                await silent.call()
                await wait(s, 84_900)
            past = History(s.db, s.clock, s.watchlist)
            for period in (Period.DAY, Period.WEEK):
                ran = await past.report(GUILD, nightly.monitor.id, period)
                assert (ran.median_ms, ran.p95_ms) == (1_500_000, 1_500_000)
                assert {one.median_ms for one in ran.response_times} == {1_500_000}
                unknown = await past.report(GUILD, silent.monitor.id, period)
                assert (unknown.median_ms, unknown.response_times) == (None, ())
                assert unknown.uptime.watched_s > 80_000

    play(scenario())


def test_why_names_the_beats(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(tmp_path) as s:
            one = await job(s)
            why = Why(s.clock, s.watchlist, s.connectivity, s.pushes)

            def sentences() -> list[object]:
                return [fact.sentence for fact in why.of(GUILD, one.monitor.id).facts]

            assert sentences() == [EXPECTED, NO_BEAT, NEXT_BEAT]
            await one.call()
            assert sentences() == [EXPECTED, LAST_BEAT, NEXT_BEAT]
            await wait(s, 71)
            assert sentences()[1:] == [EXPECTED, LAST_BEAT, AFTER_A_BEAT]

    play(scenario())
