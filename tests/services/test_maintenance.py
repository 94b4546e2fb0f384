"""Maintenance windows: what opens in one is silenced, and reported afterwards if still bad."""

from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest

from bot.db import results
from bot.errors import NotFound, UserError
from bot.models import State
from bot.services.incidents import Reminders
from bot.services.maintenance import MAX_WINDOWS, NewWindow
from tests.fakes import FakeClock
from tests.services.services_fixture import (
    CHANNEL,
    GUILD,
    OTHER_GUILD,
    PERSON,
    ServicesFixture,
    play,
    services_fixture,
)

HOUR_S = 3_600


async def maintain(s: ServicesFixture, name: str | None = None, for_s: int = HOUR_S) -> int:
    """Begin a window; returns its id."""
    monitor_id = None if name is None else s.monitors.find(GUILD, name).id
    begun = await s.maintenance.start(GUILD, monitor_id, for_s=for_s, reason=None, by=PERSON)
    return begun.window.id


async def look(s: ServicesFixture) -> None:
    await s.silences.expire_due()
    await s.delivery.deliver_due()


def covered(s: ServicesFixture) -> list[str]:
    found = s.status.overview(GUILD)
    return [one.monitor.name for one in found if one.maintenance is not None]


def test_an_opening_in_a_window_is_recorded_and_sent_at_its_end(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            monitor = await s.watch("shop")
            await s.play({"shop": "O"})
            await maintain(s, "shop", for_s=600)
            await s.play({"shop": "FFFF"})
            await look(s)
            assert s.transport.of(CHANNEL) == []
            assert s.status.one(GUILD, monitor.id).state is State.DOWN
            [incident] = await s.incidents.recent(GUILD, None, 0, 5)
            assert incident.silenced
            await s.recorder.flush()
            rows = await s.db.read(
                lambda conn: results.of_monitor(conn, monitor.id, 0, s.clock.now_ms(), 99)
            )
            assert len(rows) > 8
            await s.play({"shop": "FFFFFF"})
            await look(s)
            assert s.transport.texts() == ["🔴 DOWN · shop · HTTP 500 (4 of 4 checks)"]
            await look(s)
            await s.play({"shop": "OOO"})
            assert s.transport.texts()[1] == "🟢 UP · shop · back after 10 min"

    play(scenario())


def test_what_is_over_or_answers_again_at_the_end_is_only_history(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.watch("blog")
            await s.play({"shop": "O", "blog": "O"})
            await maintain(s, for_s=480)
            await s.play({"shop": "FFFFOOO", "blog": "FFFFFFO"})
            await s.clock.advance(60)
            await look(s)
            await s.play({"shop": "O", "blog": "O"})
            await look(s)
            await s.play({"shop": "O", "blog": "O"})
            await look(s)
            assert s.transport.of(CHANNEL) == []
            assert len(await s.incidents.recent(GUILD, None, 0, 5)) == 2
            assert s.entry("blog").incident is None

    play(scenario())


def test_what_answered_at_the_end_and_fails_again_is_sent_then(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.play({"shop": "O"})
            await maintain(s, for_s=300)
            await s.play({"shop": "FFFO"})
            await s.clock.advance(60)
            await look(s)
            assert s.transport.of(CHANNEL) == []
            await s.play({"shop": "F"})
            await look(s)
            assert s.transport.texts()[0].startswith("🟡 UNSTABLE · shop")

    play(scenario())


def test_an_alert_from_before_a_window_is_closed_in_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.play({"shop": "OFF"})
            await maintain(s, "shop")
            await s.play({"shop": "FOOO"})
            assert s.transport.texts() == [
                "🟢 RESOLVED · shop · lasted 3 min",
                "🟢 UP · shop · back after 3 min",
            ]

    play(scenario())


def test_down_for_good_in_a_window_edits_the_post_and_is_sent_at_the_end(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.play({"shop": "OPPPPPP"})
            [post] = s.transport.of(CHANNEL)
            assert post.alert.content.startswith("🟡 UNSTABLE")
            window = await maintain(s, "shop")
            await s.play({"shop": "F" * 30})
            await look(s)
            [post] = s.transport.of(CHANNEL)
            assert post.alert.content.startswith("🔴 DOWN")
            await s.maintenance.cancel(GUILD, window, PERSON)
            await look(s)
            assert len(s.transport.of(CHANNEL)) == 2
            assert s.transport.texts()[1].startswith("🔴 DOWN · shop")

    play(scenario())


def test_a_window_covers_its_monitor_or_the_whole_server_and_no_other(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            for name in ("shop", "blog"):
                await s.watch(name)
            await s.watch("far", OTHER_GUILD)
            await maintain(s, "shop")
            assert covered(s) == ["shop"]
            everything = await maintain(s)
            assert covered(s) == ["blog", "shop"]
            assert s.status.overview(OTHER_GUILD)[0].maintenance is None
            await s.maintenance.cancel(GUILD, everything, PERSON)
            assert covered(s) == ["shop"]
            await s.clock.advance(HOUR_S)
            assert covered(s) == []

    play(scenario())


@pytest.mark.parametrize("ended", [False, True])
def test_a_restart_in_a_window_forgets_neither_the_window_nor_what_is_to_be_sent(
    tmp_path: Path, *, ended: bool
) -> None:
    async def scenario() -> None:
        clock = FakeClock()
        async with services_fixture(tmp_path, clock=clock) as s:
            await s.watch("shop")
            await s.play({"shop": "O"})
            await maintain(s, "shop", for_s=1_200)
            await s.play({"shop": "FFFF"})
        await clock.advance(1_200 if ended else 60)
        async with services_fixture(tmp_path, clock=clock) as s:
            await look(s)
            assert s.transport.of(CHANNEL) == [], "nothing is told of what nobody has looked at"
            await s.play({"shop": "F"})
            await look(s)
            assert bool(s.transport.texts()) is ended
            assert bool(s.maintenance.of_guild(GUILD)) is not ended
            await s.play({"shop": "F" * 20})
            await look(s)
            assert [text[:6] for text in s.transport.texts()] == ["🔴 DOWN"[:6]]

    play(scenario())


def test_a_site_that_came_back_while_vigie_was_off_is_not_reported_down(tmp_path: Path) -> None:
    async def scenario() -> None:
        clock = FakeClock()
        async with services_fixture(tmp_path, clock=clock) as s:
            await s.watch("shop")
            await s.play({"shop": "O"})
            await maintain(s, "shop")
            await s.play({"shop": "FFFF"})
        await clock.advance(2 * HOUR_S)
        async with services_fixture(tmp_path, clock=clock) as s:
            for _ in range(4):
                await look(s)
                await s.play({"shop": "O"})
            assert s.transport.of(CHANNEL) == []

    play(scenario())


def test_while_offline_the_end_of_a_window_sends_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.play({"shop": "O"})
            await maintain(s, "shop", for_s=300)
            await s.play({"shop": "FFF"})
            s.online_check.online = False
            await s.play({"shop": "FFF"})
            await look(s)
            assert s.transport.of(CHANNEL) == []
            s.online_check.online = True
            await s.play({"shop": "F"})
            await look(s)
            note, post = s.transport.texts()
            assert note.startswith("⚪ BLIND")
            assert post.startswith("🔴 DOWN · shop")

    play(scenario())


def test_all_that_is_still_bad_at_the_end_shares_one_post(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            for name in ("a", "b", "c"):
                await s.watch(name)
            await s.play(dict.fromkeys("abc", "O"))
            await maintain(s, for_s=300)
            await s.play(dict.fromkeys("abc", "FFFFF"))
            await look(s)
            await s.play(dict.fromkeys("abc", "FF"))
            assert s.transport.texts() == ["🔴 3 down: a, b, c"]

    play(scenario())


def test_a_mute_and_a_window_keep_quiet_until_both_are_over(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            await s.play({"shop": "OFF"})
            [incident] = await s.incidents.recent(GUILD, None, 0, 5)
            await s.silences.mute(GUILD, [incident.monitor_id], by=PERSON, for_s=1_200)
            await s.play({"shop": "OOO"})
            await maintain(s, "shop", for_s=2_400)
            reported = len(s.transport.texts())
            await s.play({"shop": "F" * 25})
            await look(s)
            assert s.entry("shop").monitor.muted_until_ms is None
            assert len(s.transport.texts()) == reported
            await s.play({"shop": "F" * 20})
            await look(s)
            assert len(s.transport.texts()) == reported + 1

    play(scenario())


def test_sites_that_are_silenced_are_no_company_for_others(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            for name in ("a", "b", "c"):
                await s.watch(name)
            await s.play(dict.fromkeys("abc", "O"))
            await maintain(s, "a")
            await maintain(s, "b")
            await s.play({"a": "FFF", "b": "FFF"})
            await s.play({"c": "FF"})
            assert s.transport.texts() == ["🔴 DOWN · c · HTTP 500 (4 of 4 checks)"]

    play(scenario())


def at(text: str) -> FakeClock:
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return FakeClock(round(moment.timestamp() * 1000))


def test_a_weekly_window_keeps_its_wall_time_and_the_server_its_zone(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=at("2026-03-28T12:00")) as s:
            nightly = NewWindow((6,), None, time(2, 30), time(3, 30), timezone="Europe/Paris")
            planned = await s.maintenance.schedule(GUILD, nightly, PERSON)
            assert planned.window.timezone == s.guilds.settings(GUILD).timezone == "Europe/Paris"
            assert not planned.active
            again = NewWindow((0,), None, time(9), None, 60)
            assert (await s.maintenance.schedule(GUILD, again, PERSON)).window.timezone == (
                "Europe/Paris"
            )
            await s.clock.advance(13 * HOUR_S + 60)  # 03:01 in Paris, 02:30 never was
            assert [one.active for one in s.maintenance.of_guild(GUILD)] == [True, False]
        async with services_fixture(tmp_path, clock=at("2026-04-05T00:45")) as s:
            assert s.guilds.settings(GUILD).timezone == "Europe/Paris"
            assert [one.active for one in s.maintenance.of_guild(GUILD)] == [True, False]

    play(scenario())


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (NewWindow((), date(2026, 3, 27), time(9), time(10)), "over already"),
        (NewWindow((), date(2029, 3, 27), time(9), time(10)), "two years"),
        (NewWindow(tuple(range(7)), None, time(0), time(0)), "without end"),
        (NewWindow((1,), None, time(0), None, 7 * 86_400), "at most 6 days"),
        (NewWindow((), date(2026, 3, 29), time(0), None, 32 * 86_400), "at most 31 days"),
    ],
)
def test_what_cannot_be_planned_is_refused_in_one_sentence(
    tmp_path: Path, wanted: NewWindow, said: str
) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=at("2026-03-28T12:00")) as s:
            with pytest.raises(UserError, match=said):
                await s.maintenance.schedule(GUILD, wanted, PERSON)
            assert s.maintenance.of_guild(GUILD) == []

    play(scenario())


def test_windows_that_are_over_make_room_and_those_of_removed_monitors_too(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.watch("shop")
            for number in range(MAX_WINDOWS):
                await maintain(s, "shop" if number else None, for_s=60 * (number + 1))
            with pytest.raises(UserError, match="already has 25"):
                await maintain(s)
            await s.clock.advance(60)
            assert len(s.maintenance.of_guild(GUILD)) == MAX_WINDOWS - 1
            await maintain(s)
            await s.monitors.remove(GUILD, s.monitors.find(GUILD, "shop").id, PERSON)
            assert [one.monitor for one in s.maintenance.of_guild(GUILD)] == [None]
            await maintain(s)
        async with services_fixture(tmp_path, clock=s.clock) as s:
            assert len(s.watchlist.windows.of_guild(GUILD)) == 2

    play(scenario())


def test_a_server_never_reaches_the_windows_of_another(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            shop = await s.watch("shop")
            await s.watch("far", OTHER_GUILD)
            window = await maintain(s, "shop")
            assert s.maintenance.of_guild(OTHER_GUILD) == []
            with pytest.raises(NotFound):
                s.maintenance.find(OTHER_GUILD, str(window))
            with pytest.raises(NotFound):
                await s.maintenance.cancel(OTHER_GUILD, window, PERSON)
            with pytest.raises(NotFound):
                await s.maintenance.start(OTHER_GUILD, shop.id, for_s=60, reason=None, by=PERSON)
            assert s.maintenance.find(GUILD, str(window)).active

    play(scenario())


def test_a_window_stops_reminders_of_what_was_down_before(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await s.guilds.set_alerts(GUILD, channel_id=CHANNEL, by=PERSON, reminder_h=1)
            await s.watch("shop")
            await s.play({"shop": "OFF"})
            reminders = Reminders(s.db, s.clock, s.delivery.wake, s.watchlist.silenced_incidents)
            await maintain(s, "shop", for_s=3 * HOUR_S)
            await s.clock.advance(2 * HOUR_S)
            assert await reminders.remind() == 0
            await s.clock.advance(2 * HOUR_S)
            assert await reminders.remind() == 1

    play(scenario())
