"""Checks a server of Source, GoldSrc and the many games that answer their A2S_INFO.

Source: Valve's "Server queries". The reading is python-a2s', the socket ours.
"""

import io
import socket
from typing import ClassVar

from a2s.a2s_fragment import decode_fragment
from a2s.byteio import ByteReader
from a2s.info import InfoProtocol

from bot.engine.kinds.base import MonitorKind
from bot.engine.kinds.games import PLAYERS, DatagramGameChecker, bounded_game, wrong_protocol
from bot.engine.netguard import AddressRules
from bot.models import Game
from bot.words.translator import N_

_RULES = AddressRules(
    "a2s",
    example="a2s://play.example.com:27016",
    form=N_(
        "An a2s:// address has a host, a port if it is not 27015, and nothing else,"
        " such as a2s://play.example.com:27016."
    ),
    default_port=27_015,
)
_WHOLE, _PART = b"\xff\xff\xff\xff", b"\xfe\xff\xff\xff"
_CHALLENGE = 0x41
_COMPRESSED = 0x80  # of the fourth byte of a part's id; no game packs what is so short
_MOST_PARTS = 8
_CHALLENGES = 3


class _Info:
    """See :class:`bot.engine.kinds.datagrams.Conversation`."""

    def __init__(self) -> None:
        self.request = _WHOLE + InfoProtocol.serialize_request(0)
        self._challenged = 0
        self._parts: dict[int, bytes] = {}

    def take(self, data: bytes) -> Game | None:
        try:
            whole = self._whole(data)
            return None if whole is None else self._read(whole)
        except Exception:  # noqa: BLE001 - whatever the library makes of broken bytes
            raise wrong_protocol() from None

    def _whole(self, data: bytes) -> bytes | None:
        """The message without its frame; None while parts are missing."""
        frame, rest = data[:4], data[4:]
        if frame == _WHOLE:
            return rest
        if frame != _PART or len(rest) < len(_PART) or rest[3] & _COMPRESSED:
            raise wrong_protocol()
        part = decode_fragment(rest)
        if not part.fragment_id < part.fragment_count <= _MOST_PARTS:
            raise wrong_protocol()
        self._parts[part.fragment_id] = part.payload
        if len(self._parts) < part.fragment_count:
            return None
        joined = b"".join(self._parts[n] for n in range(part.fragment_count))
        return joined.removeprefix(_WHOLE)

    def _read(self, message: bytes) -> Game | None:
        reader = ByteReader(io.BytesIO(message), endian="<", encoding="utf-8")
        kind = reader.read_uint8()
        if kind == _CHALLENGE:
            self._challenged += 1
            if self._challenged > _CHALLENGES:
                raise wrong_protocol()
            self.request = _WHOLE + InfoProtocol.serialize_request(reader.read_uint32())
            return None
        if not InfoProtocol.validate_response_type(kind):
            raise wrong_protocol()
        info = InfoProtocol.deserialize_response(reader, kind, 0.0)
        version = getattr(info, "version", None)  # GoldSrc does not say
        return bounded_game(info.player_count, info.max_players, version, info.map_name)


class A2sChecker(DatagramGameChecker):
    """Checks ``a2s://host:port``."""

    rules: ClassVar = _RULES

    def _begin(self, sock: socket.socket) -> _Info:
        return _Info()


A2S = MonitorKind(_RULES, A2sChecker, options=PLAYERS, other_names=("a2s", "steam", "source"))
