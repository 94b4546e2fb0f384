"""Bodies that come compressed although none was asked for: gzip and deflate, within a limit.

Brotli and zstd come uninvited so seldom that they are named instead: each would need a library
in C for pages that curl does not read either.
"""

import zlib
from collections.abc import Iterable

from bot.engine.error_mapping import BadAnswer
from bot.models import Reason

_ZLIB_OR_GZIP, _RAW = 47, -15  # zlib's numbers for what it expects
_ZLIB_METHOD, _ZLIB_CHECK = 8, 31
_TELLING = 2  # bytes that tell gzip, zlib and bare deflate apart
# Pages shrink to a fifth, zeros to a thousandth.
MOST_GROWTH = 200
_UNKNOWN = {"br": Reason.BROTLI, "zstd": Reason.ZSTD}


class Unpacker:
    """Unpacks a body in pieces, no further than ``limit`` bytes. Other encodings are left alone."""

    def __init__(self, encodings: Iterable[str], limit: int) -> None:
        """Raises BadAnswer for an encoding that cannot be unpacked."""
        named = [name for name in encodings if name in {"gzip", "x-gzip", "deflate", *_UNKNOWN}]
        if len(named) > 1:
            raise BadAnswer(Reason.UNREADABLE, "compressed twice")
        if named and named[0] in _UNKNOWN:
            raise BadAnswer(_UNKNOWN[named[0]], "an encoding that is not read here")
        self._packed = bool(named)
        self._may_be_bare = named == ["deflate"]
        self._zlib: zlib._Decompress | None = None
        self._taken = 0
        self._start = b""  # of something packed, too short to tell what
        self._limit = limit
        self.body = bytearray()

    @property
    def full(self) -> bool:
        return len(self.body) >= self._limit

    @property
    def is_bomb(self) -> bool:
        return self._packed and len(self.body) > self._taken * MOST_GROWTH

    def take(self, data: bytes) -> None:
        """Raises BadAnswer for what is not packed as it says."""
        self._taken += len(data)
        data, self._start = self._start + data, b""
        try:
            while data and not self.full:
                data = self._some(data)
        except zlib.error as error:
            raise BadAnswer(Reason.UNREADABLE, str(error)) from error

    def _some(self, data: bytes) -> bytes:
        """Take some of it; what is left of it."""
        room = self._limit - len(self.body)
        if not self._packed:
            self.body += data[:room]
            return b""
        if self._zlib is None or self._zlib.eof:  # a body may be several, one after the other
            if len(data) < _TELLING:
                self._start = data
                return b""
            bare = self._may_be_bare and not _has_header(data)
            self._zlib = zlib.decompressobj(_RAW if bare else _ZLIB_OR_GZIP)
        self.body += self._zlib.decompress(data, room)
        self._taken -= len(self._zlib.unconsumed_tail)
        return self._zlib.unused_data


def _has_header(data: bytes) -> bool:
    """Whether gzip or zlib begins here; some servers call bare deflate so too (RFC 9110, 8.4.1)."""
    if data[:1] == b"\x1f":
        return True
    return data[0] & 0x0F == _ZLIB_METHOD and int.from_bytes(data[:2]) % _ZLIB_CHECK == 0
