"""Lengths of time as people type them: ``30m``, ``2 h``, ``1d``, ``1 h 30 min``, ``2 jours``."""

import re
import unicodedata
from typing import Any, TypeAlias

import discord
from discord import app_commands

from bot.errors import UserError

_UNITS_S = {
    "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1, "seconde": 1, "secondes": 1,
    "m": 60, "mn": 60, "min": 60, "mins": 60, "minute": 60, "minutes": 60,
    "h": 3600, "hr": 3600, "hrs": 3600, "hour": 3600, "hours": 3600, "heure": 3600, "heures": 3600,
    "d": 86_400, "day": 86_400, "days": 86_400, "j": 86_400, "jour": 86_400, "jours": 86_400,
    "w": 604_800, "week": 604_800, "weeks": 604_800, "semaine": 604_800, "semaines": 604_800,
}  # fmt: skip
_PART = re.compile(r"(\d{1,9}(?:[.,]\d{1,3})?)\s*([a-z]+)\s*(?:,|and|et)?\s*")
LONGEST_S = 366 * 86_400


def span_s(text: str) -> int:
    """Seconds, at least one and at most a year. Raises UserError with an example."""
    wanted = unicodedata.normalize("NFKC", text).strip().lower()
    total, position = 0.0, 0
    while match := _PART.match(wanted, position):
        if match[2] not in _UNITS_S:
            break
        total += float(match[1].replace(",", ".")) * _UNITS_S[match[2]]
        position = match.end()
    if position != len(wanted) or not 1 <= round(total) <= LONGEST_S:
        raise UserError("I did not understand that length of time. Examples: 30m, 2h, 1d.")
    return round(total)


class _SpanOption(app_commands.Transformer):
    async def transform(self, interaction: discord.Interaction[Any], value: str, /) -> int:
        del interaction
        return span_s(value)


Span: TypeAlias = app_commands.Transform[int, _SpanOption]
