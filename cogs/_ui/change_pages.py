"""What people changed, page by page, for managers alone."""

import discord
from discord import ui

from bot.discord.client import Interaction
from bot.discord.command_tree import translator_of
from bot.services.audit_log import AuditPage
from bot.words.escaping import markdown
from bot.words.translator import Translator
from cogs._ui.buttons import PersistentItem, arrows, page_text, view_of
from cogs._ui.change_text import change_line, fitting
from cogs._ui.interactions import defer_if_slow, is_manager, is_own_message, respond_or_edit

PAGE = 10
_EVERYTHING = 0  # stands for the monitor's id in a button: all of the server
_NAME_LIMIT, _VALUE_LIMIT, _SHORT_LIMIT = 80, 120, 60
_DESCRIPTION_LIMIT, _FIELD_LIMIT = 4_000, 1_000
_SERVER_LINES = 5


class ChangesButton(
    PersistentItem,
    template=r"v1:changes:(?P<way>open|prev|next):(?P<monitor>\d{1,18}):(?P<page>\d{1,6})",
):
    """Opens the list of one monitor's changes, or of everything, and turns its pages."""

    for_managers = True

    async def pressed(self, interaction: Interaction) -> None:
        turns = self.params["way"] != "open" and is_own_message(interaction)
        monitor_id, number = int(self.params["monitor"]), int(self.params["page"])
        await _show(interaction, monitor_id, number, in_place=turns)


def changes_button(words: Translator, monitor_id: int = _EVERYTHING) -> ChangesButton:
    """For a card that managers see; who presses it is asked for the right again."""
    return ChangesButton.button(f"v1:changes:open:{monitor_id}:0", words.text("Changes"))


def changes_view(interaction: Interaction, monitor_id: int) -> ui.View | None:
    """The button alone; None for those who may not read what it opens."""
    if not is_manager(interaction):
        return None
    return view_of([changes_button(translator_of(interaction), monitor_id)])


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
    return view_of([changes_button(words)])


def _add(words: Translator, embed: discord.Embed, lines: list[str]) -> None:
    shown = fitting(lines, _FIELD_LIMIT)
    if shown:
        embed.add_field(name=words.text("Last changes"), value="\n".join(shown), inline=False)


async def _show(interaction: Interaction, monitor_id: int, number: int, *, in_place: bool) -> None:
    words = translator_of(interaction)
    work = interaction.client.services.audit_log.page(
        interaction.guild_id or 0, monitor_id or None, number, PAGE
    )
    page = await defer_if_slow(interaction, work, in_place=in_place)
    turning = arrows(ChangesButton, "changes", monitor_id, number=page.number, of=page.of)
    embed = _page(words, monitor_id, page)
    await respond_or_edit(interaction, in_place=in_place, embed=embed, view=view_of(turning))


def _page(words: Translator, monitor_id: int, page: AuditPage) -> discord.Embed:
    everything = monitor_id == _EVERYTHING
    lines = [change_line(words, row, _VALUE_LIMIT, named=everything) for row in page.rows]
    title = words.text("Changes")
    if not everything and page.rows:
        title = f"{title} · {markdown(page.rows[0].name or '', _NAME_LIMIT)}"
    text = "\n".join(fitting(lines, _DESCRIPTION_LIMIT)) or words.text(
        "Nothing has been changed yet."
    )
    embed = discord.Embed(title=title, description=text)
    footer = [words.text("kept for a year")]
    if page.of > 1:
        footer.insert(0, page_text(words, page.number, page.of))
    return embed.set_footer(text=" · ".join(footer))
