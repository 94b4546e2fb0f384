"""The card of one monitor's settings under ``/watch edit``, and what is said of a change."""

import discord

from bot.discord.client import Interaction
from bot.discord.permissions import channel_problem, role_unreachable
from bot.models import Monitor, Target
from bot.services.audit_log import differing
from bot.services.target_options import status_text
from bot.services.wishes import Edited
from bot.words.causes import result_text
from bot.words.escaping import clip, code
from bot.words.translator import Translator
from cogs._ui.change_text import LABELS
from cogs._ui.monitor_text import shown_name

_URL_LIMIT, _VALUE_LIMIT, _HEADERS_LIMIT = 1_000, 300, 900


def card_embed(words: Translator, monitor: Monitor) -> discord.Embed:
    """Every setting; of request headers the names alone, for values may be secrets."""
    target, server = monitor.target, words.text("the server's setting")
    none = words.text("none")
    every = words.text("every {n} s", n=monitor.interval_s)
    slow = none if monitor.slow_ms is None else words.text("{ms} ms", ms=monitor.slow_ms)
    headers = ", ".join(code(name, _VALUE_LIMIT) for name, _ in target.headers)
    whole = {
        words.text("Address"): f"{asked_address(target, _URL_LIMIT)} · {every}",
        words.text("Required text"): _quoted(target.contains) or none,
        words.text("Forbidden text"): _quoted(target.not_contains) or none,
        words.text("Request headers"): clip(headers, _HEADERS_LIMIT) or none,
    }
    short = {
        words.text("Accepted HTTP codes"): status_text(target.expect_status)[:_VALUE_LIMIT]
        or words.text("any below 400"),
        words.text("Slow limit (ms)"): slow,
        words.text("Channel"): f"<#{monitor.channel_id}>" if monitor.channel_id else server,
        words.text("Role"): f"<@&{monitor.role_id}>" if monitor.role_id else server,
    }
    embed = discord.Embed(title=shown_name(monitor))
    for name, value in whole.items():
        embed.add_field(name=name, value=value, inline=False)
    for name, value in short.items():
        embed.add_field(name=name, value=value)
    return embed


def asked_address(target: Target, limit: int) -> str:
    """``HEAD https://…``; ports and names are asked by no method. For embeds of managers."""
    address = code(target.url, limit)
    return f"{target.method} {address}" if target.url.startswith("http") else address


def _quoted(text: str | None) -> str:
    return "" if text is None else code(text, _VALUE_LIMIT)


def edited_text(words: Translator, interaction: Interaction, edited: Edited) -> str:
    """What changed, what follows from it, and what now stands in its way."""
    before, after = edited.before, edited.after
    changed = [words.text(LABELS[what]) for what in differing(before, after)]
    if not changed:
        return words.text("Nothing changed.")
    lines = [words.text("Changed: {list}.", list=words.list(changed))]
    if edited.first is not None:
        seen = result_text(words, edited.first)
        lines.append(words.text("First check: {result}.", result=seen))
    if before.target.url != after.target.url:
        lines.append(words.text("The new address starts from scratch."))
    if edited.told_elsewhere:
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
