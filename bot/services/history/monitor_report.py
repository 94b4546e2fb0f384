"""``/status`` of one monitor: uptime, response times, certificate, incidents."""

from dataclasses import dataclass
from functools import partial

from bot.clock import DAY_MS, HOUR_MS
from bot.db import guilds, incidents, monitors, results
from bot.db.database import Connection, Database
from bot.db.rollups import ROLLED_HOUR
from bot.models import Incident, Monitor
from bot.services.certificates import load_history
from bot.services.history.retention import quantiles
from bot.services.history.uptime import Uptime, by_day, joined, uptimes
from bot.services.watchlist import Entry

BAR_DAYS, BLOCK_DAYS = 90, 3
SPAN_DAYS = (1, 7, 30, 90)
_PAST = 20  # more than are shown: some may be of channels the person cannot see
_AT_ONCE = 3_000  # so many checks are unpacked within 20 ms
_ENOUGH_FOR_P95 = 20  # below it the 95th percentile is the slowest answer by another name


@dataclass(frozen=True, slots=True)
class Latency:
    """How long successful checks took, in milliseconds; ``p95`` is None when there were too few."""

    count: int
    median: int
    p95: int | None


@dataclass(frozen=True, slots=True)
class MonitorReport:
    """How one monitor fared. ``spans`` are by days; those it is too young for are left out.

    ``whole``: since it was added, at most 90 days. ``bar``: three days each, oldest first, the
    last one ends with today. ``past``: the newest incidents, open ones too.
    """

    spans: dict[int, Uptime]
    whole: Uptime
    bar: tuple[Uptime, ...]
    latency: Latency | None
    certificate_ms: int | None
    past: tuple[Incident, ...]


async def report(db: Database, entry: Entry, now_ms: int) -> MonitorReport:
    """Read in short turns, so that nobody waits long for the store."""
    monitor = entry.monitor
    age_ms = now_ms - monitor.created_ms
    fared = await db.read(lambda conn: _fared(conn, monitor, now_ms))
    bar = await db.read(lambda conn: _bar(conn, monitor, now_ms))
    latency = await _latency(db, monitor, now_ms)
    return MonitorReport(
        spans={days: one for days, one in fared.items() if age_ms >= days * DAY_MS},
        whole=fared[SPAN_DAYS[-1]],
        bar=tuple(bar),
        latency=None if monitor.is_push else latency,
        certificate_ms=await db.read(lambda conn: _certificate_ms(conn, entry)),
        past=tuple(
            await db.read(
                lambda conn: incidents.recent(conn, monitor.guild_id, monitor.id, 0, _PAST)
            )
        ),
    )


def _fared(conn: Connection, monitor: Monitor, now_ms: int) -> dict[int, Uptime]:
    return {
        days: uptimes(conn, [monitor], now_ms - days * DAY_MS, now_ms)[monitor.id]
        for days in SPAN_DAYS
    }


def _bar(conn: Connection, monitor: Monitor, now_ms: int) -> list[Uptime]:
    first = now_ms // DAY_MS - BAR_DAYS + 1
    days = by_day(conn, monitor, first, now_ms)
    return [joined(days[at : at + BLOCK_DAYS]) for at in range(0, BAR_DAYS, BLOCK_DAYS)]


async def _latency(db: Database, monitor: Monitor, now_ms: int) -> Latency | None:
    """Of the successful checks of the last 24 hours, from the full hour before."""
    first, last, one = (now_ms - DAY_MS) // HOUR_MS, now_ms // HOUR_MS, monitor.id
    counted = min(await db.read(lambda conn: guilds.number(conn, ROLLED_HOUR) or 0), last + 1)
    step = max(1, min(24, _AT_ONCE * monitor.interval_s // 3600))
    fine: list[int] = []
    for hour in range(first, counted, step):
        until = min(hour + step, counted) - 1
        fine += await db.read(
            partial(results.packed_fine_ms, monitor_id=one, first=hour, last=until)
        )
    for begin_ms in range(max(first, counted) * HOUR_MS, (last + 1) * HOUR_MS, HOUR_MS):
        before_ms = begin_ms + HOUR_MS
        read = partial(results.fine_ms, monitor_id=one, since_ms=begin_ms, before_ms=before_ms)
        fine += await db.read(read)
    median, p95 = quantiles(fine)
    if median is None:
        return None
    return Latency(len(fine), median, p95 if len(fine) >= _ENOUGH_FOR_P95 else None)


def _certificate_ms(conn: Connection, entry: Entry) -> int | None:
    """When the certificate of a web site ends, as far as it was ever seen at this address."""
    url = entry.monitor.target.url
    if not url.startswith("https://"):
        return None
    seen = entry.certificate
    if seen is None:
        seen = load_history(entry.monitor, monitors.certificate_warnings(conn, entry.monitor.id))
    if seen.url != url:
        return None
    return max((one.ends_ms for one in seen.recent), default=seen.known_ms)
