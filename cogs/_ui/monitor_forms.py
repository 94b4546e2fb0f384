"""The forms under ``/watch edit``, one for each section of the options, and how they are read."""

from collections.abc import Mapping
from typing import Any

import discord
from discord import ui

from bot.discord.client import Interaction
from bot.discord.command_tree import translator_of
from bot.models import Monitor
from bot.services.monitor_options import NAME_LIMIT, OPTIONS, SECTIONS, Typed, of_section
from bot.services.option_types import (
    AddressOption,
    ChannelOption,
    ChoiceOption,
    HeadersOption,
    NameOption,
    NumberOption,
    Option,
    RoleOption,
    TextOption,
)
from bot.words.escaping import plain
from bot.words.translator import Translator
from cogs._ui.forms import form, shown_channel, shown_role, text_field
from cogs._ui.options import ALERT_CHANNEL_TYPES, check_channel_and_role

FORM = rf"v1:form:(?P<section>{'|'.join(SECTIONS)}):(?P<monitor>\d{{1,18}})"
# The name of a menu whose being empty leaves the thread where it is.
_OR_THE_THREAD = "channel_or_thread"
_THREAD_NAME = 50
URL_LIMIT = 2_048
_NUMBER_LIMIT, _LONG_LIMIT = 10, 4_000


def monitor_form(interaction: Interaction, monitor: Monitor, section: str) -> ui.Modal:
    """That of one section."""
    words = translator_of(interaction)
    options = of_section(section, monitor.target.url)
    fields = [_field(interaction, option, monitor) for option in options]
    return form(words.text(SECTIONS[section]), f"v1:form:{section}:{monitor.id}", fields)


async def change_of(interaction: Interaction, values: Mapping[str, str]) -> Typed:
    """What was typed, by the names of options. Raises UserError for a place alerts cannot have."""
    typed: dict[str, Any] = {name: values[name] for name in OPTIONS if name in values}
    if picked := values.get(_OR_THE_THREAD):
        typed["channel"] = picked
    channel_id, role_id = int(typed.get("channel") or 0), int(typed.get("role") or 0)
    await check_channel_and_role(interaction, channel_id, role_id)
    return typed


def _field(interaction: Interaction, option: Option, monitor: Monitor) -> ui.Label[ui.Modal]:
    words = translator_of(interaction)
    match option:
        case ChannelOption():
            return _channel_menu(interaction, option, monitor)
        case RoleOption():
            roles: ui.RoleSelect[ui.Modal] = ui.RoleSelect(
                custom_id=option.name,
                min_values=0,
                required=False,
                default_values=shown_role(interaction, option.of(monitor)),
            )
            return _menu(words, option, roles, words.text("Empty: the server's setting."))
        case ChoiceOption():
            options = [
                discord.SelectOption(label=one, default=one == option.of(monitor))
                for one in option.choices
            ]
            return _menu(words, option, ui.Select(custom_id=option.name, options=options))
    return text_field(
        words.text(option.label),
        option.name,
        option.write(option.of(monitor)),
        limit=_limit(option),
        about=option.form_help and words.text(option.form_help),
        required=isinstance(option, AddressOption),
        long=isinstance(option, HeadersOption),
    )


def _limit(option: Option) -> int:
    match option:
        case AddressOption():
            return URL_LIMIT
        case NameOption():
            return NAME_LIMIT
        case NumberOption():
            return _NUMBER_LIMIT
        case TextOption():
            return option.limit
    return _LONG_LIMIT


def _menu(
    words: Translator, option: Option, component: ui.Item[ui.Modal], about: str | None = None
) -> ui.Label[ui.Modal]:
    return ui.Label(text=words.text(option.label), description=about, component=component)


def _channel_menu(interaction: Interaction, option: Option, monitor: Monitor) -> ui.Label[ui.Modal]:
    words, thread = translator_of(interaction), _thread_of(interaction, monitor)
    channels: ui.ChannelSelect[ui.Modal] = ui.ChannelSelect(
        custom_id=option.name if thread is None else _OR_THE_THREAD,
        channel_types=ALERT_CHANNEL_TYPES,
        min_values=0,
        required=False,
        default_values=shown_channel(interaction, monitor.channel_id),
    )
    about = words.text("Empty: the server's setting.")
    if thread is not None:
        name = plain(thread.name, _THREAD_NAME)
        about = words.text("Empty: the thread “{name}” stays.", name=name)
    return _menu(words, option, channels, about)


def _thread_of(interaction: Interaction, monitor: Monitor) -> discord.Thread | None:
    """The thread of its alerts: a menu cannot show one as chosen."""
    known, channel_id = interaction.client.known_channels, monitor.channel_id
    found = None if channel_id is None else known.find(interaction.guild, channel_id)
    return found if isinstance(found, discord.Thread) else None
