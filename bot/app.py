"""The composition root: makes every part, starts them, and stops them in order."""

import asyncio
import gc
import logging
import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace

from bot.clock import SystemClock
from bot.config import Config
from bot.db.database import Database
from bot.db.lock import instance_lock
from bot.discord.client import run_client
from bot.engine import rlimits
from bot.engine.api_client import ApiClient
from bot.engine.check_queue import CheckQueue
from bot.engine.network import Network
from bot.engine.scheduler import Scheduler
from bot.engine.stall_detector import StallDetector
from bot.errors import ConfigError, DeliveryError
from bot.services.check_runner import CheckRunner
from bot.services.connectivity import ConnectivityMonitor
from bot.services.delivery.dispatcher import Dispatcher
from bot.services.delivery.messages import Transport
from bot.services.gap_watch import GapWatch
from bot.services.guilds import Guilds
from bot.services.heartbeat import Heartbeat
from bot.services.history.retention import Retention
from bot.services.installation import Installation
from bot.services.monitors import Monitors
from bot.services.recorder import Recorder
from bot.services.registry import Services, assemble
from bot.services.reminders import Reminders
from bot.services.silences import Silences
from bot.services.watchlist import Watchlist

log = logging.getLogger(__name__)

STOP_PROBES_S = 3.0
DRAIN_S = 10.0
STOP_CLIENT_S = 8.0
RESTART_S = 1.0


async def run(config: Config, on_stop: Callable[[], object] = lambda: None) -> None:
    """Watch and tell until SIGTERM or SIGINT; ``on_stop`` is called when the end begins.

    Raises ConfigError when Discord refuses the token, StoreError when the database cannot be used,
    and what :func:`bot.discord.client.serve` raises of our own.
    """
    limit = rlimits.allow_many()
    slots = rlimits.checks_at_once(limit, config.concurrency)
    if limit < rlimits.ENOUGH:
        log.warning(
            "This process may open %d files (ulimit -n): at most %d checks run at once",
            limit,
            slots,
        )
    with instance_lock(config.database):
        db = await Database.open(config.database)
        try:
            app = App(replace(config, concurrency=slots), db, on_stop)
            await app.load()
            await app.run()
        finally:
            await db.close()


class App:
    """All parts of one running Vigie."""

    def __init__(
        self, config: Config, db: Database, on_stop: Callable[[], object] = lambda: None
    ) -> None:
        self.config = config
        self._on_stop = on_stop
        self.failure: Exception | None = None
        self.stopping = asyncio.Event()
        self._can_tell = False
        self.clock = SystemClock()
        self.engine = Network.of(
            self.clock,
            allow_private=config.allow_private,
            ports=config.ports,
            canaries=config.canaries,
            api_url=config.api_url,
        )
        self.questions = ApiClient(self.engine.resolver)
        self.installation = Installation(db)
        self.guilds = Guilds(db, self.clock)
        self.watchlist = Watchlist(db, self.clock, self.guilds)
        self.liveness = Heartbeat(db, self.clock, self.watchlist)
        self.delivery = Dispatcher(
            db, self.clock, self.guilds.language, on_token_refused=self._token_refused
        )
        wake = self.delivery.wake
        self.recorder = Recorder(db, self.clock, self.watchlist, wake)
        self.stalls = StallDetector(self.clock, self.clock.suspended)
        self.checks = CheckQueue(self.engine.prober, self.clock, slots=config.concurrency)
        self.blindness = self._blindness(db)
        self.rounds = self._rounds()
        self.scheduler = Scheduler(self.rounds, self.clock, waits=self.checks.waits_for_turn)
        self.monitors = self._monitors(db)
        self.overlays = Silences(db, self.clock, self.watchlist, self.scheduler, self.recorder)
        self.pulse = self._pulse(db)
        self.retention = Retention(db, self.clock)
        self.reminders = Reminders(db, self.clock, wake, self.watchlist.hushed)
        self.services = self._services(db)

    def _blindness(self, db: Database) -> ConnectivityMonitor:
        return ConnectivityMonitor(
            db,
            self.clock,
            self.watchlist.alert_channels,
            self.engine.canaries,
            self.delivery.wake,
            stalls=self.stalls,
        )

    def _rounds(self) -> CheckRunner:
        return CheckRunner(
            self.clock,
            self.watchlist,
            self.checks,
            self.blindness,
            self.recorder,
            stalls=self.stalls,
        )

    def _services(self, db: Database) -> Services:
        return assemble(
            db,
            self.config,
            self.clock,
            guilds=self.guilds,
            watchlist=self.watchlist,
            monitors=self.monitors,
            overlays=self.overlays,
            delivery=self.delivery,
            blindness=self.blindness,
            checks=self.checks,
            stalls=self.stalls,
        )

    def _monitors(self, db: Database) -> Monitors:
        return Monitors(
            db,
            self.clock,
            self.config,
            guilds=self.guilds,
            watchlist=self.watchlist,
            recorder=self.recorder,
            scheduler=self.scheduler,
            netguard=self.engine.guard,
            checks=self.checks,
            rounds=self.rounds,
        )

    def _pulse(self, db: Database) -> GapWatch:
        pulse = GapWatch(
            db,
            self.clock,
            resync=self.clock.resync,
            after_gap=self._after_gap,
            heartbeat=self._heartbeat if self.config.heartbeat_url else None,
        )
        self.stalls.on_long_stall = pulse.stood_still
        return pulse

    async def load(self) -> None:
        """Read back everything that is remembered, and plan the first rounds."""
        await self.guilds.load()
        await self.watchlist.load()
        self.recorder.load()
        off_since_ms = await self.pulse.begin()
        await self.blindness.load(off_since_ms)
        await self.services.boards.load()
        if off_since_ms is not None:
            self._after_gap()
        self.monitors.start()
        # What was loaded stays: keep it out of every later collection.
        gc.collect()
        gc.freeze()

    async def run(self) -> None:
        """Run all parts until told to stop, then stop them in order."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stopping.set)
        # What a closed terminal sends, and supervisors to have settings read again.
        loop.add_signal_handler(signal.SIGHUP, log.info, "SIGHUP: there is nothing to read again")
        parts = [
            self._part(work.__qualname__, work)
            for work in (
                *(self.stalls.run, self.scheduler.run, self.recorder.run, self.blindness.run),
                *(self.overlays.run, self.pulse.run, self.reminders.run, self.retention.run),
                self.services.boards.run,
            )
        ]
        sending = self._part("delivery", self.delivery.run)
        client = asyncio.create_task(self._serve(), name="client")
        log.info("Watching %d monitors", len(self.services.monitors))
        try:
            await self.stopping.wait()
        finally:
            await self._stop(parts, sending, client)
        if self.failure is not None:
            raise self.failure

    async def _stop(
        self,
        parts: list[asyncio.Task[None]],
        sending: asyncio.Task[None],
        client: asyncio.Task[None],
    ) -> None:
        """Scheduler, probes, delivery, client, HTTP; the database is closed by our caller."""
        self._on_stop()
        log.info("Stopping")
        await end(parts, STOP_PROBES_S)
        await self.scheduler.stop(STOP_PROBES_S)
        try:
            await self.recorder.flush()
        except Exception:
            log.exception("The last results could not be stored")
        await self.delivery.stop(DRAIN_S)
        await end([sending, client], STOP_CLIENT_S)
        await self.engine.resolver.close()

    async def _serve(self) -> None:
        try:
            await run_client(self.config, self.services, self._attach, self.installation)
        except Exception as error:  # noqa: BLE001 - raised again when everything has stopped
            self.failure = error
            self.stopping.set()

    def _part(self, name: str, work: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        return asyncio.create_task(self._forever(name, work), name=name)

    async def _forever(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """A part that ends by a bug is logged and started again: Vigie outlives its bugs."""
        while not self.stopping.is_set():
            try:
                await work()
            except Exception:
                log.exception("The part %s failed and is started again", name)
            await asyncio.sleep(RESTART_S)

    def _attach(self, transport: Transport) -> None:
        self._can_tell = True
        self.delivery.attach(transport)

    def _after_gap(self) -> None:
        for entry in self.watchlist.after_gap():
            self.recorder.touch(entry)

    def _token_refused(self, error: DeliveryError) -> None:
        self.failure = ConfigError(f"Discord refuses DISCORD_TOKEN ({error}): copy it again.")
        self.stopping.set()

    async def _heartbeat(self) -> None:
        """Not before the first login: a Vigie that can tell nobody is not healthy."""
        url = self.config.heartbeat_url
        if not url or not self._can_tell:
            return
        trouble = await self.liveness.trouble()
        missed = trouble or await self.questions.misses(url)
        if trouble is not None:
            log.warning("No heartbeat is sent: %s", trouble)
        elif missed is not None:
            log.warning("The heartbeat was not heard: %s", missed)
        await self.liveness.note_heartbeat(missed)


async def end(tasks: list[asyncio.Task[None]], timeout_s: float) -> None:
    """Cancel tasks and wait for them; those that would not stop are named in the log."""
    for task in tasks:
        task.cancel()
    _, stuck = await asyncio.wait(tasks, timeout=timeout_s)
    for task in stuck:
        log.error("%s would not stop", task.get_name())
