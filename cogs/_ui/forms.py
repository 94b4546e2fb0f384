"""Forms: modals that are read by their id alone, so that one can be sent after a restart too."""

import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import discord
from discord import ui

from cogs._ui.asking import Interaction, answering, managing


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
    field: ui.TextInput[ui.Modal] = ui.TextInput(
        custom_id=name,
        style=style,
        default=(value or "")[:limit] or None,
        placeholder=placeholder,
        required=required,
        max_length=limit,
    )
    return ui.Label(text=label, description=about, component=field)


def picked(
    found: int | None, kind: discord.SelectDefaultValueType
) -> list[discord.SelectDefaultValue]:
    """What a menu of channels or roles shows as chosen."""
    return [] if found is None else [discord.SelectDefaultValue(id=found, type=kind)]


async def take_form(
    interaction: Interaction,
    template: str,
    take: Callable[[Interaction, re.Match[str]], Awaitable[None]],
) -> None:
    """Take a form that a manager sent, if its id fits the template. Never raises.

    discord.py itself would forget a form at a restart.
    """
    data: Any = interaction.data or {}
    match = re.fullmatch(template, str(data.get("custom_id", "")))
    if match is None or interaction.type is not discord.InteractionType.modal_submit:
        return
    async with answering(interaction):
        if await managing(interaction):
            await take(interaction, match)


def typed_values(interaction: Interaction) -> dict[str, str]:
    """What was typed and picked, by the names of the fields; a pick of nothing is empty."""
    data: Any = interaction.data or {}
    parts = [one.get("component") for one in data.get("components", [])]
    return {part["custom_id"]: _value(part) for part in parts if part}


def _value(part: dict[str, Any]) -> str:
    if "values" in part:
        return str(next(iter(part["values"]), ""))
    return str(part.get("value") or "")
