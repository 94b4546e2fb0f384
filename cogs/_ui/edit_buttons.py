"""The buttons of a settings card, and the forms they open."""

import re

import discord
from discord import ui

from bot.discord.client import Interaction
from bot.discord.command_tree import translator_of
from bot.models import Monitor
from bot.services.monitor_options import SECTIONS, Typed
from bot.services.monitor_rules import Edited
from cogs._ui.buttons import PersistentItem, view_of
from cogs._ui.change_pages import add_changes, changes_button
from cogs._ui.forms import typed_values
from cogs._ui.interactions import defer_if_slow, is_own_message, respond_or_edit
from cogs._ui.monitor_card import card_embed, edited_text
from cogs._ui.monitor_forms import change_of, monitor_form
from cogs._ui.typed_slips import with_address
from cogs._ui.watch_answers import cut_text


class EditButton(
    PersistentItem,
    template=rf"v1:edit:(?P<section>{'|'.join(SECTIONS)}):(?P<monitor>\d{{1,18}})",
):
    """Opens the form of one section."""

    for_managers = True

    async def pressed(self, interaction: Interaction) -> None:
        monitors = interaction.client.services.monitors
        monitor = monitors.get(interaction.guild_id or 0, int(self.params["monitor"]))
        form = monitor_form(interaction, monitor, self.params["section"])
        await interaction.response.send_modal(form)


async def card(interaction: Interaction, monitor: Monitor) -> tuple[discord.Embed, ui.View]:
    """The settings with what was changed last, and a button for each form and for all changes."""
    words = translator_of(interaction)
    embed = card_embed(words, monitor)
    await add_changes(interaction, embed, monitor.id)
    sections = (
        EditButton.button(f"v1:edit:{section}:{monitor.id}", words.text(title))
        for section, title in SECTIONS.items()
    )
    return embed, view_of([*sections, changes_button(words, monitor.id)])


async def take_edited(interaction: Interaction, sent: re.Match[str]) -> None:
    """What was typed into a form."""
    work_out = change_of(interaction, typed_values(interaction))
    typed = await defer_if_slow(interaction, work_out, in_place=is_own_message(interaction))
    await take_change(interaction, int(sent["monitor"]), typed)


async def take_change(interaction: Interaction, monitor_id: int, typed: Typed) -> None:
    """Change what was asked for; an address as it was typed is read first."""

    async def take(asked: Interaction, address: str) -> None:
        change = {**typed, "url": address} if "url" in typed else typed
        monitors, guild_id = asked.client.services.monitors, asked.guild_id or 0
        work = monitors.edit(guild_id, monitor_id, change, asked.user.id)
        edited = await defer_if_slow(asked, work, in_place=is_own_message(asked))
        await show_edited(asked, edited, cut_text(translator_of(asked), change.get("name")))

    if "url" in typed:
        await with_address(interaction, typed["url"], take)
    else:
        await take(interaction, "")


async def show_edited(interaction: Interaction, edited: Edited, note: str | None = None) -> None:
    """What changed, with the card as it is now: in place of the old one where that can be."""
    words = translator_of(interaction)
    said, in_place = edited_text(words, interaction, edited), is_own_message(interaction)
    text = f"{said}\n{note}" if note else said
    embed, view = await defer_if_slow(
        interaction, card(interaction, edited.after), in_place=in_place
    )
    await respond_or_edit(interaction, in_place=in_place, content=text, embed=embed, view=view)
