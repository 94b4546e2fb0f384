"""``/incidents``: what happened, newest first, for everybody, as far as they may see it."""

from collections.abc import Sequence

import discord
from discord import app_commands

from bot.clock import DAY_MS
from bot.discord.alert_card import colour_of
from bot.discord.client import Interaction
from bot.discord.states import incident_word
from bot.models import Incident
from bot.services.status import incident_outline
from bot.words.causes import cause_text
from bot.words.escaping import markdown
from bot.words.incident_text import NAME_LIMIT, works_again
from bot.words.phrases import stamp
from bot.words.translator import Translator
from cogs._ui.buttons import Asked, ListPage, Page
from cogs._ui.interactions import (
    VigieCog,
    defer_if_slow,
    extension,
    is_manager,
    respond,
    visible_channels,
)
from cogs._ui.monitor_option import KnownMonitor
from cogs._ui.monitor_text import ending_text, says_host, shown_host

_USUAL_DAYS, _MOST_DAYS = 30, 366
# As many as are read for one answer; what is older is reached by naming a monitor or fewer days.
_MOST = 500


class IncidentsPage(
    ListPage,
    template=r"v1:incidents:(?P<way>prev|next):(?P<monitor>\d{1,18}):(?P<days>\d{1,4}):(?P<page>\d{1,4})",
):
    """A timeline; monitor 0 means all of them."""

    surface = "incidents"

    @classmethod
    async def entries(cls, asked: Asked) -> list[Incident]:
        """Of what is, or was, posted in a channel the person cannot see what is public alone."""
        services = asked.interaction.client.services
        monitor_id, days = map(int, asked.about)
        since_ms = services.clock.now_ms() - days * DAY_MS
        found = await services.incidents.recent(asked.guild_id, monitor_id or None, since_ms, _MOST)
        now = {one.monitor.id: one for one in services.status.overview(asked.guild_id)}
        channels = {one.channel_id for one in found} | {one.channel_id for one in now.values()}
        open_to = visible_channels(asked.interaction, channels)
        seen: list[Incident] = []
        for one in found:
            status = now.get(one.monitor_id)
            if {one.channel_id, one.channel_id if status is None else status.channel_id} <= open_to:
                seen.append(one)
            elif status is not None and status.monitor.public:
                seen.append(incident_outline(one))
        return seen

    @classmethod
    async def page(cls, asked: Asked, found: Sequence[Incident], shown: Sequence[Incident]) -> Page:
        words, days = asked.words, int(asked.about[1])
        said = words.plural("{n} incident", "{n} incidents", len(found))
        if going_on := sum(one.open for one in found):
            said = f"{said} · {words.text('{n} open', n=going_on)}"
        span = words.plural("in the last {n} day", "in the last {n} days", days)
        causes = is_manager(asked.interaction)  # what the check saw is not for everybody
        embed = discord.Embed(
            title=f"{said} {span}",
            description="\n".join(_line(words, one, causes=causes) for one in shown),
            colour=colour_of(shown),
        )
        return Page(None, embed)


def _line(words: Translator, one: Incident, *, causes: bool) -> str:
    """``<time> · 🔴 DOWN · Shop · shop.example.com · over after 12 min``."""
    parts = [stamp(one.since_ms, "f"), f"**{incident_word(words, one)}**"]
    parts.append(markdown(one.name, NAME_LIMIT))
    if not says_host(one.name, one.url):
        parts.append(shown_host(one.url))
    if causes and one.cause is not None:
        parts.append(cause_text(words, one.cause))
    if one.open:
        parts.append(works_again(words, one) if one.recovering else words.text("still open"))
    else:
        parts.append(ending_text(words, one))
    return " · ".join(parts)


class Incidents(VigieCog):
    @app_commands.command(name="incidents", description="List incidents, newest first.")
    @app_commands.describe(monitor="Only this site.", days="How many days back; by default 30.")
    async def incidents(
        self,
        interaction: Interaction,
        monitor: KnownMonitor | None = None,
        days: app_commands.Range[int, 1, _MOST_DAYS] = _USUAL_DAYS,
    ) -> None:
        monitor_id = 0 if monitor is None else monitor.monitor.id
        asked = Asked(interaction, (str(monitor_id), str(days)))
        found = await defer_if_slow(interaction, IncidentsPage.entries(asked))
        if found:
            await IncidentsPage.show(asked, found=found)
            return
        text = asked.words.plural(
            "No incident in the last {n} day.", "No incidents in the last {n} days.", days
        )
        if not self._services.monitors.of_guild(asked.guild_id):
            text = asked.words.text("Nothing is watched yet.")
        await respond(interaction, text)


setup = extension(Incidents, IncidentsPage)
