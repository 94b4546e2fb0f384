"""Checks a Minecraft server of the Java edition: up when it answers the question for its status.

Source: the wiki of Minecraft's protocol, "Server List Ping". An open port alone proves nothing:
behind a proxy it stays open while the server is dead.
"""

import json
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from bot.engine.addresses import is_local_name, is_numeric
from bot.engine.connector import Connector, PhaseTimer
from bot.engine.kinds.base import BaseChecker, MonitorKind, Reached
from bot.engine.kinds.games import PLAYERS, bounded_game, wrong_protocol
from bot.engine.netguard import AddressRules
from bot.engine.transport import Stream
from bot.models import Game
from bot.words.translator import N_

_RULES = AddressRules(
    "minecraft",
    example="minecraft://play.example.com",
    form=N_(
        "A minecraft:// address has a host, a port if it is not 25565, and nothing else,"
        " such as minecraft://play.example.com."
    ),
    default_port=25_565,
)
# An icon and a list of mods make some answers long; the stream itself ends at 256 KiB.
ANSWER_LIMIT = 200_000
_SHORTEST = 4
_NO_VERSION = 2**32 - 1  # -1: whoever only asks for the status has none
_LONGEST_VARINT = 5


class MinecraftChecker(BaseChecker):
    """Checks ``minecraft://host:port`` as the game's own list of servers does."""

    async def _reach(self, url: str, timer: PhaseTimer) -> Reached:
        parts = urlsplit(self._guard.check_url(url, {_RULES.scheme: _RULES}))
        host, port = parts.hostname or "", parts.port or _RULES.default_port
        if parts.port is None:
            host, port = await self._service(host) or (host, port)
        connector = Connector(self._resolver, self._guard)
        connected = await connector.connect(host, port, timer, _RULES)
        stream = Stream(connected.sock, timer)
        try:
            await stream.write(_handshake(host, port) + _packet(b""))
            return Reached(connected.address, game=_status(await _answer(stream)))
        finally:
            stream.close()

    async def _service(self, host: str) -> tuple[str, int] | None:
        """Where its SRV record leads, judged as if it had been typed. Raises AddressRefused."""
        if ":" in host or is_numeric(host) or is_local_name(host):
            return None
        found = await self._resolver.service(f"_minecraft._tcp.{host}")
        if found is None:
            return None
        place = urlsplit(f"//{self._guard.check_host(f'{found[0]}:{found[1]}', _RULES)}")
        return place.hostname or "", place.port or _RULES.default_port


def _handshake(host: str, port: int) -> bytes:
    """Proxies lead on by the name in it; the game sends the one it dials."""
    name = host.encode("ascii")
    intent = _varint(1)  # the status
    head = _varint(_NO_VERSION) + _varint(len(name)) + name
    return _packet(head + port.to_bytes(2, "big") + intent)


def _packet(content: bytes) -> bytes:
    """A packet of number 0."""
    return _varint(len(content) + 1) + b"\x00" + content


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:  # noqa: PLR2004 - seven bits a byte
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


async def _answer(stream: Stream) -> bytes:
    """The text of the first packet. Raises BadAnswer, OSError."""
    data = bytearray()
    while True:
        read = _read_varint(data, 0)
        if read is not None:
            length, start = read
            number = bytes(data[start : start + 1])
            if not _SHORTEST <= length <= ANSWER_LIMIT or number not in {b"", b"\x00"}:
                raise wrong_protocol()
            if len(data) >= start + length:
                return _text_of(bytes(data[start : start + length]))
        more = await stream.read()
        if not more:
            raise ConnectionResetError("hung up before the status was whole")
        data += more


def _text_of(packet: bytes) -> bytes:
    read = _read_varint(packet, 1)
    if read is None or read[0] > len(packet) - read[1]:
        raise wrong_protocol()
    return packet[read[1] :][: read[0]]


def _read_varint(data: bytes | bytearray, at: int) -> tuple[int, int] | None:
    """The number and where it ends; None when more has to come. Raises BadAnswer."""
    number = 0
    for place, byte in enumerate(data[at : at + _LONGEST_VARINT]):
        number |= (byte & 0x7F) << 7 * place
        if not byte & 0x80:
            return number, at + place + 1
    if len(data) - at >= _LONGEST_VARINT:
        raise wrong_protocol()
    return None


def _status(text: bytes) -> Game:
    """Raises BadAnswer for what is no JSON object."""
    found: Any = None
    with suppress(ValueError, RecursionError):
        found = json.loads(text)
    if not isinstance(found, dict):
        raise wrong_protocol()
    players, version = _object(found.get("players")), _object(found.get("version"))
    return bounded_game(players.get("online"), players.get("max"), version.get("name"), None)


def _object(found: object) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}


MINECRAFT = MonitorKind(
    _RULES, MinecraftChecker, options=PLAYERS, other_names=("minecraft", "minecraftjava")
)
