"""The text of a body as browsers read it, and a text looked for as people read it.

A charset is found where the WHATWG's standard of HTML looks: in the byte order mark, the header,
``<meta>``, the XML declaration. What a person copies from a page is found although its source has
entities, escapes, other blanks or decomposed letters there.
"""

import asyncio
import codecs
import html
import json
import re
import unicodedata
import zlib
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

import webencodings

from bot.engine.error_mapping import BadAnswer
from bot.models import Reason

PRESCANNED = 16 * 1024  # Chromium looks as far as the head of the page goes
MAX_CONTENT_TYPE = 1_024
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16le"),
    (codecs.BOM_UTF16_BE, "utf-16be"),
)
# Every quantifier that can meet much has a bound or keeps what it took: servers choose the text.
_CHARSET = re.compile(r"""charset[ \t]*+=[ \t]*+["']?+([^\s"';,]{1,40}+)""", re.IGNORECASE)
_META = re.compile(rb"<meta[\s/]([^>]{0,1024}+)>")
_ATTRIBUTE = re.compile(
    rb"""([^\s"'>/=]{1,32}+)\s{0,9}+=\s{0,9}+(?:"([^"]{0,256}+)"|'([^']{0,256}+)'|([^\s"'>]{1,256}+))"""
)
_XML = re.compile(
    rb"""\s{0,99}+<\?xml[^>]{0,200}?encoding\s{0,9}+=\s{0,9}+["']([^"'>]{1,40}+)["']""",
    re.IGNORECASE,
)
_NOT_LOOKED_INTO = ((b"<!--", b"-->"), (b"<script", b"</script"))
# Texts are worked through in pieces, so that others have their turns: putting marks in order
# takes quadratic time (measured: 105 s for 256 KiB), reading references a second for the oddest.
_PIECE = 16 * 1024
_SLICE = 256
_SLICES_A_TURN = 32
_FARTHEST_START = 64
_ESCAPES = re.compile(r"""(?:\\u[0-9A-Fa-f]{4}){1,100}+|\\["/bfnrt\\]""")
_NO_LETTER = re.compile(r"&#[xX]?[0-9A-Fa-f]{9,}+;?")  # Python refuses numbers of 4,300 digits
_JOINING = re.compile("[\u1160-\u11ff]")  # parts of Korean syllables that join what stands before


def decoded(body: bytes, content_type: str = "") -> str:
    """The body as text. Never fails: what cannot be read becomes U+FFFD."""
    for mark, name in _BOMS:
        if body.startswith(mark):
            return decode(body[len(mark) :], name)
    encoding = encoding_name(_charset(content_type)) or _declared(body, content_type)
    if encoding is not None:
        return decode(body, encoding)
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        before = body[: error.start]
        is_cut = error.end == len(body) and not before.isascii()  # by the end of what is read
        return before.decode("utf-8") if is_cut else decode(body, "windows-1252")


def _charset(content_type: str) -> str:
    found = _CHARSET.search(content_type[:MAX_CONTENT_TYPE])
    return found[1] if found else ""


def _declared(body: bytes, content_type: str) -> str | None:
    kind = content_type.partition(";")[0].lower()
    if kind and "html" not in kind and "xml" not in kind:
        return None
    start = body[:PRESCANNED].lower()
    found = _XML.match(start)
    name = encoding_name(found[1].decode("latin-1")) if found else _of_meta(start)
    # Whoever could read that in ASCII does not read UTF-16.
    return {"utf-16le": "utf-8", "utf-16be": "utf-8", "x-user-defined": "windows-1252"}.get(
        name or "", name
    )


def _of_meta(start: bytes) -> str | None:
    """The first ``<meta>`` that names an encoding, in either of two ways."""
    for opens, ends in _NOT_LOOKED_INTO:
        first, *rest = start.split(opens)
        start = first + b"".join(part.partition(ends)[2] for part in rest)
    for meta in _META.finditer(start):
        said = {
            name: (double or single or bare).decode("latin-1")
            for name, double, single, bare in _ATTRIBUTE.findall(meta[1])
        }
        label = said.get(b"charset", "").strip()
        if not label and said.get(b"http-equiv", "").strip() == "content-type":
            label = _charset(said.get(b"content", ""))
        name = encoding_name(label)
        if name is not None:
            return name
    return None


async def holds(text: str, wanted: str, content_type: str = "") -> bool:
    """True when somebody who reads the page finds that text on it."""
    if wanted in text:
        return True
    wanted = await folded(wanted)
    if wanted in await folded(text):
        return True
    kind = content_type.partition(";")[0].lower()
    if "json" in kind or (not kind and text.lstrip()[:1] in {"{", "["}):
        read = await _in_pieces(text, "\\", _unescaped)
    else:
        read = await _in_pieces(text, "&", _dereferenced)
    return read != text and wanted in await folded(read)


async def folded(text: str) -> str:
    """Letters composed, and one blank for any run of blanks, no-break ones and line ends too."""
    if not text.isascii():
        text = await _composed(text)
    return " ".join(text.split())


async def _composed(text: str) -> str:
    """Unicode's form C, cut only where a letter begins."""
    slices: list[str] = []
    at = 0
    while at < len(text):
        end = _start_of_letter(text, at + _SLICE)
        slices.append(unicodedata.normalize("NFC", text[at:end]))
        at = end
        if len(slices) % _SLICES_A_TURN == 0:
            await asyncio.sleep(0)
    return "".join(slices)


def _start_of_letter(text: str, near: int) -> int:
    """Where the letter at ``near`` begins; not looked for far away."""
    if near >= len(text):
        return len(text)
    for at in range(near, near - _FARTHEST_START, -1):
        if not unicodedata.combining(text[at]) and _JOINING.match(text[at]) is None:
            return at
    return near


async def _in_pieces(text: str, mark: str, read: Callable[[str], str]) -> str:
    """``read`` applied to pieces that begin with the mark."""
    pieces: list[str] = []
    at = 0
    while at < len(text):
        end = text.find(mark, at + _PIECE)
        end = end if end >= 0 else len(text)
        pieces.append(read(text[at:end]))
        at = end
        await asyncio.sleep(0)
    return "".join(pieces)


def _unescaped(text: str) -> str:
    """JSON's escapes; two that stand for one letter are read together."""
    return _ESCAPES.sub(lambda escape: str(json.loads(f'"{escape[0]}"')), text)


def _dereferenced(text: str) -> str:
    return html.unescape(_NO_LETTER.sub("", text)) if "&" in text else text


_ZLIB_OR_GZIP, _RAW = 47, -15  # zlib's numbers for what it expects
_ZLIB_METHOD, _ZLIB_CHECK = 8, 31
_HEADER_BYTES = 2  # enough to know gzip, zlib and bare deflate apart
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
        self._start = b""  # of something packed, too short to know what
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
            if len(data) < _HEADER_BYTES:
                self._start = data
                return b""
            bare = self._may_be_bare and not _has_header(data)
            self._zlib = zlib.decompressobj(_RAW if bare else _ZLIB_OR_GZIP)
        self.body += self._zlib.decompress(data, room)
        self._taken -= len(self._zlib.unconsumed_tail)
        return self._zlib.unused_data


def _has_header(data: bytes) -> bool:
    """True for gzip and zlib; some servers call bare deflate so too (RFC 9110, 8.4.1)."""
    if data[:1] == b"\x1f":
        return True
    return data[0] & 0x0F == _ZLIB_METHOD and int.from_bytes(data[:2]) % _ZLIB_CHECK == 0


# Honest pages have few characters that Python lacks, and each costs a call: a hostile body of
# nothing else would hold the event loop.
MOST_GAPS = 2_000

# Python's gbk lacks what browsers read by that label; the later standard holds all of it.
_CODECS = {"gbk": "gb18030", "iso-2022-jp": "iso2022_jp_ext"}
_JAPANESE = str.maketrans("〜‖−¢£¬", "～∥－￠￡￢")
_CHINESE = str.maketrans(
    "\ue5e5\ue78d\ue78e\ue78f\ue790\ue791\ue792\ue793\ue794\ue795\ue796\ue7c7\u1e3f"
    "\ue81e\ue826\ue82b\ue82c\ue832\ue843\ue854\ue864",
    "\u3000︐︒︑︓︔︕︖︗︘︙\u1e3f\ue7c7龴龵龶龷龸龹龺龻",
)
# Characters for which a codec has others.
_REPLACED: Mapping[str, dict[int, int]] = {
    "euc-jp": _JAPANESE,
    "iso-2022-jp": _JAPANESE,
    "gbk": _CHINESE,
    "gb18030": _CHINESE,
    "big5": str.maketrans("•､‾∼♁☉¥¢£", "‧﹑¯～⊕⊙￥￠￡"),
}
# One byte a character; what Python knows nothing for from 0x80 to 0x9f is a control character.
_ONE_BYTE = re.compile(r"windows-|koi8-")
_HIGH, _CONTROLS, _FIRST = 0x80, range(0x80, 0xA0), range(0x81, 0xFF)
_OTHERS = {"koi8-u": {0xAE: "ў", 0xBE: "Ў"}, "windows-1255": {0xCA: "\u05ba"}}
# What Python's Big5 lacks: by the two bytes in hex, and two runs of characters.
_BIG5_SINGLE = (
    "8e69箸8e6f簆8e7e糎8eab緒8eb4縝8ecd者8ed0耨8f57菁8f69蒨8f6e萏8fcb覦8fcc覩8ffe起906d都907a銹90dc靜"
    "90f1響91bf鼖9244蔃92af兙92b0兛92b1兝92b2兞92c8鍮92d1瑹9447浧94ca禛95d9邗9644靝96ed瀞96fc嬨9b76爁"
    "9b78矗9b7b纇9bc6駖9bde釔9bec惞9bf6澶9c42輶9c53侻9c62營9c68鄄9c6b鷰9c77菏9cbc尐9cbd秣9cd0婧9d57輋"
    "9d5a筑9dc4拐9ea9恢9eef痹9efd汊9f60鬮9f66鼗9fcb僭9fd8弌a063蠏a077拎a0d5瑨a0df煢a0e4牐c6cf廴c6d3无"
    "c6d5癶c6d7隶c6de〃c6df仝fa5f倩fa66偽fabd包fac5卄fad5卿fb48嘅fbb8婷fbf3幵fbf9廐fc4f彘fc6c悤fcb9撐"
    "fce2晴fcf1杞fdb7沜fdb8渝fdbb港fdf1煮fe52猪fe6f瑜feaa瓩fedd砉"
)
_BIG5_RUNS = {
    "877a": "㡵𡵓𣚞𦀡㻬𥣞㫵竼龗𤅡𨤍𣇪𠪊𣉞䌊蒄龖鐯䤰蘓墖靊鈘秐稲晠権袝瑌篅枂稬剏遆"
    "㓦珄𥶹瓆鿇垳䤯呌䄱𣚎堘穲𧭥讏䚮𦺈䆁𥶙箮𢒼鿈𢓁𢓉𢓌鿉蔄𣖻䂴鿊䓡𪷿拁灮鿋",
    "a3c0": "␀␁␂␃␄␅␆␇␈␉␊␋␌␍␎␏␐␑␒␓␔␕␖␗␘␙␚␛␜␝␞␟␡€",
}
_BIG5_TRAILS = bytes((*range(0x40, 0x7F), *range(0xA1, 0xFF)))


def encoding_name(label: str) -> str | None:
    """The browsers' name of an encoding. Only known labels reach Python, which keeps all names."""
    encoding = webencodings.lookup(label) if label.isascii() else None
    return None if encoding is None else encoding.name


def decode(body: bytes, label: str) -> str:
    """The text of a body in the encoding of this label; empty for a label that is none.

    Never fails: what cannot be read becomes U+FFFD.
    """
    encoding = webencodings.lookup(label)
    if encoding is None:
        return ""
    name, codec = encoding.name, encoding.codec_info
    if _ONE_BYTE.match(name):
        return codecs.charmap_decode(body, "replace", _table(name, codec.name))[0]
    if name not in _REPLACED:
        return codec.decode(body, "replace")[0]
    _fill_gap.left = MOST_GAPS
    return body.decode(_CODECS.get(name, codec.name), _GAPS).translate(_REPLACED[name])


@lru_cache
def _table(name: str, codec: str) -> str:
    """The characters of all bytes."""
    table = list(bytes(range(256)).decode(codec, "replace"))
    for byte in _CONTROLS:
        if table[byte] == "\ufffd":
            table[byte] = chr(byte)
    for byte, char in _OTHERS.get(name, {}).items():
        table[byte] = char
    return "".join(table)


class _GapFiller:
    """An error handler of codecs: reads what they lack, but not for ever."""

    left = MOST_GAPS

    def __call__(self, error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeDecodeError):
            raise error
        body, start = error.object, error.start
        self.left -= 1
        if self.left < 0:
            return body[start:].decode(error.encoding, "replace"), len(body)
        pair = body[start : start + 2]
        char, length = _LACKING[error.encoding](pair)
        if char:
            return char, start + length
        # A pair that stands for nothing is left out whole, or what follows would be misread.
        return "\ufffd", start + 2 if pair[0] in _FIRST and pair[1:] >= b"\x80" else error.end


_GAPS = "vigie-gaps"
_fill_gap = _GapFiller()
codecs.register_error(_GAPS, _fill_gap)


def _japanese(pair: bytes) -> tuple[str, int]:
    """Of EUC-JP, or of ISO-2022-JP, which is the same without high bits.

    The rows of NEC and IBM, which Python lacks there, stand in Shift_JIS as Windows has it: two
    rows share a first byte.
    """
    row, cell = (pair[0] & 0x7F) - 0x20, (pair[-1] & 0x7F) - 0x20
    alike = pair.isascii() or min(pair) >= _CONTROLS.stop
    if len(pair) != 2 or not alike or not (0 < row < 95 and 0 < cell < 95):  # noqa: PLR2004
        return "", 0
    first = (row - 1) // 2 + (0x81 if row < 63 else 0xC1)  # noqa: PLR2004
    second = cell + (0x9E if row % 2 == 0 else 0x3F + (cell > 63))  # noqa: PLR2004
    return bytes((first, second)).decode("cp932", "ignore"), 2


def _chinese(pair: bytes) -> tuple[str, int]:
    """Windows has the sign of the euro at the one byte that begins nothing."""
    return ("€", 1) if pair[0] == _HIGH else ("", 0)


def _big5(pair: bytes) -> tuple[str, int]:
    return _big5_gaps().get(pair, ""), 2


@lru_cache
def _big5_gaps() -> Mapping[bytes, str]:
    rest = iter(_BIG5_SINGLE)
    gaps = {bytes.fromhex("".join(pair)): char for *pair, char in zip(*[rest] * 5, strict=True)}
    for begin, chars in _BIG5_RUNS.items():
        first, second = bytes.fromhex(begin)
        at = _BIG5_TRAILS.index(second)
        gaps |= {bytes((first, _BIG5_TRAILS[at + n])): char for n, char in enumerate(chars)}
    return gaps


_LACKING: Mapping[str, Callable[[bytes], tuple[str, int]]] = {
    "euc_jp": _japanese,
    "iso2022_jp_ext": _japanese,
    "gb18030": _chinese,
    "big5hkscs": _big5,
}
