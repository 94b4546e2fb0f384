"""All sites of one alert, page by page, for one person."""

from collections.abc import Sequence

import discord

from bot.discord.client import Interaction
from bot.discord.command_tree import translator_of
from bot.models import Incident
from bot.words.escaping import clip
from bot.words.incident_text import open_first, site_line
from bot.words.timestamps import stamp
from bot.words.translator import Translator
from cogs._ui.buttons import PersistentItem, view_of
from cogs._ui.interactions import defer_if_slow, respond_or_edit
from cogs._ui.monitor_text import shown_host
from cogs._ui.pages import arrows, page_of, page_text, pages_of
from cogs._ui.visibility import find_visible_incident

PAGE = 15


class SitesPage(
    PersistentItem,
    template=r"v1:sites:(?P<way>prev|next):(?P<incident>\w{1,12}):(?P<page>\d{1,6})",
):
    """Turns to one page of the list that an incident belongs to."""

    async def pressed(self, interaction: Interaction) -> None:
        public_id = self.params["incident"]
        told = await defer_if_slow(interaction, _told(interaction, public_id), in_place=True)
        number = min(int(self.params["page"]), pages_of(told, PAGE) - 1)
        await _show(interaction, public_id, told, number, in_place=True)


async def show_sites(interaction: Interaction, public_id: str, told: Sequence[Incident]) -> None:
    """Answer with the first page."""
    await _show(interaction, public_id, told, 0, in_place=False)


async def _told(interaction: Interaction, public_id: str) -> list[Incident]:
    await find_visible_incident(interaction, public_id)
    return await interaction.client.services.incidents.together(
        interaction.guild_id or 0, public_id
    )


async def _show(
    interaction: Interaction,
    public_id: str,
    told: Sequence[Incident],
    number: int,
    *,
    in_place: bool,
) -> None:
    embed, of = _page(translator_of(interaction), told, number), pages_of(told, PAGE)
    turning = arrows(SitesPage, "sites", public_id, number=number, of=of)
    await respond_or_edit(interaction, in_place=in_place, embed=embed, view=view_of(turning))


def _page(words: Translator, told: Sequence[Incident], number: int) -> discord.Embed:
    lines = [_line(words, one) for one in page_of(open_first(told), number, PAGE)]
    embed = discord.Embed(
        title=words.text("All {n} sites of this alert", n=len(told)),
        description=clip("\n".join(lines), 4000),
    )
    if (of := pages_of(told, PAGE)) > 1:
        embed.set_footer(text=page_text(words, number, of))
    return embed


def _line(words: Translator, one: Incident) -> str:
    return f"{site_line(words, one)} · {shown_host(one.url)} · {stamp(one.since_ms)}"
