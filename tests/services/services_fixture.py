"""What the service tests play on: every real service on a real file, a scripted prober, a clock."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.config import Config
from bot.db.database import Database
from bot.engine.netguard import Netguard
from bot.engine.place_router import Others
from bot.models import Cause, CheckResult, Game, Monitor, Phases, Reason, Target
from bot.services.audit_log import AuditLog
from bot.services.history.retention import Retention
from bot.services.history.uptime import Uptime
from bot.services.incidents import Incidents
from bot.services.maintenance import Maintenance
from bot.services.registry import Core
from bot.services.status import Status
from bot.services.watchlist import Entry
from tests.fakes import FakeClock
from tests.services.delivery.delivery_fixture import FixtureClock, FixtureTransport

GUILD, OTHER_GUILD, CHANNEL, PERSON = 1, 2, 100, 7
ADDRESS = "192.0.2.7"
HTTP_500 = Cause(Reason.HTTP, 500)


@dataclass
class ScriptedProber:
    """Sees what it was reported to see, per URL; everything else is fine."""

    clock: FakeClock
    causes: dict[str, Cause] = field(default_factory=dict)
    certificate_ends_ms: dict[str, int] = field(default_factory=dict)
    games: dict[str, Game] = field(default_factory=dict)
    probed: list[str] = field(default_factory=list)
    _latest_ms: dict[str, int] = field(default_factory=dict)

    async def check(self, target: Target) -> CheckResult:
        self.probed.append(target.url)
        cause = self.causes.get(target.url)
        # Two checks of one site are never at the same moment, though the clock stands still.
        at_ms = max(self.clock.now_ms(), self._latest_ms.get(target.url, 0) + 1)
        self._latest_ms[target.url] = at_ms
        return CheckResult(
            at_ms,
            cause,
            phases=Phases(total=50.0),
            certificate_expires_ms=self.certificate_ends_ms.get(target.url),
            address=None if cause else ADDRESS,
            game=None if cause else self.games.get(target.url),
        )


@dataclass
class ScriptedOnlineCheck:
    """Whether we are online."""

    online: bool = True

    async def is_online_since(self, started: float) -> bool:
        del started
        return self.online


class ServicesFixture(Core):
    """One running set of services; ``restart`` on the same file plays a process that died."""

    def __init__(
        self, db: Database, clock: FakeClock, config: Config, others: Others | None = None
    ) -> None:
        self.clock = clock
        self.prober = ScriptedProber(clock)
        self.online_check = ScriptedOnlineCheck()
        self.transport = FixtureTransport(FixtureClock())
        super().__init__(
            config,
            db,
            clock,
            checker=self.prober,
            guard=Netguard(allow_private=config.allow_private, ports=config.ports),
            online_check=self.online_check,
            others=others,
        )
        self.delivery.attach(self.transport)
        self.incidents = Incidents(db, clock, self.watchlist, self.delivery)
        self.maintenance = Maintenance(db, clock, self.guilds, self.watchlist)
        self.audit_log = AuditLog(db)
        self.status = Status(db, clock, self.watchlist)
        self.retention = Retention(db, clock)

    async def watch(self, name: str, guild_id: int = GUILD, *, url: str = "") -> Monitor:
        """A monitor whose alerts go to the channel of the tests; not checked yet, as imported."""
        url = url or f"https://{name}.example/"
        new = {"url": url, "name": name, "channel": CHANNEL}
        draft = self.monitors.draft(guild_id, new, self.monitors.index(guild_id))
        return (await self.monitors.keep(guild_id, [draft], PERSON))[0]

    async def uptime(self, monitor: Monitor, since_ms: int) -> Uptime:
        return (await self.status.uptimes(GUILD, since_ms, {monitor.id}))[monitor.id]

    def entry(self, name: str, guild_id: int = GUILD) -> Entry:
        return self.watchlist.get(guild_id, self.monitors.find(guild_id, name).id)

    async def play(self, rounds: dict[str, str]) -> None:
        """Rounds of several monitors at once, a letter each: O fine, F fails, P confirm works."""
        for index in range(max(map(len, rounds.values()))):
            slot_ms = self.clock.now_ms()
            for name, letters in rounds.items():
                await self.round(name, letters[index], slot_ms)
            await self.delivery.deliver_due()
            await self.clock.advance(60)

    async def round(self, name: str, letter: str, slot_ms: int) -> None:
        monitor = self.monitors.find(GUILD, name)
        for number in range(3):
            fails = letter == "F" or (letter == "P" and number == 0)
            if fails:
                self.prober.causes[monitor.target.url] = HTTP_500
            else:
                self.prober.causes.pop(monitor.target.url, None)
            step = await self.check_runner(monitor.id, slot_ms, number)
            if step.confirm_s is None:
                return


@asynccontextmanager
async def services_fixture(
    path: Path,
    *,
    clock: FakeClock | None = None,
    config: Config | None = None,
    others: Others | None = None,
) -> AsyncIterator[ServicesFixture]:
    """The services on the database of ``path``, loaded and closed."""
    db = await Database.open(path / "vigie.db")
    try:
        made = ServicesFixture(db, clock or FakeClock(), config or Config(), others)
        await made.load()
        yield made
    finally:
        await db.close()


def play(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(scenario)
