"""Reports: due once after each week and month, in the server's time, with what was stored."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from bot.charts.painter import Painter
from bot.charts.picture import DayGrid, Picture
from bot.clock import DAY_MS, HOUR_MS
from bot.config import Config
from bot.db import guilds, incidents, rollups
from bot.db.database import Connection
from bot.db.rollups import ROLLED_HOUR, Rollup
from bot.errors import DeliveryAction, DeliveryError, NotFound, UserError
from bot.models import Incident, Kind, Monitor
from bot.services.recurrence import first_moment, local_days, names, wall_time, zone_of
from bot.services.reports import MAX_SCHEDULES, ROWS, ReportPeriod, Reports
from tests.fakes import FakeClock
from tests.services.delivery.delivery_fixture import Call
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

WEEKLY, MONTHLY = ReportPeriod.WEEKLY, ReportPeriod.MONTHLY
ZONE = "America/New_York"  # summer time ends on 1 November 2026
PRIVATE = 300


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def clock_at(text: str) -> FakeClock:
    return FakeClock(ms(text))


class Blank(Painter):
    """Draws nothing (the picture has tests of its own), and calls ``meanwhile``."""

    def __init__(self, meanwhile: Callable[[], Awaitable[object]] | None = None) -> None:
        self.meanwhile, self.grids = meanwhile, list[DayGrid]()

    async def paint(self, picture: Picture | DayGrid) -> bytes | None:
        assert isinstance(picture, DayGrid)
        self.grids.append(picture)
        if self.meanwhile is not None:
            await self.meanwhile()
        return None


def made(s: ServicesFixture, painter: Painter | None = None) -> Reports:
    return Reports(
        s.db,
        s.clock,
        guilds=s.guilds,
        watchlist=s.watchlist,
        delivery=s.delivery,
        painter=painter or Blank(),
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
            # The days of New York's calendar, the first and the last in part.
            assert [share is None for share in line.days] == [True] * 5 + [False, False, True]

    play(scenario())


async def hourly(s: ServicesFixture, hours: int) -> None:
    """Look every hour, each time with a service that was started anew."""
    for _ in range(hours):
        await s.clock.advance(3600)
        await made(s).send_due()
        await s.delivery.deliver_due()


async def fully_watched(s: ServicesFixture, days: int = 120, since_days: int = 60) -> None:
    """All sites have been up for some days, and will be until ``days`` after that."""
    begin_ms = s.clock.now_ms() - since_days * DAY_MS
    end_ms = begin_ms + days * DAY_MS

    def write(conn: Connection) -> None:
        conn.execute("UPDATE monitor SET created_ms = ?", (begin_ms,))
        for entry in s.watchlist.all():
            fill(conn, entry.monitor, begin_ms, end_ms, [])
        guilds.put(conn, ROLLED_HOUR, str(end_ms // HOUR_MS))

    await s.db.write(write)
    await s.watchlist.load()


async def watch_more(s: ServicesFixture, count: int) -> None:
    index = s.monitors.index(GUILD)
    drafts = [
        s.monitors.draft(GUILD, {"url": f"https://{n}.example/", "name": f"site {n}"}, index)
        for n in range(count)
    ]
    await s.monitors.keep(GUILD, drafts, PERSON)


FAR_EAST, FAR_WEST = "Pacific/Kiritimati", "Pacific/Pago_Pago"  # 25 hours apart


@pytest.mark.parametrize(
    "zones",
    [
        (FAR_EAST, FAR_WEST),
        (FAR_WEST, FAR_EAST),
        (FAR_EAST, "Europe/Paris"),
        ("Europe/Paris", FAR_WEST),
        ("Australia/Lord_Howe", "America/Sao_Paulo"),
    ],
)
@pytest.mark.parametrize("after_h", [0, 1, 30])
def test_another_time_zone_sends_no_week_twice_and_leaves_none_out(
    tmp_path: Path, zones: tuple[str, str], after_h: int
) -> None:
    """The zone is changed so many hours after a report, three times."""

    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock_at("2026-10-07T12:00+00:00")) as s:
            await prepared(s)
            await s.guilds.set_timezone(GUILD, zones[1], PERSON)
            await made(s).schedule(GUILD, WEEKLY, None, "", PERSON)
            for week in range(1, 4):
                for _ in range(9 * 24):
                    await hourly(s, 1)
                    if len(sent(s)) == week:
                        break
                await hourly(s, after_h)
                assert len(sent(s)) == week
                await s.guilds.set_timezone(GUILD, zones[week % 2], PERSON)
            await hourly(s, 3 * 24)
            assert len(sent(s)) == 3
            assert len({text.splitlines()[0] for text in sent(s)}) == 3

    play(scenario())


# Half an hour of summer time; its change at midnight, now history; a day that was skipped; summer
# time all year but for Ramadan; clocks that are changed across midnight.
ODD_ZONES = [
    ("Australia/Lord_Howe", "2026-03-20"),
    ("Australia/Lord_Howe", "2026-10-20"),
    ("America/Sao_Paulo", "2017-10-20"),
    ("America/Sao_Paulo", "2018-02-20"),
    ("Pacific/Apia", "2011-12-20"),
    ("Africa/Casablanca", "2026-02-20"),
    ("Africa/Casablanca", "2026-03-20"),
    ("Asia/Beirut", "2026-03-20"),
    ("America/St_Johns", "2006-04-20"),
    ("America/St_Johns", "2006-10-20"),
    ("Europe/Dublin", "2024-02-20"),
    ("Asia/Kathmandu", "2026-02-20"),
    (FAR_EAST, "2026-12-20"),
    (FAR_WEST, "2026-12-20"),
]


@pytest.mark.parametrize(("zone", "day"), ODD_ZONES)
def test_a_month_has_each_of_its_days_once(tmp_path: Path, zone: str, day: str) -> None:
    clock = clock_at(f"{day}T12:00+00:00")

    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock) as s:
            await prepared(s)
            await s.guilds.set_timezone(GUILD, zone, PERSON)
            await fully_watched(s)
            painter = Blank()
            await made(s).schedule(GUILD, MONTHLY, None, "", PERSON)
            await s.clock.advance(20 * 86_400)
            assert await made(s, painter).send_due() == 1
            (grid,) = painter.grids
            month = datetime.fromisoformat(day).date().replace(day=1)
            days = [month + timedelta(n) for n in range(31)]
            days = [one for one in days if one.month == month.month]
            if zone == "Pacific/Apia":
                days.remove(date(2011, 12, 30))
            assert list(grid.labels) == [f"{one:%b} {one.day}" for one in days]
            assert [row.shares for row in grid.rows] == [(1.0,) * len(days)]

    play(scenario())


def test_days_have_their_date_once_in_all_zones() -> None:
    """All changes of clocks of two years; a report begins where a day does."""
    for zone in names():
        for year in (2011, 2026):
            begin, end = (
                first_moment(datetime.fromisoformat(f"{one}-01-01"), zone_of(zone))
                for one in (year, year + 1)
            )
            days = local_days(begin, end, zone_of(zone))
            assert [one[0] for one in days] == [begin, *(one[1] for one in days[:-1])]
            assert days[-1][1] == end
            dates = [wall_time(from_ms, zone).date() for from_ms, _ in days]
            # Apia and Fakaofo skipped 30 December 2011 whole.
            skipped = 1 if year == 2011 and zone in {"Pacific/Apia", "Pacific/Fakaofo"} else 0
            assert len(days) == 365 - skipped, zone
            assert sorted(set(dates)) == dates, zone
            # Casey, an Antarctic base, has moved its clocks by three hours.
            assert all(21 <= (until - since) / HOUR_MS <= 27 for since, until in days), zone


@pytest.mark.parametrize("change", ["ended", "moved"])
def test_what_is_changed_while_a_report_is_drawn_holds(tmp_path: Path, change: str) -> None:
    """It neither schedules again what was ended, nor goes where it is wanted no more."""

    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock_at("2026-10-07T12:00+00:00")) as s:
            await prepared(s)
            await fully_watched(s)
            await made(s).schedule(GUILD, WEEKLY, None, "", PERSON)
            await s.clock.advance(7 * 86_400)

            async def meanwhile() -> None:
                if change == "ended":
                    await made(s).stop(GUILD, PERSON)
                else:
                    await made(s).schedule(GUILD, WEEKLY, 200, "", PERSON)

            assert await made(s, Blank(meanwhile)).send_due() == 0
            assert await made(s).send_due() == (change == "moved")
            await s.delivery.deliver_due()
            assert sent(s) == []
            assert len(sent(s, 200)) == (change == "moved")

    play(scenario())


def test_another_channel_gets_the_report_that_is_due(tmp_path: Path) -> None:
    """Chosen on Monday before nine: the week that is over is not forgotten by that."""

    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock_at("2026-10-07T12:00+00:00")) as s:
            await prepared(s)
            await made(s).schedule(GUILD, WEEKLY, None, "", PERSON)
            await s.clock.advance((ms("2026-10-12T12:00+00:00") - s.clock.now_ms()) / 1000)
            await made(s).schedule(GUILD, WEEKLY, 200, "", PERSON)
            await hourly(s, 24)
            assert (len(sent(s)), len(sent(s, 200))) == (0, 1)

    play(scenario())


def test_a_report_that_cannot_be_made_keeps_no_other_server_waiting(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock_at("2026-10-07T12:00+00:00")) as s:
            await prepared(s)
            await s.guilds.set_alerts(OTHER_GUILD, channel_id=900, by=PERSON)
            await s.watch("blog", OTHER_GUILD)
            await fully_watched(s)
            service = made(s)
            for guild_id in (GUILD, OTHER_GUILD):
                await service.schedule(guild_id, WEEKLY, None, "", PERSON)
            await s.db.write(
                lambda conn: conn.execute("UPDATE report SET period = 'x' WHERE guild_id = 1")
            )
            await s.clock.advance(7 * 86_400)
            assert await service.send_due() == 1
            await s.delivery.deliver_due()
            assert len(sent(s, 900)) == 1

    play(scenario())
    assert "Report not sent" in caplog.text


@pytest.mark.parametrize("language", ["en-US", "fr"])
def test_a_report_of_500_sites_fits_a_message_its_table_has_all(
    tmp_path: Path, language: str
) -> None:
    config = Config(max_monitors=501)

    async def scenario() -> None:
        async with services_fixture(
            tmp_path, clock=clock_at("2026-10-07T12:00+00:00"), config=config
        ) as s:
            await prepared(s)
            await s.guilds.set_language(GUILD, language, PERSON)
            await watch_more(s, 499)
            await fully_watched(s, 1, 1)
            painter = Blank()
            service = made(s, painter)
            report = await service.latest(GUILD, MONTHLY)
            await service.send(GUILD, report, CHANNEL)
            await s.delivery.deliver_due()
            (posted,) = s.transport.of(CHANNEL)
            assert 1_800 < len(posted.alert.content) <= 2_000
            more = "dans le tableau" if language == "fr" else "more in the table"
            assert more in posted.alert.content
            (file,) = posted.alert.files
            assert len(file.data.decode("utf-8-sig").splitlines()) == 501
            assert [len(grid.rows) for grid in painter.grids] == [ROWS]

    play(scenario())


def test_without_sites_there_is_no_report_and_no_late_one(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock_at("2026-10-07T12:00+00:00")) as s:
            shop = await prepared(s)
            await made(s).schedule(GUILD, WEEKLY, None, "", PERSON)
            await s.monitors.remove(GUILD, shop.id, PERSON)
            await hourly(s, 7 * 24)
            await s.watch("blog")
            await hourly(s, 4 * 24)
            assert sent(s) == []
            await hourly(s, 3 * 24)
            (text,) = sent(s)
            assert "blog" in text

    play(scenario())


def test_a_site_of_the_middle_of_the_month_counts_from_then_on_and_a_removed_one_no_more(
    tmp_path: Path,
) -> None:
    """A quarter of an hour down in the ten days it was watched; nothing is said of before."""

    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock_at("2026-02-19T05:00+00:00")) as s:
            await prepared(s)
            await fully_watched(s, 75)
            await made(s).schedule(GUILD, MONTHLY, None, "", PERSON)
            added_ms = s.clock.now_ms()
            blog = await s.watch("blog")
            gone = await s.watch("gone")
            down_ms = added_ms + 3 * DAY_MS

            def write(conn: Connection) -> None:
                fill(conn, blog, added_ms, added_ms + 15 * DAY_MS, [down_ms // HOUR_MS])
                fill(conn, gone, added_ms, added_ms + 2 * DAY_MS, [])

            await s.db.write(write)
            await s.clock.advance(2 * 86_400)
            await s.monitors.remove(GUILD, gone.id, PERSON)
            painter = Blank()
            await s.clock.advance((ms("2026-03-01T14:30+00:00") - s.clock.now_ms()) / 1000)
            assert await made(s, painter).send_due() == 1
            await s.delivery.deliver_due()
            (text,) = sent(s)
            assert "Feb 1 – Feb 28" in text
            assert "❌ **blog** · 99.79% · 120 ms" in text  # 1 of 480 half hours
            assert "✅ **shop** · 100%" in text
            assert "gone" not in text
            blogs, shops = (row.shares for row in painter.grids[0].rows)
            assert len(blogs) == len(shops) == 28
            assert [one is None for one in blogs] == [True] * 18 + [False] * 10

    play(scenario())


@pytest.mark.parametrize("action", [DeliveryAction.CHANNEL_GONE, DeliveryAction.CHANNEL_BLOCKED])
def test_a_report_leaves_its_channel_for_no_other(tmp_path: Path, action: DeliveryAction) -> None:
    """It names what the readers of its own channel may see; when that is back, it comes once."""

    async def scenario() -> None:
        async with services_fixture(tmp_path, clock=clock_at("2026-10-07T12:00+00:00")) as s:
            await prepared(s)
            await s.guilds.set_alerts(GUILD, channel_id=CHANNEL, fallback_channel_id=300, by=PERSON)
            await made(s).schedule(GUILD, WEEKLY, 200, "", PERSON)

            def refuse(call: Call) -> DeliveryError | None:
                return DeliveryError("no", action) if call.channel_id == 200 else None

            s.transport.before = refuse
            await hourly(s, 7 * 24)
            for channel in (CHANNEL, 200, 300):
                assert sent(s, channel) == []
            s.transport.before = lambda _: None
            s.transport.allow(200)
            await s.delivery.rights_changed(GUILD)
            await hourly(s, 3 * 24)
            assert (len(sent(s)), len(sent(s, 200)), len(sent(s, 300))) == (0, 1, 0)

    play(scenario())
