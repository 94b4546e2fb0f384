"""The overview of ``/status``, in pages of ten, with ◀ ▶ Refresh below."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import discord
from discord import ui

from bot.clock import DAY_MS
from bot.discord.client import Interaction
from bot.discord.command_tree import translator_of
from bot.discord.states import colour_of, offline_text, state_word, summary
from bot.models import State
from bot.services.history.uptime import Uptime
from bot.services.status import MonitorStatus
from bot.words.causes import cause_text, players_text
from bot.words.timestamps import stamp
from bot.words.translator import Translator
from cogs._ui.buttons import PersistentItem, arrows, page_of, page_text, pages_of, view_of
from cogs._ui.interactions import (
    defer_if_slow,
    guild_translator,
    is_own_message,
    respond,
    respond_or_edit,
)
from cogs._ui.monitor_text import named_by_host, shown_host, shown_name
from cogs._ui.uptime_text import share
from cogs._ui.visibility import is_ephemeral, public_monitors, visible_monitors

PAGE = 10
_UPTIME_DAYS = 30
# Ten lines fit a description even when every host is as long as DNS allows.
_HOST_LIMIT = 60


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the overview; ``number`` counts from 0."""

    content: str
    embed: discord.Embed
    number: int
    of: int


class PageButton(PersistentItem, template=r"v1:status:(?P<way>prev|show|next):(?P<page>\d{1,6})"):
    """Shows one page of the overview: in place for whoever asked.

    Others get a page of their own, of what they may see.
    """

    async def pressed(self, interaction: Interaction) -> None:
        mine, number = is_own_message(interaction), int(self.params["page"])
        shared = mine and not is_ephemeral(interaction)
        words = guild_translator(interaction) if shared else translator_of(interaction)
        everything = interaction.client.services.status.overview(interaction.guild_id or 0)
        found = (
            public_monitors(interaction, everything)
            if shared
            else visible_monitors(interaction, everything)
        )
        if not found:
            await respond(interaction, words.text("There is nothing to show any more."))
            return
        work = page_for(interaction, found, number, words)
        page = await defer_if_slow(interaction, work, in_place=mine)
        view = page_view(page, words)
        await respond_or_edit(
            interaction, in_place=mine, content=page.content, embed=page.embed, view=view
        )


def page_view(page: Page, words: Translator) -> ui.View:
    turning = arrows(PageButton, "status", number=page.number, of=page.of)
    refresh = PageButton.button(f"v1:status:show:{page.number}", words.text("Refresh"))
    return view_of([*turning, refresh])


async def page_for(
    interaction: Interaction, found: Sequence[MonitorStatus], number: int, words: Translator
) -> Page:
    """One page of what was found; a page that is gone shows the last one."""
    services = interaction.client.services
    now_ms = services.clock.now_ms()
    number = min(number, pages_of(found, PAGE) - 1)
    only = {status.monitor.id for status in page_of(found, number, PAGE)}
    since_ms = now_ms - _UPTIME_DAYS * DAY_MS
    uptimes = await services.status.uptimes(interaction.guild_id or 0, since_ms, only)
    offline_ms = services.why.offline_since_ms
    return _overview(words, found, number, uptimes, now_ms=now_ms, offline_ms=offline_ms)


def _overview(
    words: Translator,
    found: Sequence[MonitorStatus],
    number: int,
    uptimes: Mapping[int, Uptime],
    *,
    now_ms: int,
    offline_ms: int | None,
) -> Page:
    """Problems first, as the service sorts them; ``uptimes`` are those of the page by monitor.

    ``offline_ms``: since when Vigie itself is offline, so that nothing of it is news.
    """
    shown, of = page_of(found, number, PAGE), pages_of(found, PAGE)
    fine = {one.monitor.id: uptimes[one.monitor.id] for one in shown if _is_fine(one, uptimes)}
    lines = [_line(words, one, fine.get(one.monitor.id)) for one in shown]
    lines.append(words.text("Checked {time}.", time=stamp(now_ms)))
    if offline_ms is not None:
        lines.insert(0, offline_text(words, offline_ms))
    embed = discord.Embed(description="\n".join(lines), colour=colour_of(found))
    footer = []
    if fine:
        footer.append(words.plural("Uptime: last {n} day", "Uptime: last {n} days", _UPTIME_DAYS))
    if of > 1:
        footer.append(page_text(words, number, of))
    if footer:
        embed.set_footer(text=" · ".join(footer))
    return Page(summary(words, found), embed, number, of)


def _is_fine(status: MonitorStatus, uptimes: Mapping[int, Uptime]) -> bool:
    """Its line has the uptime: what is in trouble says that instead."""
    uptime = uptimes.get(status.monitor.id)
    judged = status.state is State.UP and not status.paused
    return judged and uptime is not None and uptime.watched_s > 0


def _line(words: Translator, status: MonitorStatus, uptime: Uptime | None) -> str:
    """``✔ UP · Shop API · shop.example.com · 182 ms · 99.97%``."""
    monitor = status.monitor
    parts = [f"**{state_word(words, status)}**", shown_name(monitor)]
    if not named_by_host(monitor):
        parts.append(shown_host(monitor.target.url, _HOST_LIMIT))
    if status.paused:
        return " · ".join(part for part in parts if part)
    if status.incident is not None:
        if status.incident.cause is not None:
            parts.append(cause_text(words, status.incident.cause))
        parts.append(stamp(status.incident.since_ms))
    elif status.latest is not None and status.latest.ok:
        parts.append(words.text("{ms} ms", ms=words.number(round(status.latest.phases.total))))
        if status.latest.game is not None:
            parts.append(players_text(words, status.latest.game))
        if uptime is not None:
            parts.append(share(words, uptime))
    return " · ".join(part for part in parts if part)
