"""The composition root: makes every part, starts them, and stops them in order."""

import asyncio
import gc
import logging
import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

from bot.clock import SystemClock
from bot.config import REMOTE, Config
from bot.db.database import Database
from bot.db.lock import instance_lock
from bot.discord.client import run_client
from bot.engine import process
from bot.engine.kinds.base import Checker
from bot.engine.network import ApiClient, Network
from bot.engine.process import StallDetector
from bot.errors import ConfigError, DeliveryError, StoreError
from bot.services.delivery.messages import Transport
from bot.services.guilds import KeyValueStore
from bot.services.history.retention import Retention
from bot.services.incidents import Reminders
from bot.services.liveness import GapWatch, Health, Heartbeat
from bot.services.registry import Core, Services
from bot.services.second_way import SecondWay

if TYPE_CHECKING:
    from bot.places.link import Link
    from bot.web.door import Door

log = logging.getLogger(__name__)

STOP_PROBES_S = 3.0
DRAIN_S = 10.0
STOP_CLIENT_S = 8.0
RESTART_S = 1.0


async def run(config: Config, on_stop: Callable[[], object] = lambda: None) -> None:
    """Check and notify until SIGTERM or SIGINT; ``on_stop`` is called when the end begins.

    Raises ConfigError when Discord refuses the token, StoreError when the database cannot be used,
    and what :func:`bot.discord.client.serve` raises of our own.
    """
    limit = process.allow_many()
    slots = process.checks_at_once(limit, config.concurrency)
    if limit < process.ENOUGH:
        log.warning(
            "This process may open %d files (ulimit -n): at most %d checks run at once",
            limit,
            slots,
        )
    with instance_lock(config.database):
        db = await Database.open(config.database, check_later=True)
        try:
            app = App(replace(config, concurrency=slots), db, on_stop)
            await app.start()
            await app.run()
        finally:
            await db.close()


class App(Core):
    """One running Vigie: the core with its network and its client, started and stopped."""

    door: "Door | None" = None

    def __init__(
        self, config: Config, db: Database, on_stop: Callable[[], object] = lambda: None
    ) -> None:
        self._on_stop = on_stop
        self.failure: Exception | None = None
        self.stopping = asyncio.Event()
        self.clock = clock = SystemClock()
        self.engine = Network.of(
            clock,
            allow_private=config.allow_private,
            ports=config.ports,
            connectivity_urls=config.canaries,
            api_url=config.api_url,
        )
        self.link, calm = _other_places(config, clock, self.engine.checker)
        super().__init__(
            config,
            db,
            clock,
            checker=self.engine.checker,
            guard=self.engine.guard,
            online_check=self.engine.connectivity,
            stalls=StallDetector(clock, clock.suspended),
            on_token_refused=self._token_refused,
            others=self.link,
            calm=calm,
            pages=self.engine.pages,
        )
        self._watch_itself(clock)
        self.retention = Retention(db, clock)
        self.reminders = Reminders(db, clock, self.delivery.wake, self.watchlist.silenced_incidents)
        self.services = Services.build(self, clock)

    def _watch_itself(self, clock: SystemClock) -> None:
        """Heartbeat, gaps and second way out: so that the operator learns what does not work."""
        db, config = self.db, self.config
        call = ApiClient(self.engine.resolver).call_failure
        self.heartbeat = Heartbeat(db, clock, self.watchlist, config.heartbeat_url, call)
        self.gap_watch = GapWatch(
            db, clock, resync=clock.resync, after_gap=self.after_gap, heartbeat=self.heartbeat.send
        )
        self.stalls.on_long_stall = self.gap_watch.stood_still
        self.second_way = SecondWay(
            db, clock, config.fallback_urls, lambda: self.heartbeat.logged_in
        )

    async def start(self) -> None:
        """Read back everything that is remembered, and plan the first rounds.

        Raises ConfigError for a NATS server that must not be spoken to, an address to listen on
        that cannot be had, and a second way out that cannot be used.
        """
        if self.link is not None:
            await self.link.judge()
        if self.config.fallback_urls:
            await self.second_way.check()
        await self.load(await self.gap_watch.begin())
        await self.services.boards.load()
        self.monitors.start()
        self.door = _opened_door(self)
        _keep_what_is_loaded()

    async def run(self) -> None:
        """Run all parts until a signal to stop, then stop them in order."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stopping.set)
        # What a closed terminal sends, and supervisors to have settings read again.
        loop.add_signal_handler(signal.SIGHUP, self.services.sites.read_again)
        parts = [
            self._part(work.__qualname__, work)
            for work in (
                *(self.stalls.run, self.scheduler.run, self.recorder.run, self.connectivity.run),
                *(self.silences.run, self.gap_watch.run, self.reminders.run, self.retention.run),
                *(self.services.boards.run, self.services.reports.run, self.services.sites.run),
                self.followed.run,
                *([self.link.run, self.place_watch.run] if self.link is not None else []),
                *([self.second_way.run] if self.config.fallback_urls else []),
            )
        ]
        checking = asyncio.create_task(self._check_database(), name="database check")
        sending = self._part("delivery", self.delivery.run)
        client = asyncio.create_task(self._serve(), name="client")
        log.info("Watching %d monitors", len(self.services.monitors))
        try:
            await self.stopping.wait()
        finally:
            await self._stop([*parts, checking], sending, client)
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
        await self._store_last()
        await self.delivery.stop(DRAIN_S)
        if self.config.fallback_urls and isinstance(self.failure, ConfigError):
            await self.second_way.refused(self.failure)
        await end([sending, client], STOP_CLIENT_S)
        if self.door is not None:
            await self.door.stop()
            await self._store_last()
        await self.engine.resolver.close()

    async def _store_last(self) -> None:
        if not self.db.may_write:
            return
        try:
            await self.recorder.flush()
        except Exception:
            log.exception("The last results could not be stored")

    async def _check_database(self) -> None:
        """Of a large file; until it has been found sound nothing is written to it."""
        try:
            await self.db.checked()
        except StoreError as error:
            self.failure = error
            self.stopping.set()

    async def _serve(self) -> None:
        try:
            await run_client(self.config, self.services, self._attach, KeyValueStore(self.db))
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
                log.exception("Part %s failed, restarting it", name)
            await asyncio.sleep(RESTART_S)

    def _attach(self, transport: Transport) -> None:
        _keep_what_is_loaded()  # the client and its commands came after the start
        self.heartbeat.logged_in = True
        self.delivery.attach(transport)

    def _token_refused(self, error: DeliveryError) -> None:
        self.failure = ConfigError(f"Discord refuses DISCORD_TOKEN ({error}): copy it again.")
        self.stopping.set()


def _opened_door(app: App) -> "Door | None":
    """The HTTP door; without its setting nothing of it is loaded. Raises ConfigError."""
    if app.config.listen is None:
        return None
    from bot.web.door import door  # noqa: PLC0415

    health = Health(app.clock, app.heartbeat, app.gap_watch, app.gateway)
    opened = door(app, app.clock, app.config.listen, health, app.services.pages)
    opened.start()
    return opened


def _keep_what_is_loaded() -> None:
    """Keep it out of every later collection of garbage: one of all of it takes 45 ms (measured)."""
    gc.collect()
    gc.freeze()


def _other_places(
    config: Config, clock: SystemClock, home: Checker
) -> "tuple[Link | None, Checker | None]":
    """The way to them, and who makes scheduled checks if not home. Raises ConfigError."""
    if not config.nats_url:
        return None, None
    if find_spec("nats") is None:
        raise ConfigError("VIGIE_NATS_URL needs an extra: pip install 'vigie[places]'")
    # Without other places nothing of it is loaded.
    from bot.places.address import read_server  # noqa: PLC0415
    from bot.places.link import Link, RemoteChecker  # noqa: PLC0415

    server = read_server(config.nats_url, "VIGIE_NATS_URL")
    link = Link(server, clock, private=bool(config.allow_private))
    return link, RemoteChecker(link, home) if config.probe == REMOTE else None


async def end(tasks: list[asyncio.Task[None]], timeout_s: float) -> None:
    """Cancel tasks and wait for them; those that would not stop are named in the log."""
    for task in tasks:
        task.cancel()
    _, stuck = await asyncio.wait(tasks, timeout=timeout_s)
    for task in stuck:
        log.error("%s would not stop", task.get_name())
