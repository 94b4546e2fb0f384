"""Buttons and menus that work for ever, and the pages they turn: the custom_id says it all.

Nothing is remembered between sending and click. Facts, and who may press, are read anew.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar, NamedTuple, Self

import discord
from discord import ui

from bot.discord.client import Interaction
from bot.discord.command_tree import translator_of
from bot.words.translator import Translator
from cogs._ui.interactions import (
    defer_if_slow,
    errors_answered,
    guild_translator,
    is_allowed,
    is_own_message,
    respond,
    respond_or_edit,
)


class PersistentItem(ui.DynamicItem[ui.Item[Any]], template=r"(?!)"):
    """Base of all: each kind brings its template and says what a click does."""

    for_managers: ClassVar[bool] = False

    def __init__(self, item: ui.Item[Any]) -> None:
        super().__init__(item)
        match = self.template.fullmatch(self.custom_id)
        parts = {} if match is None else match.groupdict()
        self.params: dict[str, str] = {k: part for k, part in parts.items() if part is not None}

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
        """Raises ValueError for an id that does not fit the template."""
        return cls(ui.Button(label=label, style=style, custom_id=custom_id, disabled=disabled))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        async with errors_answered(interaction):
            if await is_allowed(interaction, managers=self.for_managers):
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


class Asked(NamedTuple):
    """Who wants to see which list. ``public``: everybody in the channel reads the answer."""

    interaction: Interaction
    about: tuple[str, ...] = ()
    public: bool = False

    @property
    def words(self) -> Translator:
        return (guild_translator if self.public else translator_of)(self.interaction)

    @property
    def guild_id(self) -> int:
        return self.interaction.guild_id or 0


class Page(NamedTuple):
    """One page, counted from 0, of so many."""

    content: str | None
    embed: discord.Embed
    number: int = 0
    of: int = 1


class ListPage(PersistentItem, template=r"(?!)"):
    """◀ ▶ under a list, which is read anew at every turn.

    The id is ``v1:surface:way:about:page``: which list was asked for stands in it, part by part.
    """

    surface: ClassVar[str]
    size: ClassVar[int] = 10
    can_refresh: ClassVar[bool] = False

    @classmethod
    async def entries(cls, asked: Asked) -> Sequence[Any]:
        """All that the person may see. Raises UserError."""
        raise NotImplementedError

    @classmethod
    async def page(cls, asked: Asked, found: Sequence[Any], shown: Sequence[Any]) -> Page:
        raise NotImplementedError

    @classmethod
    async def show(
        cls, asked: Asked, number: int = 0, *, found: Sequence[Any] = (), anew: bool = False
    ) -> None:
        """Answer with one page of what was ``found`` or can be; one that is gone is the last.

        ``anew``: beside the message that was pressed, never in its place.
        """
        interaction = asked.interaction
        work = cls.paged(asked, found, number)
        page = await defer_if_slow(interaction, work, ephemeral=not asked.public)
        if page is None:
            await respond(interaction, asked.words.text("There is nothing to show any more."))
            return
        await (respond if anew else respond_or_edit)(
            interaction,
            ephemeral=not asked.public,
            content=page.content,
            embed=page.embed,
            view=view_of(cls._buttons(asked, page)),
        )

    async def pressed(self, interaction: Interaction) -> None:
        """Turn in place for whoever asked; others get a page of their own, of what they may see."""
        way, *about, number = self.params.values()
        message = interaction.message if is_own_message(interaction) else None
        public = way != "open" and message is not None and not message.flags.ephemeral
        await self.show(Asked(interaction, tuple(about), public), int(number), anew=way == "open")

    @classmethod
    async def paged(cls, asked: Asked, found: Sequence[Any], number: int) -> Page | None:
        """One page with its place among all; None: there is nothing."""
        found = found or await cls.entries(asked)
        if not found:
            return None
        of = -(-len(found) // cls.size)
        number = min(number, of - 1)
        page = await cls.page(asked, found, found[number * cls.size : (number + 1) * cls.size])
        if of > 1:
            footer = [page.embed.footer.text, page_text(asked.words, number, of)]
            page.embed.set_footer(text=" · ".join(part for part in footer if part))
        return Page(page.content, page.embed, number, of)

    @classmethod
    def _buttons(cls, asked: Asked, page: Page) -> Iterator[PersistentItem]:
        number = page.number
        before, after = (max(0, number - 1), number == 0), (number + 1, number == page.of - 1)
        for way, label, (to, is_end) in (("prev", "◀", before), ("next", "▶", after)):
            if page.of > 1:
                yield cls.button(cls._page_id(asked, way, to), label, disabled=is_end)
        if cls.can_refresh:
            yield cls.button(cls._page_id(asked, "show", number), asked.words.text("Refresh"))

    @classmethod
    def _page_id(cls, asked: Asked, way: str, number: int) -> str:
        return ":".join(("v1", cls.surface, way, *asked.about, str(number)))


def page_text(words: Translator, number: int, of: int) -> str:
    return words.text("Page {n} of {of}", n=number + 1, of=of)
