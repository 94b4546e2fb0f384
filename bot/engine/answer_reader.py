"""Reads an HTTP/1 answer as browsers and curl do, from whatever pieces it comes in.

Servers are odd in a thousand ways that no visitor ever notices: lines that are no field, lengths
that say nothing, chunks without an end. ``tests/engine/raw_answers.py`` has what both made of
them. Any input takes linear time: a server chooses what is matched here.
"""

import re
from dataclasses import dataclass

from bot.engine.error_mapping import BadAnswer, EndlessAnswer
from bot.models import Reason

HEAD_BYTES = 256 * 1024  # as Chromium; interim answers included
# Of lines like "a:" 60,000 would fit: tens of megabytes and a tenth of a second of CPU (measured).
HEAD_LINES = 2_000
MOST_INTERIM = 10
CHUNK_LINE = 16 * 1024  # as Chromium

_EARLY = 4  # bytes before the first word that browsers forgive
_WORDS = (b"http", b"icy ")  # ICY: old radio servers
_LONGEST_WORD = 4
_FIRST_WORD = re.compile(b"|".join(_WORDS), re.IGNORECASE)
_HEAD_END = re.compile(rb"\n\r?\n")
_LINE_END = re.compile(rb"[\r\n]+")
_STATUS = re.compile(
    rb"(?:http(?:/(?P<version>\d+(?:\.\d+)?))?|icy)[ \t]+(?P<status>[1-9]\d\d)(?!\d)[ \t]*"
    rb"(?P<reason>.*)",
    re.IGNORECASE | re.DOTALL,
)
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_DIGITS = re.compile(rb"[0-9]{1,15}")
_SIZE = re.compile(rb"(?=.)0*+[0-9A-Fa-f]{0,15}")
_BLANKS = b" \t"
_SWITCHING, _NO_CONTENT, _NOT_MODIFIED, _FINAL = 101, 204, 304, 200

Field = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Head:
    """The lines before the body. ``version`` is as it was written: b"1.1"; empty without one."""

    status: int
    version: bytes
    reason: bytes
    fields: list[Field]

    def values(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.fields if key.lower() == name]


class AnswerReader:
    """Takes the bytes of one connection. ``head`` is there once it has come.

    Raises BadAnswer for what nobody can read, EndlessAnswer (one of them) for what does not end.
    """

    def __init__(self, method: str = "GET") -> None:
        self._has_body = method != "HEAD"
        self._buffer = bytearray()  # what has no meaning yet: a head, or a line between chunks
        self._searched = 0
        self._bytes = self._lines = self._interim = 0
        self._chunked = False
        self._after_chunk = False
        self._left: int | None = 0  # of the body or the chunk; None: until the connection ends
        self._broken: BadAnswer | None = None  # raised after what came before has been given
        self.head: Head | None = None
        self.whole = False

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes; what they hold of the body.

        What comes together with the head is looked at when the body is asked for, with the next
        call: a body that nobody needs cannot spoil an answer.
        """
        if self.head is None:
            self._bytes += len(data)
            self._buffer += data
            self._read_head(data)
            return b""
        if self._broken is not None:
            raise self._broken
        if self._buffer:
            data = bytes(self._buffer) + data
            self._buffer.clear()
        if self.whole:
            return b""
        if self._chunked:
            return self._chunks(data)
        if self._left is None:
            return data
        data = data[: self._left]
        self._left -= len(data)
        self.whole = not self._left
        return data

    def end(self, *, truncated_head_is_fine: bool = True) -> None:
        """The peer has ended. Raises BadAnswer when the answer is not whole.

        A head that breaks off after its first line is taken, as browsers do without TLS.
        """
        if self.head is None:
            self._end_in_head(truncated_head_is_fine=truncated_head_is_fine)
        if self._broken is not None:
            raise self._broken
        if self.whole or self._left is None:
            self.whole = True
        elif self._chunked and not self._left and bytes(self._buffer).strip() in {b"", b"0"}:
            self.whole = True  # the last chunk is missing, and nothing else
        else:
            raise BadAnswer(Reason.RESET, "the connection ended within the body")

    def _end_in_head(self, *, truncated_head_is_fine: bool) -> None:
        if self._buffer and _FIRST_WORD.match(self._buffer) is None:
            raise BadAnswer(Reason.NOT_HTTP, "the answer does not begin with HTTP")
        if b"\n" not in self._buffer or not truncated_head_is_fine:
            raise BadAnswer(Reason.RESET, "the connection ended within the head")
        self._take(_parsed(bytes(self._buffer)))
        self._buffer.clear()
        if self.head is None:
            raise BadAnswer(Reason.RESET, "the connection ended after an interim answer")
        self._left = None

    def _read_head(self, data: bytes) -> None:
        """Take the head, and the interim answers before it, as far as they have come."""
        while self.head is None and self._begins():
            found = _HEAD_END.search(self._buffer, max(0, self._searched - 2))
            if found is None:
                self._searched = len(self._buffer)
                self._lines += data.count(b"\n")
                if self._lines > HEAD_LINES or self._bytes > HEAD_BYTES:
                    raise EndlessAnswer("the head does not end")
                return
            head = _parsed(bytes(self._buffer[: found.end()]))
            del self._buffer[: found.end()]
            self._searched = 0
            self._take(head)

    def _begins(self) -> bool:
        """True when the first word has come. A banner is known at once, without its end."""
        early = _FIRST_WORD.search(self._buffer, 0, _EARLY + _LONGEST_WORD)
        if early is not None:
            del self._buffer[: early.start()]
            return True
        start = bytes(self._buffer[: _EARLY + _LONGEST_WORD]).lower()
        begun = [start[at : at + _LONGEST_WORD] for at in range(_EARLY + 1)]
        if not any(word.startswith(piece) for word in _WORDS for piece in begun):
            raise BadAnswer(Reason.NOT_HTTP, "the answer does not begin with HTTP")
        return False

    def _take(self, head: Head) -> None:
        if head.status == _SWITCHING:
            raise BadAnswer(Reason.MALFORMED, "the server switches to another protocol")
        if head.status < _FINAL:
            self._interim += 1
            if self._interim > MOST_INTERIM:
                raise EndlessAnswer("interim answers do not end")
            return
        self.head = head
        self._chunked = _is_chunked(head)
        if not self._has_body or head.status in {_NO_CONTENT, _NOT_MODIFIED}:
            self.whole = True
        elif not self._chunked:
            self._left = _length(head)
            self.whole = self._left == 0

    def _chunks(self, data: bytes) -> bytes:
        parts: list[bytes] = []
        try:
            self._split(data, parts)
        except BadAnswer as error:
            if not parts:
                raise
            self._broken = error
        return b"".join(parts)

    def _split(self, data: bytes, parts: list[bytes]) -> None:
        at = 0
        while not self.whole and at < len(data):
            if self._left:
                parts.append(data[at : at + self._left])
                at += len(parts[-1])
                self._left -= len(parts[-1])
                self._after_chunk = True
                continue
            end = data.find(b"\n", at)
            if end < 0:
                return self._keep(data[at:])
            self._between_chunks(data[at:end].strip())
            at = end + 1
        return None

    def _keep(self, line: bytes) -> None:
        if len(line) > CHUNK_LINE:
            raise EndlessAnswer("the line before a chunk does not end")
        self._buffer += line

    def _between_chunks(self, line: bytes) -> None:
        """A chunk's size, or the line end after one. What follows the last is of no use to us."""
        if self._after_chunk:
            self._after_chunk = False
            if line:
                raise BadAnswer(Reason.MALFORMED, "a chunk is longer than its size")
            return
        size = line.partition(b";")[0].rstrip()
        if _SIZE.fullmatch(size) is None:
            raise BadAnswer(Reason.MALFORMED, "a chunk without a size")
        self._left = int(size, 16)
        self.whole = not self._left


def _parsed(text: bytes) -> Head:
    """Every line that is a field; the others are dropped, as browsers do."""
    if b"\x00" in text:
        raise BadAnswer(Reason.MALFORMED, "a zero byte in the head")
    first, *lines = _LINE_END.split(text)
    if len(lines) > HEAD_LINES:
        raise EndlessAnswer("the head does not end")
    status = _STATUS.match(first)
    if status is None:
        raise BadAnswer(Reason.MALFORMED, "no status in the first line")
    version, reason = status["version"] or b"", status["reason"].rstrip(_BLANKS)
    return Head(int(status["status"]), version, reason, _fields(lines))


def _fields(lines: list[bytes]) -> list[Field]:
    fields: list[tuple[bytes, list[bytes]]] = []
    goes_on = False  # whether a line that begins with a blank belongs to the one before
    for line in lines:
        if line[:1] in {b" ", b"\t"}:
            if goes_on:
                fields[-1][1].append(line.strip(_BLANKS))
            continue
        name, colon, value = line.partition(b":")
        name = name.rstrip(_BLANKS)
        goes_on = bool(colon) and _NAME.fullmatch(name) is not None
        if goes_on:
            fields.append((name, [value.strip(_BLANKS)]))
    return [(name, values[0] if len(values) == 1 else b" ".join(values)) for name, values in fields]


def _listed(head: Head, name: bytes) -> set[bytes]:
    """The values of all fields of that name, split at the commas."""
    said = set(b",".join(head.values(name)).split(b","))
    return {one.strip(_BLANKS) for one in said}


def _is_chunked(head: Head) -> bool:
    return b"chunked" in {coding.lower() for coding in _listed(head, b"transfer-encoding")}


def _length(head: Head) -> int | None:
    """How long the body is; None where that is not said, or not in a number."""
    said = _listed(head, b"content-length")
    lengths = {int(one) for one in said if _DIGITS.fullmatch(one)}
    if len(lengths) > 1:
        raise BadAnswer(Reason.MALFORMED, "two lengths that differ")
    return next(iter(lengths), None)
