"""Foreign text made harmless: it pings nobody, links nowhere and breaks no layout.

Source: Discord's markdown; ``discord.utils.escape_markdown`` leaves ``<@&id>``, ``</cmd:id>``,
``<t:…>`` and bidi characters alive (measured), so this is our own.
"""

import re
import unicodedata
from urllib.parse import urlsplit

ELLIPSIS = "…"
# Control, format (bidi, zero width), surrogate and private characters: none has a place in a line.
_DROPPED = {"Cc", "Cf", "Cs", "Co", "Cn"}
# Always marks somewhere in a line; _ only at a word's edge, so that snake_case stays readable.
_MARKS = re.compile(
    r"""[\\*`~|<>\[\]@#]      # emphasis, code, spoilers, mentions, links, headings, quotes
      | (?<![^\W_])_ | _(?![^\W_])
      | :(?=//) | :(?=[\w+-]+:)  # automatic links; emoji names
      | ^[+-](?=\s) | (?<=^\d)\.(?=\s)""",
    re.VERBOSE,
)


def plain(text: str, limit: int) -> str:
    """One line of visible text, NFC, at most ``limit`` characters."""
    kept = "".join(
        " " if c.isspace() else c
        for c in unicodedata.normalize("NFC", text)
        if c.isspace() or unicodedata.category(c) not in _DROPPED
    )
    return clip(" ".join(kept.split()), limit)


def clip(text: str, limit: int) -> str:
    """Shorten with an ellipsis, never inside an escape."""
    if len(text) <= limit:
        return text
    cut = text[: max(0, limit - 1)].rstrip()
    backslashes = len(cut) - len(cut.rstrip("\\"))
    return (cut[:-1] if backslashes % 2 else cut) + ELLIPSIS


def markdown(text: str, limit: int) -> str:
    """:func:`plain` with everything Discord would render made literal; capped after escaping."""
    return clip(_MARKS.sub(lambda m: "\\" + m[0], plain(text, limit * 4)), limit)


def code(text: str, limit: int) -> str:
    """Inline code; only for embeds."""
    return f"`{plain(text.replace('`', 'ʼ'), limit) or ' '}`"


def host(url: str) -> str:
    """The host as people may trust it: the punycode form beside any name that is not ASCII."""
    netloc = urlsplit(url).netloc.rpartition("@")[2]
    try:
        readable = netloc.encode("ascii").decode("idna")
    except UnicodeError:
        return netloc
    return netloc if readable == netloc else f"{readable} ({netloc})"


def shown_url(url: str) -> str:
    """Scheme, host and path; a query may hold secrets and is shown as ``?…``."""
    parts = urlsplit(url)
    netloc = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{netloc}{parts.path}" + ("?…" if parts.query else "")
