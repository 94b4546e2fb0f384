"""Keeps the disk bounded: packs checks by the hour, counts hours and days, deletes old data.

Raw checks stay for some hours, packed ones and what delivery is done with for 7 days, hours for 90
days, gaps a little longer, what people changed for a year; days and incidents stay.
Everything is done in short slices and is repeated without harm, so a restart takes it up again:
an hour is counted from its raw checks, which go only after it was noted as counted.
"""

import logging
import time
from collections.abc import Callable, Sequence

from bot.clock import DAY_MS, HOUR_MS, Clock
from bot.db import audit_log, guilds, incidents, monitors, purge, results, rollups
from bot.db.database import Connection, Database
from bot.db.monitors import Watched
from bot.db.purge import prune
from bot.db.results import Packer, ResultRow, unpack
from bot.db.rollups import HOURS, ROLLED_DAY, ROLLED_HOUR, Rollup
from bot.db.stats import KEPT_MS
from bot.models import State
from bot.services.history.uptime import Span, length_ms, overlap_ms, watched_spans

log = logging.getLogger(__name__)

LOOK_S = 300.0
SWEEP_S = 3600.0
RAW_HOURS = 2  # the latest checks are read back from raw ones at a start
PACKED_DAYS, HOURLY_DAYS = 7, 90
FOLLOWERS_MS = 7 * DAY_MS
GUILD_MS = 30 * DAY_MS
GAPS_MS = 100 * DAY_MS  # longer than the hours they explain
CHANGES_MS = 366 * DAY_MS  # what people changed: a year, leap years included
SLICE_S = 0.01  # no slice works much longer; its commit and a checkpoint may double it
SLICE_ROWS = 2_000
REMEMBERED_HOURS = 50  # the longest interval is a day, and a check speaks for two of them


class Retention:
    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock
        self._sweep_at = 0.0

    async def run(self) -> None:
        while True:
            await self._clock.sleep(LOOK_S)
            await self.roll()
            if self._clock.monotonic() >= self._sweep_at:
                self._sweep_at = self._clock.monotonic() + SWEEP_S
                await self.sweep()

    async def roll(self) -> None:
        while await self._roll_hour():
            log.debug("Counted an hour")
        while await self._roll_day():
            log.debug("Counted a day")

    async def sweep(self) -> None:
        now_ms = self._clock.now_ms()
        hourly, packed_too = (
            now_ms // HOUR_MS - days * HOURS for days in (HOURLY_DAYS, PACKED_DAYS)
        )
        await self._drop_counted()
        await self._over_monitors(
            0, lambda conn, one: rollups.drop_old(conn, one.id, hourly, packed_too)
        )
        gone = await self._db.drain(lambda conn: prune(conn, now_ms - KEPT_MS))
        if gone:
            log.info("Deleted %d delivered rows", gone)
        await self._db.drain(lambda conn: purge.forget_followers(conn, now_ms - FOLLOWERS_MS))
        await self._db.drain(lambda conn: audit_log.forget(conn, now_ms - CHANGES_MS))
        await self._db.drain(lambda conn: rollups.forget_gaps(conn, now_ms - GAPS_MS))
        gone = await self._db.drain(lambda conn: purge.forget_guilds(conn, now_ms - GUILD_MS))
        if gone:
            log.info("Deleted %d rows of servers left long ago", gone)

    async def _roll_hour(self) -> bool:
        """Count the next hour if it is over; False when there is none."""
        last = self._clock.now_ms() // HOUR_MS - RAW_HOURS
        hour = await self._db.write(lambda conn: _next_hour(conn, last))
        if hour is None or hour >= last:
            return False
        packers = await self._collect(hour)

        def count(conn: Connection, one: Watched) -> None:
            packer = packers.get(one.id)
            blob = packer.packed() if packer else b""
            checks = unpack(one.id, hour * HOUR_MS, blob) if packer else []
            if packer:
                results.save_packed(conn, one.id, hour, blob)
            tally = count_hour(conn, one, hour, checks)
            if tally is not None:
                rollups.save_hour(conn, tally)

        await self._over_monitors(hour * HOUR_MS, count)
        await self._db.write(lambda conn: guilds.put(conn, ROLLED_HOUR, str(hour + 1)))
        await self._drop_counted()
        return True

    async def _collect(self, hour: int) -> dict[int, Packer]:
        """All checks of an hour by monitor, read in slices and kept packed."""
        packers: dict[int, Packer] = {}
        key = (hour * HOUR_MS, -1)
        until_ms = (hour + 1) * HOUR_MS

        def read(conn: Connection) -> tuple[int, int] | None:
            rows = results.after(conn, key, until_ms, SLICE_ROWS)
            for at_ms, monitor_id, ms, cause in rows:
                packer = packers.get(monitor_id)
                if packer is None:
                    packer = packers[monitor_id] = Packer(hour * HOUR_MS)
                packer.add(at_ms, ms, cause)
            return rows[-1][:2] if rows else None

        while (found := await self._db.read(read)) is not None:
            key = found
        return packers

    async def _roll_day(self) -> bool:
        """Count the next day if all its hours are counted; False when it is not over."""
        day = await self._db.read(_next_day)
        if day is None:
            return False

        def count(conn: Connection, one: Watched) -> None:
            tally = count_day(conn, one.id, day)
            if tally is not None:
                rollups.save_day(conn, tally)

        await self._over_monitors(day * DAY_MS, count)
        await self._db.write(lambda conn: guilds.put(conn, ROLLED_DAY, str(day + 1)))
        return True

    async def _drop_counted(self) -> None:
        def drop(conn: Connection) -> int:
            hour = guilds.number(conn, ROLLED_HOUR) or 0
            return results.drop_before(conn, hour * HOUR_MS, SLICE_ROWS)

        await self._db.drain(drop)

    async def _over_monitors(
        self, since_ms: int, work: Callable[[Connection, Watched], object]
    ) -> None:
        """Do something for every monitor watched since then, a slice of time at a time."""
        last_id = 0

        def write(conn: Connection) -> int | None:
            until = time.monotonic() + SLICE_S
            done: int | None = None
            for one in monitors.watched_after(conn, last_id, since_ms):
                work(conn, one)
                done = one.id
                if time.monotonic() > until:
                    break
            return done

        while (found := await self._db.write(write)) is not None:
            last_id = found


def _next_hour(conn: Connection, last: int) -> int | None:
    """The next hour to count; empty ones of a time when Vigie was off are passed over.

    A note from a future that a wrong clock had believed in is set back to ``last``.
    """
    noted = guilds.number(conn, ROLLED_HOUR)
    hour = min(noted, last) if noted is not None else 0
    first_ms = results.first_since(conn, hour * HOUR_MS)
    if first_ms is not None and first_ms // HOUR_MS - hour > REMEMBERED_HOURS:
        hour = first_ms // HOUR_MS
    if not hour or (first_ms is None and noted is None):
        return None
    guilds.put(conn, ROLLED_HOUR, str(hour))
    if guilds.number(conn, ROLLED_DAY) is None:
        guilds.put(conn, ROLLED_DAY, str(hour // HOURS))
    return hour


def _next_day(conn: Connection) -> int | None:
    day, hour = guilds.number(conn, ROLLED_DAY), guilds.number(conn, ROLLED_HOUR)
    if day is None or hour is None or (day + 1) * HOURS > hour:
        return None
    return day


def count_hour(
    conn: Connection, monitor: Watched, number: int, checks: Sequence[ResultRow]
) -> Rollup | None:
    """The hour of that number; None when there is nothing to count."""
    span = (number * HOUR_MS, (number + 1) * HOUR_MS)
    watched = _watched(conn, monitor, span, checks)
    if not watched and not checks:
        return None
    bad = incidents.between(conn, monitor.id, *span)
    fine = [one.ms for one in checks if one.cause is None]
    return Rollup(
        monitor.id,
        number,
        len(checks),
        len(fine),
        *quantiles(fine),
        watched_s=round(length_ms(watched) / 1000),
        down_s=round(overlap_ms(watched, bad[State.DOWN]) / 1000),
        unstable_s=round(overlap_ms(watched, bad[State.UNSTABLE]) / 1000),
        last_s=(checks[-1].at_ms - span[0]) // 1000 if checks else None,
    )


def count_day(conn: Connection, monitor_id: int, number: int) -> Rollup | None:
    """The day of that number from its hours; None when there are none."""
    sums = rollups.sums_of_day(conn, monitor_id, number)
    if sums is None:
        return None
    fine = results.packed_fine_ms(conn, monitor_id, number * HOURS, number * HOURS + HOURS - 1)
    return Rollup(
        monitor_id,
        number,
        sums.count,
        sums.ok,
        *quantiles(fine),
        watched_s=sums.watched_s,
        down_s=sums.down_s,
        unstable_s=sums.unstable_s,
    )


def _watched(
    conn: Connection, monitor: Watched, span: Span, checks: Sequence[ResultRow]
) -> list[Span]:
    number = span[0] // HOUR_MS
    return watched_spans(
        rollups.last_check_ms(conn, monitor.id, number - REMEMBERED_HOURS, number),
        [one.at_ms for one in checks],
        monitor.interval_s,
        within=span,
        until_ms=monitor.until_ms,
        gaps=rollups.gaps_between(conn, *span),
    )


def quantiles(values: list[int]) -> tuple[int | None, int | None]:
    """The median and the 95th percentile, both by nearest rank, of those that are known.

    Beats of a job that does not say when it starts took 0 ms, and so did looks at one.
    """
    known = sorted(ms for ms in values if ms)
    if not known:
        return None, None
    return known[(len(known) - 1) // 2], known[-(-len(known) * 95 // 100) - 1]
