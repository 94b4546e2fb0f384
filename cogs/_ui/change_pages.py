"""What people changed, page by page, for managers alone. The page is in the button."""

import re
from typing import Any

import discord
from discord import ui

from bot.services.changes import ChangePage
from bot.tree import words_of
from bot.words.catalogue import N_, Words
from bot.words.safe import markdown
from cogs._ui.asking import Interaction, answering, manages, managing, owns, patiently, say
from cogs._ui.change_text import change_line, fitting

PAGE = 10
EVERYTHING = 0  # stands for the monitor's id in a button: all of the server
_NAME_LIMIT, _VALUE_LIMIT, _SHORT_LIMIT = 80, 120, 60
_DESCRIPTION_LIMIT, _FIELD_LIMIT = 4_000, 1_000
_SERVER_LINES = 5
_LABELS = {"open": N_("Changes"), "prev": "◀", "next": "▶"}


class ChangesButton(
    ui.DynamicItem[ui.Button[ui.View]],
    template=r"v1:changes:(?P<way>open|prev|next):(?P<monitor>\d{1,18}):(?P<page>\d{1,6})",
):
    """Opens the list of one monitor's changes, or of everything, and turns its pages."""

    def __init__(
        self, way: str, monitor_id: int, page: int, words: Words, *, disabled: bool = False
    ) -> None:
        label = words.text(_LABELS[way]) if way == "open" else _LABELS[way]
        custom_id = f"v1:changes:{way}:{monitor_id}:{page}"
        super().__init__(ui.Button(label=label, custom_id=custom_id, disabled=disabled))
        self.way = way
        self.monitor_id = monitor_id
        self.page = page

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],
        item: ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> "ChangesButton":
        del item
        words = words_of(interaction)
        return cls(match["way"], int(match["monitor"]), int(match["page"]), words)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        async with answering(interaction):
            if await managing(interaction):
                turns = self.way != "open" and owns(interaction)
                await _show(interaction, self.monitor_id, self.page, in_place=turns)


def changes_button(words: Words, monitor_id: int = EVERYTHING) -> ChangesButton:
    """For a card that managers see; who presses it is asked for the right again."""
    return ChangesButton("open", monitor_id, 0, words)


def changes_view(interaction: Interaction, monitor_id: int) -> ui.View | None:
    """The button alone; None for those who may not read what it opens."""
    if not manages(interaction):
        return None
    return ui.View(timeout=None).add_item(changes_button(words_of(interaction), monitor_id))


async def add_changes(interaction: Interaction, embed: discord.Embed, monitor_id: int) -> None:
    """The newest changes of one monitor, as many as fit, as a field of its card."""
    page = await interaction.client.services.changes.page(
        interaction.guild_id or 0, monitor_id, 0, PAGE
    )
    words = words_of(interaction)
    lines = [change_line(words, row, _SHORT_LIMIT) for row in page.rows]
    _add(words, embed, lines)


async def add_server_changes(interaction: Interaction, embed: discord.Embed) -> ui.View:
    """The newest changes of the server's settings as a field; a view with the way to all."""
    rows = await interaction.client.services.changes.of_server(
        interaction.guild_id or 0, _SERVER_LINES
    )
    words = words_of(interaction)
    _add(words, embed, [change_line(words, row, _SHORT_LIMIT, named=True) for row in rows])
    return ui.View(timeout=None).add_item(changes_button(words))


def _add(words: Words, embed: discord.Embed, lines: list[str]) -> None:
    shown = fitting(lines, _FIELD_LIMIT)
    if shown:
        embed.add_field(name=words.text("Last changes"), value="\n".join(shown), inline=False)


async def _show(interaction: Interaction, monitor_id: int, number: int, *, in_place: bool) -> None:
    words = words_of(interaction)
    work = interaction.client.services.changes.page(
        interaction.guild_id or 0, monitor_id or None, number, PAGE
    )
    page = await patiently(interaction, work, in_place=in_place)
    embed, view = _page(words, monitor_id, page), _view(words, monitor_id, page)
    if not in_place:
        await say(interaction, embed=embed, view=view)
    elif interaction.response.is_done():
        await interaction.edit_original_response(embed=embed, view=view)
    else:
        await interaction.response.edit_message(embed=embed, view=view)


def _page(words: Words, monitor_id: int, page: ChangePage) -> discord.Embed:
    everything = monitor_id == EVERYTHING
    lines = [change_line(words, row, _VALUE_LIMIT, named=everything) for row in page.rows]
    title = words.text("Changes")
    if not everything and page.rows:
        title = f"{title} · {markdown(page.rows[0].name or '', _NAME_LIMIT)}"
    text = "\n".join(fitting(lines, _DESCRIPTION_LIMIT)) or words.text("Nothing was changed yet.")
    embed = discord.Embed(title=title, description=text)
    footer = [words.text("kept for a year")]
    if page.of > 1:
        footer.insert(0, words.text("Page {n} of {of}", n=page.number + 1, of=page.of))
    return embed.set_footer(text=" · ".join(footer))


def _view(words: Words, monitor_id: int, page: ChangePage) -> ui.View | None:
    if page.of == 1:
        return None
    view, number = ui.View(timeout=None), page.number
    first, last = number == 0, number == page.of - 1
    view.add_item(ChangesButton("prev", monitor_id, max(0, number - 1), words, disabled=first))
    view.add_item(ChangesButton("next", monitor_id, number + 1, words, disabled=last))
    return view
