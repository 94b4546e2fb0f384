"""Forms: modals that are read by their id alone, so that one can be sent after a restart too."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, ClassVar, TypeAlias

import discord
from discord import ui
from discord.ext import commands

from bot.discord.client import Interaction
from bot.words.escaping import units
from cogs._ui.interactions import ManagersCog, errors_answered, is_allowed

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
            if match := re.fullmatch(template, str(data.get("custom_id", ""))):
                await self._take(interaction, match, take)

    async def _take(self, interaction: Interaction, sent: re.Match[str], take: TakeForm) -> None:
        async with errors_answered(interaction):
            if await is_allowed(interaction):
                await take(interaction, sent)


def typed_values(interaction: Interaction) -> dict[str, str]:
    """Values typed and picked, by the names of the fields; a pick of nothing is empty."""
    data: Any = interaction.data or {}
    parts = [one.get("component") for one in data.get("components", [])]
    return {part["custom_id"]: _value(part) for part in parts if part}


def _value(part: dict[str, Any]) -> str:
    if "values" in part:
        return str(next(iter(part["values"]), ""))
    return str(part.get("value") or "")
