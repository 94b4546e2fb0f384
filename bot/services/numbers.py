"""The installation in numbers, for whoever watches the watcher. No name of a server or a site."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from bot.clock import Clock
from bot.db import stats as db_stats
from bot.db.database import Connection
from bot.db.stats import OutboxStats
from bot.models import Game
from bot.services.registry import Core
from bot.services.status import game_of

QUANTILES = (0.5, 0.95, 1.0)


@dataclass(frozen=True, slots=True)
class Numbers:
    """``delays_s``: by quantile, how late the newest thousand checks began."""

    servers: int
    shards: int
    monitors: Mapping[str, int]  # by state, or "paused"
    push_monitors: int
    incidents: Mapping[str, int]  # the open ones, by kind
    checks: int
    checks_running: int
    check_errors: int
    checks_postponed: int
    delays_s: Mapping[float, float]
    players: Mapping[tuple[int, str], Game]  # by id and kind, of the game servers that are up
    beats: Mapping[str, int]  # by outcome
    outbox: OutboxStats
    outbox_age_s: float  # of the oldest that waits
    database_bytes: int
    is_offline: bool


async def numbers(core: Core, clock: Clock) -> Numbers:
    """Everything at this moment; what was counted since the start is whole."""
    now_ms = clock.now_ms()

    def read(conn: Connection) -> tuple[OutboxStats, int]:
        return db_stats.outbox(conn, None, now_ms), db_stats.file_bytes(conn)

    outbox, size = await core.db.read(read)
    entries, stats = list(core.watchlist.all()), core.scheduler.stats
    late = sorted(stats.late) or [0]
    return Numbers(
        servers=len(core.guilds.known()),
        shards=core.gateway.connected,
        monitors=Counter(
            "paused" if one.monitor.paused else one.judge_state.monitor_state for one in entries
        ),
        push_monitors=sum(one.monitor.is_push for one in entries),
        incidents=Counter(
            one.incident.kind for one in core.watchlist.in_trouble() if one.incident is not None
        ),
        checks=stats.started,
        checks_running=stats.running,
        check_errors=stats.errors,
        checks_postponed=stats.postponed,
        delays_s={q: late[round(q * (len(late) - 1))] / 1000 for q in QUANTILES},
        players={
            (one.monitor.id, one.monitor.target.url.partition("://")[0]): game
            for one in entries
            if not one.monitor.paused and (game := game_of(one.latest)) is not None
        },
        beats={taken.name.lower(): n for taken, n in core.pushes.taken.items()},
        outbox=outbox,
        outbox_age_s=0.0 if outbox.oldest_ms is None else (now_ms - outbox.oldest_ms) / 1000,
        database_bytes=size,
        is_offline=core.connectivity.offline_since_ms is not None,
    )
