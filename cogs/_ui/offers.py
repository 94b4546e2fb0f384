"""Buttons for what an answer offers: “Did you mean …?”, another kind of address, “Try again”.

What was typed stands in no id, so it is kept for a while; after a restart it is typed again.
"""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import discord

from bot.discord.client import Interaction, VigieClient
from bot.discord.command_tree import error_text, translator_of
from bot.errors import AddressRefused, Mistyped, UserError
from bot.services.typed_addresses import typed_address
from bot.words.escaping import clip, plain
from cogs._ui.buttons import PersistentItem, view_of
from cogs._ui.interactions import is_own_message, respond_or_edit

KEPT = 500
_LABEL_LIMIT = 80

Take = Callable[[Interaction], Awaitable[None]]
TakeAddress = Callable[[Interaction, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Offer:
    """What is done for the person it was offered to. ``once``: only the first press counts."""

    guild_id: int | None
    user_id: int
    take: Take
    once: bool


# Of each client by the key of their button, oldest first.
_KEPT: WeakKeyDictionary[VigieClient, dict[str, _Offer]] = WeakKeyDictionary()


class OfferButton(PersistentItem, template=r"v1:meant:(?P<key>[0-9a-f]{16})"):
    """Does what was offered, with everything else as it was typed."""

    for_managers = True

    async def pressed(self, interaction: Interaction) -> None:
        kept, key = _KEPT.setdefault(interaction.client, {}), self.params["key"]
        found = kept.get(key)
        person = (interaction.guild_id, interaction.user.id)
        if found is None or (found.guild_id, found.user_id) != person:
            raise UserError("I no longer know what you typed. Please type it again.")
        if found.once:
            del kept[key]
        await found.take(interaction)


def offer(
    interaction: Interaction, label: str, take: Take, *, main: bool = True, once: bool = True
) -> OfferButton:
    """A new button; the oldest that nobody has pressed are forgotten."""
    key, kept = secrets.token_hex(8), _KEPT.setdefault(interaction.client, {})
    while len(kept) >= KEPT:
        del kept[next(iter(kept))]
    kept[key] = _Offer(interaction.guild_id, interaction.user.id, take, once)
    style = discord.ButtonStyle.primary if main else discord.ButtonStyle.secondary
    return OfferButton.button(f"v1:meant:{key}", clip(label, _LABEL_LIMIT), style=style)


def address_offers(
    interaction: Interaction, error: AddressRefused, take: TakeAddress
) -> list[OfferButton]:
    """A button for each address that may be meant instead of a refused one."""
    words = translator_of(interaction)

    def button(address: str) -> OfferButton:
        async def use(asked: Interaction) -> None:
            await with_address(asked, address, take)

        if isinstance(error, Mistyped):
            return offer(interaction, words.text("Yes, use that"), use)
        label = words.text("Watch {address}", address=plain(address, _LABEL_LIMIT))
        return offer(interaction, label, use)

    return [button(address) for address in error.instead]


async def with_address(interaction: Interaction, typed: str, take: TakeAddress) -> None:
    """Hand the address on as it is meant, or ask which one that is."""
    try:
        await take(interaction, typed_address(typed))
    except AddressRefused as error:
        if not error.instead:
            raise
        text = error_text(translator_of(interaction), error)
        view = view_of(address_offers(interaction, error, take))
        pressed = interaction.type is discord.InteractionType.component
        in_place = pressed and is_own_message(interaction)
        await respond_or_edit(interaction, in_place=in_place, content=text, embed=None, view=view)
