"""Escapes foreign text for Discord's markdown: it pings nobody, links nowhere, breaks no layout.

Source: the rules by which Discord's clients read markdown. ``discord.utils.escape_markdown``
leaves ``<@&id>``, ``</cmd:id>``, ``<t:…>`` and bidi characters alive (measured), so this is our
own. It escapes only what would be read as a mark, so that ordinary names stay as they are.
"""

import re
import unicodedata
from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit

ELLIPSIS = "…"
_HOST_LIMIT = 300
_READ, _READ_PER = 1_000, 4
# Control, format (bidi, zero width), surrogate, private and unassigned: no place in a line.
_DROPPED = {"Cc", "Cf", "Cs", "Co", "Cn"}
# Letters and marks that show nothing (Unicode: Default_Ignorable_Code_Point), the braille blank.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0]"
)
_IGNORABLE_PLANE = range(0xE0000, 0xE1000)

# What a client reads as a mark, and where. Everything else is plain text already.
_MARKS = re.compile(
    r"""
      [\\*`<@]                          # emphasis, code, mentions and times; escapes themselves
    | (?<![A-Za-z0-9])_|_(?![A-Za-z0-9])  # inside a word it is no mark: snake_case
    | \|(?=\|)|(?<=\|)\|                # spoilers
    | ~(?=~)|(?<=~)~                    # struck out
    | (?<=\])\(                         # links with a text of their own
    | :(?=//|[\w+-]+:)                  # links, emoji
    | ^>                                # quotes
    | ^\#(?=\#{0,2}\s)                  # headings
    | ^-(?=\#?\s)|^\+(?=\s)             # small print, lists
    | ^\d+\.(?=\s)                      # numbered lists; the mark is the last character
    """,
    re.VERBOSE,
)


def plain(text: str, limit: int) -> str:
    """One line of visible text, NFC, at most ``limit`` characters.

    Only a beginning many times as long is read: 100 KB of accents take 10 s to put in order.
    """
    text = text[: _READ + _READ_PER * max(0, limit)]
    seen = "".join(" " if c.isspace() else c for c in text if c.isspace() or _visible(c))
    return _shortened(" ".join(unicodedata.normalize("NFC", seen).split()), limit)


def units(text: str) -> int:
    """The length as Discord counts it, in UTF-16: an emoji takes two. Limits are given in these.

    Source: its clients do so everywhere, its API in some places (api-docs); the longer count is
    within both.
    """
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def markdown(text: str, limit: int) -> str:
    """:func:`plain`, and literal wherever Discord renders markdown; ``limit`` counts escapes.

    Ordinary names ("Shop API", "127.0.0.1:8081", "my-site") come out as they are.
    """
    return _within(
        limit, lambda room: _MARKS.sub(lambda m: f"{m[0][:-1]}\\{m[0][-1]}", plain(text, room))
    )


def code(text: str, limit: int) -> str:
    """Inline code, ticks included in ``limit``; only for embeds."""
    return f"`{_within(limit - 2, lambda room: plain(text.replace('`', ''), room)) or '?'}`"


def _within(limit: int, make: Callable[[int], str]) -> str:
    room = limit
    while True:
        made = make(room)
        excess = units(made) - limit
        if excess <= 0 or room <= 0:
            return made
        # A character takes two at most, escaped or not: half the excess is never too much.
        room -= max(1, excess // 2)


def code_block(text: str, limit: int) -> str:
    """Several lines as they are, at most ``limit`` characters of them; only for embeds."""
    lines = [
        "".join(c for c in line.replace("\t", " ") if _visible(c)) for line in text.splitlines()
    ]
    shown = clip("\n".join(lines).replace("`", "'"), limit)
    return f"```\n{shown}\n```"


def clip(text: str, limit: int) -> str:
    """Shorten a text of our own with an ellipsis, never inside an escape."""
    if units(text) <= limit:
        return text
    room = min(len(text), max(0, limit - 1))
    while units(text[:room]) > max(0, limit - 1):
        room -= 1
    cut = text[:room].rstrip()
    dangling = (len(cut) - len(cut.rstrip("\\"))) % 2
    return (cut[:-1] if dangling else cut) + ELLIPSIS


def host(url: str) -> str:
    """Host and port as they can be trusted: a name that is not ASCII has its ``xn--`` form beside.

    Plain text: pass it through :func:`markdown` or :func:`code`.
    """
    ascii_form = _ascii_netloc(_split(url))
    try:
        readable = ascii_form.encode("ascii").decode("idna")
    except UnicodeError:
        return plain(ascii_form, _HOST_LIMIT)
    shown = plain(readable, _HOST_LIMIT)
    return shown if shown.isascii() else f"{shown} ({plain(ascii_form, _HOST_LIMIT)})"


def _split(address: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError:  # brackets that hold no address: its parts are not to be known
        return SplitResult("", "?", "", "", "")


def _ascii_netloc(parts: SplitResult) -> str:
    """Host and port without user names; a name beyond the rules stays as it is."""
    netloc = parts.netloc.rpartition("@")[2]
    try:
        return netloc.encode("idna").decode("ascii")
    except UnicodeError:
        return netloc


def _visible(char: str) -> bool:
    return (
        unicodedata.category(char) not in _DROPPED
        and ord(char) not in _IGNORABLE_PLANE
        and not _INVISIBLE.match(char)
    )


def _shortened(text: str, limit: int) -> str:
    """Cut before a whole character: an accent that stands alone stays with its letter."""
    if len(text) <= limit:
        return text
    end = max(0, limit - 1)
    while end and unicodedata.combining(text[end]):
        end -= 1
    return (text[:end].rstrip() + ELLIPSIS)[: max(0, limit)]
