"""What ``/watch`` answers."""

import discord

from bot.models import CheckResult, Monitor
from bot.services.monitors import Added
from bot.services.status import MonitorStatus
from bot.words.catalogue import Words
from bot.words.causes import cause_text
from bot.words.safe import markdown
from bot.words.times import stamp
from cogs._ui.addresses import named_by_host, shown_host
from cogs._ui.states import colour_of, state_word, summary

NAME_LIMIT = 80
_LINES = 25
_DESCRIPTION_LIMIT = 4000


def shown_name(monitor: Monitor) -> str:
    return markdown(monitor.name, NAME_LIMIT)


def added_text(words: Words, added: Added) -> str:
    """Host, interval, and what the first check saw: also when it failed."""
    monitor = added.monitor
    text = words.text(
        "Watching {host} every {n} s. First check: {result}.",
        host=shown_host(monitor.target.url),
        n=monitor.interval_s,
        result=result_text(words, added.first),
    )
    if named_by_host(monitor):
        return text
    return f"{text}\n{words.text('Its name here is {name}.', name=shown_name(monitor))}"


def result_text(words: Words, result: CheckResult) -> str:
    """``fine, 182 ms`` or the cause in a few words."""
    if result.cause is not None:
        return cause_text(words, result.cause)
    return words.text("fine, {ms} ms", ms=round(result.phases.total))


def list_embed(words: Words, found: list[MonitorStatus]) -> discord.Embed:
    """All monitors with their settings, as many as fit."""
    lines = [_line(words, one) for one in found[:_LINES]]
    while sum(len(line) + 1 for line in lines) > _DESCRIPTION_LIMIT:
        lines.pop()
    if len(found) > len(lines):
        lines.append(words.text("+{n} more", n=len(found) - len(lines)))
    embed = discord.Embed(
        title=summary(words, found), description="\n".join(lines), colour=colour_of(found)
    )
    return embed.set_footer(text=words.plural("{n} monitor", "{n} monitors", len(found)))


def _line(words: Words, status: MonitorStatus) -> str:
    monitor = status.monitor
    parts = [state_word(words, status), shown_name(monitor)]
    if not named_by_host(monitor):
        parts.append(shown_host(monitor.target.url))
    parts.append(words.text("every {n} s", n=monitor.interval_s))
    if status.channel_id is not None:
        parts.append(f"<#{status.channel_id}>")
    return " · ".join(parts)


def paused_text(words: Words, monitor: Monitor) -> str:
    if monitor.resume_ms is None:
        return words.text("{name} is paused until somebody resumes it.", name=shown_name(monitor))
    return words.text(
        "{name} is paused until {time}.",
        name=shown_name(monitor),
        time=stamp(monitor.resume_ms, "f"),
    )


def resumed_text(words: Words, monitor: Monitor, *, was_paused: bool) -> str:
    if not was_paused:
        return words.text("{name} was not paused.", name=shown_name(monitor))
    return words.text("{name} is checked again.", name=shown_name(monitor))
