"""What is offered while people type: at most 25 choices, from memory, and never an error."""

import logging
from collections.abc import Callable, Coroutine, Iterable
from functools import wraps
from typing import Any, TypeAlias

from discord import app_commands

from bot.discord.client import Interaction
from bot.words.escaping import clip_units, units

log = logging.getLogger(__name__)

Choices: TypeAlias = list[app_commands.Choice[str]]
_MOST = 25
_TEXT_LIMIT = 100


def safe_autocomplete(
    offer: Callable[[Interaction, str], Choices],
) -> Callable[[Interaction, str], Coroutine[Any, Any, Choices]]:
    """Discord waits 3 s and shows nobody an error: a bug is logged, and nothing is offered."""

    @wraps(offer)
    async def safely(interaction: Interaction, typed: str) -> Choices:
        try:
            return offer(interaction, typed)
        except Exception:
            log.exception("autocomplete failed")
            return []

    return safely


def choices(pairs: Iterable[tuple[str, str]]) -> Choices:
    """Of texts and their values; each value once, under its first text."""
    texts: dict[str, str] = {}
    for text, value in pairs:
        if units(value) <= _TEXT_LIMIT:  # for one that is longer Discord refuses all of them
            texts.setdefault(value, clip_units(text, _TEXT_LIMIT))
    found = list(texts.items())[:_MOST]
    return [app_commands.Choice(name=text, value=value) for value, text in found]
