"""What can be pressed, picked and typed on the card of ``/setup``."""

from typing import Any

import discord
from discord import ui

from bot.services.wishes import NAME_LIMIT, NewMonitor, usual_interval_s
from bot.words.translator import N_, Translator
from cogs._ui.alert_places import ALERT_CHANNEL_TYPES
from cogs._ui.forms import form, shown_channel, shown_role, text_field, typed_values
from cogs._ui.interactions import Interaction
from cogs._ui.monitor_forms import URL_LIMIT

FORM = "v1:setup:form"
_LABELS = {
    "open": N_("Set up"),
    "nobody": N_("Call nobody"),
    "site": N_("Add a site"),
    "test": N_("Send a test alert"),
    "look": N_("Check again"),
}


def button(
    action: str, words: Translator, *, main: bool = False, disabled: bool = False
) -> ui.Button[Any]:
    style = discord.ButtonStyle.primary if main else discord.ButtonStyle.secondary
    label, custom_id = words.text(_LABELS[action]), f"v1:setup:{action}"
    return ui.Button(label=label, style=style, custom_id=custom_id, disabled=disabled)


def channel_menu(
    words: Translator, interaction: Interaction, channel_id: int | None
) -> ui.ChannelSelect[Any]:
    """The channels in which a bot can post and edit."""
    return ui.ChannelSelect(
        custom_id="v1:setup:channel",
        channel_types=ALERT_CHANNEL_TYPES,
        placeholder=words.text("Choose a channel"),
        default_values=shown_channel(interaction, channel_id),
    )


def role_menu(
    words: Translator, interaction: Interaction, role_id: int | None
) -> ui.RoleSelect[Any]:
    """Emptied it means nobody; not every client shows how, so a button says it too."""
    return ui.RoleSelect(
        custom_id="v1:setup:role",
        min_values=0,
        placeholder=words.text("Choose a role, or none"),
        default_values=shown_role(interaction, role_id),
    )


def site_form(words: Translator) -> ui.Modal:
    """Takes the first site: an address and, if wanted, a name."""
    return form(
        words.text("Add a site"),
        FORM,
        [
            text_field(
                words.text("Address"),
                "url",
                limit=URL_LIMIT,
                about=words.text(
                    "As in a browser; also tcp://example.com:22 or dns://example.com."
                ),
                placeholder="example.com",
                required=True,
            ),
            text_field(
                words.text("Name"),
                "name",
                limit=NAME_LIMIT,
                about=words.text("What it is called here; the host if you leave it out."),
            ),
        ],
    )


def wanted_site(interaction: Interaction) -> NewMonitor:
    """What was typed, the address too, with everything else as usual."""
    typed = typed_values(interaction)
    return NewMonitor(
        url=typed.get("url", ""),
        name=typed.get("name") or None,
        every_s=usual_interval_s(interaction.client.config),
    )
