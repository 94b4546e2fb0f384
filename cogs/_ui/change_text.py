"""How a change somebody made reads: when, who, what, before → after. For managers' embeds alone."""

from collections.abc import Sequence

from bot.models import Window
from bot.services.audit_log import ChangeRow, What
from bot.services.recurrence import next_stretch
from bot.words.escaping import ELLIPSIS, code, markdown
from bot.words.timestamps import stamp
from bot.words.translator import N_, Translator, native_name, translator_for
from cogs._ui.alert_settings import REMINDERS
from cogs._ui.maintenance_answers import weekly_text

_NAME_LIMIT = 40
_AHEAD = 15  # what is still shown before the place where two long texts differ

# What each setting is called.
LABELS = {
    What.ADDRESS: N_("Address"),
    What.NAME: N_("Name"),
    What.EVERY: N_("Seconds between checks"),
    What.METHOD: N_("Method"),
    What.EXPECT_STATUS: N_("Fine HTTP codes"),
    What.CONTAINS: N_("Text that must be there"),
    What.NOT_CONTAINS: N_("Text that must not be there"),
    What.SLOW_MS: N_("Slow from this many milliseconds"),
    What.HEADERS: N_("Request headers"),
    What.CHANNEL: N_("Channel"),
    What.ROLE: N_("Role"),
    What.ALERT_CHANNEL: N_("Alert channel"),
    What.ALERT_ROLE: N_("Alert role"),
    What.FALLBACK: N_("Second channel"),
    What.REMINDERS: N_("Reminders"),
    What.LANGUAGE: N_("Language"),
    What.TIMEZONE: N_("Time zone"),
}
PAUSES = {What.PAUSED: N_("Paused"), What.RESUMED: N_("Resumed")}
_DONE = {
    What.ADDED: N_("Added"),
    What.IMPORTED: N_("Imported"),
    What.REMOVED: N_("Removed"),
    **PAUSES,
    What.MUTED: N_("Muted"),
    What.UNMUTED: N_("Unmuted"),
    What.ACKNOWLEDGED: N_("Alert acknowledged"),
    What.MAINTENANCE_STARTED: N_("Maintenance started"),
    What.MAINTENANCE_PLANNED: N_("Maintenance planned"),
    What.MAINTENANCE_CANCELLED: N_("Maintenance cancelled"),
    What.BOARD_CREATED: N_("Board created"),
    What.BOARD_REMOVED: N_("Board removed"),
}
# What stands there while nothing is chosen; "none" for all others.
_UNSET = {
    What.CHANNEL: N_("as for the whole server"),
    What.ROLE: N_("as for the whole server"),
    What.EXPECT_STATUS: N_("any below 400"),
    What.REMINDERS: N_("off"),
    What.LANGUAGE: N_("automatic"),
}
_CHANNELS = {
    *(What.CHANNEL, What.ALERT_CHANNEL, What.FALLBACK),
    *(What.BOARD_CREATED, What.BOARD_REMOVED),
}
_ROLES = {What.ROLE, What.ALERT_ROLE}


def change_line(words: Translator, row: ChangeRow, limit: int, *, named: bool = False) -> str:
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


def _said(words: Translator, row: ChangeRow, limit: int) -> str:
    what = next((one for one in What if one == row.field), None)
    if what in _DONE:
        return _done(words, what, row, limit)
    if what is None or what not in LABELS:
        return markdown(row.field, limit)
    label = words.text(LABELS[what])
    if row.before == row.after:  # of headers the names alone are known: a value is another
        value = f"{_value(words, what, row.after, limit)} · {words.text('changed')}"
    else:
        pair = _apart(row.before, row.after, limit)
        value = " → ".join(_value(words, what, text, limit) for text in pair)
    return words.text("{what}: {value}", what=label, value=value)


def _done(words: Translator, what: What, row: ChangeRow, limit: int) -> str:
    said = words.text(_DONE[what])
    if row.window is not None:
        return words.text("{what}: {value}", what=said, value=_planned(words, row.window))
    if row.after is None:
        return said
    if what in {What.PAUSED, What.MUTED}:
        return words.text("{what} until {time}", what=said, time=stamp(int(row.after), "f"))
    about = f"#{row.after}" if what is What.ACKNOWLEDGED else row.after
    return words.text("{what}: {value}", what=said, value=_value(words, what, about, limit))


def _planned(words: Translator, window: Window) -> str:
    if window.date is None:
        return weekly_text(words, window)
    stretch = next_stretch(window, 0)
    if stretch is None or stretch.until_ms is None:
        return window.date.isoformat()
    return f"{stamp(stretch.from_ms, 'f')} – {stamp(stretch.until_ms, 'f')}"


def _value(words: Translator, what: What, text: str | None, limit: int) -> str:
    if text is None:
        return words.text(_UNSET.get(what, N_("none")))
    if what in _CHANNELS:
        return f"<#{text}>"
    if what in _ROLES:
        return f"<@&{text}>"
    return _typed(words, what, text, limit)


def _typed(words: Translator, what: What, text: str, limit: int) -> str:
    match what:
        case What.EVERY | What.SLOW_MS:
            return text
        case What.NAME | What.TIMEZONE:
            return markdown(text, limit)
        case What.LANGUAGE:
            return native_name(translator_for(text).language)
        case What.REMINDERS if text in REMINDERS:
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
