"""The form of ``/setup`` that takes the first site: an address and, if wanted, a name."""

from typing import Any

import discord
from discord import ui

from bot.services.monitors import NewMonitor
from bot.services.wishes import NAME_LIMIT, usual_interval_s, with_scheme
from bot.words.catalogue import Words
from cogs._ui.asking import Interaction
from cogs._ui.monitor_forms import typed_values

_FORM = "v1:setup:form"
_URL_LIMIT = 2_048


def site_form(words: Words) -> ui.Modal:
    """discord.py is not to remember it: a form is read by its id, after a restart too."""
    modal = ui.Modal(title=words.text("Add a site"), custom_id=_FORM, timeout=None)
    url: ui.TextInput[ui.Modal] = ui.TextInput(
        custom_id="url", placeholder="example.com", max_length=_URL_LIMIT
    )
    name: ui.TextInput[ui.Modal] = ui.TextInput(
        custom_id="name", required=False, max_length=NAME_LIMIT
    )
    about = words.text("As in a browser; also tcp://example.com:22 or dns://example.com.")
    modal.add_item(ui.Label(text=words.text("Address"), description=about, component=url))
    left_out = words.text("What it is called here; the host if you leave it out.")
    modal.add_item(ui.Label(text=words.text("Name"), description=left_out, component=name))
    modal.stop()
    return modal


def is_site_form(interaction: discord.Interaction[Any]) -> bool:
    data: Any = interaction.data or {}
    sent = interaction.type is discord.InteractionType.modal_submit
    return sent and data.get("custom_id") == _FORM


def wanted_site(interaction: Interaction) -> NewMonitor:
    """What was typed, with everything else as usual."""
    typed = typed_values(interaction)
    return NewMonitor(
        url=with_scheme(typed.get("url", "")),
        name=typed.get("name") or None,
        every_s=usual_interval_s(interaction.client.config),
    )
