"""Reports: due once after each week and month, in the server's time, with what was stored."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest

from bot.charts.painter import Painter
from bot.charts.picture import DayGrid, Picture
from bot.clock import DAY_MS, HOUR_MS
from bot.db import guilds, incidents, rollups
from bot.db.database import Connection
from bot.db.rollups import ROLLED_HOUR, Rollup
from bot.errors import NotFound, UserError
from bot.models import Incident, Kind, Monitor
from bot.services.reports import MAX_SCHEDULES, ReportPeriod, Reports
from tests.fakes import FakeClock
from tests.services.services_fixture import (
    CHANNEL,
    GUILD,
    HTTP_500,
    PERSON,
    ServicesFixture,
    play,
    services_fixture,
)

WEEKLY, MONTHLY = ReportPeriod.WEEKLY, ReportPeriod.MONTHLY
ZONE = "America/New_York"  # summer time ends on 1 November 2026
PRIVATE = 300


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def clock_at(text: str) -> FakeClock:
    return FakeClock(ms(text))


class Blank(Painter):
    """Draws nothing: the picture has tests of its own."""

    async def paint(self, picture: Picture | DayGrid) -> bytes | None:
        del picture
        return None


def made(s: ServicesFixture) -> Reports:
    return Reports(
        s.db, s.clock, guilds=s.guilds, watchlist=s.watchlist, delivery=s.delivery, painter=Blank()
    )


def sent(s: ServicesFixture, channel: int = CHANNEL) -> list[str]:
    found = [message.alert.content for message in s.transport.of(channel)]
    return [text for text in found if "REPORT" in text]


def fill(conn: Connection, one: Monitor, first_ms: int, last_ms: int, down: Sequence[int]) -> None:
    """Counted hours; the ``down`` ones (epoch hours) were down for half of their time."""
    for hour in range(first_ms // HOUR_MS, last_ms // HOUR_MS):
        lost = 1800 * (hour in down)
        rollups.save_hour(conn, Rollup(one.id, hour, 60, 60, 120, 200, 3600, lost, 0, 3550))


async def prepared(s: ServicesFixture) -> Monitor:
    await s.guilds.set_alerts(GUILD, channel_id=CHANNEL, by=PERSON)
    await s.guilds.set_timezone(GUILD, ZONE, PERSON)
    return await s.watch("shop")


@pytest.mark.parametrize(
    ("period", "scheduled", "last", "due"),
    [
        # Monday 9:00 is 14:00 UTC after the longer Sunday, 13:00 before it.
        (WEEKLY, "2026-10-28T12:00+00:00", "2026-11-02T13:59+00:00", "2026-11-02T14:00+00:00"),
        (WEEKLY, "2026-10-20T12:00+00:00", "2026-10-26T12:59+00:00", "2026-10-26T13:00+00:00"),
        (MONTHLY, "2026-10-20T12:00+00:00", "2026-11-01T13:59+00:00", "2026-11-01T14:00+00:00"),
        (MONTHLY, "2027-02-10T12:00+00:00", "2027-03-01T13:59+00:00", "2027-03-01T14:00+00:00"),
    ],
)
def test_a_report_comes_once_at_nine_after_its_period(
    tmp_path: Path, period: ReportPeriod, scheduled: str, last: str, due: str
) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock_at(scheduled)) as s:
            await prepared(s)
            service = made(s)
            await service.schedule(GUILD, period, None, "", PERSON)
            assert await service.send_due() == 0
            await s.clock.advance((ms(last) - s.clock.now_ms()) / 1000)
            assert await service.send_due() == 0
            await s.clock.advance((ms(due) - s.clock.now_ms()) / 1000)
            assert await service.send_due() == 1
            assert await service.send_due() == 0
            await s.delivery.deliver_due()
            assert len(sent(s)) == 1

    play(scenario())


def test_what_fell_into_our_absence_is_sent_after_it_and_only_the_newest(tmp_path: Path) -> None:
    clock = clock_at("2026-10-07T12:00+00:00")

    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock) as s:
            await prepared(s)
            await made(s).schedule(GUILD, WEEKLY, None, "", PERSON)
        await clock.advance(20 * 86_400)
        async with services_fixture(tmp_path, clock=clock) as s:
            assert await made(s).send_due() == 1
            await s.delivery.deliver_due()
            assert len(sent(s)) == 1
            assert "Oct 19 – Oct 25" in sent(s)[0]
        async with services_fixture(tmp_path, clock=clock) as s:
            assert await made(s).send_due() == 0

    play(scenario())


def test_a_month_is_the_one_of_the_calendar_and_compared_with_the_one_before(
    tmp_path: Path,
) -> None:
    """August in New York: 4:00 UTC on the 1st until 4:00 UTC on 1 September."""
    begin, end = ms("2026-08-01T00:00-04:00"), ms("2026-09-01T00:00-04:00")

    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock_at("2026-08-20T12:00+00:00")) as s:
            shop = await prepared(s)
            service = made(s)
            await service.schedule(GUILD, MONTHLY, None, "", PERSON)
            in_august = [begin // HOUR_MS, end // HOUR_MS - 1]
            outside = [begin // HOUR_MS - 1, end // HOUR_MS]

            def write(conn: Connection) -> None:
                conn.execute("UPDATE monitor SET created_ms = ?", (begin - 60 * DAY_MS,))
                guilds.put(conn, ROLLED_HOUR, str(end // HOUR_MS))
                fill(conn, shop, begin - 31 * DAY_MS, end + DAY_MS, in_august + outside)
                for since, minutes in ((begin + 1, 30), (end - 1, 30), (begin - 1, 30)):
                    failed = Incident(
                        *(0, "", GUILD, shop.id, "shop", "", 60, Kind.DOWN, HTTP_500),
                        since_ms=since,
                        opened_ms=since,
                    )
                    stored = incidents.insert(conn, failed)
                    conn.execute(
                        "UPDATE incident SET resolved_ms = ?1, ended_ms = ?1 WHERE id = ?2",
                        (since + minutes * 60_000, stored.id),
                    )

            await s.db.write(write)
            await s.watchlist.load()
            await s.clock.advance((end + 10 * HOUR_MS - s.clock.now_ms()) / 1000)
            assert await service.send_due() == 1
            await s.delivery.deliver_due()
            (text,) = sent(s)
            assert "MONTHLY REPORT · Aug 1 – Aug 31" in text
            # 1 of 744 hours in August, half an hour of 744 in July.
            assert "**shop** · 99.86% (before: 99.93%) · 2 incidents, 1 h · 120 ms" in text

    play(scenario())


def test_a_report_names_only_what_its_readers_may_see(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock_at("2026-10-07T12:00+00:00")) as s:
            await prepared(s)
            new = {"url": "https://secret.example/", "name": "Secret", "channel": PRIVATE}
            draft = s.monitors.draft(GUILD, new, s.monitors.index(GUILD))
            await s.monitors.keep(GUILD, [draft], PERSON)
            service = made(s)
            await service.schedule(GUILD, WEEKLY, None, "", PERSON)
            await s.clock.advance(7 * 86_400)
            with monkeypatch.context() as patch:  # the gateway has not said yet
                patch.setattr(s.transport, "readers_may_see", lambda *_: None)
                assert await service.send_due() == 0
            s.transport.closed.add((CHANNEL, PRIVATE))
            assert await service.send_due() == 1
            await s.delivery.deliver_due()
            (text,) = sent(s)
            assert "Secret" not in text
            assert "1 site is left out" in text

    play(scenario())


def test_the_table_goes_with_it_and_no_name_is_a_formula(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            await prepared(s)
            new = {"url": "https://eu.example/", "name": "=1+1"}
            draft = s.monitors.draft(GUILD, new, s.monitors.index(GUILD))
            await s.monitors.keep(GUILD, [draft], PERSON)
            service = made(s)
            report = await service.latest(GUILD, WEEKLY)
            await service.send(GUILD, report, CHANNEL)
            await s.delivery.deliver_due()
            (posted,) = s.transport.of(CHANNEL)
            (file,) = posted.alert.files
            table = file.data.decode("utf-8-sig").splitlines()
            assert table[0].startswith("site,address,")
            assert [line.split(",")[0] for line in table[1:]] == ["'=1+1", "shop"]

    play(scenario())


def test_a_tag_reports_its_own_sites_and_a_restart_keeps_the_schedule(tmp_path: Path) -> None:
    clock = clock_at("2026-10-07T12:00+00:00")

    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock) as s:
            await prepared(s)
            new = {"url": "https://eu.example/", "name": "Europe", "tags": "#eu"}
            draft = s.monitors.draft(GUILD, new, s.monitors.index(GUILD))
            await s.monitors.keep(GUILD, [draft], PERSON)
            await made(s).schedule(GUILD, WEEKLY, 200, "eu", PERSON)
            await made(s).schedule(GUILD, MONTHLY, None, "", PERSON)
        async with services_fixture(tmp_path, clock=clock) as s:
            service = made(s)
            found = await s.db.read(lambda conn: guilds.reports_of(conn, GUILD))
            assert [(one.period, one.tag, one.channel_id) for one in found] == [
                ("monthly", "", None),
                ("weekly", "eu", 200),
            ]
            await s.clock.advance(7 * 86_400)
            assert await service.send_due() == 1
            await s.delivery.deliver_due()
            assert "Europe" in sent(s, 200)[0]
            assert "shop" not in sent(s, 200)[0]
            await service.stop(GUILD, PERSON)
            with pytest.raises(NotFound):
                await service.stop(GUILD, PERSON)
            assert await s.db.read(guilds.all_reports) == []

    play(scenario())


def test_what_cannot_be_reported_is_refused_in_words(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            service = made(s)
            with pytest.raises(NotFound, match="no site is watched"):
                await service.latest(GUILD, WEEKLY)
            with pytest.raises(UserError, match="no alert channel yet"):
                await service.schedule(GUILD, WEEKLY, None, "", PERSON)
            for number in range(MAX_SCHEDULES):
                await service.schedule(GUILD, WEEKLY, CHANNEL, f"t{number}", PERSON)
            with pytest.raises(UserError, match="25 scheduled"):
                await service.schedule(GUILD, WEEKLY, CHANNEL, "more", PERSON)
            found = await s.db.read(lambda conn: guilds.reports_of(conn, GUILD))
            assert len(found) == MAX_SCHEDULES

    play(scenario())


def test_time_that_was_not_watched_is_not_up(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock_at("2026-10-07T12:00+00:00")) as s:
            shop = await prepared(s)
            (line,) = (await made(s).latest(GUILD, WEEKLY)).sites
            assert (line.uptime, line.before) == (None, None)
            now_ms = s.clock.now_ms()

            def write(conn: Connection) -> None:
                conn.execute("UPDATE monitor SET created_ms = 0")
                fill(conn, shop, now_ms - 2 * DAY_MS, now_ms - DAY_MS, [])
                guilds.put(conn, ROLLED_HOUR, str(now_ms // HOUR_MS))

            await s.db.write(write)
            await s.watchlist.load()
            (line,) = (await made(s).latest(GUILD, WEEKLY)).sites
            assert line.uptime == 1.0
            assert line.watched_s == 86_400
            assert [share is None for share in line.days] == [True] * 5 + [False, True]

    play(scenario())
