"""Checks a host by ICMP echo: up when one of its addresses answers.

A datagram socket needs no right where the system lets everybody ping (net.ipv4.ping_group_range);
otherwise a raw socket is taken, where the process may have one. Sources: RFC 792 and 4443.
"""

import os
import socket
import struct
from contextlib import suppress
from urllib.parse import urlsplit

from bot.engine.connector import Connector, PhaseTimer
from bot.engine.error_mapping import BadAnswer
from bot.engine.kinds.base import BaseChecker, MonitorKind, Reached
from bot.engine.kinds.datagrams import ask_any
from bot.engine.netguard import AddressRules
from bot.models import Reason
from bot.words.translator import N_

_RULES = AddressRules(
    "ping",
    example="ping://example.com",
    form=N_("A ping:// address has a host and nothing else, such as ping://example.com."),
    has_port=False,
)

# IP_RECVERR and IPV6_RECVERR of Linux, which Python does not name.
_RECEIVE_ERRORS_4, _RECEIVE_ERRORS_6 = (socket.IPPROTO_IP, 11), (socket.IPPROTO_IPV6, 25)
_HEADER = struct.Struct("!BBHHH")  # type, code, checksum, identifier, number


class PingChecker(BaseChecker):
    """Checks ``ping://host``: one echo a second until one comes back."""

    async def _reach(self, url: str, timer: PhaseTimer) -> Reached:
        host = urlsplit(self._guard.check_url(url, {_RULES.scheme: _RULES})).hostname or ""
        connector = Connector(self._resolver, self._guard)
        addresses = await connector.resolve(host, 0, timer, _RULES)
        answer = await ask_any(addresses, 0, _open, _Echo)
        timer.first_byte_s = answer.seconds
        return Reached(answer.address)


def may_ping() -> bool:
    """True when this process may have a socket for echoes."""
    try:
        _open("127.0.0.1").close()
    except (BadAnswer, OSError):
        return False
    return True


def _open(address: str) -> socket.socket:
    """Raises BadAnswer when this process may have no socket for echoes."""
    v6 = ":" in address
    family = socket.AF_INET6 if v6 else socket.AF_INET
    protocol = socket.IPPROTO_ICMPV6 if v6 else socket.IPPROTO_ICMP
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        with suppress(PermissionError):
            sock = socket.socket(family, kind | socket.SOCK_NONBLOCK, protocol)
            # What routers report is heard at once instead of waited for.
            sock.setsockopt(*(_RECEIVE_ERRORS_6 if v6 else _RECEIVE_ERRORS_4), 1)
            return sock
    raise BadAnswer(Reason.MAY_NOT_PING, "neither datagram nor raw sockets of ICMP")


class _Echo:
    """One echo, sent until it comes back; see :class:`bot.engine.kinds.datagrams.Conversation`."""

    def __init__(self, sock: socket.socket) -> None:
        self._v6 = sock.family == socket.AF_INET6
        self._has_header = sock.type & socket.SOCK_RAW == socket.SOCK_RAW and not self._v6
        self._token = os.urandom(16)
        kind, own = 128 if self._v6 else 8, os.getpid() & 0xFFFF
        bare = _HEADER.pack(kind, 0, 0, own, 1) + self._token
        # Datagram sockets put in their own identifier, IPv6 its own checksum.
        self.request = _HEADER.pack(kind, 0, _checksum(bare), own, 1) + self._token

    def take(self, data: bytes) -> bool | None:
        """A raw socket also hears whatever else its address sends."""
        if self._has_header and data:
            data = data[(data[0] & 0xF) * 4 :]
        is_reply = data[:1] == (b"\x81" if self._v6 else b"\x00")
        return True if is_reply and data[_HEADER.size :] == self._token else None


def _checksum(data: bytes) -> int:
    """Ones' complement of the sum of 16-bit words (RFC 1071)."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


PING = MonitorKind(_RULES, PingChecker, other_names=("ping", "icmp", "3"))
