"""The real process notifies its operator by the second way that Discord refuses the token, once."""

import asyncio
import json
import sys
from pathlib import Path

import pytest
from aiohttp import web

from bot.cli import EXIT_CONFIG
from bot.config import child_environment
from sandbox import Sandbox

pytestmark = pytest.mark.process


def test_a_refused_token_is_reported_once_and_no_secret_is_logged(tmp_path: Path) -> None:
    got: list[dict[str, str]] = []

    async def take(request: web.Request) -> web.Response:
        got.append(json.loads(await request.text()))
        return web.Response()

    async def run(sandbox: Sandbox, url: str) -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "run"),
            cwd=tmp_path,
            env=child_environment(
                DISCORD_TOKEN="wrong.token.here",
                DISCORD_API_URL=sandbox.api_url,
                VIGIE_DATABASE=str(tmp_path / "vigie.db"),
                VIGIE_CANARIES="",
                VIGIE_FALLBACK_URL=url,
            ),
            stderr=asyncio.subprocess.PIPE,
        )
        log = (await asyncio.wait_for(process.communicate(), 60))[1].decode()
        return process.returncode or 0, log

    async def scenario() -> None:
        app = web.Application()
        app.router.add_post("/{path:.*}", take)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"json://127.0.0.1:{runner.addresses[0][1]}/hunter2"
        async with Sandbox(token="the.right.one") as sandbox:
            for _ in range(2):
                status, log = await run(sandbox, url)
                assert status == EXIT_CONFIG
                assert "hunter2" not in log
        status, log = await run(sandbox, "nonsense://x")
        assert status == EXIT_CONFIG
        assert "VIGIE_FALLBACK_URL" in log
        await runner.cleanup()

    asyncio.run(scenario())
    assert [one["title"] for one in got] == ["Vigie has stopped"]
    assert "Discord refuses DISCORD_TOKEN" in got[0]["message"]
