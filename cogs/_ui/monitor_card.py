"""The card of one monitor's settings under ``/watch edit``, and what is said of a change."""

import discord

from bot.discord.client import Interaction
from bot.discord.permissions import channel_problem, role_unreachable
from bot.models import Monitor, Target
from bot.services.monitor_options import EVERY, SECTIONS, differing, of_section
from bot.services.monitor_rules import Edited
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
