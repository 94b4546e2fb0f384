"""Checks a mail server: greeting, STARTTLS, certificate and goodbye, as a mail program would.

Sources: RFC 5321 and 3207 for SMTP, RFC 9051 for IMAP.
"""

import asyncio
import re
import ssl
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from typing import ClassVar

from bot.engine.connector import PhaseTimer
from bot.engine.error_mapping import BadAnswer
from bot.engine.kinds.base import MonitorKind
from bot.engine.kinds.tls import TlsChecker
from bot.engine.netguard import REFUSED_PORTS, AddressRules
from bot.engine.transport import Stream
from bot.models import Reason
from bot.words.translator import N_

_TLS_AT_ONCE = N_("Port {port} speaks TLS from the first byte: watch it with tls://.")
_SMTP = 25  # between servers
_SMTP_RULES = AddressRules(
    "smtp",
    example="smtp://example.com:25",
    form=N_(
        "An smtp:// address has a host, a port if it is not 587, and nothing else,"
        " such as smtp://example.com:25."
    ),
    default_port=587,
    refused_ports={n: why for n, why in {**REFUSED_PORTS, 465: _TLS_AT_ONCE}.items() if n != _SMTP},
)
_IMAP_RULES = AddressRules(
    "imap",
    example="imap://example.com",
    form=N_(
        "An imap:// address has a host, a port if it is not 143, and nothing else,"
        " such as imap://example.com."
    ),
    default_port=143,
    refused_ports={**REFUSED_PORTS, 993: _TLS_AT_ONCE},
)

LINE_LIMIT = 8_192  # servers write at most 1,000 octets a line of SMTP; capabilities may be longer
MOST_LINES = 200
GOODBYE_S = 1.0
_REPLY = re.compile(rb"(\d{3})(?:([ -])(.*))?")
_DONE, _FAILED, _NEVER = range(200, 300), 400, range(500, 600)


class _Dialogue(ABC):
    """One conversation in lines of text, up to the handshake and after it."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._unread = b""

    @abstractmethod
    async def start(self) -> None:
        """Talk until the server is ready for the handshake. Raises BadAnswer, OSError."""
        raise NotImplementedError

    @abstractmethod
    async def leave(self) -> None:
        """Say goodbye and hear the answer."""
        raise NotImplementedError

    def expect_silence(self) -> None:
        """The server waits for the handshake: whatever else came was put in by somebody."""
        if self._unread:
            raise _wrong_protocol()

    async def say(self, line: str) -> None:
        await self._stream.write(f"{line}\r\n".encode("ascii"))

    async def hear(self) -> bytes:
        """The next line. Raises BadAnswer for what is no line, OSError when there is none."""
        while b"\n" not in self._unread:
            if len(self._unread) > LINE_LIMIT:
                raise _wrong_protocol()
            data = await self._stream.read()
            if not data:
                raise ConnectionResetError("hung up in the middle of a line")
            self._unread += data
        line, _, self._unread = self._unread.partition(b"\n")
        return line.rstrip(b"\r")


class _Smtp(_Dialogue):
    async def start(self) -> None:
        await self._reply()
        # The literal that mail programs without a name of their own use (RFC 5321, 4.1.3).
        await self.say("EHLO [127.0.0.1]")
        offered = await self._reply(not_known=Reason.NO_STARTTLS)
        if b"STARTTLS" not in {line.split(b" ")[0].upper() for line in offered}:
            raise BadAnswer(Reason.NO_STARTTLS, "not among what EHLO lists")
        await self.say("STARTTLS")
        await self._reply()

    async def leave(self) -> None:
        await self.say("QUIT")
        await self._reply()

    async def _reply(self, not_known: Reason | None = None) -> list[bytes]:
        """The texts of one positive reply. Raises BadAnswer for any other."""
        texts = []
        for _ in range(MOST_LINES):
            match = _REPLY.fullmatch(await self.hear())
            if match is None:
                break
            texts.append(match[3] or b"")
            code = int(match[1])
            if code in _NEVER and not_known is not None:
                raise BadAnswer(not_known, "a command it does not know")
            if code >= _FAILED:
                raise BadAnswer(Reason.SMTP, "it goes no further", code)
            if code not in _DONE:
                break
            if match[2] != b"-":
                return texts
        raise _wrong_protocol()


class _Imap(_Dialogue):
    async def start(self) -> None:
        greeting = (await self.hear()).upper()
        if greeting.startswith(b"* BYE"):
            raise BadAnswer(Reason.IMAP, "BYE")
        if greeting.startswith(b"* PREAUTH"):  # too late for STARTTLS (RFC 9051, 6.2.1)
            raise BadAnswer(Reason.NO_STARTTLS, "signed in already")
        if not greeting.startswith(b"* OK"):
            raise _wrong_protocol()
        offered = await self._ask("a1", "CAPABILITY")
        if not any(b"STARTTLS" in line.split() for line in offered):
            raise BadAnswer(Reason.NO_STARTTLS, "not among its capabilities")
        await self._ask("a2", "STARTTLS")

    async def leave(self) -> None:
        await self._ask("a3", "LOGOUT")

    async def _ask(self, tag: str, command: str) -> list[bytes]:
        """The untagged answers before OK, in capitals."""
        await self.say(f"{tag} {command}")
        lines: list[bytes] = []
        for _ in range(MOST_LINES):
            line = (await self.hear()).upper()
            if line.startswith(f"{tag.upper()} OK".encode("ascii")):
                return lines
            if line.startswith(f"{tag.upper()} ".encode("ascii")):
                raise BadAnswer(Reason.IMAP, "NO or BAD")
            if line.startswith(b"* BYE") and command != "LOGOUT":
                raise BadAnswer(Reason.IMAP, "BYE")
            lines.append(line)
        raise _wrong_protocol()


def _wrong_protocol() -> BadAnswer:
    return BadAnswer(Reason.WRONG_PROTOCOL, "no line of this protocol")


class MailChecker(TlsChecker):
    """Checks ``smtp://`` and ``imap://``; both begin without TLS."""

    rules: ClassVar = {one.scheme: one for one in (_SMTP_RULES, _IMAP_RULES)}
    _DIALOGUES: ClassVar[Mapping[str, type[_Dialogue]]] = {"smtp": _Smtp, "imap": _Imap}

    async def _shake_hands(
        self, scheme: str, host: str, stream: Stream, context: ssl.SSLContext, timer: PhaseTimer
    ) -> None:
        dialogue = self._DIALOGUES[scheme](stream)
        try:
            await dialogue.start()
            dialogue.expect_silence()
        except BadAnswer:
            await self._leave(dialogue)
            raise
        await super()._shake_hands(scheme, host, stream, context, timer)
        timer.ready_at = None  # the goodbye is not what was waited for
        await self._leave(self._DIALOGUES[scheme](stream))

    @staticmethod
    async def _leave(dialogue: _Dialogue) -> None:
        """The verdict stands, however this goes."""
        with suppress(BadAnswer, OSError):
            async with asyncio.timeout(GOODBYE_S):
                await dialogue.leave()


SMTP = MonitorKind(_SMTP_RULES, MailChecker, other_names=("smtp", "mail"))
IMAP = MonitorKind(_IMAP_RULES, MailChecker, other_names=("imap",))
