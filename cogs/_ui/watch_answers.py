"""What ``/watch`` answers."""

import discord

from bot.models import Monitor
from bot.services.status import MonitorStatus
from bot.services.wishes import NAME_LIMIT, Added, is_cut
from bot.words.causes import result_text
from bot.words.timestamps import stamp
from bot.words.translator import Translator
from cogs._ui.addresses import named_by_host, shown_host, shown_name
from cogs._ui.lines import fitting
from cogs._ui.states import colour_of, state_word, summary

_LINES = 25


def added_text(words: Translator, added: Added) -> str:
    """Host, interval, and what the first check saw: also when it failed."""
    monitor = added.monitor
    text = words.text(
        "Watching {host} every {n} s. First check: {result}.",
        host=shown_host(monitor.target.url),
        n=monitor.interval_s,
        result=result_text(words, added.first),
    )
    lines = [text]
    if not named_by_host(monitor):
        lines.append(words.text("Its name here is {name}.", name=shown_name(monitor)))
    if added.twin is not None:
        name = shown_name(added.twin)
        lines.append(words.text("You watch this address already, as {name}.", name=name))
    return "\n".join(lines)


def cut_text(words: Translator, name: str | None) -> str | None:
    """That a typed name was too long, if it was."""
    if name is None or not is_cut(name):
        return None
    return words.text("Its name was cut to {n} characters.", n=NAME_LIMIT)


def list_embed(words: Translator, found: list[MonitorStatus]) -> discord.Embed:
    """All monitors with their settings, as many as fit."""
    lines = fitting(words, [_line(words, one) for one in found], most=_LINES)
    embed = discord.Embed(
        title=summary(words, found), description="\n".join(lines), colour=colour_of(found)
    )
    return embed.set_footer(text=words.plural("{n} monitor", "{n} monitors", len(found)))


def _line(words: Translator, status: MonitorStatus) -> str:
    monitor = status.monitor
    parts = [state_word(words, status), shown_name(monitor)]
    if not named_by_host(monitor):
        parts.append(shown_host(monitor.target.url))
    parts.append(words.text("every {n} s", n=monitor.interval_s))
    if status.channel_id is not None:
        parts.append(f"<#{status.channel_id}>")
    return " · ".join(parts)


def paused_text(words: Translator, monitor: Monitor) -> str:
    if monitor.resume_ms is None:
        return words.text("{name} is paused until somebody resumes it.", name=shown_name(monitor))
    return words.text(
        "{name} is paused until {time}.",
        name=shown_name(monitor),
        time=stamp(monitor.resume_ms, "f"),
    )


def resumed_text(words: Translator, monitor: Monitor, *, was_paused: bool) -> str:
    if not was_paused:
        return words.text("{name} was not paused.", name=shown_name(monitor))
    return words.text("{name} is checked again.", name=shown_name(monitor))
