"""The option ``for`` of ``/mute``: lengths of time offered as people type, and the word "off"."""

import logging
import re

from discord import app_commands

from bot.errors import UserError
from bot.services.overlays import MUTE_LIMIT_S
from bot.tree import words_of
from bot.words.catalogue import Words
from cogs._ui.asking import Interaction
from cogs._ui.spans import span_s

log = logging.getLogger(__name__)

OFF = "off"
_OFF = re.compile(r"off|non|0+\s*[smhdjw]?", re.IGNORECASE)
_VALUE_LIMIT = 100  # of a choice; one that is longer, and Discord refuses all of them
_COMMON = ("30m", "1h", "2h", "4h", "8h", "12h", "1d", "3d", "7d")


def mute_s(text: str) -> int | None:
    """Seconds; None for "off" and for no time at all. Raises UserError."""
    return None if _OFF.fullmatch(text.strip()) else span_s(text)


async def offer_mutes(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
    """What was typed if it is a length of time, then the common ones, then "off".

    Never raising: Discord waits 3 s.
    """
    try:
        return _choices(words_of(interaction), typed.strip())
    except Exception:
        log.exception("autocomplete failed")
        return []


def _choices(words: Words, typed: str) -> list[app_commands.Choice[str]]:
    offered = {text: words.duration(span_s(text)) for text in _COMMON}
    offered[OFF] = words.text("off: alerts again")
    wanted = typed.casefold()
    found = {
        value: name
        for value, name in offered.items()
        if value.startswith(wanted) or name.casefold().startswith(wanted)
    }
    own = _own(words, typed)
    chosen = own | {value: name for value, name in found.items() if name not in own.values()}
    return [app_commands.Choice(name=name, value=value) for value, name in chosen.items()]


def _own(words: Words, typed: str) -> dict[str, str]:
    """A length of time that was typed whole."""
    if len(typed) > _VALUE_LIMIT:
        return {}
    try:
        seconds = span_s(typed)
    except UserError:
        return {}
    return {typed: words.duration(seconds)} if seconds <= MUTE_LIMIT_S else {}
