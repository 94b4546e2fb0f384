"""``/mute``: its option ``for``, a length of time or the word "off", and what it answers."""

import re

from bot.discord.client import Interaction
from bot.discord.command_tree import translator_of
from bot.errors import UserError
from bot.services.silences import MUTE_LIMIT_S
from bot.services.status import MonitorStatus
from bot.words.timestamps import stamp
from bot.words.translator import Translator
from cogs._ui.autocomplete import Choices, choices, safe_autocomplete
from cogs._ui.monitor_text import shown_name
from cogs._ui.time_options import parse_duration_s

OFF = "off"
_OFF = re.compile(r"off|non|0+\s*[smhdjw]?", re.IGNORECASE)
_VALUE_LIMIT = 100  # of a choice; one that is longer, and Discord refuses all of them
_COMMON = ("30m", "1h", "2h", "4h", "8h", "12h", "1d", "3d", "7d")


def parse_mute_s(text: str) -> int | None:
    """Seconds; None for "off" and for no time at all. Raises UserError."""
    return None if _OFF.fullmatch(text.strip()) else parse_duration_s(text)


@safe_autocomplete
def autocomplete_mutes(interaction: Interaction, typed: str) -> Choices:
    """What was typed if it is a length of time, then the common ones, then "off"."""
    words, typed = translator_of(interaction), typed.strip()
    lengths = {text: words.duration(parse_duration_s(text)) for text in _COMMON}
    lengths[OFF] = words.text("off: unmute")
    wanted = typed.casefold()
    found = {
        value: name
        for value, name in lengths.items()
        if value.startswith(wanted) or name.casefold().startswith(wanted)
    }
    own = _own(words, typed)
    others = ((name, value) for value, name in found.items() if name not in own.values())
    return choices([*((name, value) for value, name in own.items()), *others])


def _own(words: Translator, typed: str) -> dict[str, str]:
    """A length of time that was typed whole."""
    if len(typed) > _VALUE_LIMIT:
        return {}
    try:
        seconds = parse_duration_s(typed)
    except UserError:
        return {}
    return {typed: words.duration(seconds)} if seconds <= MUTE_LIMIT_S else {}


def muted_text(words: Translator, status: MonitorStatus, command: str) -> str:
    """Until when, what becomes of trouble meanwhile, and the way back."""
    until = stamp(status.monitor.muted_until_ms or 0, "f")
    lines = [
        words.text(
            "Alerts for {name} are muted until {time}.", name=shown_name(status.monitor), time=until
        ),
        words.text(
            "Checks go on; what fails meanwhile is reported at the end if it is still failing."
        ),
        words.text("To unmute it sooner: {command} with “{off}”.", command=command, off=OFF),
    ]
    if status.incident is not None and not status.incident.silenced:
        lines.insert(1, words.text("The open alert keeps updating; its recovery will be posted."))
    return "\n".join(lines)


def unmuted_text(words: Translator, status: MonitorStatus, *, was_muted: bool) -> str:
    """What follows: a pause or a maintenance window keeps it quiet whether it is muted or not."""
    name = shown_name(status.monitor)
    if not was_muted:
        return words.text("{name} was not muted.", name=name)
    if status.paused:
        return words.text(
            "{name} is no longer muted, but it is paused: no checks, no alerts.", name=name
        )
    if status.maintenance is not None:
        until = stamp(status.maintenance[1].until_ms or 0, "f")
        return words.text(
            "{name} is no longer muted, but in maintenance until {time}; alerts are"
            " silenced until then.",
            name=name,
            time=until,
        )
    return words.text(
        "Alerts for {name} are on again. What is still failing is reported now.", name=name
    )
