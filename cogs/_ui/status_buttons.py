"""◀ ▶ Refresh under ``/status``. The page number is in the button, everything else is read anew."""

import re
from typing import Any

import discord
from discord import ui

from bot.tree import answer_error, words_of
from bot.words.catalogue import Words
from cogs._ui.asking import Interaction, owns, say, served, visible
from cogs._ui.status_page import Page, overview


class PageButton(
    ui.DynamicItem[ui.Button[ui.View]],
    template=r"v1:status:(?P<way>prev|show|next):(?P<page>\d{1,6})",
):
    """Shows one page of the overview in place."""

    def __init__(self, way: str, page: int, label: str, *, disabled: bool = False) -> None:
        custom_id = f"v1:status:{way}:{page}"
        super().__init__(ui.Button(label=label, custom_id=custom_id, disabled=disabled))
        self.page = page

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],
        item: ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> "PageButton":
        del interaction, item
        return cls(match["way"], int(match["page"]), match["way"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        try:
            if await served(interaction):
                await _turn(interaction, self.page)
        except Exception as error:  # noqa: BLE001 - answered and logged in one place
            await answer_error(interaction, error)


def page_view(page: Page, words: Words) -> ui.View:
    """Arrows only where there is more than one page."""
    view = ui.View(timeout=None)
    if page.of > 1:
        view.add_item(PageButton("prev", max(0, page.number - 1), "◀", disabled=page.number == 0))
        last = page.number == page.of - 1
        view.add_item(PageButton("next", page.number + 1, "▶", disabled=last))
    view.add_item(PageButton("show", page.number, words.text("Refresh")))
    return view


def page_for(interaction: Interaction, number: int, words: Words) -> Page | None:
    """The page as this person may see it; None when there is nothing to show."""
    services = interaction.client.services
    found = visible(interaction, services.status.overview(interaction.guild_id or 0))
    return overview(words, found, number, services.clock.now_ms()) if found else None


async def _turn(interaction: Interaction, number: int) -> None:
    """In place for whoever asked; others get a page of their own, of what they may see."""
    words = words_of(interaction)
    page = page_for(interaction, number, words)
    if page is None:
        await say(interaction, words.text("There is nothing to show any more."))
    elif owns(interaction):
        view = page_view(page, words)
        await interaction.response.edit_message(content=page.content, embed=page.embed, view=view)
    else:
        await say(interaction, page.content, embed=page.embed, view=page_view(page, words))
