"""What ``/watch test`` saw: one probe, phase by phase."""

import discord

from bot.models import CheckResult, Monitor
from bot.words.causes import cause_sentence, result_text
from bot.words.escaping import code
from bot.words.timestamps import stamp
from bot.words.translator import N_, Translator
from cogs._ui.addresses import shown_name
from cogs._ui.monitor_card import asked_address

_URL_LIMIT = 900
_PHASES = (
    (N_("Name lookup"), "dns"),
    (N_("Connection"), "connect"),
    (N_("Encryption"), "tls"),
    (N_("First byte"), "first_byte"),
    (N_("In all"), "total"),
)


def probe_embed(words: Translator, monitor: Monitor, result: CheckResult) -> discord.Embed:
    """The verdict of this one try, and everything it measured."""
    mark = "✔" if result.ok else "✖"
    seen = "" if result.cause is None else f"{cause_sentence(words, result.cause)}\n"
    embed = discord.Embed(
        title=f"{mark} {shown_name(monitor)} · {result_text(words, result)}",
        description=seen + words.text("One probe just now. It changes nothing and is not kept."),
    )
    embed.add_field(
        name=words.text("Address"), value=asked_address(monitor.target, _URL_LIMIT), inline=False
    )
    for name, phase in _PHASES:
        ms = getattr(result.phases, phase)
        if ms is not None:
            embed.add_field(name=words.text(name), value=words.text("{ms} ms", ms=round(ms)))
    _add_answer(embed, words, monitor, result)
    return embed


def _add_answer(
    embed: discord.Embed, words: Translator, monitor: Monitor, result: CheckResult
) -> None:
    if result.status is not None:
        embed.add_field(name=words.text("Answer"), value=f"HTTP {result.status}")
    if result.certificate_expires_ms is not None:
        ends = stamp(result.certificate_expires_ms, "f")
        embed.add_field(name=words.text("Certificate until"), value=ends)
    if result.final_url and result.final_url != monitor.target.url:
        embed.add_field(
            name=words.text("Led to"), value=code(result.final_url, _URL_LIMIT), inline=False
        )
