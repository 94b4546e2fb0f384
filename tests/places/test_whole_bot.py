"""The whole bot with a NATS server and lookouts: what people read, whatever dies meanwhile.

Leaving a harness checks that nothing was lost or said twice.
"""

import asyncio
import signal
import time
from pathlib import Path

import pytest

from bot import __version__
from tests.harness import Harness
from tests.places.rig import (
    NatsServer,
    lookouts,
    reached_from_elsewhere,
    until_places,
    vigie,
    wait_until,
)


def test_places_agree_on_an_outage_and_their_death_holds_nothing_back(tmp_path: Path) -> None:
    async def scenario() -> None:
        with NatsServer(tmp_path) as nats, lookouts(nats.url, tmp_path, "oslo", "paris"):
            async with Harness(tmp_path / "bot", VIGIE_NATS_URL=nats.url) as h:
                await h.bot.start()
                site = await h.watch("shop")
                await until_places(h, "oslo", "paris")
                site.fail(500)
                post = await h.wait_post("🔴 DOWN · shop")
                assert "3 of 3 places" in str(post["content"])
                nats.kill()
                await site.heal()
                await h.wait_post("🟢 UP · shop")
                await h.bot.kill()
                await h.bot.start()
                wiki = await h.watch("wiki")
                wiki.cut()
                alone = await h.wait_post("🔴 DOWN · wiki")
                assert "places" not in str(alone["content"])
                nats.start()
                await until_places(h, "oslo", "paris")
                await wiki.heal()
                await h.wait_post("🟢 UP · wiki")

    asyncio.run(scenario())


def test_what_only_home_does_not_reach_is_partly_and_never_an_alarm(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with reached_from_elsewhere(tmp_path) as (_, h, site):
            await until_places(h, "oslo", "paris")
            answer = await h.command("watch test", monitor="shop", **{"from": "paris"})
            assert "shop" in str(answer.message)
            site.cut()
            post = await h.wait_post("🟡 PARTLY · shop")
            assert "no answer from home; oslo and paris get through" in str(post["content"])
            assert not any("DOWN" in text for text in h.texts())
            why = await h.command("why", monitor="shop")
            assert "failed here, but not in other places" in str(why.message)
            await site.heal()
            await h.wait_post("🟢 UP · shop")

    asyncio.run(scenario())


def test_lookouts_that_make_the_checks_may_die_without_an_alarm(tmp_path: Path) -> None:
    async def scenario() -> None:
        with NatsServer(tmp_path) as nats, lookouts(nats.url, tmp_path, "oslo", "paris") as found:
            folder = tmp_path / "bot"
            async with Harness(folder, VIGIE_NATS_URL=nats.url, VIGIE_PROBE="remote") as h:
                await h.bot.start()
                site = await h.watch("shop")
                await until_places(h, "oslo", "paris")
                found[0].kill()
                await site.visited(5)
                found[1].kill()
                await site.visited(5)
                nats.kill()
                await site.visited(5)
                assert h.texts() == []
                site.fail(500)
                await h.wait_post("🔴 DOWN · shop")
                await site.heal()
                await h.wait_post("🟢 UP · shop")

    asyncio.run(scenario())


def test_the_doctor_in_the_shell_asks_who_is_there(tmp_path: Path) -> None:
    with NatsServer(tmp_path) as nats, lookouts(nats.url, tmp_path, "paris") as [paris]:
        wait_until(lambda: "Connected to NATS" in paris.log.read_text("utf-8"))
        done = vigie("doctor", folder=tmp_path, VIGIE_NATS_URL=nats.url)
        assert f"✔ Places: paris ({__version__}) at {nats.url}" in done.stdout
        nats.kill()
        done = vigie("doctor", folder=tmp_path, VIGIE_NATS_URL=nats.url)
        assert f"✖ Places: no connection to {nats.url}" in done.stdout
        refused = vigie("doctor", folder=tmp_path, VIGIE_NATS_URL="nats://192.0.2.1")
        assert "✖ Places: cannot be asked" in refused.stdout
        assert vigie("doctor", folder=tmp_path).stdout.count("Places") == 0


def test_without_its_setting_no_option_of_places_is_shown(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Harness(tmp_path / "bot") as h:
            await h.bot.start()
            shown = str(h.sandbox.commands)
            assert "'places'" not in shown
            assert "From which place." not in shown
            assert "Places" not in str((await h.command("doctor")).message)

    asyncio.run(scenario())


@pytest.mark.process
def test_places_that_hang_delay_no_alarm(tmp_path: Path) -> None:
    """A site that times out is reported as soon as without other places."""

    async def reported_s(h: Harness) -> float:
        site = await h.watch("shop", timeout=3)
        await site.visited(2)
        site.hang()
        began = time.monotonic()
        await h.wait_post("🔴 DOWN · shop")
        return time.monotonic() - began

    async def scenario() -> None:
        async with Harness(tmp_path / "alone") as h:
            await h.bot.start()
            alone_s = await reported_s(h)
        with NatsServer(tmp_path) as nats, lookouts(nats.url, tmp_path, "oslo", "paris") as found:
            async with Harness(tmp_path / "bot", VIGIE_NATS_URL=nats.url) as h:
                await h.bot.start()
                await until_places(h, "oslo", "paris")
                for one in found:
                    one.send(signal.SIGSTOP)
                assert await reported_s(h) < alone_s + 2.5

    asyncio.run(scenario())
