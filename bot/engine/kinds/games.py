"""Common parts of game servers: most are asked by datagrams, and their texts are bounded."""

import re
import socket
from abc import abstractmethod
from typing import ClassVar
from urllib.parse import urlsplit

from bot.engine.connector import Connector, PhaseTimer
from bot.engine.error_mapping import BadAnswer
from bot.engine.kinds.base import BaseChecker, Reached
from bot.engine.kinds.datagrams import Conversation, ask_any, udp_socket
from bot.engine.netguard import AddressRules
from bot.models import Game, Reason
from bot.words.escaping import plain

PLAYERS = frozenset({"players"})  # the option that games alone take
TEXT_LIMIT = 40  # of a version or the name of a map
MOST_PLAYERS = 10**6
_COLOUR = re.compile("\u00a7.?")  # Minecraft's signs of colour


def bounded_game(players: object, most: object, version: object, map_name: object) -> Game:
    """What a server says of itself, as far as it can be: its texts are a stranger's."""
    return Game(_number(players), _number(most), _text(version), _text(map_name))


def wrong_protocol() -> BadAnswer:
    return BadAnswer(Reason.WRONG_PROTOCOL, "no answer of this game")


def _number(found: object) -> int | None:
    whole = isinstance(found, int) and not isinstance(found, bool)
    return found if whole and 0 <= found <= MOST_PLAYERS else None  # type: ignore[operator,return-value]


def _text(found: object) -> str | None:
    if not isinstance(found, str):
        return None
    return plain(_COLOUR.sub("", found[:1_000]), TEXT_LIMIT) or None


class DatagramGameChecker(BaseChecker):
    """A game server that answers one question by datagram."""

    rules: ClassVar[AddressRules]

    @abstractmethod
    def _begin(self, sock: socket.socket) -> Conversation[Game]:
        raise NotImplementedError

    async def _reach(self, url: str, timer: PhaseTimer) -> Reached:
        parts = urlsplit(self._guard.check_url(url, {self.rules.scheme: self.rules}))
        host, port = parts.hostname or "", parts.port or self.rules.default_port
        connector = Connector(self._resolver, self._guard)
        addresses = await connector.resolve(host, port, timer, self.rules)
        answer = await ask_any(addresses, port, udp_socket, self._begin)
        timer.first_byte_s = answer.seconds
        return Reached(answer.address, game=answer.said)
