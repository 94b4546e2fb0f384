"""Whatever Discord does at the start, Vigie stays, watches, says, and connects in the end."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import discord
import pytest

from bot.discord.client import EXTENSIONS, Latencies
from bot.errors import ConfigError
from sandbox import Sandbox
from sandbox.settings import Settings
from tests.cogs.bot_fixture import BotFixture, labels, run_with_bot, running_bot, until


def online(sandbox: Sandbox) -> Any:
    return sandbox.wait_online(20)


async def ended(fixture: BotFixture) -> str:
    """The refusal that ends the process."""
    await asyncio.wait_for(fixture.app.stopping.wait(), 60)
    assert isinstance(fixture.app.failure, ConfigError)
    return str(fixture.app.failure)


def test_discord_away_at_the_start_is_waited_for(tmp_path: Path) -> None:
    async def scenario() -> None:
        sandbox = Sandbox()
        await sandbox.start()
        port = sandbox.port
        await sandbox.stop()
        async with running_bot(tmp_path, sandbox=sandbox, online=False, api_port=port) as fixture:
            added = await fixture.app.monitors.add(1, {"url": fixture.site.url}, 1)
            assert added.first.ok
            await asyncio.sleep(0.2)
            await sandbox.start(port)
            await online(sandbox)
            assert not fixture.app.stopping.is_set()
        await sandbox.stop()

    asyncio.run(scenario())


def test_a_login_that_is_answered_with_errors_is_tried_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox:
            sandbox.faults.add("503", path="/users/@me$", times=2)
            async with running_bot(tmp_path, sandbox=sandbox, online=False):
                await online(sandbox)

    asyncio.run(scenario())


def test_posts_go_out_while_the_gateway_cannot_be_found_or_reached(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox:
            async with running_bot(tmp_path, sandbox=sandbox) as fixture:
                await fixture.set_channel("alerts")
                await fixture.run("watch add", url=fixture.site.url, name="Shop", every=1)
            sandbox.faults.add("503", path="/gateway/bot$", times=2)
            sandbox.gateway.refuse()
            async with running_bot(tmp_path, sandbox=sandbox, online=False) as again:
                # The old site is gone with its Vigie, so the watched address refuses.
                await sandbox.wait_for_message("alerts", "🔴 DOWN · Shop")
                assert not sandbox.gateway.online
                sandbox.gateway.accept()
                await online(sandbox)
                assert not again.app.stopping.is_set()
                answer = await again.run("status")
                assert answer.content == "1 down"

    asyncio.run(scenario())


def test_alerts_are_sent_though_no_cog_speaks_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = [name for name in EXTENSIONS if name not in {"cogs.alerts", "cogs.board"}]
    monkeypatch.setattr("bot.discord.client.EXTENSIONS", left)

    async def scenario(fixture: BotFixture) -> None:
        wanted = {
            "url": fixture.site.url,
            "name": "Shop",
            "every": 1,
            "channel": fixture.channel_id("alerts"),
        }
        await fixture.app.monitors.add(fixture.guild_id, wanted, 1)
        await fixture.app.services.boards.create(fixture.guild_id, fixture.channel_id("general"), 1)
        fixture.site.status = 503
        alert = await fixture.sandbox.wait_for_message("alerts", "🔴 DOWN · Shop")
        assert labels(alert)[0] == "Acknowledge"
        await fixture.sandbox.wait_for_message("general", "Shop")

    run_with_bot(tmp_path, scenario)


def test_a_refused_token_ends_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running_bot(tmp_path, online=False, token="wrong") as fixture:
            assert "DISCORD_TOKEN" in await ended(fixture)

    asyncio.run(scenario())


WITH_A_TYPO = """
import sys
import bot.discord.client
from bot.__main__ import main
bot.discord.client.EXTENSIONS += ("typo",)
sys.exit(main(["run"]))
"""


@pytest.mark.parametrize(
    ("cog", "reported"),
    [
        ("import nothing_of_this_name", b"No module named 'nothing_of_this_name'"),
        ("async def setup(client): 1 / 0", b"ZeroDivisionError"),
    ],
)
def test_a_cog_that_cannot_be_loaded_ends_the_start_with_its_traceback(
    tmp_path: Path, cog: str, reported: bytes
) -> None:
    (tmp_path / "typo.py").write_text(cog)

    async def scenario() -> None:
        async with Sandbox() as sandbox:
            settings = {
                "DISCORD_TOKEN": sandbox.token,
                "DISCORD_API_URL": sandbox.api_url,
                "VIGIE_DATABASE": str(tmp_path / "vigie.db"),
                "VIGIE_CANARIES": "",
                "PYTHONPATH": f"{Path.cwd()}{os.pathsep}{tmp_path}",
            }
            started = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", WITH_A_TYPO),
                cwd=tmp_path,
                env={**os.environ, **settings},
                stderr=asyncio.subprocess.PIPE,
            )
            _, said = await asyncio.wait_for(started.communicate(), 60)
            assert started.returncode == 1
            assert b"Traceback" in said
            assert reported in said
            assert b"Waiting for Discord" not in said

    asyncio.run(scenario())


@pytest.mark.parametrize("code", [4004, 4014])
def test_close_codes_that_no_retry_can_mend_end_it(tmp_path: Path, code: int) -> None:
    async def scenario(fixture: BotFixture) -> None:
        fixture.sandbox.gateway.drop(code)
        assert await ended(fixture)

    run_with_bot(tmp_path, scenario)


def test_a_gateway_in_plain_text_beyond_this_machine_never_gets_the_token(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox:
            sandbox._core.hub.url = "ws://192.0.2.1/gateway"
            async with running_bot(tmp_path, sandbox=sandbox, online=False) as fixture:
                await until(
                    lambda: (
                        "ws://192.0.2.1/gateway refused: it would carry the token" in caplog.text
                    )
                )
                assert not sandbox.gateway.identifies
                assert not fixture.app.stopping.is_set()

    asyncio.run(scenario())


def test_a_lost_session_is_begun_anew_at_the_same_address(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        before = discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
        assert str(before).startswith(fixture.sandbox.url.replace("http", "ws"))
        fixture.sandbox.gateway.drop()
        await until(lambda: fixture.sandbox.gateway.online)
        fixture.sandbox.gateway.invalidate()
        await until(lambda: len(fixture.sandbox.gateway.identifies) == 2)
        await until(lambda: fixture.sandbox.gateway.online)
        assert (await fixture.run("status")).ephemeral

    run_with_bot(tmp_path, scenario)


def test_a_gateway_that_stays_away_is_tried_by_a_fresh_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.discord.client._AWAY_S", 0.2)
    monkeypatch.setattr("bot.discord.client._LOOK_S", 0.1)

    async def scenario(fixture: BotFixture) -> None:
        logins = len(fixture.sandbox.record.of("GET", "/users/@me"))
        fixture.sandbox.gateway.refuse()
        fixture.sandbox.gateway.drop()
        await until(lambda: len(fixture.sandbox.record.of("GET", "/users/@me")) > logins)
        fixture.sandbox.gateway.accept()
        await online(fixture.sandbox)
        assert (await fixture.run("status")).ephemeral

    run_with_bot(tmp_path, scenario)


def test_a_bug_in_the_library_costs_a_connection_not_the_process(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        core: Any = fixture.sandbox._core
        core.hub.dispatch("GUILD_CREATE", {}, str(fixture.guild_id), intent=1)
        await until(lambda: len(fixture.sandbox.gateway.identifies) == 2)
        await online(fixture.sandbox)
        assert (await fixture.run("status")).ephemeral
        assert not fixture.app.stopping.is_set()

    run_with_bot(tmp_path, scenario)


def test_the_api_address_is_put_back(tmp_path: Path) -> None:
    before = discord.http.Route.BASE

    async def scenario(fixture: BotFixture) -> None:
        assert fixture.sandbox.api_url == discord.http.Route.BASE

    run_with_bot(tmp_path, scenario)
    assert before == discord.http.Route.BASE


def shard_of(guild_id: str, shards: int = 2) -> int:
    return (int(guild_id) >> 22) % shards


def two_shards() -> Sandbox:
    """With a server on each: Harbour and, where that is not, Other."""
    sandbox = Sandbox(settings=Settings(shards=2))
    harbour_shard = shard_of(sandbox.world.guild("Harbour").id)
    while (
        shard_of(sandbox.admin.add_guild("Other", ["elsewhere"], announce=False).id)
        == harbour_shard
    ):
        del sandbox.world.guilds[sandbox.world.guild("Other").id]
    return sandbox


def sessions(sandbox: Sandbox, shard: int) -> int:
    return [one.shard[0] for one in sandbox.gateway.identifies].count(shard)


def test_a_shard_that_stays_away_costs_the_others_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.discord.client._AWAY_S", 0.5)
    monkeypatch.setattr("bot.discord.client._LOOK_S", 0.1)

    async def scenario() -> None:
        async with two_shards() as sandbox, running_bot(tmp_path, sandbox=sandbox) as fixture:
            mine = shard_of(str(fixture.guild_id))
            other = 1 - mine
            await until(lambda: sessions(sandbox, other) == 1)
            sandbox.gateway.refused_shards.add(other)
            sandbox.gateway.drop(shard=other)
            await asyncio.sleep(3)
            assert sessions(sandbox, mine) == 1, "it went on with its session"
            client: Any = fixture.app.delivery._transport
            for shard in client._client.shards.values():
                pauses = [shard._parent._backoff.delay() for _ in range(20)]
                assert 0 < max(pauses) <= 8, "Discord is tried at least every ten seconds"
            assert (await fixture.run("status")).ephemeral
            sandbox.gateway.refused_shards.clear()
            live = sandbox.gateway.sessions
            await until(lambda: any(s.shard[0] == other and s.line for s in live.values()))
            assert sessions(sandbox, mine) == 1

    asyncio.run(scenario())


def test_a_shard_that_cannot_be_launched_keeps_no_other_one_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.discord.client._LAUNCH_S", 0.2)

    async def scenario() -> None:
        async with two_shards() as sandbox:
            sandbox.gateway.refused_shards.add(0)
            async with running_bot(tmp_path, sandbox=sandbox, online=False):
                await until(lambda: sessions(sandbox, 1) == 1)
                assert sessions(sandbox, 0) == 0
                sandbox.gateway.refused_shards.clear()
                await until(lambda: sessions(sandbox, 0) == 1)

    asyncio.run(scenario())


def test_a_latency_counts_when_three_heartbeats_in_a_row_had_it() -> None:
    seen = Latencies()
    assert seen.of(0) is None
    for latency_s in (float("nan"), float("inf"), 41.25, 41.25):
        seen.note([(0, latency_s)])
    seen.note([(0, 0.03)])
    assert seen.of(0) == 0.03
    for latency_s in (2.0, 3.0, 4.0):
        seen.note([(0, latency_s)])
    assert seen.of(0) == 2.0


def test_a_stop_is_obeyed_while_a_shard_keeps_connecting(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with two_shards() as sandbox, running_bot(tmp_path, sandbox=sandbox) as fixture:
            other = 1 - shard_of(str(fixture.guild_id))
            await until(lambda: sessions(sandbox, other) == 1)
            sandbox.gateway.refused_shards.add(other)
            sandbox.gateway.drop(shard=other)
            for pause_s in (0.0, 0.2, 0.7):
                await asyncio.sleep(pause_s)
            for task in fixture.tasks:
                task.cancel()
            _, stuck = await asyncio.wait(fixture.tasks, timeout=8)
            assert not stuck

    asyncio.run(scenario())
