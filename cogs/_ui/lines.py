"""Lists in an embed, whose length Discord limits."""

import sys
from collections.abc import Sequence

from bot.words.translator import Translator

_DESCRIPTION_LIMIT = 4_000  # Discord's own is 4,096


def fitting(
    words: Translator, lines: Sequence[str], room: int = _DESCRIPTION_LIMIT, most: int = sys.maxsize
) -> list[str]:
    """As many lines as fit, whole, and how many do not."""
    shown: list[str] = []
    for number, line in enumerate(lines):
        more = words.text("+{n} more", n=len(lines) - number)
        is_last = number == len(lines) - 1
        room -= len(line) + 1
        if number == most or room < (0 if is_last else len(more)):
            return [*shown, more]
        shown.append(line)
    return shown


RED, YELLOW, GREEN, GREY = 0xDA373C, 0xF0B232, 0x23A55A, 0x80848E
