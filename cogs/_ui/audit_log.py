"""What people changed, page by page, for managers alone."""

from collections.abc import Sequence

import discord
from discord import ui

from bot.discord.client import Interaction
from bot.discord.command_tree import translator_of
from bot.models import Window
from bot.services.audit_log import AuditEntry, AuditEvent, AuditPage
from bot.services.monitor_options import OPTIONS
from bot.services.option_types import ChannelOption, NumberOption, RoleOption
from bot.services.recurrence import next_occurrence
from bot.words.escaping import ELLIPSIS, code, markdown, units
from bot.words.timestamps import stamp
from bot.words.translator import N_, Translator, native_name, translator_for
from cogs._ui.alert_settings import REMINDERS
from cogs._ui.buttons import PersistentItem, arrows, page_text, view_of
from cogs._ui.interactions import defer_if_slow, is_manager, is_own_message, respond_or_edit
from cogs._ui.maintenance_text import weekly_text

PAGE = 10
_EVERYTHING = 0  # stands for the monitor's id in a button: all of the server
_TITLE_LIMIT, _VALUE_LIMIT, _SHORT_LIMIT = 80, 120, 60
_DESCRIPTION_LIMIT, _FIELD_LIMIT = 4_000, 1_000
_SERVER_LINES = 5


class AuditLogButton(
    PersistentItem,
    template=r"v1:changes:(?P<way>open|prev|next):(?P<monitor>\d{1,18}):(?P<page>\d{1,6})",
):
    """Opens the list of one monitor's changes, or of everything, and turns its pages."""

    for_managers = True

    async def pressed(self, interaction: Interaction) -> None:
        turns = self.params["way"] != "open" and is_own_message(interaction)
        monitor_id, number = int(self.params["monitor"]), int(self.params["page"])
        await _show(interaction, monitor_id, number, in_place=turns)


def audit_log_button(words: Translator, monitor_id: int = _EVERYTHING) -> AuditLogButton:
    """For a card that managers see; who presses it is asked for the right again."""
    return AuditLogButton.button(f"v1:changes:open:{monitor_id}:0", words.text("Changes"))


def audit_log_view(interaction: Interaction, monitor_id: int) -> ui.View | None:
    """The button alone; None for those who may not read what it opens."""
    if not is_manager(interaction):
        return None
    return view_of([audit_log_button(translator_of(interaction), monitor_id)])


async def add_changes(interaction: Interaction, embed: discord.Embed, monitor_id: int) -> None:
    """The newest changes of one monitor, as many as fit, as a field of its card."""
    page = await interaction.client.services.audit_log.page(
        interaction.guild_id or 0, monitor_id, 0, PAGE
    )
    words = translator_of(interaction)
    lines = [change_line(words, row, _SHORT_LIMIT) for row in page.rows]
    _add(words, embed, lines)


async def add_server_changes(interaction: Interaction, embed: discord.Embed) -> ui.View:
    """The newest changes of the server's settings as a field; a view with the way to all."""
    rows = await interaction.client.services.audit_log.of_server(
        interaction.guild_id or 0, _SERVER_LINES
    )
    words = translator_of(interaction)
    _add(words, embed, [change_line(words, row, _SHORT_LIMIT, named=True) for row in rows])
    return view_of([audit_log_button(words)])


def _add(words: Translator, embed: discord.Embed, lines: list[str]) -> None:
    shown = first_lines(lines, _FIELD_LIMIT)
    if shown:
        embed.add_field(name=words.text("Last changes"), value="\n".join(shown), inline=False)


async def _show(interaction: Interaction, monitor_id: int, number: int, *, in_place: bool) -> None:
    words = translator_of(interaction)
    work = interaction.client.services.audit_log.page(
        interaction.guild_id or 0, monitor_id or None, number, PAGE
    )
    page = await defer_if_slow(interaction, work, in_place=in_place)
    turning = arrows(AuditLogButton, "changes", monitor_id, number=page.number, of=page.of)
    embed = _page(words, monitor_id, page)
    await respond_or_edit(interaction, in_place=in_place, embed=embed, view=view_of(turning))


def _page(words: Translator, monitor_id: int, page: AuditPage) -> discord.Embed:
    everything = monitor_id == _EVERYTHING
    lines = [change_line(words, row, _VALUE_LIMIT, named=everything) for row in page.rows]
    title = words.text("Changes")
    if not everything and page.rows:
        title = f"{title} · {markdown(page.rows[0].name or '', _TITLE_LIMIT)}"
    text = "\n".join(first_lines(lines, _DESCRIPTION_LIMIT)) or words.text(
        "Nothing has been changed yet."
    )
    embed = discord.Embed(title=title, description=text)
    footer = [words.text("kept for a year")]
    if page.of > 1:
        footer.insert(0, page_text(words, page.number, page.of))
    return embed.set_footer(text=" · ".join(footer))


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
    AuditEvent.TAG_ALERTS: N_("Channels of tags"),
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


def first_lines(lines: Sequence[str], limit: int) -> list[str]:
    """As many of the first lines as fit, whole."""
    shown = list(lines)
    while sum(units(line) + 1 for line in shown) > limit:
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
        case AuditEvent.TAG_ALERTS:
            return text  # of tags and mentions alone
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
