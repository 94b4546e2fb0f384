"""The settings card of a monitor under ``/watch edit``, its buttons, what is said of a change."""

import re

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
    ChannelOption,
    HeadersOption,
    NumberOption,
    Option,
    RoleOption,
    StatusesOption,
    TextOption,
)
from bot.words.causes import result_text
from bot.words.escaping import clip, code
from bot.words.translator import Translator
from cogs._ui.audit_log import add_changes, audit_log_button
from cogs._ui.buttons import PersistentItem, view_of
from cogs._ui.did_you_mean import with_address
from cogs._ui.forms import typed_values
from cogs._ui.interactions import defer_if_slow, is_own_message, respond_or_edit
from cogs._ui.monitor_forms import change_of, monitor_form
from cogs._ui.monitor_text import shown_name

_URL_LIMIT, _VALUE_LIMIT, _HEADERS_LIMIT = 1_000, 300, 900
_WIDE = (TextOption, HeadersOption)
_IN_HEAD = {"url", "name", "every", "method"}  # title and first field


def card_embed(words: Translator, monitor: Monitor) -> discord.Embed:
    """Every option the address takes; of request headers the names alone: values may be secrets."""
    embed = discord.Embed(title=shown_name(monitor))
    every = words.text(EVERY.shown, n=monitor.interval_s)
    address = f"{asked_address(monitor.target, _URL_LIMIT)} · {every}"
    embed.add_field(name=words.text("Address"), value=address, inline=False)
    options = [one for section in SECTIONS for one in of_section(section, monitor.target.url)]
    options += [OPTIONS["places"]] if monitor.place is not None else []
    for option in sorted(options, key=lambda one: not isinstance(one, _WIDE)):
        if option.name not in _IN_HEAD:
            shown = shown_value(words, option, monitor)
            embed.add_field(
                name=words.text(option.label), value=shown, inline=not isinstance(option, _WIDE)
            )
    return embed


def shown_value(  # noqa: PLR0911 - one for each type
    words: Translator, option: Option, monitor: Monitor
) -> str:
    """One option's value in an embed."""
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
    """That a typed name was too long, if it was."""
    if not is_cut(name):
        return None
    return words.text("Its name was cut to {n} characters.", n=NAME_LIMIT)


def edited_text(words: Translator, interaction: Interaction, edited: Edited) -> str:
    """What changed, what follows from it, and what now stands in its way."""
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
        lines.append(
            role_unreachable(words, interaction, _place(interaction, after), after.role_id)
        )
    return "\n".join(line for line in lines if line)


def _place(interaction: Interaction, monitor: Monitor) -> int:
    settings = interaction.client.services.guilds.settings(monitor.guild_id)
    return monitor.channel_id or settings.channel_id or 0


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
    await add_changes(interaction, embed, monitor.id)
    sections = (
        EditButton.button(f"v1:edit:{section}:{monitor.id}", words.text(title))
        for section, title in SECTIONS.items()
    )
    return embed, view_of([*sections, audit_log_button(words, monitor.id)])


async def take_edited(interaction: Interaction, sent: re.Match[str]) -> None:
    """What was typed into a form."""
    work_out = change_of(interaction, typed_values(interaction))
    typed = await defer_if_slow(interaction, work_out, in_place=is_own_message(interaction))
    await take_change(interaction, int(sent["monitor"]), typed)


async def take_change(interaction: Interaction, monitor_id: int, typed: Typed) -> None:
    """Change what was asked for; an address as it was typed is read first."""

    async def take(asked: Interaction, address: str) -> None:
        change = {**typed, "url": address} if "url" in typed else typed
        monitors, guild_id = asked.client.services.monitors, asked.guild_id or 0
        work = monitors.edit(guild_id, monitor_id, change, asked.user.id)
        edited = await defer_if_slow(asked, work, in_place=is_own_message(asked))
        await show_edited(asked, edited, cut_text(translator_of(asked), change.get("name")))

    if "url" in typed:
        await with_address(interaction, typed["url"], take)
    else:
        await take(interaction, "")


async def show_edited(interaction: Interaction, edited: Edited, note: str | None = None) -> None:
    """What changed, with the card as it is now: in place of the old one where that can be."""
    words = translator_of(interaction)
    said, in_place = edited_text(words, interaction, edited), is_own_message(interaction)
    text = f"{said}\n{note}" if note else said
    embed, view = await defer_if_slow(
        interaction, card(interaction, edited.after), in_place=in_place
    )
    await respond_or_edit(interaction, in_place=in_place, content=text, embed=embed, view=view)
