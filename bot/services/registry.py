"""Everything the Discord surface may use, in one frozen object: ``bot.services``."""

from dataclasses import dataclass

from bot.charts.painter import Painter
from bot.clock import Clock
from bot.config import Config
from bot.db.database import Database
from bot.engine.check_queue import CheckQueue
from bot.engine.stall_detector import StallDetector
from bot.services.audit_log import AuditLog
from bot.services.boards.boards import Boards
from bot.services.connectivity import ConnectivityMonitor
from bot.services.delivery.dispatcher import Dispatcher
from bot.services.doctor.server import Doctor
from bot.services.explanation import Why
from bot.services.guilds import Guilds
from bot.services.history.period_report import History
from bot.services.incidents import Incidents
from bot.services.maintenance import Maintenance
from bot.services.monitors import Monitors
from bot.services.silences import Silences
from bot.services.status import Status
from bot.services.test_alert import AlertTest
from bot.services.watchlist import Watchlist


@dataclass(frozen=True, slots=True)
class Services:
    """Made once by the composition root, handed to the client, read by the cogs."""

    config: Config
    clock: Clock
    guilds: Guilds
    monitors: Monitors
    overlays: Silences
    audit_log: AuditLog
    status: Status
    why: Why
    history: History
    painter: Painter
    incidents: Incidents
    maintenance: Maintenance
    delivery: Dispatcher
    trial: AlertTest
    doctor: Doctor
    boards: Boards


def assemble(
    db: Database,
    config: Config,
    clock: Clock,
    *,
    guilds: Guilds,
    watchlist: Watchlist,
    monitors: Monitors,
    overlays: Silences,
    delivery: Dispatcher,
    blindness: ConnectivityMonitor,
    checks: CheckQueue,
    stalls: StallDetector,
) -> Services:
    """Make the parts that only the surface asks, around those that run by themselves."""
    status = Status(db, clock, watchlist)

    def blind_ms() -> int | None:
        return blindness.since_ms

    boards = Boards(db, clock, guilds=guilds, status=status, delivery=delivery, blind_ms=blind_ms)
    return Services(
        config=config,
        clock=clock,
        guilds=guilds,
        monitors=monitors,
        overlays=overlays,
        audit_log=AuditLog(db),
        status=status,
        why=Why(clock, watchlist, blindness),
        history=History(db, clock, watchlist),
        painter=Painter(),
        incidents=Incidents(db, clock, watchlist, delivery),
        maintenance=Maintenance(db, clock, guilds, watchlist),
        delivery=delivery,
        trial=AlertTest(db, clock, guilds, delivery),
        doctor=Doctor(
            db, clock, config, status, delivery, blindness=blindness, checks=checks, stalls=stalls
        ),
        boards=boards,
    )
