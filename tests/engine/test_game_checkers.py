"""Monitors of game servers: recorded answers are read, odd ones are bounded."""

import asyncio
import json
import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clock import SystemClock
from bot.engine.error_mapping import BadAnswer
from bot.engine.kinds import Checkers
from bot.engine.kinds.a2s import _Info
from bot.engine.kinds.bedrock import _Ping
from bot.engine.kinds.datagrams import MOST_DATAGRAMS
from bot.engine.kinds.minecraft import ANSWER_LIMIT, _handshake, _status
from bot.engine.netguard import Netguard
from bot.models import HIDDEN, Cause, CheckResult, Game, Reason, Target
from tests.engine.game_servers import java_status, udp_server, varint
from tests.engine.line_servers import SILENCE, Script, line_server
from tests.engine.sites import LOOPBACK, Names, free_port, serve

# The example of the protocol's wiki ("Server List Ping"), with a colour in its version.
JAVA = java_status(
    json.dumps(
        {
            "version": {"name": "\u00a7aPaper 1.21.5", "protocol": 770},
            "players": {
                "max": 100,
                "online": 5,
                "sample": [{"name": "thinkofdeath", "id": "4566e69f-c907-48ee-8d71-d7ba5aa00d20"}],
            },
            "description": {"text": "Hello, world!"},
            "favicon": "data:image/png;base64,<data>",
            "enforcesSecureChat": False,
        }
    )
)
MAGIC = bytes.fromhex("00ffff00fefefefefdfdfdfd12345678")
# As the wiki of RakNet has it, with an escaped semicolon in the words of the server.
WORLD = rb"MCPE;Dedicated \; Server;527;1.19.1;7;10;13253860892328930865;Bedrock level;Survival;1;"
# The example of Valve's documentation ("Server queries", A2S_INFO).
SOURCE = bytes.fromhex(
    "ffffffff 49 02 67616d653278732e636f6d20436f756e7465722d53747269"
    "6b6520536f75726365202331 00 64655f64757374 00 6373747269 6b65 00"
    "436f756e7465722d537472696b653a20536f75726365 00 f000 05 10 04 64 6c 00 00"
    "312e302e302e3232 00"
)
GOLDSRC = (
    b"\xff\xff\xff\xffm203.0.113.7:27015\x00Old days\x00crossfire\x00valve\x00Half-Life\x00"
    + struct.pack("BBB", 3, 16, 47)
    + b"dl\x00\x00\x01\x00"
)
CHALLENGE = b"\xff\xff\xff\xffA\x0b\xad\xca\xfe"
QUESTION = b"\xff\xff\xff\xffTSource Engine Query\x00"


def pong(ping: bytes, world: bytes = WORLD) -> bytes:
    return b"\x1c" + ping[1:9] + b"serverid" + MAGIC + struct.pack(">H", len(world)) + world


async def checked(
    url: str,
    names: Names | None = None,
    *,
    guard: Netguard | None = None,
    timeout_s: float = 3.0,
) -> CheckResult:
    checkers = Checkers(
        guard or Netguard(allow_private=LOOPBACK), names or Names(), clock=SystemClock()
    )
    return await checkers.check(Target(url, timeout_s=timeout_s))  # type: ignore[arg-type]  # a short one


# Minecraft, Java edition


def test_a_minecraft_server_says_how_many_play_which_version() -> None:
    async def scenario() -> None:
        async with line_server([JAVA, SILENCE]) as server:
            result = await checked(f"minecraft://127.0.0.1:{server.port}")
        assert result.cause is None
        assert result.game == Game(5, 100, "Paper 1.21.5", None)
        assert result.address == "127.0.0.1"
        assert result.phases.first_byte is not None

    asyncio.run(scenario())


def test_the_handshake_has_the_name_and_the_port() -> None:
    """The bytes of the wiki's example: status of localhost:25565."""
    head = b"\x00\xff\xff\xff\xff\x0f\x09localhost\x63\xdd\x01"
    assert _handshake("localhost", 25_565) == bytes([len(head)]) + head


def test_an_srv_record_leads_to_another_host_and_port() -> None:
    async def scenario() -> None:
        heard: list[bytes] = []

        async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.append(await reader.read(100))
            writer.write(JAVA)
            writer.close()

        server = await asyncio.start_server(take, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            names = Names(
                {"mc.example.org": ["127.0.0.1"]},
                services={"_minecraft._tcp.play.example.com": ("mc.example.org", port)},
            )
            assert (await checked("minecraft://play.example.com", names)).ok
            assert heard[0] == _handshake("mc.example.org", port) + b"\x01\x00"
            # With a port of its own the record is not asked for.
            other = await checked("minecraft://play.example.com:25566", names)
            assert other.cause == Cause(Reason.DNS)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("place", "cause"),
    [
        (("inside.example", 25_565), Cause(Reason.ADDRESS_REFUSED, HIDDEN)),
        (("127.0.0.1", 25_565), Cause(Reason.ADDRESS_REFUSED)),
        (("router.lan", 25_565), Cause(Reason.ADDRESS_REFUSED)),
        (("mail.example.org", 25), Cause(Reason.ADDRESS_REFUSED)),
        (("mc.example.org", 0), Cause(Reason.ADDRESS_REFUSED)),
        (("a b/c", 25_565), Cause(Reason.ADDRESS_REFUSED)),
    ],
)
def test_where_an_srv_record_leads_is_judged_as_if_typed(
    place: tuple[str, int], cause: Cause
) -> None:
    names = Names(
        {"inside.example": ["10.0.0.1"], "mail.example.org": ["8.8.8.8"]},
        services={"_minecraft._tcp.play.example.com": place},
    )
    result = asyncio.run(checked("minecraft://play.example.com", names, guard=Netguard()))
    assert result.cause == cause


ODD_JAVA: list[tuple[str, Script, Reason]] = [
    ("hangs up", [], Reason.RESET),
    ("hangs up in the middle", [JAVA[:40]], Reason.RESET),
    ("another protocol", [b"HTTP/1.1 400 Bad Request\r\n\r\n", SILENCE], Reason.WRONG_PROTOCOL),
    ("a length beyond all bounds", [varint(2**31), SILENCE], Reason.WRONG_PROTOCOL),
    ("a length that never ends", [b"\xff" * 9, SILENCE], Reason.WRONG_PROTOCOL),
    ("too long", [varint(ANSWER_LIMIT + 1), SILENCE], Reason.WRONG_PROTOCOL),
    ("too short", [b"\x01\x00", SILENCE], Reason.WRONG_PROTOCOL),
    ("another packet", [b"\x05\x01\x03abc", SILENCE], Reason.WRONG_PROTOCOL),
    ("a text longer than its packet", [b"\x05\x00\x7fabc", SILENCE], Reason.WRONG_PROTOCOL),
    ("no JSON", [java_status("hello"), SILENCE], Reason.WRONG_PROTOCOL),
    ("no object", [java_status("[1, 2]"), SILENCE], Reason.WRONG_PROTOCOL),
    ("no text", [java_status(b"\xff\xfe{}"), SILENCE], Reason.WRONG_PROTOCOL),
    ("nested", [java_status("[" * 90_000), SILENCE], Reason.WRONG_PROTOCOL),
    (
        "an endless number",
        [java_status('{"a":' + "9" * 50_000 + "}"), SILENCE],
        Reason.WRONG_PROTOCOL,
    ),
]


@pytest.mark.parametrize(
    ("script", "reason"), [one[1:] for one in ODD_JAVA], ids=[one[0] for one in ODD_JAVA]
)
def test_what_is_no_status_is_down(script: Script, reason: Reason) -> None:
    async def scenario() -> None:
        async with line_server(script) as server:
            result = await checked(f"minecraft://127.0.0.1:{server.port}")
        assert result.cause == Cause(reason)
        assert result.game is None

    asyncio.run(scenario())


def test_a_port_that_accepts_and_says_nothing_is_down() -> None:
    async def scenario() -> None:
        async with line_server([SILENCE]) as server:
            url = f"minecraft://127.0.0.1:{server.port}"
            result = await checked(url, timeout_s=0.3)
            assert result.cause == Cause(Reason.TIMEOUT, 1)
        assert (await checked(f"minecraft://127.0.0.1:{free_port()}")).cause == Cause(
            Reason.REFUSED
        )
        async with serve() as web:  # a web server waits for a request that it understands
            result = await checked(f"minecraft://127.0.0.1:{web.port}", timeout_s=0.3)
            assert not result.ok

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ({}, Game()),
        ({"players": None, "version": 5}, Game()),
        ({"players": {"online": "5", "max": True}}, Game()),
        ({"players": {"online": -1, "max": 10**30}}, Game()),
        ({"players": {"online": 0, "max": 0}}, Game(0, 0)),
        ({"version": {"name": "a\u202eb\x00\nc\u200b"}}, Game(version="ab c")),
        ({"version": {"name": "x" * 5_000}}, Game(version="x" * 39 + "…")),
        ({"version": {"name": " \u00a7k "}}, Game()),
    ],
)
def test_what_a_server_says_is_bounded(said: object, read: Game) -> None:
    assert _status(json.dumps(said).encode()) == read


# Minecraft, Bedrock edition


def test_a_bedrock_server_says_players_version_and_world() -> None:
    async def scenario() -> None:
        async with udp_server(lambda ping: [pong(ping)]) as server:
            result = await checked(f"bedrock://127.0.0.1:{server.port}")
        assert result.cause is None
        assert result.game == Game(7, 10, "1.19.1", "Bedrock level")
        assert [(len(one), one[0], one[9:25]) for one in server.heard] == [(33, 1, MAGIC)]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("words", "game"),
    [
        (
            rb"Fun; free; all day;527;1.19.1;7;10;1325386;Bedrock level;",
            Game(7, 10, "1.19.1", "Bedrock level"),
        ),
        (rb";;;527;1.19.1;7;10", Game(7, 10, "1.19.1")),
        (rb"One; two;527;1.19.1;many;10;1325386;Bedrock level;", Game()),
        (
            rb"One;527;1.19.1;many;10;1325386;Bedrock level;",
            Game(None, 10, "1.19.1", "Bedrock level"),
        ),
    ],
)
def test_a_bedrock_server_may_leave_semicolons_in_its_words(words: bytes, game: Game) -> None:
    async def scenario() -> None:
        async with udp_server(lambda ping: [pong(ping, b"MCPE;" + words)]) as server:
            result = await checked(f"bedrock://127.0.0.1:{server.port}")
        assert (result.cause, result.game) == (None, game)

    asyncio.run(scenario())


def test_a_lost_datagram_is_asked_for_again() -> None:
    async def scenario() -> None:
        answered: list[bytes] = []

        def second_only(ping: bytes) -> list[bytes]:
            answered.append(ping)
            return [pong(ping)] if len(answered) > 1 else []

        async with udp_server(second_only) as server:
            assert (await checked(f"bedrock://127.0.0.1:{server.port}")).ok
        assert len(answered) == 2

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "answer",
    [
        b"\x1c",
        b"\x1c" + bytes(40),
        pong(bytes(33), b"MCPE;too;few"),
    ],
)
def test_what_is_no_pong_is_down(answer: bytes) -> None:
    async def scenario() -> None:
        def answers(ping: bytes) -> list[bytes]:
            return [answer[:1] + ping[1:9] + answer[9:] if len(answer) > 9 else answer]

        async with udp_server(answers) as server:
            result = await checked(f"bedrock://127.0.0.1:{server.port}")
        assert result.cause == Cause(Reason.WRONG_PROTOCOL)

    asyncio.run(scenario())


def test_an_answer_to_somebody_else_counts_for_nothing() -> None:
    async def scenario() -> None:
        async with udp_server(lambda _: [pong(bytes(33))]) as server:
            result = await checked(f"bedrock://127.0.0.1:{server.port}", timeout_s=0.3)
        assert result.cause == Cause(Reason.TIMEOUT, 1)

    asyncio.run(scenario())


def test_datagrams_without_end_end_the_check() -> None:
    async def scenario() -> None:
        flood = [pong(bytes(33))] * (MOST_DATAGRAMS + 9)
        async with udp_server(lambda _: flood) as server:
            result = await checked(f"bedrock://127.0.0.1:{server.port}")
        assert result.cause == Cause(Reason.ENDLESS)

    asyncio.run(scenario())


def test_a_port_without_a_server_refuses_and_silence_times_out() -> None:
    async def scenario() -> None:
        for scheme in ("bedrock", "a2s"):
            async with udp_server(lambda _: []) as server:
                silent = await checked(f"{scheme}://127.0.0.1:{server.port}", timeout_s=0.3)
                assert silent.cause == Cause(Reason.TIMEOUT, 1)
                gone = server.port
            closed = await checked(f"{scheme}://127.0.0.1:{gone}")
            assert closed.cause == Cause(Reason.REFUSED)

    asyncio.run(scenario())


# Source and its kin


@pytest.mark.parametrize(
    ("answer", "game"),
    [
        (SOURCE, Game(5, 16, "1.0.0.22", "de_dust")),
        (SOURCE + b"\x20tags\x00", Game(5, 16, "1.0.0.22", "de_dust")),
        (GOLDSRC, Game(3, 16, None, "crossfire")),
    ],
)
def test_a_source_server_says_players_version_and_map(answer: bytes, game: Game) -> None:
    async def scenario() -> None:
        async with udp_server(lambda _: [answer]) as server:
            result = await checked(f"a2s://127.0.0.1:{server.port}")
        assert (result.cause, result.game) == (None, game)
        assert server.heard == [QUESTION]

    asyncio.run(scenario())


def test_a_challenge_is_answered_at_once() -> None:
    async def scenario() -> None:
        def answers(asked: bytes) -> list[bytes]:
            return [SOURCE if asked == QUESTION + CHALLENGE[5:] else CHALLENGE]

        async with udp_server(answers) as server:
            result = await checked(f"a2s://127.0.0.1:{server.port}", timeout_s=0.8)
        assert result.ok
        assert server.heard == [QUESTION, QUESTION + CHALLENGE[5:]]

    asyncio.run(scenario())


def parts(message: bytes, count: int, *, number: int = 7) -> list[bytes]:
    size = -(-len(message) // count)
    return [
        b"\xfe\xff\xff\xff"
        + struct.pack("<LBBH", number, count, n, 1248)
        + message[n * size :][:size]
        for n in range(count)
    ]


def test_an_answer_in_parts_is_put_together_in_any_order() -> None:
    async def scenario() -> None:
        async with udp_server(lambda _: parts(SOURCE, 3)[::-1]) as server:
            result = await checked(f"a2s://127.0.0.1:{server.port}")
        assert result.game == Game(5, 16, "1.0.0.22", "de_dust")

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "answer",
    [
        b"x",
        b"\xff\xff\xff\xff",
        b"\xff\xff\xff\xffZ",
        SOURCE[:30],
        parts(SOURCE, 9)[0],
        parts(SOURCE, 2, number=2**31)[0],  # said to be compressed
        b"\xfe\xff\xff\xff" + struct.pack("<LBBH", 1, 2, 5, 0),
    ],
)
def test_what_is_no_information_is_down(answer: bytes) -> None:
    async def scenario() -> None:
        async with udp_server(lambda _: [answer]) as server:
            result = await checked(f"a2s://127.0.0.1:{server.port}")
        assert result.cause == Cause(Reason.WRONG_PROTOCOL)

    asyncio.run(scenario())


def test_a_server_that_only_asks_back_is_down() -> None:
    async def scenario() -> None:
        async with udp_server(
            lambda asked: [CHALLENGE[:5] + struct.pack("<L", len(asked) + asked[-1])]
        ) as server:
            result = await checked(f"a2s://127.0.0.1:{server.port}", timeout_s=0.8)
            assert not result.ok
            assert len(server.heard) <= 4

    asyncio.run(scenario())


@given(st.binary(max_size=200))
def test_no_bytes_break_a_reader(data: bytes) -> None:
    for reader in (_Info(), _Ping()):
        for message in (data, SOURCE[:7] + data, pong(_Ping().request, data)):
            with suppress(BadAnswer):
                said = reader.take(message)
                assert said is None or isinstance(said, Game)
