"""What people changed, page by page, for managers alone."""

from collections.abc import Sequence
from typing import Any

import discord

from bot.discord.client import Interaction
from bot.discord.command_tree import translator_of
from bot.models import Window
from bot.services.audit_log import FILE, AuditEntry, AuditEvent, AuditPage
from bot.services.monitor_options import OPTIONS
from bot.services.option_types import ChannelOption, NameOption, NumberOption, RoleOption, YesOption
from bot.services.recurrence import next_occurrence
from bot.words.escaping import ELLIPSIS, code, markdown, units
from bot.words.phrases import stamp, weekly_text
from bot.words.translator import N_, Translator, native_name, translator_for
from cogs._ui.alert_settings import REMINDERS
from cogs._ui.buttons import Asked, ListPage, Page, page_text

PAGE = 10
_EVERYTHING = 0  # stands for the monitor's id in a button: all of the server
_TITLE_LIMIT, _VALUE_LIMIT, _SHORT_LIMIT = 80, 120, 60
_DESCRIPTION_LIMIT, _FIELD_LIMIT = 4_000, 1_000
_SERVER_LINES = 5


class AuditLogButton(
    ListPage,
    template=r"v1:changes:(?P<way>open|prev|next):(?P<monitor>\d{1,18}):(?P<page>\d{1,6})",
):
    """Opens the list of one monitor's changes, or of everything, and turns its pages."""

    surface = "changes"
    for_managers = True

    @classmethod
    async def paged(cls, asked: Asked, found: Sequence[Any], number: int) -> Page:
        """Read page by page: a year may hold many."""
        del found
        monitor_id = int(asked.about[0])
        log = asked.interaction.client.services.audit_log
        page = await log.page(asked.guild_id, monitor_id or None, number, PAGE)
        return Page(None, _embed(asked.words, monitor_id, page), page.number, page.of)


def audit_log_button(words: Translator, monitor_id: int = _EVERYTHING) -> AuditLogButton:
    """For a card that managers see; who presses it is asked for the right again."""
    return AuditLogButton.button(f"v1:changes:open:{monitor_id}:0", words.text("Changes"))


async def add_changes(
    interaction: Interaction, embed: discord.Embed, monitor_id: int | None = None
) -> None:
    """The newest changes, as many as fit, as a field; None: those of the server's settings."""
    words, log = translator_of(interaction), interaction.client.services.audit_log
    guild_id = interaction.guild_id or 0
    if monitor_id is None:
        rows = await log.of_server(guild_id, _SERVER_LINES)
    else:
        rows = (await log.page(guild_id, monitor_id, 0, PAGE)).rows
    lines = [change_line(words, row, _SHORT_LIMIT, named=monitor_id is None) for row in rows]
    if shown := first_lines(lines, _FIELD_LIMIT):
        embed.add_field(name=words.text("Last changes"), value="\n".join(shown), inline=False)


def _embed(words: Translator, monitor_id: int, page: AuditPage) -> discord.Embed:
    everything = monitor_id == _EVERYTHING
    lines = [change_line(words, row, _VALUE_LIMIT, named=everything) for row in page.rows]
    title = words.text("Changes")
    if not everything and page.rows:
        title = f"{title} · {markdown(page.rows[0].name or '', _TITLE_LIMIT)}"
    text = "\n".join(first_lines(lines, _DESCRIPTION_LIMIT)) or words.text(
        "Nothing has been changed yet."
    )
    footer = [page_text(words, page.number, page.of)] if page.of > 1 else []
    footer.append(words.text("kept for a year"))
    return discord.Embed(title=title, description=text).set_footer(text=" · ".join(footer))


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
    AuditEvent.PAGE: N_("Status page"),
    AuditEvent.TAG_ALERTS: N_("Channels of tags"),
    AuditEvent.ESCALATION: N_("Escalation"),
    AuditEvent.MANAGERS: N_("Managers"),
}
_DONE = {
    AuditEvent.ADDED: N_("Added"),
    AuditEvent.IMPORTED: N_("Imported"),
    AuditEvent.REMOVED: N_("Removed"),
    AuditEvent.PAUSED: N_("Paused"),
    AuditEvent.RESUMED: N_("Resumed"),
    AuditEvent.MUTED: N_("Muted"),
    AuditEvent.UNMUTED: N_("Unmuted"),
    AuditEvent.PUSH_ADDRESS: N_("New address for its job"),
    AuditEvent.ACKNOWLEDGED: N_("Alert acknowledged"),
    AuditEvent.RELEASED: N_("Alert given back"),
    AuditEvent.MAINTENANCE_STARTED: N_("Maintenance started"),
    AuditEvent.MAINTENANCE_PLANNED: N_("Maintenance planned"),
    AuditEvent.MAINTENANCE_CANCELLED: N_("Maintenance cancelled"),
    AuditEvent.BOARD_CREATED: N_("Board created"),
    AuditEvent.BOARD_REMOVED: N_("Board removed"),
    AuditEvent.REPORT_SCHEDULED: N_("Report scheduled"),
    AuditEvent.REPORT_STOPPED: N_("Reports stopped"),
    AuditEvent.PAGE_FOLLOWED: N_("Status page followed"),
    AuditEvent.PAGE_UNFOLLOWED: N_("Status page no longer followed"),
}
_OF_ALERTS = {AuditEvent.ACKNOWLEDGED, AuditEvent.RELEASED}
# Stands there while nothing is chosen; "none" for all others.
_UNSET = {
    **{name: option.unset for name, option in OPTIONS.items()},
    AuditEvent.REMINDERS: N_("off"),
    AuditEvent.PAGE: N_("off"),
    AuditEvent.LANGUAGE: N_("automatic"),
}


def change_line(words: Translator, row: AuditEntry, limit: int, *, named: bool = False) -> str:
    """``2 hours ago · @Ada · Name: Shop → Bakery``; a value takes at most ``limit`` characters.

    ``named``: with the monitor, in a list of several.
    """
    who = words.text("the file of sites") if row.user_id == FILE else f"<@{row.user_id}>"
    parts = [stamp(row.at_ms), who]
    if named and row.name is not None:
        parts.append(f"**{markdown(row.name, _NAME_LIMIT)}**")
    return " · ".join([*parts, change_text(words, row, limit)])


def first_lines(lines: Sequence[str], limit: int) -> list[str]:
    shown = list(lines)
    while sum(units(line) + 1 for line in shown) > limit:
        shown.pop()
    return shown


def change_text(words: Translator, row: AuditEntry, limit: int) -> str:
    """``Name: Shop → Bakery``."""
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
    about = f"#{row.after}" if what in _OF_ALERTS else row.after
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
    match OPTIONS.get(what), what:
        case (ChannelOption(), _) | (_, AuditEvent.ALERT_CHANNEL | AuditEvent.FALLBACK):
            shown = f"<#{text}>"
        case (_, AuditEvent.BOARD_CREATED | AuditEvent.BOARD_REMOVED):
            shown = f"<#{text}>"
        case (RoleOption(), _) | (_, AuditEvent.ALERT_ROLE | AuditEvent.MANAGERS):
            shown = f"<@&{text}>"
        case (NumberOption(), _) | (_, AuditEvent.TAG_ALERTS | AuditEvent.ESCALATION):
            shown = text  # of numbers, tags and mentions alone
        case (NameOption(), _) | (_, AuditEvent.TIMEZONE):
            shown = markdown(text, limit)
        case (YesOption(), _) | (_, AuditEvent.PAGE):
            shown = words.text(text)
        case (_, AuditEvent.LANGUAGE):
            shown = native_name(translator_for(text).language)
        case (_, AuditEvent.REMINDERS) if text in REMINDERS:
            shown = words.text(REMINDERS[text])
        case _:
            shown = code(text, limit)
    return shown


def _apart(before: str | None, after: str | None, limit: int) -> tuple[str | None, str | None]:
    """Two long texts from a little before the place where they differ, or they would look alike."""
    if before is None or after is None:
        return before, after
    pairs = enumerate(zip(before, after, strict=False))
    same = next((at for at, (a, b) in pairs if a != b), min(len(before), len(after))) - _AHEAD
    if same <= 0 or max(len(before), len(after)) <= limit:
        return before, after
    return ELLIPSIS + before[same:], ELLIPSIS + after[same:]
