"""Minecraft servers of both editions as npm has them: recorded answers, and where there are any,
running ones: up, frozen, gone, and asked in a protocol that is not theirs."""

import asyncio
import json

import pytest

from bot.models import Cause, Game, Reason
from tests.engine.game_servers import udp_server
from tests.engine.line_servers import SILENCE, line_server
from tests.engine.real_game_servers import ANSWERS, JAVA, has, real_server
from tests.engine.sites import Names
from tests.engine.test_game_checkers import checked

RECORDED = json.loads(ANSWERS.read_text())
needs_java = pytest.mark.skipif(not has("minecraft-protocol"), reason="needs minecraft-protocol")
needs_bedrock = pytest.mark.skipif(not has("bedrock-protocol"), reason="needs bedrock-protocol")


def games(version: str) -> dict[str, Game]:
    """What a real server of that version says, by its edition."""
    return {
        "java": Game(1, 40, version, None),
        "bedrock": Game(0, 12, version, "Its world"),
    }


@pytest.mark.parametrize("one", RECORDED, ids=lambda one: one["origin"])
def test_what_real_servers_answered_is_read(one: dict[str, str]) -> None:
    answer, game = bytes.fromhex(one["answer"]), games(one["version"])[one["kind"]]

    async def java() -> None:
        async with line_server([answer, SILENCE]) as server:
            assert (await checked(f"minecraft://127.0.0.1:{server.port}")).game == game

    async def bedrock() -> None:
        # Only the time in it comes back as it was sent.
        async with udp_server(lambda ping: [answer[:1] + ping[1:9] + answer[9:]]) as server:
            assert (await checked(f"bedrock://127.0.0.1:{server.port}")).game == game

    asyncio.run({"java": java, "bedrock": bedrock}[one["kind"]]())


@needs_java
@pytest.mark.parametrize("version", JAVA)
def test_a_java_server_is_up_over_its_srv_record(version: str) -> None:
    async def scenario() -> None:
        async with real_server("java", version) as server:
            names = Names(
                {"mc.example.org": ["127.0.0.1"]},
                services={"_minecraft._tcp.play.example.com": ("mc.example.org", server.port)},
            )
            result = await checked("minecraft://play.example.com", names, timeout_s=10.0)
            assert result.cause is None
            assert result.game == games(version)["java"]
            # A proxy would lead on by this name.
            assert await server.line() == {"host": "mc.example.org", "port": server.port}

    asyncio.run(scenario())


@needs_bedrock
def test_a_bedrock_server_is_up() -> None:
    async def scenario() -> None:
        async with real_server("bedrock") as server:
            result = await checked(f"bedrock://127.0.0.1:{server.port}", timeout_s=10.0)
            assert result.cause is None
            assert result.game == games(server.about["version"])["bedrock"]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("edition", "scheme"),
    [
        pytest.param("java", "minecraft", marks=needs_java),
        pytest.param("bedrock", "bedrock", marks=needs_bedrock),
    ],
)
def test_a_real_server_that_froze_or_went_is_down(edition: str, scheme: str) -> None:
    async def scenario() -> None:
        async with real_server(edition, "1.20.4" if edition == "java" else "") as server:
            url = f"{scheme}://127.0.0.1:{server.port}"
            server.freeze()
            assert (await checked(url, timeout_s=0.5)).cause == Cause(Reason.TIMEOUT, 1)
            if edition == "java":  # what a look at the port alone says of it
                assert (await checked(url.replace(scheme, "tcp"))).ok
            await server.kill()
            assert (await checked(url)).cause == Cause(Reason.REFUSED)

    asyncio.run(scenario())


@needs_java
@needs_bedrock
def test_each_is_down_where_another_protocol_is_spoken() -> None:
    """The right port of the wrong game: silence, or an answer that is none."""

    async def scenario() -> None:
        async with real_server("java", "1.20.4") as java, real_server("bedrock") as bedrock:
            for url in (
                f"tls://127.0.0.1:{java.port}",
                f"smtp://127.0.0.1:{java.port}",
                f"bedrock://127.0.0.1:{java.port}",
                f"a2s://127.0.0.1:{bedrock.port}",
                f"minecraft://127.0.0.1:{bedrock.port}",
            ):
                result = await checked(url, timeout_s=1.0)
                assert not result.ok, url
                assert result.game is None

    asyncio.run(scenario())
