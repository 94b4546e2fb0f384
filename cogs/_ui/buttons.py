"""Buttons and menus that work for ever: the custom_id alone says what one is about.

Nothing is remembered between sending and click. What is true, and who may press, is read anew.
"""

import re
from collections.abc import Iterable
from typing import Any, ClassVar, Self

import discord
from discord import ui

from bot.discord.client import Interaction
from cogs._ui.interactions import check_allowed_guild, check_manager, errors_answered


class PersistentItem(ui.DynamicItem[ui.Item[Any]], template=r"(?!)"):
    """Base of all: each kind brings its template and says what a click does."""

    for_managers: ClassVar[bool] = False

    def __init__(self, item: ui.Item[Any]) -> None:
        super().__init__(item)
        match = self.template.fullmatch(self.custom_id)
        self.params: dict[str, str] = {} if match is None else match.groupdict()

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        del interaction, match
        return cls(item)

    @classmethod
    def button(
        cls,
        custom_id: str,
        label: str,
        *,
        style: discord.ButtonStyle = discord.ButtonStyle.secondary,
        disabled: bool = False,
    ) -> Self:
        """A new one. Raises ValueError for an id that does not fit the template."""
        return cls(ui.Button(label=label, style=style, custom_id=custom_id, disabled=disabled))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        async with errors_answered(interaction):
            if await (check_manager if self.for_managers else check_allowed_guild)(interaction):
                await self.pressed(interaction)

    async def pressed(self, interaction: Interaction) -> None:
        """What a click does, once the right to it was checked; what it raises is answered."""
        raise NotImplementedError


def view_of(items: Iterable[PersistentItem]) -> ui.View:
    """The buttons under a message. Nothing of the view stays in memory after it is sent."""
    view = ui.View(timeout=None)
    for item in items:
        view.add_item(item)
    return view
