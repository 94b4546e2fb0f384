"""The settings card of a monitor under ``/watch edit``, its forms, what is said of a change."""

import re
from collections.abc import Mapping
from typing import Any

import discord
from discord import ui

from bot.discord.client import Interaction
from bot.discord.command_tree import translator_of
from bot.discord.permissions import channel_problem, role_unreachable
from bot.models import Monitor, Target
from bot.services.monitor_options import (
    EVERY,
    NAME_LIMIT,
    OPTIONS,
    SECTIONS,
    Typed,
    differing,
    of_section,
)
from bot.services.monitor_rules import Edited, is_cut
from bot.services.option_types import (
    AddressOption,
    ChannelOption,
    ChoiceOption,
    HeadersOption,
    NameOption,
    NumberOption,
    Option,
    RoleOption,
    StatusesOption,
    TextOption,
)
from bot.words.causes import result_text
from bot.words.escaping import clip, code, plain
from bot.words.translator import Translator
from cogs._ui.audit_log import add_changes, audit_log_button
from cogs._ui.buttons import PersistentItem, view_of
from cogs._ui.did_you_mean import with_address
from cogs._ui.forms import form, shown_channel, shown_role, text_field, typed_values
from cogs._ui.interactions import defer_if_slow, is_own_message, respond_or_edit
from cogs._ui.monitor_text import shown_name
from cogs._ui.options import ALERT_CHANNEL_TYPES, check_channel_and_role

FORM = rf"v1:form:(?P<section>{'|'.join(SECTIONS)}):(?P<monitor>\d{{1,18}})"
URL_LIMIT = 2_048
_NUMBER_LIMIT, _LONG_LIMIT = 10, 4_000
_SHOWN_URL, _VALUE_LIMIT, _HEADERS_LIMIT, _THREAD_NAME = 1_000, 300, 900, 50
_WIDE = (TextOption, HeadersOption)
_IN_HEAD = {"url", "name", "every", "method"}  # title and first field
# The name of a menu whose being empty leaves the thread where it is.
_OR_THE_THREAD = "channel_or_thread"


def card_embed(words: Translator, monitor: Monitor) -> discord.Embed:
    """Every option the address takes; of request headers the names alone: values may be secrets."""
    embed = discord.Embed(title=shown_name(monitor))
    every = words.text(EVERY.shown, n=monitor.interval_s)
    address = f"{asked_address(monitor.target, _SHOWN_URL)} · {every}"
    embed.add_field(name=words.text("Address"), value=address, inline=False)
    options = [one for section in SECTIONS for one in of_section(section, monitor.target.url)]
    options += [OPTIONS["places"]] if monitor.place is not None else []
    for option in sorted(options, key=lambda one: not isinstance(one, _WIDE)):
        if option.name not in _IN_HEAD:
            name, value = words.text(option.label), shown_value(words, option, monitor)
            embed.add_field(name=name, value=value, inline=not isinstance(option, _WIDE))
    return embed


def shown_value(  # noqa: PLR0911 - one for each type
    words: Translator, option: Option, monitor: Monitor
) -> str:
    value = option.of(monitor)
    if value == option.default and option.removable:
        return words.text(option.unset)
    match option:
        case NumberOption():
            return words.text(option.shown, n=value)
        case ChannelOption():
            return f"<#{value}>"
        case RoleOption():
            return f"<@&{value}>"
        case HeadersOption():
            return clip(", ".join(code(name, _VALUE_LIMIT) for name, _ in value), _HEADERS_LIMIT)
        case StatusesOption():
            return option.write(value)[:_VALUE_LIMIT]
    return code(option.write(value), _VALUE_LIMIT)


def asked_address(target: Target, limit: int) -> str:
    """``HEAD https://…``; ports and names are asked by no method. For embeds of managers."""
    address = code(target.url, limit)
    return f"{target.method} {address}" if target.url.startswith("http") else address


def cut_text(words: Translator, name: str | None) -> str | None:
    if not is_cut(name):
        return None
    return words.text("Its name was cut to {n} characters.", n=NAME_LIMIT)


def edited_text(words: Translator, interaction: Interaction, edited: Edited) -> str:
    before, after = edited.before, edited.after
    changed = [words.text(option.label) for option in differing(before, after)]
    if not changed:
        return words.text("Nothing changed.")
    lines = [words.text("Changed: {list}.", list=words.list(changed))]
    if edited.first is not None:
        seen = result_text(words, edited.first)
        lines.append(words.text("First check: {result}.", result=seen))
    if before.target.url != after.target.url:
        lines.append(words.text("The new address starts from scratch."))
    if edited.alert_elsewhere:
        lines.append(
            words.text(
                "The open alert stays where it is; the new channel is used from the next one on."
            )
        )
    if after.channel_id is not None and after.channel_id != before.channel_id:
        lines.append(channel_problem(words, interaction, after.channel_id))
    if after.role_id is not None and after.role_id != before.role_id:
        settings = interaction.client.services.guilds.settings(after.guild_id)
        channel_id = after.channel_id or settings.channel_id or 0
        lines.append(role_unreachable(words, interaction, channel_id, after.role_id))
    return "\n".join(line for line in lines if line)


class EditButton(
    PersistentItem,
    template=rf"v1:edit:(?P<section>{'|'.join(SECTIONS)}):(?P<monitor>\d{{1,18}})",
):
    """Opens the form of one section."""

    for_managers = True

    async def pressed(self, interaction: Interaction) -> None:
        monitors = interaction.client.services.monitors
        monitor = monitors.get(interaction.guild_id or 0, int(self.params["monitor"]))
        form = monitor_form(interaction, monitor, self.params["section"])
        await interaction.response.send_modal(form)


async def card(interaction: Interaction, monitor: Monitor) -> tuple[discord.Embed, ui.View]:
    """The settings with what was changed last, and a button for each form and for all changes."""
    words = translator_of(interaction)
    embed = card_embed(words, monitor)
    if monitor.depends_on is not None:
        parent = interaction.client.services.monitors.get(monitor.guild_id, monitor.depends_on)
        label = words.text(OPTIONS["depends_on"].label)
        embed.add_field(name=label, value=shown_name(parent), inline=False)
    await add_changes(interaction, embed, monitor.id)
    sections = (
        EditButton.button(f"v1:edit:{section}:{monitor.id}", words.text(title))
        for section, title in SECTIONS.items()
    )
    return embed, view_of([*sections, audit_log_button(words, monitor.id)])


async def take_edited(interaction: Interaction, sent: re.Match[str]) -> None:
    work_out = change_of(interaction, typed_values(interaction))
    typed = await defer_if_slow(interaction, work_out, in_place=is_own_message(interaction))
    await take_change(interaction, int(sent["monitor"]), typed)


async def take_change(interaction: Interaction, monitor_id: int, typed: Typed) -> None:
    """Change what was asked for; an address as it was typed is read first."""

    async def take(asked: Interaction, address: str) -> None:
        change = {**typed, "url": address} if "url" in typed else typed
        await _change(asked, monitor_id, change)

    if "url" in typed:
        await with_address(interaction, typed["url"], take)
    else:
        await take(interaction, "")


async def _change(interaction: Interaction, monitor_id: int, change: Typed) -> None:
    """Say what changed, with the card as it is now: in place of the old one where that can be."""
    monitors, in_place = interaction.client.services.monitors, is_own_message(interaction)
    work = monitors.edit(interaction.guild_id or 0, monitor_id, change, interaction.user.id)
    edited = await defer_if_slow(interaction, work, in_place=in_place)
    words = translator_of(interaction)
    said = [edited_text(words, interaction, edited), cut_text(words, change.get("name"))]
    text = "\n".join(line for line in said if line)
    showing = card(interaction, edited.after)
    embed, view = await defer_if_slow(interaction, showing, in_place=in_place)
    await respond_or_edit(interaction, in_place=in_place, content=text, embed=embed, view=view)


def monitor_form(interaction: Interaction, monitor: Monitor, section: str) -> ui.Modal:
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
    label = words.text(option.label)
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
            about = words.text("Empty: the server's setting.")
            return ui.Label(text=label, description=about, component=roles)
        case ChoiceOption():
            options = [
                discord.SelectOption(label=one, default=one == option.of(monitor))
                for one in option.choices
            ]
            menu: ui.Select[ui.Modal] = ui.Select(custom_id=option.name, options=options)
            return ui.Label(text=label, component=menu)
    return text_field(
        label,
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


def _channel_menu(interaction: Interaction, option: Option, monitor: Monitor) -> ui.Label[ui.Modal]:
    """A menu cannot show a thread as chosen: empty, it leaves the one there is."""
    words, known = translator_of(interaction), interaction.client.known_channels
    chosen = known.find(interaction.guild, monitor.channel_id or 0)
    name, about = option.name, words.text("Empty: the server's setting.")
    if isinstance(chosen, discord.Thread):
        thread = plain(chosen.name, _THREAD_NAME)
        name, about = _OR_THE_THREAD, words.text("Empty: the thread “{name}” stays.", name=thread)
    channels: ui.ChannelSelect[ui.Modal] = ui.ChannelSelect(
        custom_id=name,
        channel_types=ALERT_CHANNEL_TYPES,
        min_values=0,
        required=False,
        default_values=shown_channel(interaction, monitor.channel_id),
    )
    return ui.Label(text=words.text(option.label), description=about, component=channels)
