"""``vigie demo`` as a stranger runs it: one command, a page, an alert, and nothing left behind."""

import asyncio
import re
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from bot.__main__ import main
from bot.cli.demo import _print_post
from bot.config import child_environment
from sandbox import Sandbox
from sandbox.sites import election_night

pytestmark = pytest.mark.process

FIRST_ALERT_S = 30.0


def test_the_demo_shows_its_page_says_of_the_night_and_leaves_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        demo = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "bot", "demo", "--speed", "2"),
            cwd=tmp_path,
            env=child_environment(TMPDIR=str(tmp_path)),
            stdout=asyncio.subprocess.PIPE,
        )
        assert demo.stdout is not None
        first = (await demo.stdout.readline()).decode()
        url = re.findall(r"http://\S+", first)[0]
        jar = aiohttp.CookieJar(unsafe=True)  # addresses have cookies in browsers too
        base, _, key = url.partition("?key=")
        assert len(key) > 16
        async with aiohttp.ClientSession(cookie_jar=jar) as session:
            for path in ("sandbox/state", "sandbox/state?key=wrong", "sandbox/live"):
                assert (await session.get(base + path)).status == 403
            async with session.get(url) as page:
                assert page.status == 200
                assert "composer" in await page.text()
            assert (await session.get(f"{base}sandbox/state")).status == 200
        async with asyncio.timeout(FIRST_ALERT_S + 60):
            while "🟡 UNSTABLE · Immigration Canada" not in first:
                first = (await demo.stdout.readline()).decode()
                assert first, "the demo ended by itself"
        demo.send_signal(signal.SIGINT)
        rest = (await demo.communicate())[0].decode()
        assert demo.returncode == 0
        assert "Traceback" not in rest

    asyncio.run(scenario())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("speed", ["x", "", "nan", "0", "11"])
def test_a_speed_that_is_none_is_refused_in_words(
    speed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["demo", "--speed", speed])
    assert "argument --speed: use a number from 0.1 to 10\n" in capsys.readouterr().err


def test_a_post_is_printed_with_its_channel_and_a_board_by_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    world = Sandbox().world
    message = {"content": "", "channel_id": world.channel("general").id}
    _print_post(world, {"type": "message_update", "message": message})
    assert capsys.readouterr().out.endswith("#general  (edited) (board)\n")
    message["content"] = "\x1b]52;c;cm0gLXJm\x07\u202eDOWN\r\n" + "x" * 5_000
    _print_post(world, {"type": "message_create", "message": message})
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert not set("\x1b\x07\r\u202e") & set(said)
    assert len(said) < 400


def test_the_night_is_150_rounds_of_calm_ramp_waves_and_end() -> None:
    night = election_night()
    assert len(night) == 150
    good = [moment.fates[0] == "ok" for moment in night]
    assert all(good[:8])
    assert all(good[-45:])
    waves = good[20:90]
    assert 0.1 < sum(waves) / len(waves) < 0.4
