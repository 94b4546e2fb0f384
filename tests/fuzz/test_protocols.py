"""What mail servers, game servers and hosts answer: mutated bytes end a check, never break it."""

import asyncio
import socket

from hypothesis import given
from hypothesis import strategies as st

from bot.clock import SystemClock
from bot.engine.kinds import Checkers
from bot.engine.kinds.ping import _Echo
from bot.engine.netguard import Netguard
from bot.models import CheckResult, Reason, Target
from tests.engine.game_servers import udp_server
from tests.engine.line_servers import line_server
from tests.engine.sites import HOST, LOOPBACK, Names, trusting_context
from tests.engine.test_game_checkers import CHALLENGE, GOLDSRC, JAVA, SOURCE, pong
from tests.fuzz.effort import examples, mutated

TRUSTS = trusting_context()
MAIL = [
    b"220-mail\r\n220 ready\r\n250-mail\r\n250 STARTTLS\r\n220 go\r\n",
    b"* OK ready\r\n* CAPABILITY IMAP4rev1 STARTTLS\r\na1 OK\r\na2 OK\r\n",
    b"554 no\r\n",
]
EXPECTED = {
    *(Reason.WRONG_PROTOCOL, Reason.RESET, Reason.TIMEOUT, Reason.ENDLESS, Reason.TLS),
    Reason.NOT_TLS,
    *(Reason.NO_STARTTLS, Reason.SMTP, Reason.IMAP),
}


async def checked(url: str) -> CheckResult:
    names = Names({HOST: ["127.0.0.1"]})
    checkers = Checkers(
        Netguard(allow_private=LOOPBACK), names, clock=SystemClock(), context=TRUSTS
    )
    return await checkers.check(Target(url, timeout_s=0.3))  # type: ignore[arg-type]  # a short one


def judge(result: CheckResult) -> None:
    assert result.cause is None or result.cause.reason in EXPECTED
    if result.cause is None:
        assert result.game is not None
        for text in (result.game.version, result.game.map):
            assert text is None or (text.isprintable() and len(text) <= 40)


@examples(60)
@given(st.sampled_from(["smtp", "imap"]), mutated(MAIL, [b"250-", b"\r\n", b"a1 OK\r\n"]))
def test_any_words_of_a_mail_server_are_a_cause(scheme: str, said: bytes) -> None:
    async def scenario() -> None:
        async with line_server([said]) as server:
            result = await checked(f"{scheme}://{HOST}:{server.port}")
        assert result.cause is not None
        assert result.cause.reason in EXPECTED

    asyncio.run(scenario())


@examples(60)
@given(mutated([JAVA, JAVA[:40]], [b"\xff\xff\xff\xff\x0f", b"\x00", b'"online":'] * 2))
def test_any_status_of_a_java_server_is_read_or_a_cause(said: bytes) -> None:
    async def scenario() -> None:
        async with line_server([said]) as server:
            judge(await checked(f"minecraft://127.0.0.1:{server.port}"))

    asyncio.run(scenario())


@examples(60)
@given(
    st.sampled_from(["a2s", "bedrock"]),
    mutated([SOURCE, GOLDSRC, CHALLENGE, pong(bytes(33))], [b"\xfe\xff\xff\xff", b";", b"\x00"]),
)
def test_any_datagram_of_a_game_server_is_read_or_a_cause(scheme: str, said: bytes) -> None:
    async def scenario() -> None:
        async with udp_server(lambda asked: [said[:1] + asked[1:9] + said[9:], said]) as server:
            judge(await checked(f"{scheme}://127.0.0.1:{server.port}"))

    asyncio.run(scenario())


@examples(200)
@given(st.data())
def test_no_packet_but_its_own_answers_an_echo(data: st.DataObject) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        echo = _Echo(sock)
    reply = b"\x00" + echo.request[1:]
    packet = data.draw(mutated([reply, echo.request]))
    heard = echo.take(packet)
    assert heard is (True if packet[:1] == b"\x00" and packet[8:] == reply[8:] else None)
