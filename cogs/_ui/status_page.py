"""The overview of ``/status``, in pages of ten."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import discord

from bot.models import State
from bot.services.status import MonitorStatus
from bot.services.uptimes import Uptime
from bot.words.catalogue import Words
from bot.words.causes import cause_text
from bot.words.times import stamp
from cogs._ui.addresses import named_by_host, shown_host
from cogs._ui.states import blind_text, colour_of, state_word, summary
from cogs._ui.uptime_text import share
from cogs._ui.watch_answers import shown_name

PAGE = 10
UPTIME_DAYS = 30
# Ten lines fit a description even when every host is as long as DNS allows.
_HOST_LIMIT = 60


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the overview; ``number`` counts from 0."""

    content: str
    embed: discord.Embed
    number: int
    of: int


def clamped(found: Sequence[MonitorStatus], number: int) -> int:
    """The number of a page that is there: the last one for a page that is gone."""
    return min(max(0, number), _pages(found) - 1)


def shown_on(found: Sequence[MonitorStatus], number: int) -> Sequence[MonitorStatus]:
    return found[number * PAGE : (number + 1) * PAGE]


def overview(
    words: Words,
    found: Sequence[MonitorStatus],
    number: int,
    uptimes: Mapping[int, Uptime],
    *,
    now_ms: int,
    blind_ms: int | None,
) -> Page:
    """Problems first, as the service sorts them; ``uptimes`` are those of the page by monitor.

    ``blind_ms``: since when Vigie itself is offline, so that nothing of it is news.
    """
    shown, pages = shown_on(found, number), _pages(found)
    fine = {one.monitor.id: uptimes[one.monitor.id] for one in shown if _is_fine(one, uptimes)}
    lines = [_line(words, one, fine.get(one.monitor.id)) for one in shown]
    lines.append(words.text("Checked {time}.", time=stamp(now_ms)))
    if blind_ms is not None:
        lines.insert(0, blind_text(words, blind_ms))
    embed = discord.Embed(description="\n".join(lines), colour=colour_of(found))
    footer = []
    if fine:
        footer.append(words.plural("Uptime: last {n} day", "Uptime: last {n} days", UPTIME_DAYS))
    if pages > 1:
        footer.append(words.text("Page {n} of {pages}", n=number + 1, pages=pages))
    embed.set_footer(text=" · ".join(footer) or None)
    return Page(summary(words, found), embed, number, pages)


def _pages(found: Sequence[MonitorStatus]) -> int:
    return max(1, -(-len(found) // PAGE))


def _is_fine(status: MonitorStatus, uptimes: Mapping[int, Uptime]) -> bool:
    """Whether its line says how it fared: what is in trouble has that to tell instead."""
    uptime = uptimes.get(status.monitor.id)
    judged = status.state is State.UP and not status.paused
    return judged and uptime is not None and uptime.watched_s > 0


def _line(words: Words, status: MonitorStatus, uptime: Uptime | None) -> str:
    """``✔ UP · Shop API · shop.example.com · 182 ms · 99.97%``."""
    monitor = status.monitor
    parts = [f"**{state_word(words, status)}**", shown_name(monitor)]
    if not named_by_host(monitor):
        parts.append(shown_host(monitor.target.url, _HOST_LIMIT))
    if status.paused:
        return " · ".join(parts)
    if status.incident is not None:
        if status.incident.cause is not None:
            parts.append(cause_text(words, status.incident.cause))
        parts.append(stamp(status.incident.since_ms))
    elif status.latest is not None and status.latest.ok:
        parts.append(words.text("{ms} ms", ms=words.number(round(status.latest.phases.total))))
        if uptime is not None:
            parts.append(share(words, uptime))
    return " · ".join(parts)
