"""The overview of ``/status``, in pages of ten, with ◀ ▶ Refresh below."""

from collections.abc import Sequence

import discord

from bot.clock import DAY_MS
from bot.discord.states import colour_of, offline_text, state_word, summary
from bot.models import State
from bot.services.history.uptime import Uptime
from bot.services.status import MonitorStatus
from bot.words.causes import cause_text, players_text
from bot.words.incident_text import said_since_ms, works_again
from bot.words.timestamps import stamp
from bot.words.translator import Translator
from cogs._ui.buttons import Asked, ListPage, Page
from cogs._ui.monitor_text import named_by_host, shown_host, shown_name
from cogs._ui.uptime_text import share
from cogs._ui.visibility import known_monitors, public_monitors

_UPTIME_DAYS = 30
# Ten lines fit a description even when every host is as long as DNS allows.
_HOST_LIMIT = 60


class StatusPage(ListPage, template=r"v1:status:(?P<way>prev|show|next):(?P<page>\d{1,6})"):
    """Problems first, as the service sorts them."""

    surface = "status"
    can_refresh = True

    @classmethod
    async def entries(cls, asked: Asked) -> list[MonitorStatus]:
        everything = asked.interaction.client.services.status.overview(asked.guild_id)
        may_see = public_monitors if asked.public else known_monitors
        return may_see(asked.interaction, everything)

    @classmethod
    async def page(
        cls, asked: Asked, found: Sequence[MonitorStatus], shown: Sequence[MonitorStatus]
    ) -> Page:
        words, services = asked.words, asked.interaction.client.services
        now_ms, offline_ms = services.clock.now_ms(), services.why.offline_since_ms
        only, since_ms = {one.monitor.id for one in shown}, now_ms - _UPTIME_DAYS * DAY_MS
        uptimes = await services.status.uptimes(asked.guild_id, since_ms, only)
        fine = {
            one.monitor.id: uptimes[one.monitor.id]
            for one in shown
            if _is_fine(one, uptimes.get(one.monitor.id))
        }
        lines = [_line(words, one, fine.get(one.monitor.id)) for one in shown]
        lines.append(words.text("Checked {time}.", time=stamp(now_ms)))
        if offline_ms is not None:  # then nothing of it is news
            lines.insert(0, offline_text(words, offline_ms))
        embed = discord.Embed(description="\n".join(lines), colour=colour_of(found))
        if fine:
            text = words.plural("Uptime: last {n} day", "Uptime: last {n} days", _UPTIME_DAYS)
            embed.set_footer(text=text)
        return Page(summary(words, found), embed)


def _is_fine(status: MonitorStatus, uptime: Uptime | None) -> bool:
    """Its line has the uptime: what is in trouble says that instead."""
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
        if status.incident.recovering:
            parts.append(works_again(words, status.incident))
        elif status.incident.cause is not None:
            parts.append(cause_text(words, status.incident.cause))
        parts.append(stamp(said_since_ms(status.incident)))
    elif status.latest is not None and status.latest.cause is not None:
        parts.append(cause_text(words, status.latest.cause))
    elif status.latest is not None and status.latest.ok:
        parts.append(words.text("{ms} ms", ms=words.number(round(status.latest.phases.total))))
        if status.latest.game is not None:
            parts.append(players_text(words, status.latest.game))
        if uptime is not None:
            parts.append(share(words, uptime))
    return " · ".join(part for part in parts if part)
