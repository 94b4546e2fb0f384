"""What the Details button answers: the incident with its evidence, for one person."""

from collections.abc import Sequence

import discord

from bot.discord.alert_card import add_fields, colour_of
from bot.discord.client import Interaction
from bot.discord.command_tree import translator_of
from bot.models import Cause, Incident
from bot.words.causes import cause_text
from bot.words.incident_text import headline, sentence
from bot.words.timestamps import stamp
from bot.words.translator import Translator
from cogs._ui.alert_sites import show_sites
from cogs._ui.interactions import is_manager, respond
from cogs._ui.monitor_text import add_address
from cogs._ui.visibility import find_visible_incident

_TRIES = 12


async def details(interaction: Interaction, public_id: str) -> None:
    """Answer with the incident's card, its site and its newest tries. Raises NotFound."""
    incidents = interaction.client.services.incidents
    guild_id = interaction.guild_id or 0
    words = translator_of(interaction)
    incident = await find_visible_incident(interaction, public_id)
    told = await incidents.together(guild_id, public_id)
    if len(told) > 1:
        await show_sites(interaction, public_id, told)
        return
    tries = await incidents.tries(guild_id, public_id, _TRIES)
    lines = [_try(words, one.at_ms, one.ms, one.cause) for one in tries]
    await respond(
        interaction, embed=_embed(words, incident, lines, whole_url=is_manager(interaction))
    )


def _embed(
    words: Translator, incident: Incident, tries: Sequence[str], *, whole_url: bool
) -> discord.Embed:
    embed = discord.Embed(
        title=headline(words, incident),
        description=sentence(words, incident),
        colour=colour_of([incident]),
    )
    add_fields(embed, words, [incident])
    add_address(words, embed, incident.url, whole=whole_url)
    if tries:
        name = words.text("Latest checks")
        embed.add_field(name=name, value="\n".join(tries)[:1024], inline=False)
    embed.set_footer(text=f"#{incident.public_id}")
    return embed


def _try(words: Translator, at_ms: int, ms: int, cause: str | None) -> str:
    """``14:03:10 · 182 ms · HTTP 503``; ``cause`` None: it was fine."""
    seen = words.text("OK") if cause is None else cause_text(words, Cause.parse(cause))
    return f"{stamp(at_ms, 'T')} · {ms} ms · {seen}"
