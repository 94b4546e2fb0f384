"""``/incidents``: what happened, newest first, in pages of ten. What was asked for is in ◀ ▶."""

from collections.abc import Sequence

import discord

from bot.clock import DAY_MS
from bot.discord.alert_card import colour_of
from bot.discord.client import Interaction
from bot.discord.command_tree import translator_of
from bot.discord.states import kind_word
from bot.models import Ending, Incident
from bot.services.status import MonitorStatus
from bot.words.causes import cause_text
from bot.words.escaping import markdown
from bot.words.incident_text import NAME_LIMIT, duration
from bot.words.timestamps import stamp
from bot.words.translator import N_, Translator
from cogs._ui.buttons import PersistentItem, arrows, page_of, page_text, pages_of, view_of
from cogs._ui.interactions import (
    defer_if_slow,
    is_manager,
    is_own_message,
    respond,
    respond_or_edit,
)
from cogs._ui.monitor_text import says_host, shown_host
from cogs._ui.visibility import visible_channels

PAGE = 10
# As many as are read for one answer; what is older is reached by naming a monitor or fewer days.
_MOST = 500
_OVER = {
    Ending.RESOLVED: N_("✔ over after {duration}"),
    Ending.REMOVED: N_("no longer watched after {duration}"),
    Ending.PAUSED: N_("‖ paused after {duration}"),
}


class IncidentsPage(
    PersistentItem,
    template=r"v1:incidents:(?P<way>prev|next):(?P<monitor>\d{1,18}):(?P<days>\d{1,4}):(?P<page>\d{1,4})",
):
    """Turns to one page of a timeline; monitor 0 means all of them."""

    async def pressed(self, interaction: Interaction) -> None:
        monitor_id, days, number = (int(self.params[name]) for name in ("monitor", "days", "page"))
        in_place = is_own_message(interaction)
        found = await defer_if_slow(
            interaction, _seen(interaction, monitor_id, days), in_place=in_place
        )
        if found:
            await _show(interaction, found, monitor_id, days, number, in_place=in_place)
        else:
            text = translator_of(interaction).text("There is nothing to show any more.")
            await respond(interaction, text)


async def show_incidents(interaction: Interaction, monitor_id: int, days: int) -> None:
    """Answer with the first page, to the person alone."""
    found = await defer_if_slow(interaction, _seen(interaction, monitor_id, days))
    if found:
        await _show(interaction, found, monitor_id, days, 0, in_place=False)
        return
    words = translator_of(interaction)
    text = words.plural(
        "No incident in the last {n} day.", "No incidents in the last {n} days.", days
    )
    if not interaction.client.services.monitors.of_guild(interaction.guild_id or 0):
        text = words.text("Nothing is watched yet.")
    await respond(interaction, text)


async def _show(
    interaction: Interaction,
    found: Sequence[Incident],
    monitor_id: int,
    days: int,
    number: int,
    *,
    in_place: bool,
) -> None:
    of = pages_of(found, PAGE)
    number = min(number, of - 1)
    embed = _page(
        translator_of(interaction), found, number, days=days, causes=is_manager(interaction)
    )
    turning = arrows(IncidentsPage, "incidents", monitor_id, days, number=number, of=of)
    await respond_or_edit(interaction, in_place=in_place, embed=embed, view=view_of(turning))


async def _seen(interaction: Interaction, monitor_id: int, days: int) -> list[Incident]:
    """Leave out what is, or was, posted in a channel the person cannot see."""
    services = interaction.client.services
    guild_id = interaction.guild_id or 0
    since_ms = services.clock.now_ms() - days * DAY_MS
    found = await services.incidents.recent(guild_id, monitor_id or None, since_ms, _MOST)
    now: dict[int, MonitorStatus] = {
        one.monitor.id: one for one in services.status.overview(guild_id)
    }
    channels = {one.channel_id for one in found} | {one.channel_id for one in now.values()}
    open_to = visible_channels(interaction, channels)
    return [
        one
        for one in found
        if one.channel_id in open_to
        and (one.monitor_id not in now or now[one.monitor_id].channel_id in open_to)
    ]


def _page(
    words: Translator, found: Sequence[Incident], number: int, *, days: int, causes: bool
) -> discord.Embed:
    """``causes``: with what the probe saw, which is not for everybody."""
    shown = page_of(found, number, PAGE)
    going_on = sum(one.open for one in found)
    said = words.plural("{n} incident", "{n} incidents", len(found))
    if going_on:
        said = f"{said} · {words.text('{n} open', n=going_on)}"
    span = words.plural("in the last {n} day", "in the last {n} days", days)
    embed = discord.Embed(
        title=f"{said} {span}",
        description="\n".join(_line(words, one, causes=causes) for one in shown),
        colour=colour_of(shown),
    )
    if (of := pages_of(found, PAGE)) > 1:
        embed.set_footer(text=page_text(words, number, of))
    return embed


def _line(words: Translator, one: Incident, *, causes: bool) -> str:
    """``<time> · ✖ DOWN · Shop · shop.example.com · over after 12 min``."""
    parts = [stamp(one.since_ms, "f"), f"**{kind_word(words, one.kind)}**"]
    parts.append(markdown(one.name, NAME_LIMIT))
    if not says_host(one.name, one.url):
        parts.append(shown_host(one.url))
    if causes and one.cause is not None:
        parts.append(cause_text(words, one.cause))
    if one.open:
        parts.append(words.text("still open"))
    else:
        parts.append(ending_text(words, one))
    return " · ".join(parts)


def ending_text(words: Translator, one: Incident) -> str:
    """``✔ over after 12 min``, or why it was not seen to its end."""
    return words.text(_OVER[one.ending or Ending.RESOLVED], duration=duration(words, one))
