"""Buttons and menus that work for ever, and the pages they turn: the custom_id says it all.

Nothing is remembered between sending and click. Facts, and who may press, are read anew.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar, Self, TypeVar

import discord
from discord import ui

from bot.discord.client import Interaction
from bot.words.translator import Translator
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
        """Handle a click, once the right to it was checked; errors are answered."""
        raise NotImplementedError


def view_of(items: Iterable[PersistentItem]) -> ui.View:
    """View of the buttons under a message. Nothing of it stays in memory after it is sent."""
    view = ui.View(timeout=None)
    for item in items:
        view.add_item(item)
    return view


T = TypeVar("T")


def arrows(
    kind: type[PersistentItem], surface: str, *about: object, number: int, of: int
) -> Iterator[PersistentItem]:
    """◀ ▶ around one page (from 0) of several, as ``v1:surface:way:about:page``."""
    if of == 1:
        return
    before, after = (max(0, number - 1), number == 0), (number + 1, number == of - 1)
    for way, label, (page, is_end) in (("prev", "◀", before), ("next", "▶", after)):
        custom_id = ":".join(str(part) for part in ("v1", surface, way, *about, page))
        yield kind.button(custom_id, label, disabled=is_end)


def pages_of(found: Sequence[object], size: int) -> int:
    """Number of pages; nothing at all is one page too."""
    return max(1, -(-len(found) // size))


def page_of(found: Sequence[T], number: int, size: int) -> Sequence[T]:
    """Entries of one page, counted from 0."""
    return found[number * size : (number + 1) * size]


def page_text(words: Translator, number: int, of: int) -> str:
    return words.text("Page {n} of {of}", n=number + 1, of=of)
