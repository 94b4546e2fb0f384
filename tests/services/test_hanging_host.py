"""A host that hangs is reported within 75 s by every monitor of it: from check to message."""

import asyncio
from pathlib import Path

import pytest

from bot.config import Config
from bot.db import guilds, monitors
from bot.db.database import Connection, Database
from bot.engine.connector import before_connect
from bot.engine.netguard import Netguard
from bot.models import Cause, CheckResult, GuildSettings, Monitor, Phases, Reason, Target
from bot.services.delivery.messages import SentMessage
from bot.services.registry import Core
from bot.services.simulation import NullTransport
from tests.fakes import FakeClock

HANGS = Cause(Reason.TIMEOUT, 10)
ADDRESS = "192.0.2.7"
WITHIN_S = 75


class OneHost:
    """All addresses lead to one host, which answers at once until it hangs."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.hangs = False
        self.first_failed_ms: dict[str, int] = {}

    async def check(self, target: Target) -> CheckResult:
        at_ms = self.clock.now_ms()
        try:
            before_connect(ADDRESS, 443)
        except Exception:  # noqa: BLE001 - as probes do: whatever happens is a result
            return CheckResult(at_ms, Cause(Reason.RESET))
        hangs = self.hangs
        await self.clock.sleep(10 if hangs else 0.05)
        if hangs:
            self.first_failed_ms.setdefault(target.url, at_ms)
        took_ms = float(self.clock.now_ms() - at_ms)
        return CheckResult(at_ms, HANGS if hangs else None, phases=Phases(total=took_ms))

    async def is_online_since(self, started: float) -> bool:
        del started
        return True


def _watch(conn: Connection, count: int, servers: int) -> None:
    for guild_id in range(1, servers + 1):
        guilds.save(conn, GuildSettings(guild_id, channel_id=100 + guild_id))
    for number in range(count):
        target = Target(f"https://one.example/{number}")
        guild_id = 1 + number % servers
        monitors.insert(conn, Monitor(0, guild_id, f"page {number}", target, 60))


@pytest.mark.parametrize("servers", [1, 10])
@pytest.mark.parametrize("count", [50, 100, 300])
def test_every_monitor_of_a_host_that_hangs_is_named_in_its_channel_within_75_seconds(
    tmp_path: Path, count: int, servers: int
) -> None:
    async def scenario() -> None:
        db = await Database.open(tmp_path / "vigie.db")
        clock = FakeClock(settle=lambda: db.read(lambda _: None))
        host, named_ms = OneHost(clock), dict[str, int]()

        def note(sent: SentMessage) -> None:
            for one in sent.alert.incidents:
                assert sent.channel_id == 100 + one.guild_id
                named_ms.setdefault(one.url, sent.at_ms)

        try:
            await db.write(lambda conn: _watch(conn, count, servers))
            core = Core(
                Config(max_monitors=count),
                db,
                clock,
                checker=host,
                guard=Netguard(),
                online_check=host,
            )
            await core.load()
            core.delivery.observers.append(note)
            core.delivery.attach(NullTransport())
            core.monitors.start()
            parts = [
                asyncio.create_task(part())
                for part in (core.scheduler.run, core.recorder.run, core.delivery.run)
            ]
            await clock.advance(90)
            assert not named_ms
            host.hangs = True
            await clock.advance(60 + WITHIN_S + 15)
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)
            await core.scheduler.stop(1)
        finally:
            await db.close()
        assert len(host.first_failed_ms) == count
        late_s = [
            (named_ms[url] - at_ms) / 1000 if url in named_ms else None
            for url, at_ms in host.first_failed_ms.items()
        ]
        late = [one for one in late_s if one is None or one > WITHIN_S]
        assert not late

    asyncio.run(scenario())
