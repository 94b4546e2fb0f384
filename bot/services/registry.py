"""Makes the services: :class:`Core` checks and notifies, :class:`Services` is what cogs may use."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.charts.painter import Painter
from bot.clock import Clock
from bot.config import Config
from bot.db.database import Database
from bot.engine.check_queue import CheckQueue
from bot.engine.kinds.base import Checker
from bot.engine.netguard import Netguard
from bot.engine.network import OnlineCheck
from bot.engine.place_router import Others, PlaceRouter
from bot.engine.process import StallDetector
from bot.engine.scheduler import Scheduler
from bot.errors import DeliveryError
from bot.services.audit_log import AuditLog
from bot.services.boards.boards import Boards
from bot.services.check_runner import CheckRunner, schedule
from bot.services.connectivity import ConnectivityMonitor, PlaceWatch
from bot.services.delivery.dispatcher import Dispatcher
from bot.services.doctor.server import Doctor
from bot.services.explanation import Why
from bot.services.followed_pages import FollowedPages, Pages
from bot.services.guilds import AlertTest, Guilds, KeyValueStore
from bot.services.history.period_report import History
from bot.services.incidents import Incidents
from bot.services.liveness import Gateway
from bot.services.maintenance import Maintenance
from bot.services.monitors import Monitors
from bot.services.pushes import Pushes
from bot.services.recorder import Recorder
from bot.services.reports import Reports
from bot.services.silences import Silences
from bot.services.status import Status
from bot.services.status_pages import StatusPages
from bot.services.transfer.servers import Servers
from bot.services.transfer.sites_file import SitesFile
from bot.services.watchlist import Watchlist


class Core:
    """All that checks, judges, records and notifies. Made in the order of who needs whom.

    ``checker``, ``guard`` and ``online_check`` reach the network, ``stalls`` watches the loop.
    ``others`` are other places; ``calm``, if given, makes the checks not in doubt. ``pages`` reads
    status pages.
    """

    def __init__(
        self,
        config: Config,
        db: Database,
        clock: Clock,
        *,
        checker: Checker,
        guard: Netguard,
        online_check: OnlineCheck,
        stalls: StallDetector | None = None,
        others: Others | None = None,
        calm: Checker | None = None,
        pages: Pages | None = None,
        on_token_refused: Callable[[DeliveryError], None] | None = None,
    ) -> None:
        self.config, self.db = config, db
        self.gateway = Gateway(clock)
        self.stalls = stalls = stalls or StallDetector(clock)
        self.guilds = guilds = Guilds(db, clock)
        self.watchlist = Watchlist(db, clock, guilds)
        self.delivery = Dispatcher(db, clock, guilds.language, on_token_refused=on_token_refused)
        self.recorder = Recorder(db, clock, self.watchlist, self.wake)
        self.connectivity = ConnectivityMonitor(
            db, clock, self.watchlist.alert_channels, online_check, self.wake, stalls=stalls
        )
        self.checks = CheckQueue(checker, clock, limit=config.concurrency)
        calm_checks = None if calm is None else CheckQueue(calm, clock, limit=config.concurrency)
        self.places = PlaceRouter(clock, self.checks, others, calm_checks)
        self.place_watch = PlaceWatch(db, clock, self.watchlist, self.wake, others)
        self.pushes = Pushes(
            db, clock, self.watchlist, self.connectivity, self.recorder, address=config.door_url
        )
        self.check_runner = self._check_runner(clock)
        self.scheduler = Scheduler(self.check_runner, clock, waits=self.places.waits_for_turn)
        self.followed = FollowedPages(db, clock, guilds, guard, pages=pages, wake=self.wake)
        self.silences = Silences(db, clock, self.watchlist, self.scheduler, self.recorder)
        self.pushes.look_soon = lambda e: schedule(self.scheduler, e.monitor, soon=True)
        self.monitors = self._monitors(clock, guard)

    def _check_runner(self, clock: Clock) -> CheckRunner:
        return CheckRunner(
            clock,
            self.watchlist,
            self.places,
            self.connectivity,
            self.recorder,
            pushes=self.pushes,
            place_watch=self.place_watch,
            stalls=self.stalls,
        )

    def wake(self) -> None:
        self.delivery.wake()

    def _monitors(self, clock: Clock, guard: Netguard) -> Monitors:
        return Monitors(
            self.db,
            clock,
            self.config,
            guilds=self.guilds,
            watchlist=self.watchlist,
            recorder=self.recorder,
            scheduler=self.scheduler,
            netguard=guard,
            place_router=self.places,
            check_runner=self.check_runner,
            pushes=self.pushes,
            followed=self.followed.of_guild,
        )

    async def load(self, off_since_ms: int | None = None) -> None:
        await self.guilds.load()
        await self.watchlist.load()
        await self.pushes.load()
        self.recorder.load()
        await self.connectivity.load(off_since_ms)
        await self.place_watch.load()
        await self.followed.load()
        if off_since_ms is not None:
            self.after_gap()

    def after_gap(self) -> None:
        """Nothing was watched for a while: runs of failures from before count no more."""
        for entry in self.watchlist.after_gap():
            self.recorder.touch(entry)


@dataclass(frozen=True, slots=True)
class Services:
    """Everything the Discord surface may use, handed to the client: ``bot.services``."""

    config: Config
    clock: Clock
    guilds: Guilds
    monitors: Monitors
    followed: FollowedPages
    silences: Silences
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
    reports: Reports
    gateway: Gateway
    pushes: Pushes
    servers: Servers
    sites: SitesFile
    pages: StatusPages

    @classmethod
    def build(cls, core: Core, clock: Clock) -> "Services":
        db, config, watchlist, guilds = core.db, core.config, core.watchlist, core.guilds
        delivery, connectivity = core.delivery, core.connectivity
        status = Status(db, clock, watchlist)
        painter, maintenance = Painter(), Maintenance(db, clock, guilds, watchlist)
        reports, boards = _reports(core, clock, painter), _boards(core, clock, status)
        servers = _servers(core, maintenance, reports, boards)
        return cls(
            config=config,
            clock=clock,
            guilds=guilds,
            monitors=core.monitors,
            followed=core.followed,
            silences=core.silences,
            audit_log=AuditLog(db),
            status=status,
            why=Why(clock, watchlist, connectivity, core.pushes),
            history=History(db, clock, watchlist),
            painter=painter,
            incidents=Incidents(db, clock, watchlist, delivery),
            maintenance=maintenance,
            delivery=delivery,
            trial=AlertTest(db, clock, guilds, delivery),
            doctor=_doctor(core, clock, status),
            boards=boards,
            reports=reports,
            gateway=core.gateway,
            pushes=core.pushes,
            servers=servers,
            sites=SitesFile(
                config.sites, servers=servers, monitors=core.monitors, store=KeyValueStore(db)
            ),
            pages=_pages(core, clock, status, maintenance),
        )


def _pages(core: Core, clock: Clock, status: Status, maintenance: Maintenance) -> StatusPages:
    return StatusPages(
        core.db,
        clock,
        guilds=core.guilds,
        status=status,
        maintenance=maintenance,
        address=core.config.door_url,
        offline_ms=lambda: core.connectivity.offline_since_ms,
    )


def _reports(core: Core, clock: Clock, painter: Painter) -> Reports:
    return Reports(
        core.db,
        clock,
        guilds=core.guilds,
        watchlist=core.watchlist,
        delivery=core.delivery,
        painter=painter,
    )


def _boards(core: Core, clock: Clock, status: Status) -> Boards:
    return Boards(
        core.db,
        clock,
        guilds=core.guilds,
        status=status,
        delivery=core.delivery,
        offline_ms=lambda: core.connectivity.offline_since_ms,
    )


def _doctor(core: Core, clock: Clock, status: Status) -> Doctor:
    return Doctor(
        core.db,
        clock,
        core.config,
        status,
        core.delivery,
        connectivity=core.connectivity,
        checks=core.checks,
        stalls=core.stalls,
        place_watch=core.place_watch,
    )


def _servers(core: Core, maintenance: Maintenance, reports: Reports, boards: Boards) -> Servers:
    return Servers(
        guilds=core.guilds,
        monitors=core.monitors,
        silences=core.silences,
        maintenance=maintenance,
        followed=core.followed,
        reports=reports,
        boards=boards,
        delivery=core.delivery,
    )
