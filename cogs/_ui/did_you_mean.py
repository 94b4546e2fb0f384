"""“Did you mean …?”: an address with a slip of typing, and the button that takes what was meant.

What else was typed stands in no id, so it is kept for a while; after a restart it is typed again.
"""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import discord
from discord import ui

from bot.discord.client import Interaction, VigieClient
from bot.discord.command_tree import error_text, translator_of
from bot.errors import Mistyped, UserError
from bot.services.typed_addresses import typed_address
from cogs._ui.buttons import PersistentItem, view_of
from cogs._ui.interactions import respond

KEPT = 500

Take = Callable[[Interaction, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Suggestion:
    """An address that was perhaps meant, the person who may take it, and what is done then."""

    guild_id: int | None
    user_id: int
    meant: str
    take: Take


# Of each client by the key of their button, oldest first.
_KEPT: WeakKeyDictionary[VigieClient, dict[str, _Suggestion]] = WeakKeyDictionary()


class DidYouMeanButton(PersistentItem, template=r"v1:meant:(?P<key>[0-9a-f]{16})"):
    """Takes the address that was meant, with everything else as it was typed."""

    for_managers = True

    @classmethod
    def offering(cls, interaction: Interaction, slip: Mistyped, take: Take) -> "DidYouMeanButton":
        """A new one; the oldest that nobody has pressed are forgotten."""
        key, kept = secrets.token_hex(8), _KEPT.setdefault(interaction.client, {})
        while len(kept) >= KEPT:
            del kept[next(iter(kept))]
        kept[key] = _Suggestion(interaction.guild_id, interaction.user.id, slip.meant, take)
        label = translator_of(interaction).text("Yes, use that")
        return cls.button(f"v1:meant:{key}", label, style=discord.ButtonStyle.primary)

    async def pressed(self, interaction: Interaction) -> None:
        kept, key = _KEPT.setdefault(interaction.client, {}), self.params["key"]
        found = kept.get(key)
        person = (interaction.guild_id, interaction.user.id)
        if found is None or (found.guild_id, found.user_id) != person:
            raise UserError("I no longer know what you typed. Please type it again.")
        del kept[key]
        await found.take(interaction, found.meant)


async def with_address(interaction: Interaction, typed: str, take: Take) -> None:
    """Hand the address on as it is meant, or ask which one that is."""
    try:
        address = typed_address(typed)
    except Mistyped as slip:
        view = view_of([DidYouMeanButton.offering(interaction, slip, take)])
        await respond(interaction, error_text(translator_of(interaction), slip), view=view)
        return
    await take(interaction, address)


def suggestion_row(interaction: Interaction, slip: Mistyped, take: Take) -> ui.ActionRow[Any]:
    return ui.ActionRow(DidYouMeanButton.offering(interaction, slip, take))
