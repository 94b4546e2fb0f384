"""The heartbeat: heard by 2xx alone, and sent only while checks end and alerts leave."""

import asyncio
from dataclasses import replace
from pathlib import Path

from bot.db import blocked_channels, outbox
from bot.db.database import Connection
from bot.db.outbox import Work
from bot.engine.network import ApiClient
from bot.models import CheckResult, Kind
from bot.services.liveness import Heartbeat
from tests.engine.sites import Names, answer, paths, redirect, serve
from tests.services.services_fixture import CHANNEL, GUILD, play, services_fixture

ANSWERS = {
    "/ok": (answer(status="204 No Content"), None),
    "/gone": (answer(status="404 Not Found"), "HTTP 404"),
    "/error": (answer(status="500 Oh"), "HTTP 500"),
    "/login": (redirect("/ok"), None),
    "/moved": (redirect("/gone"), "HTTP 404"),
    "/nowhere": (answer(status="302 Found"), "HTTP 302"),
    "/round": (redirect("/round"), "too many redirects"),
    "/same": (answer(status="304 Not Modified"), "HTTP 304"),
    "/bad": (redirect("http://["), "a redirect to nowhere"),
    "/odd": (redirect("gopher://example.com/"), "reset"),
}


def test_a_heartbeat_is_heard_when_it_ends_at_2xx_and_nowhere_else() -> None:
    async def scenario() -> None:
        async with serve(paths({path: sent for path, (sent, _) in ANSWERS.items()})) as switch:
            api_client = ApiClient(Names())
            for path, (_, missed) in ANSWERS.items():
                assert await api_client.call_failure(switch.url(path)) == missed, path

    asyncio.run(scenario())


def test_no_heartbeat_while_checks_do_not_end_or_alerts_do_not_leave(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            heartbeat = Heartbeat(s.db, s.clock, s.watchlist, None, ApiClient(Names()).call_failure)
            assert await heartbeat.problem() is None
            await s.watch("shop")
            await s.clock.advance(299)
            assert await heartbeat.problem() is None
            await s.clock.advance(2)
            assert "no check has ended for 301 s" in str(await heartbeat.problem())
            entry = next(iter(s.watchlist.all()))
            entry.latest = CheckResult(s.clock.now_ms(), None)
            assert await heartbeat.problem() is None
            await s.db.write(lambda conn: waiting(conn, s.clock.now_ms()))
            assert await heartbeat.problem() is None
            await s.clock.advance(601)
            entry.latest = CheckResult(s.clock.now_ms(), None)
            assert "an alert has waited for 601 s" in str(await heartbeat.problem())
            until_ms = s.clock.now_ms() + 1_000
            await s.db.write(
                lambda conn: blocked_channels.block(
                    conn, GUILD, CHANNEL, 0, until_ms=until_ms, reason="gone"
                )
            )
            assert await heartbeat.problem() is None
            entry.monitor = replace(entry.monitor, paused_ms=1)
            await s.clock.advance(2)
            assert "an alert has waited" in str(await heartbeat.problem())

    play(scenario())


def waiting(conn: Connection, now_ms: int) -> None:
    outbox.add(conn, guild_id=GUILD, channel_id=CHANNEL, kind=Work.OPEN, now_ms=now_ms)


def test_a_failure_that_changes_nothing_makes_no_connectivity_check(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            asked = list[float]()

            async def online(started: float) -> bool:
                asked.append(started)
                return True

            s.online_check.is_online_since = online  # type: ignore[method-assign]
            await s.watch("shop")
            await s.play({"shop": "OFFFF"})
            assert s.entry("shop").judge_state.mode is Kind.DOWN
            before = len(asked)
            await s.play({"shop": "FFF"})
            assert len(asked) == before, "down already, and failing on"
            await s.play({"shop": "OF"})
            assert len(asked) > before, "it had answered: this failure counts"

    play(scenario())


def test_while_we_are_offline_it_counts_no_more_than_others(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services_fixture(tmp_path) as s:
            assert not await s.connectivity.is_our_outage(0.0, 0, needed=False)
            s.online_check.online = False
            assert await s.connectivity.is_our_outage(0.0, s.clock.now_ms())
            assert await s.connectivity.is_our_outage(0.0, 0, needed=False)

    play(scenario())
