"""◀ ▶ under ``/incidents``. What was asked for is in the button, the rest is read anew."""

import re
from typing import Any

import discord
from discord import ui

from bot.models import Incident
from bot.services.status import MonitorStatus
from bot.tree import words_of
from cogs._ui.asking import Interaction, answering, manages, owns, patiently, say, seen_ids, served
from cogs._ui.timeline import MOST, pages_of, timeline

_DAY_MS = 86_400_000


class TimelinePage(
    ui.DynamicItem[ui.Button[ui.View]],
    template=r"v1:incidents:(?P<way>prev|next):(?P<monitor>\d{1,18}):(?P<days>\d{1,4}):(?P<page>\d{1,4})",
):
    """Turns to one page of a timeline; monitor 0 means all of them."""

    def __init__(
        self, way: str, monitor_id: int, days: int, page: int, *, disabled: bool = False
    ) -> None:
        label = "◀" if way == "prev" else "▶"
        custom_id = f"v1:incidents:{way}:{monitor_id}:{days}:{page}"
        super().__init__(ui.Button(label=label, custom_id=custom_id, disabled=disabled))
        self.monitor_id = monitor_id
        self.days = days
        self.page = page

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],
        item: ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> "TimelinePage":
        del interaction, item
        return cls(match["way"], int(match["monitor"]), int(match["days"]), int(match["page"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        async with answering(interaction):
            if await served(interaction):
                await _turn(interaction, self.monitor_id, self.days, self.page)


async def show_timeline(interaction: Interaction, monitor_id: int, days: int) -> None:
    """Answer with the first page, to the person alone."""
    found = await patiently(interaction, _seen(interaction, monitor_id, days))
    words = words_of(interaction)
    if not found:
        await say(
            interaction,
            words.plural(
                "No incident in the last {n} day.", "No incidents in the last {n} days.", days
            ),
        )
        return
    embed = timeline(words, found, 0, days=days, causes=manages(interaction))
    await say(interaction, embed=embed, view=_view(monitor_id, days, 0, pages_of(found)))


async def _turn(interaction: Interaction, monitor_id: int, days: int, number: int) -> None:
    words = words_of(interaction)
    found = await patiently(interaction, _seen(interaction, monitor_id, days))
    if not found:
        await say(interaction, words.text("There is nothing to show any more."))
        return
    number = min(number, pages_of(found) - 1)
    embed = timeline(words, found, number, days=days, causes=manages(interaction))
    view = _view(monitor_id, days, number, pages_of(found)) or ui.View()
    if interaction.response.is_done() or not owns(interaction):
        await say(interaction, embed=embed, view=view)
    else:
        await interaction.response.edit_message(embed=embed, view=view)


async def _seen(interaction: Interaction, monitor_id: int, days: int) -> list[Incident]:
    """Without what is, or was, told in a channel the person cannot see (design §5.5)."""
    services = interaction.client.services
    guild_id = interaction.guild_id or 0
    since_ms = services.clock.now_ms() - days * _DAY_MS
    found = await services.incidents.recent(guild_id, monitor_id or None, since_ms, MOST)
    now: dict[int, MonitorStatus] = {
        one.monitor.id: one for one in services.status.overview(guild_id)
    }
    channels = {one.channel_id for one in found} | {one.channel_id for one in now.values()}
    open_to = seen_ids(interaction, channels)
    return [
        one
        for one in found
        if one.channel_id in open_to
        and (one.monitor_id not in now or now[one.monitor_id].channel_id in open_to)
    ]


def _view(monitor_id: int, days: int, number: int, pages: int) -> ui.View | None:
    if pages == 1:
        return None
    view = ui.View(timeout=None)
    first, last = number == 0, number == pages - 1
    view.add_item(TimelinePage("prev", monitor_id, days, max(0, number - 1), disabled=first))
    view.add_item(TimelinePage("next", monitor_id, days, number + 1, disabled=last))
    return view
