"""Old encodings as browsers read them, where Python's own codecs read otherwise.

Source: the WHATWG's standard "Encoding"; ``tests/engine/test_encodings.py`` compares each of them
with an installed Chromium, sequence by sequence.
"""

import codecs
import re
from collections.abc import Callable, Mapping
from functools import lru_cache

import webencodings

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
