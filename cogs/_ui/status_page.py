"""``/status``: the overview in pages of ten, and one monitor in detail."""

from collections.abc import Sequence
from dataclasses import dataclass

import discord

from bot.models import Incident, Window
from bot.services.maintenance import REASON_LIMIT
from bot.services.status import MonitorStatus
from bot.services.windows import Stretch
from bot.words.catalogue import Words
from bot.words.causes import cause_text
from bot.words.safe import code, markdown
from bot.words.times import stamp
from cogs._ui.addresses import named_by_host, shown_host
from cogs._ui.incident_text import lasted, sentence
from cogs._ui.states import colour_of, state_word, summary
from cogs._ui.watch_answers import result_text, shown_name

PAGE = 10
_URL_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the overview; ``number`` counts from 0."""

    content: str
    embed: discord.Embed
    number: int
    of: int


def overview(words: Words, found: Sequence[MonitorStatus], number: int, now_ms: int) -> Page:
    """Problems first, as the service sorts them; a page that is gone shows the last one."""
    pages = max(1, -(-len(found) // PAGE))
    number = min(max(0, number), pages - 1)
    lines = [_line(words, one) for one in found[number * PAGE : (number + 1) * PAGE]]
    lines.append(words.text("Checked {time}.", time=stamp(now_ms)))
    embed = discord.Embed(description="\n".join(lines), colour=colour_of(found))
    if pages > 1:
        embed.set_footer(text=words.text("Page {n} of {pages}", n=number + 1, pages=pages))
    return Page(summary(words, found), embed, number, pages)


def _line(words: Words, status: MonitorStatus) -> str:
    """``✔ UP · Shop API · shop.example.com · 182 ms``."""
    monitor = status.monitor
    parts = [f"**{state_word(words, status)}**", shown_name(monitor)]
    if not named_by_host(monitor):
        parts.append(shown_host(monitor.target.url))
    if status.incident is not None and not status.paused:
        if status.incident.cause is not None:
            parts.append(cause_text(words, status.incident.cause))
        parts.append(stamp(status.incident.since_ms))
    elif status.latest is not None and status.latest.ok:
        parts.append(words.text("{ms} ms", ms=round(status.latest.phases.total)))
    return " · ".join(parts)


def one_monitor(
    words: Words, status: MonitorStatus, past: Sequence[Incident], *, whole_url: bool
) -> discord.Embed:
    """State, since when, why, the latest check, the last incidents."""
    monitor = status.monitor
    embed = discord.Embed(
        title=f"{state_word(words, status)} · {shown_name(monitor)}",
        description=_sentence(words, status) or None,
        colour=colour_of([status]),
    )
    address = code(monitor.target.url, _URL_LIMIT) if whole_url else shown_host(monitor.target.url)
    embed.add_field(name=words.text("Address"), value=address, inline=False)
    if status.incident is not None:
        since_ms = status.incident.since_ms
        since = f"{stamp(since_ms)} ({stamp(since_ms, 'T')})"
        embed.add_field(name=words.text("Since"), value=since)
    if status.latest is not None:
        seen = f"{stamp(status.latest.at_ms)} · {result_text(words, status.latest)}"
        embed.add_field(name=words.text("Latest check"), value=seen)
    over = [_past(words, one) for one in past if not one.open]
    if over:
        name = words.text("Last incidents")
        embed.add_field(name=name, value="\n".join(over), inline=False)
    return embed.set_footer(text=words.text("every {n} s", n=monitor.interval_s))


def _sentence(words: Words, status: MonitorStatus) -> str:
    monitor = status.monitor
    if status.paused:
        if monitor.resume_ms is None:
            return words.text("Paused until somebody resumes it.")
        return words.text("Paused until {time}.", time=stamp(monitor.resume_ms, "f"))
    said = [sentence(words, status.incident)] if status.incident is not None else []
    if monitor.muted_until_ms is not None:
        until = stamp(monitor.muted_until_ms, "t")
        said.append(words.text("Alerts are muted until {time}.", time=until))
    if status.maintenance is not None:
        said.append(_maintenance(words, *status.maintenance))
    return "\n".join(said)


def _maintenance(words: Words, window: Window, stretch: Stretch) -> str:
    until = stamp(stretch.until_ms or 0, "f")
    said = words.text("Maintenance until {time}; alerts wait for its end.", time=until)
    reason = markdown(window.reason or "", REASON_LIMIT)
    return f"{said} {reason}".rstrip()


def _past(words: Words, incident: Incident) -> str:
    seen = "" if incident.cause is None else f" · {cause_text(words, incident.cause)}"
    length = words.text("lasted {duration}", duration=lasted(words, incident))
    return f"{stamp(incident.since_ms, 'f')} · {length}{seen}"
