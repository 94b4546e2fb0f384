"""“Check again” under ``/doctor``. It keeps no state, so it works after a restart too."""

import re
from typing import Any

import discord
from discord import ui

from bot.tree import words_of
from bot.words.catalogue import Words
from cogs._ui.asking import Interaction, answering, managing, owns, patiently, say
from cogs._ui.doctor_page import doctor_embed


class DoctorButton(ui.DynamicItem[ui.Button[ui.View]], template=r"v1:doctor:(?P<action>look)"):
    """Looks at everything once more, in place."""

    def __init__(self, words: Words) -> None:
        label = words.text("Check again")
        super().__init__(ui.Button(label=label, custom_id="v1:doctor:look"))

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],
        item: ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> "DoctorButton":
        del item, match
        return cls(words_of(interaction))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        async with answering(interaction):
            if await managing(interaction):
                await show_doctor(interaction)


async def show_doctor(interaction: Interaction) -> None:
    """The report as things are now, in place of the old one where that can be."""
    in_place = interaction.message is not None and owns(interaction)
    embed = await patiently(interaction, doctor_embed(interaction), in_place=in_place)
    view = ui.View(timeout=None).add_item(DoctorButton(words_of(interaction)))
    if not in_place:
        await say(interaction, embed=embed, view=view)
    elif interaction.response.is_done():
        await interaction.edit_original_response(embed=embed, view=view)
    else:
        await interaction.response.edit_message(embed=embed, view=view)
