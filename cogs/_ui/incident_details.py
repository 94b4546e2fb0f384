"""What the Details button answers: the incident with its evidence, for one person."""

from collections.abc import Sequence
from typing import Protocol

import discord

from bot.models import Cause, Incident
from bot.tree import words_of
from bot.words.catalogue import Words
from bot.words.causes import cause_text
from bot.words.safe import code
from bot.words.times import stamp
from cogs._ui.addresses import shown_host
from cogs._ui.asking import Interaction, manages, say
from cogs._ui.incident_pages import show_sites
from cogs._ui.incident_text import add_fields, colour_of, headline, sentence

_TRIES = 12
_URL_LIMIT = 1000


class Try(Protocol):
    """One stored try; ``cause`` is None when it was fine."""

    @property
    def at_ms(self) -> int: ...

    @property
    def ms(self) -> int: ...

    @property
    def cause(self) -> str | None: ...


async def details(interaction: Interaction, public_id: str) -> None:
    """Answer with the incident's card, its site and its newest tries. Raises NotFound."""
    incidents = interaction.client.services.incidents
    guild_id = interaction.guild_id or 0
    words = words_of(interaction)
    incident = await incidents.by_public_id(guild_id, public_id)
    told = await incidents.together(guild_id, public_id)
    if len(told) > 1:
        await show_sites(interaction, public_id, told)
        return
    tries = await incidents.tries(guild_id, public_id, _TRIES)
    await say(interaction, embed=_embed(words, incident, tries, whole_url=manages(interaction)))


def _embed(
    words: Words, incident: Incident, tries: Sequence[Try], *, whole_url: bool
) -> discord.Embed:
    embed = discord.Embed(
        title=headline(words, incident),
        description=sentence(words, incident),
        colour=colour_of([incident]),
    )
    add_fields(embed, words, [incident])
    address = code(incident.url, _URL_LIMIT) if whole_url else shown_host(incident.url)
    embed.add_field(name=words.text("Address"), value=address, inline=False)
    if tries:
        lines = [_line(words, one) for one in tries]
        name = words.text("Latest checks")
        embed.add_field(name=name, value="\n".join(lines)[:1024], inline=False)
    embed.set_footer(text=f"#{incident.public_id}")
    return embed


def _line(words: Words, row: Try) -> str:
    """One try, such as ``14:03:10 · 182 ms · HTTP 503``."""
    seen = words.text("fine") if row.cause is None else cause_text(words, Cause.parse(row.cause))
    return f"{stamp(row.at_ms, 'T')} · {row.ms} ms · {seen}"
