"""All sites of one alert, page by page, for one person. The page is in the button."""

import re
from collections.abc import Sequence
from typing import Any

import discord
from discord import ui

from bot.models import Incident
from bot.tree import words_of
from bot.words.catalogue import Words
from bot.words.safe import clip
from bot.words.times import stamp
from cogs._ui.addresses import shown_host
from cogs._ui.asking import Interaction, answering, patiently, say, served
from cogs._ui.site_list import in_order, site_line

PAGE = 15


class SitesPage(
    ui.DynamicItem[ui.Button[ui.View]],
    template=r"v1:sites:(?P<way>prev|next):(?P<incident>\w{1,12}):(?P<page>\d{1,6})",
):
    """Turns to one page of the list that an incident belongs to."""

    def __init__(self, way: str, public_id: str, page: int, *, disabled: bool = False) -> None:
        label = "◀" if way == "prev" else "▶"
        custom_id = f"v1:sites:{way}:{public_id}:{page}"
        super().__init__(ui.Button(label=label, custom_id=custom_id, disabled=disabled))
        self.public_id = public_id
        self.page = page

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],
        item: ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> "SitesPage":
        del interaction, item
        return cls(match["way"], match["incident"], int(match["page"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        async with answering(interaction):
            if await served(interaction):
                await _turn(interaction, self.public_id, self.page)


async def show_sites(interaction: Interaction, public_id: str, told: Sequence[Incident]) -> None:
    """Answer with the first page."""
    words = words_of(interaction)
    pages = _pages(told)
    view = _view(public_id, 0, pages) if pages > 1 else None
    await say(interaction, embed=_page(words, told, 0), view=view)


async def _turn(interaction: Interaction, public_id: str, number: int) -> None:
    incidents = interaction.client.services.incidents
    told = await patiently(interaction, incidents.together(interaction.guild_id or 0, public_id))
    number = min(number, _pages(told) - 1)
    embed = _page(words_of(interaction), told, number)
    view = _view(public_id, number, _pages(told))
    if interaction.response.is_done():
        await interaction.edit_original_response(embed=embed, view=view)
    else:
        await interaction.response.edit_message(embed=embed, view=view)


def _pages(told: Sequence[Incident]) -> int:
    return max(1, -(-len(told) // PAGE))


def _page(words: Words, told: Sequence[Incident], number: int) -> discord.Embed:
    shown = in_order(told)[number * PAGE : (number + 1) * PAGE]
    lines = [_line(words, one) for one in shown]
    embed = discord.Embed(
        title=words.text("All {n} sites of this alert", n=len(told)),
        description=clip("\n".join(lines), 4000),
    )
    if _pages(told) > 1:
        embed.set_footer(text=words.text("Page {n} of {of}", n=number + 1, of=_pages(told)))
    return embed


def _line(words: Words, one: Incident) -> str:
    return f"{site_line(words, one)} · {shown_host(one.url)} · {stamp(one.since_ms)}"


def _view(public_id: str, number: int, pages: int) -> ui.View:
    view = ui.View(timeout=None)
    view.add_item(SitesPage("prev", public_id, max(0, number - 1), disabled=number == 0))
    view.add_item(SitesPage("next", public_id, number + 1, disabled=number >= pages - 1))
    return view
