"""Checks a Minecraft server of the Bedrock edition: up when it answers a ping of RakNet.

Source: the wiki of Minecraft's protocol, "RakNet", Unconnected Ping and Pong.
"""

import os
import re
import socket
import struct
from typing import ClassVar

from bot.engine.kinds.base import MonitorKind
from bot.engine.kinds.games import PLAYERS, DatagramGameChecker, bounded_game, wrong_protocol
from bot.engine.netguard import AddressRules
from bot.models import Game
from bot.words.translator import N_

_RULES = AddressRules(
    "bedrock",
    example="bedrock://play.example.com",
    form=N_(
        "A bedrock:// address has a host, a port if it is not 19132, and nothing else,"
        " such as bedrock://play.example.com."
    ),
    default_port=19_132,
)
_MAGIC = bytes.fromhex("00ffff00fefefefefdfdfdfd12345678")
_PONG = struct.Struct(">B8s8s16sH")  # kind, our time, its id, magic, length of the text
_FIELD = re.compile(r"((?:[^;\\]|\\.)*)(?:;|$)", re.DOTALL)
# Edition, its own words, protocol, version, players, most players, id, name of the world …
_PROTOCOL = 2
_FEWEST, _READ = 6, 32


class _Ping:
    """See :class:`bot.engine.kinds.datagrams.Conversation`."""

    def __init__(self) -> None:
        self._time = os.urandom(8)  # it comes back
        self.request = b"\x01" + self._time + _MAGIC + os.urandom(8)

    def take(self, data: bytes) -> Game | None:
        if len(data) < _PONG.size:
            raise wrong_protocol()
        kind, time, _, magic, length = _PONG.unpack_from(data)
        if (kind, magic) != (0x1C, _MAGIC):
            raise wrong_protocol()
        if time != self._time:
            return None
        text = data[_PONG.size :][:length].decode("utf-8", "replace")
        fields = [found[1] for found, _ in zip(_FIELD.finditer(text), range(_READ), strict=False)]
        if len(fields) < _FEWEST:
            raise wrong_protocol()
        known = fields[_protocol(fields) :]
        number, version, players, most, _, world, *_ = [*known, "", ""]
        if _whole(number) is None:
            return Game()  # better nothing than another field's text
        return bounded_game(_whole(players), _whole(most), version, world or None)


def _protocol(fields: list[str]) -> int:
    """Index of the protocol's number: some servers leave a ``;`` in their own words as it is."""
    for at in range(_PROTOCOL, len(fields) - _FEWEST + _PROTOCOL + 1):
        number, _, players, most = fields[at : at + 4]
        if None not in map(_whole, (number, players, most)):
            return at
    return _PROTOCOL


def _whole(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,7}", text) else None


class BedrockChecker(DatagramGameChecker):
    """Checks ``bedrock://host:port``."""

    rules: ClassVar = _RULES

    def _begin(self, sock: socket.socket) -> _Ping:
        return _Ping()


BEDROCK = MonitorKind(
    _RULES, BedrockChecker, options=PLAYERS, other_names=("bedrock", "minecraftbe", "mcpe")
)
