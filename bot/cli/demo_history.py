"""A past for the demo's server, written before the start: ninety days of checks, some outages."""

import random
from dataclasses import replace

from bot.clock import DAY_MS, HOUR_MS
from bot.db import guilds, incidents, monitors, rollups
from bot.db.database import Connection
from bot.db.rollups import HOURS, Rollup
from bot.models import Cause, Ending, GuildSettings, Incident, Kind, Monitor, Reason, Target
from bot.services.history.retention import ROLLED_DAY, ROLLED_HOUR

DAYS = 89
OUTAGES = 5
NIGHT_ENDS = 8  # the hour from which sites answer slower
HTTP_502 = Cause(Reason.HTTP, 502)


def add_server(conn: Connection, settings: GuildSettings, now_ms: int) -> None:
    """A server that Vigie has known for as long, with two days in which nothing was watched."""
    guilds.save(conn, settings)
    rollups.add_gap(conn, *_gap(now_ms))
    guilds.put(conn, ROLLED_HOUR, str(now_ms // HOUR_MS))
    guilds.put(conn, ROLLED_DAY, str(now_ms // DAY_MS))


def add_site(
    conn: Connection, guild_id: int, name: str, url: str, *, every_s: int, now_ms: int
) -> None:
    """Watch ``url`` for 89 days, with a past of its own: by its name the same in every run."""
    new = Monitor(0, guild_id, name, Target(url), every_s, created_ms=now_ms - DAYS * DAY_MS)
    one = replace(new, id=monitors.insert(conn, new))
    _live_through(conn, one, now_ms, random.Random(name))  # noqa: S311 - no secret


def _gap(now_ms: int) -> tuple[int, int]:
    return now_ms - 40 * DAY_MS, now_ms - 38 * DAY_MS


def _live_through(conn: Connection, one: Monitor, now_ms: int, dice: random.Random) -> None:
    gap = _gap(now_ms)
    bad = sorted(now_ms - dice.randrange(DAY_MS // 2, 80 * DAY_MS) for _ in range(OUTAGES))
    down_s = {since // HOUR_MS: dice.randrange(120, 3000) for since in bad}
    for since_ms in bad:
        _fail(conn, one, since_ms, down_s[since_ms // HOUR_MS])
    days: dict[int, list[Rollup]] = {}
    for hour in range(one.created_ms // HOUR_MS + 1, now_ms // HOUR_MS):
        if not gap[0] // HOUR_MS <= hour < gap[1] // HOUR_MS:
            ms = round(90 + 25 * (hour % HOURS > NIGHT_ENDS) + dice.expovariate(1 / 12))
            lost = down_s.get(hour, 0)
            row = Rollup(one.id, hour, 60, 60 - lost // 60, ms, 2 * ms, 3600, lost, 0, 3550)
            rollups.save_hour(conn, row)
            days.setdefault(hour // HOURS, []).append(row)
    for day, rows in days.items():
        count, ok = sum(r.count for r in rows), sum(r.ok for r in rows)
        seen_s, down = sum(r.watched_s for r in rows), sum(r.down_s for r in rows)
        ms = dice.randrange(95, 130)
        rollups.save_day(conn, Rollup(one.id, day, count, ok, ms, 2 * ms, seen_s, down, 0))


def _fail(conn: Connection, one: Monitor, since_ms: int, lasted_s: int) -> None:
    """One past outage, posted and over."""
    ended_ms = since_ms + lasted_s * 1000
    opened = incidents.insert(
        conn,
        Incident(
            *(0, "", one.guild_id, one.id, one.name, "", one.interval_s, Kind.DOWN, HTTP_502),
            since_ms=since_ms,
            opened_ms=since_ms + 60_000,
        ),
    )
    over = replace(opened, resolved_ms=ended_ms, ended_ms=ended_ms, ending=Ending.RESOLVED)
    incidents.update(conn, over)
