"""Times of day as people type them: ``02:30``, ``2h30``, ``14 h``, ``2:30 pm``."""

import re
from datetime import time
from typing import Any, TypeAlias

import discord
from discord import app_commands

from bot.errors import UserError

_TIME = re.compile(r"(\d{1,2})\s*(?:[:h.]\s*(\d{2})?)?\s*(am|pm)?")
_HALF_DAY, _DAY = 12, 24
_LAST_MINUTE = 59


def time_of_day(text: str) -> time:
    """The time; ``24:00`` is midnight. Raises UserError with an example."""
    match = _TIME.fullmatch(text.strip().lower())
    if match is None or not (match[2] or match[3] or "h" in text.lower()):
        raise _not_understood()
    hour, minute = int(match[1]), int(match[2] or 0)
    if match[3]:
        if not 1 <= hour <= _HALF_DAY:
            raise _not_understood()
        hour = hour % _HALF_DAY + (_HALF_DAY if match[3] == "pm" else 0)
    if hour > _DAY or minute > _LAST_MINUTE or (hour == _DAY and minute):
        raise _not_understood()
    return time(hour % _DAY, minute)


def _not_understood() -> UserError:
    return UserError("I did not understand that time of day. Examples: 02:30, 14:00.")


class _TimeOption(app_commands.Transformer):
    async def transform(self, interaction: discord.Interaction[Any], value: str, /) -> time:
        del interaction
        return time_of_day(value)


TimeOfDay: TypeAlias = app_commands.Transform[time, _TimeOption]
