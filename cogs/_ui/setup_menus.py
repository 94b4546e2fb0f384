"""What can be pressed and picked on the card of ``/setup``."""

from typing import Any

import discord
from discord import ui

from bot.words.catalogue import N_, Words
from cogs._ui.channel_rights import ALERT_CHANNEL_TYPES
from cogs._ui.monitor_forms import picked

_LABELS = {
    "open": N_("Set up"),
    "nobody": N_("Call nobody"),
    "site": N_("Add a site"),
    "test": N_("Send a test alert"),
    "look": N_("Check again"),
}


def button(
    action: str, words: Words, *, main: bool = False, disabled: bool = False
) -> ui.Button[Any]:
    style = discord.ButtonStyle.primary if main else discord.ButtonStyle.secondary
    label, custom_id = words.text(_LABELS[action]), f"v1:setup:{action}"
    return ui.Button(label=label, style=style, custom_id=custom_id, disabled=disabled)


def channel_menu(words: Words, channel_id: int | None) -> ui.ChannelSelect[Any]:
    """The channels in which a bot can post and edit."""
    return ui.ChannelSelect(
        custom_id="v1:setup:channel",
        channel_types=ALERT_CHANNEL_TYPES,
        placeholder=words.text("Choose a channel"),
        default_values=picked(channel_id, discord.SelectDefaultValueType.channel),
    )


def role_menu(words: Words, role_id: int | None) -> ui.RoleSelect[Any]:
    """Emptied it means nobody; not every client shows how, so a button says it too."""
    return ui.RoleSelect(
        custom_id="v1:setup:role",
        min_values=0,
        placeholder=words.text("Choose a role, or none"),
        default_values=picked(role_id, discord.SelectDefaultValueType.role),
    )
