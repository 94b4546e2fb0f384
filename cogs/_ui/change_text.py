"""How a change somebody made reads: when, who, what, before → after. For managers' embeds alone."""

from collections.abc import Sequence

from bot.models import Window
from bot.services.audit_log import AuditEntry, AuditEvent
from bot.services.monitor_options import OPTIONS
from bot.services.option_types import ChannelOption, NumberOption, RoleOption
from bot.services.recurrence import next_occurrence
from bot.words.escaping import ELLIPSIS, code, markdown
from bot.words.timestamps import stamp
from bot.words.translator import N_, Translator, native_name, translator_for
from cogs._ui.alert_settings import REMINDERS
from cogs._ui.maintenance_text import weekly_text

_NAME_LIMIT = 40
_AHEAD = 15  # what is still shown before the place where two long texts differ

# The name of each setting, by the word of the audit log.
_LABELS = {
    **{name: option.label for name, option in OPTIONS.items()},
    AuditEvent.ALERT_CHANNEL: N_("Alert channel"),
    AuditEvent.ALERT_ROLE: N_("Alert role"),
    AuditEvent.FALLBACK: N_("Second channel"),
    AuditEvent.REMINDERS: N_("Reminders"),
    AuditEvent.LANGUAGE: N_("Language"),
    AuditEvent.TIMEZONE: N_("Time zone"),
}
_DONE = {
    AuditEvent.ADDED: N_("Added"),
    AuditEvent.IMPORTED: N_("Imported"),
    AuditEvent.REMOVED: N_("Removed"),
    AuditEvent.PAUSED: N_("Paused"),
    AuditEvent.RESUMED: N_("Resumed"),
    AuditEvent.MUTED: N_("Muted"),
    AuditEvent.UNMUTED: N_("Unmuted"),
    AuditEvent.ACKNOWLEDGED: N_("Alert acknowledged"),
    AuditEvent.MAINTENANCE_STARTED: N_("Maintenance started"),
    AuditEvent.MAINTENANCE_PLANNED: N_("Maintenance planned"),
    AuditEvent.MAINTENANCE_CANCELLED: N_("Maintenance cancelled"),
    AuditEvent.BOARD_CREATED: N_("Board created"),
    AuditEvent.BOARD_REMOVED: N_("Board removed"),
}
# Stands there while nothing is chosen; "none" for all others.
_UNSET = {
    **{name: option.unset for name, option in OPTIONS.items()},
    AuditEvent.REMINDERS: N_("off"),
    AuditEvent.LANGUAGE: N_("automatic"),
}
_CHANNELS = {
    *(name for name, option in OPTIONS.items() if isinstance(option, ChannelOption)),
    *(AuditEvent.ALERT_CHANNEL, AuditEvent.FALLBACK),
    *(AuditEvent.BOARD_CREATED, AuditEvent.BOARD_REMOVED),
}
_ROLES = {
    *(name for name, option in OPTIONS.items() if isinstance(option, RoleOption)),
    AuditEvent.ALERT_ROLE,
}
_NUMBERS = {name for name, option in OPTIONS.items() if isinstance(option, NumberOption)}


def change_line(words: Translator, row: AuditEntry, limit: int, *, named: bool = False) -> str:
    """``2 hours ago · @Ada · Name: Shop → Bakery``; a value takes at most ``limit`` characters.

    ``named``: with the monitor, in a list of several.
    """
    parts = [stamp(row.at_ms), f"<@{row.user_id}>"]
    if named and row.name is not None:
        parts.append(f"**{markdown(row.name, _NAME_LIMIT)}**")
    return " · ".join([*parts, _said(words, row, limit)])


def fitting(lines: Sequence[str], limit: int) -> list[str]:
    """As many of the first lines as fit, whole."""
    shown = list(lines)
    while sum(len(line) + 1 for line in shown) > limit:
        shown.pop()
    return shown


def _said(words: Translator, row: AuditEntry, limit: int) -> str:
    what = row.field
    if what in _DONE:
        return _done(words, AuditEvent(what), row, limit)
    if what not in _LABELS:
        return markdown(what, limit)
    label = words.text(_LABELS[what])
    if row.before == row.after:  # of headers the names alone are known: a value is another
        value = f"{_value(words, what, row.after, limit)} · {words.text('changed')}"
    else:
        pair = _apart(row.before, row.after, limit)
        value = " → ".join(_value(words, what, text, limit) for text in pair)
    return words.text("{what}: {value}", what=label, value=value)


def _done(words: Translator, what: AuditEvent, row: AuditEntry, limit: int) -> str:
    said = words.text(_DONE[what])
    if row.window is not None:
        return words.text("{what}: {value}", what=said, value=_planned(words, row.window))
    if row.after is None:
        return said
    if what in {AuditEvent.PAUSED, AuditEvent.MUTED}:
        return words.text("{what} until {time}", what=said, time=stamp(int(row.after), "f"))
    about = f"#{row.after}" if what is AuditEvent.ACKNOWLEDGED else row.after
    return words.text("{what}: {value}", what=said, value=_value(words, what, about, limit))


def _planned(words: Translator, window: Window) -> str:
    if window.date is None:
        return weekly_text(words, window)
    occurrence = next_occurrence(window, 0)
    if occurrence is None or occurrence.until_ms is None:
        return window.date.isoformat()
    return f"{stamp(occurrence.from_ms, 'f')} – {stamp(occurrence.until_ms, 'f')}"


def _value(words: Translator, what: str, text: str | None, limit: int) -> str:
    if text is None:
        return words.text(_UNSET.get(what, N_("none")))
    if what in _CHANNELS:
        return f"<#{text}>"
    if what in _ROLES:
        return f"<@&{text}>"
    return _typed(words, what, text, limit)


def _typed(words: Translator, what: str, text: str, limit: int) -> str:
    match what:
        case _ if what in _NUMBERS:
            return text
        case "name" | AuditEvent.TIMEZONE:
            return markdown(text, limit)
        case AuditEvent.LANGUAGE:
            return native_name(translator_for(text).language)
        case AuditEvent.REMINDERS if text in REMINDERS:
            return words.text(REMINDERS[text])
        case _:
            return code(text, limit)


def _apart(before: str | None, after: str | None, limit: int) -> tuple[str | None, str | None]:
    """Two long texts from a little before the place where they differ, or they would look alike."""
    if before is None or after is None:
        return before, after
    pairs = enumerate(zip(before, after, strict=False))
    same = next((at for at, (a, b) in pairs if a != b), min(len(before), len(after))) - _AHEAD
    if same <= 0 or max(len(before), len(after)) <= limit:
        return before, after
    return ELLIPSIS + before[same:], ELLIPSIS + after[same:]
