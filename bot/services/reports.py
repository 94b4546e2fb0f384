"""Weekly and monthly reports: what each site came to, against the stretch of time before.

Weeks begin on Monday, months are those of the calendar, both in the server's time zone. A report is
sent at nine in the morning after its end; one that fell into our own absence is sent when we are
back, and of several only the newest.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from functools import cache, partial

from bot.charts.painter import Painter
from bot.charts.picture import DayGrid, GridRow
from bot.clock import DAY_MS, HOUR_MS, Clock
from bot.db import audit_log, guilds, incidents, rollups
from bot.db.database import Connection, Database
from bot.errors import NotFound, UserError
from bot.models import ReportSchedule
from bot.services.audit_log import IN_THE_FILE, Actor, AuditEvent
from bot.services.delivery import enqueue
from bot.services.delivery.dispatcher import Dispatcher
from bot.services.delivery.messages import Attached, Notice
from bot.services.guilds import Guilds, owned
from bot.services.history.period_report import weighted_median
from bot.services.history.uptime import Uptime, uptimes
from bot.services.recurrence import first_moment, local_days, wall_time, zone_of
from bot.services.watchlist import Entry, Watchlist
from bot.words import report_text
from bot.words.escaping import plain
from bot.words.report_text import Report, SiteLine, share
from bot.words.translator import N_, Translator, translator_for

log = logging.getLogger(__name__)

LOOK_S = 60.0
SENT_AT = time(9)
MAX_SCHEDULES = 25
# Clocks of two zones are at most 26 hours apart: two ends so near are those of one period.
SAME_END_MS = 2 * DAY_MS
ROWS = 25  # of the picture
_NO_REPORT = N_("There is no report here. Schedule one with /report schedule.")


class ReportPeriod(StrEnum):
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class Reports:
    """What is due is put into the outbox, in one transaction with the note that it was."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        guilds: Guilds,
        watchlist: Watchlist,
        delivery: Dispatcher,
        painter: Painter,
    ) -> None:
        self._db, self._clock, self._guilds, self._watchlist = db, clock, guilds, watchlist
        self._delivery, self._painter = delivery, painter

    async def run(self) -> None:
        while True:
            await self._clock.sleep(LOOK_S)
            await self.send_due()

    async def send_due(self) -> int:
        """Queue the reports that are due; returns how many."""
        now_ms, count = self._clock.now_ms(), 0
        for one in await self._db.read(guilds.all_reports):
            try:
                span_ms, due_ms = self._due(one, now_ms)
                if due_ms <= now_ms and span_ms[1] - one.reported_ms >= SAME_END_MS:
                    count += await self._send_scheduled(one, span_ms)
            except Exception:
                log.exception("Report not sent", extra={"guild": one.guild_id})
        return count

    async def _send_scheduled(self, one: ReportSchedule, span_ms: tuple[int, int]) -> bool:
        """False: it cannot be sent now, because nobody knows who would read what."""
        channel_id = one.channel_id or self._guilds.settings(one.guild_id).channel_id
        report = None if channel_id is None else await self._of_channel(one, span_ms, channel_id)
        if report is None or channel_id is None:
            return False
        if not report.sites:
            await self._db.write(lambda conn: guilds.mark_reported(conn, one, span_ms[1]))
            return False
        return await self.send(one.guild_id, report, channel_id, one)

    async def send(
        self, guild_id: int, report: Report, channel_id: int, due: ReportSchedule | None = None
    ) -> bool:
        """Queue a report; ``due``: the schedule that it fulfils. False: that is no longer so."""
        words = translator_for(self._guilds.language(guild_id))
        files = await self.files(words, report)
        notice = Notice("notice", text=report_text.message(words, report), files=files)
        now_ms = self._clock.now_ms()

        def write(conn: Connection) -> bool:
            wanted = due is None or guilds.mark_reported(conn, due, report.span_ms[1])
            if wanted:
                enqueue.notice(conn, guild_id, channel_id, notice, now_ms)
            return wanted

        wanted = await self._db.write(write)
        self._delivery.wake()
        return wanted

    async def files(self, words: Translator, report: Report) -> tuple[Attached, ...]:
        grid = _day_grid(words, report)
        png = await self._painter.paint(grid) if grid.rows else None
        found = [Attached("report.csv", report_text.table(words, report))]
        if png is not None:
            alt = report_text.alt_text(words, report)
            found.insert(0, Attached("report.png", png, alt))
        return tuple(found)

    async def schedule(
        self, guild_id: int, period: ReportPeriod, channel_id: int | None, tag: str, by: int
    ) -> list[ReportSchedule]:
        """Send a report after each period, the one under way first; returns all of the server's.

        Raises UserError where there is no channel for it, or more of them than a server may have.
        """
        self._guilds.check_owner(guild_id, owned("report", period, tag), by)
        if channel_id is None and self._guilds.settings(guild_id).channel_id is None:
            raise UserError("Choose a channel: this server has no alert channel yet.")
        now_ms = self._clock.now_ms()
        done_ms = self._newest(guild_id, period, now_ms)[1]
        made = ReportSchedule(guild_id, period, tag, channel_id, done_ms)
        logged = Actor(guild_id, by, now_ms).did(AuditEvent.REPORT_SCHEDULED, after=period.value)

        def write(conn: Connection) -> list[ReportSchedule]:
            guilds.schedule_report(conn, made)
            found = guilds.reports_of(conn, guild_id)
            if len(found) > MAX_SCHEDULES:
                raise UserError("A server can have {n} scheduled reports.", n=MAX_SCHEDULES)
            audit_log.insert(conn, [logged])
            return found

        await self._guilds.ensure(guild_id)
        return await self._db.write(write)

    async def of_guild(self, guild_id: int) -> list[ReportSchedule]:
        return await self._db.read(lambda conn: guilds.reports_of(conn, guild_id))

    async def stop(self, guild_id: int, by: int) -> None:
        """No more reports in a server, but for those of the file of sites.

        Raises NotFound when there are none, UserError when all are the file's.
        """
        logged = Actor(guild_id, by, self._clock.now_ms()).did(AuditEvent.REPORT_STOPPED)
        keys = self._guilds.settings(guild_id).file_keys

        def write(conn: Connection) -> None:
            found = guilds.reports_of(conn, guild_id)
            ours = [one for one in found if owned("report", one.period, one.tag) not in keys]
            if not ours:
                raise UserError(IN_THE_FILE) if found else NotFound(_NO_REPORT)
            for one in ours:
                guilds.remove_report(conn, one)
            audit_log.insert(conn, [logged])

        await self._db.write(write)

    async def latest(self, guild_id: int, period: ReportPeriod, tag: str = "") -> Report:
        """The last seven or thirty days up to now, of all sites or those with a tag.

        Raises NotFound when nothing is watched.
        """
        end_ms = self._clock.now_ms()
        length_ms = (7 if period is ReportPeriod.WEEKLY else 30) * DAY_MS
        entries = self._entries(guild_id, tag)
        if not entries:
            raise NotFound("There is nothing to report: no site is watched here yet.")
        span_ms = (end_ms - length_ms, end_ms)
        monthly = period is ReportPeriod.MONTHLY
        return await self._report(guild_id, span_ms, length_ms, entries, monthly=monthly)

    def _entries(self, guild_id: int, tag: str) -> list[Entry]:
        mine = self._watchlist.of_guild(guild_id)
        return [one for one in mine if not tag or tag in one.monitor.tags]

    def _due(self, one: ReportSchedule, now_ms: int) -> tuple[tuple[int, int], int]:
        """The newest stretch of time that is over, and when its report is sent."""
        span_ms = self._newest(one.guild_id, ReportPeriod(one.period), now_ms)
        timezone = self._guilds.settings(one.guild_id).timezone
        day = wall_time(span_ms[1], timezone).date()
        return span_ms, first_moment(datetime.combine(day, SENT_AT), zone_of(timezone))

    def _newest(self, guild_id: int, period: ReportPeriod, now_ms: int) -> tuple[int, int]:
        timezone = self._guilds.settings(guild_id).timezone
        today = wall_time(now_ms, timezone).date()
        if period is ReportPeriod.WEEKLY:
            end = today - timedelta(today.weekday())
            begin = end - timedelta(7)
        else:
            end = today.replace(day=1)
            begin = (end - timedelta(1)).replace(day=1)
        starts = (datetime.combine(day, time()) for day in (begin, end))
        first, last = (first_moment(one, zone_of(timezone)) for one in starts)
        return first, last

    async def _of_channel(
        self, one: ReportSchedule, span_ms: tuple[int, int], channel_id: int
    ) -> Report | None:
        """With the sites that every reader of the channel may know of; None: not known now."""
        shown, hidden = [], 0
        for entry in self._entries(one.guild_id, one.tag):
            home_id = self._watchlist.alert_channel_of(entry)
            may_see = (
                True
                if home_id in {None, channel_id}
                else self._delivery.readers_may_see(one.guild_id, channel_id, home_id)
            )
            if may_see is None:
                return None
            if may_see:
                shown.append(entry)
            else:
                hidden += 1
        period = ReportPeriod(one.period)
        before_ms = span_ms[0] - self._newest(one.guild_id, period, span_ms[0])[0]
        monthly = period is ReportPeriod.MONTHLY
        report = await self._report(one.guild_id, span_ms, before_ms, shown, monthly=monthly)
        return replace(report, hidden=hidden)

    async def _report(
        self,
        guild_id: int,
        span_ms: tuple[int, int],
        before_ms: int,
        entries: Sequence[Entry],
        *,
        monthly: bool,
    ) -> Report:
        """``before_ms``: how long the stretch is that it is compared with."""
        now_ms = self._clock.now_ms()
        zone = zone_of(self._guilds.settings(guild_id).timezone)
        days = tuple(local_days(*span_ms, zone))
        await self._db.settle()
        sites = [
            await self._db.read(partial(_site, entry, days, before_ms, now_ms)) for entry in entries
        ]
        sites.sort(key=lambda one: (-one.down_s, -one.incident_s, one.name.casefold()))
        return Report(monthly, span_ms, zone, days, tuple(sites))


def _day_grid(words: Translator, report: Report) -> DayGrid:
    """The picture: sites that were watched, those in trouble first, and their days."""
    shown = [one for one in report.sites if one.uptime is not None][:ROWS]
    return DayGrid(
        rows=tuple(GridRow(plain(one.name, report_text.NAME_LIMIT), one.days) for one in shown),
        labels=tuple(report_text.day(words, from_ms, report.zone) for from_ms, _ in report.days),
        legend=words.text("green: up · cross: down for a while · hollow: not watched"),
    )


_NOTHING = Uptime(0, 0, 0, 0, 0)


def _site(
    entry: Entry, days: Sequence[tuple[int, int]], before_ms: int, now_ms: int, conn: Connection
) -> SiteLine:
    monitor, begin_ms, end_ms = entry.monitor, days[0][0], days[-1][1]

    @cache
    def until_now(since_ms: int) -> Uptime:
        """Counted once for each moment: where one day ends the next begins."""
        if since_ms >= now_ms:
            return _NOTHING
        return uptimes(conn, [monitor], since_ms, now_ms)[monitor.id]

    def seconds(from_ms: int, until_ms: int) -> tuple[int, int]:
        """Watched, and down of them."""
        first, last = until_now(from_ms), until_now(until_ms)
        return first.watched_s - last.watched_s, first.down_s - last.down_s

    watched_s, down_s = seconds(begin_ms, end_ms)
    lengths = incidents.lengths(conn, monitor.id, begin_ms, end_ms, now_ms)
    hours = rollups.hours(conn, monitor.id, begin_ms // HOUR_MS, end_ms // HOUR_MS - 1)
    return SiteLine(
        name=monitor.name,
        url=monitor.target.url,
        watched_s=watched_s,
        down_s=down_s,
        before=share(*seconds(begin_ms - before_ms, begin_ms)),
        incidents=len(lengths),
        incident_s=sum(lengths),
        # How long a job ran is no answer that could be slow.
        median_ms=weighted_median(
            [(one.p50_ms, one.ok) for one in hours if one.p50_ms and not monitor.is_push]
        ),
        certificate_ms=entry.certificate_ms,
        days=tuple(share(*seconds(*one)) for one in days),
    )
