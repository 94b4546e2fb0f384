"""◀ ▶ Refresh under ``/status``. The page number is in the button, everything else is read anew."""

import re
from collections.abc import Sequence
from typing import Any

import discord
from discord import ui

from bot.services.status import MonitorStatus
from bot.tree import words_of
from bot.words.catalogue import Words
from cogs._ui.asking import (
    Interaction,
    answering,
    owns,
    patiently,
    say,
    served,
    server_words,
    visible,
)
from cogs._ui.audience import is_private, public
from cogs._ui.status_page import UPTIME_DAYS, Page, clamped, overview, shown_on

_DAY_MS = 86_400_000


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
        async with answering(interaction):
            if await served(interaction):
                await _turn(interaction, self.page)


def page_view(page: Page, words: Words) -> ui.View:
    """Arrows only where there is more than one page."""
    view = ui.View(timeout=None)
    if page.of > 1:
        view.add_item(PageButton("prev", max(0, page.number - 1), "◀", disabled=page.number == 0))
        last = page.number == page.of - 1
        view.add_item(PageButton("next", page.number + 1, "▶", disabled=last))
    view.add_item(PageButton("show", page.number, words.text("Refresh")))
    return view


async def page_for(
    interaction: Interaction, found: Sequence[MonitorStatus], number: int, words: Words
) -> Page:
    """One page of what was found; a page that is gone shows the last one."""
    services = interaction.client.services
    now_ms = services.clock.now_ms()
    number = clamped(found, number)
    only = {status.monitor.id for status in shown_on(found, number)}
    since_ms = now_ms - UPTIME_DAYS * _DAY_MS
    uptimes = await services.status.uptimes(interaction.guild_id or 0, since_ms, only)
    blind_ms = services.why.blind_since_ms
    return overview(words, found, number, uptimes, now_ms=now_ms, blind_ms=blind_ms)


async def _turn(interaction: Interaction, number: int) -> None:
    """In place for whoever asked; others get a page of their own, of what they may see."""
    mine = owns(interaction)
    shared = mine and not is_private(interaction)
    words = server_words(interaction) if shared else words_of(interaction)
    everything = interaction.client.services.status.overview(interaction.guild_id or 0)
    found = public(interaction, everything) if shared else visible(interaction, everything)
    if not found:
        await say(interaction, words.text("There is nothing to show any more."))
        return
    page = await patiently(interaction, page_for(interaction, found, number, words))
    view = page_view(page, words)
    if not mine or interaction.response.is_done():
        await say(interaction, page.content, embed=page.embed, view=view)
    else:
        await interaction.response.edit_message(content=page.content, embed=page.embed, view=view)
