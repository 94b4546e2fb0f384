"""Forms and what was typed in them: modals, and buttons that offer it again, whole or mended.

A form is read by its id alone, so that it can be sent after a restart too. What was typed stands in
no id of a button, so it is kept for a while; after a restart it is typed again.
"""

import re
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias
from weakref import WeakKeyDictionary

import discord
from discord import ui
from discord.ext import commands

from bot.discord.client import Interaction, VigieClient
from bot.discord.command_tree import error_text, translator_of
from bot.errors import AddressRefused, Mistyped, UserError
from bot.models import CheckResult, Monitor
from bot.services.monitor_options import Typed
from bot.services.typed_text import typed_address
from bot.words.escaping import clip, plain, units
from cogs._ui.buttons import PersistentItem, view_of
from cogs._ui.interactions import (
    ManagersCog,
    errors_answered,
    is_allowed,
    respond_or_edit,
)

TakeForm: TypeAlias = Callable[[Interaction, re.Match[str]], Awaitable[None]]


def form(title: str, custom_id: str, fields: Iterable[ui.Label[ui.Modal]]) -> ui.Modal:
    """discord.py is not to remember it."""
    modal = ui.Modal(title=title, custom_id=custom_id, timeout=None)
    for field in fields:
        modal.add_item(field)
    modal.stop()
    return modal


def text_field(
    label: str,
    name: str,
    value: str | None = None,
    *,
    limit: int,
    about: str | None = None,
    placeholder: str | None = None,
    required: bool = False,
    long: bool = False,
) -> ui.Label[ui.Modal]:
    style = discord.TextStyle.paragraph if long else discord.TextStyle.short
    given = (value or "")[:limit]
    field: ui.TextInput[ui.Modal] = ui.TextInput(
        custom_id=name,
        style=style,
        default=given or None,
        placeholder=placeholder,
        required=required,
        # Clients count emoji twice, and send no form that is longer than it may be.
        max_length=max(limit, units(given)),
    )
    return ui.Label(text=label, description=about, component=field)


def shown_channel(
    interaction: Interaction, channel_id: int | None
) -> list[discord.SelectDefaultValue]:
    """Channel a menu shows as chosen.

    Only what surely is a channel here: a form is not opened at all if Discord refuses one value,
    and it is known to stumble over threads.
    """
    guild = interaction.guild
    if guild is None or channel_id is None or guild.get_channel(channel_id) is None:
        return []
    kind = discord.SelectDefaultValueType.channel
    return [discord.SelectDefaultValue(id=channel_id, type=kind)]


def shown_role(interaction: Interaction, role_id: int | None) -> list[discord.SelectDefaultValue]:
    guild = interaction.guild
    if guild is None or role_id is None or guild.get_role(role_id) is None:
        return []
    return [discord.SelectDefaultValue(id=role_id, type=discord.SelectDefaultValueType.role)]


class FormsCog(ManagersCog):
    """Takes forms that managers send: discord.py itself would forget those at a restart."""

    forms: ClassVar[Mapping[str, TakeForm]] = {}  # by the template of their ids

    @commands.Cog.listener()
    async def on_interaction(self, interaction: Interaction) -> None:
        if interaction.type is not discord.InteractionType.modal_submit:
            return
        data: Any = interaction.data or {}
        for template, take in self.forms.items():
            sent = re.fullmatch(template, str(data.get("custom_id", "")))
            async with errors_answered(interaction):
                if sent and await is_allowed(interaction):
                    await take(interaction, sent)


def typed_values(interaction: Interaction) -> dict[str, str]:
    """Values typed and picked, by the names of the fields; a pick of nothing is empty."""
    data: Any = interaction.data or {}
    parts = [one.get("component") for one in data.get("components", [])]
    return {
        part["custom_id"]: str(next(iter(part.get("values", [part.get("value")])), None) or "")
        for part in parts
        if part
    }


KEPT = 500
_LABEL_LIMIT = 80

Take = Callable[[Interaction], Awaitable[None]]
TakeAddress = Callable[[Interaction, str], Awaitable[None]]
TakeChange = Callable[[Interaction, Typed], Awaitable[None]]


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


def offers_without_tls(
    interaction: Interaction, monitor: Monitor, first: CheckResult | None, take: TakeChange
) -> list[OfferButton]:
    """Under a first check that TLS got no answer in: the address as one that needs none.

    The change is for the monitor as it is now; what others have changed since then stays.
    """
    words, monitors = translator_of(interaction), interaction.client.services.monitors

    def button(change: Typed) -> OfferButton:
        async def use(asked: Interaction) -> None:
            if monitors.get(monitor.guild_id, monitor.id).target != monitor.target:
                raise UserError("Somebody has changed it since: nothing was replaced.")
            await take(asked, change)

        address = plain(change["url"].removesuffix("/"), _LABEL_LIMIT)
        return offer(interaction, words.text("Watch {address}", address=address), use)

    if first is None:
        return []
    mine = monitors.index(monitor.guild_id)
    return [button(change) for change in monitors.rules.without_tls(monitor, first, mine)]


def mending_offers(
    interaction: Interaction, error: UserError, take: TakeAddress, again: Take, *, main: bool = True
) -> list[OfferButton]:
    """Under a form that is refused: what may be meant, and the form ``again`` as it was filled."""
    label = translator_of(interaction).text("Try again")
    instead = address_offers(interaction, error, take) if isinstance(error, AddressRefused) else []
    return [*instead, offer(interaction, label, again, main=main, once=False)]


async def with_address(interaction: Interaction, typed: str, take: TakeAddress) -> None:
    """Hand the address on as it is meant, or ask which one that is."""
    try:
        await take(interaction, typed_address(typed))
    except AddressRefused as error:
        if not error.instead:
            raise
        text = error_text(translator_of(interaction), error)
        view = view_of(address_offers(interaction, error, take))
        await respond_or_edit(interaction, content=text, embed=None, view=view)
