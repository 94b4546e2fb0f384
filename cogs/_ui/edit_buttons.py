"""The buttons of a settings card, and the forms they open. Rights and settings are read anew."""

import re
from typing import Any

import discord
from discord import ui

from bot.models import Monitor
from bot.services.monitors import Edited
from bot.tree import words_of
from bot.words.catalogue import Words
from cogs._ui.asking import Interaction, answering, managing, owns, patiently, say
from cogs._ui.change_pages import add_changes, changes_button
from cogs._ui.monitor_card import card_embed, edited_text
from cogs._ui.monitor_forms import FORM, TITLES, change_of, form, typed_values


class EditButton(
    ui.DynamicItem[ui.Button[ui.View]],
    template=r"v1:edit:(?P<section>address|fine|told):(?P<monitor>\d{1,18})",
):
    """Opens the form of one section."""

    def __init__(self, section: str, monitor_id: int, words: Words) -> None:
        custom_id = f"v1:edit:{section}:{monitor_id}"
        super().__init__(ui.Button(label=words.text(TITLES[section]), custom_id=custom_id))
        self.section = section
        self.monitor_id = monitor_id

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],
        item: ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> "EditButton":
        del item
        return cls(match["section"], int(match["monitor"]), words_of(interaction))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        async with answering(interaction):
            if await managing(interaction):
                monitors = interaction.client.services.monitors
                monitor = monitors.get(interaction.guild_id or 0, self.monitor_id)
                shown = form(words_of(interaction), monitor, self.section)
                await interaction.response.send_modal(shown)


async def card(interaction: Interaction, monitor: Monitor) -> tuple[discord.Embed, ui.View]:
    """The settings with what was changed last, and a button for each form and for all changes."""
    words = words_of(interaction)
    embed = card_embed(words, monitor)
    await add_changes(interaction, embed, monitor.id)
    view = ui.View(timeout=None)
    for section in TITLES:
        view.add_item(EditButton(section, monitor.id, words))
    return embed, view.add_item(changes_button(words, monitor.id))


async def submitted(interaction: Interaction) -> None:
    """Take a form that was sent, if it is one of these. Never raises."""
    data: Any = interaction.data or {}
    match = re.fullmatch(FORM, str(data.get("custom_id", "")))
    if match is None or interaction.type is not discord.InteractionType.modal_submit:
        return
    async with answering(interaction):
        if await managing(interaction):
            await _take(interaction, match["section"], int(match["monitor"]))


async def _take(interaction: Interaction, section: str, monitor_id: int) -> None:
    change = change_of(section, typed_values(interaction), interaction.guild)
    work = interaction.client.services.monitors.edit(
        interaction.guild_id or 0, monitor_id, change, interaction.user.id
    )
    edited = await patiently(interaction, work)
    await show_edited(interaction, edited)


async def show_edited(interaction: Interaction, edited: Edited) -> None:
    """What changed, with the card as it is now: in place of the old one where that can be."""
    words = words_of(interaction)
    text = edited_text(words, interaction, edited)
    embed, view = await patiently(interaction, card(interaction, edited.after))
    if interaction.message is None or interaction.response.is_done() or not owns(interaction):
        await say(interaction, text, embed=embed, view=view)
    else:
        await interaction.response.edit_message(content=text, embed=embed, view=view)
