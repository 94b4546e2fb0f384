"""From a try to the message: judge, recorder, grouping and delivery together, on a real file."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest

from bot.config import Config
from bot.db import incidents, monitors, results, rollups
from bot.db.database import Connection
from bot.engine.judge_state import JudgeState
from bot.engine.place_router import Sighting
from bot.errors import AddressRefused, DeliveryAction, NotFound, UserError
from bot.models import Kind, Monitor, State
from bot.services.monitor_options import Typed
from tests.fakes import FakeClock
from tests.services.delivery.delivery_fixture import always
from tests.services.services_fixture import (
    CHANNEL,
    GUILD,
    OTHER_GUILD,
    PERSON,
    ServicesFixture,
    play,
    services_fixture,
)

T = TypeVar("T")


def test_an_outage_is_one_post_that_is_edited_and_one_reply(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.play({"shop": "OFFFOOO"})
            [post, reply] = s.transport.of(CHANNEL)
            assert post.alert.content == "🟢 RESOLVED · shop · lasted 3 min"
            assert reply.reply_to == post.id
            assert reply.alert.content == "🟢 UP · shop · back after 3 min"
            assert reply.alert.silent
            first = next(call for call in s.transport.calls if call.action == "post")
            assert first.alert.content == "🔴 DOWN · shop · HTTP 500 (4 of 4 checks)"

    play(scenario())


def test_status_says_the_truth_from_memory(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.watch("blog")
            await s.play({"shop": "OFF", "blog": "OOO"})
            first, second = s.status.overview(GUILD)
            assert (first.monitor.name, first.state, first.kind) == ("shop", State.DOWN, Kind.DOWN)
            assert first.incident is not None
            assert (second.monitor.name, second.state) == ("blog", State.UP)

    play(scenario())


def test_a_restart_forgets_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        clock = FakeClock()
        async with services_fixture(tmp_path, clock=clock) as s:
            await s.watch("shop")
            await s.play({"shop": "OFF"})
            await s.recorder.flush()
            transport = s.transport
        async with services_fixture(tmp_path, clock=clock) as s:
            s.transport = transport
            s.delivery.attach(transport)
            assert s.entry("shop").incident is not None
            await s.play({"shop": "FOOO"})
            assert [m.alert.content for m in transport.of(CHANNEL)] == [
                "🟢 RESOLVED · shop · lasted 3 min",
                "🟢 UP · shop · back after 3 min",
            ]

    play(scenario())


def test_openings_of_one_minute_share_a_post_and_so_do_their_all_clears(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            for name in ("a", "b", "c", "d"):
                await s.watch(name)
            await s.play({"a": "OFFFF", "b": "OFFFF", "c": "OFFFF", "d": "OOOOO"})
            [post] = s.transport.of(CHANNEL)
            assert post.alert.content == "🔴 3 down: a, b, c"
            await s.play({"a": "OOO", "b": "OOO", "c": "OOO", "d": "OOO"})
            _, reply = s.transport.of(CHANNEL)
            assert reply.alert.content == "🟢 UP · 3 sites are back: a, b, c"

    play(scenario())


def test_an_all_clear_waits_a_minute_for_one_that_is_nearly_due(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            for name in ("a", "b"):
                await s.watch(name)
            await s.play({"a": "OFFFF", "b": "OFFFF"})
            await s.play({"b": "FOO", "a": "OOO"})
            assert len(s.transport.of(CHANNEL)) == 1
            await s.play({"b": "O", "a": "O"})
            _, reply = s.transport.of(CHANNEL)
            assert reply.alert.content == "🟢 UP · 2 sites are back: a, b"

    play(scenario())


def test_an_all_clear_is_dropped_when_its_site_fails_while_it_waits(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            for name in ("a", "b"):
                await s.watch(name)
            await s.play({"a": "OFFFF", "b": "OFFFF"})
            await s.play({"b": "FOO", "a": "OOO"})
            await s.play({"a": "F", "b": "O"})
            _, reply = s.transport.of(CHANNEL)
            assert reply.alert.content == "🟢 UP · b · back after 5 min"
            assert s.entry("a").judge_state.kind is Kind.UNSTABLE

    play(scenario())


def test_while_offline_nothing_counts_and_one_note_follows(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.guilds.set_alerts(GUILD, channel_id=CHANNEL, by=PERSON)
            await s.watch("shop")
            await s.play({"shop": "OO"})
            s.online_check.online = False
            await s.play({"shop": "FFFFF"})
            assert s.transport.of(CHANNEL) == []
            assert s.connectivity.offline_since_ms is not None
            s.online_check.online = True
            await s.connectivity.recheck()
            await s.play({"shop": "OO"})
            assert s.transport.texts() == ["⚪ BLIND · I was offline for 5 min"]
            now_ms = s.clock.now_ms()
            found = await s.db.read(lambda conn: rollups.gaps_between(conn, 0, now_ms))
            assert [until - begin for begin, until in found] == [300_000]

    play(scenario())


def test_a_short_time_offline_is_a_gap_but_no_note(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.guilds.set_alerts(GUILD, channel_id=CHANNEL, by=PERSON)
            await s.watch("shop")
            s.online_check.online = False
            await s.play({"shop": "F"})
            s.online_check.online = True
            await s.connectivity.recheck()
            await s.delivery.deliver_due()
            assert s.transport.of(CHANNEL) == []

    play(scenario())


def test_removing_a_monitor_in_trouble_edits_its_post_without_an_all_clear(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            monitor = await s.watch("shop")
            await s.play({"shop": "OFF"})
            await s.monitors.remove(GUILD, monitor.id, PERSON)
            await s.delivery.deliver_due()
            [post] = s.transport.of(CHANNEL)
            assert post.edits == 1
            assert "DOWN" not in post.alert.content
            assert s.monitors.of_guild(GUILD) == []
            await s.watch("shop")

    play(scenario())


def test_a_paused_monitor_rests_and_is_judged_anew_when_its_pause_ends(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            monitor = await s.watch("shop")
            await s.play({"shop": "OF"})
            await s.silences.pause(GUILD, monitor.id, by=PERSON, for_s=600)
            assert s.status.one(GUILD, monitor.id).paused
            await s.play({"shop": "FFF"})
            assert s.transport.of(CHANNEL) == []
            await s.clock.advance(600)
            await s.silences.expire_due()
            assert not s.status.one(GUILD, monitor.id).paused
            assert s.status.one(GUILD, monitor.id).state is State.UNKNOWN
            await s.play({"shop": "FF"})
            assert len(s.transport.of(CHANNEL)) == 1

    play(scenario())


def test_what_opens_under_a_mute_is_sent_when_the_mute_ends(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.play({"shop": "OFF"})
            [incident] = await s.incidents.recent(GUILD, None, 0, 5)
            await s.silences.mute(GUILD, [incident.monitor_id], by=PERSON, for_s=3_600)
            await s.play({"shop": "OOO"})
            assert len(s.transport.of(CHANNEL)) == 2
            await s.play({"shop": "FF"})
            assert len(s.transport.of(CHANNEL)) == 2
            await s.clock.advance(3_600)
            await s.silences.expire_due()
            await s.delivery.deliver_due()
            assert s.transport.texts()[2].startswith("🔴 DOWN · shop")

    play(scenario())


def test_acknowledging_is_noted_once_and_shown(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.play({"shop": "OFF"})
            [incident] = await s.incidents.recent(GUILD, None, 0, 5)
            first = await s.incidents.acknowledge(GUILD, incident.public_id, PERSON)
            again = await s.incidents.acknowledge(GUILD, incident.public_id, PERSON + 1)
            assert (first.first, again.first) == (True, False)
            await s.delivery.deliver_due()
            [post] = s.transport.of(CHANNEL)
            assert post.alert.incidents[0].acknowledged_by == PERSON
            await s.play({"shop": "FOOO"})
            assert s.transport.of(CHANNEL)[0].alert.incidents[0].acknowledged_by == PERSON

    play(scenario())


def test_followers_are_mentioned_once_it_is_over(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.play({"shop": "OFF"})
            [incident] = await s.incidents.recent(GUILD, None, 0, 5)
            wish = await s.incidents.follow(GUILD, incident.public_id, PERSON, "tell_me")
            twice = await s.incidents.follow(GUILD, incident.public_id, PERSON, "tell_me")
            assert (wish.new, twice.new, twice.count) == (True, False, 1)
            await s.play({"shop": "OOO"})
            reply = s.transport.of(CHANNEL)[1]
            assert reply.alert.user_ids == (PERSON,)
            assert not reply.alert.silent

    play(scenario())


def test_a_server_never_reaches_what_belongs_to_another(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            monitor = await s.watch("shop")
            await s.play({"shop": "OFF"})
            [incident] = await s.incidents.recent(GUILD, None, 0, 5)
            for attempt in (
                s.monitors.remove(OTHER_GUILD, monitor.id, PERSON),
                s.silences.pause(OTHER_GUILD, monitor.id, by=PERSON, for_s=None),
                s.silences.resume(OTHER_GUILD, monitor.id, PERSON),
                s.incidents.by_public_id(OTHER_GUILD, incident.public_id),
                s.incidents.acknowledge(OTHER_GUILD, incident.public_id, PERSON),
                s.silences.mute(OTHER_GUILD, [monitor.id], by=PERSON, for_s=60),
                s.incidents.follow(OTHER_GUILD, incident.public_id, PERSON, "me_too"),
                s.incidents.checks(OTHER_GUILD, incident.public_id, 10),
            ):
                with pytest.raises(NotFound):
                    await attempt
            with pytest.raises(NotFound):
                s.monitors.find(OTHER_GUILD, str(monitor.id))
            with pytest.raises(NotFound):
                s.status.one(OTHER_GUILD, monitor.id)
            assert s.status.overview(OTHER_GUILD) == []
            assert await s.incidents.recent(OTHER_GUILD, None, 0, 5) == []

    play(scenario())


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        ({"url": "https://10.0.0.1/"}, AddressRefused),
        ({"url": "ftp://example.com"}, AddressRefused),
        ({"url": "example.com"}, AddressRefused),
        ({"url": "https://shop.example/", "name": "SHOP"}, UserError),
        ({"url": "https://new.example/", "every": 29}, UserError),
        ({"url": "https://new.example/", "expect_status": "teapot"}, UserError),
        ({"url": "https://new.example/", "headers": "Host: other"}, UserError),
        ({"url": "https://new.example/", "contains": "x" * 501}, UserError),
    ],
)
def test_what_cannot_be_watched_is_refused_in_one_sentence(
    tmp_path: Path, wanted: Typed, error: type[Exception]
) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            with pytest.raises(error) as caught:
                await s.monitors.add(GUILD, wanted, PERSON)
            assert str(caught.value).strip().endswith((".", "example.com"))
            assert len(s.monitors.of_guild(GUILD)) == 1

    play(scenario())


def test_the_limit_of_monitors_is_the_only_limit(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, config=Config(max_monitors=2)) as s:
            await s.watch("a")
            await s.watch("b")
            with pytest.raises(UserError, match="already watches 2 of 2"):
                await s.watch("c")
            await s.watch("c", OTHER_GUILD)

    play(scenario())


def test_results_are_batched_and_survive_a_refusing_disk(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            monitor = await s.watch("shop")
            await s.play({"shop": "OOO"})
            await s.db.read(lambda conn: conn.execute("PRAGMA query_only = ON"))
            with pytest.raises(Exception, match="readonly"):
                await s.recorder.flush()
            await s.db.read(lambda conn: conn.execute("PRAGMA query_only = OFF"))
            await s.recorder.flush()
            rows = await s.db.read(
                lambda conn: results.of_monitor(conn, monitor.id, 0, s.clock.now_ms(), 10)
            )
            assert len(rows) == 3

    play(scenario())


def test_an_opening_that_the_disk_refuses_is_sent_once_there_is_room(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.play({"shop": "OF"})
            await s.db.read(lambda conn: conn.execute("PRAGMA query_only = ON"))
            with pytest.raises(Exception, match="readonly"):
                await s.play({"shop": "F"})
            assert s.entry("shop").incident is None
            await s.db.read(lambda conn: conn.execute("PRAGMA query_only = OFF"))
            await s.play({"shop": "F"})
            assert len(s.transport.of(CHANNEL)) == 1

    play(scenario())


def test_a_left_server_rests_and_goes_on_when_it_returns(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.monitors.guild_left(GUILD)
            await s.guilds.left(GUILD)
            assert s.monitors.of_guild(GUILD) == []
            await s.guilds.seen(GUILD, "fr")
            await s.monitors.guild_back(GUILD)
            assert [m.name for m in s.monitors.of_guild(GUILD)] == ["shop"]
            assert s.guilds.language(GUILD) == "fr"

    play(scenario())


def test_a_returning_server_finds_its_open_incident_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.play({"shop": "OFF"})
            await s.monitors.guild_left(GUILD)
            await s.guilds.left(GUILD)
            await s.guilds.seen(GUILD, "en-US")
            await s.monitors.guild_back(GUILD)
            assert s.entry("shop").incident is not None
            await s.play({"shop": "FOOO"})
            assert s.transport.texts()[-1].startswith("🟢 UP · shop")

    play(scenario())


def test_an_outage_without_an_alert_channel_is_sent_once_there_is_one(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            new = {"url": "https://shop.example/", "name": "shop"}
            await s.monitors.add(GUILD, new, PERSON)
            await s.play({"shop": "OFF"})
            await s.silences.expire_due()
            assert s.transport.messages == {}
            await s.guilds.set_alerts(GUILD, channel_id=CHANNEL, by=PERSON, role_id=55)
            await s.silences.expire_due()
            await s.delivery.deliver_due()
            [post] = s.transport.of(CHANNEL)
            assert post.alert.content.startswith("🔴 DOWN · shop")
            assert post.alert.role_ids == (55,)
            await s.play({"shop": "FOOO"})
            assert s.transport.texts()[-1].startswith("🟢 UP · shop")

    play(scenario())


def test_failures_from_before_a_server_left_count_no_more_when_it_returns(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.play({"shop": "OF"})
            await s.recorder.flush()
            await s.monitors.guild_left(GUILD)
            await s.guilds.left(GUILD)
            await s.clock.advance(86_400)
            await s.guilds.seen(GUILD, "en-US")
            await s.monitors.guild_back(GUILD)
            await s.play({"shop": "FO"})
            assert s.transport.of(CHANNEL) == []

    play(scenario())


def test_the_limit_holds_when_people_add_at_the_same_moment(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, config=Config(max_monitors=2)) as s:
            adding = (s.watch(f"site-{n}") for n in range(6))
            outcomes = await asyncio.gather(*adding, return_exceptions=True)
            assert sum(isinstance(one, UserError) for one in outcomes) == 4
            assert len(s.monitors.of_guild(GUILD)) == 2

    play(scenario())


def test_a_name_nobody_can_see_becomes_the_host(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            new = {"url": "https://shop.example/", "name": "\u200b\u202e "}
            added = await s.monitors.add(GUILD, new, PERSON)
            assert added.monitor.name == "shop.example"

    play(scenario())


def test_an_unstable_site_that_is_down_for_good_gets_one_more_post(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            s.transport.before = always(DeliveryAction.WAIT, after_s=1)
            await s.play({"shop": "OFFOF"})
            s.transport.before = lambda _: None
            await s.play({"shop": "F"})
            assert s.transport.texts()[0].startswith("🟡 UNSTABLE · shop")
            await s.play({"shop": "F" * 30})
            assert s.transport.texts()[1].startswith("🔴 DOWN · shop · completely down now")

    play(scenario())


def test_time_offline_outlives_a_restart(tmp_path: Path) -> None:
    async def scenario() -> None:
        clock = FakeClock()
        async with services_fixture(tmp_path, clock=clock) as s:
            await s.watch("shop")
            s.online_check.online = False
            await s.play({"shop": "F"})
        await clock.advance(240)
        async with services_fixture(tmp_path, clock=clock) as s:
            assert s.connectivity.offline_since_ms is not None
            await s.connectivity.recheck()
            await s.delivery.deliver_due()
            assert s.transport.texts() == ["⚪ BLIND · I was offline for 5 min"]
            await s.connectivity.recheck()
        async with services_fixture(tmp_path, clock=clock) as s:
            assert s.connectivity.offline_since_ms is None

    play(scenario())


@pytest.mark.parametrize("what", ["pause", "remove"])
def test_a_store_that_refuses_leaves_the_monitor_watched(tmp_path: Path, what: str) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            monitor = await s.watch("shop")
            await s.db.read(lambda conn: conn.execute("PRAGMA query_only = ON"))
            attempt: Coroutine[Any, Any, Monitor] = (
                s.silences.pause(GUILD, monitor.id, by=PERSON, for_s=None)
                if what == "pause"
                else s.monitors.remove(GUILD, monitor.id, PERSON)
            )
            with pytest.raises(Exception, match="readonly"):
                await attempt
            assert monitor.id in s.scheduler._plans
            assert not s.status.one(GUILD, monitor.id).paused

    play(scenario())


def test_two_who_change_a_server_at_once_do_not_undo_each_other(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await asyncio.gather(
                s.guilds.seen(GUILD, "fr"),
                s.guilds.set_alerts(GUILD, channel_id=CHANNEL, by=PERSON, role_id=55),
                s.guilds.set_timezone(GUILD, "Europe/Paris", PERSON),
            )
            await s.guilds.set_alerts(GUILD, channel_id=CHANNEL + 1, by=PERSON)
            await s.guilds.load()
            kept = s.guilds.settings(GUILD)
            assert (kept.channel_id, kept.role_id) == (CHANNEL + 1, 55)
            assert (kept.guild_locale, kept.timezone) == ("fr", "Europe/Paris")

    play(scenario())


def test_a_relapse_is_a_post_of_its_own_and_no_silent_edit_of_an_old_list(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            for name in ("a", "b", "c"):
                await s.watch(name)
            await s.play({"a": "OFFFOOO", "b": "OFFFFFF", "c": "OFFFFFF"})
            assert s.transport.texts()[1].startswith("🟢 UP · a")
            await s.play({"a": "FFF", "b": "FFF", "c": "FFF"})
            assert s.transport.texts()[2].startswith("🔴 DOWN · a")

    play(scenario())


def test_a_monitor_removed_while_its_try_runs_leaves_no_incident(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await _remove_in_flight(s)
            assert s.transport.of(CHANNEL) == []

    play(scenario())


async def _remove_in_flight(s: ServicesFixture) -> None:
    monitor = await s.watch("shop")
    await s.play({"shop": "OF"})
    entry = s.entry("shop")
    await s.monitors.remove(GUILD, monitor.id, PERSON)
    s.prober.causes.clear()
    result = await s.prober.check(monitor.target)
    sighting = Sighting(result, s.clock.monotonic())
    step = await s.check_runner.handle_result(entry, s.clock.now_ms(), 0, sighting)
    assert step.confirm_s is None


def test_a_batch_that_falls_between_an_all_clear_and_its_memory_undoes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        flushing: list[asyncio.Task[None]] = []
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            write = s.db.write

            async def interrupted(work: Callable[[Connection], T]) -> T:
                done = await write(work)
                if "Batch" not in work.__qualname__:
                    s.recorder.touch(s.entry("shop"))
                    flushing.append(asyncio.create_task(s.recorder.flush()))
                    await asyncio.sleep(0.05)
                return done

            monkeypatch.setattr(s.db, "write", interrupted)
            await s.play({"shop": "OFFOOO"})
            await asyncio.gather(*flushing)
            assert await s.db.read(lambda conn: incidents.open_of(conn, range(9))) == []

    play(scenario())


def test_an_open_incident_goes_on_when_the_memory_behind_it_is_lost(tmp_path: Path) -> None:
    async def scenario() -> None:
        clock = FakeClock()
        async with services_fixture(tmp_path, clock=clock) as s:
            shop = await s.watch("shop")
            await s.play({"shop": "OFF"})
            await s.recorder.flush()
            blank = JudgeState().dump()
            await s.db.write(lambda conn: monitors.save_judge_state(conn, shop.id, blank))
            transport = s.transport
        async with services_fixture(tmp_path, clock=clock) as s:
            s.transport = transport
            s.delivery.attach(transport)
            await s.play({"shop": "FFFOOO"})
            post, reply = transport.of(CHANNEL)
            assert post.alert.content.startswith("🟢 RESOLVED · shop")
            assert reply.alert.content.startswith("🟢 UP · shop")

    play(scenario())


def test_an_incident_forgotten_in_the_store_does_not_hide_the_next_outage(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.play({"shop": "OFFF"})
            s.entry("shop").incident = None
            s.entry("shop").judge_state = JudgeState()
            await s.play({"shop": "OFFF"})
            [still] = await s.db.read(lambda conn: incidents.open_of(conn, range(9)))
            known = s.entry("shop").incident
            assert known is not None
            assert known.id == still.id
            assert len(s.transport.of(CHANNEL)) == 2

    play(scenario())


def test_the_last_success_of_an_unstable_site_moves_on_and_that_of_a_dead_one_stays(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.watch("dead")
            await s.play({"shop": "OFOFOFOF", "dead": "OFFFFFFF"})
            opened = {name: s.entry(name).incident for name in ("shop", "dead")}
            await s.play({"shop": "O", "dead": "O"})
            for name, before in opened.items():
                now = s.entry(name).incident
                assert before is not None
                assert now is not None
                await s.recorder.flush()
                stored = await s.incidents.by_public_id(GUILD, now.public_id)
                newest = s.entry(name).last_ok_ms if name == "shop" else before.last_ok_ms
                assert now.last_ok_ms == stored.last_ok_ms == newest, name

    play(scenario())
